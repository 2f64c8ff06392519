"""Options of adamas.torch, and what people do around a step, under every way of stepping."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import combinations_numpy as arrays
import torch
import training_loops
from cells import EMPTY, STEPS, Cell, Found, find_out, report_of

import adamas
import adamas.torch
from adamas.torch._taken import UsedGradient


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
        adds_group: Whether ``w`` is added by ``add_param_group``.
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
    """

    def __init__(self, row: Row, *, sparse: bool = False) -> None:
        super().__init__()
        table = torch.tensor(arrays.VALUES["table"], dtype=row.dtype)
        self.table = torch.nn.Embedding.from_pretrained(table, freeze=False, sparse=sparse)
        self.w = torch.nn.Parameter(torch.tensor(arrays.VALUES["w"], dtype=row.dtype))
        self.calls = 0
        self.row = row

    def gradient(self, name: str, call: int) -> torch.Tensor:
        """Return the gradient of a parameter."""
        grad = torch.tensor(arrays.GRADIENTS[call][name], dtype=self.row.dtype)
        if name == "w" and self.row.is_nonfinite and call == 1:
            grad[2, 3] = math.inf
        return grad

    def forward(self, *_: Any, **__: Any) -> dict[str, torch.Tensor]:
        """Return the loss of the next batch, under the name that Trainer looks for."""
        rows = torch.from_numpy(arrays.ROWS)
        of_table = self.table(rows) * self.gradient("table", self.calls)[rows]
        of_w = self.w * self.gradient("w", self.calls)
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


def _plain(row: Row, params: list[Any], options: dict[str, Any], model: Model) -> Any:
    return getattr(adamas.torch, row.rule)(params, **options)


def _in_backward(row: Row, params: list[Any], options: dict[str, Any], model: Model) -> Any:
    optimizer = _plain(row, params, options, model)
    adamas.torch.step_in_backward(
        model,
        optimizer,
        previous_norm=row.previous_norm,
        gradient_accumulation_steps=row.gradient_accumulation_steps,
    )
    return optimizer


def _offload(row: Row, params: list[Any], options: dict[str, Any], model: Model) -> Any:
    return adamas.torch.Offload(params, getattr(adamas.torch, row.rule), **options)


def _offload_in_backward(row: Row, params: list[Any], options: dict[str, Any], model: Model) -> Any:
    return adamas.torch.Offload(params, getattr(adamas.torch, row.rule), in_backward=True, **options)


def make_run(row: Row, maker: Maker = _plain, *, sparse: bool = False) -> Run:
    """Make a model and its optimizer."""
    model = Model(row, sparse=sparse)
    params = list(model.parameters())
    options = row.options_for(params)
    optimizer = maker(row, params[:1] if row.adds_group else params, options, model)
    if row.adds_group:
        optimizer.add_param_group({"params": [model.w]})
    return Run(row, model, options, optimizer)


def plain_loop(run: Run) -> Found:
    """Train as most people do."""
    row, scheduler = run.row, run.make_scheduler()
    raised = None
    for step in range(STEPS):
        try:
            if row.has_closure:
                take: tuple[Any, ...] = (run.backward,)
            else:
                run.backward()
                run.clip()
                take = ()
            if run.scaler is None:
                run.optimizer.step(*take)
            else:
                run.scaler.step(run.optimizer, *take)
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


LOOPS: dict[str, Callable[[Run], Found]] = {
    "plain": plain_loop,
    "GradScaler": scaled_loop,
    "Trainer": training_loops.trainer,
    "Lightning": training_loops.lightning,
}


def _copies(params: Sequence[Any]) -> dict[str, Any]:
    return {"copy_out": [torch.empty_like(param, dtype=torch.bfloat16) for param in params]}


_BFLOAT16 = torch.bfloat16
_BACKWARD = ["`step_in_backward`"]
_WAYS = ["`step`", "`step_in_backward`", "`Offload`", "`Offload(in_backward=True)`", "sparse gradients"]

