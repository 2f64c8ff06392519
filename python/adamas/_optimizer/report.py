"""The report that a step returns."""

from typing import NamedTuple


class StepReport(NamedTuple):
    """The outcome of one ``step``.

    Attributes:
        step: How many steps the optimizer has taken, this one included.
        updated: How many parameters were updated: those that had a gradient.
        grad_norm: L2 norm of all gradients together, after they were divided by ``grad_scale`` and before clipping;
            None if neither ``max_norm`` nor ``on_nonfinite`` asked to look at the gradients.
        clip_coefficient: What the gradients were multiplied by because of ``max_norm``, at most 1. None if neither
            ``max_norm`` nor ``on_nonfinite`` asked to look at the gradients.
        skipped: True if nothing was changed, because a gradient is not finite.
        nonfinite: Name of the first parameter whose gradient has an infinity or NaN. None if there is none, or if the
            gradients were not looked at.
        copied: How many gradients had to be copied first, because they are strided, Fortran-ordered, misaligned or
            0-dimensional. Each copy is a pass over the gradient.
    """

    step: int
    updated: int
    grad_norm: float | None = None
    clip_coefficient: float | None = None
    skipped: bool = False
    nonfinite: str | None = None
    copied: int = 0

    def __repr__(self) -> str:
        """Show the fields that do not have their default value."""
        told = {name: value for name, value in self._asdict().items() if value != self._field_defaults.get(name)}
        return f"StepReport({', '.join(f'{name}={value!r}' for name, value in told.items())})"
