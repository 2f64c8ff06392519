"""Trials that compare optimizers of several processes with one process: all rules, formats and options."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import ml_dtypes
import numpy as np
from cases import CASES, GRADIENTS, RESIDUES, STATES

import adamas

LANES = 8
STEPS = 3
#: Odd sizes, granules that end within a parameter, one of no elements, and matrices.
SHAPES = {
    "a": (30, 100), "b": (7,), "c": (2100,), "d": (0, 4), "e": (1,), "f": (40, 64), "g": (3, 33), "h": (5,),
    "i": (12, 2), "j": (600,),
}  # fmt: skip


@dataclass(frozen=True)
class Trial:
    """One optimizer with options, over parameters and gradients of some dtypes."""

    optimizer: str
    options: dict[str, Any] = field(default_factory=dict)
    dtype: Any = np.float32
    grad_dtype: Any = None
    #: A lane of a step that has an infinity, as (step, lane).
    infinite: tuple[int, int] | None = None
    #: Parameters that have no gradient in the second step.
    left_out: tuple[str, ...] = ()
    scale: float = 1.0

    def __str__(self) -> str:
        parts = [self.optimizer, *(f"{key}={value}" for key, value in self.options.items()), np.dtype(self.dtype).name]
        parts += [] if self.grad_dtype is None else [f"gradients of {np.dtype(self.grad_dtype).name}"]
        parts += [f"infinite={self.infinite}"] if self.infinite else []
        parts += [f"left_out={self.left_out}"] if self.left_out else []
        return "-".join(parts) + ("" if self.scale == 1.0 else f"-scale={self.scale}")

    def params(self) -> dict[str, Any]:
        rng = np.random.default_rng(1)
        return {name: rng.standard_normal(shape).astype(self.dtype) for name, shape in SHAPES.items()}

    def grads(self) -> Iterator[list[dict[str, Any]]]:
        """Yield for each step the gradients of each lane."""
        rng = np.random.default_rng(2)
        dtype = self.dtype if self.grad_dtype is None else self.grad_dtype
        for step in range(STEPS):
            lanes = [
                {name: (self.scale * rng.standard_normal(shape)).astype(dtype) for name, shape in SHAPES.items()}
                for _ in range(LANES)
            ]
            if self.infinite is not None and self.infinite[0] == step:
                lanes[self.infinite[1]]["c"][1500] = np.inf
            for name in self.left_out if step == 1 else ():
                for grads in lanes:
                    grads[name] = None  # type: ignore[assignment]
            yield lanes

    def all_options(self, params: dict[str, Any]) -> dict[str, Any]:
        """Return the options, with arrays for copies."""
        copies = self.options.get("copy_out")
        if copies is None:
            return self.options
        return {**self.options, "copy_out": {name: np.zeros(array.shape, copies) for name, array in params.items()}}


_ADAMW: list[dict[str, Any]] = [
    {"max_norm": 0.05},
    {"max_norm": 0.01, "clip_each": True},
    {"max_norm": 0.1, "norm_type": float("inf")},
    {"max_value": 0.1},
    {"average": adamas.EMA(0.9)},
    {"average": adamas.SWA(start=2)},
    {"copy_out": ml_dtypes.bfloat16},
    {"copy_out": np.float16, "max_norm": 0.05},
    {"cautious": True},
    {"observe": 1},
    {"observe": 2, "max_norm": 0.05, "state_dtype": "int8"},
    {"amsgrad": True, "state_dtype": "int4"},
]

TRIALS = [
    *(Trial(case.optimizer, case.options) for case in CASES),
    *(Trial(name, {"state_dtype": states}) for name in ("AdamW", "LAMB", "Prodigy", "Lion") for states in STATES[1:]),
    *(
        Trial("AdamW", {**options, "state_dtype": states}, dtype)
        for dtype, residues in ((ml_dtypes.bfloat16, RESIDUES["bfloat16"]), (np.float16, RESIDUES["float16"]))
        for options in residues
        for states in ("float32", "int8")
    ),
    *(Trial("AdamW", {}, np.float32, grad_dtype) for grad_dtype in GRADIENTS.values()),
    Trial("AdamW", {"max_norm": 0.05}, np.float64),
    Trial("LAMB", {}, np.float64, np.float32),
    Trial("AdamW", {"max_norm": 1.0}, np.float64, scale=1e200),  # whose squares are too large
    *(Trial("AdamW", options) for options in _ADAMW),
    *(Trial("AdamW", {"on_nonfinite": "skip"}, infinite=(1, lane)) for lane in (0, 5, 7)),
    Trial("AdamW", {"average": adamas.EMA(0.5)}, left_out=("a", "g")),
    Trial("LAMB", {"max_norm": 0.05}, left_out=("c",)),
    Trial("Prodigy", {}, left_out=("b", "f")),
]


def digest(trial: Trial, optimizer: Any, params: dict[str, Any], reports: list[Any]) -> dict[str, str]:
    """Return hashes of all that came of a trial, by name."""
    found = {f"params/{name}": _hash(array) for name, array in params.items()}
    for name, copy in (trial_copies(optimizer)).items():
        found[f"copy/{name}"] = _hash(copy)
    saved = optimizer.state_dict()
    for name, entry in saved["state"].items():
        for key, value in entry.items():
            found[f"{name}/{key}"] = _hash(value) if isinstance(value, np.ndarray) else repr(value)
    found["shared scalars"] = repr(saved.get("scalars"))
    found["reports"] = repr([report._replace(copied=0) for report in reports])
    observed = optimizer.observed
    if observed is not None:
        found["observed"] = repr(dict(observed))
    return found


def trial_copies(optimizer: Any) -> dict[str, Any]:
    """Return the low-precision copies of an optimizer's parameters, by name."""
    return {parameter.name: copy for parameter, copy in optimizer._model.parameters.copied()}


def _hash(array: Any) -> str:
    if array.dtype.kind == "f" or array.dtype.name == "bfloat16":  # whose NaN are all one
        array = np.where(np.isnan(array.astype(np.float64)), np.array(np.nan, array.dtype), array)
    return f"{array.dtype.name}{array.shape} {hashlib.blake2b(array.tobytes(), digest_size=12).hexdigest()}"
