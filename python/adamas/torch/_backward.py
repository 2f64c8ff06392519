"""Stepping inside the backward pass."""

from __future__ import annotations

import math
import warnings
import weakref
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch

from adamas.adapters import StepScope
from adamas.adapters.checks import whole_number
from adamas.torch._binding import Binding
from adamas.torch._distributed import is_shared_out
from adamas.torch._gradient_stand_ins import UsedGradient, warn_of_parts
from adamas.torch._optimizer import Optimizer, stepper_of

_USED = (
    "this gradient was used in the backward pass already (step_in_backward): it can no longer be clipped, unscaled or "
    "looked at. To clip, make the optimizer with max_norm, and with clip_each=True or "
    "step_in_backward(..., previous_norm=True); with max_norm=math.inf nothing is clipped, and norms are known. "
    "Trainer needs one of these and max_grad_norm=0, Lightning no gradient_clip_val; GradScaler and "
    "DistributedDataParallel cannot be used"
)


def step_in_backward(
    model: torch.nn.Module | Iterable[torch.Tensor],
    optimizer: Optimizer,
    *,
    previous_norm: bool = False,
    gradient_accumulation_steps: int = 1,
) -> BackwardSteps:
    """Let each backward pass be a step: a parameter is updated as soon as its gradient is complete.

    The gradient is still in cache then, and is freed at once, so that there are never gradients of the whole model in
    memory::

        adamas.torch.step_in_backward(model, optimizer)
        for x, y in batches:
            loss(model(x), y).backward()      # updates all parameters
            scheduler.step()

    Under Hugging Face's Trainer, which clips gradients and logs their norm, the optimizer does both::

        optimizer = adamas.torch.AdamW(model.parameters(), lr=1e-4, max_norm=1.0)
        adamas.torch.step_in_backward(model, optimizer, previous_norm=True, gradient_accumulation_steps=4)
        arguments = TrainingArguments(..., max_grad_norm=0.0, gradient_accumulation_steps=4)
        Trainer(model, arguments, optimizers=(optimizer, None), ...).train()

    The result is that of ``optimizer.step()`` after each backward pass, bit for bit. Calling that is not needed, and
    does nothing but take the step of parameters whose gradients came from elsewhere.

    What is in ``param.grad`` afterwards stands for a gradient that has been used. ``zero_grad`` does nothing to it. To
    clip, unscale or read it raises a RuntimeError that says what to do instead. Only its norm can be read, if the
    optimizer was made with ``max_norm``, which may be infinite.

    Args:
        model: The module, or parameters, to be stepped so: those of them that the optimizer has now. Others go on
            collecting gradients, for ``optimizer.step()``.
        optimizer: Of this package.
        previous_norm: Clip (``max_norm``) by the norm of the last step, since that of this one is not known before its
            end. Without it ``max_norm`` is refused, unless each parameter is clipped by its own norm (``clip_each``).
        gradient_accumulation_steps: Each such backward pass is a step, >= 1, with the sum of its gradients and of those
            that the passes before it left in ``param.grad``. ``optimizer.step()`` takes a step with what has been
            collected so far, and begins to count anew: as at the end of an epoch.

    Returns:
        What takes the hooks away again: ``steps.remove()``.

    Raises:
        TypeError: Not an optimizer of this package; ``gradient_accumulation_steps`` is not a whole number.
        ValueError: ``max_norm`` is set, and ``previous_norm`` is not; the optimizer is stepped so already; a number of
            passes below 1; or a rule that needs all gradients before it updates a parameter (`Prodigy`).

        The backward pass raises what ``step`` would. Parameters that were updated before stay so.

    Warns:
        UserWarning: Once, by ``optimizer.step()``, if there was more than one backward pass since it was last called,
            and each was a step: as in a loop that means to accumulate gradients.
    """
    if not isinstance(optimizer, Optimizer):
        advice = "; make it with in_backward=True instead" if type(optimizer).__name__ == "Offload" else ""
        raise TypeError(
            f"optimizer: expected an optimizer of adamas.torch that steps parameters where they are, got "
            f"{type(optimizer).__name__}{advice}"
        )
    params = model.parameters() if isinstance(model, torch.nn.Module) else model
    passes = whole_number(gradient_accumulation_steps, "gradient_accumulation_steps", 1)
    return BackwardSteps(params, optimizer, previous_norm, passes)


