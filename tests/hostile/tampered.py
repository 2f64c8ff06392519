"""Groups, states and parameters that have been edited into nonsense between two steps."""

# What is given here is of the wrong type on purpose; helpers stand below the tables that need them.
# mypy: disable-error-code="arg-type, assignment, call-overload, func-returns-value, index, misc, no-untyped-call"
# ruff: noqa: PLW0108

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np
from hostile.changing import quietly
from hostile.driver import Act, Case, correct, refused
from hostile.figures import Number, raising
from hostile.liars import ReprRaises
from hostile.scenes import Scene, numbers


def step(scene: Scene) -> Any:
    return scene.opt.step(scene.grads())


#: What must refuse while the groups are spoilt.
_USES: tuple[Act, ...] = (
    step,
    lambda s: s.opt.step_async(s.grads()),
    lambda s: s.opt.step_scope().__enter__(),
    lambda s: s.opt.state_dict(),
    lambda s: s.opt.save(s.folder / "file.safetensors"),
)


class Group(dict[str, Any]):
    """A dict that answers as it likes."""

    def __getitem__(self, key: str) -> Any:
        raise RuntimeError("not to be asked")

    def __contains__(self, key: object) -> bool:
        return False

    def __len__(self) -> int:
        return 0


class Groups(list[Any]):
    def __iter__(self) -> Any:
        raise RuntimeError("not to be iterated")

    def __len__(self) -> int:
        return 7


def group(change: Callable[[dict[str, Any]], Any]) -> Act:
    return lambda s: change(s.opt.param_groups[0])


def replace(make: Callable[[Scene], Any]) -> Act:
    return lambda s: setattr(s.opt, "param_groups", make(s))


_OTHER_PARAMS = "(is another array now than|no longer holds the parameters)"

