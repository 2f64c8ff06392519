"""Stepping inside the backward pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch

from adamas._scope import StepScope
from adamas.torch._layout import Layout
from adamas.torch._optimizer import Optimizer


def step_in_backward(
    model: torch.nn.Module | Iterable[torch.Tensor], optimizer: Optimizer, *, previous_norm: bool = False
) -> BackwardSteps:
    """Let each backward pass be a step: a parameter is updated as soon as its gradient is complete.

    The gradient is still in cache then, and is freed at once, so that there are never gradients of the whole model in
    memory::

        adamas.torch.step_in_backward(model, optimizer)
        for x, y in batches:
            loss(model(x), y).backward()      # updates all parameters
            scheduler.step()

    The result is that of ``optimizer.step()`` after each backward pass, bit for bit. Calling that is not needed, and
    does nothing but take the step of parameters whose gradients came from elsewhere.

    Args:
        model: The module, or parameters, to be stepped so: those of them that the optimizer has now. Others go on
            collecting gradients, for ``optimizer.step()``.
        optimizer: Of this package.
        previous_norm: Clip (``max_norm``) by the norm of the last step, since that of this one is not known before its
            end. Without it ``max_norm`` is refused, unless each parameter is clipped by its own norm (``clip_each``).

    Returns:
        What takes the hooks away again: ``steps.remove()``.

    Raises:
        TypeError: Not an optimizer of this package.
        ValueError: ``max_norm`` is set, and ``previous_norm`` is not.

        The backward pass raises what ``step`` would. Parameters that were updated before stay so.
    """
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer: expected one of adamas.torch, got {type(optimizer).__name__}")
    params = model.parameters() if isinstance(model, torch.nn.Module) else model
    return BackwardSteps(params, optimizer, previous_norm)


class BackwardSteps:
    """The hooks that `step_in_backward` has put on the parameters of an optimizer."""

    def __init__(self, params: Iterable[torch.Tensor], optimizer: Optimizer, previous_norm: bool) -> None:
        self._optimizer = optimizer
        self._previous_norm = previous_norm
        self._scope: StepScope | None = None
        self._layout: Layout | None = None
        self._stepped: list[int] = []
        #: Of the backward pass under way.
        self._pass = -1
        _check_norm(optimizer, previous_norm)
        known = {param for group in optimizer.param_groups for param in group["params"]}
        trained = dict.fromkeys(param for param in params if param in known and param.requires_grad)
        self._handles = [param.register_post_accumulate_grad_hook(self._take) for param in trained]

    def remove(self) -> None:
        """Take the hooks away: backward passes collect gradients again."""
        for handle in self._handles:
            handle.remove()
        self._handles = []
        self._optimizer._conclude_backward()

    def _take(self, param: torch.Tensor) -> None:
        number = torch._C._current_graph_task_id()
        if number != self._pass or self._scope is None:
            self._close()  # if the pass before has failed, nobody else has
            self._open()
            self._pass = number
        assert self._scope is not None
        assert self._layout is not None
        index = self._layout.index(param)
        if self._optimizer._brings_rows(self._layout, index):
            raise ValueError(
                f"step_in_backward: the gradient of {self._layout.names[index]!r} is of single rows, which only step() "
                "can take; leave this parameter out, and call optimizer.step() for it"
            )
        self._scope.step_param(index, self._layout.gradient(index, param.grad))
        self._stepped.append(index)
        param.grad = None

    def _open(self) -> None:
        _check_norm(self._optimizer, self._previous_norm)
        layout, _ = self._optimizer._look()
        for index in layout.tensors.present():
            layout.tensors.put(index, None)  # this step's come one by one, and are to be freed so
        scope = layout.engine.step_scope(previous_norm=self._previous_norm)
        scope.__enter__()
        self._layout, self._scope = layout, scope
        self._optimizer._end_step = self._close
        after_backward(self._close)

    def _close(self) -> None:
        scope, layout, self._scope = self._scope, self._layout, None
        if scope is None or layout is None:
            return
        self._optimizer._end_step = None
        stepped, self._stepped = self._stepped, []
        scope.__exit__(None, None, None)
        self._optimizer._conclude(layout, stepped)
        self._optimizer.report = scope.report


def after_backward(call: Callable[[], Any]) -> None:
    """Have something called at the end of the backward pass in which this is called."""
    torch.autograd.Variable._execution_engine.queue_callback(call)


def _check_norm(optimizer: Optimizer, previous_norm: bool) -> None:
    defaults = optimizer.step_defaults
    if defaults.max_norm is not None and not defaults.clip_each and not previous_norm:
        raise ValueError(
            "max_norm: the norm of all gradients is not known before the end of the backward pass; set "
            "previous_norm=True to clip by that of the step before, or make the optimizer with clip_each=True"
        )
