"""Timing of several sides of a comparison, with ratios that hold on a shared, noisy machine.

All sides run in one process, alternately. A turn of one side is an untimed step, which fills the caches as this side
leaves them, and then as many timed steps as fill the turn. Each round gives every side one turn, in rotated order. The
figures are medians over the rounds, the ratio of medians, and the quartiles of the ratio within rounds.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

__all__ = ["Side", "Timing", "ratio", "rounds_within", "time_alternately"]

Step = Callable[[], object]

#: Rounds of a comparison: with fewer, medians mean little; more do not make them better. Where a round takes some
#: seconds, noise is no matter.
_FEWEST, _MOST = 9, 200
_FEWEST_SLOW, _SLOW_SECONDS = 5, 3.0


@dataclass(frozen=True)
class Side:
    """One side of a comparison: a step, and untimed calls around its turns and before each step.

    A call of ``step`` takes ``steps`` steps.
    """

    step: Step
    before_turn: Step = lambda: None
    after_turn: Step = lambda: None
    before_step: Step | None = None
    steps: int = 1


@dataclass(frozen=True)
class Timing:
    """Seconds per step of one side, one figure a round."""

    rounds: list[float]

    @property
    def median(self) -> float:
        """Seconds of a step."""
        return statistics.median(self.rounds)


def time_alternately(
    sides: Mapping[str, Side], rounds: int, turn_seconds: float, warm: bool = True
) -> dict[str, Timing]:
    """Time all sides, turn by turn.

    Args:
        sides: The sides, by name.
        rounds: Number of turns of each side.
        turn_seconds: Seconds of a turn, about; a turn has at least one step.
        warm: Begin each turn with an untimed step. Without it, and with ``turn_seconds`` 0, single steps alternate,
            and each step finds the caches as the other sides left them.
    """
    counts = {name: _calls_per_turn(side, turn_seconds) for name, side in sides.items()}
    names = list(sides)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for i in range(rounds):
        for name in names[i % len(names) :] + names[: i % len(names)]:
            side, count = sides[name], counts[name]
            side.before_turn()
            if warm:
                _run(side, 1)
            seconds[name].append(_run(side, count) / (count * side.steps))
            side.after_turn()
    return {name: Timing(values) for name, values in seconds.items()}


def rounds_within(sides: Mapping[str, Side], turn_seconds: float, seconds: float) -> int:
    """Return how many rounds of `time_alternately` take about ``seconds`` seconds."""
    round_seconds = 0.0
    for side in sides.values():
        side.before_turn()
        call = min(_run(side, 1) for _ in range(2))
        side.after_turn()
        round_seconds += call + max(call, turn_seconds)
    fewest = _FEWEST if round_seconds < _SLOW_SECONDS else _FEWEST_SLOW
    return max(fewest, min(_MOST, round(seconds / round_seconds)))


def ratio(a: Timing, b: Timing) -> tuple[float, float, float]:
    """Return the ratio of the medians of a and b, and the quartiles of their ratio within rounds."""
    within = [x / y for x, y in zip(a.rounds, b.rounds, strict=True)]
    quartiles = statistics.quantiles(within, n=4) if len(within) > 1 else [within[0]] * 3
    return a.median / b.median, quartiles[0], quartiles[2]


def _run(side: Side, count: int) -> float:
    """Call ``step`` ``count`` times; return the seconds that this took."""
    if side.before_step is None:
        start = time.perf_counter()
        for _ in range(count):
            side.step()
        return time.perf_counter() - start
    total = 0.0
    for _ in range(count):
        side.before_step()
        start = time.perf_counter()
        side.step()
        total += time.perf_counter() - start
    return total


def _calls_per_turn(side: Side, turn_seconds: float) -> int:
    side.before_turn()
    _run(side, 1)
    count = max(1, min(10_000, round(turn_seconds / _run(side, 1))))
    if count > 1:  # the second call may have been slow as well
        count = max(1, round(count * turn_seconds / _run(side, count)))
    side.after_turn()
    return count
