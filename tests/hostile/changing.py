"""Inputs that change during a step: by a schedule, a conversion or a comparison that the step itself calls."""

# What is given here is of the wrong type on purpose; helpers stand below the tables that need them.
# mypy: disable-error-code="arg-type, assignment, call-overload, func-returns-value, index, misc, no-untyped-call"
# ruff: noqa: PLW0108

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
from hostile.containers import Grads
from hostile.driver import Act, Case, correct, refused
from hostile.figures import Number
from hostile.scenes import Scene, numbers

import adamas

Change = Callable[[Scene, Any], Any]


def quietly(change: Callable[[], Any]) -> None:
    """Set what NumPy would rather have nobody set."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        change()


def by_schedule(change: Change, *, name: str = "lr", value: Any = 0.1) -> Act:
    """Step, while a hyperparameter is asked for its value, which makes the change."""

    def act(scene: Scene) -> Any:
        grads = scene.grads()

        def schedule(step: int) -> Any:
            change(scene, grads)
            return value

        return _stepped(scene, name, schedule, grads)

    return act


def by_float(change: Change) -> Act:
    def act(scene: Scene) -> Any:
        grads = scene.grads()

        def convert() -> float:
            change(scene, grads)
            return 1e-8

        return _stepped(scene, "eps", Number(convert), grads)

    return act


def by_mapping(change: Change) -> Act:
    """Step on a mapping whose last entry makes the change when it is read."""

    def act(scene: Scene) -> Any:
        grads = scene.grads()

        class Changes(Grads):
            def __getitem__(self, key: str) -> Any:
                if key == "deep":
                    change(scene, grads)
                return self.content[key]

        return scene.opt.step(Changes(grads))

    return act


def _stepped(scene: Scene, name: str, value: Any, grads: Any) -> Any:
    group = scene.opt.param_groups[0]
    kept, group[name] = group[name], value
    try:
        return scene.opt.step(grads)
    finally:
        group[name] = kept


def _freeze(scene: Scene, _: Any) -> None:
    scene.params["deep"][1].flags.writeable = False


def _retype(scene: Scene, _: Any) -> None:
    quietly(lambda: setattr(scene.params["deep"][0], "dtype", np.dtype(np.int64)))


def _transpose(scene: Scene, grads: Any) -> None:
    quietly(lambda: setattr(grads["w"], "shape", (4, 3)))


def _flatten(scene: Scene, _: Any) -> None:
    quietly(lambda: setattr(scene.params["w"], "shape", (12,)))


def _shrink_gradient(scene: Scene, grads: Any) -> None:
    grads["w"].resize((1, 1), refcheck=False)


def _swap(scene: Scene, grads: Any) -> None:
    grads["w"] = scene.params["w"]


def _take_away(scene: Scene, grads: Any) -> None:
    grads.pop("w", None)


def _add(scene: Scene, grads: Any) -> None:
    grads["more"] = None


def _empty_list(scene: Scene, grads: Any) -> None:
    grads["deep"].clear()


def _unalign(scene: Scene, grads: Any) -> None:
    grads["w"].flags.aligned = False


#: Changes that a step must see, whoever makes them, and what it says.
_SEEN: dict[str, tuple[Change, type[Exception], str]] = {
    "parameter becomes read-only": (_freeze, ValueError, r"params\['deep'\]\[1\]: expected a writeable array"),
    "parameter becomes integers": (_retype, TypeError, r"params\['deep'\]\[0\]: expected dtype .*, got int64"),
    "parameter becomes flat": (_flatten, ValueError, r"grads\['w'\]: expected shape \(12,\), .*, got \(3, 4\)"),
    "gradient changes shape": (_transpose, ValueError, r"grads\['w'\]: expected shape \(3, 4\), .*, got \(4, 3\)"),
    "gradient shrinks": (_shrink_gradient, ValueError, r"grads\['w'\]: expected shape \(3, 4\), .*, got \(1, 1\)"),
    "gradient becomes the parameter": (_swap, ValueError, "shares memory with"),
    "gradient goes away": (_take_away, ValueError, "grads: missing 'w'"),
    "gradient comes along": (_add, ValueError, "grads: 'more' not among the parameters"),
    "list of gradients is emptied": (_empty_list, ValueError, r"grads\['deep'\]: expected 2 entries, got 0"),
}


def _again(scene: Scene) -> None:
    """Undo what the change has done to parameters, between two ways of doing it."""
    for param, dtype, shape in ((scene.params["w"], "f4", (3, 4)), (scene.params["deep"][0], "f8", (5,))):
        quietly(lambda param=param, dtype=dtype: setattr(param, "dtype", np.dtype(dtype)))
        quietly(lambda param=param, shape=shape: setattr(param, "shape", shape))
    scene.params["deep"][1].flags.writeable = True


def _cleanly(act: Act) -> Act:
    def clean(scene: Scene) -> Any:
        try:
            return act(scene)
        finally:
            _again(scene)

    return clean


SEEN = {
    f"schedule: {name}": refused(
        error,
        message,
        _cleanly(by_schedule(change)),
        _cleanly(by_schedule(change, name="weight_decay", value=0.01)),
        _cleanly(by_schedule(change, name="betas", value=(0.9, 0.99))),
        _cleanly(by_float(change)),
    )
    for name, (change, error, message) in _SEEN.items()
}
#: What a mapping does while it is read comes after its other entries have been read.
BY_MAPPING = {
    f"mapping: {name}": refused(error, message, _cleanly(by_mapping(change)))
    for name, (change, error, message) in _SEEN.items()
    if name.startswith("parameter") or name == "gradient changes shape"
}


def _busy(call: Callable[[Scene], Any]) -> Case:
    """What cannot be done with an optimizer whose step is under way."""
    return refused(
        RuntimeError,
        "in use, by another thread or by a step under way",
        by_schedule(lambda scene, grads: call(scene)),
        by_mapping(lambda scene, grads: call(scene)),
        modules=("compiled",),
    )


def _open_scope(scene: Scene) -> None:
    with scene.opt.step_scope():
        pass


def _average(scene: Scene) -> None:
    with scene.opt.averaged():
        pass


_CALLS: dict[str, Callable[[Scene], Any]] = {
    "step": lambda s: s.opt.step(s.grads()),
    "step_async": lambda s: s.opt.step_async(s.grads()),
    "step_scope": _open_scope,
    "accumulate": lambda s: s.opt.accumulate(s.grads()),
    "drop_accumulated": lambda s: s.opt.drop_accumulated(),
    "state_dict": lambda s: s.opt.state_dict(),
    "load_state_dict": lambda s: s.opt.load_state_dict({}),
    "save": lambda s: s.opt.save(s.folder / "file.npz"),
}


def _clear_groups(scene: Scene, _: Any) -> None:
    scene.opt.param_groups.clear()


def _empty_group(scene: Scene, _: Any) -> None:
    scene.opt.param_groups[0].clear()


def _spoil_eps(scene: Scene, _: Any) -> None:
    scene.opt.param_groups[0]["eps"] = "tiny"


def _in_groups(change: Change) -> Act:
    """Step with a change to the groups, and put them back."""

    def act(scene: Scene) -> Any:
        groups, group = scene.opt.param_groups, scene.opt.param_groups[0]
        kept = dict(group)
        try:
            return by_schedule(change)(scene)
        finally:
            group.clear()
            group.update(kept)
            scene.opt.param_groups = groups
            groups[:] = [group]

    return act


class Comparing:
    """A value that is compared with what the optimizer was made with."""

    def __init__(self, change: Callable[[], Any]) -> None:
        self.change = change

    def __eq__(self, other: object) -> bool:
        self.change()
        return True

    __hash__ = None


def _start_count(scene: Scene) -> Any:
    """Adagrad's first value is compared at every step."""
    param = numbers(3)
    opt = scene.module.Adagrad(param)
    grad = numbers(4)[:3]
    opt.param_groups[0]["initial_accumulator_value"] = Comparing(lambda: None)
    return opt.step(grad)


