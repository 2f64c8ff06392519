"""The workload that all sides of a comparison compute, its arrays, and the check that each side computes it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from adamas import reference
from adamas._numerics.formats import bfloat16

__all__ = ["CHECK_STEPS", "LOSS_SCALE", "MAX_NORM", "Phase", "Problem", "Workload", "tolerance", "update_error"]

Array = np.ndarray[Any, np.dtype[Any]]

#: Steps before the first comparison, with gradients that change from one to the next.
CHECK_STEPS = 6
LOSS_SCALE = 1024.0
MAX_NORM = 1.0

#: So many first elements of so many tensors are followed by the reference; an update goes element by element.
_SAMPLE, _SAMPLED_TENSORS = 4096, 3

#: How far the parameters may be off after `CHECK_STEPS` steps, as a share of how far they went (root mean squares).
#: float32: some add eps before the bias correction (Kingma and Ba, section 2), which comes to 1e-3 in the first steps.
_TOLERANCES = {"float32": 3e-3, "bfloat16": 0.02, "int8": 0.03, "fp8": 0.05, "int4": 0.3}
#: Clipped gradients are so small that eps weighs more.
_TOLERANCE_CLIPPED = 1e-2
#: Parameters in bfloat16 are rounded at each step, by more than a hundredth of what a step changes.
_TOLERANCE_BFLOAT16_PARAMS = 0.2


@dataclass(frozen=True)
class Phase:
    """The work of a step besides the update."""

    unscale: bool = False  # gradients are divided by LOSS_SCALE, and checked to be finite
    clip: str = "no"  # "all" by the norm of all gradients, "each" each by its own, to MAX_NORM
    average: bool = False  # an exponential moving average of the parameters
    copies: bool = False  # in bfloat16
    zero: bool = False  # gradients are zeroed

    @property
    def is_update(self) -> bool:
        """Whether there is no other work than the update."""
        return self == Phase()


@dataclass(frozen=True)
class Workload:
    """A step of AdamW over tensors of these shapes.

    Attributes:
        shapes: Shapes of the parameters.
        params: Dtype of parameters and gradients.
        states: Dtype of the states: that of the parameters, "bfloat16", "int8", "fp8" or "int4".
        master: "split32" or "split24": the other bits of 32-bit or 24-bit parameters are kept beside the bfloat16 ones.
        phase: The work besides the update.
        lr: Learning rate.
        betas: Decay rates of the moments.
        eps: Added to the root of the second moment.
        weight_decay: Decoupled.
    """

    shapes: tuple[tuple[int, ...], ...]
    params: str = "float32"
    states: str = "float32"
    master: str = ""
    phase: Phase = field(default_factory=Phase)
    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.01

    @property
    def size(self) -> int:
        """Number of parameters."""
        return sum(math.prod(shape) for shape in self.shapes)

    @property
    def bytes_per_parameter(self) -> float:
        """Bytes that a step moves: gradients are read (and zeroed), everything else is read and written."""
        width = {"float32": 4.0, "bfloat16": 2.0}
        # A scale of 4 bytes belongs to 128 codes.
        state = {**width, "int8": 1.0 + 1 / 32, "fp8": 1.0 + 1 / 32, "int4": 0.5 + 1 / 32}[self.states]
        total = 3 * width[self.params] + 2 * 2 * state
        total += 2 * {"": 0.0, "split32": 2.0, "split24": 1.0}[self.master]
        if self.phase.clip != "no" or self.phase.unscale:
            total += width[self.params]  # gradients are read twice
        if self.phase.zero:
            total += width[self.params]
        if self.phase.average:
            total += 2 * 4.0
        if self.phase.copies:
            total += 2.0
        return total


class Problem:
    """Parameters to start from, and two sets of gradients, of ordinary size: no zeros, nothing denormal.

    Attributes:
        workload: The work.
        params: Values in float32 that ``workload.params`` can hold.
        grads: Two sets of them.
    """

    def __init__(self, workload: Workload) -> None:
        rng = np.random.default_rng(0)
        scale = 1e-2 * (LOSS_SCALE if workload.phase.unscale else 1.0)
        self.workload = workload
        self.params = [self._normal(rng, shape, 0.1) for shape in workload.shapes]
        self.grads = [[self._normal(rng, shape, scale) for shape in workload.shapes] for _ in range(2)]

    def _normal(self, rng: np.random.Generator, shape: tuple[int, ...], scale: float) -> Array:
        values: Array = rng.standard_normal(shape, dtype=np.float32)
        values *= np.float32(scale)
        if self.workload.params == "bfloat16":
            values = values.astype(bfloat16()).astype(np.float32)
        return values

    def sampled(self) -> list[int]:
        """Return the numbers of the tensors that the reference follows."""
        last = len(self.params) - 1
        return sorted({0, last // 2, last})[:_SAMPLED_TENSORS]


def tolerance(workload: Workload) -> float:
    """Return how large `update_error` may be."""
    if workload.params == "bfloat16":
        return _TOLERANCE_BFLOAT16_PARAMS
    if workload.phase.clip != "no":
        return _TOLERANCE_CLIPPED
    return _TOLERANCES[workload.states]


def update_error(problem: Problem, params: Sequence[Array]) -> float:
    """Compare parameters after `CHECK_STEPS` steps with the reference in float64.

    Args:
        problem: The start; step i had gradients ``grads[i % 2]``.
        params: The parameters of `Problem.sampled`.

    Returns:
        The root mean square of the difference, divided by the root mean square of what the steps changed.
    """
    workload = problem.workload
    start = [_sample(problem.params[i]) for i in problem.sampled()]
    expected = [values.copy() for values in start]
    opt = reference.AdamW(
        expected, lr=workload.lr, betas=workload.betas, eps=workload.eps, weight_decay=workload.weight_decay
    )
    factors = [_factors(problem, grads) for grads in problem.grads]
    for grads, factor in itertools.islice(itertools.cycle(zip(problem.grads, factors, strict=True)), CHECK_STEPS):
        opt.step([_sample(grads[i]) * factor[i] for i in problem.sampled()])
    off = [_sample(values) - right for values, right in zip(params, expected, strict=True)]
    gone = [right - first for right, first in zip(expected, start, strict=True)]
    return float(_norm(off) / _norm(gone))


def _sample(values: Array) -> Array:
    return values.reshape(-1)[:_SAMPLE].astype(np.float64)


def _factors(problem: Problem, grads: Sequence[Array]) -> list[float]:
    """Return the factor by which the phase multiplies each gradient."""
    phase = problem.workload.phase
    scale = 1.0 / LOSS_SCALE if phase.unscale else 1.0
    if phase.clip == "no":
        return [scale] * len(grads)
    norms = [scale * _norm([grad]) for grad in grads]
    if phase.clip == "all":
        norms = [math.hypot(*norms)] * len(grads)
    return [scale * min(1.0, MAX_NORM / (norm + 1e-6)) for norm in norms]


def _norm(arrays: Sequence[Array]) -> float:
    return math.sqrt(sum(float(np.sum(np.square(values, dtype=np.float64))) for values in arrays))
