"""One hostile input, and what must come of it: its error and nothing changed, or the right result."""

from __future__ import annotations

import functools
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hostile.scenes import SCENES, Scene, leaves

import adamas
from adamas import reference

Act = Callable[[Scene], Any]
MODULES = {"compiled": adamas, "reference": reference}


@dataclass(frozen=True)
class Case:
    """One hostile input.

    Attributes:
        acts: What is done with it, each by itself: all end alike.
        error: What is raised; None if the input is as good as an honest one.
        message: A pattern that is found in the message.
        like: The honest way to what ``acts`` do, if there is no error; None if they change nothing.
        scene: The optimizer that is attacked.
        spoil: Done before; what it changes does not count, and ``acts`` must not change it further.
            (Groups, defaults of steps, threads, and shapes and flags of parameters are put back afterwards.)
        modules: Where it applies.
        ends: The optimizer cannot go on after it, and must say so.
    """

    acts: tuple[Act, ...]
    error: type[BaseException] | None = None
    message: str = ""
    like: Act | None = None
    scene: str = "plain"
    spoil: Act | None = None
    modules: tuple[str, ...] = tuple(MODULES)
    ends: bool = False


def refused(error: type[BaseException], message: str, *acts: Act, **how: Any) -> Case:
    """Make a case that ends in an error."""
    return Case(acts, error, message, **how)


def correct(like: Act | None, *acts: Act, **how: Any) -> Case:
    """Make a case that ends in the result that an honest input has."""
    return Case(acts, like=like, **how)


class Wrong(AssertionError):  # noqa: N818
    """The outcome of an attack is not what it must be."""


def attack(case: Case) -> dict[str, bytes]:
    """Do it to each kind of optimizer, and see that the outcome is right, and the same.

    Raises:
        Wrong: It is not.
    """
    ends = [_attack(case, module) for module in case.modules]
    for end in ends[1:]:
        _compare(ends[0], end, "compiled and reference differ")
    return ends[0]


def _attack(case: Case, module: str) -> dict[str, bytes]:
    scene = _set(case.scene, module)
    twin = None if case.like is None else _set(case.scene, module)
    scenes = [made for made in (scene, twin) if made is not None]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            put_back = [_keep(made) for made in scenes]
            if case.spoil is not None:
                case.spoil(scene)
            for act in case.acts:
                _attempt(case, module, scene, twin, act)
            for restore in put_back:
                restore()
            return _go_on(case, module, scene, twin)
    finally:
        for made in scenes:
            made.leave()


def _set(scene: str, module: str) -> Scene:
    return SCENES[scene](MODULES[module])


def _attempt(case: Case, module: str, scene: Scene, twin: Scene | None, act: Act) -> None:
    before, groups = content(scene), group_values(scene)
    result: Any = None
    caught: BaseException | None = None
    try:
        result = act(scene)
    except BaseException as error:
        if not isinstance(error, Exception if case.error is None else (Exception, case.error)):
            raise
        caught = error
    if case.error is None:
        if caught is not None:
            raise Wrong(f"{module}: {type(caught).__name__} instead of a result: {caught}") from caught
        wanted = None if twin is None or case.like is None else case.like(twin)
        if wanted is not None and repr(result) != repr(wanted):
            raise Wrong(f"{module}: returned {result!r} instead of {wanted!r}")
        _compare(content(scene), before if twin is None else content(twin), f"{module}: wrong result")
    else:
        if not isinstance(caught, case.error):
            raise Wrong(f"{module}: {caught!r} instead of a {case.error.__name__} ({case.message})") from caught
        if not re.search(case.message, str(caught)):
            raise Wrong(f"{module}: {caught!r} does not say {case.message!r}") from caught
        _compare(content(scene), before, f"{module}: silent change")
        now = group_values(scene)
        if len(now) != len(groups) or any(a is not b for a, b in zip(now, groups, strict=True)):
            raise Wrong(f"{module}: silent change in param_groups")
    for array, original in scene.watched:
        if array.tobytes() != original:
            raise Wrong(f"{module}: silent change of an array that was only to be read")