_GROUPS: dict[str, tuple[Act, type[Exception], str]] = {
    "None": (replace(lambda s: None), ValueError, "param_groups: expected a list of 1 dicts"),
    "tuple": (replace(lambda s: tuple(s.opt.param_groups)), ValueError, "param_groups: expected a list of 1 dicts"),
    "one more": (
        lambda s: s.opt.param_groups.append(dict(s.opt.param_groups[0])),
        ValueError,
        "param_groups: expected a list of 1 dicts",
    ),
    "a text in place of a group": (
        lambda s: s.opt.param_groups.__setitem__(0, "lr"),
        TypeError,
        r"param_groups\[0\]: expected a dict, got str",
    ),
    "None in place of a group": (
        lambda s: s.opt.param_groups.__setitem__(0, None),
        TypeError,
        r"param_groups\[0\]: expected a dict, got None",
    ),
    "mapping that is no dict": (
        lambda s: s.opt.param_groups.__setitem__(0, types.MappingProxyType(dict(s.opt.param_groups[0]))),
        TypeError,
        r"param_groups\[0\]: expected a dict, got mappingproxy",
    ),
    "list in place of a group": (
        lambda s: s.opt.param_groups.__setitem__(0, list(s.opt.param_groups[0].items())),
        TypeError,
        r"param_groups\[0\]: expected a dict, got list",
    ),
    "emptied": (group(lambda g: g.clear()), ValueError, r"param_groups\[0\]\['lr'\]: missing"),
    "without betas": (group(lambda g: g.pop("betas")), ValueError, r"param_groups\[0\]\['betas'\]: missing"),
    "without a flag": (group(lambda g: g.pop("maximize")), ValueError, r"param_groups\[0\]\['maximize'\]: missing"),
    "without what is fixed": (
        group(lambda g: g.pop("amsgrad")),
        ValueError,
        r"param_groups\[0\]\['amsgrad'\]: missing",
    ),
    "keys in bytes": (
        group(lambda g: [g.__setitem__(key.encode(), g.pop(key)) for key in list(g)]),
        ValueError,
        r"param_groups\[0\]\['lr'\]: missing",
    ),
    "betas swapped with lr": (
        group(lambda g: g.update(lr=g["betas"], betas=g["lr"])),
        TypeError,
        r"param_groups\[0\]\['(lr|betas)'\]: expected",
    ),
    "decay no longer decoupled": (
        group(lambda g: g.update(decoupled_weight_decay=False)),
        ValueError,
        r"\['decoupled_weight_decay'\]: cannot change after construction \(it is True\)",
    ),
    "amsgrad later": (
        group(lambda g: g.update(amsgrad=True)),
        ValueError,
        r"\['amsgrad'\]: cannot change after construction \(it is False\)",
    ),
    "flag that cannot be shown": (group(lambda g: g.update(maximize=ReprRaises())), TypeError, "a value of type"),
}
GROUPS = {
    f"groups: {name}": refused(error, message, *_USES, spoil=spoil) for name, (spoil, error, message) in _GROUPS.items()
}
GROUPS |= {
    "groups: float method raises": refused(
        RuntimeError, "not now", *_USES, spoil=group(lambda g: g.update(eps=Number(raising(RuntimeError("not now")))))
    ),
    "groups: momentum later": refused(
        ValueError,
        r"param_groups\[0\]\['momentum'\]: was 0 when this optimizer was made",
        lambda s: _late_momentum(s),
    ),
    "groups: nesterov without momentum": refused(
        ValueError,
        "nesterov.*: needs a momentum",
        step,
        scene="momentum",
        spoil=group(lambda g: g.update(nesterov=True, momentum=0.0)),
    ),
    "groups: second one empty": refused(
        ValueError,
        r"param_groups\[1\]\['lr'\]: missing",
        step,
        scene="groups",
        spoil=lambda s: s.opt.param_groups[1].clear(),
    ),
    "groups: in the other order": refused(
        ValueError, _OTHER_PARAMS, step, scene="groups", spoil=lambda s: s.opt.param_groups.reverse()
    ),
    "groups: one for both": refused(
        ValueError,
        _OTHER_PARAMS,
        step,
        scene="groups",
        spoil=lambda s: s.opt.param_groups.__setitem__(1, s.opt.param_groups[0]),
    ),
    "groups: other parameters": refused(
        ValueError, _OTHER_PARAMS, step, spoil=lambda s: s.opt.param_groups[0].update(params=[numbers(99)])
    ),
    "groups: no parameters": refused(
        ValueError, _OTHER_PARAMS, step, spoil=lambda s: s.opt.param_groups[0].pop("params")
    ),
    "groups: more keys": refused(
        ValueError,
        r"param_groups\[0\]\['initial_lr'\]: AdamW has no such hyperparameter",
        *_USES,
        spoil=lambda s: s.opt.param_groups[0].update({"initial_lr": "x", 5: None, None: step}),
    ),
    "groups: a key that cannot be shown": refused(
        ValueError,
        r"param_groups\[0\]\[a value of type .*\]: AdamW has no such hyperparameter",
        *_USES,
        spoil=lambda s: s.opt.param_groups[0].update({ReprRaises(): 1}),
    ),
    "groups: list that lies": correct(
        step, lambda s: _put(s, Groups(s.opt.param_groups)) or step(s), modules=("compiled",)
    ),
    "groups: dict that lies": correct(
        step,
        lambda s: s.opt.param_groups.__setitem__(0, Group(s.opt.param_groups[0])) or step(s),
        modules=("compiled",),
    ),
}


def _put(scene: Scene, groups: Any) -> None:
    scene.opt.param_groups = groups


def _late_momentum(scene: Scene) -> Any:
    opt = scene.module.SGD([numbers(3)], lr=0.1)
    opt.param_groups[0]["momentum"] = 0.9
    return opt.step([numbers(3)])


def state(scene: Scene) -> Any:
    return scene.opt.state


def _assign(scene: Scene) -> Any:
    scene.opt.state["w"] = {}


