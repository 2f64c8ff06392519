"""An iteration of training, and how much of it is the optimizer's."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


class Clock:
    """Adds up the seconds spent inside ``with clock:``."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._start = 0.0

    def __enter__(self) -> None:
        self._start = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter() - self._start


@dataclass(frozen=True)
class Trainer:
    """A model with an optimizer: ``iterate`` does one iteration, ``clock`` runs while the optimizer does."""

    iterate: Callable[[], object]
    parameters: int
    clock: Clock = field(default_factory=Clock)
