"""What the host keeps of a parameter: its master, and its gradient and copy on their way."""

from __future__ import annotations

import torch

from adamas.torch._tensors import is_dense


class Host:
    """A parameter on the CPU, whose gradients need no way.

    Attributes:
        param: The parameter.
        master: The float32 tensor that is stepped.
        copy: The tensor on the CPU that takes its rounded copy in the step, or None if it is its own.
    """

    def __init__(self, param: torch.Tensor) -> None:
        self.param = param
        self.master, self.copy = self._make()
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
    def has_gradient(self) -> bool:
        """Whether one has been received and not used yet."""
        return self._grad is not None

    @property
    def gradient_bytes(self) -> int:
        """Bytes that the gradient takes."""
        return 0 if self._grad is None else self._grad.numel() * self._grad.element_size()

    def receive(self) -> None:
        """Take the parameter's gradient away from it."""
        grad, self.param.grad = self.param.grad, None
        assert grad is not None
        self._grad = grad.detach() if self._grad is None else self.gradient().float().add_(grad.detach())

    def gradient(self) -> torch.Tensor:
        """Return what has been received, once it is there."""
        assert self._grad is not None
        return self._grad

    def drop(self) -> None:
        """Forget it."""
        self._grad = None

    def send(self) -> None:
        """Let the parameter have its new value; the gradient has been used."""
        self._grad = None

    def conclude(self) -> None:
        """See to it that what follows on the device finds the new value."""

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


class DeviceHost(Host):
    """A parameter on another device: transfers run beside its work, on a stream of their own."""

    def __init__(self, param: torch.Tensor) -> None:
        super().__init__(param)
        self._runtime = torch.get_device_module(param.device)
        self._stream = _stream_of(param.device)
        self._landing: torch.Tensor | None = None
        self._arrival = self._runtime.Event()

    def _make(self) -> tuple[torch.Tensor, torch.Tensor | None]:
        master = torch.empty_like(self.param, device="cpu", dtype=torch.float32, pin_memory=True)
        master.copy_(self.param.detach())
        if self.param.dtype == torch.float32:
            return master, None
        return master, torch.empty_like(self.param, device="cpu", pin_memory=True)

    def receive(self) -> None:
        """Begin to bring the parameter's gradient over, and free it on the device when that is done."""
        grad, self.param.grad = self.param.grad, None
        assert grad is not None
        grad = grad.detach()
        self._stream.wait_stream(self._runtime.current_stream(self.param.device))
        with self._runtime.stream(self._stream):
            if self._grad is None:
                if self._landing is None or self._landing.dtype != grad.dtype:
                    self._landing = torch.empty_like(grad, device="cpu", pin_memory=True)
                self._landing.copy_(grad, non_blocking=True)
                self._grad = self._landing
            else:
                arrived = grad.to("cpu", torch.float32)
                self._grad = self.gradient().float().add_(arrived)
            self._arrival.record(self._stream)
        grad.record_stream(self._stream)

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


def host_of(param: torch.Tensor) -> Host:
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
    return Host(param) if param.device.type == "cpu" else DeviceHost(param)


_STREAMS: dict[torch.device, torch.Stream] = {}


def _stream_of(device: torch.device) -> torch.Stream:
    if device not in _STREAMS:
        _STREAMS[device] = torch.get_device_module(device).Stream(device)
    return _STREAMS[device]
