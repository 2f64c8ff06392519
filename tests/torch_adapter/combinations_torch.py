"""Options of adamas.torch, and what people do around a step, under every way of stepping."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import combinations_loops
import combinations_numpy as arrays
import torch
from combinations_cells import EMPTY, STEPS, Cell, Found, find_out, report_of
from combinations_runs import (
    Maker,
    Model,
    Row,
    Run,
    factor,
    make_in_backward,
    make_offload,
    make_offload_in_backward,
    make_plain,
    make_run,
    plain_loop,
    scaled_loop,
)

import adamas

#: What calls the backward pass and ``step``.
LOOPS: dict[str, Callable[[Run], Found]] = {
    "plain": plain_loop,
    "GradScaler": scaled_loop,
    "Trainer": combinations_loops.trainer,
    "Lightning": combinations_loops.lightning,
}


def _copies(params: Sequence[Any]) -> dict[str, Any]:
    return {"copy_out": [torch.empty_like(param, dtype=torch.bfloat16) for param in params]}


_BFLOAT16 = torch.bfloat16
_AROUND = ["`GradScaler`", "Trainer", "Lightning"]
_BACKWARD = ["`step_in_backward`"]
_WAYS = ["`step`", "`step_in_backward`", "`Offload`", "`Offload(in_backward=True)`", "sparse gradients"]

ROWS_OF_TABLE = [
    Row("no option"),
    Row("no option, bfloat16 parameters", dtype=_BFLOAT16),
    *(Row(f'`state_dtype="{name}"`', {"state_dtype": name}) for name in arrays.ROUNDED_STATES),
    Row('`state_dtype="float64"`, float64 parameters', {"state_dtype": "float64"}, dtype=torch.float64),
    Row("`master_weights=True`, bfloat16 parameters", {"master_weights": True}, dtype=_BFLOAT16),
    Row('`master_weights="split32"`, bfloat16 parameters', {"master_weights": "split32"}, dtype=_BFLOAT16),
    Row('`master_weights="split24"`, bfloat16 parameters', {"master_weights": "split24"}, dtype=_BFLOAT16),
    Row('`rounding="stochastic", seed=7`, bfloat16 parameters', {"rounding": "stochastic", "seed": 7}, dtype=_BFLOAT16),
    Row('`rounding="kahan"`, bfloat16 parameters', {"rounding": "kahan"}, dtype=_BFLOAT16),
    Row("`num_threads=2`", {"num_threads": 2}),
    Row("`max_norm=0.5`", {"max_norm": 0.5}),
    Row("`max_norm=0.5, clip_each=True`", {"max_norm": 0.5, "clip_each": True}),
    Row("`max_norm=0.5, norm_type=inf`", {"max_norm": 0.5, "norm_type": math.inf}),
    Row("`max_norm=inf` (measures the norm)", {"max_norm": math.inf}),
    Row("`max_value=0.1`", {"max_value": 0.1}),
    Row('`on_nonfinite="skip"`, with an infinity', {"on_nonfinite": "skip"}, is_nonfinite=True),
    Row('`on_nonfinite="raise"`, with an infinity', {"on_nonfinite": "raise"}, is_nonfinite=True),
    Row("`zero_grads=True`", {"zero_grads": True}),
    Row("`observe=2`", {"observe": 2}),
    Row('`accumulation="mean"` (of `accumulate`, which NumPy optimizers alone have)', columns=[]),
    Row("`average=EMA(0.9)`", {"average": adamas.EMA(0.9)}),
    Row("`average=SWA()`", {"average": adamas.SWA()}),
    Row("`copy_out=`", _copies),
    Row("`cautious=True`", {"cautious": True}),
    Row('`decay="corrected", max_lr=0.2`', {"decay": "corrected", "max_lr": 0.2}),
    Row('`sparse="lazy"`', {"sparse": "lazy"}),
    Row('`sparse="exact"`', {"sparse": "exact"}),
    Row("`state_memory=`", {"state_memory": arrays.memory}),
    Row("callable `lr`", {"lr": lambda step: 0.1 / (step + 1)}),
    Row("scheduler of torch (`LambdaLR`)", is_scheduled=True),
    Row("`ScheduleFreeAdamW`: `eval()` at the end", rule="ScheduleFreeAdamW"),
    *(Row(f"`{name}`, which sums up a parameter", rule=name) for name in arrays.SUMMED_UP),
    Row("`Prodigy`, which sums up the model", rule="Prodigy"),
    Row("`step(closure)`", has_closure=True, columns=[*_WAYS, "`GradScaler`"]),
    Row("`add_param_group`", adds_group=True, columns=[*_WAYS, "`GradScaler`"]),
    Row("two backward passes a step", passes=2),
    Row("the same, `gradient_accumulation_steps=2`", passes=2, gradient_accumulation_steps=2, columns=_BACKWARD),
    Row("`max_norm` and `previous_norm=True`", {"max_norm": 0.5}, previous_norm=True, columns=_BACKWARD),
    Row("`zero_grad()` before the step, which drops gradients", drops=True, columns=_WAYS),
    Row("`clip_grad_norm_`, as Trainer's `max_grad_norm`, Lightning's `gradient_clip_val`", clip_norm=0.5),
    Row("`clip_grad_value_`", clip_value=0.1, columns=[*_WAYS, "`GradScaler`"]),
    Row("gradients of `nn.Embedding(sparse=True)`", is_sparse=True, columns=[*_WAYS[:-1], *_AROUND]),
    Row("under `GradScaler`", loop="GradScaler", columns=_WAYS),
    Row("under `GradScaler`, `unscale_` and `clip_grad_norm_`", clip_norm=0.5, loop="GradScaler", columns=_WAYS),
    Row("under Trainer, `max_grad_norm=0`", loop="Trainer", columns=_WAYS),
    Row(
        "the same, with the option `max_norm=inf`",
        {"max_norm": math.inf},
        loop="Trainer",
        columns=["`step`", "`step_in_backward`"],
    ),
    Row("under Trainer, `max_grad_norm`", clip_norm=0.5, loop="Trainer", columns=_WAYS),
    Row("under Trainer, `gradient_accumulation_steps=2`", passes=2, loop="Trainer", columns=_WAYS),
    Row(
        "the same, with `max_norm=inf` and `step_in_backward(..., gradient_accumulation_steps=2)`",
        {"max_norm": math.inf},
        passes=2,
        gradient_accumulation_steps=2,
        loop="Trainer",
        columns=_BACKWARD,
    ),
    Row("under Lightning", loop="Lightning", columns=_WAYS),
    Row("under Lightning, `gradient_clip_val`", clip_norm=0.5, loop="Lightning", columns=_WAYS),
    Row("under Lightning, `accumulate_grad_batches=2`", passes=2, loop="Lightning", columns=_WAYS),
    Row(
        "the same, with `step_in_backward(..., gradient_accumulation_steps=2)`",
        passes=2,
        gradient_accumulation_steps=2,
        loop="Lightning",
        columns=_BACKWARD,
    ),
]


def by_hand(row: Row) -> Found:
    """Do the same with NumPy's optimizer and gradients that are worked out here."""
    model = Model(row)
    params = {"w": model.w, "table": model.table.weight}  # as the module gives them
    options = dict(row.options_for(list(params.values())))
    options.pop("sparse", None)
    held = {name: _array(param) for name, param in params.items()}
    if "copy_out" in options:
        options["copy_out"] = {name: _array(copy) for name, copy in zip(params, options["copy_out"], strict=True)}
    opt = getattr(adamas, row.rule)(held, **options)
    report, raised = None, None
    for step in range(STEPS):
        for name, param in params.items():
            param.grad = None if row.drops else _sum_by_hand(model, name, step)
        clipper = Run(row, model, options, None)
        clipper.clip()
        if row.is_scheduled:
            opt.param_groups[0]["lr"] = options["lr"] * factor(step)
        try:
            if not row.drops:
                report = opt.step({name: _array(param.grad) for name, param in params.items()})
        except FloatingPointError:
            raised = step
            break
    found: Found = {"parameters": _bits_of_arrays(held), "raised": raised, "report": report_of(report)}
    if "copy_out" in options:
        found["copies"] = _bits_of_arrays(options["copy_out"])
    if "average" in options:
        with opt.averaged():
            found["averages"] = _bits_of_arrays(held)
    if row.rule == "ScheduleFreeAdamW":
        opt.eval()
        found["parameters of eval()"] = _bits_of_arrays(held)
    if options.get("zero_grads"):
        found["gradients"] = False
    return found


