"""The protocol of engines: what an optimizer asks of the compiled core, or of the one in NumPy."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from adamas._optimizer.report import StepReport
from adamas._types import Array

if TYPE_CHECKING:
    from adamas._optimizer.parameters import Parameter

__all__ = ["Begun", "Engine", "InputChecks", "StepOptions", "clip_coefficient"]


class StepOptions(NamedTuple):
    """Checked options of one step, as the engines take them (``cpp/bindings/step_options.cpp`` reads them by name)."""

    grad_scale: float = 1.0
    max_norm: float = math.inf
    max_value: float = math.inf
    largest: bool = False
    clip_each: bool = False
    measure: bool = False
    skip_nonfinite: bool = False
    zero_grads: bool = False
    mean: bool = False
    keep_accumulated: bool = False
    #: Every how many-th step is observed, the first one on; 0: none.
    observe: int = 0
    clip_eps: float = 1e-6

    @property
    def measured(self) -> bool:
        """Whether the gradients are to be looked at before the update."""
        return self.measure or self.skip_nonfinite or self.max_norm < math.inf


def clip_coefficient(norm: float, options: StepOptions) -> float:
    """Return what gradients of this norm are multiplied by."""
    divisor = norm + options.clip_eps
    coefficient = options.max_norm / divisor if divisor != 0.0 else math.inf
    return 1.0 if coefficient > 1.0 else coefficient  # NaN stays


class Begun(Protocol):
    """A step under way: `Engine.start` began it and `finish` takes it, or `Engine.open` and `close`; once."""

    def finish(self) -> StepReport | None: ...
    def close(self) -> int: ...
    def abandon(self) -> None: ...


class Engine(Protocol):
    """The engine of one optimizer: parameters and states in order, and their step counts.

    Where inputs are not acceptable, `step`, `step_one`, `start` and `open` return None, and `accumulate` False; an
    engine may as well raise the error that says which.
    """

    num_threads: int
    #: Whether a parameter becomes what its copy is, where somebody has written to that.
    copies_lead: bool
    #: Of the gradients of the last step that took their norm and found it finite.
    previous_norm: float | None

    @property
    def completed(self) -> int: ...
    @property
    def average_counts(self) -> int | list[int]: ...
    def average_count(self, index: int) -> int: ...
    def set_average_counts(self, counts: Sequence[int]) -> None: ...
    @property
    def accumulated(self) -> int: ...
    @property
    def observed(self) -> tuple[int, Array] | None: ...
    @property
    def scheduled(self) -> Sequence[Mapping[str, Any] | None]: ...
    def add_group(self, group: dict[str, Any], frozen: tuple[str, ...], beta_count: int) -> None: ...
    def add_parameter(self, parameter: Parameter) -> None: ...
    def lay_out(self, memory: Callable[[int], Array] | None = None) -> None: ...
    def state(self, index: int, which: int) -> Array: ...
    def scale(self, index: int, which: int) -> Array | None: ...
    def residue(self, index: int) -> Array | None: ...
    def average(self, index: int) -> Array | None: ...
    def row_counts(self, index: int) -> Array | None: ...
    def catch_up(self, index: int, rows: Array | None) -> bool: ...
    def step(
        self, grads: Any, groups: Any, options: StepOptions | None = None, average_weight: float | Sequence[float] = 0.0
    ) -> StepReport | None: ...
    def start(
        self, grads: Any, groups: Any, options: StepOptions | None, average_weight: float | Sequence[float]
    ) -> Begun | None: ...
    def accumulate(self, grads: Any, in_tree: bool) -> bool: ...
    def drop_accumulated(self) -> None: ...
    def open(
        self, groups: Any, options: StepOptions | None, average_weight: float | Sequence[float]
    ) -> Begun | None: ...
    def step_one(self, index: int, grad: Any) -> StepReport | None: ...
    def step_count(self, index: int) -> int: ...
    def set_step_counts(
        self,
        counts: Sequence[int],
        completed: int,
        scalars: Sequence[Sequence[float]] = ...,
        shared: Sequence[float] = ...,
    ) -> None: ...
    def shared_scalars(self) -> list[float]: ...
    def set_shared_scalars(self, values: Sequence[float]) -> None: ...
    def scalars(self, index: int) -> list[float]: ...
    def set_scalars(self, index: int, values: Sequence[float]) -> None: ...
    def __enter__(self) -> None: ...
    def __exit__(self, *exception: object) -> None: ...


class InputChecks(Protocol):
    """The checks that an engine without checks of its own asks for: each raises the error that names what is wrong."""

    def check_step(
        self, grads: Any, groups: Any, *, zero_grads: bool = False
    ) -> tuple[list[dict[str, Any]], list[Any], int]: ...
    def check_groups(self, groups: Any) -> list[dict[str, Any]]: ...
    def check_accumulated(self, grads: Any) -> list[Any]: ...
    def check_alone(self, index: int, grad: Any, *, zero_grads: bool) -> tuple[Any, int]: ...
