"""The optimizers, as those of torch.optim.

Written by tests/helpers/interface_stubs.py: change the rules instead.
"""

from typing import Any

from typing_extensions import Unpack

from adamas._optimizer.options import Options
from adamas._types import LearningRate
from adamas.torch._evaluation import EvaluatedElsewhere
from adamas.torch._optimizer import Optimizer

__all__ = [
    "ADOPT",
    "LAMB",
    "SGD",
    "AdEMAMix",
    "AdaBelief",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Adan",
    "Lion",
    "NAdam",
    "RAdam",
    "RMSprop",
    "ScheduleFreeAdamW",
    "Yogi",
]

class Adam(Optimizer):
    """Adam, with weight decay as an L2 penalty; AMSGrad on request."""
    def __init__(
        self,
        params: Any,
        lr: LearningRate = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-08,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        bias_correction: bool = True,
        eps_hat: bool = False,
        decoupled_weight_decay: bool = False,
        foreach: Any = None,
        fused: Any = None,
        capturable: Any = False,
        differentiable: Any = False,
        **options: Unpack[Options],
    ) -> None: ...

class AdamW(Optimizer):
    """Adam with decoupled weight decay; AMSGrad on request."""
    def __init__(
        self,
        params: Any,
        lr: LearningRate = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-08,
        weight_decay: float = 0.01,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        bias_correction: bool = True,
        eps_hat: bool = False,
        foreach: Any = None,
        fused: Any = None,
        capturable: Any = False,
        differentiable: Any = False,
        **options: Unpack[Options],
    ) -> None: ...

class NAdam(Optimizer):
    """Adam with Nesterov momentum, as in PyTorch."""
    def __init__(
        self,
        params: Any,
        lr: LearningRate = 0.002,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-08,
        weight_decay: float = 0.0,
        momentum_decay: float = 0.004,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
        foreach: Any = None,
        fused: Any = None,
        capturable: Any = False,
        differentiable: Any = False,
        **options: Unpack[Options],
    ) -> None: ...

class RAdam(Optimizer):
    """Rectified Adam, as in PyTorch."""
    def __init__(
        self,
        params: Any,
        lr: LearningRate = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-08,
        weight_decay: float = 0.0,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
        foreach: Any = None,
        fused: Any = None,
        capturable: Any = False,
        differentiable: Any = False,
        **options: Unpack[Options],
    ) -> None: ...

class Adamax(Optimizer):
    """Adam with the infinity norm in place of the second moment, as in PyTorch and optax."""
    def __init__(
        self,
        params: Any,
        lr: LearningRate = 0.002,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-08,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
        foreach: Any = None,
        fused: Any = None,
        capturable: Any = False,
        differentiable: Any = False,
        **options: Unpack[Options],
    ) -> None: ...

class AdaBelief(Optimizer):
    """Adam that divides by the spread of the gradient around its average, as in optax."""
    def __init__(
        self,
        params: Any,
        lr: LearningRate = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-16,
        weight_decay: float = 0.0,
        *,
        eps_root: float = 1e-16,
        maximize: bool = False,
        decoupled_weight_decay: bool = True,
        foreach: Any = None,
        fused: Any = None,
        capturable: Any = False,
        differentiable: Any = False,
        **options: Unpack[Options],
    ) -> None: ...

class Yogi(Optimizer):
    """Adam whose second moment changes by no more than (1 - beta2)*g*g, as in optax."""
    def __init__(
        self,
        params: Any,
        lr: LearningRate = 0.01,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 0.001,
        weight_decay: float = 0.0,
        *,
        initial_accumulator_value: float = 1e-06,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
        foreach: Any = None,
        fused: Any = None,
        capturable: Any = False,
        differentiable: Any = False,
        **options: Unpack[Options],
    ) -> None: ...

class Adagrad(Optimizer):
    """Adagrad, as in PyTorch."""
    def __init__(
        self,
        params: Any,
        lr: LearningRate = 0.01,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
        foreach: Any = None,
        fused: Any = None,
        capturable: Any = False,
        differentiable: Any = False,
        **options: Unpack[Options],
    ) -> None: ...

