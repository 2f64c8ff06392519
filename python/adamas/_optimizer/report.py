"""What a step tells its caller."""

from typing import NamedTuple


class StepReport(NamedTuple):
    """The outcome of one ``step``.

    Attributes:
        step: How many steps the optimizer has taken, this one included.
        updated: How many parameters were updated: those that had a gradient.
        grad_norm: L2 norm of all gradients together, after they were divided by ``grad_scale`` and before clipping;
            None if neither ``max_norm`` nor ``on_nonfinite`` asked to look at them.
        clip_coefficient: What they were multiplied by to keep to ``max_norm``, at most 1; None likewise.
        skipped: Nothing was changed, because a gradient is not finite.
        nonfinite: Name of the first parameter whose gradient holds an infinity or NaN, as in ``opt.state``; None if
            there is none, or nobody looked.
        copied: How many gradients had to be copied first, since they are strided, Fortran-ordered, misaligned or
            0-dimensional. That costs a pass over each of them.
    """

    step: int
    updated: int
    grad_norm: float | None = None
    clip_coefficient: float | None = None
    skipped: bool = False
    nonfinite: str | None = None
    copied: int = 0

    def __repr__(self) -> str:
        """Show what there is to tell."""
        told = {name: value for name, value in self._asdict().items() if value != self._field_defaults.get(name)}
        return f"StepReport({', '.join(f'{name}={value!r}' for name, value in told.items())})"
