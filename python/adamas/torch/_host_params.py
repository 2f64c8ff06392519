"""Host copies of a parameter: its master, and buffers for its gradient and the updated values."""

from __future__ import annotations

import weakref

import torch

from adamas.torch._distributed import is_shared_out, local
from adamas.torch._gradient_stand_ins import HeldGradient, TakenGradient, UsedGradient
from adamas.torch.tensors import is_dense


class HostParam:
    """A parameter on the CPU, whose gradients need no way.

    Attributes:
        param: The parameter.
        master: The float32 tensor that is stepped.
        copy: The tensor on the CPU that takes its rounded copy in the step, or None if it is its own.
        stand_in: What is in ``param.grad`` while the host has the gradient, or None if that is left empty.
    """

    #: What the parameter's gradient says when it has been used in the backward pass, and when a second one comes.
    used: tuple[str, str] | None = None

    def __init__(self, param: torch.Tensor) -> None:
        self.param = param
        self.master, self.copy = self._make()
        self.stand_in: TakenGradient | None = None
        self._grad: torch.Tensor | None = None

    def _make(self) -> tuple[torch.Tensor, torch.Tensor | None]:
        if self.param.dtype == torch.float32:
            return self.param, None
        return self.param.detach().float(), self.param.detach()

    @property
    def has_master(self) -> bool:
        """Whether the master is another tensor than the parameter."""
        return self.master is not self.param

    @property
    def has_moved(self) -> bool:
        """Whether the parameter is elsewhere by now than where its master sends it."""
        expected = self.master if self.copy is None else self.copy
        param = local(self.param)
        dtype = torch.float32 if self.copy is None else self.copy.dtype
        if (param.dtype, param.device.type) != (dtype, "cpu"):
            return True
        return bool(param.data_ptr() != local(expected).data_ptr())

    @property
    def has_gradient(self) -> bool:
        """Whether one has been received and not used yet."""
        return self._grad is not None

    @property
    def gradient_bytes(self) -> int:
        """Bytes that the gradient takes."""
        return 0 if self._grad is None else self._grad.numel() * self._grad.element_size()

    def receive(self) -> None:
        """Take the parameter's gradient away from it, in the place of any that was received before."""
        grad = self.param.grad
        assert grad is not None
        self._take(grad.detach())
        self._stand_in()

    def _take(self, grad: torch.Tensor) -> None:
        self._grad = grad

    def _stand_in(self) -> None:
        if is_shared_out(self.param):
            self.param.grad = None
            return
        try:
            self.param.grad = self.stand_in
        except (RuntimeError, TypeError):  # the parameter has another shape, dtype or device now
            self.stand_in = None
        if self.stand_in is None:
            made = UsedGradient(self.param, *self.used) if self.used else HeldGradient(self.param, weakref.ref(self))
            self.param.grad = self.stand_in = made

    def accumulate(self, more: torch.Tensor) -> None:
        """Add the gradient of another backward pass to the one received, in float32."""
        self._grad = self.gradient().float().add_(more)

    def clear(self) -> None:
        """Leave the parameter without a gradient, if what it has is a stand-in."""
        if self.stand_in is not None and self.param.grad is self.stand_in:
            self.param.grad = None

    def gradient(self) -> torch.Tensor:
        """Return what has been received, once it is there."""
        if self._grad is None:
            raise RuntimeError("this gradient was used by step(), or dropped; look at param.grad before that")
        return self._grad

    def drop(self) -> None:
        """Forget it."""
        self._grad = None

    def send(self) -> None:
        """Let the parameter have its new value; the gradient has been used."""
        self._grad = None

    def conclude(self) -> None:
        """See to it that what follows on the device finds the new value."""

    def settle(self) -> None:
        """Take over what somebody has written into the parameter; on the CPU, the step itself does so."""

    def show_master(self) -> torch.Tensor | None:
        """Put the master, rounded, into the parameter; return what was there, on the CPU, or None if it is its own."""
        if not self.has_master:
            return None
        with torch.no_grad():
            before = torch.empty_like(self.param, device="cpu").copy_(self.param)
            self.param.copy_(self.master)
        return before

    def put_back(self, before: torch.Tensor | None) -> None:
        """Put back what `show_master` returned."""
        if before is not None:
            with torch.no_grad():
                self.param.copy_(before)

    def refresh(self, master: torch.Tensor | None = None) -> None:
        """Set the master, and the parameter by it; or make the master of the parameter."""
        with torch.no_grad():
            if master is None:
                if self.has_master:
                    self.master.copy_(self.param)
            else:
                self.master.copy_(master)
                if self.has_master:
                    self.param.copy_(self.master)