ROWS_OF_TABLE = [
    Row("no option"),
    Row("no option, bfloat16 parameters", dtype=_BFLOAT16),
    *(Row(f'`state_dtype="{name}"`', {"state_dtype": name}) for name in ("bfloat16", "int8", "int4")),
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
    Row('`accumulation="mean"`, two backward passes a step', {"accumulation": "mean"}, passes=2),
    Row("`average=EMA(0.9)`", {"average": adamas.EMA(0.9)}),
    Row("`average=SWA()`", {"average": adamas.SWA()}),
    Row("`copy_out=`", _copies),
    Row('`sparse="lazy"`', {"sparse": "lazy"}),
    Row('`sparse="exact"`', {"sparse": "exact"}),
    Row("`state_memory=`", {"state_memory": arrays.memory}),
    Row("callable `lr`", {"lr": lambda step: 0.1 / (step + 1)}),
    Row("scheduler of torch (`LambdaLR`)", is_scheduled=True),
    Row("`ScheduleFreeAdamW`: `eval()` at the end", rule="ScheduleFreeAdamW"),
    Row("`step(closure)`", has_closure=True, columns=[*_WAYS, "`GradScaler`"]),
    Row("`add_param_group`", adds_group=True, columns=[*_WAYS, "`GradScaler`"]),
    Row("two backward passes a step", passes=2),
    Row("the same, `gradient_accumulation_steps=2`", passes=2, gradient_accumulation_steps=2, columns=_BACKWARD),
    Row("`max_norm` and `previous_norm=True`", {"max_norm": 0.5}, previous_norm=True, columns=_BACKWARD),
    Row("`zero_grad()` before the step: drops gradients", drops=True, columns=[*_WAYS, "`GradScaler`"]),
    Row("`clip_grad_norm_`, as Trainer's `max_grad_norm`, Lightning's `gradient_clip_val`", clip_norm=0.5),
    Row("`clip_grad_value_`", clip_value=0.1, columns=[*_WAYS, "`GradScaler`"]),
    Row("under `GradScaler`", loop="GradScaler", columns=_WAYS),
    Row("under `GradScaler`, `unscale_` and `clip_grad_norm_`", clip_norm=0.5, loop="GradScaler", columns=_WAYS),
    Row("under Trainer, `max_grad_norm=0`", loop="Trainer", columns=_WAYS),
    Row("under Trainer, `max_grad_norm`", clip_norm=0.5, loop="Trainer", columns=_WAYS),
    Row("under Trainer, `gradient_accumulation_steps=2`", passes=2, loop="Trainer", columns=_WAYS),
    Row("under Lightning", loop="Lightning", columns=_WAYS),
    Row("under Lightning, `gradient_clip_val`", clip_norm=0.5, loop="Lightning", columns=_WAYS),
    Row("under Lightning, `accumulate_grad_batches=2`", passes=2, loop="Lightning", columns=_WAYS),
]


def by_hand(row: Row) -> Found:
    """Do the same with NumPy's optimizer and gradients that are worked out here."""
    model = Model(row)
    params = {"table": model.table.weight, "w": model.w}
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
    "`step`": (_plain, "plain"),
    "`step_in_backward`": (_in_backward, "plain"),
    "`Offload`": (_offload, "plain"),
    "`Offload(in_backward=True)`": (_offload_in_backward, "plain"),
    "sparse gradients": (_plain, "plain"),
    "`GradScaler`": (_plain, "GradScaler"),
    "Trainer": (_plain, "Trainer"),
    "Lightning": (_plain, "Lightning"),
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
        return LOOPS[row.loop or loop](make_run(row, maker, sparse=column == "sparse gradients"))

    def expected() -> Found:
        if column == "`step`":
            return by_hand(row)
        return plain_loop(make_run(row if like is None else replace(row, options=like)))

    return find_out(run, expected)
