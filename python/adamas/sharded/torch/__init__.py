"""Optimizers of several processes under torch.distributed: each owns a part of the states; the bits are those of one.

::

    torch.distributed.init_process_group("gloo")
    optimizer = adamas.sharded.torch.AdamW(model.parameters(), lr=1e-3)
    ...
    loss.backward()      # of this process's part of the batch; there is no DistributedDataParallel around the model
    optimizer.step()     # averages gradients, updates each process's shard, brings parameters to all

Each class is that of `adamas.torch` with the same name, except for schedule-free rules, and takes two arguments more:
``process_group``, of torch.distributed with gloo (None: all processes), and ``lanes``, the number of equal parts of the
global batch; with several lanes for a process, ``optimizer.accumulate()`` takes the gradients of each but the last. At
construction the parameters become those of process 0. ``sparse`` and ``copy_out`` are not taken, and parameters are not
added later.

``optimizer.send_in_backward()`` lets large gradients travel while the backward pass goes on, for one lane a process.

``state_dict()`` is whole on all processes, and ``load_state_dict`` takes what one process or any other number of them
has returned, those of `adamas.torch` among them; ``save`` and ``load`` are those of `adamas.sharded`. A `GradScaler`
has a scale of its own on each process, and steps whose scales differ are refused: use torch's `ShardedGradScaler`, with
``scaler.unscale_(optimizer)``, or bfloat16.
"""

from adamas.sharded.torch import _optimizers
from adamas.sharded.torch._optimizer import Optimizer
from adamas.sharded.torch._optimizers import *  # noqa: F403
from adamas.sharded.torch._team import TorchTeam

__all__ = ["Optimizer", "TorchTeam"]
__all__ += _optimizers.__all__