class RMSprop(Optimizer):
    """RMSprop, as in PyTorch."""
    def __init__(
        self,
        params: Any,
        lr: LearningRate = 0.01,
        alpha: float = 0.99,
        eps: float = 1e-08,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
        foreach: Any = None,
        fused: Any = None,
        capturable: Any = False,
        differentiable: Any = False,
        **options: Unpack[Options],
    ) -> None: ...

class Lion(Optimizer):
    """Lion (evolved sign momentum), as in optax."""
    def __init__(
        self,
        params: Any,
        lr: LearningRate = 0.0001,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.001,
        *,
        maximize: bool = False,
        foreach: Any = None,
        fused: Any = None,
        capturable: Any = False,
        differentiable: Any = False,
        **options: Unpack[Options],
    ) -> None: ...

class LAMB(Optimizer):
    """Layer-wise adaptive moments for large batches, as in optax."""
    def __init__(
        self,
        params: Any,
        lr: LearningRate = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-06,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
        bias_correction: bool = True,
        foreach: Any = None,
        fused: Any = None,
        capturable: Any = False,
        differentiable: Any = False,
        **options: Unpack[Options],
    ) -> None: ...

class Adan(Optimizer):
    """Adaptive Nesterov momentum, as in optax."""
    def __init__(
        self,
        params: Any,
        lr: LearningRate = 0.001,
        betas: tuple[float, float, float] = (0.98, 0.92, 0.99),
        eps: float = 1e-08,
        weight_decay: float = 0.0,
        *,
        eps_root: float = 1e-08,
        mix_by_beta2: bool = False,
        maximize: bool = False,
        foreach: Any = None,
        fused: Any = None,
        capturable: Any = False,
        differentiable: Any = False,
        **options: Unpack[Options],
    ) -> None: ...

class ADOPT(Optimizer):
    """Adam that divides each gradient by the second moment before it, as in optax."""
    def __init__(
        self,
        params: Any,
        lr: LearningRate = 0.001,
        betas: tuple[float, float] = (0.9, 0.9999),
        eps: float = 1e-06,
        weight_decay: float = 0.0,
        *,
        clip: bool = True,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
        foreach: Any = None,
        fused: Any = None,
        capturable: Any = False,
        differentiable: Any = False,
        **options: Unpack[Options],
    ) -> None: ...

class AdEMAMix(Optimizer):
    """AdamW with a second, slow average of the gradients, as in optax."""
    def __init__(
        self,
        params: Any,
        lr: LearningRate = 0.001,
        betas: tuple[float, float, float] = (0.9, 0.999, 0.9999),
        eps: float = 1e-08,
        weight_decay: float = 0.0,
        *,
        alpha: float = 5.0,
        warmup_steps: int = 0,
        maximize: bool = False,
        foreach: Any = None,
        fused: Any = None,
        capturable: Any = False,
        differentiable: Any = False,
        **options: Unpack[Options],
    ) -> None: ...

class ScheduleFreeAdamW(EvaluatedElsewhere, Optimizer):
    """AdamW without a learning-rate schedule: gradients are taken at y, and the average x is what is evaluated."""
    def __init__(
        self,
        params: Any,
        lr: LearningRate = 0.0025,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-08,
        weight_decay: float = 0.0,
        warmup_steps: int = 0,
        r: float = 0.0,
        weight_lr_power: float = 2.0,
        *,
        maximize: bool = False,
        foreach: Any = None,
        fused: Any = None,
        capturable: Any = False,
        differentiable: Any = False,
        **options: Unpack[Options],
    ) -> None: ...

class SGD(Optimizer):
    """Stochastic gradient descent, with momentum on request, as in PyTorch: the yardstick."""
    def __init__(
        self,
        params: Any,
        lr: LearningRate = 0.001,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
        foreach: Any = None,
        fused: Any = None,
        capturable: Any = False,
        differentiable: Any = False,
        **options: Unpack[Options],
    ) -> None: ...