def _sum_by_hand(model: Model, name: str, step: int) -> torch.Tensor:
    passes = model.row.passes
    return sum(model.gradient(name, passes * step + i) / passes for i in range(passes))


def _array(tensor: torch.Tensor) -> Any:
    tensor = tensor.detach()
    if tensor.dtype == torch.bfloat16:
        return tensor.view(torch.int16).numpy().view(arrays.DTYPES[arrays.BFLOAT16])
    return tensor.numpy()


def _bits_of_arrays(held: dict[str, Any]) -> list[bytes]:
    return [array.tobytes() for array in held.values()]


#: By its heading, each way of stepping: what makes the optimizer, and what trains with it.
COLUMNS: dict[str, tuple[Maker, str]] = {
    "`step`": (make_plain, "plain"),
    "`step_in_backward`": (make_in_backward, "plain"),
    "`Offload`": (make_offload, "plain"),
    "`Offload(in_backward=True)`": (make_offload_in_backward, "plain"),
    "sparse gradients": (make_plain, "plain"),
    "`GradScaler`": (make_plain, "GradScaler"),
    "Trainer": (make_plain, "Trainer"),
    "Lightning": (make_plain, "Lightning"),
}


def cell(row: Row, column: str, like: dict[str, Any] | None = None) -> Cell:
    """Try a combination.

    Args:
        row: What is tried.
        column: How.
        like: Options of the plain step that it is to be compared with. None: those of the row.
    """
    if row.columns is not None and column not in row.columns:
        return EMPTY
    maker, loop = COLUMNS[column]

    def run() -> Found:
        return LOOPS[row.loop or loop](make_run(row, maker, sparse=row.is_sparse or column == "sparse gradients"))

    def expected() -> Found:
        if column == "`step`":
            return by_hand(row)
        return plain_loop(make_run(row if like is None else replace(row, options=like)))

    found = find_out(run, expected)
    if column == "sparse gradients" and found.word == "works" and _is_made_dense(row):
        return replace(found, notes=(*found.notes, "the gradient is made dense: rows without one move, too"))
    return found


def _is_made_dense(row: Row) -> bool:
    """Tell whether a row of an embedding that has no gradient moves."""
    if row.drops or row.loop or row.is_nonfinite:
        return False
    runs = [plain_loop(make_run(row, sparse=sparse, leaves_out=True)) for sparse in (True, False)]
    return bool(runs[0]["parameters"] == runs[1]["parameters"])
