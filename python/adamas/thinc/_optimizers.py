"""The optimizers, one for each rule of `adamas.rules` that works tensor by tensor, with thinc's arguments."""

import functools

from adamas import optimizers as engines
from adamas.adapters.docstrings import LazyDocstring, entries, sections
from adamas.rules import SPECS, RuleSpec
from adamas.rules.thinc_classes import (
    thinc_docstring,
    thinc_hyperparameters,
    thinc_rules,
    thinc_signature,
    thinc_words,
)
from adamas.thinc._arguments import attribute_of
from adamas.thinc._optimizer import Optimizer

_RULES = thinc_rules(SPECS)
#: thinc's own attributes, which have places already.
_OF_THINC = ("learn_rate", "b1", "b2", "eps", "L2", "L2_is_weight_decay")


def _docstring(spec: RuleSpec) -> str | None:
    return thinc_docstring(spec, entries(sections(Optimizer.__doc__ or "").get("Args", "")))


for _spec in _RULES:
    _hyperparameters = thinc_hyperparameters(_spec)
    globals()[_spec.name] = type(
        _spec.name,
        (Optimizer,),
        {
            "__slots__": tuple(n for n in map(attribute_of, _hyperparameters) if n not in _OF_THINC),
            "engine_class": getattr(engines, _spec.name),
            "hyperparameters": _hyperparameters,
            "words": thinc_words(_spec),
            "__signature__": thinc_signature(_spec),
            "__doc__": LazyDocstring(functools.partial(_docstring, _spec)),
            "__module__": __name__,
        },
    )

__all__ = sorted(spec.name for spec in _RULES)  # noqa: PLE0605
