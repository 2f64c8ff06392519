"""The time of each rule and each number format on this machine, compared with the byte limit."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import adamas
from adamas.bench.byte_limit import limit_like, limit_of_bytes
from adamas.bench.peers import Adamas
from adamas.bench.timing import Side, Timing, ratio, rounds_within, time_alternately
from adamas.bench.workload import Problem, Workload
from adamas.rules import SPECS, Formula

__all__ = ["FORMATS", "RULES", "Row", "measurable_formats", "measure_formats", "measure_rules"]

Array = np.ndarray[Any, np.dtype[Any]]

#: Of the matrix that a parameter is for rules that go by rows and columns.
_COLUMNS = 1024

#: Class and options of each rule, and of its forms that differ in what they keep or compute.
RULES: dict[str, tuple[str, dict[str, Any]]] = {
    ", ".join(filter(None, (name, variant))): (name, dict(options))
    for name, spec in SPECS.items()
    for variant, options in spec.variants.items()
}

#: Of small arrays: how long a turn lasts.
_TURN_SECONDS = 5e-3

#: Number formats of AdamW, as `adamas.bench.workload.Workload` has them.
FORMATS: dict[str, dict[str, str]] = {
    "float32": {},
    "bfloat16 states": {"states": "bfloat16"},
    "8-bit states": {"states": "int8"},
    "4-bit states": {"states": "int4"},
    "all bfloat16": {"params": "bfloat16", "states": "bfloat16"},
    "bfloat16, split32, 8-bit": {"params": "bfloat16", "states": "int8", "master": "split32"},
    "bfloat16, split24, 8-bit": {"params": "bfloat16", "states": "int8", "master": "split24"},
}


@dataclass(frozen=True)
class Row:
    """One rule or format at one size.

    Attributes:
        name: Name of the rule or format.
        kind: "rule" or "format".
        size: Number of parameters.
        bytes_per_parameter: Bytes that a step reads and writes for each parameter.
        seconds: Seconds of a step.
        of_limit: The step's time, divided by the byte limit's: ratio of medians, and quartiles within rounds.
    """

    name: str
    kind: str
    size: int
    bytes_per_parameter: float
    seconds: float
    of_limit: tuple[float, float, float]

    @property
    def limit_seconds(self) -> float:
        """Seconds of the byte limit, measured alternately with the step."""
        return self.seconds / self.of_limit[0]


def measure_rules(size: int, threads: int, seconds: float, names: list[str] | None = None) -> Iterator[Row]:
    """Measure rules in float32, each for about ``seconds`` seconds: all rules, or those in ``names``."""
    param, grad = _arrays(size)
    for name in names or list(RULES):
        own = param.copy()
        spec = SPECS[RULES[name][0]]
        # States by row and column are next to nothing.
        shape = (size // _COLUMNS, _COLUMNS) if spec.by_shape and size % _COLUMNS == 0 else (size,)
        given = grad.reshape(shape)
        opt = getattr(adamas, spec.name)([own.reshape(shape)], num_threads=threads, **RULES[name][1])
        for _ in range(3):
            opt.step([given])
        formula = spec.formula_for(opt.param_groups[0], shape)
        kept = {
            key: value.reshape(-1)
            for key, value in opt.state["0"].items()
            if isinstance(value, np.ndarray) and key not in formula.axes
        }
        states = [value for key, value in kept.items() if key != formula.unchanged_state]
        first = [kept[key] for key in _read_by_sums(opt, formula) if key in kept] if formula.sums else None
        sides = {
            "step": Side(_step(opt, given)),
            "limit": limit_like(own, grad, states, threads, read_first=first, reads_gradient=bool(formula.axes)),
        }
        streams = 3 + 2 * len(states) + (0 if first is None else 2 + len(first)) + bool(formula.axes)
        yield _row(name, "rule", size, 4.0 * streams, sides, seconds)


def measurable_formats() -> dict[str, dict[str, str]]:
    """Return the formats of `FORMATS` that work here: bfloat16 needs ml_dtypes."""
    has_bfloat16 = importlib.util.find_spec("ml_dtypes") is not None
    return {name: chosen for name, chosen in FORMATS.items() if has_bfloat16 or "bfloat16" not in chosen.values()}


def measure_formats(size: int, threads: int, seconds: float) -> Iterator[Row]:
    """Measure AdamW in each of `measurable_formats`."""
    for name, chosen in measurable_formats().items():
        workload = Workload(((size,),), **chosen)  # type: ignore[arg-type]
        problem = Problem(workload)
        run = Adamas().start(workload, problem.params, problem.grads, threads)
        run.refresh(0)
        moved = workload.bytes_per_parameter
        sides = {"step": Side(run.step), "limit": limit_of_bytes(size * moved, threads)}
        yield _row(name, "format", size, moved, sides, seconds)


class _Read(dict[str, Any]):
    """States that remember which of them were asked for."""

    def __init__(self, states: dict[str, Any]) -> None:
        super().__init__(states)
        self.names: dict[str, None] = {}

    def __getitem__(self, name: str) -> Any:
        self.names[name] = None
        return super().__getitem__(name)


def _read_by_sums(opt: Any, formula: Formula) -> list[str]:
    """Return the names of the states that the pass before the update reads."""
    one = np.ones(1)
    scalars = dict.fromkeys((*formula.scalars, *formula.shared_scalars), 1.0)
    states = _Read(dict.fromkeys(formula.states, one))
    formula.products(one, one, states, formula.coefficients(opt.param_groups[0], 2, scalars))
    return list(states.names)


def _arrays(size: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    grad = rng.standard_normal(size, dtype=np.float32)
    grad *= np.float32(1e-2)
    return rng.standard_normal(size, dtype=np.float32), grad


def _step(opt: Any, grad: Array) -> Any:
    grads = [grad]
    return lambda: opt.step(grads)


def _row(name: str, kind: str, size: int, moved: float, sides: dict[str, Side], seconds: float) -> Row:
    timings = _timed(sides, _TURN_SECONDS if size * moved < 1 << 26 else 0.0, seconds)
    return Row(name, kind, size, moved, timings["step"].median, ratio(timings["step"], timings["limit"]))


def _timed(sides: dict[str, Side], turn: float, seconds: float) -> dict[str, Timing]:
    return time_alternately(sides, rounds_within(sides, turn, seconds), turn)