def _closing(scene: Scene) -> Any:
    """A gradient without other references is freed at the end of the step, and then steps again."""
    seen = []

    def again() -> None:
        try:
            scene.opt.step(scene.grads())
        except RuntimeError as error:
            seen.append(str(error))

    class Fresh(Grads):
        def __getitem__(self, key: str) -> Any:
            if key != "w":
                return self.content[key]
            grad = self.content.pop(key).copy()
            weakref.finalize(grad, again)
            return grad

        def __contains__(self, key: object) -> bool:
            return True

        def __len__(self) -> int:
            return 2

    report = scene.opt.step(Fresh(scene.grads()))
    assert len(seen) == 1, seen
    assert "in use" in seen[0]
    return report


def _set_threads(scene: Scene, _: Any) -> None:
    scene.opt.num_threads = 3
    adamas.set_num_threads(2)


def _set_isa(scene: Scene, _: Any) -> None:
    adamas.use_isa("scalar")


def _new_values(scene: Scene, grads: Any) -> None:
    grads["w"][...] = 0.25


def _honest_values(scene: Scene) -> Any:
    grads = scene.grads()
    grads["w"][...] = 0.25
    return scene.opt.step(grads)


def _new_gradient(scene: Scene, grads: Any) -> None:
    grads["w"] = np.full((3, 4), 0.25, np.float32)