@functools.cache
def _untouched(scene: str, module: str) -> tuple[Any, dict[str, bytes]]:
    """Return what an optimizer that nobody has attacked reports of its next step, and what it comes to."""
    return _next(_set(scene, module))


def _next(scene: Scene) -> tuple[Any, dict[str, bytes]]:
    return scene.opt.step(scene.grads(2)), content(scene)


def _go_on(case: Case, module: str, scene: Scene, twin: Scene | None) -> dict[str, bytes]:
    """Step on, as an untouched twin does."""
    if case.ends:
        before = content(scene)
        try:
            scene.opt.step(scene.grads(2))
        except (TypeError, ValueError, RuntimeError):
            _compare(content(scene), before, f"{module}: silent change afterwards")
            return before
        raise Wrong(f"{module}: it stepped on, and should have refused")
    report, after = _next(scene)
    expected, wanted = _untouched(case.scene, module) if twin is None else _next(twin)
    if report != expected:
        raise Wrong(f"{module}: silent change, seen in the next step: it reports {report} instead of {expected}")
    _compare(after, wanted, f"{module}: silent change, seen in the next step")
    return after


def content(scene: Scene) -> dict[str, bytes]:
    """Return everything that a step, a load or an average could change."""
    opt = scene.opt
    found = {f"params {i}": array.tobytes() for i, array in enumerate(leaves(scene.params))}
    found |= {f"copies {i}": array.tobytes() for i, array in enumerate(scene.copies)}
    for name, entry in opt.state.items():
        for key, value in entry.items():
            found[f"state {name} {key}"] = value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode()
    counts = (
        opt._engine.completed,
        opt._engine.accumulated,
        opt._engine.previous_norm,
        opt._model.refusal,
        opt._model.scope,
    )
    found["counts"] = repr(counts).encode()
    settings = vars(opt.step_defaults).items()
    found["settings"] = repr([item for item in settings if not item[0].startswith("_")]).encode()
    return found


def group_values(scene: Scene) -> list[Any]:
    """Return all keys and values of the groups, to be compared by identity: they may be hostile."""
    groups = scene.opt.param_groups
    if not isinstance(groups, list):
        return [groups]
    pairs = [item for group in list.copy(groups) if isinstance(group, dict) for item in dict.items(group)]
    return [part for pair in pairs for part in pair]


def _compare(actual: dict[str, bytes], wanted: dict[str, bytes], what: str) -> None:
    different = [name for name in wanted if actual.get(name) != wanted[name]]
    if different or actual.keys() != wanted.keys():
        raise Wrong(f"{what}: {', '.join(different) or 'other arrays'}")


def _keep(scene: Scene) -> Callable[[], None]:
    """Return what puts back all that an attack may have set."""
    opt, arrays = scene.opt, leaves(scene.params) + scene.copies
    groups, each, values = opt.param_groups, list(opt.param_groups), [dict(group) for group in opt.param_groups]
    defaults, settings = opt.step_defaults, dict(opt.step_defaults.__dict__)
    kept = [(array, array.dtype, array.shape) for array in arrays]
    isa = adamas.active_isa()

    def put_back() -> None:
        for group, value in zip(each, values, strict=True):
            group.clear()
            group.update(value)
        groups[:] = each
        opt.param_groups, opt.step_defaults, opt.num_threads = groups, defaults, None
        defaults.__dict__.clear()
        defaults.__dict__.update(settings)
        adamas.use_isa(isa)
        adamas.set_num_threads(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            for array, dtype, shape in kept:
                array.flags.writeable = array.flags.aligned = True
                if (array.dtype, array.shape) != (dtype, shape) and array.nbytes == np.prod(shape) * dtype.itemsize:
                    array.dtype = dtype
                    array.shape = shape

    return put_back
