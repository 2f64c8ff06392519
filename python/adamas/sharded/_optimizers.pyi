"""The optimizers of several processes.

Written by tests/helpers/interface_stubs.py: change the rules instead.
"""

from typing import Any

from typing_extensions import Unpack

from adamas._optimizer.evaluation import EvaluatedElsewhere
from adamas._optimizer.options import Options
from adamas._types import LearningRate
from adamas.sharded._optimizer import ShardedOptimizer

__all__ = [
    "ADOPT",
    "LAMB",
    "LARS",
    "MARS",
    "SGD",
    "AdEMAMix",
    "AdaBelief",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamAtan2",
    "AdamMini",
    "AdamW",
    "Adamax",
    "Adan",
    "LaProp",
    "Lion",
    "NAdam",
    "NovoGrad",
    "Prodigy",
    "RAdam",
    "RMSprop",
    "Rprop",
    "ScheduleFreeAdamW",
    "ScheduleFreeRAdam",
    "ScheduleFreeSGD",
    "StableAdamW",
    "Yogi",
]

class Adam(ShardedOptimizer):
    r"""Adam, with weight decay as an L2 penalty, and with AMSGrad as an option.

    Equations, arguments and options: ``help(adamas.sharded.Adam)``.
    """

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
        decay: str = "scaled",
        max_lr: float | None = None,
        cautious: bool = False,
        comm: Any,
        lanes: int | None = None,
        **options: Unpack[Options],
    ) -> None: ...

class AdamW(ShardedOptimizer):
    r"""Adam with decoupled weight decay, and with AMSGrad as an option.

    Equations, arguments and options: ``help(adamas.sharded.AdamW)``.
    """

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
        decay: str = "scaled",
        max_lr: float | None = None,
        cautious: bool = False,
        comm: Any,
        lanes: int | None = None,
        **options: Unpack[Options],
    ) -> None: ...

class NAdam(ShardedOptimizer):
    r"""Adam with Nesterov momentum, as in PyTorch.

    Equations, arguments and options: ``help(adamas.sharded.NAdam)``.
    """

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
        decay: str = "scaled",
        max_lr: float | None = None,
        cautious: bool = False,
        comm: Any,
        lanes: int | None = None,
        **options: Unpack[Options],
    ) -> None: ...

class RAdam(ShardedOptimizer):
    r"""Rectified Adam, as in PyTorch: plain momentum until the second moment is reliable.

    Equations, arguments and options: ``help(adamas.sharded.RAdam)``.
    """

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
        decay: str = "scaled",
        max_lr: float | None = None,
        cautious: bool = False,
        comm: Any,
        lanes: int | None = None,
        **options: Unpack[Options],
    ) -> None: ...

class Adamax(ShardedOptimizer):
    r"""Adam with the infinity norm in place of the second moment, as in PyTorch and optax.

    Equations, arguments and options: ``help(adamas.sharded.Adamax)``.
    """

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
        decay: str = "scaled",
        max_lr: float | None = None,
        cautious: bool = False,
        comm: Any,
        lanes: int | None = None,
        **options: Unpack[Options],
    ) -> None: ...

class AdaBelief(ShardedOptimizer):
    r"""Adam that divides by the spread of the gradient around its average, as in optax.

    Equations, arguments and options: ``help(adamas.sharded.AdaBelief)``.
    """

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
        decay: str = "scaled",
        max_lr: float | None = None,
        cautious: bool = False,
        comm: Any,
        lanes: int | None = None,
        **options: Unpack[Options],
    ) -> None: ...

class Yogi(ShardedOptimizer):
    r"""Adam whose second moment changes by no more than (1 - beta2)*g*g, as in optax.

    Equations, arguments and options: ``help(adamas.sharded.Yogi)``.
    """

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
        decay: str = "scaled",
        max_lr: float | None = None,
        cautious: bool = False,
        comm: Any,
        lanes: int | None = None,
        **options: Unpack[Options],
    ) -> None: ...

class Adagrad(ShardedOptimizer):
    r"""Adagrad, as in PyTorch: gradients divided by the root of the sum of all squared gradients.

    Equations, arguments and options: ``help(adamas.sharded.Adagrad)``.
    """

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
        decay: str = "scaled",
        max_lr: float | None = None,
        comm: Any,
        lanes: int | None = None,
        **options: Unpack[Options],
    ) -> None: ...

class RMSprop(ShardedOptimizer):
    r"""RMSprop, as in PyTorch: gradients divided by the root of an average of their squares.

    Equations, arguments and options: ``help(adamas.sharded.RMSprop)``.
    """

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
        decay: str = "scaled",
        max_lr: float | None = None,
        cautious: bool = False,
        comm: Any,
        lanes: int | None = None,
        **options: Unpack[Options],
    ) -> None: ...

class Lion(ShardedOptimizer):
    r"""Lion (evolved sign momentum), as in optax.

    Equations, arguments and options: ``help(adamas.sharded.Lion)``.
    """

    def __init__(
        self,
        params: Any,
        lr: LearningRate = 0.0001,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.001,
        *,
        maximize: bool = False,
        decay: str = "scaled",
        max_lr: float | None = None,
        cautious: bool = False,
        comm: Any,
        lanes: int | None = None,
        **options: Unpack[Options],
    ) -> None: ...

