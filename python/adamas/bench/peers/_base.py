"""What a peer is."""

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
    """A peer at work on arrays of its own.

    Attributes:
        step: Takes ``steps`` steps.
        refresh: Puts a set of gradients in place, 0 or 1.
        param: Returns a parameter as it is now.
        steps: How many steps a call takes; with more than one, gradients alternate within the call.
        consumes: The step leaves the gradients as something else, so that they are put in place again before each.
    """

    step: Callable[[], object]
    refresh: Callable[[int], None]
    param: Callable[[int], Array]
    steps: int = 1
    consumes: bool = False


class Peer(ABC):
    """An optimizer that does what `adamas.AdamW` does.

    Attributes:
        name: As tables and pictures have it.
        distributions: What must be installed.
        decays: Has it weight decay? Where it has not, both sides of its comparisons go without.
        holds_gradients: Has it gradient arrays of its own? Else it reads those it was given.
        note: What a reader of a table should know.
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
        """Say whether there is a call, or a few, for this workload. By default: the update of float32, alone."""
        return (workload.params, workload.states, workload.phase) == ("float32", "float32", Phase())

    @property
    def in_float32(self) -> bool:
        """Does it do the plain update in float32?"""
        return self.can(Workload(((1,),)))

    @abstractmethod
    def start(self, workload: Workload, params: list[Array], grads: list[list[Array]], threads: int) -> Run:
        """Make an optimizer over copies of the parameters.

        Args:
            workload: What a step does.
            params: In float32.
            grads: Two sets, in float32; they stay as they are.
            threads: The process may use so many processors, and ``OMP_NUM_THREADS`` says so.
        """
