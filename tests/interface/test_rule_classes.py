"""Classes and functions made from the specifications of rules: they behave as if they had been written."""

from __future__ import annotations

import copy
import inspect
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from refusing import both

import adamas
from adamas import functional, reference
from adamas.rules import FORMULAS, SPECS, Range

each_rule = pytest.mark.parametrize("name", SPECS)


@each_rule
def test_compiled_and_reference_are_siblings(name: str) -> None:
    ours, plain = getattr(adamas, name), getattr(reference, name)
    assert not issubclass(ours, plain)
    assert not issubclass(plain, ours)
    assert ours.spec is plain.spec is SPECS[name]
    assert (ours.__module__, ours.__qualname__) == ("adamas.optimizers", name)
    assert (plain.__module__, plain.__qualname__) == ("adamas.reference", name)
    assert ours.__doc__ == plain.__doc__
    assert ours.__doc__.startswith(SPECS[name].summary)


@each_rule
def test_defaults_are_those_of_the_specification(name: str) -> None:
    spec = SPECS[name]
    opt = getattr(adamas, name)([np.ones(2)])
    assert opt.defaults == {each.name: each.default for each in spec.hyperparameters}
    parameters = inspect.signature(getattr(adamas, name)).parameters
    assert list(parameters) == ["params", *(each.name for each in spec.arguments), "options"]
    formula = spec.formula_for(opt.defaults, (2,))
    assert list(opt.state[0]) == ["step", *formula.scalars, *formula.states]
    assert spec.papers


@each_rule
def test_functions(name: str) -> None:
    function = getattr(functional, SPECS[name].function)
    assert (function.__module__, function.__name__) == ("adamas.functional", SPECS[name].function)
    assert pickle.loads(pickle.dumps(function)) is function
    with pytest.raises(TypeError, match=r"missing 1 required positional argument: 'grad'"):
        function(np.ones(2))
    with pytest.raises(TypeError, match=r"missing 1 required keyword-only argument: 'step'"):
        function(np.ones(2), np.ones(2))
    with pytest.raises(TypeError, match=r"got multiple values for argument 'param'"):
        function(np.ones(2), param=np.ones(2), step=1)


def test_states_of_functions_by_position_and_by_name() -> None:
    """By position they are those of the formula, or all of the rule's, with None for those that are not kept."""
    rng = np.random.default_rng(0)
    grad = rng.standard_normal(5)
    results = []
    for how in ("kept", "all", "named"):
        p, v, b = np.ones(5), np.zeros(5), np.zeros(5)
        options: dict[str, Any] = {"step": 1, "momentum": 0.9}
        update: Any = functional.rmsprop_
        if how == "kept":
            update(p, grad, v, b, **options)
        elif how == "all":
            update(p, grad, v, None, b, **options)
        else:
            update(grad=grad, param=p, momentum_buffer=b, square_avg=v, **options)
        results.append((p.tobytes(), v.tobytes(), b.tobytes()))
    assert results[0] == results[1] == results[2]
    for states in ((v,), (v, b, b), (v, b, b, b)):
        with pytest.raises(TypeError, match=r"^states: expected square_avg, momentum_buffer, got \d$"):
            update(p, grad, *states, **options)
    with pytest.raises(TypeError, match=r"^rmsprop_\(\) got multiple values for argument 'square_avg'"):
        update(p, grad, v, b, square_avg=v, **options)


@both
def test_arguments_are_refused_in_the_words_of_python(module: Any) -> None:
    with pytest.raises(TypeError, match=r"^Lion.__init__\(\) missing 1 required positional argument: 'params'$"):
        module.Lion()
    with pytest.raises(TypeError, match=r"^Lion.__init__\(\) takes from 2 to 5 positional arguments but 6 were given$"):
        module.Lion([np.ones(2)], 0.1, (0.9, 0.9), 0.1, True)
    with pytest.raises(TypeError, match=r"^Lion.__init__\(\) got multiple values for argument 'lr'$"):
        module.Lion([np.ones(2)], 0.1, lr=0.1)


@both
def test_subclasses_have_their_own_signatures(module: Any) -> None:
    class Same(module.Lion):  # type: ignore[misc]
        pass

    class Other(module.Lion):  # type: ignore[misc]
        def __init__(self, params: Any, rate: float) -> None:
            super().__init__(params, lr=rate)

    assert inspect.signature(Same) == inspect.signature(module.Lion)
    assert list(inspect.signature(Other).parameters) == ["params", "rate"]
    assert Other([np.ones(2)], 0.5).param_groups[0]["lr"] == 0.5
    for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="cannot be copied or pickled"):
            attempt(module.Lion([np.ones(2)]))


_ADAFACTOR = {"adafactor", "adafactor_momentum", "adafactor_vector", "adafactor_vector_momentum"}


def test_traits() -> None:
    assert {name for name, formula in FORMULAS.items() if formula.axes} == {
        "adafactor",
        "adafactor_momentum",
        "adam_mini",
    }
    assert {name for name, formula in FORMULAS.items() if formula.has_closed_form} == {"adam"}
    assert {name for name, formula in FORMULAS.items() if formula.sums} == {
        *_ADAFACTOR,
        "lamb",
        "lars",
        "mars",
        "novograd",
        "prodigy",
        "stable_adamw",
    }
    assert {name for name, formula in FORMULAS.items() if formula.shared_scalars} == {"prodigy"}
    assert {name for name, formula in FORMULAS.items() if not formula.works_on_rows} == {
        *_ADAFACTOR,
        "adam_mini",
        "lamb",
        "laprop",
        "lars",
        "mars",
        "nadam",
        "novograd",
        "prodigy",
        "schedule_free",
        "schedule_free_radam",
        "schedule_free_sgd",
        "stable_adamw",
    }
    assert {name for name, spec in SPECS.items() if spec.evaluation} == {
        "ScheduleFreeAdamW",
        "ScheduleFreeSGD",
        "ScheduleFreeRAdam",
    }
    assert SPECS["RMSprop"].states == ("square_avg", "grad_avg", "momentum_buffer")
    assert SPECS["RMSprop"].later_states == ("grad_avg", "momentum_buffer")


@each_rule
def test_specifications_are_consistent(name: str) -> None:
    spec = SPECS[name]
    order = [(each.fixed, each.keyword_only) for each in spec.hyperparameters]
    assert order == sorted(order)
    assert {each.state for each in spec.hyperparameters} - {""} <= set(spec.later_states)
    assert set(spec.documentation) - {"Raises"} == {"", "Example", "References"}
    for each in spec.hyperparameters:
        assert each.frozen or not each.fixed
        assert isinstance(each.default, bool) == (each.range is Range.FLAG)
        assert isinstance(each.default, tuple) == (each.range in (Range.BETAS, Range.PAIR, Range.EPSILONS))
        assert each.text.endswith(".")
        assert len(each.parts) == (len(each.default) if isinstance(each.default, tuple) else 0)


def test_without_docstrings() -> None:
    """They are read to make others, but ``python -OO`` drops them."""
    program = "import adamas, numpy as np; adamas.functional.sgd_(*np.ones((2, 3)), step=1); print(adamas.SGD.__doc__)"
    command = [sys.executable, "-OO", "-B", "-c", program]
    assert subprocess.run(command, check=True, timeout=120, capture_output=True).stdout.split() == [b"None"]


def test_a_specification_says_what_it_is() -> None:
    assert repr(SPECS["SGD"]).startswith("<rule SGD: lr=0.001, momentum=0.0, dampening=0.0, ")