class LAMB(ShardedOptimizer):
    r"""Layer-wise adaptive moments for large batches, as in optax.

    Equations, arguments and options: ``help(adamas.sharded.LAMB)``.
    """

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
        comm: Any,
        lanes: int | None = None,
        **options: Unpack[Options],
    ) -> None: ...

class Adan(ShardedOptimizer):
    r"""Adaptive Nesterov momentum, as in optax.

    Equations, arguments and options: ``help(adamas.sharded.Adan)``.
    """

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
        decay: str = "scaled",
        max_lr: float | None = None,
        cautious: bool = False,
        comm: Any,
        lanes: int | None = None,
        **options: Unpack[Options],
    ) -> None: ...

class ADOPT(ShardedOptimizer):
    r"""Adam that divides each gradient by the second moment before it, as in optax.

    Equations, arguments and options: ``help(adamas.sharded.ADOPT)``.
    """

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
        decay: str = "scaled",
        max_lr: float | None = None,
        cautious: bool = False,
        comm: Any,
        lanes: int | None = None,
        **options: Unpack[Options],
    ) -> None: ...

class AdEMAMix(ShardedOptimizer):
    r"""AdamW with a second, slow average of the gradients, as in optax.

    Equations, arguments and options: ``help(adamas.sharded.AdEMAMix)``.
    """

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
        decay: str = "scaled",
        max_lr: float | None = None,
        cautious: bool = False,
        comm: Any,
        lanes: int | None = None,
        **options: Unpack[Options],
    ) -> None: ...

class ScheduleFreeAdamW(EvaluatedElsewhere, ShardedOptimizer):
    r"""AdamW without a learning-rate schedule: gradients are taken at y, and the average x is what is evaluated.

    Equations, arguments and options: ``help(adamas.sharded.ScheduleFreeAdamW)``.
    """

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
        comm: Any,
        lanes: int | None = None,
        **options: Unpack[Options],
    ) -> None: ...

class ScheduleFreeSGD(EvaluatedElsewhere, ShardedOptimizer):
    r"""SGD without a learning-rate schedule: gradients are taken at y, and the average x is what is evaluated.

    Equations, arguments and options: ``help(adamas.sharded.ScheduleFreeSGD)``.
    """

    def __init__(
        self,
        params: Any,
        lr: LearningRate = 1.0,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        warmup_steps: int = 0,
        r: float = 0.0,
        weight_lr_power: float = 2.0,
        *,
        maximize: bool = False,
        comm: Any,
        lanes: int | None = None,
        **options: Unpack[Options],
    ) -> None: ...

class ScheduleFreeRAdam(EvaluatedElsewhere, ShardedOptimizer):
    r"""RAdam without a learning-rate schedule, and without warmup: the rectification takes its place.

    Equations, arguments and options: ``help(adamas.sharded.ScheduleFreeRAdam)``.
    """

    def __init__(
        self,
        params: Any,
        lr: LearningRate = 0.0025,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-08,
        weight_decay: float = 0.0,
        r: float = 0.0,
        weight_lr_power: float = 2.0,
        *,
        silent_sgd_phase: bool = True,
        maximize: bool = False,
        comm: Any,
        lanes: int | None = None,
        **options: Unpack[Options],
    ) -> None: ...

class SGD(ShardedOptimizer):
    r"""Stochastic gradient descent, plain or with momentum, as in PyTorch.

    Equations, arguments and options: ``help(adamas.sharded.SGD)``.
    """

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
        decay: str = "scaled",
        max_lr: float | None = None,
        cautious: bool = False,
        comm: Any,
        lanes: int | None = None,
        **options: Unpack[Options],
    ) -> None: ...

class Adadelta(ShardedOptimizer):
    r"""Adadelta, as in PyTorch: steps whose size comes from the sizes of the steps before.

    Equations, arguments and options: ``help(adamas.sharded.Adadelta)``.
    """

    def __init__(
        self,
        params: Any,
        lr: LearningRate = 1.0,
        rho: float = 0.9,
        eps: float = 1e-06,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
        decay: str = "scaled",
        max_lr: float | None = None,
        comm: Any,
        lanes: int | None = None,
        **options: Unpack[Options],
    ) -> None: ...

class LaProp(ShardedOptimizer):
    r"""LaProp, as in the authors' code and in timm: momentum of gradients that are already divided by their size.

    Equations, arguments and options: ``help(adamas.sharded.LaProp)``.
    """

    def __init__(
        self,
        params: Any,
        lr: LearningRate = 0.0004,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-15,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = True,
        decay: str = "scaled",
        max_lr: float | None = None,
        cautious: bool = False,
        comm: Any,
        lanes: int | None = None,
        **options: Unpack[Options],
    ) -> None: ...