class BackwardSteps:
    """The hooks that `step_in_backward` has put on the parameters of an optimizer."""

    def __init__(
        self, params: Iterable[torch.Tensor], optimizer: Optimizer, previous_norm: bool, passes_per_step: int
    ) -> None:
        self._optimizer = optimizer
        self._stepper = stepper_of(optimizer)
        self._previous_norm = previous_norm
        self._passes_per_step = passes_per_step
        self._scope: StepScope | None = None
        self._binding: Binding | None = None
        self._stepped: list[int] = []
        #: What is called at the end of the backward pass under way; the pass has it, even while others run inside it.
        self._pass: Callable[[], Callable[[], None] | None] = _nothing
        #: Backward passes since the last step, and since `step` was called.
        self._collected = 0
        self._since_call = 0
        self._warns = passes_per_step == 1
        _check_norm(optimizer, previous_norm)
        if self._stepper.needs_all:
            raise ValueError(
                f"optimizer: {type(optimizer).__name__} needs sums over the gradients of all parameters before it can "
                "update one of them, so it cannot step in the backward pass; call optimizer.step() after it"
            )
        if self._stepper.before_step is not None:
            raise ValueError(
                "optimizer: is stepped in the backward pass already; call remove() of what step_in_backward returned "
                "before, or give it all parameters at once"
            )
        self._stepper.before_step = self._before_step
        params = list(params)
        warn_of_parts(params, stacklevel=3)
        known = {param for group in optimizer.param_groups for param in group["params"]}
        trained = dict.fromkeys(param for param in params if param in known and param.requires_grad)
        self._trained = [_Trained(param) for param in trained]
        self._handles = [each.param.register_hook(partial(self._make_room, each)) for each in self._trained]
        self._handles += [
            each.param.register_post_accumulate_grad_hook(partial(self._take, each)) for each in self._trained
        ]

    def remove(self) -> None:
        """Take the hooks away: backward passes collect gradients again."""
        for handle in self._handles:
            handle.remove()
        self._handles = []
        self._stepper.conclude_backward()
        self._clear()
        self._trained = []
        if self._stepper.before_step == self._before_step:
            self._stepper.before_step = None

    def _make_room(self, trained: _Trained, grad: torch.Tensor) -> None:
        """Let autograd put a gradient where one was used: before the first of a backward pass, for all parameters."""
        if trained.was_used:
            self._clear()

    def _take(self, trained: _Trained, param: torch.Tensor) -> None:
        if self._pass() is None:
            self._begin_pass()
        if self._collected + 1 == self._passes_per_step:
            self._step(trained)

    def _step(self, trained: _Trained) -> None:
        assert self._scope is not None
        assert self._binding is not None
        index = self._binding.index(trained.param)
        if self._stepper.brings_rows(self._binding, index, self._optimizer.param_groups):
            raise ValueError(
                f"step_in_backward: the gradient of {self._binding.names[index]!r} is of single rows, which only "
                "step() can take; leave this parameter out, and call optimizer.step() for it"
            )
        self._scope.step_param(index, self._binding.gradient(index, trained.param.grad))
        self._stepped.append(index)
        trained.mark_used(self._scope.norm_of(index))

    def _begin_pass(self) -> None:
        self._close()  # if the pass before has failed, nobody else has
        if self._collected + 1 == self._passes_per_step:
            self._open()
        end = partial(self._end_pass)
        self._pass = weakref.ref(end)
        after_backward(end)

    def _clear(self) -> None:
        """Leave parameters without a gradient where it was used."""
        for trained in self._trained:
            if trained.was_used:
                trained.param.grad = None

    def _open(self) -> None:
        _check_norm(self._optimizer, self._previous_norm)
        binding, _ = self._stepper.look(self._optimizer.param_groups, self._optimizer.state)
        for index in binding.tensors.present():
            binding.tensors.put(index, None)  # this step's come one by one, and are to be freed so
        scope = binding.bound.step_scope(previous_norm=self._previous_norm, zero_grads=False)
        scope.__enter__()
        self._binding, self._scope = binding, scope
        self._stepper.end_step = self._close

    def _end_pass(self) -> None:
        self._pass = _nothing
        self._since_call += 1
        self._collected += 1
        if self._collected < self._passes_per_step:
            return
        self._collected = 0
        if self._passes_per_step > 1:  # some may have gradients of passes before this one alone
            self._step_all([each for each in self._trained if each.has_gradient])
        self._close()

    def _step_all(self, trained: Iterable[_Trained]) -> None:
        for each in trained:
            self._step(each)

    def _close(self) -> None:
        scope, binding, self._scope = self._scope, self._binding, None
        if scope is None or binding is None:
            return
        self._stepper.end_step = None
        stepped, self._stepped = self._stepped, []
        scope.__exit__(None, None, None)
        self._stepper.conclude(binding, stepped, self._optimizer.state)
        self._optimizer.report = scope.report

    def _before_step(self) -> None:
        self._stepper.conclude_backward()
        passes, self._since_call = self._since_call, 0
        if self._collected:
            self._collected = 0
            self._step_collected()
        self._clear()
        if passes > 1 and self._warns:
            self._warns = False
            warnings.warn(
                f"step_in_backward: there were {passes} backward passes since step() was last called, and each of them "
                "was a step; to accumulate gradients over k passes, give it gradient_accumulation_steps=k",
                UserWarning,
                stacklevel=4,
            )

    def _step_collected(self) -> None:
        """Take a step with what fewer passes than one step needs have left."""
        collected = [each for each in self._trained if each.has_gradient]
        if collected:
            self._open()
            try:
                self._step_all(collected)
            finally:
                self._close()


