"""Strategies for sequences of calls: models, options, gradients, hyperparameters, valid and invalid."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import ml_dtypes
import numpy as np
from bits import Array
from cases import CASES, ROUNDED_STATES, Case
from hypothesis import strategies as st
from pairs import Side

import adamas
from adamas import EMA, SWA, RowGrad, reference
from adamas._inputs.formats import MASTER_WEIGHTS, ROUNDINGS

HALF = np.dtype(ml_dtypes.bfloat16)
FLOATS: list[Any] = [np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.float16), HALF]
SHAPES = [(1,), (0,), (5,), (3, 7), (130,), (2, 1, 3), (64,), (257,), (6, 4), (2100,)]
NESTINGS = ["one", "list", "tuple", "dict", "deep", "groups", "named groups"]

MOMENTS: dict[str, Any] = {
    "state_dtype": st.sampled_from([*ROUNDED_STATES, "float32", None]),
}
RESIDUES: dict[str, Any] = {
    "master_weights": st.sampled_from(MASTER_WEIGHTS),
    "rounding": st.sampled_from(["nearest", *ROUNDINGS]),
    "seed": st.sampled_from([0, 7, 2**64 - 1]),
}
STEPS: dict[str, Any] = {
    "max_norm": st.sampled_from([None, 0.5, 1e6, math.inf]),
    "max_value": st.sampled_from([None, 1e-3, math.inf]),
    "norm_type": st.sampled_from([2.0, math.inf]),
    "clip_each": st.booleans(),
    "on_nonfinite": st.sampled_from(["propagate", "skip", "raise"]),
    "zero_grads": st.booleans(),
    "accumulation": st.sampled_from(["sum", "mean"]),
}
AVERAGES = [EMA(decay=0.9), EMA(decay=0.99, bias_correction=True, dtype="bfloat16"), SWA(start=2), SWA(every=2)]
#: None of which an optimizer takes.
BAD_OPTIONS: list[dict[str, Any]] = [
    {"lr": -1.0},
    {"lr": math.nan},
    {"lr": "high"},
    {"weight_decay": 2**2000},
    {"no_such": 1},
    {"state_dtype": "uint8"},
    {"master_weights": True, "rounding": "kahan"},
    {"seed": -1},
    {"max_norm": 0.0},
    {"average": 0.9},
    {"copy_out": [1, 2]},
    {"sparse": {"nobody": "lazy"}},
    {"sparse": 3},
    {"num_threads": 0},
    {"accumulation": "most"},
    {"state_memory": 5},
]


@dataclass(frozen=True)
class Leaf:
    shape: tuple[int, ...]
    dtype: Any


@dataclass(frozen=True)
class Drawn:
    """An optimizer that can be made, again and again, with the same or other values."""

    case: Case
    nesting: str
    leaves: tuple[Leaf, ...]
    options: dict[str, Any]
    #: What the second of its groups sets for itself.
    own: dict[str, Any]
    sparse: str | None
    copies: Any
    memory: bool
    seed: int

    def make(self, side: Side, seed: int) -> None:
        """Put new arrays and a new optimizer into a side; the arrays are there even if it refuses."""
        rng = np.random.default_rng([self.seed, seed])
        params = [values(rng, leaf.shape).astype(leaf.dtype) for leaf in self.leaves]
        options = dict(self.options)
        side.opt, side.arrays = None, list(params)
        if self.copies is not None:
            wide = [leaf.dtype == np.float32 and i % 2 == 0 for i, leaf in enumerate(self.leaves)]
            copies = [np.ones(p.shape, self.copies) if w else None for p, w in zip(params, wide, strict=True)]
            options["copy_out"] = self.nested(copies)
            side.arrays += [copy for copy in copies if copy is not None]
        if self.sparse is not None:
            flat = [leaf.dtype == np.float32 and len(leaf.shape) == 2 for leaf in self.leaves]
            options["sparse"] = {name: self.sparse for name, is_flat in zip(self.names(), flat, strict=True) if is_flat}
        if self.memory:
            options["state_memory"] = aligned_zeros
        cls = getattr(side.module, self.case.optimizer)
        before = [array.tobytes() for array in side.arrays]
        try:
            side.opt = cls(self.nested(params, self.own), **{**self.case.options, **options})
        finally:
            refused = side.opt is None
            assert not refused or before == [array.tobytes() for array in side.arrays], "refused, and changed something"

    def nested(self, items: list[Any], own: dict[str, Any] | None = None) -> Any:
        """Put one item for each parameter into containers; with ``own`` into groups, where there are groups."""
        half = (len(items) + 1) // 2
        if self.nesting == "one":
            return items[0]
        if self.nesting == "tuple":
            return tuple(items)
        if self.nesting == "dict":
            return {f"p{i}": item for i, item in enumerate(items)}
        if self.nesting == "deep":
            return {"layer": {"w": items[0], "more": items[1:half], 7: ()}, "rest": [{"b": i} for i in items[half:]]}
        if self.nesting == "list":
            return items
        first: Any = items[:half]
        second: Any = (
            {f"b{i}": item for i, item in enumerate(items[half:])} if "named" in self.nesting else items[half:]
        )
        return [first, second] if own is None else [{"params": first}, {"params": second, **own}]

    def names(self) -> list[str]:
        """Return the names of the parameters."""
        return list(reference.SGD(self.nested([np.ones(1) for _ in self.leaves], {})).state)


def aligned_zeros(nbytes: int) -> Array:
    block = np.zeros(nbytes + 64, np.uint8)
    first = -block.ctypes.data % 64
    return block[first : first + nbytes]


def values(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    made: Array = rng.standard_normal(shape) * 10.0 ** rng.integers(-3, 2, shape)
    return made


@st.composite
def drawn_optimizers(draw: Any) -> Drawn:
    """Draw an optimizer, of which most can be made."""
    family = draw(st.sampled_from(["wide", "wide", "half", "sparse", "anything"]))
    cases = [case for case in CASES if family != "sparse" or case.optimizer in ("Adam", "AdamW", "SGD", "Lion")]
    case = draw(st.sampled_from(cases))
    optional: dict[str, Any] = dict(STEPS)
    dtypes = FLOATS[:2]
    if family == "half":
        optional.update(MOMENTS, **RESIDUES)
        dtypes = [FLOATS[0], HALF, HALF, FLOATS[2]]
    elif family == "anything":
        optional.update(MOMENTS, **RESIDUES)
        dtypes = FLOATS
    elif family == "wide" and draw(st.booleans()):
        optional.update(MOMENTS)
        dtypes = FLOATS[:1]
    nesting = draw(st.sampled_from(NESTINGS))
    count = 1 if nesting == "one" else draw(st.integers(2, 5))
    leaf = st.builds(Leaf, st.sampled_from(SHAPES), st.sampled_from(dtypes))
    leaves = draw(st.lists(leaf, min_size=count, max_size=count))
    mode = None
    if family == "sparse":
        mode = draw(st.sampled_from(["lazy", "exact"]))
        leaves[0] = Leaf((9, 5), FLOATS[0])
    options = draw(st.fixed_dictionaries({}, optional=optional))
    if family != "sparse" and draw(st.booleans()):
        options["average"] = draw(st.sampled_from(AVERAGES))
    if draw(st.integers(0, 7)) == 0:
        options.update(draw(st.sampled_from(BAD_OPTIONS)))
    return Drawn(
        case=case,
        nesting=nesting,
        leaves=tuple(leaves),
        options=options,
        own=draw(st.sampled_from([{}, {"lr": 0.05}, {"weight_decay": 0.2, "maximize": True}])),
        sparse=mode,
        copies=draw(st.sampled_from([None, HALF, FLOATS[2]])) if family != "sparse" else None,
        memory=draw(st.integers(0, 5)) == 0,
        seed=draw(st.integers(0, 99)),
    )


def plain(drawn: Drawn) -> Drawn:
    """Return one like it that can be made."""
    leaves = tuple(replace(leaf, dtype=FLOATS[0]) for leaf in drawn.leaves)
    return replace(drawn, leaves=leaves, options={}, own={}, sparse=None, copies=None)


#: What becomes of one gradient.
KINDS = ["normal", "normal", "normal", "none", "rows", "zero", "tiny", "huge", "read-only", "infinite", "nan"]
#: What no step takes, made of an ordinary gradient and the parameter.
SPOILT: dict[str, Any] = {
    "integers": lambda grad, param: np.ones(grad.shape, np.int32),
    "strided": lambda grad, param: np.zeros((*grad.shape, 2), grad.dtype)[..., 0],
    "shape": lambda grad, param: np.zeros((*grad.shape, 2), grad.dtype),
    "list": lambda grad, param: grad.tolist(),
    "scalar": lambda grad, param: 1.0,
    "subclass": lambda grad, param: np.ma.masked_array(grad),
    "swapped": lambda grad, param: grad.astype(">f4"),
    "param": lambda grad, param: param,
    "0-d": lambda grad, param: np.array(1.0),
    "one row": lambda grad, param: RowGrad(np.zeros(1, np.int64), np.ones((1, 3))),
}
#: And of all of them together.
WHOLE = ["too few", "too many", "none at all", "another container", "twice the same"]


@dataclass(frozen=True)
class Grads:
    """Gradients that can be made for each side."""

    seed: int
    kinds: tuple[str, ...]
    whole: str | None = None

    def items(self, drawn: Drawn, side: Side) -> list[Any]:
        """Make one for each parameter; a kind that does not fit a parameter gives an ordinary one."""
        rng = np.random.default_rng(self.seed)
        return [
            _gradient(rng, leaf, self.kinds[i % len(self.kinds)], side.arrays[i], drawn.sparse)
            for i, leaf in enumerate(drawn.leaves)
        ]

    def of(self, drawn: Drawn, side: Side) -> Any:
        """Make them, nested as the parameters are, unless that is what is wrong with them."""
        items = self.items(drawn, side)
        if self.whole == "twice the same" and len(items) > 1:
            items[-1] = items[0]
        tree: Any = None if self.whole == "none at all" else drawn.nested(items)
        if self.whole == "another container":
            tree = {"x": tree}
        if self.whole == "too few" and isinstance(tree, list | dict):
            tree.pop(*["rest" if "rest" in tree else "p0"] if isinstance(tree, dict) else [-1])
        if self.whole == "too many" and isinstance(tree, list | dict):
            tree = {**tree, "more": items[0]} if isinstance(tree, dict) else [*tree, items[0]]
        return tree


def _gradient(rng: np.random.Generator, leaf: Leaf, kind: str, param: Array, sparse: str | None) -> Any:
    dtype = FLOATS[rng.integers(4)]
    plain = values(rng, leaf.shape)
    with np.errstate(all="ignore"):
        grad: Array = (plain * {"tiny": 1e-30, "huge": 1e25, "zero": 0.0}.get(kind, 1.0)).astype(dtype)
    if kind in SPOILT:
        return SPOILT[kind](grad, param)
    if kind.startswith("rows") and sparse is not None and len(leaf.shape) == 2:
        rows = rng.integers(0, leaf.shape[0], rng.integers(0, 12)).astype([np.int32, np.int64][rng.integers(2)])
        rows = np.append(rows, rows.dtype.type(leaf.shape[0])) if kind == "rows beyond" else rows
        return RowGrad(rows, values(rng, (len(rows), leaf.shape[1])).astype(dtype))
    if kind in ("infinite", "nan") and grad.size:
        grad.reshape(-1)[rng.integers(grad.size)] = math.nan if kind == "nan" else math.inf
    if kind == "read-only":
        grad.setflags(write=False)
    return None if kind == "none" else grad


KIND_LISTS = st.lists(st.sampled_from(KINDS), min_size=1, max_size=5).map(tuple)
GOOD_GRADS = st.builds(Grads, st.integers(0, 999), KIND_LISTS)
BAD_GRADS = st.builds(
    Grads,
    st.integers(0, 999),
    st.lists(st.sampled_from([*KINDS, *SPOILT, "rows beyond"]), min_size=1, max_size=5).map(tuple),
    st.sampled_from([None, None, *WHOLE]),
)
#: Arguments of a step.
ARGUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "grad_scale": st.sampled_from([None, 1.0, 3.0, 1024.0, 1e-3]),
        "max_norm": STEPS["max_norm"],
        "max_value": STEPS["max_value"],
        "on_nonfinite": STEPS["on_nonfinite"],
        "zero_grads": STEPS["zero_grads"],
    },
)
BAD_ARGUMENTS = st.sampled_from(
    [{"grad_scale": 0.0}, {"grad_scale": "1"}, {"max_norm": -1}, {"max_value": math.nan}, {"on_nonfinite": "stop"}]
)


def falling(step: int) -> float:
    return 0.1 / (1 + step)


def negative(step: int) -> float:
    return -0.1


def betas_by_step(step: int) -> tuple[float, float]:
    return (0.5, 0.75 if step % 2 else 0.875)


def refusing(step: int) -> float:
    raise ValueError("no rate today")


#: What hyperparameters are set to: what fits none of them is among it.
SETTINGS: list[Any] = [
    0.0, 1e-3, 0.05, 0.5, 1, 5e-324, np.float32(0.01), True, False, (0.5, 0.75), (0.0, 0.9), [0.9, 0.5],
    falling, betas_by_step, adamas.schedules.Cosine(0.1, 0.0, 20),
    # and now the others
    negative, refusing, -1.0, math.nan, math.inf, "0.1", None, [0.9], (0.9, 1.0), 2**2000, 1j, np.ones(1), object,
]  # fmt: skip
DEFAULTS: list[tuple[str, Any]] = [
    ("max_norm", 1.0),
    ("max_norm", None),
    ("max_norm", 0),
    ("max_value", 0.01),
    ("max_value", "x"),
    ("norm_type", math.inf),
    ("norm_type", 2),
    ("norm_type", 1),
    ("clip_each", True),
    ("clip_each", 1),
    ("on_nonfinite", "skip"),
    ("on_nonfinite", "propagate"),
    ("on_nonfinite", "never"),
    ("zero_grads", True),
    ("zero_grads", False),
    ("accumulation", "mean"),
    ("accumulation", "median"),
]
