"""Options of adamas.torch, and what people do around a step, under every way of stepping."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import combinations_numpy as arrays
import torch
from cells import EMPTY, STEPS, Cell, Found, find_out, report_of

import adamas
import adamas.torch

Params = list[torch.nn.Parameter]


@dataclass(frozen=True)
class Row:
    """Options, or what is done around a step.

    Attributes:
        label: What the table calls it.
        options: Of the optimizer, or what makes them of its parameters.
        dtype: Of the parameters.
        rule: The class.
        is_nonfinite: Whether a gradient holds an infinity in the second step.
        around: Done between the backward pass and the step, as to clip.
        passes: Backward passes for each step, which share its gradient.
        how: Arguments of `step_in_backward`.
        has_closure: Whether the backward pass is in a closure.
        is_scheduled: Whether a scheduler of torch's sets the learning rate.
        columns: Where it makes sense; None for all.
    """

    label: str
    options: dict[str, Any] | Callable[[Params], dict[str, Any]] = field(default_factory=dict)
    dtype: torch.dtype = torch.float32
    rule: str = "AdamW"
    is_nonfinite: bool = False
    around: Callable[[Params, Any], Any] | None = None
    passes: int = 1
    how: dict[str, Any] = field(default_factory=dict)
    has_closure: bool = False
    is_scheduled: bool = False
    columns: Sequence[str] | None = None


def _clip(params: Params, _: Any) -> None:
    torch.nn.utils.clip_grad_norm_(params, 0.5)


def _clip_value(params: Params, _: Any) -> None:
    torch.nn.utils.clip_grad_value_(params, 0.1)


def _look(params: Params, _: Any) -> None:
    assert all(float(param.grad.norm()) > 0.0 for param in params if param.grad is not None)


def _add_group(params: Params, optimizer: Any) -> None:
    if len(optimizer.param_groups) == 1:
        optimizer.add_param_group({"params": [torch.nn.Parameter(torch.zeros(2))]})


def _copies(params: Params) -> dict[str, Any]:
    return {"copy_out": [torch.empty_like(param, dtype=torch.bfloat16) for param in params]}


HALF = torch.bfloat16
BACKWARD, IN_BACKWARD = "`step_in_backward`", "`Offload(in_backward=True)`"
ROWS_OF_TABLE = [
    Row("no option"),
    Row("no option, bfloat16 parameters", dtype=HALF),
    *(Row(f'`state_dtype="{name}"`', {"state_dtype": name}) for name in ("bfloat16", "int8", "int4")),
    *(
        Row(f"`master_weights={value!r}`, bfloat16 parameters".replace("'", '"'), {"master_weights": value}, HALF)
        for value in (True, "split32", "split24")
    ),
    Row('`rounding="stochastic", seed=7`, bfloat16 parameters', {"rounding": "stochastic", "seed": 7}, HALF),
    Row('`rounding="kahan"`, bfloat16 parameters', {"rounding": "kahan"}, HALF),
    Row("`num_threads=2`", {"num_threads": 2}),
    Row("`max_norm=0.5`", {"max_norm": 0.5}),
    Row("`max_norm=0.5`, and `previous_norm=True`", {"max_norm": 0.5}, how={"previous_norm": True}, columns=[BACKWARD]),
    Row("`max_norm=0.5, clip_each=True`", {"max_norm": 0.5, "clip_each": True}),
    Row("`max_norm=0.5, norm_type=inf`", {"max_norm": 0.5, "norm_type": math.inf}),
    Row("`max_norm=inf` (measures the norm)", {"max_norm": math.inf}),
    Row("`max_value=0.1`", {"max_value": 0.1}),
    Row('`on_nonfinite="skip"`, with an infinity', {"on_nonfinite": "skip"}, is_nonfinite=True),
    Row('`on_nonfinite="raise"`, with an infinity', {"on_nonfinite": "raise"}, is_nonfinite=True),
    Row("`zero_grads=True`", {"zero_grads": True}),
    Row("`average=EMA(0.9)`, and `averaged()`", {"average": adamas.EMA(0.9)}),
    Row("`average=SWA()`, and `averaged()`", {"average": adamas.SWA()}),
    Row("`copy_out=`", _copies),
    *(Row(f'`sparse="{mode}"`', {"sparse": mode}) for mode in ("lazy", "exact")),
    Row("callable `lr`", {"lr": lambda step: 0.1 / (step + 1)}),
    Row("a scheduler of `torch.optim.lr_scheduler`", is_scheduled=True),
    Row("`ScheduleFreeAdamW`, and `eval()`", rule="ScheduleFreeAdamW"),
    Row("a closure", has_closure=True),
    Row("`clip_grad_norm_`", around=_clip),
    Row("`clip_grad_value_`", around=_clip_value),
    Row("reading `p.grad`", around=_look),
    Row("two backward passes for each step", passes=2),
    Row(
        "two backward passes, and `gradient_accumulation_steps=2`",
        passes=2,
        how={"gradient_accumulation_steps": 2},
        columns=[BACKWARD],
    ),
    Row("`add_param_group` after the first step", around=_add_group),
]


class Loop:
    """A model of two parameters whose gradients are those of `combinations_numpy`, and the loop that trains it."""

    def __init__(self, row: Row, *, rows: bool = False, scaler: Any = None) -> None:
        self.row = row
        table, w = (torch.tensor(arrays.VALUES[name], dtype=row.dtype) for name in ("table", "w"))
        self.embedding = torch.nn.Embedding.from_pretrained(table, freeze=False, sparse=rows)
        self.w = torch.nn.Parameter(w)
        self.params: Params = [self.embedding.weight, self.w]
        options = row.options(self.params) if callable(row.options) else row.options
        self.options: dict[str, Any] = {"lr": 0.1, **options}
        self.rule: Any = getattr(adamas.torch, row.rule)
        self.optimizer: Any = None
        self._scaler = scaler

    def loss(self, step: int) -> torch.Tensor:
        """Return a loss whose gradients are those of the step, divided by the number of passes."""
        grads = [torch.tensor(arrays.GRADIENTS[step][name], dtype=self.row.dtype) for name in ("table", "w")]
        if self.row.is_nonfinite and step == 1:
            grads[1][2, 3] = math.inf
        rows = torch.from_numpy(arrays.ROWS)
        loss: torch.Tensor = (self.embedding(rows) * grads[0][rows]).sum() + (self.w * grads[1]).sum()
        return loss / self.row.passes

    def backward(self, step: int) -> torch.Tensor:
        """Run all passes of a step."""
        for _ in range(self.row.passes):
            loss = self.loss(step)
            (loss if self._scaler is None else self._scaler.scale(loss)).backward()
        return loss

    def train(self) -> Found:
        """Step a few times, and return what that leaves."""
        row, optimizer = self.row, self.optimizer
        schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5) if row.is_scheduled else None
        raised = None
        for step in range(STEPS):
            try:
                if row.has_closure:
                    self._take_closure(step)
                else:
                    self._take(step)
            except FloatingPointError:
                raised = step
                break
            optimizer.zero_grad()
            if schedule is not None:
                schedule.step()
        return self._found(raised)

    def _take_closure(self, step: int) -> None:
        if self._scaler is None:
            self.optimizer.step(lambda: self.backward(step))
        else:
            self._scaler.step(self.optimizer, closure=lambda: self.backward(step))

    def _take(self, step: int) -> None:
        self.backward(step)
        if self.row.around is not None:
            if self._scaler is not None:
                self._scaler.unscale_(self.optimizer)
            self.row.around(self.params, self.optimizer)
        if self._scaler is None:
            self.optimizer.step()
        else:
            self._scaler.step(self.optimizer)
            self._scaler.update()

    def _found(self, raised: int | None) -> Found:
        found: Found = {"parameters": self._bits(self.params), "report": report_of(self.optimizer.report)}
        found["raised"] = raised
        if "copy_out" in self.options:
            found["copies"] = self._bits(self.options["copy_out"])
        if "average" in self.options:
            with self.optimizer.averaged():
                found["averages"] = self._bits(self.params)
        if self.row.rule == "ScheduleFreeAdamW":
            self.optimizer.eval()
            found["parameters of eval()"] = self._bits(self.params)
        return found

    @staticmethod
    def _bits(tensors: Sequence[torch.Tensor]) -> list[bytes]:
        return [tensor.detach().contiguous().view(torch.uint8).numpy().tobytes() for tensor in tensors]


def _plain(row: Row, **more: Any) -> Found:
    loop = Loop(row, **more)
    loop.optimizer = loop.rule(loop.params, **loop.options)
    return loop.train()


def _in_backward(row: Row) -> Found:
    loop = Loop(row)
    loop.optimizer = loop.rule(loop.params, **loop.options)
    adamas.torch.step_in_backward(loop.params, loop.optimizer, **row.how)
    return loop.train()


def _offload(row: Row, **how: Any) -> Found:
    loop = Loop(row)
    loop.optimizer = adamas.torch.Offload(loop.params, loop.rule, **loop.options, **how)
    return loop.train()


def _scaled(row: Row) -> Found:
    return _plain(row, scaler=torch.amp.GradScaler("cpu", init_scale=4.0))


#: By its heading, each way of stepping; what comes out should be as by the first.
COLUMNS: dict[str, Callable[[Row], Found]] = {
    "`step`": _plain,
    BACKWARD: _in_backward,
    "`Offload`": _offload,
    IN_BACKWARD: lambda row: _offload(row, in_backward=True),
    "gradients of rows (`nn.Embedding(sparse=True)`)": lambda row: _plain(row, rows=True),
    "`GradScaler`": _scaled,
}


def cell(row: Row, column: str) -> Cell:
    """Try a combination."""
    if row.columns is not None and column not in row.columns:
        return EMPTY
    return find_out(lambda: COLUMNS[column](row), lambda: _plain(row))
