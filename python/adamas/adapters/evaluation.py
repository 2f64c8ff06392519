"""Evaluation weights of trained parameters, for every rule and option."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from adamas._optimizer.base import Optimizer


def is_evaluated_elsewhere(optimizer: Optimizer) -> bool:
    """Tell whether an optimizer's parameters are evaluated at other values than they are trained at now.

    Args:
        optimizer: An optimizer of any class of adamas.
    """
    return hasattr(optimizer, "eval") or any(state.get("n_averaged", 0) for state in optimizer.state.values())


@contextmanager
def evaluated(optimizer: Optimizer) -> Iterator[None]:
    """Let the parameters of an optimizer hold what is to be evaluated, for the time of a ``with`` block.

    These are averages if the rule evaluates such (`adamas.ScheduleFreeAdamW`) or the option ``average`` is on and
    something has been averaged; otherwise they are the parameters as they are. The bits in training come back after it.

    Args:
        optimizer: An optimizer of any class of adamas.

    Raises:
        RuntimeError: Another thread is stepping the optimizer.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> weights = np.array([1.0, -1.0])
        >>> opt = adamas.SGD(weights, lr=0.5, average=adamas.SWA())
        >>> for grad in (weights, 0 * weights):
        ...     _ = opt.step(grad.copy())
        >>> with evaluated(opt):
        ...     print(weights)
        [ 0.5 -0.5]
    """
    trained: Any = optimizer
    if not is_evaluated_elsewhere(optimizer):
        yield
    elif hasattr(trained, "eval"):
        trained.eval()
        try:
            yield
        finally:
            trained.train()
    else:
        with trained.averaged():
            yield
