"""What a row of PyTorch's table says, and a model and an optimizer that do it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import combinations_numpy as arrays
import torch
from combinations_cells import STEPS, Found, report_of

import adamas
import adamas.torch
from adamas.torch._gradient_stand_ins import UsedGradient


@dataclass(frozen=True)
class Row:
    """Options, or what is done around a step.

    Attributes:
        label: What the table calls it.
        options: Of the optimizer, or what makes them of its parameters.
        dtype: Of the parameters.
        rule: The class.
        is_nonfinite: Whether the gradient of ``w`` holds an infinity in the second backward pass.
        clip_norm: What gradients are clipped to by ``clip_grad_norm_``, or by a training loop.
        clip_value: ... by ``clip_grad_value_``.
        passes: Backward passes for each step.
        gradient_accumulation_steps: Of `step_in_backward`.
        previous_norm: Of `step_in_backward`.
        has_closure: Whether the backward pass is in a closure.
        is_scheduled: Whether a scheduler of torch's sets the learning rate.
        adds_group: Whether ``table`` is added by ``add_param_group``.
        is_sparse: Whether the gradient of ``table`` is of rows, under every way.
        drops: Whether ``zero_grad`` follows each backward pass.
        loop: What calls the backward pass and ``step``, if not that of the column.
        columns: Where it makes sense; None for all.
    """

    label: str
    options: dict[str, Any] | Callable[[Sequence[Any]], dict[str, Any]] = field(default_factory=dict)
    dtype: torch.dtype = torch.float32
    rule: str = "AdamW"
    is_nonfinite: bool = False
    clip_norm: float | None = None
    clip_value: float | None = None
    passes: int = 1
    gradient_accumulation_steps: int = 1
    previous_norm: bool = False
    has_closure: bool = False
    is_scheduled: bool = False
    adds_group: bool = False
    is_sparse: bool = False
    drops: bool = False
    loop: str | None = None
    columns: Sequence[str] | None = None

    def options_for(self, params: Sequence[Any]) -> dict[str, Any]:
        """Return the options for these parameters."""
        return {"lr": 0.1, **(self.options(params) if callable(self.options) else self.options)}


class Model(torch.nn.Module):  # type: ignore[misc]
    """Two parameters, whose gradients are those of `combinations_numpy`, one after the other.

    Args:
        row: What is tried.
        sparse: Whether the gradient of ``table`` is of rows.
        leaves_out: Whether one row of it has no gradient after the first step.
    """

    def __init__(self, row: Row, *, sparse: bool = False, leaves_out: bool = False) -> None:
        super().__init__()
        table = torch.tensor(arrays.VALUES["table"], dtype=row.dtype)
        self.table = torch.nn.Embedding.from_pretrained(table, freeze=False, sparse=sparse)
        self.w = torch.nn.Parameter(torch.tensor(arrays.VALUES["w"], dtype=row.dtype))
        self.calls = 0
        self.row = row
        self._leaves_out = leaves_out

    def gradient(self, name: str, call: int) -> torch.Tensor:
        """Return the gradient of a parameter."""
        grad = torch.tensor(arrays.GRADIENTS[call][name], dtype=self.row.dtype)
        if name == "w" and self.row.is_nonfinite and call == 1:
            grad[2, 3] = math.inf
        return grad

    def forward(self, *_: Any, **__: Any) -> dict[str, torch.Tensor]:
        """Return the loss of the next batch, under the name that Trainer looks for."""
        rows = torch.from_numpy(arrays.ROWS[: -1 if self._leaves_out and self.calls >= self.row.passes else None])
        of_w = self.w * self.gradient("w", self.calls)
        of_table = self.table(rows) * self.gradient("table", self.calls)[rows]  # the first to get a gradient
        self.calls += 1
        return {"loss": of_table.sum() + of_w.sum()}


@dataclass
class Run:
    """An optimizer over a model.

    Attributes:
        scaler: A `torch.amp.GradScaler`, or None.
    """

    row: Row
    model: Model
    options: dict[str, Any]
    optimizer: Any
    scaler: Any = None

    def clip(self) -> None:
        """Clip gradients, as people do between the backward pass and the step."""
        if self.scaler is not None and (self.row.clip_norm or self.row.clip_value):
            self.scaler.unscale_(self.optimizer)
        if self.row.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.row.clip_norm)
        if self.row.clip_value is not None:
            torch.nn.utils.clip_grad_value_(self.model.parameters(), self.row.clip_value)

    def backward(self) -> Any:
        """Run the backward passes of one step."""
        self.optimizer.zero_grad()
        loss = None
        for _ in range(self.row.passes):
            loss = self.model()["loss"] / self.row.passes
            (loss if self.scaler is None else self.scaler.scale(loss)).backward()
        if self.row.drops:
            self.model.zero_grad()
        return loss

    def make_scheduler(self) -> Any:
        """Return a scheduler of torch's, or None."""
        if not self.row.is_scheduled:
            return None
        return torch.optim.lr_scheduler.LambdaLR(self.optimizer, factor)

    def found(self, raised: int | None) -> Found:
        """Return what can be compared."""
        params = list(self.model.parameters())
        found: Found = {"parameters": _bits(params), "raised": raised}
        found["report"] = report_of(getattr(self.optimizer, "report", None))
        if "copy_out" in self.options:
            found["copies"] = _bits(self.options["copy_out"])
        if "average" in self.options:
            with self.optimizer.averaged():
                found["averages"] = _bits(params)
            found["parameters after averaged()"] = _bits(params)
        if self.row.rule == "ScheduleFreeAdamW":
            self.optimizer.eval()
            found["parameters of eval()"] = _bits(params)
        if self.options.get("zero_grads"):
            found["gradients"] = any(param.grad is not None and _is_set(param.grad) for param in params)
        return found


