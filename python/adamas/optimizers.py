"""The optimizers, one for each rule of `adamas.rules`, stepped by the compiled core."""

from adamas._optimizer.compiled import CompiledOptimizer, for_adapters  # noqa: F401
from adamas._optimizer.rule_optimizer import make_optimizers

_CLASSES = make_optimizers(CompiledOptimizer, __name__)
globals().update(_CLASSES)

__all__ = sorted(_CLASSES)  # noqa: PLE0605
