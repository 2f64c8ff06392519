"""Options and arguments of NumPy optimizers, under every way of stepping."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import ml_dtypes
import numpy as np
from combinations_cells import EMPTY, STEPS, Cell, Found, find_out, report_of

import adamas
from adamas._numerics.formats import StateFormat

SHAPES = {"table": (6, 3), "w": (4, 50)}
#: Every row of the table has a gradient in every step, so that steps of rows are those of the whole.
ROWS = np.array([4, 1, 0, 5, 2, 3])
BFLOAT16 = "bfloat16"
ROUNDED_STATES = [each.value for each in StateFormat if each not in (StateFormat.FLOAT32, StateFormat.FLOAT64)]
SUMMED_UP = ("LAMB", "Adafactor", "AdamMini")
DTYPES: dict[str, Any] = {"float32": np.float32, "float64": np.float64, BFLOAT16: ml_dtypes.bfloat16}
_draw = np.random.default_rng(0)
VALUES = {name: _draw.standard_normal(shape) for name, shape in SHAPES.items()}
GRADIENTS = [{name: _draw.standard_normal(shape) for name, shape in SHAPES.items()} for _ in range(2 * STEPS)]

Params = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """Options, or arguments of a step.

    Attributes:
        label: What the table calls it.
        options: Of the optimizer, or what makes them of its parameters.
        arguments: Of each step.
        dtype: Of the parameters.
        rule: The class.
        is_nonfinite: Whether the gradient of ``w`` holds an infinity in the second step.
        accumulates: Whether half of each gradient is accumulated before the step.
        columns: Where it makes sense; None for all.
    """

    label: str
    options: dict[str, Any] | Callable[[Params], dict[str, Any]] = field(default_factory=dict)
    arguments: dict[str, Any] = field(default_factory=dict)
    dtype: str = "float32"
    rule: str = "AdamW"
    is_nonfinite: bool = False
    accumulates: bool = False
    columns: Sequence[str] | None = None

    def options_for(self, params: Params) -> dict[str, Any]:
        """Return the options for these parameters."""
        return {"lr": 0.1, **(self.options(params) if callable(self.options) else self.options)}


def memory(size: int) -> Any:
    """Return memory for states, as ``state_memory`` has to."""
    held = np.zeros(size + 64, np.uint8)
    start = -held.ctypes.data % 64
    return held[start : start + size]


def _copies(params: Params) -> dict[str, Any]:
    return {"copy_out": {name: np.zeros(param.shape, np.float16) for name, param in params.items()}}


ROWS_OF_TABLE = [
    Row("no option"),
    Row("no option, bfloat16 parameters", dtype=BFLOAT16),
    *(Row(f'`state_dtype="{name}"`', {"state_dtype": name}) for name in ROUNDED_STATES),
    Row('`state_dtype="float64"`, float64 parameters', {"state_dtype": "float64"}, dtype="float64"),
    *(
        Row(
            f"`master_weights={value!r}`, bfloat16 parameters".replace("'", '"'),
            {"master_weights": value},
            dtype=BFLOAT16,
        )
        for value in (True, "split32", "split24")
    ),
    Row('`rounding="stochastic", seed=7`, bfloat16 parameters', {"rounding": "stochastic", "seed": 7}, dtype=BFLOAT16),
    Row('`rounding="kahan"`, bfloat16 parameters', {"rounding": "kahan"}, dtype=BFLOAT16),
    Row("`num_threads=2`", {"num_threads": 2}),
    Row("`max_norm=0.5`", {"max_norm": 0.5}),
    Row("`max_norm=0.5, clip_each=True`", {"max_norm": 0.5, "clip_each": True}),
    Row("`max_norm=0.5, norm_type=inf`", {"max_norm": 0.5, "norm_type": math.inf}),
    Row("`max_norm=inf` (measures the norm)", {"max_norm": math.inf}),
    Row("`max_value=0.1`", {"max_value": 0.1}),
    Row('`on_nonfinite="skip"`, with an infinity', {"on_nonfinite": "skip"}, is_nonfinite=True),
    Row('`on_nonfinite="raise"`, with an infinity', {"on_nonfinite": "raise"}, is_nonfinite=True),
    Row("`zero_grads=True`", {"zero_grads": True}),
    Row('`accumulation="mean"`', {"accumulation": "mean"}, columns=["`accumulate`, then `step`"]),
    Row('`accumulation="tree"`', {"accumulation": "tree"}, columns=["`accumulate`, then `step`"]),
    Row("`observe=2`", {"observe": 2}),
    Row("`average=EMA(0.9)`", {"average": adamas.EMA(0.9)}),
    Row("`average=SWA()`", {"average": adamas.SWA()}),
    Row("`copy_out=`", _copies),
    Row("`cautious=True`", {"cautious": True}),
    Row('`decay="corrected", max_lr=0.2`', {"decay": "corrected", "max_lr": 0.2}),
    Row('`sparse={...: "lazy"}`', {"sparse": {"table": "lazy"}}),
    Row('`sparse={...: "exact"}`', {"sparse": {"table": "exact"}}),
    Row("`state_memory=`", {"state_memory": memory}),
    Row("callable `lr`", {"lr": lambda step: 0.1 / (step + 1)}),
    Row("`ScheduleFreeAdamW`: `eval()` at the end", rule="ScheduleFreeAdamW"),
    *(Row(f"`{name}`, which sums up a parameter", rule=name) for name in SUMMED_UP),
    Row("`Prodigy`, which sums up the model", rule="Prodigy"),
    Row("argument `grad_scale`", arguments={"grad_scale": 3.0}),
    Row("argument `max_norm`", arguments={"max_norm": 0.5}),
    Row("argument `max_value`", arguments={"max_value": 0.1}),
    Row("argument `on_nonfinite`, with an infinity", arguments={"on_nonfinite": "skip"}, is_nonfinite=True),
    Row("argument `zero_grads`", arguments={"zero_grads": True}),
    Row("argument `observe`", arguments={"observe": True}),
    Row(
        "arguments `max_norm` and `previous_norm=True`",
        arguments={"max_norm": 0.5, "previous_norm": True},
        columns=["`step_scope`"],
    ),
    Row(
        "gradients accumulated before",
        accumulates=True,
        columns=["`step`", "`step_async`", "`step_scope`", "sparse rows (`RowGrad`)", "averaged (`average=`)"],
    ),
]


class Run:
    """An optimizer over its parameters."""

    def __init__(self, row: Row, module: Any = adamas, **more: Any) -> None:
        self.row = row
        dtype = DTYPES[row.dtype]
        self.params: Params = {name: values.astype(dtype) for name, values in VALUES.items()}
        self._options = {**more, **row.options_for(self.params)}
        self.opt = getattr(module, row.rule)(self.params, **self._options)
        self.report: Any = None
        self.raised: int | None = None
        self.used: list[Any] = []

    def gradients(self, step: int, factor: float = 1.0) -> Params:
        """Return the gradients of a step, multiplied by a power of two."""
        dtype = DTYPES[self.row.dtype]
        grads = {name: (factor * values).astype(dtype) for name, values in GRADIENTS[step].items()}
        if self.row.is_nonfinite and step == 1:
            grads["w"][2, 3] = np.inf
        self.used.append(grads)
        return grads

    def train(self, take: Callable[[Run, Params], Any]) -> Found:
        """Step a few times, and return what that leaves."""
        for step in range(STEPS):
            factor = 1.0
            if self.row.accumulates:
                factor = 0.5
                self.opt.accumulate(self.gradients(step, factor))
            try:
                self.report = take(self, self.gradients(step, factor))
            except FloatingPointError:
                self.raised = step
                break
        return self.found()

    def found(self) -> Found:
        """Return what can be compared."""
        found: Found = {"parameters": self._bits(self.params), "raised": self.raised}
        found["report"] = report_of(self.report)
        found["gradients"] = [bool(np.any(grads["w"])) for grads in self.used]
        if self.opt.observed is not None:
            found["observed"] = {name: repr(values) for name, values in self.opt.observed.items()}
        if "copy_out" in self._options:
            found["copies"] = self._bits(self._options["copy_out"])
        if "average" in self._options:
            with self.opt.averaged():
                found["averages"] = self._bits(self.params)
            found["parameters after averaged()"] = self._bits(self.params)
        if hasattr(self.opt, "eval"):
            self.opt.eval()
            found["parameters of eval()"] = self._bits(self.params)
        return found

    def _bits(self, arrays: Params) -> list[bytes]:
        return [array.tobytes() for array in arrays.values()]


def _step(run: Run, grads: Params) -> Any:
    arguments = {name: value for name, value in run.row.arguments.items() if name != "previous_norm"}
    return run.opt.step(grads, **arguments)


def _step_async(run: Run, grads: Params) -> Any:
    return run.opt.step_async(grads, **run.row.arguments).result()


def _step_scope(run: Run, grads: Params) -> Any:
    with run.opt.step_scope(**run.row.arguments) as scope:
        for name in grads:
            run.opt.step_param(name, grads[name])
    return scope.report


def _step_rows(run: Run, grads: Params) -> Any:
    values = np.ascontiguousarray(grads["table"][ROWS])
    return run.opt.step({**grads, "table": adamas.RowGrad(ROWS, values)}, **run.row.arguments)


def _accumulate(run: Run, grads: Params) -> Any:
    """Step with two parts whose sum, or mean, is the gradient."""
    if run.opt.step_defaults.accumulation == "sum":
        for halved in grads.values():
            halved[...] = halved * 0.5
    run.opt.accumulate({name: values.copy() for name, values in grads.items()})
    return run.opt.step(grads, **run.row.arguments)


def _of_reference(row: Row, **more: Any) -> Found:
    return Run(row, adamas.reference, **more).train(_step)


def _plain(row: Row, **more: Any) -> Found:
    return Run(row, **more).train(_step)


#: What a column adds to the options, unless a row has it.
_AVERAGE = {"average": adamas.EMA(0.9)}
_SPARSE = {"sparse": {"table": "lazy"}}

Column = tuple[Callable[[Row], Found], Callable[[Row], Found]]

#: By its heading, each way of stepping, and what is to come out.
COLUMNS: dict[str, Column] = {
    "`step`": (_plain, _of_reference),
    "`step_async`": (lambda row: Run(row).train(_step_async), _plain),
    "`step_scope`": (lambda row: Run(row).train(_step_scope), _plain),
    "sparse rows (`RowGrad`)": (
        lambda row: Run(row, **_SPARSE).train(_step_rows),
        lambda row: _plain(Row("") if "sparse" in row.options_for({}) else row),
    ),
    "`accumulate`, then `step`": (lambda row: Run(row).train(_accumulate), _plain),
    "averaged (`average=`)": (lambda row: _plain(row, **_AVERAGE), lambda row: _of_reference(row, **_AVERAGE)),
}


def cell(row: Row, column: str) -> Cell:
    """Try a combination."""
    if row.columns is not None and column not in row.columns:
        return EMPTY
    run, expected = COLUMNS[column]
    return find_out(lambda: run(row), lambda: expected(row))