def _bits(tensors: Sequence[torch.Tensor]) -> list[bytes]:
    return [tensor.detach().contiguous().view(torch.uint8).numpy().tobytes() for tensor in tensors]


def _is_set(grad: torch.Tensor) -> bool:
    """Tell whether a gradient is other than zero; one that was used cannot be asked."""
    if isinstance(grad, UsedGradient):
        return False
    return bool(grad.to_dense().any())


def factor(step: int) -> float:
    """Return what the scheduler multiplies the learning rate by."""
    return 1.0 / (step + 1)


Maker = Callable[[Row, list[Any], dict[str, Any], Model], Any]


def make_plain(row: Row, params: list[Any], options: dict[str, Any], model: Model) -> Any:
    return getattr(adamas.torch, row.rule)(params, **options)


def make_in_backward(row: Row, params: list[Any], options: dict[str, Any], model: Model) -> Any:
    optimizer = make_plain(row, params, options, model)
    adamas.torch.step_in_backward(
        model,
        optimizer,
        previous_norm=row.previous_norm,
        gradient_accumulation_steps=row.gradient_accumulation_steps,
    )
    return optimizer


def make_offload(row: Row, params: list[Any], options: dict[str, Any], model: Model) -> Any:
    return adamas.torch.Offload(params, getattr(adamas.torch, row.rule), **options)


def make_offload_in_backward(row: Row, params: list[Any], options: dict[str, Any], model: Model) -> Any:
    return adamas.torch.Offload(params, getattr(adamas.torch, row.rule), in_backward=True, **options)


def make_run(row: Row, maker: Maker = make_plain, **how: bool) -> Run:
    """Make a model, as `Model` takes ``how``, and its optimizer."""
    model = Model(row, **how)
    params = list(model.parameters())
    options = row.options_for(params)
    optimizer = maker(row, params[:1] if row.adds_group else params, options, model)
    if row.adds_group:
        optimizer.add_param_group({"params": params[1:]})
    return Run(row, model, options, optimizer)


def plain_loop(run: Run) -> Found:
    """Train as most people do."""
    row, scheduler = run.row, run.make_scheduler()
    raised = None
    for step in range(STEPS):
        try:
            closure = {"closure": run.backward} if row.has_closure else {}
            if not closure:
                run.backward()
                run.clip()
            if run.scaler is None:
                run.optimizer.step(**closure)
            else:
                run.scaler.step(run.optimizer, **closure)
                run.scaler.update()
        except FloatingPointError:
            raised = step
            break
        if scheduler is not None:
            scheduler.step()
    return run.found(raised)


def scaled_loop(run: Run) -> Found:
    """Train with a scaled loss."""
    run.scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    return plain_loop(run)
