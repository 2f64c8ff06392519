"""Early stopping: when to keep a model, and when to stop."""

from __future__ import annotations

import math


class EarlyStopping:
    """Watches a loss: stop when it has not been lower for ``patience`` epochs.

    Attributes:
        best: The lowest loss so far.
        best_epoch: When it was, from 1.
    """

    def __init__(self, patience: int) -> None:
        self._patience = patience
        self._epoch = 0
        self.best = math.inf
        self.best_epoch = 0

    def improved(self, loss: float) -> bool:
        """Take the loss of one more epoch; return whether it is the lowest.

        Raises:
            ValueError: It is not a number: training has diverged.
        """
        self._epoch += 1
        if math.isnan(loss):
            raise ValueError(f"the loss of epoch {self._epoch} is not a number; try a lower --lr")
        if loss >= self.best:
            return False
        self.best, self.best_epoch = loss, self._epoch
        return True

    @property
    def exhausted(self) -> bool:
        """Whether the last ``patience`` epochs brought no lower loss."""
        return self._epoch - self.best_epoch >= self._patience
