"""Strategies of Flower's older interface, ``flwr.server.strategy``.

::

    from adamas.flower.older import FedAdam        # instead of: from flwr.server.strategy import FedAdam

    strategy = FedAdam(initial_parameters=ndarrays_to_parameters(weights), eta=0.01)

They are those of `adamas.flower`, with the arguments and defaults of this interface. Here a model is a list of arrays,
whose names are ``"0"``, ``"1"`` and so on: nobody can tell running statistics by them. Name them, for instance
``averaged=["3", "4"]``; otherwise they are stepped, as Flower does.
"""

from __future__ import annotations

from adamas.flower import _older_strategies
from adamas.flower._older import FedServer
from adamas.flower._older_strategies import *  # noqa: F403

__all__ = ["FedServer"]
__all__ += _older_strategies.__all__
