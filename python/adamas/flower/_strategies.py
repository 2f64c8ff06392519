"""The strategies, one for each rule of `adamas.rules`, with Flower's names and arguments where Flower has the rule."""

from adamas.flower._family import make_strategies
from adamas.flower._strategy import FedServer

_CLASSES = make_strategies(FedServer, __name__, older=False)
globals().update(_CLASSES)

__all__ = sorted(_CLASSES)  # noqa: PLE0605