class DeviceParam(HostParam):
    """A parameter on another device: transfers run beside its work, on a stream of their own."""

    def __init__(self, param: torch.Tensor) -> None:
        super().__init__(param)
        self._device = param.device
        self._runtime = torch.get_device_module(param.device)
        self._stream = _stream_of(param.device)
        self._landing: torch.Tensor | None = None
        self._arrival = self._runtime.Event()
        #: The parameter's, when it last held what the master rounds to.
        self._version = _version_of(param)

    def _make(self) -> tuple[torch.Tensor, torch.Tensor | None]:
        master = _pinned_like(self.param, torch.float32)
        master.copy_(self.param.detach())
        if self.param.dtype == torch.float32:
            return master, None
        return master, _pinned_like(self.param)

    @property
    def has_moved(self) -> bool:
        """Whether the parameter is of another dtype or on another device by now."""
        sent = self.master if self.copy is None else self.copy
        return bool((self.param.dtype, self.param.device) != (sent.dtype, self._device))

    def _take(self, grad: torch.Tensor) -> None:
        """Begin to bring the gradient over, and free it on the device when that is done."""
        self._stream.wait_stream(self._runtime.current_stream(self.param.device))
        with self._runtime.stream(self._stream):
            if self._landing is None or self._landing.dtype != grad.dtype:
                self._landing = _pinned_like(grad)
            self._landing.copy_(grad, non_blocking=True)
            self._grad = self._landing
            self._arrival.record(self._stream)
        grad.record_stream(self._stream)

    def accumulate(self, more: torch.Tensor) -> None:
        """Add the gradient of another backward pass, which has to be waited for, to the one received, in float32."""
        super().accumulate(more.to("cpu", torch.float32))

    def gradient(self) -> torch.Tensor:
        """Return what has been received, once it is there."""
        self._arrival.synchronize()
        return super().gradient()

    def send(self) -> None:
        """Begin to send the parameter its new value; the gradient has been used."""
        super().send()
        source = self.master if self.copy is None else self.copy
        with torch.no_grad(), self._runtime.stream(self._stream):
            self.param.copy_(source, non_blocking=True)

    def conclude(self) -> None:
        """Let what follows on the device wait for transfers."""
        self._runtime.current_stream(self.param.device).wait_stream(self._stream)
        self._version = _version_of(self.param)

    def settle(self) -> None:
        """Take over what somebody has written into the parameter, as far as its version counter tells of it.

        Writing to ``param.data`` does not count there: call `Offload.refresh` after that.
        """
        if _version_of(self.param) == self._version:
            return
        sent = self.master if self.copy is None else self.copy
        with torch.no_grad():
            now = self.param.detach().to("cpu")
            written = now != sent
            self.master[written] = now[written].float()
            sent[written] = now[written]
        self._version = _version_of(self.param)


def host_param(param: torch.Tensor) -> HostParam:
    """Return what the host is to keep of a parameter.

    Raises:
        TypeError: Of another dtype than float32, bfloat16 or float16.
        ValueError: On the meta device, or its elements do not lie side by side.
    """
    if param.dtype not in (torch.float32, torch.bfloat16, torch.float16):
        raise TypeError(f"params: expected dtype float32, bfloat16 or float16, got {param.dtype}")
    if param.device.type == "meta" or param.layout != torch.strided or not is_dense(param):
        raise ValueError(
            f"params: expected tensors whose elements lie side by side in memory, got one of shape "
            f"{tuple(param.shape)}, strides {param.stride()}, on {param.device}"
        )
    return HostParam(param) if param.device.type == "cpu" else DeviceParam(param)


def _version_of(tensor: torch.Tensor) -> int:
    """Return how often a tensor has been written to, as far as torch counts it."""
    return int(tensor._version)  # noqa: SLF001 (no public way)


def _pinned_like(tensor: torch.Tensor, dtype: torch.dtype | None = None) -> torch.Tensor:
    return torch.empty_like(tensor, device="cpu", dtype=dtype, pin_memory=True)


_STREAMS: dict[torch.device, torch.Stream] = {}


def _stream_of(device: torch.device) -> torch.Stream:
    if device not in _STREAMS:
        _STREAMS[device] = torch.get_device_module(device).Stream(device)
    return _STREAMS[device]
