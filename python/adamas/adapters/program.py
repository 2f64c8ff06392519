"""A step as a program, for runtimes such as XLA that own all buffers and compile the work on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from adamas.averaging import EMA, SWA, Average

__all__ = ["Buffer", "Operand", "Part", "Program", "average_as_numbers"]


class Operand(NamedTuple):
    """A number that comes with each step, instead of being part of the program: factor * what is given^power.

    Attributes:
        name: Of a hyperparameter, or ``"grad_scale"``.
        group: The number of the group.
        place: Among several numbers under this name (``betas``).
        factor: A number.
        power: -1, 1 or 2. The reciprocal of 0 is a large number; negative numbers are refused, unless it is 1.
    """

    name: str
    group: int = 0
    place: int = 0
    factor: float = 1.0
    power: int = 1


class Buffer(NamedTuple):
    """Memory for what is kept of all parameters under one name, zeros at first."""

    name: str
    dtype: str
    nbytes: int


class Part(NamedTuple):
    """What is kept of one parameter: a part of a buffer, given in bytes. Of codes, the scales follow them."""

    name: str
    buffer: int
    offset: int
    nbytes: int


@dataclass(frozen=True)
class Program:
    """What a step does, apart from where its arrays lie. Made by `BoundOptimizer.program`.

    Attributes:
        encoded: What the handler of a step is given. It is good for this version of adamas alone.
        buffers: What the caller holds beside the parameters. The last is ``scalars``, if rules keep numbers: float64,
            as pairs of uint32, or float32; those of each parameter, and then those of all. Before it is ``observed``,
            if steps are observed: float64, as pairs of uint32; the number of the step, or 0 before the first, and then
            the measures, for each one number for each parameter.
        parts: For each parameter, what is where in the buffers.
    """

    encoded: bytes
    buffers: tuple[Buffer, ...]
    parts: tuple[tuple[Part, ...], ...]


def average_as_numbers(average: Average | None) -> tuple[int, float, int, int]:
    """Return an average as the core takes it: kind, decay, start, every.

    Raises:
        TypeError: Its class is not one of adamas.
    """
    if average is None:
        return (0, 0.0, 1, 1)
    if type(average) is SWA:
        return (4, 0.0, average.start, average.every)
    if type(average) is not EMA:
        raise TypeError(f"average: expected adamas.EMA or adamas.SWA, got {type(average).__name__}")
    kind = 2 if average.bias_correction else 3 if average.warmup else 1
    return (kind, average.decay, average.start, average.every)
