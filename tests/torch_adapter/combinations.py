"""The tables of docs/combinations.md, made by trying every combination.

``python tests/torch_adapter/combinations.py --write`` writes the page anew.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import combinations_numpy
import combinations_torch
from cells import Cell

PAGE = Path(__file__).parents[2] / "docs" / "combinations.md"
COMMAND = "python tests/torch_adapter/combinations.py --write"

HEAD = f"""# What goes with what

Each option and each way of stepping, tried in all combinations. A test compares this page with what the library does;
`{COMMAND}` writes it anew.

*works* means: the same bits as `step` with that option. *refused* means: an error when the optimizer is made or
stepped, before anything has changed. *differs* means: it works, and something comes out otherwise than by `step`.
"""

FOOT = """
## The loops of others

Trainer with `Offload`:

```python
trainer = transformers.Trainer(
    model,
    arguments,  # its max_grad_norm and gradient_accumulation_steps work
    train_dataset=data,
    optimizer_cls_and_kwargs=(adamas.torch.Offload, {"optimizer_class": adamas.torch.AdamW, "lr": 1e-4}),
)
```

Trainer with steps in the backward pass (`arguments` with `max_grad_norm=0` and `gradient_accumulation_steps=2`):

```python
optimizer = adamas.torch.AdamW(model.parameters(), lr=1e-4, max_norm=1.0)
adamas.torch.step_in_backward(model, optimizer, previous_norm=True, gradient_accumulation_steps=2)
trainer = transformers.Trainer(model, arguments, train_dataset=data, optimizers=(optimizer, None))
```

Lightning: return an optimizer of `adamas.torch`, or `Offload`, from `configure_optimizers`.

`tests/torch_adapter/test_ecosystem.py` runs all of this, with two passes for each step:

| | an optimizer of `adamas.torch` | `Offload` | `step_in_backward` |
|---|---|---|---|
| `Trainer`: `max_grad_norm`, 1.0 by default | works | works | set it to 0; make the optimizer with `max_norm=` |
| `Trainer`: `gradient_accumulation_steps` | works | works | `gradient_accumulation_steps=` of `step_in_backward` |
| Lightning: `gradient_clip_val` | works | works | leave it out; make the optimizer with `max_norm=` |
| Lightning: `accumulate_grad_batches` | works | works | `gradient_accumulation_steps=` of `step_in_backward` |
"""

#: What comes out otherwise, by column and row, and why: anything else that does is a fault.
_ALONE = "each parameter is looked at by itself: the others are updated"
_IN_BACKWARD = combinations_torch.IN_BACKWARD
_BACKWARD = combinations_torch.BACKWARD
_SKIP, _RAISE = '`on_nonfinite="skip"`, with an infinity', '`on_nonfinite="raise"`, with an infinity'
_MASTERS = "float32 masters are trained, of which the parameters are roundings; `step` trains the parameters themselves"
_PREVIOUS = "the gradients are clipped by the norm of the step before"
DIFFERS: dict[tuple[str, str], str] = {
    ("`step_scope`", _SKIP): _ALONE,
    ("`step_scope`", "argument `on_nonfinite`, with an infinity"): _ALONE,
    ("`step_scope`", "arguments `max_norm` and `previous_norm=True`"): _PREVIOUS,
    ("`Offload`", "no option, bfloat16 parameters"): _MASTERS,
    (_IN_BACKWARD, "no option, bfloat16 parameters"): _MASTERS,
    (_BACKWARD, "`max_norm=0.5`, and `previous_norm=True`"): _PREVIOUS,
    (_BACKWARD, _SKIP): _ALONE,
    (_IN_BACKWARD, _SKIP): _ALONE,
    (_IN_BACKWARD, _RAISE): "it raises in `step()`, and parameters that were updated before stay so",
    ("`GradScaler`", _RAISE): "the scaler finds the infinity first, and skips the step",
    (_BACKWARD, "two backward passes for each step"): "each backward pass is a step",
}


def table(rows: Sequence[Any], columns: Iterable[str], cell: Callable[[Any, str], Cell], notes: list[str]) -> str:
    """Return one table; its notes are added to those that there are.

    Raises:
        AssertionError: Something comes out otherwise than by the plain step, and nobody has said why.
    """
    columns = list(columns)
    lines = [f"| | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]
    for row in rows:
        words = []
        for column in columns:
            found = cell(row, column)
            said = list(found.notes)
            if found.word == "differs":
                why = DIFFERS.get((column, row.label))
                assert why is not None, f"{column} with {row.label}: {', '.join(found.unequal)} differ"
                said.insert(0, why)
            words.append(" ".join([found.word, *(f"[{_number(note, notes)}]" for note in said)]))
        lines.append(f"| {row.label} | {' | '.join(words)} |")
    return "\n".join(lines)


def _number(note: str, notes: list[str]) -> int:
    if note not in notes:
        notes.append(note)
    return notes.index(note) + 1


def page() -> str:
    """Return the whole page."""
    parts = [HEAD]
    for title, side in (("NumPy", combinations_numpy), ("PyTorch", combinations_torch)):
        notes: list[str] = []
        columns: Mapping[str, Any] = side.COLUMNS
        parts.append(f"## {title}\n\n{table(side.ROWS_OF_TABLE, columns, side.cell, notes)}\n")
        parts.append("\n".join(f"{i}. {note}" for i, note in enumerate(notes, 1)) + "\n")
    return "\n".join(parts) + FOOT


def main() -> int:
    """Write the page, or print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}, instead of printing it")
    if parser.parse_args().write:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page(), encoding="utf-8")
    else:
        sys.stdout.write(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
