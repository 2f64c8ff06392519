"""The optimizers of several processes, one for each rule of `adamas.rules`."""

from adamas._optimizer.classes import make_optimizers
from adamas.sharded._docstrings import sharded_docstring
from adamas.sharded._optimizer import ShardedOptimizer

_CLASSES = make_optimizers(ShardedOptimizer, "adamas.sharded", sharded_docstring)
globals().update(_CLASSES)

__all__ = sorted(_CLASSES)  # noqa: PLE0605
