"""State dicts that do not fit, lie, or change between two looks."""

# What is given here is of the wrong type on purpose; helpers stand below the tables that need them.
# mypy: disable-error-code="arg-type, assignment, call-overload, func-returns-value, index, misc, no-untyped-call"
# ruff: noqa: PLW0108

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from bits import Array
from hostile.containers import Grads, raising
from hostile.driver import Case, correct, refused
from hostile.liars import EqualsAll, FunctionRaises, LyingShape, ReprRaises, SaysArray, SaysDict
from hostile.scenes import Scene, numbers

Edit = Callable[[dict[str, Any]], Any]


def saved(scene: Scene) -> dict[str, Any]:
    """Return the state dict of the same optimizer, three steps on."""
    other = type(scene)(scene.module, _copied(scene.params), None)
    opt = type(scene.opt)(other.params, lr=0.1)
    for seed in range(3):
        opt.step(scene.grads(seed))
    state: dict[str, Any] = opt.state_dict()
    return state


def _copied(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _copied(child) for key, child in tree.items()}
    return [_copied(child) for child in tree] if isinstance(tree, list) else tree.copy()


def edited(edit: Edit) -> Callable[[Scene], Any]:
    def act(scene: Scene) -> Any:
        state = saved(scene)
        made = edit(state)
        return scene.opt.load_state_dict(made if isinstance(made, Mapping) or made is not None else state)

    return act


def entry(**changes: Any) -> Edit:
    """Change what is kept of the last parameter, so that all others come before it."""

    def edit(state: dict[str, Any]) -> None:
        kept = state["state"]["deep.1"]
        kept.update({key: change(kept[key]) if callable(change) else change for key, change in changes.items()})

    return edit


def put(name: str, value: Any) -> Edit:
    return lambda state: state.__setitem__(name, value)


class Matrix(Array):
    pass


class Count:
    """A count that fails the second time it is asked for."""

    def __init__(self, *values: Any) -> None:
        self.values = list(values)

    def __index__(self) -> int:
        value: int = self.values.pop(0) if len(self.values) > 1 else self.values[0]
        if value is None:
            raise RuntimeError("not a second time")
        return value


class Fickle(Grads):
    """Gives what it has once, and then something else."""

    def __init__(self, content: dict[Any, Any], later: Any) -> None:
        super().__init__(content)
        self.later = later
        self.asked: set[Any] = set()

    def __getitem__(self, key: Any) -> Any:
        if key in self.asked:
            if self.later is raising:
                raise RuntimeError("not a second time")
            return self.later
        self.asked.add(key)
        return self.content[key]

    def __contains__(self, key: object) -> bool:
        return key in self.content


class Endless(Grads):
    def __iter__(self) -> Iterator[Any]:
        raise RuntimeError("no iterator")


