"""Base class of the peers: the optimizers of other libraries."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from typing import Any, ClassVar

import numpy as np

from adamas.bench.workload import Phase, Workload

__all__ = ["Peer", "Run"]

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Run:
    """A peer with its arrays, ready to step.

    Attributes:
        step: Takes ``steps`` steps.
        refresh: Writes a set of gradients, 0 or 1, into the peer's arrays.
        param: Returns the present values of a parameter.
        steps: Steps of one call; if there are several, gradients alternate within the call.
        consumes: Whether a step changes the gradients, so that they must be written again before each step.
    """

    step: Callable[[], object]
    refresh: Callable[[int], None]
    param: Callable[[int], Array]
    steps: int = 1
    consumes: bool = False


class Peer(ABC):
    """An optimizer that does what `adamas.AdamW` does.

    Attributes:
        name: Name in tables and pictures.
        distributions: Packages that must be installed.
        decays: Whether it has weight decay. If not, both sides of its comparisons run without.
        holds_gradients: Whether it has its own gradient arrays. If not, it reads the given ones.
        note: A note for readers of the tables.
    """

    name: ClassVar[str]
    distributions: ClassVar[tuple[str, ...]]
    decays: ClassVar[bool] = True
    holds_gradients: ClassVar[bool] = True
    note: ClassVar[str] = ""

    @classmethod
    def versions(cls) -> dict[str, str]:
        """Return the version of each distribution that it needs.

        Raises:
            ImportError: One is not installed; the message names it.
        """
        try:
            return {name: metadata.version(name) for name in cls.distributions}
        except metadata.PackageNotFoundError as error:
            raise ImportError(f"{error.name} is not installed") from None

    def can(self, workload: Workload) -> bool:
        """Return whether the library can do this workload. By default only the update in float32."""
        return (workload.params, workload.states, workload.phase) == ("float32", "float32", Phase())

    @property
    def in_float32(self) -> bool:
        """Whether it does the plain update in float32."""
        return self.can(Workload(((1,),)))

    @abstractmethod
    def start(self, workload: Workload, params: list[Array], grads: list[list[Array]], threads: int) -> Run:
        """Make an optimizer over copies of the parameters.

        Args:
            workload: The work of a step.
            params: The parameters, in float32.
            grads: Two sets of gradients, in float32, which are not changed.
            threads: Number of processors that the process may use; ``OMP_NUM_THREADS`` has the same value.
        """
