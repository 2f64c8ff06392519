"""The strategies of the older interface, one for each rule of `adamas.rules`."""

from adamas.flower._family import make_strategies
from adamas.flower._older import FedServer

_CLASSES = make_strategies(FedServer, __name__, older=True)
globals().update(_CLASSES)

__all__ = sorted(_CLASSES)  # noqa: PLE0605