_REFUSED: dict[str, tuple[Edit, type[Exception], str]] = {
    "None": (lambda state: 5, TypeError, "state_dict: expected a mapping, got int"),
    "list": (lambda state: list(state.items()), TypeError, "state_dict: expected a mapping, got list"),
    "says it is a dict": (lambda state: SaysDict(), TypeError, "state_dict: expected a mapping, got"),
    "empty": (lambda state: {}, TypeError, r"state_dict\['optimizer'\]: expected a str, got None"),
    "optimizer of bytes": (put("optimizer", b"AdamW"), TypeError, r"state_dict\['optimizer'\]: expected a str"),
    "optimizer that equals all": (
        put("optimizer", EqualsAll()),
        TypeError,
        r"state_dict\['optimizer'\]: expected a str",
    ),
    "other optimizer": (put("optimizer", "Lion"), ValueError, "it is from Lion, this is AdamW"),
    "states in a list": (put("state", []), TypeError, r"state_dict\['state'\]: expected a mapping"),
    "groups in a tuple": (put("param_groups", ()), TypeError, r"state_dict\['param_groups'\]: expected a list"),
    "no groups": (put("param_groups", []), ValueError, "param_groups: expected 1, got 0"),
    "group None": (put("param_groups", [None]), ValueError, r"param_groups\[0\]: expected a dict, got None"),
    "steps in a text": (put("step", "3"), ValueError, "step: expected a count >= 0, got '3'"),
    "steps of float": (put("step", 3.0), ValueError, "step: expected a count >= 0, got 3.0"),
    "steps beyond all": (put("step", 1 << 62), ValueError, "step: expected a count >= 0"),
    "steps missing": (lambda state: state.pop("step") and None, ValueError, "step: expected a count >= 0, got None"),
    "steps that cannot be shown": (put("step", ReprRaises()), ValueError, "a value of type"),
    "norm NaN": (put("previous_norm", math.nan), ValueError, "previous_norm: expected a finite number >= 0"),
    "norm text": (put("previous_norm", "1"), ValueError, "previous_norm: expected a finite number >= 0"),
    "formats a text": (put("formats", "float32"), ValueError, "formats: expected a mapping, got str"),
    "formats empty": (put("formats", {}), ValueError, "formats: saved with master_weights=None, this has False"),
    "state None": (lambda state: state["state"].update(w=None), ValueError, r"state\['w'\]: missing"),
    "state more": (lambda state: state["state"].update(x={}), ValueError, r"state\['x'\]: this optimizer has no such"),
    "state by number": (
        lambda state: state.update(state=dict(enumerate(state["state"].values()))),
        ValueError,
        r"state\[0\]: this optimizer has no such parameter",
    ),
    "array None": (entry(exp_avg=None), ValueError, r"state\['deep.1'\]\['exp_avg'\]: expected an array, got None"),
    "array a list": (entry(exp_avg=lambda a: a.tolist()), ValueError, "expected an array, got list"),
    "array of float64": (
        entry(exp_avg=lambda a: a.astype(np.float64)),
        ValueError,
        r"expected float32 of shape \(2,\), got float64",
    ),
    "array of other byte order": (
        entry(exp_avg=lambda a: a.astype(a.dtype.newbyteorder("S"))),
        ValueError,
        r"expected float32 of shape \(2,\), got [<>]f4",
    ),
    "array of objects": (entry(exp_avg=lambda a: a.astype(object)), ValueError, "expected float32 of shape"),
    "array longer": (entry(exp_avg=numbers(3)), ValueError, r"expected float32 of shape \(2,\), got float32 of shape"),
    "array that would be broadcast": (entry(exp_avg=numbers(1)), ValueError, r"expected float32 of shape \(2,\)"),
    "array masked": (entry(exp_avg=np.ma.masked_all(2, np.float32)), ValueError, "expected an array, got numpy.ma"),
    "array of a subclass": (entry(exp_avg=lambda a: a.view(Matrix)), ValueError, "expected an array, got .*Matrix"),
    "array whose shape lies": (
        entry(exp_avg=lambda a: a.view(LyingShape)),
        ValueError,
        "expected an array, got .*LyingShape",
    ),
    "array that refuses to be copied": (
        entry(exp_avg=lambda a: a.view(FunctionRaises)),
        ValueError,
        "expected an array, got .*FunctionRaises",
    ),
    "array that only says so": (entry(exp_avg=SaysArray()), ValueError, "expected an array, got .*SaysArray"),
    "state's steps of float": (entry(step=3.0), ValueError, r"state\['deep.1'\]\['step'\]: expected a count >= 0"),
    "state's steps True": (entry(step=True), ValueError, r"state\['deep.1'\]\['step'\]: expected a count >= 0"),
    "state's steps NaN": (entry(step=math.nan), ValueError, r"state\['deep.1'\]\['step'\]: expected a count >= 0"),
    "state's steps fail the second time": (entry(step=Count(3, None)), RuntimeError, "not a second time"),
    "state's steps are negative the second time": (entry(step=Count(3, -3)), ValueError, "expected a count >= 0"),
    "state more than is kept": (entry(more=1), ValueError, r"\['more'\]: this optimizer keeps no such state"),
    "lr of groups a text": (
        lambda state: state["param_groups"][0].update(lr="0.1"),
        TypeError,
        r"param_groups\[0\]\['lr'\]: expected a finite number",
    ),
    "lr of groups missing": (
        lambda state: state["param_groups"][0].pop("lr") and None,
        ValueError,
        r"param_groups\[0\]\['lr'\]: missing",
    ),
    "betas of groups None": (
        lambda state: state["param_groups"][0].update(eps=None),
        TypeError,
        r"param_groups\[0\]\['eps'\]: expected a finite number",
    ),
    "names of groups in another order": (
        lambda state: state["param_groups"][0]["params"].reverse(),
        ValueError,
        r"param_groups\[0\]\['params'\]: expected the names",
    ),
    "amsgrad in groups": (
        lambda state: state["param_groups"][0].update(amsgrad=True),
        ValueError,
        r"\['amsgrad'\]: cannot change after construction \(it is False\)",
    ),
    "states that cannot be iterated": (
        lambda state: state.update(state=Endless(state["state"])),
        RuntimeError,
        "no iterator",
    ),
}
REFUSED = {name: refused(error, message, edited(edit)) for name, (edit, error, message) in _REFUSED.items()}


