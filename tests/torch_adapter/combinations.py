"""Make docs/combinations.md: every option against every way of stepping, by trying them.

``python tests/torch_adapter/combinations.py --write`` writes the page; without ``--write`` it is printed.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import combinations_numpy
import combinations_torch
from combinations_cells import EMPTY, Cell

PAGE = Path(__file__).parent.parent.parent / "docs" / "combinations.md"
COMMAND = "python tests/torch_adapter/combinations.py --write"

_INTRODUCTION = f"""# What goes with what

<!-- Made by: {COMMAND} -->

Every option of adamas against every way of stepping. `{COMMAND}`
makes this page: it tries each combination on a small model, and a test checks that the page is up to date.

- **works**: the parameters, averages, copies and the report are those of a plain `step`, bit for bit. (Under `step`:
  those of the NumPy reference, or under PyTorch, those of the NumPy optimizer.)
- **refused**: an error says so. The number leads to the error below the table.
- **differs**: it runs, and the result is another. The number leads to what differs.
- {EMPTY.word}: the combination makes no sense, or there is no such argument.

A number behind *works* leads to something that is good to know. Parameters are float32 unless the row says otherwise.
"""

_NUMPY = """
## NumPy

`adamas.AdamW` over a dict of arrays. Sparse rows are of a parameter with `sparse={...: "lazy"}`, unless the row has the
option itself; every row has a gradient in every step.
"""

_TORCH = """
## PyTorch

`adamas.torch.AdamW`, alone or in `Offload`, for parameters on the CPU. "Sparse gradients" are those of
`torch.nn.Embedding(sparse=True)`. Trainer is that of Hugging Face: it clips to `max_grad_norm=1.0` unless told
otherwise, and runs here with `max_grad_norm=0` but where a row names that argument.
"""

_RECIPES = """
## Recipes

`tests/torch_adapter/test_ecosystem.py` runs these, with clipping and with two backward passes for each step.

Trainer with `Offload`, whose gradients it clips and accumulates:

```python
trainer = transformers.Trainer(
    model,
    arguments,
    train_dataset=data,
    optimizer_cls_and_kwargs=(adamas.torch.Offload, {"optimizer_class": adamas.torch.AdamW, "lr": 1e-4}),
)
```

Trainer with steps inside the backward pass; its `arguments` have `max_grad_norm=0`, and as many
`gradient_accumulation_steps` as `step_in_backward` is given:

```python
optimizer = adamas.torch.AdamW(model.parameters(), lr=1e-4, max_norm=1.0)
adamas.torch.step_in_backward(model, optimizer, previous_norm=True, gradient_accumulation_steps=2)
trainer = transformers.Trainer(model, arguments, train_dataset=data, optimizers=(optimizer, None))
```

