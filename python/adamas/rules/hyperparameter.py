"""Hyperparameters: name, default, valid values and meaning of each argument that a rule has."""

from __future__ import annotations

from enum import Enum
from typing import Any, NamedTuple


class Range(Enum):
    """Ranges of hyperparameters, in the words of error messages."""

    LEARNING_RATE = "a finite number >= 0, or a callable step -> number"
    NON_NEGATIVE = "a finite number >= 0"
    FRACTION = "a number in [0, 1)"
    FINITE = "a finite number"
    COUNT = "a whole number >= 0"
    FLAG = "True or False"
    #: As many numbers as the default has, each a `FRACTION`.
    BETAS = "numbers"
    PAIR = "two finite numbers >= 0"
    #: The first may be None.
    EPSILONS = "two finite numbers >= 0, or None and one"
    NON_POSITIVE = "a finite number <= 0"
    BLOCKS = "'rows', 'tensor', 'elements' or a whole number >= 1"
    AT_LEAST_ONE = "a finite number >= 1"
    POSITIVE = "a finite number > 0"
    OPTIONAL_FRACTION = "None or a number in [0, 1)"
    OPTIONAL_GROWTH = "None or a finite number >= 1"
    #: One of `DECAYS`.
    DECAY = "'scaled', 'corrected' or 'independent'"
    OPTIONAL_RATE = "None or a finite number > 0"

    __hash__ = object.__hash__  # in C, as checks look these up again and again


#: How decoupled weight decay goes with the learning rate: what `Range.DECAY` lists.
DECAYS = ("scaled", "corrected", "independent")


class Hyperparameter(NamedTuple):
    """One argument of an optimizer. Each group of parameters has a value of its own for it.

    Attributes:
        name: Name of the argument, and of the entry in ``param_groups``.
        default: Its value if none is given.
        range: Which values are valid.
        text: What it means, in one or more sentences. All docstrings and tables take the text from here. Names of
            other arguments stand in double backticks: adapters replace them by their own names.
        parts: For one argument that is several numbers: what each of them means. Adapters have an argument for each.
        keyword_only: It cannot be given by position.
        frozen: It keeps the value that it had at construction.
        fixed: It is no argument: the rule sets it to its default.
        schedulable: It may be a callable, from the number of steps taken so far.
        state: A state that is kept only if this is neither zero nor False; empty if there is none such.
        by_state: In `adamas.functional` it is no argument: giving the state turns it on.
        shared: All groups have the same value; but any group may have a learning rate of 0.
        later: Older versions lack it: a state dict of theirs leaves it at its default.
    """

    name: str
    default: Any
    range: Range
    text: str = ""
    parts: tuple[str, ...] = ()
    keyword_only: bool = False
    frozen: bool = False
    fixed: bool = False
    schedulable: bool = False
    state: str = ""
    by_state: bool = False
    shared: bool = False
    later: bool = False

    def but(self, default: Any, **changes: Any) -> Hyperparameter:
        """Return the same hyperparameter with another default, and perhaps with other attributes.

        Args:
            default: The default.
            **changes: The attributes that differ.
        """
        return self._replace(default=default, **changes)

    @property
    def annotation(self) -> str:
        """The type of the argument."""
        if self.range is Range.BETAS:
            return f"tuple[{', '.join(['float'] * len(self.default))}]"
        types = {
            Range.LEARNING_RATE: "LearningRate",
            Range.COUNT: "int",
            Range.FLAG: "bool",
            Range.PAIR: "tuple[float, float]",
            Range.BLOCKS: "str | int",
            Range.EPSILONS: "tuple[float | None, float]",
            Range.OPTIONAL_FRACTION: "float | None",
            Range.OPTIONAL_GROWTH: "float | None",
            Range.DECAY: "str",
            Range.OPTIONAL_RATE: "float | None",
        }
        return types.get(self.range, "float")


#: Hyperparameters that many rules have.
LR = Hyperparameter("lr", 1e-3, Range.LEARNING_RATE, "Learning rate.", schedulable=True)
BETAS = Hyperparameter(
    "betas",
    (0.9, 0.999),
    Range.BETAS,
    "Decay rates of the two moments.",
    (
        "Decay rate of the first moment, the average of gradients.",
        "Decay rate of the second moment, the average of squared gradients.",
    ),
    schedulable=True,
)
EPS = Hyperparameter(
    "eps", 1e-8, Range.NON_NEGATIVE, "Added to the denominator of the update, so that it is not divided by zero."
)
WEIGHT_DECAY = Hyperparameter(
    "weight_decay",
    0.0,
    Range.NON_NEGATIVE,
    "Strength of the weight decay. ``decoupled_weight_decay`` says how it is applied.",
    schedulable=True,
)
#: For rules with `ALWAYS_DECOUPLED` and `DECAY`.
DECOUPLED_DECAY = WEIGHT_DECAY.but(
    0.0,
    text="Strength of the decoupled weight decay: each step multiplies the parameter by ``1 - lr*weight_decay`` before "
    "the update. ``decay`` chooses another factor.",
)
#: For rules that apply the decay themselves.
DECAY_IN_DIRECTION = WEIGHT_DECAY.but(
    0.0, text="Strength of the weight decay: ``weight_decay*p`` is a part of the direction, as in the equations above."
)
MAXIMIZE = Hyperparameter(
    "maximize", False, Range.FLAG, "Ascend along the gradient instead of descending.", keyword_only=True
)
DECOUPLED = Hyperparameter(
    "decoupled_weight_decay",
    False,
    Range.FLAG,
    "True: multiply the parameter by ``1 - lr*weight_decay`` before the update, as `AdamW` does. False: add "
    "``weight_decay*p`` to the gradient, which is an L2 penalty.",
    keyword_only=True,
)
ALWAYS_DECOUPLED = DECOUPLED.but(True, frozen=True, fixed=True)
#: For rules with decoupled weight decay that is applied before the update (`adamas.rules.common`).
DECAY = (
    Hyperparameter(
        "decay",
        "scaled",
        Range.DECAY,
        "How decoupled weight decay depends on the learning rate. 'scaled': the factor is ``1 - lr*weight_decay``. "
        "'corrected': it is ``1 - lr*(lr/max_lr)*weight_decay`` (AdamC, arXiv:2506.02285). This is for layers that a "
        "normalization follows: the ratio of gradient to weight then stays the same while ``lr`` falls; leave other "
        "layers at 'scaled'. 'independent': it is ``1 - (lr/max_lr)*weight_decay``, so that ``lr`` can be tuned alone; "
        "the same strength as under 'scaled' needs a ``weight_decay`` of about ``lr`` times the value there.",
        keyword_only=True,
        later=True,
    ),
    Hyperparameter(
        "max_lr",
        None,
        Range.OPTIONAL_RATE,
        "The largest learning rate of the schedule, which the decays 'corrected' and 'independent' need. None: ``lr`` "
        "of the group at construction, if that is a number > 0.",
        keyword_only=True,
        later=True,
    ),
)
#: For rules with a form that is `Formula.cautious`.
CAUTIOUS = Hyperparameter(
    "cautious",
    False,
    Range.FLAG,
    "Update only those elements whose update u has the sign of their gradient, and divide their updates by the share "
    "of such elements (arXiv:2411.16085): ``p <- p - u * mask/max(mean(mask), 1/1000)``, with the mean over the "
    "parameter array. A NaN in the gradient still reaches the parameter. This takes one more pass over gradients and "
    "states. It is not for gradients of single rows (``sparse``).",
    keyword_only=True,
    later=True,
)
