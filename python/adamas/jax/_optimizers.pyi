"""The optimizers, as functions of pytrees.

Written by tests/helpers/interface_stubs.py: change the rules instead.
"""

from typing import Any

from adamas.jax._optimizer import Optimizer

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

class Adam(Optimizer):
    r"""Adam, with weight decay as an L2 penalty, and with AMSGrad as an option.

    Equations, arguments and options: ``help(adamas.jax.Adam)``.
    """

    def __init__(
        self,
        lr: Any = 0.001,
        betas: Any = (0.9, 0.999),
        eps: Any = 1e-08,
        weight_decay: Any = 0.0,
        amsgrad: Any = False,
        *,
        maximize: Any = False,
        bias_correction: Any = True,
        eps_hat: Any = False,
        decoupled_weight_decay: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        mask: Any = None,
        state_dtype: Any = None,
        master_weights: Any = None,
        rounding: Any = None,
        seed: Any = None,
        num_threads: Any = None,
        max_norm: Any = None,
        max_value: Any = None,
        norm_type: Any = None,
        clip_each: Any = None,
        on_nonfinite: Any = None,
        average: Any = None,
        observe: Any = None,
    ) -> None: ...

class AdamW(Optimizer):
    r"""Adam with decoupled weight decay, and with AMSGrad as an option.

    Equations, arguments and options: ``help(adamas.jax.AdamW)``.
    """

    def __init__(
        self,
        lr: Any = 0.001,
        betas: Any = (0.9, 0.999),
        eps: Any = 1e-08,
        weight_decay: Any = 0.01,
        amsgrad: Any = False,
        *,
        maximize: Any = False,
        bias_correction: Any = True,
        eps_hat: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        mask: Any = None,
        state_dtype: Any = None,
        master_weights: Any = None,
        rounding: Any = None,
        seed: Any = None,
        num_threads: Any = None,
        max_norm: Any = None,
        max_value: Any = None,
        norm_type: Any = None,
        clip_each: Any = None,
        on_nonfinite: Any = None,
        average: Any = None,
        observe: Any = None,
    ) -> None: ...

class NAdam(Optimizer):
    r"""Adam with Nesterov momentum, as in PyTorch.

    Equations, arguments and options: ``help(adamas.jax.NAdam)``.
    """

    def __init__(
        self,
        lr: Any = 0.002,
        betas: Any = (0.9, 0.999),
        eps: Any = 1e-08,
        weight_decay: Any = 0.0,
        momentum_decay: Any = 0.004,
        decoupled_weight_decay: Any = False,
        *,
        maximize: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        mask: Any = None,
        state_dtype: Any = None,
        master_weights: Any = None,
        rounding: Any = None,
        seed: Any = None,
        num_threads: Any = None,
        max_norm: Any = None,
        max_value: Any = None,
        norm_type: Any = None,
        clip_each: Any = None,
        on_nonfinite: Any = None,
        average: Any = None,
        observe: Any = None,
    ) -> None: ...

class RAdam(Optimizer):
    r"""Rectified Adam, as in PyTorch: plain momentum until the second moment is reliable.

    Equations, arguments and options: ``help(adamas.jax.RAdam)``.
    """

    def __init__(
        self,
        lr: Any = 0.001,
        betas: Any = (0.9, 0.999),
        eps: Any = 1e-08,
        weight_decay: Any = 0.0,
        decoupled_weight_decay: Any = False,
        *,
        maximize: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        mask: Any = None,
        state_dtype: Any = None,
        master_weights: Any = None,
        rounding: Any = None,
        seed: Any = None,
        num_threads: Any = None,
        max_norm: Any = None,
        max_value: Any = None,
        norm_type: Any = None,
        clip_each: Any = None,
        on_nonfinite: Any = None,
        average: Any = None,
        observe: Any = None,
    ) -> None: ...

class Adamax(Optimizer):
    r"""Adam with the infinity norm in place of the second moment, as in PyTorch and optax.

    Equations, arguments and options: ``help(adamas.jax.Adamax)``.
    """

    def __init__(
        self,
        lr: Any = 0.002,
        betas: Any = (0.9, 0.999),
        eps: Any = 1e-08,
        weight_decay: Any = 0.0,
        *,
        maximize: Any = False,
        decoupled_weight_decay: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        mask: Any = None,
        state_dtype: Any = None,
        master_weights: Any = None,
        rounding: Any = None,
        seed: Any = None,
        num_threads: Any = None,
        max_norm: Any = None,
        max_value: Any = None,
        norm_type: Any = None,
        clip_each: Any = None,
        on_nonfinite: Any = None,
        average: Any = None,
        observe: Any = None,
    ) -> None: ...