Lightning: return an optimizer of `adamas.torch`, or `Offload`, from `configure_optimizers`; `gradient_clip_val` and
`accumulate_grad_batches` work with both. With steps inside the backward pass leave out `gradient_clip_val`.
"""

_AFTERWARDS = "each parameter is judged alone: those with finite gradients are updated"
_CLIPPED_LATE = (
    "gradients are clipped by the norm of the step before: the first step is not clipped, and the report tells the "
    "smallest of all coefficients"
)
_SKIP, _RAISE = '`on_nonfinite="skip"`, with an infinity', '`on_nonfinite="raise"`, with an infinity'
_OFFLOAD_IN_BACKWARD = "`Offload(in_backward=True)`"
_MASTERS = {"master_weights": True}
_KEEPS_MASTERS = "the bfloat16 parameters have float32 masters; the result is that of `step` with `master_weights=True`"

#: What differs under NumPy, by row and column.
NUMPY_DIFFERS: dict[tuple[str, str], str] = {
    ("`observe=2`", "sparse rows (`RowGrad`)"): "rows are not observed: what is told of their parameter is NaN",
    ("argument `observe`", "sparse rows (`RowGrad`)"): "rows are not observed: what is told of their parameter is NaN",
    (_SKIP, "`step_scope`"): _AFTERWARDS,
    (_RAISE, "`step_scope`"): f"{_AFTERWARDS} if they come before the one that raises",
    ("argument `on_nonfinite`, with an infinity", "`step_scope`"): _AFTERWARDS,
    ("arguments `max_norm` and `previous_norm=True`", "`step_scope`"): _CLIPPED_LATE,
}
#: What differs under PyTorch.
TORCH_DIFFERS: dict[tuple[str, str], str] = {
    ("no option, bfloat16 parameters", "`Offload`"): _KEEPS_MASTERS,
    ("no option, bfloat16 parameters", _OFFLOAD_IN_BACKWARD): _KEEPS_MASTERS,
    (_SKIP, "`step_in_backward`"): _AFTERWARDS,
    (_SKIP, _OFFLOAD_IN_BACKWARD): _AFTERWARDS,
    (_RAISE, "`step_in_backward`"): f"{_AFTERWARDS} if they come before the one that raises, in the backward pass",
    (_RAISE, _OFFLOAD_IN_BACKWARD): f"{_AFTERWARDS}; `step()` raises, and the gradients are gone",
    (_RAISE, "`GradScaler`"): "GradScaler finds the infinity first, and skips the step: nothing is raised",
    ("`add_param_group`", "`step_in_backward`"): "what was added is updated by `step()`, whose report is of that alone",
    ("two backward passes a step", "`step_in_backward`"): "each backward pass is a step",
    ("under Lightning, `accumulate_grad_batches=2`", "`step_in_backward`"): "each backward pass is a step",
    ("`max_norm` and `previous_norm=True`", "`step_in_backward`"): _CLIPPED_LATE,
    ("`zero_grad()` before the step, which drops gradients", "`step_in_backward`"): (
        "nothing is dropped: the backward pass has used the gradients"
    ),
    ("`zero_grad()` before the step, which drops gradients", _OFFLOAD_IN_BACKWARD): (
        "nothing is dropped: the backward pass has used the gradients"
    ),
}
#: Options of the plain step that gives the same where something differs.
TORCH_LIKE: dict[tuple[str, str], dict[str, Any]] = {
    ("no option, bfloat16 parameters", "`Offload`"): _MASTERS,
    ("no option, bfloat16 parameters", _OFFLOAD_IN_BACKWARD): _MASTERS,
}


class Table:
    """A table with its notes.

    Attributes:
        faults: Differences that nobody has explained, and explanations of what does not differ.
    """

    def __init__(self, module: Any, differs: dict[tuple[str, str], str], like: dict[tuple[str, str], Any]) -> None:
        self.faults: list[str] = []
        self._notes: dict[str, int] = {}
        self._differs = dict(differs)
        columns = list(module.COLUMNS)
        self._lines = [f"| | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]
        for row in module.ROWS_OF_TABLE:
            cells = [self._cell(module, row, column, like.get((row.label, column))) for column in columns]
            self._lines.append(f"| {row.label} | {' | '.join(cells)} |")
        self.faults += [f"{row} under {column}: does not differ" for row, column in self._differs]

    def _cell(self, module: Any, row: Any, column: str, like: Any) -> str:
        cell: Cell = module.cell(row, column)
        word, notes = cell.word, cell.notes
        explained = self._differs.pop((row.label, column), None) if word == "differs" else None
        if word == "differs":
            if explained is None:
                self.faults.append(f"{row.label} under {column}: other {', '.join(cell.unequal)} than the plain step's")
            elif like is not None and (other := module.cell(row, column, like)).word != "works":
                self.faults.append(f"{row.label} under {column}: is not as {like}: other {', '.join(other.unequal)}")
            notes = (explained or "", *notes)
        numbers = [str(self._notes.setdefault(note, len(self._notes) + 1)) for note in notes]
        return f"{word} ({', '.join(numbers)})" if numbers else word

    def __str__(self) -> str:
        notes = [f"{number}. {note[0].upper()}{note[1:]}." for note, number in self._notes.items() if note]
        return "\n".join([*self._lines, "", *notes, ""])


def make_page() -> tuple[str, list[str]]:
    """Return the page, and what is wrong about it."""
    numpy = Table(combinations_numpy, NUMPY_DIFFERS, {})
    torch = Table(combinations_torch, TORCH_DIFFERS, TORCH_LIKE)
    page = f"{_INTRODUCTION}{_NUMPY}\n{numpy}{_TORCH}\n{torch}{_RECIPES}"
    return page, numpy.faults + torch.faults


def main() -> int:
    """Write the page, or print it."""
    page, faults = make_page()
    for fault in faults:
        print(f"unexplained: {fault}", file=sys.stderr)
    if "--write" in sys.argv[1:]:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page)
    else:
        print(page, end="")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
