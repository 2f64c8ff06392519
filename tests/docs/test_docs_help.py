"""`help()` of every public class and function is complete: signature, options and text say the same."""

from __future__ import annotations

import inspect
import pydoc
import re
import subprocess
import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from help_audit import (
    defaults_of_options,
    documented,
    flaws_of_arguments,
    flaws_of_methods,
    flaws_of_module,
    flaws_of_optimizer,
    flaws_of_text,
)

import adamas
from adamas import functional, reference
from adamas._numerics.formats import StateFormat
from adamas._optimizer.docstrings import option_texts
from adamas.rules import FORMULAS, SPECS
from adamas.rules.docstring import described, entries, listed, sections
from adamas.rules.hyperparameter import BETAS, LR
from adamas.rules.lazy_docstring import LazilyDocumented, LazyDocstring
from adamas.rules.memory import FORMATS, bytes_per_element, shown_bytes
from adamas.rules.peer_defaults import PEER_DEFAULTS

each_rule = pytest.mark.parametrize("name", SPECS)

#: Modules with public functions and classes; those of the adapters are in the folders of their tests.
MODULES = [
    adamas,
    adamas.adapters,
    adamas.averaging,
    adamas.checkpoint,
    functional,
    adamas.observe,
    adamas.partitions,
    reference,
    adamas.runtime,
    adamas.schedules,
]


@each_rule
@pytest.mark.parametrize("module", [adamas, reference])
def test_help_of_an_optimizer_is_complete(module: ModuleType, name: str) -> None:
    cls = getattr(module, name)
    assert flaws_of_optimizer(cls, defaults_of_options()) == []
    shown = pydoc.plain(pydoc.render_doc(cls))
    for each in [*inspect.signature(cls).parameters, *adamas.Options.__annotations__]:
        assert f" |      {each}: " in shown or f" |      **{each}: " in shown
    assert list(sections(cls.__doc__))[1:3] == ["Args", "States"]


@each_rule
def test_states_are_named_with_their_bytes(name: str) -> None:
    spec, text = SPECS[name], sections(getattr(adamas, name).__doc__)["States"]
    assert {"step", *spec.states, *spec.scalars, *spec.shared_scalars} == set(
        re.findall(r"^- ``(\w+)``: ", text, re.MULTILINE)
    )
    formula = spec.formula_for({each.name: each.default for each in spec.hyperparameters})
    for each in FORMATS:
        assert f"{shown_bytes(bytes_per_element(formula, each))} with" in " ".join(text.split())


@each_rule
@pytest.mark.parametrize("state_format", FORMATS)
def test_bytes_are_those_of_the_arrays(name: str, state_format: StateFormat) -> None:
    """The matrix consists of whole blocks. States by row and column do not count as bytes for each element."""
    if state_format is StateFormat.BFLOAT16:
        pytest.importorskip("ml_dtypes")
    w = np.ones((128, 256), np.float32)
    opt = getattr(adamas, name)([w], state_dtype=state_format.value)
    formula = SPECS[name].formula_for(opt.defaults, w.shape)
    kept = {key: array for key, array in opt.state[0].items() if isinstance(array, np.ndarray)}
    total = sum(array.nbytes for key, array in kept.items() if key.removesuffix("_scale") not in formula.axes)
    assert total == bytes_per_element(formula, state_format) * w.size


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_help_of_a_module_is_complete(module: ModuleType) -> None:
    assert flaws_of_module(module) == []


def test_the_audit_has_something_to_look_at() -> None:
    """It would be silent about an empty docstring, a wrong default, or a reference to another place."""

    def two(first: int, second: int = 2) -> None:  # noqa: D417
        """Do something.

        Args:
            first: As of `other`.
        """

    assert flaws_of_arguments(two, "two") == ["two: no text on 'second'"]
    assert flaws_of_text(two.__doc__ or "", "two") == ["two: says 'As of `'"]
    assert documented(two) == {"first": "As of `other`."}

    class Optimizer:
        """Summary.

        Args:
            lr: Learning rate. Default: 0.1.
        """

        def __init__(self, lr: float = 0.2) -> None:
            pass

        def step(self, grads: Any) -> None:
            """Step."""

    assert flaws_of_optimizer(Optimizer, {"seed": 0})[0].startswith("Optimizer: lr=0.2 is not the default")
    assert flaws_of_optimizer(Optimizer, {"seed": 0})[-1].endswith("no text on the option 'seed'")
    Optimizer.step.__module__ = "adamas.somewhere"
    assert flaws_of_methods(Optimizer) == [f"{Optimizer.__module__}.{Optimizer.__qualname__}.step: no text on 'grads'"]


def test_options_are_all_described() -> None:
    assert list(option_texts()) == list(adamas.Options.__annotations__)
    for name, default in defaults_of_options().items():
        assert option_texts()[name].endswith(f"Default: {default!r}."), name


@each_rule
def test_functions_show_their_defaults(name: str) -> None:
    function = getattr(functional, SPECS[name].function)
    for each, parameter in inspect.signature(function).parameters.items():
        text = documented(function)[each]
        assert parameter.default is parameter.empty or text.endswith(f"Default: {parameter.default!r}."), each
    assert set(sections(function.__doc__)) == {"", "Args", "Raises", "Example", "References"}


def test_arguments_in_the_words_of_an_adapter() -> None:
    names = {"lr": "learning_rate"}
    assert described(LR, 0.5, callables="").startswith("Learning rate. A finite number >= 0. Default: 0.5.")
    assert described(BETAS, 0.9, part=1, callables="").endswith("A number in [0, 1). Default: 0.9.")
    texts = described(LR._replace(text="Times ``lr*x``, not ``lr_x`` or lr."), names=names, callables="")
    assert texts.startswith("Times ``learning_rate*x``, not ``lr_x`` or lr.")
    assert entries(listed({"lr": "a b: c", "*args": "d"})) == {"lr": "a b: c", "*args": "d"}


def test_docstrings_are_made_when_they_are_read() -> None:
    made = []

    def make() -> str:
        made.append(1)
        return "text"

    class Documented(metaclass=LazilyDocumented):
        __doc__ = LazyDocstring(make)

    assert made == []
    assert Documented.__doc__ == Documented().__doc__ == inspect.getdoc(Documented) == "text"
    assert made == [1]
    assert pydoc.plain(pydoc.render_doc(Documented)).count("text") == 1

    class Own(Documented):
        """Own text."""

    class Without(Documented):
        pass

    assert (Own.__doc__, Without.__doc__, inspect.getdoc(Without)) == ("Own text.", None, "text")
    Own.__doc__ = "Another text."
    assert Own.__doc__ == "Another text."


def test_importing_adamas_makes_no_docstrings() -> None:
    program = "import sys, adamas; adamas.AdamW; print([m for m in sys.modules if 'docstring' in m and 'adamas' in m])"
    done = subprocess.run([sys.executable, "-c", program], check=True, timeout=120, capture_output=True, text=True)
    assert done.stdout.strip() == "['adamas.rules.lazy_docstring']"


def test_defaults_of_other_libraries_are_of_rules_and_arguments_that_exist() -> None:
    for name, peers in PEER_DEFAULTS.items():
        for defaults in peers.values():
            assert set(defaults) <= set(SPECS[name].argument_names)
    assert len(FORMULAS) >= len(SPECS)
