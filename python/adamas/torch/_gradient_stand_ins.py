"""Stand-ins for gradients that have been taken out of ``param.grad``.

Code between the backward pass and ``step`` looks at ``param.grad``: clipping, `GradScaler`, ``zero_grad``, logging.
None would tell it that there is no gradient, and clipping would silently do nothing. So there is a tensor without
memory, which either passes on what is done to it, or refuses.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import torch
from torch.utils import _pytree as pytree

from adamas.torch._distributed import is_shared_out

_aten = torch.ops.aten
#: Operations whose result is another tensor of the same values, and which look at none of them.
_COPIES = (
    _aten.detach.default,
    _aten.alias.default,
    _aten.clone.default,
    _aten._to_copy.default,  # noqa: SLF001 (the operation's name)
)
#: How autograd adds the gradients of several backward passes.
_SUMS = (_aten.add_.Tensor, _aten.add.Tensor)


class Holder(Protocol):
    """What has a gradient now."""

    def gradient(self) -> torch.Tensor:
        """Return it, on the CPU; it may be changed in place."""

    def accumulate(self, more: torch.Tensor) -> None:
        """Add the gradient of another backward pass to it."""


class TakenGradient(torch.Tensor):
    """Base of the tensors that stand in ``param.grad``; they have its shape, dtype and device, and no memory."""

    __torch_function__ = torch._C._disabled_torch_function_impl  # noqa: SLF001 (as torch's documentation has it)

    def __new__(cls, like: torch.Tensor, *_: Any, device: torch.device | None = None) -> TakenGradient:
        made: TakenGradient = torch.Tensor._make_wrapper_subclass(  # noqa: SLF001 (no public way)
            cls, like.shape, strides=like.stride(), dtype=like.dtype, device=device or like.device
        )
        # Native code that does not ask gets an error, in the place of memory that is not there.
        torch._C._set_throw_on_mutable_data_ptr(made)  # noqa: SLF001 (no public way)
        return made

    def taken_values(self) -> torch.Tensor:
        """Return the gradient's values."""
        raise NotImplementedError

    def __repr__(self, *, tensor_contents: str | None = None) -> str:
        return repr(self.taken_values())

    def __deepcopy__(self, memo: dict[int, Any]) -> torch.Tensor:
        return self.clone()

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.taken_values().__reduce_ex__(protocol)

    def numpy(self, **options: Any) -> Any:
        """Return the values as an array, as every tensor does."""
        return self.taken_values().numpy(**options)

    def tolist(self) -> Any:
        """Return the values as a list, as every tensor does."""
        return self.taken_values().tolist()