class AdaBelief(Optimizer):
    r"""Adam that divides by the spread of the gradient around its average, as in optax.

    Equations, arguments and options: ``help(adamas.jax.AdaBelief)``.
    """

    def __init__(
        self,
        lr: Any = 0.001,
        betas: Any = (0.9, 0.999),
        eps: Any = 1e-16,
        weight_decay: Any = 0.0,
        *,
        eps_root: Any = 1e-16,
        maximize: Any = False,
        decoupled_weight_decay: Any = True,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        mask: Any = None,
        state_dtype: Any = None,
        master_weights: Any = None,
        rounding: Any = None,
        seed: Any = None,
        num_threads: Any = None,
        max_norm: Any = None,
        max_value: Any = None,
        norm_type: Any = None,
        clip_each: Any = None,
        on_nonfinite: Any = None,
        average: Any = None,
        observe: Any = None,
    ) -> None: ...

class Yogi(Optimizer):
    r"""Adam whose second moment changes by no more than (1 - beta2)*g*g, as in optax.

    Equations, arguments and options: ``help(adamas.jax.Yogi)``.
    """

    def __init__(
        self,
        lr: Any = 0.01,
        betas: Any = (0.9, 0.999),
        eps: Any = 0.001,
        weight_decay: Any = 0.0,
        *,
        initial_accumulator_value: Any = 1e-06,
        maximize: Any = False,
        decoupled_weight_decay: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        mask: Any = None,
        state_dtype: Any = None,
        master_weights: Any = None,
        rounding: Any = None,
        seed: Any = None,
        num_threads: Any = None,
        max_norm: Any = None,
        max_value: Any = None,
        norm_type: Any = None,
        clip_each: Any = None,
        on_nonfinite: Any = None,
        average: Any = None,
        observe: Any = None,
    ) -> None: ...

class Adagrad(Optimizer):
    r"""Adagrad, as in PyTorch: gradients divided by the root of the sum of all squared gradients.

    Equations, arguments and options: ``help(adamas.jax.Adagrad)``.
    """

    def __init__(
        self,
        lr: Any = 0.01,
        lr_decay: Any = 0.0,
        weight_decay: Any = 0.0,
        initial_accumulator_value: Any = 0.0,
        eps: Any = 1e-10,
        *,
        maximize: Any = False,
        decoupled_weight_decay: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        mask: Any = None,
        state_dtype: Any = None,
        master_weights: Any = None,
        rounding: Any = None,
        seed: Any = None,
        num_threads: Any = None,
        max_norm: Any = None,
        max_value: Any = None,
        norm_type: Any = None,
        clip_each: Any = None,
        on_nonfinite: Any = None,
        average: Any = None,
        observe: Any = None,
    ) -> None: ...

class RMSprop(Optimizer):
    r"""RMSprop, as in PyTorch: gradients divided by the root of an average of their squares.

    Equations, arguments and options: ``help(adamas.jax.RMSprop)``.
    """

    def __init__(
        self,
        lr: Any = 0.01,
        alpha: Any = 0.99,
        eps: Any = 1e-08,
        weight_decay: Any = 0.0,
        momentum: Any = 0.0,
        centered: Any = False,
        *,
        maximize: Any = False,
        decoupled_weight_decay: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        mask: Any = None,
        state_dtype: Any = None,
        master_weights: Any = None,
        rounding: Any = None,
        seed: Any = None,
        num_threads: Any = None,
        max_norm: Any = None,
        max_value: Any = None,
        norm_type: Any = None,
        clip_each: Any = None,
        on_nonfinite: Any = None,
        average: Any = None,
        observe: Any = None,
    ) -> None: ...

class Lion(Optimizer):
    r"""Lion (evolved sign momentum), as in optax.

    Equations, arguments and options: ``help(adamas.jax.Lion)``.
    """

    def __init__(
        self,
        lr: Any = 0.0001,
        betas: Any = (0.9, 0.99),
        weight_decay: Any = 0.001,
        *,
        maximize: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        mask: Any = None,
        state_dtype: Any = None,
        master_weights: Any = None,
        rounding: Any = None,
        seed: Any = None,
        num_threads: Any = None,
        max_norm: Any = None,
        max_value: Any = None,
        norm_type: Any = None,
        clip_each: Any = None,
        on_nonfinite: Any = None,
        average: Any = None,
        observe: Any = None,
    ) -> None: ...

