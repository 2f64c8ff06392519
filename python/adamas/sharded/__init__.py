"""Optimizers of several processes: each updates its own part of the states; the bits are the same as in one process.

::

    from mpi4py import MPI
    import adamas.sharded

    opt = adamas.sharded.AdamW(params, comm=MPI.COMM_WORLD, lr=1e-3, max_norm=1.0)
    opt.step(grads)                # gradients of this process's part of the batch; parameters are new everywhere
    opt.save("run.safetensors")    # one file, that of a single process; any number of processes loads it

Each class is that of `adamas` with the same name, and takes two arguments more:

- ``comm``: a communicator of mpi4py, whose processes all call the same methods in the same order.
- ``lanes``: of how many equal parts the global batch is. The gradient that a step uses is the mean over lanes, added as
  a binary tree whose order does not depend on who has which lane. None: one lane for each process.

The parameters are one flat space, cut into as many shards as there are processes, where a step costs about the same.
Each process keeps the states of its shard alone (and masters, and averages): memory and work are divided by their
number. In a step gradients travel to their owners, as they are, and are added in the pass that updates; parameters
travel back.

With ``lanes`` the bits do not depend on how many processes there are: each computes the gradients of the lanes that
``opt.lanes`` names, gives all but the last to `accumulate`, and the last to `step`. They are those of
``adamas.AdamW(params, accumulation="tree")``, which accumulates all lanes. A process that has several lanes keeps one
partial sum of all gradients for each level of its part of the tree: two for four lanes, three for eight.

Inside ``with opt.step_scope():`` gradients are given one after the other, and travel while the next ones are computed.

On one machine, `SharedArena` puts the parameters and the gradients of all processes into memory that they share: then
nothing travels.

What the processes do must agree: the parameters they begin with, hyperparameters and options of each step, which
parameters have gradients. If it does not, or if one of them raises an error, all of them raise one that says so, and
nothing has changed in any. (A process that ends, or never calls, is for MPI to find.)
"""

from adamas.sharded import _optimizers
from adamas.sharded._optimizer import ShardedOptimizer
from adamas.sharded._optimizers import *  # noqa: F403
from adamas.sharded._window import SharedArena

__all__ = [
    "ShardedOptimizer",
    "SharedArena",
]
__all__ += _optimizers.__all__
