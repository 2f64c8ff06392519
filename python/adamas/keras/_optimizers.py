"""The optimizers, one for each rule of `adamas.rules`, with Keras's names and arguments where Keras has the rule."""

import functools

import keras

from adamas import optimizers as engines
from adamas.adapters.docstrings import LazyDocstring, entries, sections
from adamas.keras._arguments import OF_KERAS, OPTIONS
from adamas.keras._evaluation import EvaluatedElsewhere
from adamas.keras._from_words import WordedOptimizer
from adamas.keras._optimizer import Optimizer
from adamas.rules import SPECS, RuleSpec
from adamas.rules.keras_classes import keras_arguments, keras_docstring, keras_fixed, keras_name

_serializable = keras.saving.register_keras_serializable(package="adamas")


def _docstring(spec: RuleSpec) -> str | None:
    shared = entries(sections(Optimizer.__doc__ or "Args:\n    ").get("Args", ""))
    return keras_docstring(spec, shared, {**OF_KERAS, **OPTIONS})


for _spec in SPECS.values():
    globals()[keras_name(_spec)] = _serializable(
        type(
            keras_name(_spec),
            (WordedOptimizer if _spec.evaluation is None else EvaluatedElsewhere,),
            {
                "engine_class": getattr(engines, _spec.name),
                "arguments": keras_arguments(_spec),
                "fixed": keras_fixed(_spec),
                "decays_before": any(formula.own_decay for formula in _spec.formulas) and not _spec.keras.decays_itself,
                "__doc__": LazyDocstring(functools.partial(_docstring, _spec)),
                "__module__": __name__,
            },
        )
    )

__all__ = sorted(map(keras_name, SPECS.values()))  # noqa: PLE0605