class LAMB(Optimizer):
    r"""Layer-wise adaptive moments for large batches, as in optax.

    Equations, arguments and options: ``help(adamas.jax.LAMB)``.
    """

    def __init__(
        self,
        lr: Any = 0.001,
        betas: Any = (0.9, 0.999),
        eps: Any = 1e-06,
        weight_decay: Any = 0.0,
        *,
        maximize: Any = False,
        bias_correction: Any = True,
        mask: Any = None,
        state_dtype: Any = None,
        master_weights: Any = None,
        rounding: Any = None,
        seed: Any = None,
        num_threads: Any = None,
        max_norm: Any = None,
        max_value: Any = None,
        norm_type: Any = None,
        clip_each: Any = None,
        on_nonfinite: Any = None,
        average: Any = None,
        observe: Any = None,
    ) -> None: ...

class Adan(Optimizer):
    r"""Adaptive Nesterov momentum, as in optax.

    Equations, arguments and options: ``help(adamas.jax.Adan)``.
    """

    def __init__(
        self,
        lr: Any = 0.001,
        betas: Any = (0.98, 0.92, 0.99),
        eps: Any = 1e-08,
        weight_decay: Any = 0.0,
        *,
        eps_root: Any = 1e-08,
        mix_by_beta2: Any = False,
        maximize: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        mask: Any = None,
        state_dtype: Any = None,
        master_weights: Any = None,
        rounding: Any = None,
        seed: Any = None,
        num_threads: Any = None,
        max_norm: Any = None,
        max_value: Any = None,
        norm_type: Any = None,
        clip_each: Any = None,
        on_nonfinite: Any = None,
        average: Any = None,
        observe: Any = None,
    ) -> None: ...

class ADOPT(Optimizer):
    r"""Adam that divides each gradient by the second moment before it, as in optax.

    Equations, arguments and options: ``help(adamas.jax.ADOPT)``.
    """

    def __init__(
        self,
        lr: Any = 0.001,
        betas: Any = (0.9, 0.9999),
        eps: Any = 1e-06,
        weight_decay: Any = 0.0,
        *,
        clip: Any = True,
        maximize: Any = False,
        decoupled_weight_decay: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        mask: Any = None,
        state_dtype: Any = None,
        master_weights: Any = None,
        rounding: Any = None,
        seed: Any = None,
        num_threads: Any = None,
        max_norm: Any = None,
        max_value: Any = None,
        norm_type: Any = None,
        clip_each: Any = None,
        on_nonfinite: Any = None,
        average: Any = None,
        observe: Any = None,
    ) -> None: ...

class AdEMAMix(Optimizer):
    r"""AdamW with a second, slow average of the gradients, as in optax.

    Equations, arguments and options: ``help(adamas.jax.AdEMAMix)``.
    """

    def __init__(
        self,
        lr: Any = 0.001,
        betas: Any = (0.9, 0.999, 0.9999),
        eps: Any = 1e-08,
        weight_decay: Any = 0.0,
        *,
        alpha: Any = 5.0,
        warmup_steps: Any = 0,
        maximize: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        mask: Any = None,
        state_dtype: Any = None,
        master_weights: Any = None,
        rounding: Any = None,
        seed: Any = None,
        num_threads: Any = None,
        max_norm: Any = None,
        max_value: Any = None,
        norm_type: Any = None,
        clip_each: Any = None,
        on_nonfinite: Any = None,
        average: Any = None,
        observe: Any = None,
    ) -> None: ...

class ScheduleFreeAdamW(Optimizer):
    r"""AdamW without a learning-rate schedule: gradients are taken at y, and the average x is what is evaluated.

    Equations, arguments and options: ``help(adamas.jax.ScheduleFreeAdamW)``.
    """

    def __init__(
        self,
        lr: Any = 0.0025,
        betas: Any = (0.9, 0.999),
        eps: Any = 1e-08,
        weight_decay: Any = 0.0,
        warmup_steps: Any = 0,
        r: Any = 0.0,
        weight_lr_power: Any = 2.0,
        *,
        maximize: Any = False,
        mask: Any = None,
        state_dtype: Any = None,
        master_weights: Any = None,
        rounding: Any = None,
        seed: Any = None,
        num_threads: Any = None,
        max_norm: Any = None,
        max_value: Any = None,
        norm_type: Any = None,
        clip_each: Any = None,
        on_nonfinite: Any = None,
        average: Any = None,
        observe: Any = None,
    ) -> None: ...