def _assign_in_vain(scene: Scene) -> Any:
    scene.opt.state["w"]["exp_avg"] = None
    scene.opt.state["w"]["step"] = 10**6
    scene.opt.state["w"].clear()
    return step(scene)


def _reshape_in_vain(scene: Scene) -> Any:
    quietly(lambda: setattr(scene.opt.state["w"]["exp_avg"], "shape", (12,)))
    quietly(lambda: setattr(scene.opt.state["w"]["exp_avg_sq"], "dtype", np.dtype(np.int32)))
    scene.opt.state["w"]["exp_avg"].flags.writeable = False
    return step(scene)


def _halves_in_vain(scene: Scene) -> Any:
    entry = scene.opt.state["b"]
    for key in ("exp_avg", "exp_avg_scale", "master"):
        quietly(lambda key=key: setattr(entry[key], "shape", (-1, 1)))
        entry[key].flags.writeable = False
    return step(scene)


def _resize_state(scene: Scene) -> Any:
    scene.opt.state["w"]["exp_avg"].resize((100, 100), refcheck=False)


def _write(scene: Scene, value: float) -> None:
    for entry in scene.opt.state.values():
        for array in entry.values():
            if isinstance(array, np.ndarray) and array.dtype.kind == "f":
                array[...] = value


STATES: dict[str, Case] = {
    "state: assigned": refused(TypeError, "does not support item assignment", _assign),
    "state: replaced": refused(AttributeError, "state", lambda s: setattr(s.opt, "state", {})),
    "state: number of a parameter beyond all": refused(KeyError, "no such parameter", lambda s: s.opt.state[10**30]),
    "state: slice": refused(TypeError, "expected a parameter's name or number", lambda s: s.opt.state[0:1]),
    "state: resized": refused(ValueError, "cannot resize|does not own", _resize_state),
    "state: entry edited": correct(step, _assign_in_vain),
    "state: array reshaped": correct(step, _reshape_in_vain),
    "state: quantised arrays reshaped": correct(step, _halves_in_vain, scene="half"),
    **{
        f"state: all {value}": correct(
            lambda s, value=value: _write(s, value) or step(s), lambda s, value=value: _write(s, value) or step(s)
        )
        for value in (np.nan, np.inf, -1.0, 5e-324)
    },
    "state: row counts of the largest number": correct(
        lambda s: _count(s, 2**31) or step(s), lambda s: _count(s, 2**31) or step(s), scene="rows"
    ),
    "state: row counts ahead of the step": correct(
        lambda s: None, lambda s: _count(s, 2**32 - 1) or s.opt.catch_up() or _count(s, 1), scene="exact"
    ),
    "codes of all kinds": correct(lambda s: _codes(s) or step(s), lambda s: _codes(s) or step(s), scene="half"),
}


def _count(scene: Scene, value: int) -> None:
    scene.opt.state["t"]["row_step"][...] = value


def _codes(scene: Scene) -> None:
    for entry in scene.opt.state.values():
        entry["exp_avg"][...] = np.arange(128)
        entry["exp_avg_sq"][...] = 255
        entry["exp_avg_scale"][...] = np.float32(3e38)


def _param(name: str, value: Any) -> Act:
    return lambda s: quietly(lambda: setattr(s.params["w"], name, value))


def _bfloat16_read_as_float16(scene: Scene) -> None:
    quietly(lambda: setattr(scene.params["b"], "dtype", np.float16))


