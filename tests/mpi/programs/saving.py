"""What is saved, loaded, averaged and evaluated by several processes is what one process has."""

from __future__ import annotations

import itertools
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
from mpi4py import MPI
from trials import LANES, SHAPES

import adamas
import adamas.sharded

COMM = MPI.COMM_WORLD
FOLDER = Path(sys.argv[1])

CASES: list[tuple[Any, ...]] = [
    ("AdamW", {}),
    ("AdamW", {"master_weights": True}, ml_dtypes.bfloat16),
    ("AdamW", {"master_weights": "split24", "average": adamas.EMA(0.9)}, ml_dtypes.bfloat16),
    ("AdamW", {"rounding": "kahan", "state_dtype": "int8"}, np.float16),
    ("LAMB", {}, np.float64),
    ("AdamW", {"state_dtype": "bfloat16"}),
    ("AdamW", {"state_dtype": "int8"}),
    ("AdamW", {"state_dtype": "int4", "amsgrad": True}),
    ("AdamW", {"average": adamas.EMA(0.9)}),
    ("Adafactor", {}),
    ("AdamMini", {"blocks": "rows"}),
    ("NAdam", {}),
    ("Prodigy", {}),
    ("ScheduleFreeAdamW", {}),
]


class Pair:
    """An optimizer of this process alone, and one of all, which do the same."""

    def __init__(self, optimizer: str, options: dict[str, Any], dtype: Any = np.float32) -> None:
        rng = np.random.default_rng(0)
        self._rng = rng
        first = {name: rng.standard_normal(shape).astype(dtype) for name, shape in SHAPES.items()}
        self.params = [{name: array.copy() for name, array in first.items()} for _ in range(2)]
        self.one = getattr(adamas, optimizer)(self.params[0], accumulation="tree", **options)
        self.all = getattr(adamas.sharded, optimizer)(self.params[1], comm=COMM, lanes=LANES, **options)

    def step(self, count: int) -> None:
        for _ in range(count):
            lanes = [
                {name: self._rng.standard_normal(shape).astype(np.float32) for name, shape in SHAPES.items()}
                for _ in range(LANES)
            ]
            for opt, mine in ((self.one, lanes), (self.all, [lanes[i] for i in self.all.lanes])):
                for grads in mine[:-1]:
                    opt.accumulate(grads)
                opt.step(mine[-1])

    def compare_params(self) -> None:
        for name, array in self.params[0].items():
            assert array.tobytes() == self.params[1][name].tobytes(), name

    def compare(self) -> dict[str, Any]:
        self.compare_params()
        expected: dict[str, Any] = self.one.state_dict()
        found: dict[str, Any] = self.all.state_dict()
        for name, entry in expected["state"].items():
            assert entry.keys() == found["state"][name].keys()
            for key, value in entry.items():
                theirs = found["state"][name][key]
                if isinstance(value, np.ndarray):
                    assert (value.shape, value.dtype) == (theirs.shape, theirs.dtype), (name, key)
                    assert value.tobytes() == theirs.tobytes(), (name, key)
                else:
                    assert value == theirs, (name, key)
        return found


def check(number: int, *case: Any) -> None:
    pair = Pair(*case)
    pair.step(2)
    middle = pair.compare()
    path, alone = (FOLDER / f"{number}{kind}.safetensors" for kind in ("", "-alone"))
    pair.all.save(path)
    if COMM.rank == 0:
        pair.one.save(alone)
        assert path.read_bytes() == alone.read_bytes()
    COMM.Barrier()
    pair.step(2)
    compare_inside(pair)
    for whole in (alone, middle):
        for opt in (pair.one, pair.all):
            if isinstance(whole, Path):
                opt.load(whole)
            else:
                opt.load_state_dict(whole)
        pair.compare()
        pair.step(1)
        pair.compare()
    pair.all.save(path, params=False)
    pair.all.load(path)
    pair.compare()


def compare_inside(pair: Pair) -> None:
    """Averages, and what is evaluated, are the same; then training goes on."""
    if pair.all._model.average is not None:
        with pair.one.averaged(), pair.all.averaged():
            pair.compare_params()
    if hasattr(pair.all, "eval"):
        for opt in (pair.one, pair.all):
            opt.eval()
        pair.compare_params()
        COMM.Barrier()
        for opt in (pair.one, pair.all):
            opt.train()
    pair.compare()


def conversions() -> Iterator[tuple[str, str]]:
    yield from itertools.permutations(("float32", "bfloat16", "int8", "int4"), 2)


def check_conversion(saved: str, wanted: str) -> None:
    pair = Pair("AdamW", {"state_dtype": saved})
    pair.step(1)
    path = FOLDER / f"{saved}-{wanted}.safetensors"
    pair.all.save(path)
    other = Pair("AdamW", {"state_dtype": wanted})
    for opt in (other.one, other.all):
        opt.load(path, convert=True)
    other.compare()
    try:
        other.all.load(FOLDER / "0.safetensors" if wanted != "float32" else path)
    except (ValueError, RuntimeError) as error:
        said = str(error)
    else:
        said = "nothing"
    assert "does not fit" in said, said
    other.compare()


warnings.simplefilter("ignore", adamas.PrecisionWarning)
for place, case in enumerate(CASES):
    check(place, *case)
for formats in conversions():
    check_conversion(*formats)
if COMM.rank == 0:
    print("saved and loaded")
