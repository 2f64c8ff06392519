"""The optimizers, one for each rule of `adamas.rules`, stepped by the compiled core."""

from adamas._optimizer.classes import make_optimizers
from adamas._optimizer.compiled import CompiledOptimizer

_CLASSES = make_optimizers(CompiledOptimizer, __name__)
globals().update(_CLASSES)

__all__ = sorted(_CLASSES)  # noqa: PLE0605