def _weighing(scene: Scene) -> Any:
    """An average whose weight is asked for, and steps."""

    class Weighs(adamas.SWA):
        def weight(self, number: int) -> float:
            if not stepping:
                stepping.append(True)
                opt.step(numbers(3))
            return 1.0

    stepping: list[bool] = []
    opt = scene.module.AdamW(numbers(3).copy(), average=Weighs())
    opt.step(numbers(3))
    return opt.state["0"]["step"]


OTHERS: dict[str, Case] = {
    **{f"schedule calls {name}": _busy(call) for name, call in _CALLS.items()},
    "schedule clears the groups, which have been read": correct(lambda s: s.step(), _in_groups(_clear_groups)),
    "schedule empties its group": refused(ValueError, r"param_groups\[0\]\[.*: missing", _in_groups(_empty_group)),
    "schedule spoils its group": refused(TypeError, r"param_groups\[0\]\['eps'\]: expected", _in_groups(_spoil_eps)),
    "schedule sets threads": correct(lambda s: s.step(), by_schedule(_set_threads)),
    "schedule chooses an instruction set": correct(lambda s: s.step(), by_schedule(_set_isa)),
    "schedule unaligns a gradient": correct(
        by_schedule(lambda scene, grads: None), lambda s: by_schedule(_unalign)(s)._replace(copied=0)
    ),
    "schedule writes into a gradient": correct(_honest_values, by_schedule(_new_values)),
    "schedule gives another gradient": correct(_honest_values, by_schedule(_new_gradient)),
    "mapping writes into a gradient": correct(_honest_values, by_mapping(_new_values)),
    "first value that compares as it likes": refused(
        TypeError,
        "initial_accumulator_value.*: expected a finite number",
        _start_count,
        modules=("reference",),  # the core does not read it any more
    ),
    "average steps while it is weighed": correct(lambda s: 2, _weighing),
    "gradients that step when they are freed": correct(lambda s: s.step(), _closing, modules=("compiled",)),
    "parameter shrinks in the step": refused(
        ValueError,
        r"params\['w'\]: was resized since",
        lambda s: _shrunk(s),
        scene="single",
    ),
    "parameter gets other memory in the step": refused(
        ValueError, r"params: was resized since", lambda s: _moved(s), modules=("compiled", "reference")
    ),
}


def _shrunk(scene: Scene) -> Any:
    """Another optimizer over a parameter that is resized by the schedule."""
    param = numbers(6)

    def schedule(step: int) -> float:
        param.resize(100_000, refcheck=False)
        return 0.1

    return scene.module.AdamW({"w": param}, lr=schedule).step({"w": numbers(6)})


def _moved(scene: Scene) -> Any:
    param = np.ones(100_000, np.float32)
    kept = []

    def schedule(step: int) -> float:
        kept.append(param.__reduce__()[2])
        param.__setstate__(kept[0])
        return 0.1

    return scene.module.AdamW(param, lr=schedule).step(np.ones(100_000, np.float32))


CASES: dict[str, Case] = {**SEEN, **BY_MAPPING, **OTHERS}
