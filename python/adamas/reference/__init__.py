"""The optimizers in plain NumPy: the definition of what the compiled ones compute, bit for bit.

``adamas.reference.AdamW`` has the interface of ``adamas.AdamW`` and gives the same bits, slowly. NaN is NaN: its sign
and payload, which IEEE 754 leaves open, may differ. The formulas are those of `adamas.rules`.
"""

from adamas._optimizer.classes import make_optimizers
from adamas.reference._optimizer import ReferenceOptimizer

_CLASSES = make_optimizers(ReferenceOptimizer, __name__)
globals().update(_CLASSES)

__all__ = sorted(_CLASSES)  # noqa: PLE0605
