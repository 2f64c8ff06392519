"""A transformer on characters, trained with ``torch.optim.AdamW`` and with `adamas.torch.AdamW`.

Both start from the same weights and see the same batches, under the same schedule and clipping. The losses of the first
steps differ by rounding alone; later ones drift apart, as those of any two runs that differ in one rounding do, so that
final losses are compared with those of other seeds. The text is source code of Python's own library. Run it with
``python bench/torch_training.py`` where torch is installed.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import statistics
import sys
from typing import Any

_MODULES = ("argparse", "ast", "decimal", "difflib", "doctest", "inspect", "pathlib", "pdb", "tarfile", "typing")
_LENGTH, _BATCH = 64, 16


def text() -> bytes:
    """Return the text: a byte is a character."""
    return "".join(inspect.getsource(importlib.import_module(name)) for name in _MODULES).encode("ascii", "replace")


class Training:
    """One run.

    Args:
        make: Makes the optimizer of parameters; it has to clip gradients to a norm of 1 if ``clips``.
        seed: Of weights and batches.
        steps: How many there will be.
        width: Of the model, a multiple of 32.
        layers: Of the model.
    """

    def __init__(self, make: Any, clips: bool, seed: int, steps: int, width: int = 192, layers: int = 6) -> None:
        import torch
        from torch import nn

        torch.manual_seed(seed)
        self._data = torch.frombuffer(bytearray(text()), dtype=torch.uint8).long()
        self._batches = torch.Generator().manual_seed(seed)
        layer = nn.TransformerEncoderLayer(width, width // 32, 4 * width, 0.0, batch_first=True, norm_first=True)
        self.model = nn.ModuleDict(
            {
                "characters": nn.Embedding(128, width),
                "places": nn.Embedding(_LENGTH, width),
                "blocks": nn.TransformerEncoder(layer, layers, enable_nested_tensor=False),
                "head": nn.Linear(width, 128),
            }
        )
        self._mask = nn.Transformer.generate_square_subsequent_mask(_LENGTH)
        self._clips = clips
        self.optimizer = make(self.model.parameters())
        self._scheduler = torch.optim.lr_scheduler.OneCycleLR(self.optimizer, 1e-3, total_steps=steps)

    def step(self) -> float:
        """Train on a batch; return its loss."""
        import torch
        from torch.nn.functional import cross_entropy

        starts = torch.randint(len(self._data) - _LENGTH - 1, (_BATCH, 1), generator=self._batches)
        batch = self._data[starts + torch.arange(_LENGTH + 1)]
        model = self.model
        hidden = model["characters"](batch[:, :-1]) + model["places"].weight
        logits = model["head"](model["blocks"](hidden, self._mask, is_causal=True))
        loss = cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())
        self.optimizer.zero_grad()
        loss.backward()
        if self._clips:
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        self.optimizer.step()
        self._scheduler.step()
        return float(loss.detach())


def pair(seed: int, steps: int, **size: int) -> tuple[Training, Training]:
    """Return a run with adamas and one with torch, which begin alike."""
    import torch

    import adamas.torch

    ours = Training(lambda p: adamas.torch.AdamW(p, weight_decay=0.1, max_norm=1.0), False, seed, steps, **size)
    theirs = Training(lambda p: torch.optim.AdamW(p, weight_decay=0.1), True, seed, steps, **size)
    return ours, theirs


def main() -> int:
    """Train and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    last = max(1, arguments.steps // 10)
    finals: list[tuple[float, float]] = []
    for seed in range(arguments.seeds):
        ours, theirs = pair(seed, arguments.steps)
        if seed == 0:
            print(f"{sum(param.numel() for param in ours.model.parameters()):,} parameters, {len(text()):,} characters")
        losses = [(ours.step(), theirs.step()) for _ in range(arguments.steps)]
        apart = max(abs(a - b) / b for a, b in losses[:100])
        a, b = (statistics.mean(side[-last:]) for side in zip(*losses, strict=True))
        finals.append((a, b))
        print(
            f"seed {seed}: first loss {losses[0][1]:.4f}; the first 100 differ by {apart:.1e} of a loss at most; "
            f"mean of the last {last}: adamas {a:.4f}, torch {b:.4f}",
            flush=True,
        )
    if len(finals) > 1:
        spread = statistics.stdev(theirs for _, theirs in finals)
        furthest = max(abs(a - b) for a, b in finals)
        print(f"final losses: adamas and torch differ by {furthest:.4f} at most; seeds by {spread:.4f} (std, torch)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
