"""What a step tells its caller."""

from typing import NamedTuple


class StepReport(NamedTuple):
    """The outcome of one ``step``.

    Attributes:
        step: How many steps the optimizer has taken, this one included.
        updated: How many parameters were updated: those that had a gradient.
    """

    step: int
    updated: int
