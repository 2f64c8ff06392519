"""adamas under PyTorch: its optimizers as ``torch.optim.Optimizer``, for parameters on the CPU.

::

    import adamas.torch

    optimizer = adamas.torch.AdamW(model.parameters(), lr=1e-3)   # instead of torch.optim.AdamW

All that ``torch.optim`` promises holds: groups, schedulers, closures, hooks, state dicts (which can be exchanged with
those of ``torch.optim``), ``GradScaler``, copies and pickles. Parameters are updated in place, in their own memory,
whatever the layout (channels-last too). They may be float32, float64, bfloat16 or float16, and their gradients any of
these; sparse gradients, such as those of ``torch.nn.Embedding(sparse=True)``, touch the rows that they name and no
others. Duplicates of a parameter are updated once.

Beside the arguments of ``torch.optim`` each class takes the options of `adamas.Options`: ``state_dtype``,
``master_weights``, ``rounding``, ``max_norm`` (clipping in the pass that updates), ``average``, ``num_threads`` and so
on, where ``copy_out`` is a list of tensors, one or None for each parameter, and ``sparse`` is ``"lazy"`` or
``"exact"``. ``foreach`` and ``fused`` are accepted and mean nothing: there is one implementation.

`step_in_backward` updates each parameter as soon as its gradient is there. `Offload` keeps float32 masters and states
in host memory, for parameters that live elsewhere. Both are `torch.optim.Optimizer` business alone: nothing of torch is
compiled against, and the package works with every torch from 2.10 on.
"""

from __future__ import annotations

try:
    import torch
except ImportError as error:
    if not isinstance(error, ModuleNotFoundError) or error.name != "torch":
        raise ImportError(f"adamas.torch: PyTorch is installed, but cannot be imported: {error}") from error
    raise ImportError("adamas.torch: needs PyTorch; install it with: pip install 'adamas[torch]'") from error

if not hasattr(torch.Tensor, "__dlpack_c_exchange_api__"):
    raise ImportError(f"adamas.torch: needs PyTorch 2.10 or newer, got {torch.__version__}")

from adamas.torch import _optimizers
from adamas.torch._backward import step_in_backward
from adamas.torch._offload import Offload
from adamas.torch._optimizer import Optimizer
from adamas.torch._optimizers import *  # noqa: F403

__all__ = [
    "Offload",
    "Optimizer",
    "step_in_backward",
]
__all__ += _optimizers.__all__