class ScheduleFreeSGD(Optimizer):
    r"""SGD without a learning-rate schedule: gradients are taken at y, and the average x is what is evaluated.

    Equations, arguments and options: ``help(adamas.jax.ScheduleFreeSGD)``.
    """

    def __init__(
        self,
        lr: Any = 1.0,
        momentum: Any = 0.9,
        weight_decay: Any = 0.0,
        warmup_steps: Any = 0,
        r: Any = 0.0,
        weight_lr_power: Any = 2.0,
        *,
        maximize: Any = False,
        mask: Any = None,
        state_dtype: Any = None,
        master_weights: Any = None,
        rounding: Any = None,
        seed: Any = None,
        num_threads: Any = None,
        max_norm: Any = None,
        max_value: Any = None,
        norm_type: Any = None,
        clip_each: Any = None,
        on_nonfinite: Any = None,
        average: Any = None,
        observe: Any = None,
    ) -> None: ...

class ScheduleFreeRAdam(Optimizer):
    r"""RAdam without a learning-rate schedule, and without warmup: the rectification takes its place.

    Equations, arguments and options: ``help(adamas.jax.ScheduleFreeRAdam)``.
    """

    def __init__(
        self,
        lr: Any = 0.0025,
        betas: Any = (0.9, 0.999),
        eps: Any = 1e-08,
        weight_decay: Any = 0.0,
        r: Any = 0.0,
        weight_lr_power: Any = 2.0,
        *,
        silent_sgd_phase: Any = True,
        maximize: Any = False,
        mask: Any = None,
        state_dtype: Any = None,
        master_weights: Any = None,
        rounding: Any = None,
        seed: Any = None,
        num_threads: Any = None,
        max_norm: Any = None,
        max_value: Any = None,
        norm_type: Any = None,
        clip_each: Any = None,
        on_nonfinite: Any = None,
        average: Any = None,
        observe: Any = None,
    ) -> None: ...

class SGD(Optimizer):
    r"""Stochastic gradient descent, plain or with momentum, as in PyTorch.

    Equations, arguments and options: ``help(adamas.jax.SGD)``.
    """

    def __init__(
        self,
        lr: Any = 0.001,
        momentum: Any = 0.0,
        dampening: Any = 0.0,
        weight_decay: Any = 0.0,
        nesterov: Any = False,
        *,
        maximize: Any = False,
        decoupled_weight_decay: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        mask: Any = None,
        state_dtype: Any = None,
        master_weights: Any = None,
        rounding: Any = None,
        seed: Any = None,
        num_threads: Any = None,
        max_norm: Any = None,
        max_value: Any = None,
        norm_type: Any = None,
        clip_each: Any = None,
        on_nonfinite: Any = None,
        average: Any = None,
        observe: Any = None,
    ) -> None: ...

class Adadelta(Optimizer):
    r"""Adadelta, as in PyTorch: steps whose size comes from the sizes of the steps before.

    Equations, arguments and options: ``help(adamas.jax.Adadelta)``.
    """

    def __init__(
        self,
        lr: Any = 1.0,
        rho: Any = 0.9,
        eps: Any = 1e-06,
        weight_decay: Any = 0.0,
        *,
        maximize: Any = False,
        decoupled_weight_decay: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        mask: Any = None,
        state_dtype: Any = None,
        master_weights: Any = None,
        rounding: Any = None,
        seed: Any = None,
        num_threads: Any = None,
        max_norm: Any = None,
        max_value: Any = None,
        norm_type: Any = None,
        clip_each: Any = None,
        on_nonfinite: Any = None,
        average: Any = None,
        observe: Any = None,
    ) -> None: ...