class _Trained:
    """A parameter that is stepped in the backward pass."""

    def __init__(self, param: torch.Tensor) -> None:
        self.param = param
        self._used: UsedGradient | None = None

    @property
    def was_used(self) -> bool:
        """Whether what is in ``param.grad`` says that the gradient has been used."""
        return self._used is not None and self.param.grad is self._used

    @property
    def has_gradient(self) -> bool:
        """Whether there is one that has not been used."""
        return self.param.grad is not None and self.param.grad is not self._used

    def mark_used(self, norm: tuple[float, float] | None) -> None:
        """Free the gradient, and let something say so in its place, which knows its norm if there is one."""
        if is_shared_out(self.param):
            self.param.grad = None
            return
        try:
            self.param.grad = self._used
        except (RuntimeError, TypeError):  # the parameter has another shape or dtype now
            self._used = None
        if self._used is None:
            self.param.grad = self._used = UsedGradient(self.param, _USED)
        self._used.known_norm = norm


def after_backward(call: Callable[[], Any]) -> None:
    """Have something called at the end of the backward pass in which this is called."""
    engine = torch.autograd.Variable._execution_engine  # noqa: SLF001 (as torch.distributed does)
    engine.queue_callback(call)


def _nothing() -> None:
    """No backward pass is under way."""


def _check_norm(optimizer: Optimizer, previous_norm: bool) -> None:
    defaults = optimizer.step_defaults
    clips = defaults.max_norm is not None and defaults.max_norm < math.inf
    if clips and not defaults.clip_each and not previous_norm:
        raise ValueError(
            "max_norm: the norm of all gradients is not known before the end of the backward pass; set "
            "previous_norm=True to clip by that of the step before, or make the optimizer with clip_each=True"
        )
