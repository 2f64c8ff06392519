"""Specifications of update rules: everything about a rule that is not arithmetic."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

from adamas._types import Array
from adamas.rules.common import check_cautious, check_decay
from adamas.rules.flower_words import FlowerWords
from adamas.rules.formula import Coefficients, Formula
from adamas.rules.hyperparameter import Hyperparameter, Range
from adamas.rules.keras_words import KerasWords


class Evaluation(ABC):
    """How parameters are evaluated, by a rule that trains them at another point."""

    @abstractmethod
    def coefficients(self, group: Mapping[str, Any]) -> dict[str, float]:
        """Return numbers that `value` needs, in float64."""

    @abstractmethod
    def value(self, y: Array, state: Mapping[str, Array], c: Coefficients) -> Array:
        """Return the point to evaluate at, for a parameter that has been stepped.

        Plain operators alone, so that it serves arrays of any library. All of ``c`` has the dtype of ``y``.
        """


class RuleSpec:
    """An update rule as data: classes, functions, documentation and benchmarks are made from it.

    A rule is a subclass with the name of the optimizer, entered into the registry by `enter`. Its docstring has what
    only this rule has: a summary, the equations, errors that no other rule raises, a runnable Example, References. The
    docstrings of the classes are made of it and of what `hyperparameters` and `formulas` say.

    Example:
        >>> from adamas import rules
        >>> spec = rules.SPECS["AdamW"]
        >>> [hyperparameter.name for hyperparameter in spec.arguments if not hyperparameter.later]
        ['lr', 'betas', 'eps', 'weight_decay', 'amsgrad', 'maximize', 'bias_correction', 'eps_hat']
        >>> spec.hyperparameters[3].default, spec.hyperparameters[3].range.value
        (0.01, 'a finite number >= 0')
        >>> spec.formula_for({"amsgrad": False}).states
        {'exp_avg': 'signed / exp_avg_sq', 'exp_avg_sq': 'square'}
        >>> spec.papers
        ('I. Loshchilov, F. Hutter: Decoupled Weight Decay Regularization. ICLR 2019, arXiv:1711.05101.',)
    """

    #: When to use it, in one or two sentences.
    advice: str = ""
    #: In the order of the arguments; those that are ``fixed`` come last.
    hyperparameters: tuple[Hyperparameter, ...]
    #: The forms of the rule, of which one serves each group.
    formulas: tuple[Formula, ...]
    #: How the parameters are evaluated, if not as they are: the optimizers have ``eval`` and ``train`` then.
    evaluation: Evaluation | None = None
    #: Which formula serves a parameter, or what it keeps, depends on the parameter's shape.
    by_shape: bool = False
    #: Hyperparameters that the rule refuses callables for, though they are schedulable.
    numbers_only: tuple[str, ...] = ()
    #: For which parameters a state is kept, where that depends on their shapes.
    state_notes: Mapping[str, str] = {}
    #: What a state has numbers for, if not for each element, row or column.
    state_shapes: Mapping[str, str] = {}
    #: Name of the function of `adamas.functional`; empty for the name of the rule in lower case.
    function_name: str = ""
    #: A runnable example of that function.
    function_example: str = ""
    #: Names, arguments and conventions of the class in `adamas.keras`.
    keras: KerasWords = KerasWords()
    #: Defaults and modes of the strategy in `adamas.flower`.
    flower: FlowerWords = FlowerWords()
    #: Rows of the benchmark: options, by what tells the row from others of the rule.
    variants: Mapping[str, Mapping[str, Any]] = {"": {}}

    def choose(self, group: Mapping[str, Any]) -> str:
        """Return the name of the formula that serves a group with these hyperparameters."""
        return self.formulas[0].name

    def first_values(self, group: Mapping[str, Any]) -> Mapping[str, float | None]:
        """Return the numbers that states start at, where not at zero; None for a copy of the parameter."""
        return {}

    def check_combination(self, group: Mapping[str, Any], path: str) -> None:
        """Refuse hyperparameters of a group, each valid by itself, that do not go together.

        Args:
            group: The hyperparameters.
            path: ``path.format(name)`` is how messages name one.

        Raises:
            ValueError: Naming one.
            TypeError: Naming one that may not be a callable.
        """

    def check_group(self, group: Mapping[str, Any], path: str) -> None:
        """Refuse hyperparameters of a group that do not go together.

        Args:
            group: The hyperparameters, each valid by itself.
            path: ``path.format(name)`` is how messages name one.

        Raises:
            ValueError: Naming one.
            TypeError: Naming one that may not be a callable.
        """
        check_decay(group, path)
        if group.get("cautious"):
            check_cautious(group, path, possible=self.formula_for(group).cautious)
        self.check_combination(group, path)

    def check_together(self, groups: Sequence[Mapping[str, Any]], path: str) -> None:
        """Refuse groups, each valid by itself, that do not go together.

        Args:
            groups: The hyperparameters of each; callables, which nobody has called yet, are left aside.
            path: ``path.format(number, name)`` is how messages name one.

        Raises:
            ValueError: Naming a hyperparameter that must be the same in all of them, and is not.
        """
        for each in self._shared_hyperparameters:
            rests = each.range is Range.LEARNING_RATE
            found: tuple[int, Any] | None = None
            for i, group in enumerate(groups):
                value = tuple(group[each.name]) if isinstance(group[each.name], list) else group[each.name]
                if callable(value) or (rests and value == 0.0):
                    continue
                first, expected = found = found or (i, value)
                if value != expected:
                    raise ValueError(
                        f"{path.format(i, each.name)}: expected {expected!r}, as in group {first}"
                        f"{', or 0' if rests else ''}, got {value!r}; {self.name} has one step size for all groups"
                    )

    @cached_property
    def _shared_hyperparameters(self) -> tuple[Hyperparameter, ...]:
        return tuple(each for each in self.hyperparameters if each.shared)

    def choose_for(self, group: Mapping[str, Any], shape: tuple[int, ...]) -> str:
        """Return the name of the formula that serves a parameter of this shape in such a group."""
        return self.choose(group)

    def matrix(self, group: Mapping[str, Any], shape: tuple[int, ...], path: str) -> tuple[int, ...] | None:
        """Return the shape of the matrices whose rows and columns states are of, in the last two dimensions.

        Args:
            group: The hyperparameters.
            shape: The parameter's.
            path: How messages name the parameter.

        Returns:
            The shape, of as many elements as the parameter has; None for a rule without such states.

        Raises:
            ValueError: The parameter cannot be taken for such matrices.
        """
        return None

    def formula_for(self, group: Mapping[str, Any], shape: tuple[int, ...] | None = None) -> Formula:
        """Return the formula that serves a group with these hyperparameters, or a parameter of this shape in it."""
        return self._formulas_by_name[self.choose(group) if shape is None else self.choose_for(group, shape)]

    @cached_property
    def _formulas_by_name(self) -> dict[str, Formula]:
        return {formula.name: formula for formula in self.formulas}

    def __repr__(self) -> str:
        return f"<rule {self.name}: {', '.join(f'{each.name}={each.default}' for each in self.arguments)}>"

    @cached_property
    def name(self) -> str:
        """Name of the optimizers: ``adamas.<name>``, ``adamas.reference.<name>``, ``adamas.torch.<name>``."""
        return type(self).__name__

    @cached_property
    def function(self) -> str:
        """Name of the function of `adamas.functional`."""
        return self.function_name or f"{self.name.lower()}_"

    @cached_property
    def by_name(self) -> dict[str, Hyperparameter]:
        """The hyperparameters by name."""
        return {hyperparameter.name: hyperparameter for hyperparameter in self.hyperparameters}

    @cached_property
    def arguments(self) -> tuple[Hyperparameter, ...]:
        """The hyperparameters that users may choose."""
        return tuple(hyperparameter for hyperparameter in self.hyperparameters if not hyperparameter.fixed)

    @cached_property
    def positional(self) -> tuple[str, ...]:
        """Names of arguments of the optimizer that may be given by position."""
        return ("params", *(each.name for each in self.arguments if not each.keyword_only))

    @cached_property
    def argument_names(self) -> tuple[str, ...]:
        """Names of the hyperparameters that users may choose."""
        return tuple(hyperparameter.name for hyperparameter in self.arguments)

    @cached_property
    def frozen(self) -> tuple[str, ...]:
        """Names of hyperparameters that keep the value they had at construction."""
        return tuple(hyperparameter.name for hyperparameter in self.hyperparameters if hyperparameter.frozen)

    @cached_property
    def fixed(self) -> tuple[str, ...]:
        """Names of hyperparameters that the rule sets, and nobody may choose."""
        return tuple(hyperparameter.name for hyperparameter in self.hyperparameters if hyperparameter.fixed)

    @cached_property
    def beta_count(self) -> int:
        """How many betas there are; 2 for a rule without."""
        return len(self.by_name["betas"].default) if "betas" in self.by_name else 2

    @cached_property
    def states(self) -> tuple[str, ...]:
        """Names of all states that some formula keeps, in order."""
        longest_first = sorted(self.formulas, key=lambda formula: -len(formula.states))
        return tuple(dict.fromkeys(name for formula in longest_first for name in formula.states))

    @cached_property
    def later_states(self) -> tuple[str, ...]:
        """Names of states that some formula does without: a group may turn them on."""
        return tuple(name for name in self.states if not all(name in formula.states for formula in self.formulas))

    @cached_property
    def scalars(self) -> dict[str, float]:
        """Numbers that some formula keeps for each parameter beside the step count, and their first values."""
        return {name: first for formula in self.formulas for name, first in formula.scalars.items()}

    @cached_property
    def shared_scalars(self) -> dict[str, float]:
        """Numbers that some formula keeps once for all parameters of an optimizer, and their first values."""
        return {name: first for formula in self.formulas for name, first in formula.shared_scalars.items()}

    @cached_property
    def signed_scalars(self) -> frozenset[str]:
        """Those of them that may be negative."""
        return frozenset().union(*(formula.signed_scalars for formula in self.formulas))

    @cached_property
    def signature(self) -> inspect.Signature:
        """The signature of the optimizer, with annotations as text."""
        kinds = inspect.Parameter
        hyperparameters = [
            kinds(
                each.name,
                kinds.KEYWORD_ONLY if each.keyword_only else kinds.POSITIONAL_OR_KEYWORD,
                default=each.default,
                annotation=each.annotation,
            )
            for each in self.arguments
        ]
        params = kinds("params", kinds.POSITIONAL_OR_KEYWORD, annotation="Any")
        options = kinds("options", kinds.VAR_KEYWORD, annotation="Unpack[Options]")
        return inspect.Signature([params, *hyperparameters, options], return_annotation="None")

    @cached_property
    def documentation(self) -> dict[str, str]:
        """The docstring by sections: summary and equations under ``""``, Raises, Example, References.

        It has none where Python has dropped docstrings (``-OO``).
        """
        from adamas.rules.docstring import sections  # noqa: PLC0415 (it takes a millisecond, and few read it)

        return sections(self.__doc__ or "")

    @cached_property
    def summary(self) -> str:
        """The first line of the docstring."""
        return self.documentation[""].split("\n", 1)[0]

    @cached_property
    def papers(self) -> tuple[str, ...]:
        """Where the rule comes from: the References, each in one line."""
        return tuple(" ".join(paper.split()) for paper in self.documentation["References"].split("\n\n"))


#: Every rule by name.
SPECS: dict[str, RuleSpec] = {}
#: Every formula by name, as ``adamas._core.rules()`` lists them.
FORMULAS: dict[str, Formula] = {}

_Rule = TypeVar("_Rule", bound=RuleSpec)


def enter(rule: type[_Rule]) -> type[_Rule]:
    """Enter a rule into the registry."""
    spec = rule()
    SPECS[spec.name] = spec
    FORMULAS.update({formula.name: formula for formula in spec.formulas})
    return rule
