"""The history of steps that rows of a matrix have missed, as in ``cpp/src/engine/sparse/row_history.cpp``."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from adamas._numerics.elementary import exponential, logarithm
from adamas._types import Array

_NEGLIGIBLE = 2.0**-32
_ACCURACY = 2.0**-27
_LOG_OF_ZERO = -1e9
_MOMENTS = 6


def _log_of(factor: float) -> float:
    return 0.0 if factor == 1.0 else _LOG_OF_ZERO if factor == 0.0 else logarithm(factor)


def _product(log_sum: float) -> float:
    return 1.0 if log_sum == 0.0 else exponential(log_sum)


def _quotient(a: float, b: float) -> float:
    return a / b if b else math.nan if a == 0.0 or math.isnan(a) else math.copysign(math.inf, a)


@dataclass(frozen=True)
class _Record:
    step_size: float = 0.0
    inverse_root: float = 0.0
    eps: float = 0.0
    beta1: float = 0.0
    root_beta2: float = 0.0
    inverse_decay: float = 0.0
    log_beta1: float = 0.0
    log_beta2: float = 0.0
    log_decay: float = 0.0


@dataclass(frozen=True)
class Missed:
    """What steps without a gradient come to; see ``CatchUp`` in ``cpp/src/kernel/table.hpp``."""

    keep: float
    momentum: float
    second: float
    threshold: float
    least_square: float
    moments: list[float]
    steps: list[tuple[float, float, float]]

    def apply(self, p: Array, m: Array, v: Array) -> None:
        """Bring a row to the last step, in place."""
        with np.errstate(all="ignore"):
            u = np.sqrt(v)
            moves = (m > 0) | (m < 0)
            total = np.zeros_like(u)
            if self.steps and (moves & (np.float32(self.least_square) > v)).any():
                for weight, scale, eps in self.steps:
                    total = total + np.float32(weight) / (u * np.float32(scale) + np.float32(eps))
            else:
                inverse = np.float32(1) / (u + np.float32(self.threshold))
                r = np.float32(self.threshold) * inverse
                total = np.full_like(u, self.moments[-1])
                for moment in self.moments[-2::-1]:
                    total = np.float32(moment) - r * total
                total = total * inverse
            p[...] = p * np.float32(self.keep) - m * total
            m[...] = m * np.float32(self.momentum)
            v[...] = v * np.float32(self.second)


@dataclass
class RowHistory:
    """All steps of Adam since the rows were last known."""

    first: int = 0
    records: list[_Record] = field(default_factory=lambda: [_Record()])

    @property
    def last(self) -> int:
        """The last step."""
        return self.first + len(self.records) - 1

    def add(self, c: Mapping[str, float], decay: float) -> None:
        """Add a step with these coefficients."""
        last = self.records[-1]
        self.records.append(
            _Record(
                c["step_size"],
                c["inverse_sqrt_bias2"],
                c["eps"],
                c["beta1"],
                math.sqrt(c["beta2"]),
                1.0 / decay,
                last.log_beta1 + _log_of(c["beta1"]),
                last.log_beta2 + _log_of(c["beta2"]),
                last.log_decay + _log_of(decay),
            )
        )

    def find(self, step: int) -> Missed:
        """Find out what a row has missed that was brought to ``step`` last."""
        step = max(step, self.first)
        start, end = self.records[step - self.first], self.records[-1]
        keep = _product(end.log_decay - start.log_decay)
        steps = list(self._steps(step, keep))
        threshold, remainder = 0.0, 0.0
        moments = [0.0] * _MOMENTS
        for k, (weight, scale, eps) in enumerate(steps):
            at = _quotient(eps, scale)
            threshold = at if k == 0 else threshold
            distance = 0.0 if at == threshold else _quotient(at - threshold, threshold)
            moment = _quotient(weight, scale)
            for i in range(_MOMENTS):
                moments[i] = moments[i] + moment
                moment = moment * distance
            remainder = remainder + abs(moment)
        allowed = moments[0] * _ACCURACY
        least_square = 0.0
        if remainder <= allowed:
            steps = []
        else:
            share = allowed / remainder
            least_square = math.inf
            if share > 0.0:
                r = exponential(logarithm(share) / _MOMENTS)
                least = threshold * (1.0 / r - 1.0)
                least_square = least * least
        return Missed(
            keep,
            _product(end.log_beta1 - start.log_beta1),
            _product(end.log_beta2 - start.log_beta2),
            threshold,
            least_square,
            moments,
            steps,
        )

    def _steps(self, step: int, keep: float) -> Iterator[tuple[float, float, float]]:
        fall, beta1, root = keep, 1.0, 1.0
        for record in self.records[step - self.first + 1 :]:
            beta1 = beta1 * record.beta1
            if beta1 < _NEGLIGIBLE:
                return
            fall = fall * (record.beta1 * record.inverse_decay)
            root = root * record.root_beta2
            yield record.step_size * fall, record.inverse_root * root, record.eps
