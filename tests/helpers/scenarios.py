"""Scenarios for tests without memory, each with a model."""

from __future__ import annotations

import errno
import math
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

import adamas
from adamas import RowGrad, checkpoint

#: Of all parameters.
ROWS, COLUMNS = 100, 3000
HALF = np.dtype(ml_dtypes.bfloat16)
FOLDER = Path(tempfile.mkdtemp())


def random(seed: int, dtype: Any = np.float32) -> Any:
    return np.random.default_rng(seed).standard_normal((ROWS, COLUMNS), np.float32).astype(dtype)


class Model:
    """A parameter, its copy, and an optimizer that has taken two steps."""

    def __init__(self, name: str, steps: int = 2, **options: Any) -> None:
        self.arrays = [random(0), np.zeros((ROWS, COLUMNS), HALF)]
        self.grads = [random(1), random(2, HALF)]
        self.rows: Any = None
        self.kept: Any = None
        self.nans = self.grads[1] * self.grads[1].dtype.type(math.nan)
        self.opt = getattr(adamas, name)({"w": self.arrays[0]}, num_threads=1, **options)
        for k in range(steps):
            self.opt.step({"w": self.grads[k % 2]})

    def content(self) -> list[Any]:
        """All that must not change."""
        held = [value for entry in self.opt.state.values() for value in entry.values()]
        counts = [self.opt._engine.completed, self.opt._engine.accumulated, self.opt._model.refusal]
        files = [(path.name, path.read_bytes()) for path in sorted(FOLDER.rglob("*")) if path.is_file()]
        arrays = [value.tobytes() if isinstance(value, np.ndarray) else value for value in (*self.arrays, *held)]
        return [*arrays, *counts, files]


def rows(seed: int, count: int = 2 * ROWS) -> RowGrad:
    """Rows that come more than once, in another dtype than the parameter's."""
    numbers = np.random.default_rng(seed).integers(0, ROWS, count)
    return RowGrad(numbers, np.random.default_rng(seed).standard_normal((count, COLUMNS), np.float32).astype(HALF))


Act = Callable[[Model], Any]


def construct(model: Model) -> Any:
    return adamas.AdamW(model.arrays[:1], copy_out=model.arrays[1:], average=adamas.EMA(decay=0.9))


def evaluate(model: Model) -> None:
    model.opt.eval()
    model.opt.train()


def use_averages(model: Model) -> None:
    with model.opt.averaged():
        pass


def lazy() -> Model:
    model = Model("AdamW", 0, sparse={"w": "lazy"})
    model.opt.step({"w": rows(0, 50)})
    model.rows = rows(1)
    return model


def exact() -> Model:
    """Each row has missed another number of steps."""
    model = Model("AdamW", 1, sparse={"w": "exact"})
    empty = RowGrad(np.zeros(0, np.int64), np.zeros((0, COLUMNS), np.float32))
    for k in range(ROWS):
        one = RowGrad(np.array([k]), np.ones((1, COLUMNS), np.float32))
        model.opt.step({"w": one if k % 2 else empty})
    model.rows = rows(1)
    return model


def remembered() -> Model:
    model = Model("NAdam")
    model.kept = model.opt.state_dict()
    model.opt.step({"w": model.grads[0]})
    return model


def saved(model: Model, ending: str) -> Model:
    model.opt.save(FOLDER / f"a{ending}")
    for k in range(2):
        model.opt.step({"w": model.grads[k]})
    return model


SCENARIOS: dict[str, tuple[Callable[[], Model], Act]] = {
    "construct": (lambda: Model("AdamW"), construct),
    "first step": (lambda: Model("AdamW", 0), lambda m: m.opt.step({"w": m.grads[0]}, max_norm=1.0)),
    "LAMB": (lambda: Model("LAMB"), lambda m: m.opt.step({"w": m.grads[1]}, max_norm=1.0, max_value=0.5)),
    "refused step": (lambda: Model("AdamW"), lambda m: m.opt.step({"w": m.nans}, on_nonfinite="skip")),
    "accumulate": (lambda: Model("AdamW"), lambda m: m.opt.accumulate({"w": m.grads[0]})),
    "lazy rows": (lazy, lambda m: m.opt.step({"w": m.rows}, max_norm=1.0, max_value=0.5)),
    "exact rows": (exact, lambda m: m.opt.step({"w": m.rows})),
    "catch up": (exact, lambda m: m.opt.catch_up()),
    "async": (lambda: Model("AdamW"), lambda m: m.opt.step_async({"w": m.grads[0]}, max_norm=math.inf).result()),
    "averages": (lambda: Model("AdamW", average=adamas.EMA(decay=0.9)), use_averages),
    "eval": (lambda: Model("ScheduleFreeAdamW"), evaluate),
    "state dict": (lambda: Model("NAdam"), lambda m: m.opt.state_dict()),
    "load state dict": (remembered, lambda m: m.opt.load_state_dict(m.kept)),
    "save": (lambda: saved(Model("AdamW"), ".safetensors"), lambda m: m.opt.save(FOLDER / "a.safetensors")),
    "save npz": (lambda: saved(Model("AdamW"), ".npz"), lambda m: m.opt.save(FOLDER / "a.npz")),
    "load": (lambda: saved(Model("NAdam"), ".safetensors"), lambda m: m.opt.load(FOLDER / "a.safetensors")),
    "load npz": (lambda: saved(Model("NAdam"), ".npz"), lambda m: m.opt.load(FOLDER / "a.npz")),
    "read": (lambda: saved(Model("AdamW"), ".npz"), lambda m: checkpoint.read(FOLDER / "a.npz").params["w"].sum()),
}


def is_for_want_of_memory(error: Exception) -> bool:
    if isinstance(error, SystemError | RuntimeError):  # what NumPy and Python have for it in places
        return "returned NULL without setting an exception" in str(error) or "can't allocate" in str(error)
    return isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
