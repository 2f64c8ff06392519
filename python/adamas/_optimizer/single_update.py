"""Functions that update one parameter by a rule; the caller keeps the states."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from adamas import _core
from adamas._inputs.arrays import check_array, check_like, check_overlap
from adamas._inputs.hyperparameters import check_group, check_threads, scalar, whole_number
from adamas._inputs.names import no_argument
from adamas._inputs.values import shown
from adamas._numerics.axes import AXES, axis_shape
from adamas._types import Array
from adamas.rules import Formula, Hyperparameter, Range, RuleSpec
from adamas.rules.docstring import described, joined, listed

#: There are no steps from this one on.
_END_OF_STEPS = 2**62

#: What a function takes beside arrays and hyperparameters.
_OTHERS = ("step", "scalars", "num_threads")


def make_function(spec: RuleSpec, module: str) -> Callable[..., None]:
    """Make the function of a rule, as it appears in a module."""
    call = _SingleUpdate(spec)

    def update(*args: Any, **kwargs: Any) -> None:
        call(args, kwargs)

    update.__name__ = update.__qualname__ = spec.function
    update.__module__ = module
    update.__doc__ = docstring_of(spec)
    update.__signature__ = signature_of(spec)  # type: ignore[attr-defined]
    return update


class _Call(NamedTuple):
    """The keywords of a call but its step, none of which can change, and what they came to with so many arguments."""

    names: tuple[str, ...]
    values: tuple[Any, ...]
    arguments: int
    formula: str
    group: dict[str, Any]
    threads: int


class _SingleUpdate:
    """One update by a rule."""

    #: The last call that can be repeated: mostly the next one is as it was except for arrays and step.
    _last: _Call | None = None

    def __init__(self, spec: RuleSpec) -> None:
        self._spec = spec
        self._formulas = {formula.name: formula for formula in spec.formulas}
        self._beta_count = spec.beta_count
        self._defaults = {each.name: each.default for each in spec.hyperparameters}
        self._names = [each.name for each in arguments_of(spec)]
        self._allowed = frozenset((*self._names, *_OTHERS))
        self._schedulable = [(each.name, each) for each in spec.hyperparameters if each.schedulable]
        self._by_state = [
            (each.name, each.state, spec.states.index(each.state)) for each in spec.hyperparameters if each.by_state
        ]
        #: The formula depends on hyperparameters, which must be valid to choose it.
        self._checks_first = len(spec.formulas) > 1 and not self._by_state

    def __call__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if self._repeats(args, kwargs):
            return
        call = dict(kwargs)
        param, grad, positional, named = self._take_arrays(args, kwargs)
        if not kwargs.keys() <= self._allowed:
            unknown = next(name for name in kwargs if name not in self._allowed)
            raise TypeError(no_argument(unknown, self._spec.name, [*self._names, *_OTHERS]))
        if "step" not in kwargs:
            raise TypeError(f"{self._spec.function}() missing 1 required keyword-only argument: 'step'")
        step, scalars, threads = kwargs.pop("step"), kwargs.pop("scalars", None), kwargs.pop("num_threads", None)
        group = {**self._defaults, **kwargs}
        self._refuse_schedules(group)
        for name, state, place in self._by_state:
            given = positional[place] if place < len(positional) else named.get(state)
            group[name] = given is not None
        if self._checks_first:
            self._check_group(group, None)
        if self._spec.by_shape:
            formula = self._spec.formula_for(group, np.shape(param))
        else:
            formula = self._formulas[self._spec.choose(group)]
        states = self._take_states(formula, positional, named)
        known = {**formula.scalars, **formula.shared_scalars}
        numbers = _check_scalars(scalars, known, formula.signed_scalars)
        self._update(formula, param, grad, states, group, step, threads, numbers)
        if not known and not self._spec.by_shape and len(args) == 2 + len(formula.states):
            self._remember(call, len(args), formula, group)
        if scalars is not None:
            dict.update(scalars, zip(known, numbers, strict=True))  # whatever a subclass does

    def _repeats(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Do what the last call did, with other arrays and another step, if this one is like it and acceptable."""
        last = self._last
        if last is None or len(args) != last.arguments or "step" not in kwargs:
            return False
        rest = {**kwargs}
        step = rest.pop("step")
        if tuple(rest) != last.names or not all(map(operator.is_, rest.values(), last.values)):
            return False
        if type(step) is not int or not 1 <= step < _END_OF_STEPS:
            return False
        states = args[2:]
        done: bool = _core.update(
            last.formula, args[0], args[1], states, last.group, self._beta_count, step, last.threads, [], (0, 0)
        )
        return done

    def _remember(self, call: dict[str, Any], arguments: int, formula: Formula, group: dict[str, Any]) -> None:
        """Keep a call, unless somebody could change a value of it."""
        del call["step"]
        if all(map(_is_unchangeable, call.values())):
            threads = check_threads(call.get("num_threads"))
            self._last = _Call(tuple(call), tuple(call.values()), arguments, formula.name, group, threads)

    def _take_arrays(
        self, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> tuple[Any, Any, Sequence[Any], dict[str, Any]]:
        """Return parameter, gradient and states, by position and by name; takes those out of ``kwargs``."""
        named = {}
        if not kwargs.keys().isdisjoint(self._spec.states):
            named = {name: kwargs.pop(name) for name in self._spec.states if name in kwargs}
        if len(args) >= 2 and "param" not in kwargs and "grad" not in kwargs:
            return args[0], args[1], args[2:], named
        found = dict(zip(("param", "grad"), args, strict=False))
        for name in ("param", "grad"):
            if name in found and name in kwargs:
                raise TypeError(f"{self._spec.function}() got multiple values for argument {name!r}")
            if name not in found and name not in kwargs:
                raise TypeError(f"{self._spec.function}() missing 1 required positional argument: {name!r}")
            found.setdefault(name, kwargs.pop(name, None))
        return found["param"], found["grad"], args[2:], named

    def _take_states(self, formula: Formula, positional: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
        """Return the states by name. By position they are those of the formula, or all, with None for others."""
        if not named and len(positional) == len(formula.states):
            return dict(zip(formula.states, positional, strict=True))
        names = self._spec.states if len(positional) == len(self._spec.states) else tuple(formula.states)
        found = dict(zip(names, positional, strict=False))
        for name in named:
            if name in found:
                raise TypeError(f"{self._spec.function}() got multiple values for argument {name!r}")
        found.update(named)
        states = {name: found.pop(name) for name in formula.states if name in found}
        others = [name for name, array in found.items() if array is not None]
        given = len(states) + len(others) + max(len(positional) - len(names), 0)
        if given != len(formula.states) or others:
            raise TypeError(f"states: expected {', '.join(formula.states) or 'none'}, got {given}")
        return states

    def _refuse_schedules(self, group: Mapping[str, Any]) -> None:
        for name, each in self._schedulable:
            if callable(group[name]):
                expected = "numbers" if each.range is Range.BETAS else Range.NON_NEGATIVE.value
                raise TypeError(
                    f"{name}: expected {expected}, got {shown(group[name])}; call it with the step yourself"
                )

    def _check_group(self, group: Mapping[str, Any], completed: int | None) -> None:
        checked = check_group(group, "{}", self._spec.hyperparameters, completed)
        self._spec.check_group(checked, "{}")

    def _update(
        self,
        formula: Formula,
        param: Array,
        grad: Array,
        states: dict[str, Array],
        group: dict[str, Any],
        step: int,
        num_threads: int | None,
        numbers: list[float],
    ) -> None:
        count = whole_number(step, "step", 1)
        if count >= _END_OF_STEPS:
            raise ValueError(f"step: expected a whole number >= 1, got {shown(step)}")
        threads = check_threads(num_threads)
        arrays = tuple(states.values())
        shape = self._spec.matrix(group, np.shape(param), "param") if formula.axes else None
        matrix = (0, 0) if shape is None else (shape[-2], shape[-1])
        if _core.update(formula.name, param, grad, arrays, group, self._beta_count, count, threads, numbers, matrix):
            return
        check_array(param, "param", writable=True)
        if param.dtype.itemsize < 4:
            raise TypeError(
                f"param: expected dtype float32 or float64, got {param.dtype}; for others, make an optimizer"
            )
        check_like(grad, "grad", param, "param")
        for name, state in states.items():
            if name in formula.axes:
                assert shape is not None
                _check_axis(state, name, axis_shape(formula.states[name], shape), param)
            else:
                check_like(state, name, param, "param", writable=True)
        check_overlap([("param", param), ("grad", grad), *states.items()])
        self._check_group(group, count - 1)
        raise RuntimeError("an input changed while it was being checked; nothing was updated")


def _check_axis(state: Any, name: str, shape: tuple[int, ...], param: Array) -> None:
    checked = check_array(state, name, writable=True)
    if checked.dtype != param.dtype:
        raise TypeError(f"{name}: expected dtype {param.dtype}, as param has, got {checked.dtype}")
    if checked.shape != shape:
        raise ValueError(f"{name}: expected shape {shape}, got {checked.shape}")


def _is_unchangeable(value: Any) -> bool:
    if type(value) is tuple:
        return all(map(_is_unchangeable, value))
    return type(value) in (float, int, bool, str, type(None))


def _check_scalars(scalars: Any, known: Mapping[str, float], signed: Container[str]) -> list[float]:
    if scalars is None and not known:
        return []
    if known and not isinstance(scalars, dict):
        raise TypeError(f"scalars: expected a dict of {', '.join(known)}, to be moved on, got {shown(scalars)}")
    given = scalars or {}
    if set(given) != set(known):
        names = ", ".join(map(str, given)) or "none"
        raise ValueError(f"scalars: expected {', '.join(known) or 'none'}, got {names}")
    return [scalar(given[name], f"scalars[{name!r}]", signed=name in signed) for name in known]


def arguments_of(spec: RuleSpec) -> list[Hyperparameter]:
    """Return the hyperparameters that are arguments of the function."""
    return [each for each in spec.arguments if not each.by_state]


def signature_of(spec: RuleSpec) -> inspect.Signature:
    """Return the signature of a rule's function, with annotations as text."""
    kinds = inspect.Parameter
    arrays = [kinds(name, kinds.POSITIONAL_OR_KEYWORD, annotation="Array") for name in ("param", "grad")]
    optional = spec.later_states
    arrays += [
        kinds(name, kinds.POSITIONAL_OR_KEYWORD, default=None, annotation="Array | None")
        if name in optional
        else kinds(name, kinds.POSITIONAL_OR_KEYWORD, annotation="Array")
        for name in spec.states
    ]
    others = [kinds("step", kinds.KEYWORD_ONLY, annotation="int")]
    if spec.scalars or spec.shared_scalars:
        others.append(kinds("scalars", kinds.KEYWORD_ONLY, annotation="dict[str, float]"))
    hyperparameters = [
        kinds(
            each.name,
            kinds.KEYWORD_ONLY,
            default=each.default,
            annotation="float" if each.range is Range.LEARNING_RATE else each.annotation,
        )
        for each in arguments_of(spec)
    ]
    threads = kinds("num_threads", kinds.KEYWORD_ONLY, default=None, annotation="int | None")
    return inspect.Signature([*arrays, *others, *hyperparameters, threads], return_annotation="None")


#: On ``max_lr``, which has no group to be taken from.
_RATE_TEXT = (
    "The largest learning rate of the schedule, a finite number > 0. The decays 'corrected' and 'independent' need it. "
    "Default: None."
)


def docstring_of(spec: RuleSpec) -> str:
    """Return the docstring of a rule's function; none where Python has dropped docstrings (``-OO``)."""
    if not spec.__doc__:
        return ""
    name, own = spec.name, spec.documentation
    texts = {
        "param": "The parameter: a float32 or float64 array, C-contiguous, aligned and writeable. It is updated.",
        "grad": "Its gradient, of the same shape and dtype. It is only read.",
        **{state: _state_line(spec, state) for state in spec.states},
        "step": "The number of this step, a whole number >= 1.",
    }
    scalars = {**spec.scalars, **spec.shared_scalars}
    if scalars:
        first = ", ".join(f"``{scalar}`` with {value:g}" for scalar, value in scalars.items())
        texts["scalars"] = (
            f"A dict of the numbers that the rule keeps beside the step count. Before the first step it has {first}. "
            "It is updated."
        )
    if spec.shared_scalars:
        texts["scalars"] += (
            " The rule defines them for all parameters of a model; here they come from this one alone, so a model of "
            f"several parameters needs `adamas.{name}`."
        )
    texts |= {
        each.name: _RATE_TEXT if each.range is Range.OPTIONAL_RATE else described(each, callables="", in_groups=False)
        for each in arguments_of(spec)
    }
    texts["num_threads"] = (
        "The most threads to use, a whole number >= 1. None: the limit of the library (`adamas.get_num_threads`). "
        "Default: None."
    )
    raises = {
        "TypeError": "An argument has the wrong type; the message names it. No array is modified.",
        "ValueError": "An array does not fit or overlaps another one, or an argument is out of range. No array is "
        "modified.",
    }
    parts = {
        "Args": listed(texts),
        "Raises": listed(raises),
        "Example": inspect.cleandoc(spec.function_example) or _example(spec),
        "References": own["References"],
    }
    return joined(f"Update one parameter in place by the rule of `adamas.{name}`.\n\n{own['']}", parts)


def _state_line(spec: RuleSpec, state: str) -> str:
    first = spec.first_values({each.name: each.default for each in spec.hyperparameters})
    start = "zeros"
    if state in first:
        start = "a copy of the parameter" if first[state] is None else f"filled with {first[state]:g}"
    kind = next(formula.states[state] for formula in spec.formulas if state in formula.states)
    extent = f"of the same dtype, with one number for each {kind}" if kind in AXES else "of the same shape and dtype"
    line = f"A state of the rule: an array {extent}, {start} before the first step. It is updated."
    for each in spec.hyperparameters:
        if each.state == state:
            line += f" Giving it turns on ``{each.name}``." if each.by_state else f" Only with ``{each.name}``."
    if state in spec.later_states:
        line += " Default: None."
    return line


def _example(spec: RuleSpec) -> str:
    """Return an example that minimizes the square of a vector."""
    group = {each.name: each.default for each in spec.hyperparameters}
    formula = spec.formula_for(group, (2,))
    first = spec.first_values(group)
    starts = {name: f"np.full(2, {first[name]})" if first.get(name) else "np.zeros(2)" for name in formula.states}
    scalars = {**formula.scalars, **formula.shared_scalars}
    given = [*(f"{name}={name}" for name in starts), "step=step", *(["scalars=scalars"] if scalars else [])]
    lines = [
        ">>> import numpy as np",
        f">>> from adamas.functional import {spec.function}",
        ">>> p = np.array([1.0, -2.0])",
        *(f">>> {name} = {start}" for name, start in starts.items()),
        *([f">>> scalars = {scalars}"] if scalars else []),
        ">>> for step in range(1, 11):",
        f"...     {spec.function}(p, 2 * p, {', '.join(given)})",
        ">>> bool(p[0] < 1.0 and p[1] > -2.0)",
        "True",
    ]
    return "\n".join(lines)
