"""Docstrings of optimizers over NumPy arrays, with every argument and every option spelled out."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from adamas._optimizer.options import Options
from adamas.rules import RuleSpec
from adamas.rules.class_docstring import argument_texts, class_docstring
from adamas.rules.docstring import entries, sections

PARAMS = (
    "The parameters: an array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these, or a "
    'list of group dicts, each with its parameters under ``"params"`` and with hyperparameters of its own. Arrays are '
    "float32, float64, float16 or ``ml_dtypes.bfloat16``; they are C-contiguous, aligned and writeable, have one "
    "dimension or more, and do not overlap. They are updated in place. To replace a parameter's values, write "
    "``w[...] = values``: after ``w = values`` the optimizer still updates the old array."
)

_RAISES = {
    "TypeError": "A parameter is not a plain floating-point array, an argument is unknown, or an argument has the "
    "wrong type.",
    "ValueError": "A parameter cannot be updated in place, arrays overlap, an argument is out of range, or two "
    "arguments do not go together.",
    "ImportError": "``state_dtype`` is bfloat16, and the package ml_dtypes is not installed.",
}


@functools.cache
def option_texts() -> Mapping[str, str]:
    """Return what `adamas.Options` says of each option, by name; nothing under ``python -OO``."""
    return entries(sections(Options.__doc__ or "").get("Attributes", ""))


def numpy_docstring(spec: RuleSpec) -> str | None:
    """Return the docstring of a class of `adamas` or `adamas.reference`."""
    if not spec.__doc__:
        return None
    texts = {
        "params": PARAMS,
        **argument_texts(spec),
        "**options": "The options below, each by its name. All optimizers have them.",
        **option_texts(),
    }
    return class_docstring(spec, texts, raises=_RAISES, example=spec.documentation["Example"])