def _honest(scene: Scene) -> Any:
    return scene.opt.load_state_dict(saved(scene))


def _fickle(later: Any) -> Edit:
    def edit(state: dict[str, Any]) -> Any:
        state["state"] = Fickle({name: Fickle(kept, later) for name, kept in state["state"].items()}, later)
        state["param_groups"] = [Fickle(group, later) for group in state["param_groups"]]
        return Fickle(state, later)

    return edit


def _same_later(scene: Scene) -> Any:
    """Load, and then change what was loaded."""
    state = saved(scene)
    scene.opt.load_state_dict(state)
    for kept in state["state"].values():
        kept["exp_avg"][...] = np.nan
    state["param_groups"][0].clear()


class Update(dict[str, Any]):
    def update(self, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError("no update")


def _into_hostile_group(scene: Scene) -> Any:
    scene.opt.param_groups[0] = Update(scene.opt.param_groups[0])
    return _honest(scene)


_AS: dict[str, Callable[[Scene], Any]] = {
    "mappings that change between two looks": edited(_fickle(None)),
    "mappings that fail the second time": edited(_fickle(raising)),
    "arrays strided": edited(entry(exp_avg=lambda a: np.repeat(a, 2)[::2], exp_avg_sq=lambda a: a[::-1].copy()[::-1])),
    "arrays read-only": edited(entry(exp_avg=lambda a: np.frombuffer(a.tobytes(), a.dtype))),
    "arrays at odd addresses": edited(entry(exp_avg=lambda a: _odd(a))),
    "steps of NumPy": edited(entry(step=np.int8(3))),
    "steps in an array": edited(entry(step=np.array(3))),
    "steps of a class": edited(entry(step=Count(3))),
    "steps beside": edited(put("step", np.uint64(3))),
    "arrays that change afterwards": _same_later,
    "group that refuses to be updated": _into_hostile_group,
    "more beside": edited(put("more", object())),
}
AS_GOOD = {f"as good: {name}": correct(_honest, act) for name, act in _AS.items()}
AS_GOOD |= {
    "as good: a live state dict of its own": correct(
        None, lambda s: s.opt.load_state_dict(s.opt.state_dict(copy=False))
    ),
    "as good: norm a Fraction": correct(
        lambda s: s.opt.load_state_dict(saved(s) | {"previous_norm": 0.5}),
        edited(put("previous_norm", Fraction(1, 2))),
    ),
    "copied or not": refused(TypeError, "positional argument", lambda s: s.opt.state_dict(False)),
}


def _odd(array: Array) -> Any:
    view: Any = np.ndarray(array.shape, array.dtype, bytearray(array.nbytes + 1), 1)
    view[...] = array
    return view


CASES: dict[str, Case] = {**REFUSED, **AS_GOOD}
