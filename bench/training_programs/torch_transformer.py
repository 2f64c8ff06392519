"""A transformer of six layers in torch, on random tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from training_programs.clock import Clock, Trainer

_VOCABULARY, _WIDTH, _HEADS, _LAYERS, _LENGTH, _BATCH = 8_192, 384, 6, 6, 64, 4


def torch_transformer() -> dict[str, Trainer]:
    """Return trainers with torch's AdamW, as it is by default and fused, and with adamas."""
    import torch

    import adamas.torch

    def foreach(model: Any) -> Callable[[], object]:
        step: Callable[[], object] = torch.optim.AdamW(model.parameters(), lr=1e-4).step
        return step

    def fused(model: Any) -> Callable[[], object]:
        step: Callable[[], object] = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True).step
        return step

    def ours(model: Any) -> Callable[[], object]:
        step: Callable[[], object] = adamas.torch.AdamW(model.parameters(), lr=1e-4).step
        return step

    return {"torch's AdamW": _trainer(foreach), "fused": _trainer(fused), "adamas": _trainer(ours)}


def _trainer(make: Callable[[Any], Callable[[], object]]) -> Trainer:
    import torch
    from torch import nn

    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(_WIDTH, _HEADS, 4 * _WIDTH, dropout=0.0, batch_first=True, norm_first=True)
    model = nn.Sequential(
        nn.Embedding(_VOCABULARY, _WIDTH),
        nn.TransformerEncoder(layer, _LAYERS, enable_nested_tensor=False),
        nn.Linear(_WIDTH, _VOCABULARY),
    )
    update = make(model)
    clock = Clock()
    tokens = torch.randint(_VOCABULARY, (_BATCH, _LENGTH + 1))

    def iterate() -> None:
        model.zero_grad()
        logits = model(tokens[:, :-1])
        nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten()).backward()
        with clock:
            update()

    return Trainer(iterate, sum(tensor.numel() for tensor in model.parameters()), clock)