class HeldGradient(TakenGradient):
    """Stands for a gradient in host memory: every operation on it is one on that.

    Args:
        like: The parameter.
        find: Returns what has the gradient: a weak reference to it. The garbage collector cannot look through
            ``param.grad``, and would never free a parameter that a strong one leads back to.
        device: Where the gradient seems to be. None: where ``like`` is.
    """

    def __init__(
        self, like: torch.Tensor, find: Callable[[], Holder | None], *, device: torch.device | None = None
    ) -> None:
        self._find = find

    def holder(self) -> Holder:
        holder = self._find()
        if holder is None:
            raise RuntimeError("this gradient was dropped with the optimizer that had taken it")
        return holder

    def taken_values(self) -> torch.Tensor:
        return self.holder().gradient()

    @classmethod
    def __torch_dispatch__(
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func is _aten.add_.Tensor and isinstance(args[0], cls) and not kwargs and is_in_backward():
            args[0].holder().accumulate(args[1])
            return args[0]
        return _HostCall(func, dict(kwargs or {})).run(args)


class _HostCall:
    """One operation on gradients in host memory."""

    def __init__(self, func: Any, kwargs: dict[str, Any]) -> None:
        self._func = func
        self._kwargs = kwargs
        #: By their id, the tensors that are operated on, with what they stand for.
        self._brought: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
        self._moves = False
        self._gradient = torch.Tensor()
        self._stand_in = self._gradient

    def run(self, args: tuple[Any, ...]) -> Any:
        """Do it; return the result as if it had been done where the gradients seem to be."""
        here = _map(self._bring, args)
        result = self._func(*here, **{name: _map(self._bring, value) for name, value in self._kwargs.items()})
        if self._moves:
            self._write_back(args)
        return _map(self._place, result)

    def _bring(self, value: Any) -> Any:
        """Return an argument as it is on the host."""
        if isinstance(value, HeldGradient):
            tensor = self._gradient = value.taken_values()
            self._stand_in = value
        elif isinstance(value, torch.Tensor) and value.device.type != "cpu":
            tensor = value.cpu()
            self._moves = True
        else:
            return value
        self._brought[id(tensor)] = tensor, value
        return tensor

    def _write_back(self, args: tuple[Any, ...]) -> None:
        """Let tensors of other devices have what was written into their copies."""
        arguments = self._func._schema.arguments  # noqa: SLF001 (no public way)
        given = {**{argument.name: value for argument, value in zip(arguments, args, strict=False)}, **self._kwargs}
        written = pytree.tree_leaves([given.get(argument.name) for argument in arguments if _is_written(argument)])
        for tensor, value in self._brought.values():
            if not isinstance(value, HeldGradient) and any(value is each for each in written):
                value.copy_(tensor)

    def _place(self, value: Any) -> Any:
        """Return a result where the gradient seems to be, and in its dtype if it has an element for each of its own."""
        if not isinstance(value, torch.Tensor):
            return value
        if id(value) in self._brought:
            return self._brought[id(value)][1]
        device = None if self._kwargs.get("device") is not None else self._stand_in.device
        if _is_view(self._func):
            part = _Part(value)
            return HeldGradient(value, lambda: part, device=device)
        is_alike = value.shape == self._stand_in.shape and value.dtype == self._gradient.dtype
        dtype = self._stand_in.dtype if is_alike and self._kwargs.get("dtype") is None else value.dtype
        return value if (device or value.device, dtype) == (value.device, value.dtype) else value.to(device, dtype)


def _map(call: Callable[[Any], Any], value: Any) -> Any:
    """Return what an operation is given or returns, with something done to each part of it."""
    return type(value)([_map(call, part) for part in value]) if isinstance(value, list | tuple) else call(value)


@functools.cache
def _is_view(func: Any) -> bool:
    """Tell whether the result of an operation shares memory with an argument, and is not that itself."""
    returns = func._schema.returns  # noqa: SLF001 (no public way)
    return any(each.alias_info is not None and not _is_written(each) for each in returns)


def _is_written(argument: Any) -> bool:
    return argument.alias_info is not None and bool(argument.alias_info.is_write)


class _Part:
    """A view of a gradient in host memory."""

    def __init__(self, view: torch.Tensor) -> None:
        self._view = view

    def gradient(self) -> torch.Tensor:
        """Return it."""
        return self._view

    def accumulate(self, more: torch.Tensor) -> None:
        """Add to it."""
        self._view.add_(more.to("cpu"))


class UsedGradient(TakenGradient):
    """Stands for a gradient that an update in the backward pass has used already.

    Its metadata can be asked for, and its norm if that is known; it can be set to zero, multiplied by one, and
    replaced. Anything else raises a RuntimeError.

    Args:
        like: The parameter.
        reason: The message of that error.
        second: The message if another backward pass adds to it.

    Attributes:
        known_norm: Of which order its norm is known, and the norm; or None.
    """

    def __init__(self, like: torch.Tensor, reason: str, second: str = "") -> None:
        self.reason = reason
        self.second_reason = second or reason
        self.known_norm: tuple[float, float] | None = None

    def taken_values(self) -> torch.Tensor:
        raise RuntimeError(self.reason)

    @classmethod
    def __torch_dispatch__(
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        answer = _ANSWERS.get(func)
        if answer is not None and not kwargs:
            return answer(*args)
        used = next(value for value in pytree.tree_leaves((args, kwargs)) if isinstance(value, cls))
        if func in _COPIES:
            copy = cls(used, used.reason, used.second_reason)
            copy.known_norm = used.known_norm
            return copy
        raise RuntimeError(used.second_reason if func in _SUMS and is_in_backward() else used.reason)


def _norm(used: Any, order: float = 2, dim: Any = None) -> torch.Tensor:
    if used.known_norm is None or used.known_norm[0] != order or dim is not None:
        raise RuntimeError(used.reason)
    return torch.tensor(used.known_norm[1], dtype=torch.promote_types(used.dtype, torch.float32), device=used.device)


def _norm_each(tensors: list[torch.Tensor], *order: float) -> list[torch.Tensor]:
    return [torch.linalg.vector_norm(each, *order) for each in tensors]


def _multiply(used: Any, factor: Any) -> torch.Tensor:
    if not isinstance(used, UsedGradient) or float(factor) != 1.0:  # it may be the factor itself
        raise RuntimeError((used if isinstance(used, UsedGradient) else factor).reason)
    return used


def _multiply_each(tensors: list[torch.Tensor], factor: Any) -> None:
    for tensor in tensors:
        tensor.mul_(factor)


def _zero_each(tensors: list[torch.Tensor]) -> None:
    for tensor in tensors:
        tensor.zero_()


#: What can be done with gradients that have been used: `clip_grad_norm_` may find that nothing is to be clipped.
_ANSWERS: dict[Any, Callable[..., Any]] = {
    _aten.zero_.default: lambda used: used,
    _aten._foreach_zero_.default: _zero_each,
    _aten.linalg_vector_norm.default: _norm,
    _aten._foreach_norm.Scalar: _norm_each,  # noqa: SLF001 (the operation's name)
    _aten.mul_.Tensor: _multiply,
    _aten._foreach_mul_.Tensor: _multiply_each,
    _aten._foreach_mul_.Scalar: _multiply_each,
}


def warn_of_parts(params: Iterable[torch.Tensor], stacklevel: int) -> None:
    """Say that nothing stands for gradients that are used in the backward pass if they are spread over processes."""
    if any(map(is_shared_out, params)):
        warnings.warn(
            "parameters that are spread over processes (DTensor) have no gradient after a step in the backward pass: "
            "clip_grad_norm_ finds nothing to clip; where gradients are to be clipped, use optimizer.step() alone",
            UserWarning,
            stacklevel=stacklevel + 1,
        )


def is_in_backward() -> bool:
    """Tell whether a backward pass is running in this thread."""
    return bool(torch._C._current_graph_task_id() >= 0)  # noqa: SLF001 (no public way)
