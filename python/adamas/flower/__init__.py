"""adamas under Flower: federated learning whose server steps by an optimizer of adamas.

::

    from adamas.flower import FedAdam        # instead of: from flwr.serverapp.strategy import FedAdam

    strategy = FedAdam(fraction_train=0.5, eta=0.01)
    result = strategy.start(grid=grid, initial_arrays=ArrayRecord(model.state_dict()), num_rounds=10)

There is a strategy for each rule of adamas, ``Fed`` and its name: `FedAdam`, `FedYogi` and `FedAdagrad` have the
arguments, defaults and results of Flower's. `adamas.flower.older` has those of Flower's older interface,
``flwr.server.strategy``. A round takes the mean of the clients' models, weighted as Flower weights them, and makes one
step of the rule towards it: delta, the mean minus the server's model, is the gradient, and the step ascends
(``maximize``).

What a mean and a step do, that Flower's do not:

- They need memory for one model beside the replies, whatever the number of clients, and a third of the time or less.
- The same replies give the same bits, in whatever order they come, and for any number of threads.
- What is no parameter is averaged, not stepped: whole numbers, and the running statistics of normalization layers
  (``averaged``). A step could make a variance negative.
- A reply that does not fit, or is not finite, raises `ReplyError`, which names the node; nothing has changed then.
- ``save`` and ``load`` keep the server's state, with the number of the round; training goes on with the same bits.

``mode`` says how moments begin: ``"flower"`` (the default), ``"paper"`` or ``"adam"``; see `FedAdam`.

Rules that are evaluated at another point than they train at (schedule-free ones) are not offered: Flower sends clients
one model for both.
"""

from __future__ import annotations

from importlib import metadata

try:
    import flwr  # noqa: F401
except ImportError as error:
    if not isinstance(error, ModuleNotFoundError) or error.name != "flwr":
        raise ImportError(f"adamas.flower: Flower is installed, but cannot be imported: {error}") from error
    raise ImportError("adamas.flower: needs Flower; install it with: pip install 'adamas[flower]'") from error

# The first that has flwr.serverapp.strategy, and the first that may have another.
if not (1, 21) <= tuple(int(part) for part in metadata.version("flwr").split(".")[:2]) < (2, 0):
    raise ImportError(
        f"adamas.flower: needs Flower 1.21 or newer, and older than 2.0, got {metadata.version('flwr')}; "
        "install it with: pip install 'adamas[flower]'"
    )

from adamas.flower import _strategies
from adamas.flower._errors import ReplyError
from adamas.flower._strategies import *  # noqa: F403
from adamas.flower._strategy import FedServer

__all__ = ["FedServer", "ReplyError"]
__all__ += _strategies.__all__