class LaProp(Optimizer):
    r"""LaProp, as in the authors' code and in timm: momentum of gradients that are already divided by their size.

    Equations, arguments and options: ``help(adamas.jax.LaProp)``.
    """

    def __init__(
        self,
        lr: Any = 0.0004,
        betas: Any = (0.9, 0.999),
        eps: Any = 1e-15,
        weight_decay: Any = 0.0,
        *,
        maximize: Any = False,
        decoupled_weight_decay: Any = True,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        mask: Any = None,
        state_dtype: Any = None,
        master_weights: Any = None,
        rounding: Any = None,
        seed: Any = None,
        num_threads: Any = None,
        max_norm: Any = None,
        max_value: Any = None,
        norm_type: Any = None,
        clip_each: Any = None,
        on_nonfinite: Any = None,
        average: Any = None,
        observe: Any = None,
    ) -> None: ...

class AdamAtan2(Optimizer):
    r"""Adam with an angle in place of the quotient: no eps, and the same steps when all gradients are scaled.

    Equations, arguments and options: ``help(adamas.jax.AdamAtan2)``.
    """

    def __init__(
        self,
        lr: Any = 0.001,
        betas: Any = (0.9, 0.999),
        a: Any = 1.27,
        b: Any = 1.0,
        weight_decay: Any = 0.0,
        *,
        maximize: Any = False,
        decoupled_weight_decay: Any = True,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        mask: Any = None,
        state_dtype: Any = None,
        master_weights: Any = None,
        rounding: Any = None,
        seed: Any = None,
        num_threads: Any = None,
        max_norm: Any = None,
        max_value: Any = None,
        norm_type: Any = None,
        clip_each: Any = None,
        on_nonfinite: Any = None,
        average: Any = None,
        observe: Any = None,
    ) -> None: ...

class StableAdamW(Optimizer):
    r"""AdamW with Adafactor's clipping of the update, as in optimi, in place of clipping of gradients.

    Equations, arguments and options: ``help(adamas.jax.StableAdamW)``.
    """

    def __init__(
        self,
        lr: Any = 0.001,
        betas: Any = (0.9, 0.99),
        eps: Any = 1e-06,
        weight_decay: Any = 0.01,
        *,
        maximize: Any = False,
        mask: Any = None,
        state_dtype: Any = None,
        master_weights: Any = None,
        rounding: Any = None,
        seed: Any = None,
        num_threads: Any = None,
        max_norm: Any = None,
        max_value: Any = None,
        norm_type: Any = None,
        clip_each: Any = None,
        on_nonfinite: Any = None,
        average: Any = None,
        observe: Any = None,
    ) -> None: ...

class MARS(Optimizer):
    r"""MARS-AdamW, in the approximate form, with the gradient of the step before, as in timm.

    Equations, arguments and options: ``help(adamas.jax.MARS)``.
    """

    def __init__(
        self,
        lr: Any = 0.003,
        betas: Any = (0.9, 0.99),
        eps: Any = 1e-08,
        gamma: Any = 0.025,
        weight_decay: Any = 0.0,
        *,
        maximize: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        mask: Any = None,
        state_dtype: Any = None,
        master_weights: Any = None,
        rounding: Any = None,
        seed: Any = None,
        num_threads: Any = None,
        max_norm: Any = None,
        max_value: Any = None,
        norm_type: Any = None,
        clip_each: Any = None,
        on_nonfinite: Any = None,
        average: Any = None,
        observe: Any = None,
    ) -> None: ...

class LARS(Optimizer):
    r"""Layer-wise adaptive rate scaling for large batches, as in optax.

    Equations, arguments and options: ``help(adamas.jax.LARS)``.
    """

    def __init__(
        self,
        lr: Any = 1.0,
        momentum: Any = 0.9,
        weight_decay: Any = 0.0,
        trust_coefficient: Any = 0.001,
        eps: Any = 0.0,
        *,
        nesterov: Any = False,
        maximize: Any = False,
        mask: Any = None,
        state_dtype: Any = None,
        master_weights: Any = None,
        rounding: Any = None,
        seed: Any = None,
        num_threads: Any = None,
        max_norm: Any = None,
        max_value: Any = None,
        norm_type: Any = None,
        clip_each: Any = None,
        on_nonfinite: Any = None,
        average: Any = None,
        observe: Any = None,
    ) -> None: ...

