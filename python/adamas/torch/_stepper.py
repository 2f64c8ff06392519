"""Steps of parameters: binds them to an optimizer of adamas, and again after a change of tensors or options."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from adamas.adapters import Observed, Optimizer, StepDefaults, StepReport, describe
from adamas.adapters.checks import FORKED, forks
from adamas.torch._arguments import as_number
from adamas.torch._binding import Binding
from adamas.torch._distributed import local
from adamas.torch._gradient_stand_ins import is_in_backward
from adamas.torch._state_entries import State
from adamas.torch.tensors import takes_rows

#: ``optimizer.param_groups``.
Groups = list[dict[str, Any]]

#: Parameters whose gradients, as objects, don't make Python's collector start.
_FEW = 300


class Stepper:
    """What `Optimizer`, `step_in_backward` and `Offload` step parameters by.

    Groups and states are the optimizer's, whose users put into them what they like. So they come with each call, and
    are looked at anew. All else is kept here.

    Args:
        optimizer_class: Of adamas.
        names: Of the hyperparameters that it takes.
        options: Its options, except for ``copy_out`` and ``sparse``.
        row_mode: What becomes of rows without a gradient: "lazy" or "exact".
        step_defaults: What a step does about gradients.

    Attributes:
        binding: The parameters as they were bound last, or None.
        copies: The tensor that takes a copy of a parameter, for those that have one (``copy_out``).
        copies_lead: Those tensors are the parameters of the model: what is written to them counts.
        row_params: Parameters whose gradients are of single rows.
        counts_before: Steps taken by the optimizer that this one is a copy of, or whose state dict it has loaded, and
            the norm by which its next step may clip, and the numbers that its rule keeps for all parameters together.
        before_step: Called by the optimizer's ``step`` first of all, where backward passes are steps; or None.
        end_step: Ends the step of the backward pass under way, if there is one.
    """

    def __init__(
        self,
        optimizer_class: type[Optimizer],
        names: Sequence[str],
        options: dict[str, Any],
        row_mode: str,
        step_defaults: StepDefaults,
    ) -> None:
        self.info = describe(optimizer_class)
        self.options = options
        self.row_mode = row_mode
        self.step_defaults = step_defaults
        self.binding: Binding | None = None
        self.copies: dict[torch.Tensor, torch.Tensor] = {}
        self.copies_lead = False
        self.row_params: set[torch.Tensor] = set()
        self.counts_before: tuple[int, float | None, dict[str, float]] = (0, None, dict(self.info.spec.shared_scalars))
        self.before_step: Callable[[], None] | None = None
        self.end_step: Callable[[], None] | None = None
        self._names = names
        self._observed_before: Observed | None = None
        self._lock = threading.Lock()
        #: How many forks there had been when a thread began to step: this process may be a fork of that one.
        self._since_fork = 0

    def hyperparameters(self, group: Mapping[str, Any]) -> dict[str, Any]:
        """Return those that adamas has and takes, as numbers."""
        return {name: as_number(group[name]) for name in self._names}

    @property
    def completed(self) -> int:
        """Steps taken by the optimizer."""
        return self.counts_before[0] if self.binding is None else self.binding.bound.completed

    @property
    def previous_norm(self) -> float | None:
        """The norm of the gradients of the last step that took it and found it finite."""
        return self.counts_before[1] if self.binding is None else self.binding.bound.previous_norm

    @property
    def needs_all(self) -> bool:
        """Whether the rule has to see all gradients before it can update a parameter."""
        return bool(self.info.spec.shared_scalars)

    @property
    def scalars(self) -> dict[str, float]:
        """The numbers that the rule keeps for all parameters together."""
        return dict(self.counts_before[2]) if self.binding is None else self.binding.bound.shared_scalars()

    @property
    def observed(self) -> Observed | None:
        """The measurements of the last observed step; None before the first."""
        found = None if self.binding is None else self.binding.bound.observed
        return self._observed_before if found is None else found

    def refuse_while_averaged(self, doing: str) -> None:
        """Refuse what must not be done while parameters hold averages.

        Raises:
            RuntimeError: They do.
        """
        if self.binding is not None:
            self.binding.bound.refuse_while_averaged(doing)

    def conclude_backward(self) -> None:
        """End the step that a backward pass had begun when it failed (`step_in_backward`)."""
        if self.end_step is not None and not is_in_backward():
            self.end_step()

    def bring_up(self) -> None:
        """Let nothing be under way or behind."""
        self.conclude_backward()
        if self.row_mode == "exact" and self.row_params:
            self.catch_up()

    def catch_up(self, param: torch.Tensor | None = None, rows: torch.Tensor | None = None) -> None:
        """Bring rows to the last step; as `Optimizer.catch_up`."""
        self.conclude_backward()
        binding = self.binding
        if binding is None or (param is not None and param not in self.row_params):
            return
        index = None if param is None else binding.index(param)
        binding.bound.catch_up(index, None if rows is None else rows.detach().contiguous().numpy())
        torch.autograd.graph.increment_version([p for p in binding.params if p in self.row_params])

    def step(self, groups: Groups, state: State, grad_scale: Any) -> StepReport | None:
        """Take a step with the gradients that the parameters have now.

        Args:
            groups: The optimizer's.
            state: The optimizer's.
            grad_scale: What gradients are divided by, a number or a tensor of one; or None.

        Returns:
            What happened; None if no parameter had a gradient.

        Raises:
            Exception: As `Optimizer.step`.
        """
        if not self._lock.acquire(blocking=False):
            if self._since_fork != forks():
                raise RuntimeError(FORKED)
            raise RuntimeError("this optimizer is being stepped by another thread; one at a time may step it")
        self._since_fork = forks()
        # Many gradients are many new objects, through which Python's collector would look at each step for nothing.
        pauses = self.binding is not None and len(self.binding.params) > _FEW and gc.isenabled()
        if pauses:
            gc.disable()
        try:
            binding, awkward = self._collect(groups, state)
            report = self.step_collected(binding, state, None if grad_scale is None else float(grad_scale))
            if self.step_defaults.zero_grads and not (report and report.skipped):
                _clear_gradients([binding.params[i] for i in awkward])
        finally:
            if pauses:
                gc.enable()
            self._lock.release()
        return report

    def step_collected(self, binding: Binding, state: State, grad_scale: float | None) -> StepReport | None:
        """Take a step with the gradients that the binding has been given; as `step`."""
        count = binding.tensors.count
        if not count:
            return None
        indices = range(len(binding.params)) if count == len(binding.params) else binding.tensors.present()
        report = binding.bound.step_tensors(binding.tensors, binding.gradients, grad_scale)
        if not report.skipped:
            self.conclude(binding, indices, state)
        return report

    def conclude(self, binding: Binding, indices: Sequence[int], state: State) -> None:
        """Show that parameters were updated: to autograd, and to those who look into the optimizer's state."""
        params = binding.params if len(indices) == len(binding.params) else [binding.params[i] for i in indices]
        torch.autograd.graph.increment_version(params)
        if self.copies:
            torch.autograd.graph.increment_version([self.copies[p] for p in params if p in self.copies])
        binding.show_numbers()
        binding.publish(state, indices)

    def _collect(self, groups: Groups, state: State) -> tuple[Binding, list[int]]:
        """Return the binding of parameters and states as they are now, with their gradients, and what `look` does."""
        binding, awkward = self.look(groups, state)
        if awkward:
            if any(binding.params[i] not in self.row_params and self.brings_rows(binding, i, groups) for i in awkward):
                self.bind(groups, state)
                binding, awkward = self.look(groups, state)
            for i in awkward:
                binding.tensors.put(i, binding.gradient(i, binding.params[i].grad))
        return binding, awkward

    def look(self, groups: Groups, state: State) -> tuple[Binding, list[int]]:
        """Return the binding, with the gradients that there are, and the numbers of those it cannot take as they are.

        Raises:
            TypeError: A parameter or state of the wrong type; the message names it.
            ValueError: ... that does not fit.
            RuntimeError: Parameters hold averages and have to be bound again, or one changed meanwhile.
        """
        self.conclude_backward()
        binding, awkward = self.binding, None
        if binding is not None and binding.still_fits(groups):
            awkward = binding.tensors.collect(groups, state)
        if binding is None or awkward is None:
            binding = self.bind(groups, state)
            awkward = binding.tensors.collect(groups, state)
            if awkward is None:
                raise RuntimeError("a parameter changed while it was being read; nothing was updated")
        binding.check_norms()
        unclear = binding.unclear()
        if unclear:
            awkward = sorted({*awkward, *unclear})
        binding.read_steps()
        if not binding.is_known:
            groups = _plain(groups)
        if binding.bound.param_groups is not groups:
            binding.bound.param_groups = groups
        return binding, awkward

    def bind(self, groups: Groups, state: State) -> Binding:
        """Bind the parameters as they are now, and take over their states.

        Raises:
            TypeError: As `look`.
            ValueError: As `look`.
            RuntimeError: Parameters hold averages.
        """
        self.refuse_while_averaged("stepping")
        self.bring_up()
        old = self.binding
        for group in groups:
            brought = [param for param in group["params"] if takes_rows(param, param.grad)]
            self.row_params.update(param for param in brought if self._can_step_rows(param, group))
        binding = Binding(
            self.info.optimizer_class,
            _plain(groups),
            self.hyperparameters,
            self.copies,
            self.copies_lead,
            self.row_params,
            self.row_mode,
            **self.options,
        )
        binding.bound.step_defaults = self.step_defaults
        binding.adopt(state, self.completed, old)
        binding.bound.previous_norm = self.previous_norm
        if scalars := self.scalars:
            binding.bound.set_shared_scalars(scalars)
        self._observed_before = self.observed
        self.binding = binding
        return binding

    def brings_rows(self, binding: Binding, index: int, groups: Groups) -> bool:
        """Tell whether the gradient of a parameter is of single rows that can be updated alone."""
        param, group = binding.params[index], groups[binding.bound.groups_of[index]]
        return takes_rows(param, param.grad) and self._can_step_rows(param, group)

    def _can_step_rows(self, param: torch.Tensor, group: Mapping[str, Any]) -> bool:
        keeps_more = self.options.get("average") is not None or param in self.copies
        keeps_more |= self.options.get("state_dtype") not in (None, "float32", "float64")
        return self.info.can_step_rows({**group, **self.hyperparameters(group)}, keeps_more=keeps_more)


def _plain(groups: Groups) -> Groups:
    """Return the groups, with numbers for learning rates in tensors."""
    if any(isinstance(group["lr"], torch.Tensor) for group in groups):
        return [{**group, "lr": as_number(group["lr"])} for group in groups]
    return groups


def _clear_gradients(params: list[torch.Tensor]) -> None:
    """Set gradients to zero of which adamas had a copy."""
    for param in params:
        grad = param.grad
        if grad is None:
            continue
        part = local(grad)
        if part.layout == torch.strided and 0 in part.stride():
            param.grad = torch.zeros_like(param, dtype=grad.dtype)  # an expanded one cannot be written to
        else:
            grad.detach().zero_()