PARAMETERS: dict[str, Case] = {
    "parameter: bfloat16 read as float16": refused(
        TypeError,
        r"params\['b'\]: expected dtype bfloat16, as it had at first, got float16",
        step,
        lambda s: s.opt.accumulate(s.grads()),
        scene="half",
        spoil=_bfloat16_read_as_float16,
    ),
    "parameter: copy read as another dtype": refused(
        TypeError,
        r"copy_out\['b'\]: expected dtype bfloat16, as it had at first, got float16",
        step,
        scene="copied",
        spoil=lambda s: quietly(lambda: setattr(s.copies[1], "dtype", np.float16)),
    ),
    "parameter: as float64": refused(
        TypeError,
        r"params\['w'\]: expected dtype float32, as it had at first, got float64",
        lambda s: s.opt.step({"w": numbers(3, 2, dtype=np.float64), "deep": s.grads()["deep"]}),
        spoil=_param("dtype", np.dtype(np.float64)),
    ),
    "parameter: as bytes": refused(
        TypeError, r"params\['w'\]: expected dtype", step, spoil=_param("dtype", np.dtype(np.uint8))
    ),
    "parameter: unaligned": refused(
        ValueError,
        r"params\['w'\]: expected an array aligned",
        step,
        spoil=lambda s: setattr(s.params["w"].flags, "aligned", False),
    ),
    "parameter: copy read-only": refused(
        ValueError,
        r"copy_out\['w'\]: expected a writeable array",
        step,
        scene="copied",
        spoil=lambda s: setattr(s.copies[0].flags, "writeable", False),
    ),
    "parameter: reshaped": correct(
        step, lambda s: _param("shape", (12,))(s) or s.opt.step(s.grads() | {"w": s.grads()["w"].reshape(-1)})
    ),
    "parameter: table transposed": refused(
        ValueError,
        r"params\['t'\]: was reshaped since this optimizer was made",
        step,
        lambda s: s.opt.catch_up("t"),
        scene="exact",
        spoil=lambda s: quietly(lambda: setattr(s.params["t"], "shape", (3, 10))),
    ),
    "parameter: table flat": refused(
        (ValueError),
        "was reshaped since",
        lambda s: s.opt.state_dict(),
        scene="exact",
        spoil=lambda s: quietly(lambda: setattr(s.params["t"], "shape", (30,))),
    ),
    "parameter: 0-d": refused(ValueError, "one dimension or more", lambda s: _zero_d(s)),
    "parameter: resized": refused(
        ValueError,
        r"params\['w'\]: (was|has been) resized since",
        step,
        lambda s: s.opt.save(s.folder / "file.npz"),
        scene="momentum",
        spoil=lambda s: s.params["w"].resize(100_000, refcheck=False),
        ends=True,
    ),
    "parameter: resized to nothing": refused(
        ValueError,
        r"params\['w'\]: (was|has been) resized since",
        step,
        lambda s: s.opt.save(s.folder / "file.npz"),
        scene="momentum",
        spoil=lambda s: s.params["w"].resize(0, refcheck=False),
        ends=True,
    ),
    "parameter: copy resized": refused(
        ValueError,
        r"copy_out\['w'\]: was resized since",
        step,
        scene="copied",
        spoil=lambda s: s.copies[0].resize(100_000, refcheck=False),
        ends=True,
    ),
}


def _zero_d(scene: Scene) -> Any:
    param = np.ones(1, np.float32)
    opt = scene.module.SGD(param)
    quietly(lambda: setattr(param, "shape", ()))
    return opt.step(np.ones((), np.float32))


OTHERS: dict[str, Case] = {
    "optimizer copied": refused(TypeError, "cannot be copied or pickled", lambda s: s.opt.__reduce_ex__(4)),
    "its defaults emptied": correct(step, lambda s: _emptied_defaults(s), modules=("compiled",)),
    "its groups shown with what cannot be shown": refused(
        RuntimeError, "no repr", lambda s: repr(s.opt), spoil=group(lambda g: g.update(lr=ReprRaises()))
    ),
}


def _emptied_defaults(scene: Scene) -> Any:
    kept = dict(scene.opt.defaults)
    scene.opt.defaults.clear()
    try:
        return step(scene)
    finally:
        scene.opt.defaults.update(kept)


CASES: dict[str, Case] = {**GROUPS, **STATES, **PARAMETERS, **OTHERS}
