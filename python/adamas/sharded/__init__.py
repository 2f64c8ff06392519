"""Optimizers of several processes: each owns a part of the states, and the bits are those of one process.

::

    from mpi4py import MPI
    import adamas.sharded

    opt = adamas.sharded.AdamW(params, comm=MPI.COMM_WORLD, lr=1e-3)
    opt.step(grads)      # gradients of this process's part of the batch; the parameters are new everywhere
"""

from adamas._optimizer.classes import make_optimizers
from adamas.sharded._optimizer import ShardedOptimizer
from adamas.sharded._window import SharedArena

_CLASSES = make_optimizers(ShardedOptimizer, __name__)
globals().update(_CLASSES)

__all__ = sorted([*_CLASSES, "SharedArena"])  # noqa: PLE0605