class NovoGrad(Optimizer):
    r"""NovoGrad, as in optax: half the memory of Adam, since the second moment is one number for each array.

    Equations, arguments and options: ``help(adamas.jax.NovoGrad)``.
    """

    def __init__(
        self,
        lr: Any = 0.001,
        betas: Any = (0.9, 0.25),
        eps: Any = 1e-06,
        eps_root: Any = 0.0,
        weight_decay: Any = 0.0,
        *,
        maximize: Any = False,
        mask: Any = None,
        state_dtype: Any = None,
        master_weights: Any = None,
        rounding: Any = None,
        seed: Any = None,
        num_threads: Any = None,
        max_norm: Any = None,
        max_value: Any = None,
        norm_type: Any = None,
        clip_each: Any = None,
        on_nonfinite: Any = None,
        average: Any = None,
        observe: Any = None,
    ) -> None: ...

class Prodigy(Optimizer):
    r"""Prodigy: Adam with a step size d that it estimates by itself, as in the authors' code, prodigyopt.

    Equations, arguments and options: ``help(adamas.jax.Prodigy)``.
    """

    def __init__(
        self,
        lr: Any = 1.0,
        betas: Any = (0.9, 0.999),
        beta3: Any = None,
        eps: Any = 1e-08,
        weight_decay: Any = 0.0,
        use_bias_correction: Any = False,
        safeguard_warmup: Any = False,
        d0: Any = 1e-06,
        d_coef: Any = 1.0,
        growth_rate: Any = None,
        *,
        decoupled_weight_decay: Any = True,
        maximize: Any = False,
        mask: Any = None,
        state_dtype: Any = None,
        master_weights: Any = None,
        rounding: Any = None,
        seed: Any = None,
        num_threads: Any = None,
        max_norm: Any = None,
        max_value: Any = None,
        norm_type: Any = None,
        clip_each: Any = None,
        on_nonfinite: Any = None,
        average: Any = None,
        observe: Any = None,
    ) -> None: ...

class Rprop(Optimizer):
    r"""Resilient backpropagation, as in PyTorch: for gradients of all data, of which only the sign counts.

    Equations, arguments and options: ``help(adamas.jax.Rprop)``.
    """

    def __init__(
        self,
        lr: Any = 0.01,
        etas: Any = (0.5, 1.2),
        step_sizes: Any = (1e-06, 50.0),
        *,
        maximize: Any = False,
        mask: Any = None,
        state_dtype: Any = None,
        master_weights: Any = None,
        rounding: Any = None,
        seed: Any = None,
        num_threads: Any = None,
        max_norm: Any = None,
        max_value: Any = None,
        norm_type: Any = None,
        clip_each: Any = None,
        on_nonfinite: Any = None,
        average: Any = None,
        observe: Any = None,
    ) -> None: ...

class Adafactor(Optimizer):
    r"""Adafactor: keeps second moments as one number for each row and each column of a matrix, in almost no memory.

    Equations, arguments and options: ``help(adamas.jax.Adafactor)``.
    """

    def __init__(
        self,
        lr: Any = 0.01,
        beta2_decay: Any = -0.8,
        eps: Any = (None, 0.001),
        d: Any = 1.0,
        weight_decay: Any = 0.0,
        *,
        maximize: Any = False,
        beta1: Any = 0.0,
        scale_parameter: Any = True,
        relative_step: Any = True,
        warmup_init: Any = False,
        eps_in_mean: Any = False,
        mask: Any = None,
        state_dtype: Any = None,
        master_weights: Any = None,
        rounding: Any = None,
        seed: Any = None,
        num_threads: Any = None,
        max_norm: Any = None,
        max_value: Any = None,
        norm_type: Any = None,
        clip_each: Any = None,
        on_nonfinite: Any = None,
        average: Any = None,
        observe: Any = None,
    ) -> None: ...

class AdamMini(Optimizer):
    r"""AdamW with one second moment for each block of a parameter: half of its states' memory.

    Equations, arguments and options: ``help(adamas.jax.AdamMini)``.
    """

    def __init__(
        self,
        lr: Any = 0.001,
        betas: Any = (0.9, 0.999),
        eps: Any = 1e-08,
        weight_decay: Any = 0.0,
        *,
        maximize: Any = False,
        blocks: Any = "rows",
        decay: Any = "scaled",
        max_lr: Any = None,
        mask: Any = None,
        state_dtype: Any = None,
        master_weights: Any = None,
        rounding: Any = None,
        seed: Any = None,
        num_threads: Any = None,
        max_norm: Any = None,
        max_value: Any = None,
        norm_type: Any = None,
        clip_each: Any = None,
        on_nonfinite: Any = None,
        average: Any = None,
        observe: Any = None,
    ) -> None: ...
