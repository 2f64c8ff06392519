"""Memory use of the states of a rule."""

from __future__ import annotations

from adamas._numerics.axes import AXES
from adamas._numerics.formats import BLOCK, StateFormat
from adamas.rules.formula import Formula

#: Formats of the states of float32, bfloat16 and float16 parameters.
FORMATS = (StateFormat.FLOAT32, StateFormat.BFLOAT16, StateFormat.INT8, StateFormat.INT4)

_PLAIN = {StateFormat.FLOAT32: 4.0, StateFormat.FLOAT64: 8.0, StateFormat.BFLOAT16: 2.0}


def state_bytes(kind: str, state_format: StateFormat) -> float:
    """Return the bytes of a state for each element of a float32 parameter.

    Args:
        kind: What numbers it holds (`Formula.states`).
        state_format: How states are kept that may be rounded.

    Returns:
        0 for a state with one value for each row or column.
    """
    if kind in AXES:
        return 0.0
    if kind == "exact":
        return 4.0
    if state_format.bits is None:
        return _PLAIN[state_format]
    return state_format.bits / 8 + 4.0 / BLOCK  # a code, and a share of the block's scale


def bytes_per_element(formula: Formula, state_format: StateFormat) -> float:
    """Return the bytes of all states for each element of a float32 parameter, without those by row or column."""
    return sum(state_bytes(kind, state_format) for kind in formula.states.values())


def shown_bytes(count: float) -> str:
    """Return a number of bytes in a few digits."""
    return f"{count:.2f}".rstrip("0").rstrip(".")
