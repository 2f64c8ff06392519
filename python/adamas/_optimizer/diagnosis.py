"""Diagnosis of refused steps: repeats the checks of a step's inputs, to find which one failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

from adamas._inputs import trees
from adamas._inputs.arrays import address, check_like, check_overlap, readable
from adamas._inputs.hyperparameters import MAX_STEPS
from adamas._inputs.sparse import check_row_steps
from adamas._optimizer.model import Model
from adamas._optimizer.parameters import Parameter
from adamas.rows import RowGrad, arrays_of, check_row_grad


class Diagnosis:
    """The checks of an optimizer's steps. Each raises the error that names what is wrong."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def refuse_step(self, grads: Any, groups: Any, *, zero_grads: bool) -> NoReturn:
        """Raise the error that says which input of a step is not acceptable."""
        self.check_step(grads, groups, self._model.engine.scheduled, zero_grads=zero_grads)
        raise RuntimeError("an input changed while it was being checked; nothing was updated")

    def refuse_accumulated(self, grads: Any) -> NoReturn:
        """Raise the error that says which gradient cannot be accumulated."""
        self.check_accumulated(grads)
        if self._model.engine.accumulated:
            raise RuntimeError(
                "accumulate: step_defaults.accumulation has changed since gradients were accumulated, and "
                "'tree' adds them in another order; call step() or drop_accumulated() first"
            )
        raise RuntimeError("an input changed while it was being checked; nothing was added")

    def refuse_open(self, groups: Any) -> NoReturn:
        """Raise the error that says why a step in parts cannot begin."""
        if self._model.engine.accumulated:
            raise RuntimeError(
                "step_scope: gradients have been accumulated, which only a whole step can use; call step() or "
                "drop_accumulated() first"
            )
        self.check_groups(groups, self._model.engine.scheduled)
        raise RuntimeError("an input changed while it was being checked; nothing was updated")

    def refuse_alone(self, index: int, grad: Any, groups: Any, *, zero_grads: bool) -> NoReturn:
        """Raise the error that says why one parameter of a step in parts was not updated."""
        if grad is None:
            path = self._path_alone(index)
            raise ValueError(f"{path}: expected an array, got None; leave out a parameter that has no gradient")
        self.check_groups(groups)
        self.check_alone(index, grad, zero_grads=zero_grads)
        raise RuntimeError("an input changed while it was being checked; this parameter was not updated")

    def refuse_stepped_alone(self, index: int, array: Any, grad: Any, groups: Any, *, zero_grads: bool) -> NoReturn:
        """Raise the error that says why one parameter was not stepped by itself."""
        parameter = self._model.parameters[index]
        if self._model.engine.accumulated:
            raise RuntimeError(f"{parameter.path}: gradients have been accumulated, which only a whole step can use")
        parameter.check_bound()
        check_like(array, parameter.path, parameter.array, parameter.path, same_dtype=True, writable=True)
        if address(array) != address(parameter.array):
            raise ValueError(f"{parameter.path}: expected the memory that was bound, got an array elsewhere")
        self.refuse_alone(index, grad, groups, zero_grads=zero_grads)

    def check_step(
        self,
        grads: Any,
        groups: Any,
        scheduled: Sequence[Mapping[str, Any] | None] | None = None,
        *,
        zero_grads: bool = False,
    ) -> tuple[list[dict[str, Any]], list[Any], int]:
        """Check all that a step reads.

        Returns:
            The hyperparameters of each group, the gradient of each parameter, and how many of those had to be copied.
        """
        checked = self.check_groups(groups, scheduled)
        if grads is None and self._model.engine.accumulated:
            items: Iterable[tuple[str, Any]] = [("grads", None)] * len(self._model.parameters)
        else:
            items = trees.leaves_like(self._model.parameters.description, grads)
        return (checked, *self._check_gradients(items, zero_grads=zero_grads))

    def check_groups(
        self, groups: Any, scheduled: Sequence[Mapping[str, Any] | None] | None = None
    ) -> list[dict[str, Any]]:
        """Check the hyperparameters of the next step, and that it can be counted; return those of each group."""
        model = self._model
        counts = [model.engine.completed, *(model.engine.step_count(p.index) for p in model.parameters)]
        if max(counts) >= MAX_STEPS:
            raise ValueError(f"step: {MAX_STEPS} steps have been taken, and no more can be counted")
        keeping = None if model.kind.foreign else model.parameters
        return model.groups.check(groups, model.engine.completed, scheduled, keeping=keeping, exact=model.parameters)

    def check_accumulated(self, grads: Any) -> list[Any]:
        """Check gradients that are to be accumulated, and return them."""
        parameters = self._model.parameters
        gradients, _ = self._check_gradients(trees.leaves_like(parameters.description, grads))
        for parameter in parameters.by_row():
            if gradients[parameter.index] is not None:
                raise ValueError(
                    f"accumulate: {parameter.name!r} takes gradients of single rows, which are not accumulated; "
                    "join those of all parts into one RowGrad"
                )
        return gradients

    def check_alone(self, index: int, grad: Any, *, zero_grads: bool) -> tuple[Any, int]:
        """Check the gradient of one parameter; return it, and whether it had to be copied."""
        path = self._path_alone(index)
        if type(grad) is RowGrad:
            raise TypeError(f"{path}: expected an array, got a RowGrad; those go to step alone")
        items = ((path, grad if i == index else None) for i in range(len(self._model.parameters)))
        gradients, copied = self._check_gradients(items, zero_grads=zero_grads)
        return gradients[index], copied

    def check_one(self, index: int, grad: Any) -> Any:
        """Check the gradient of one parameter by itself; return it, or a copy of one that an engine cannot read."""
        if grad is None:
            raise ValueError(
                f"{self._path_alone(index)}: expected an array, got None; leave out a parameter without one"
            )
        return self._check_gradient(self._model.parameters[index], self._path_alone(index), grad, zero_grads=False)

    def _path_alone(self, index: int) -> str:
        return f"the gradient of {self._model.parameters[index].name!r}"

    def _check_gradients(self, items: Iterable[tuple[str, Any]], *, zero_grads: bool = False) -> tuple[list[Any], int]:
        gradients: list[Any] = []
        arrays = self._model.parameters.named_copies()
        copied = 0
        for parameter, (path, given) in zip(self._model.parameters, items, strict=True):
            parameter.check_bound()
            grad = None if given is None else self._check_gradient(parameter, path, given, zero_grads=zero_grads)
            copied += grad is not given
            gradients.append(grad)
            arrays.append((parameter.path, parameter.array))
            states = self._model.states_of(parameter)
            arrays += [(f"state[{parameter.name!r}][{name!r}]", state) for name, state in states.items()]
            if grad is not None:
                arrays += arrays_of(grad, path)
        check_overlap(arrays)
        return gradients, copied

    def _check_gradient(self, parameter: Parameter, path: str, grad: Any, *, zero_grads: bool) -> Any:
        """Check a gradient; return it, or a copy of one whose layout an engine cannot read."""
        param_path = parameter.path
        if parameter.row_mode is not None:
            engine = self._model.engine
            check_row_steps(engine.step_count(parameter.index), engine.row_counts(parameter.index), param_path)
        if type(grad) is RowGrad:
            if parameter.row_mode is None:
                sparse = {parameter.name: "lazy"}
                raise TypeError(f"{path}: for a RowGrad, make the optimizer with sparse={sparse} (or 'exact')")
            check_row_grad(grad, path, parameter.array, param_path, writable=zero_grads)
            return grad
        if not zero_grads:
            grad = readable(grad, parameter.array)
        return check_like(grad, path, parameter.array, param_path, same_dtype=False, writable=zero_grads)
