"""The update rules as data: a file for each, and the registry of all of them.

`SPECS` has the `RuleSpec` of every rule by the name of its class, in the order of tables: names, hyperparameters with
defaults and ranges, states, papers, and the formula in NumPy that defines the rule. The classes of `adamas`,
`adamas.reference`, `adamas.torch` and `adamas.keras`, the functions of `adamas.functional` and the rows of the
benchmark are made from it::

    adamas.rules.SPECS["AdamW"].hyperparameters
"""

# In the order of tables. Each of these files enters its rules into the registry. Python has no other list of rules.
from adamas.rules import (  # noqa: F401, I001
    adam,
    nadam,
    radam,
    adamax,
    adabelief,
    yogi,
    adagrad,
    rmsprop,
    lion,
    lamb,
    adan,
    adopt,
    ademamix,
    schedule_free,
    sgd,
    adadelta,
    laprop,
    adam_atan2,
    stable_adamw,
    mars,
    lars,
    novograd,
    prodigy,
    rprop,
    adafactor,
    adam_mini,
)
from adamas.rules.formula import Formula
from adamas.rules.hyperparameter import Hyperparameter, Range
from adamas.rules.keras_words import KerasStep, KerasWords
from adamas.rules.spec import FORMULAS, SPECS, Evaluation, RuleSpec, enter

__all__ = [
    "FORMULAS",
    "SPECS",
    "Evaluation",
    "Formula",
    "Hyperparameter",
    "KerasStep",
    "KerasWords",
    "Range",
    "RuleSpec",
    "enter",
]