class AdamAtan2(ShardedOptimizer):
    r"""Adam with an angle in place of the quotient: no eps, and the same steps when all gradients are scaled.

    Equations, arguments and options: ``help(adamas.sharded.AdamAtan2)``.
    """

    def __init__(
        self,
        params: Any,
        lr: LearningRate = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        a: float = 1.27,
        b: float = 1.0,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = True,
        decay: str = "scaled",
        max_lr: float | None = None,
        cautious: bool = False,
        comm: Any,
        lanes: int | None = None,
        **options: Unpack[Options],
    ) -> None: ...

class StableAdamW(ShardedOptimizer):
    r"""AdamW with Adafactor's clipping of the update, as in optimi, in place of clipping of gradients.

    Equations, arguments and options: ``help(adamas.sharded.StableAdamW)``.
    """

    def __init__(
        self,
        params: Any,
        lr: LearningRate = 0.001,
        betas: tuple[float, float] = (0.9, 0.99),
        eps: float = 1e-06,
        weight_decay: float = 0.01,
        *,
        maximize: bool = False,
        comm: Any,
        lanes: int | None = None,
        **options: Unpack[Options],
    ) -> None: ...

class MARS(ShardedOptimizer):
    r"""MARS-AdamW, in the approximate form, with the gradient of the step before, as in timm.

    Equations, arguments and options: ``help(adamas.sharded.MARS)``.
    """

    def __init__(
        self,
        params: Any,
        lr: LearningRate = 0.003,
        betas: tuple[float, float] = (0.9, 0.99),
        eps: float = 1e-08,
        gamma: float = 0.025,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
        decay: str = "scaled",
        max_lr: float | None = None,
        cautious: bool = False,
        comm: Any,
        lanes: int | None = None,
        **options: Unpack[Options],
    ) -> None: ...

class LARS(ShardedOptimizer):
    r"""Layer-wise adaptive rate scaling for large batches, as in optax.

    Equations, arguments and options: ``help(adamas.sharded.LARS)``.
    """

    def __init__(
        self,
        params: Any,
        lr: LearningRate = 1.0,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        trust_coefficient: float = 0.001,
        eps: float = 0.0,
        *,
        nesterov: bool = False,
        maximize: bool = False,
        comm: Any,
        lanes: int | None = None,
        **options: Unpack[Options],
    ) -> None: ...

class NovoGrad(ShardedOptimizer):
    r"""NovoGrad, as in optax: half the memory of Adam, since the second moment is one number for each array.

    Equations, arguments and options: ``help(adamas.sharded.NovoGrad)``.
    """

    def __init__(
        self,
        params: Any,
        lr: LearningRate = 0.001,
        betas: tuple[float, float] = (0.9, 0.25),
        eps: float = 1e-06,
        eps_root: float = 0.0,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
        comm: Any,
        lanes: int | None = None,
        **options: Unpack[Options],
    ) -> None: ...

class Prodigy(ShardedOptimizer):
    r"""Prodigy: Adam with a step size d that it estimates by itself, as in the authors' code, prodigyopt.

    Equations, arguments and options: ``help(adamas.sharded.Prodigy)``.
    """

    def __init__(
        self,
        params: Any,
        lr: LearningRate = 1.0,
        betas: tuple[float, float] = (0.9, 0.999),
        beta3: float | None = None,
        eps: float = 1e-08,
        weight_decay: float = 0.0,
        use_bias_correction: bool = False,
        safeguard_warmup: bool = False,
        d0: float = 1e-06,
        d_coef: float = 1.0,
        growth_rate: float | None = None,
        *,
        decoupled_weight_decay: bool = True,
        maximize: bool = False,
        comm: Any,
        lanes: int | None = None,
        **options: Unpack[Options],
    ) -> None: ...

class Rprop(ShardedOptimizer):
    r"""Resilient backpropagation, as in PyTorch: for gradients of all data, of which only the sign counts.

    Equations, arguments and options: ``help(adamas.sharded.Rprop)``.
    """

    def __init__(
        self,
        params: Any,
        lr: LearningRate = 0.01,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-06, 50.0),
        *,
        maximize: bool = False,
        comm: Any,
        lanes: int | None = None,
        **options: Unpack[Options],
    ) -> None: ...

class Adafactor(ShardedOptimizer):
    r"""Adafactor: keeps second moments as one number for each row and each column of a matrix, in almost no memory.

    Equations, arguments and options: ``help(adamas.sharded.Adafactor)``.
    """

    def __init__(
        self,
        params: Any,
        lr: LearningRate = 0.01,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 0.001),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
        beta1: float = 0.0,
        scale_parameter: bool = True,
        relative_step: bool = True,
        warmup_init: bool = False,
        eps_in_mean: bool = False,
        comm: Any,
        lanes: int | None = None,
        **options: Unpack[Options],
    ) -> None: ...

class AdamMini(ShardedOptimizer):
    r"""AdamW with one second moment for each block of a parameter: half of its states' memory.

    Equations, arguments and options: ``help(adamas.sharded.AdamMini)``.
    """

    def __init__(
        self,
        params: Any,
        lr: LearningRate = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-08,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
        blocks: str | int = "rows",
        decay: str = "scaled",
        max_lr: float | None = None,
        comm: Any,
        lanes: int | None = None,
        **options: Unpack[Options],
    ) -> None: ...
