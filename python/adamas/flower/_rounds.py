"""Round numbers that continue after a restart, although Flower counts from 1 again."""

from __future__ import annotations


class Rounds:
    """Counts rounds over several runs of one strategy.

    Flower's ``start`` begins with round 1 each time, also after a restart. A number that has been completed can only
    mean that.

    Attributes:
        completed: The last round that is over.
    """

    def __init__(self) -> None:
        self.completed = 0
        self._before = 0
        self._begun: int | None = None

    def begin(self, server_round: int) -> int:
        """Return the number of a round that Flower begins, under its own number."""
        if self._before + server_round <= self.completed:
            self._before = self.completed
        self._begun = server_round
        return self._before + server_round

    def number(self, server_round: int) -> int:
        """Return the number of a round that has begun, or begins now."""
        return self._before + server_round if server_round == self._begun else self.begin(server_round)

    def resume(self, completed: int) -> None:
        """Go on after so many rounds."""
        self.completed, self._before, self._begun = completed, 0, None
