"""Checks of all that a step reads, in detail: they find the reason why an engine would not take it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

from adamas._inputs import trees
from adamas._inputs.arrays import address, check_array, check_like, check_overlap, readable
from adamas._inputs.hyperparameters import MAX_STEPS
from adamas._inputs.sparse import check_row_steps
from adamas._optimizer.model import Model
from adamas.rows import RowGrad, arrays_of, check_row_grad


class StepChecks(Model):
    """A model whose gradients can be checked."""

    #: How many of the gradients that were checked last have been copied.
    _copied = 0

    def _refuse(self, grads: Any, *, zero_grads: bool) -> NoReturn:
        """Raise the error that says which input is not acceptable."""
        self._check_step(grads, self._plan.scheduled, zero_grads=zero_grads)
        raise RuntimeError("an input changed while it was being checked; nothing was updated")

    def _check_step(
        self,
        grads: Any,
        scheduled: Sequence[Mapping[str, Any] | None] | None = None,
        *,
        zero_grads: bool = False,
    ) -> tuple[list[dict[str, Any]], list[Any]]:
        """Check all that a step reads; return each group's hyperparameters and each parameter's gradient."""
        self._check_counts()
        groups = self._check_groups(self.param_groups, self._plan.completed, scheduled)
        if grads is None and self._plan.accumulated:
            items: Iterable[tuple[str, Any]] = [("grads", None)] * len(self._leaves)
        else:
            items = trees.leaves_like(self._description, grads)
        return groups, self._check_gradients(items, zero_grads=zero_grads)

    def _check_counts(self) -> None:
        """Refuse a step that could not be counted."""
        counts = [self._plan.completed, *map(self._plan.step_count, range(len(self._leaves)))]
        if max(counts) >= MAX_STEPS:
            raise ValueError(f"step: {MAX_STEPS} steps have been taken, and no more can be counted")

    def _check_accumulated(self, grads: Any) -> list[Any]:
        """Check gradients that are to be accumulated."""
        gradients = self._check_gradients(trees.leaves_like(self._description, grads))
        for i in self._sparse:
            if gradients[i] is not None:
                raise ValueError(
                    f"accumulate: {self._leaves[i].name!r} takes gradients of single rows, which are not accumulated; "
                    "join those of all parts into one RowGrad"
                )
        return gradients

    def _check_alone(self, index: int, grad: Any, *, zero_grads: bool) -> Any:
        """Check the gradient of one parameter, and return it."""
        path = f"the gradient of {self._leaves[index].name!r}"
        if type(grad) is RowGrad:
            raise TypeError(f"{path}: expected an array, got a RowGrad; those go to step alone")
        items = ((path, grad if i == index else None) for i in range(len(self._leaves)))
        return self._check_gradients(items, zero_grads=zero_grads)[index]

    def _check_gradients(self, items: Iterable[tuple[str, Any]], *, zero_grads: bool = False) -> list[Any]:
        gradients: list[Any] = []
        arrays = self._named_copies()
        self._copied = 0
        for i, (leaf, (path, grad)) in enumerate(zip(self._leaves, items, strict=True)):
            gradients.append(self._check_gradient(i, path, grad, zero_grads=zero_grads))
            if gradients[i] is not grad:
                grad, self._copied = gradients[i], self._copied + 1  # noqa: PLW2901
            arrays.append((f"params{leaf.path}", leaf.array))
            arrays += [(f"state[{leaf.name!r}][{name!r}]", state) for name, state in self._states_of(i).items()]
            if grad is not None:
                arrays += arrays_of(grad, path)
        check_overlap(arrays)
        return gradients

    def _check_gradient(self, index: int, path: str, grad: Any, *, zero_grads: bool) -> Any:
        """Check a parameter, its copy and its gradient."""
        leaf, copy = self._leaves[index], self._copies[index]
        param_path = f"params{leaf.path}"
        for array, array_path in ((leaf.array, param_path), (copy, f"copy_out{leaf.path}")):
            if array is None:
                continue
            place = self._places[index] if array is leaf.array else self._copy_places[index]
            checked = check_array(array, array_path, writable=True)
            if index in self._sparse and checked.shape != self._sparse_shapes[index]:
                raise ValueError(f"{array_path}: was reshaped since this optimizer was made; give it its shape back")
            dtype = self._dtypes[index] if array is leaf.array else self._copy_dtypes[index]
            if checked.dtype != dtype:
                raise TypeError(f"{array_path}: expected dtype {dtype}, as it had at first, got {checked.dtype}")
            if address(checked) != place or checked.size != self._plan.size(index):
                raise ValueError(f"{array_path}: was resized since this optimizer was made; make a new one")
        if grad is None:
            return None
        if index in self._sparse:
            check_row_steps(self._plan.step_count(index), self._plan.row_counts(index), param_path)
        if type(grad) is RowGrad:
            if index not in self._sparse:
                sparse = {leaf.name: "lazy"}
                raise TypeError(f"{path}: for a RowGrad, make the optimizer with sparse={sparse} (or 'exact')")
            check_row_grad(grad, path, leaf.array, param_path, writable=zero_grads)
            return grad
        if not zero_grads:
            grad = readable(grad, leaf.array)
        return check_like(grad, path, leaf.array, param_path, same_dtype=False, writable=zero_grads)
