"""The optimizers, as those of Keras.

Written by tests/helpers/interface_stubs.py: change the rules instead.
"""

from typing import Any

from adamas.keras._evaluation import EvaluatedElsewhere
from adamas.keras._from_words import WordedOptimizer

__all__ = [
    "ADOPT",
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
    "Lamb",
    "Lion",
    "Nadam",
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

class Adam(WordedOptimizer):
    r"""Adam, as ``keras.optimizers.Adam``: epsilon is added before the bias correction.

    Equations, arguments and options: ``help(adamas.keras.Adam)``.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 1e-07,
        amsgrad: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        weight_decay: Any = None,
        clipnorm: Any = None,
        clipvalue: Any = None,
        global_clipnorm: Any = None,
        use_ema: Any = False,
        ema_momentum: Any = 0.99,
        ema_overwrite_frequency: Any = None,
        loss_scale_factor: Any = None,
        gradient_accumulation_steps: Any = None,
        name: Any = None,
        *,
        state_dtype: Any = None,
        num_threads: Any = None,
        observe: Any = None,
    ) -> None: ...

class AdamW(WordedOptimizer):
    r"""Adam with weight decay, as ``keras.optimizers.AdamW``: epsilon is added before the bias correction.

    Equations, arguments and options: ``help(adamas.keras.AdamW)``.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: Any = 0.004,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 1e-07,
        amsgrad: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        clipnorm: Any = None,
        clipvalue: Any = None,
        global_clipnorm: Any = None,
        use_ema: Any = False,
        ema_momentum: Any = 0.99,
        ema_overwrite_frequency: Any = None,
        loss_scale_factor: Any = None,
        gradient_accumulation_steps: Any = None,
        name: Any = None,
        *,
        state_dtype: Any = None,
        num_threads: Any = None,
        observe: Any = None,
    ) -> None: ...

class Nadam(WordedOptimizer):
    r"""Adam with Nesterov momentum, as ``keras.optimizers.Nadam``.

    Equations, arguments and options: ``help(adamas.keras.Nadam)``.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 1e-07,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        weight_decay: Any = None,
        clipnorm: Any = None,
        clipvalue: Any = None,
        global_clipnorm: Any = None,
        use_ema: Any = False,
        ema_momentum: Any = 0.99,
        ema_overwrite_frequency: Any = None,
        loss_scale_factor: Any = None,
        gradient_accumulation_steps: Any = None,
        name: Any = None,
        *,
        state_dtype: Any = None,
        num_threads: Any = None,
        observe: Any = None,
    ) -> None: ...

class RAdam(WordedOptimizer):
    r"""Rectified Adam, as `adamas.RAdam`.

    Equations, arguments and options: ``help(adamas.keras.RAdam)``.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 1e-08,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        weight_decay: Any = None,
        clipnorm: Any = None,
        clipvalue: Any = None,
        global_clipnorm: Any = None,
        use_ema: Any = False,
        ema_momentum: Any = 0.99,
        ema_overwrite_frequency: Any = None,
        loss_scale_factor: Any = None,
        gradient_accumulation_steps: Any = None,
        name: Any = None,
        *,
        state_dtype: Any = None,
        num_threads: Any = None,
        observe: Any = None,
    ) -> None: ...

class Adamax(WordedOptimizer):
    r"""Adam with the infinity norm, as ``keras.optimizers.Adamax`` except for the place of epsilon.

    Equations, arguments and options: ``help(adamas.keras.Adamax)``.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 1e-07,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        weight_decay: Any = None,
        clipnorm: Any = None,
        clipvalue: Any = None,
        global_clipnorm: Any = None,
        use_ema: Any = False,
        ema_momentum: Any = 0.99,
        ema_overwrite_frequency: Any = None,
        loss_scale_factor: Any = None,
        gradient_accumulation_steps: Any = None,
        name: Any = None,
        *,
        state_dtype: Any = None,
        num_threads: Any = None,
        observe: Any = None,
    ) -> None: ...

class AdaBelief(WordedOptimizer):
    r"""Adam that divides by the spread of the gradient around its average, as `adamas.AdaBelief`.

    Equations, arguments and options: ``help(adamas.keras.AdaBelief)``.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 1e-16,
        epsilon_root: Any = 1e-16,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        weight_decay: Any = None,
        clipnorm: Any = None,
        clipvalue: Any = None,
        global_clipnorm: Any = None,
        use_ema: Any = False,
        ema_momentum: Any = 0.99,
        ema_overwrite_frequency: Any = None,
        loss_scale_factor: Any = None,
        gradient_accumulation_steps: Any = None,
        name: Any = None,
        *,
        state_dtype: Any = None,
        num_threads: Any = None,
        observe: Any = None,
    ) -> None: ...

class Yogi(WordedOptimizer):
    r"""Adam whose second moment changes by no more than (1 - beta_2)*g*g, as `adamas.Yogi`.

    Equations, arguments and options: ``help(adamas.keras.Yogi)``.
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 0.001,
        initial_accumulator_value: Any = 1e-06,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        weight_decay: Any = None,
        clipnorm: Any = None,
        clipvalue: Any = None,
        global_clipnorm: Any = None,
        use_ema: Any = False,
        ema_momentum: Any = 0.99,
        ema_overwrite_frequency: Any = None,
        loss_scale_factor: Any = None,
        gradient_accumulation_steps: Any = None,
        name: Any = None,
        *,
        state_dtype: Any = None,
        num_threads: Any = None,
        observe: Any = None,
    ) -> None: ...

class Adagrad(WordedOptimizer):
    r"""Adagrad, as ``keras.optimizers.Adagrad``: epsilon is under the root.

    Equations, arguments and options: ``help(adamas.keras.Adagrad)``.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: Any = 0.1,
        epsilon: Any = 1e-07,
        decay: Any = "scaled",
        max_lr: Any = None,
        weight_decay: Any = None,
        clipnorm: Any = None,
        clipvalue: Any = None,
        global_clipnorm: Any = None,
        use_ema: Any = False,
        ema_momentum: Any = 0.99,
        ema_overwrite_frequency: Any = None,
        loss_scale_factor: Any = None,
        gradient_accumulation_steps: Any = None,
        name: Any = None,
        *,
        state_dtype: Any = None,
        num_threads: Any = None,
        observe: Any = None,
    ) -> None: ...

class RMSprop(WordedOptimizer):
    r"""RMSprop, as ``keras.optimizers.RMSprop``: epsilon is under the root.

    Equations, arguments and options: ``help(adamas.keras.RMSprop)``.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: Any = 0.9,
        momentum: Any = 0.0,
        epsilon: Any = 1e-07,
        centered: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        weight_decay: Any = None,
        clipnorm: Any = None,
        clipvalue: Any = None,
        global_clipnorm: Any = None,
        use_ema: Any = False,
        ema_momentum: Any = 0.99,
        ema_overwrite_frequency: Any = None,
        loss_scale_factor: Any = None,
        gradient_accumulation_steps: Any = None,
        name: Any = None,
        *,
        state_dtype: Any = None,
        num_threads: Any = None,
        observe: Any = None,
    ) -> None: ...

class Lion(WordedOptimizer):
    r"""Lion (evolved sign momentum), as ``keras.optimizers.Lion``.

    Equations, arguments and options: ``help(adamas.keras.Lion)``.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: Any = 0.9,
        beta_2: Any = 0.99,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        weight_decay: Any = None,
        clipnorm: Any = None,
        clipvalue: Any = None,
        global_clipnorm: Any = None,
        use_ema: Any = False,
        ema_momentum: Any = 0.99,
        ema_overwrite_frequency: Any = None,
        loss_scale_factor: Any = None,
        gradient_accumulation_steps: Any = None,
        name: Any = None,
        *,
        state_dtype: Any = None,
        num_threads: Any = None,
        observe: Any = None,
    ) -> None: ...

class Lamb(WordedOptimizer):
    r"""Layer-wise adaptive moments, as ``keras.optimizers.Lamb``.

    Equations, arguments and options: ``help(adamas.keras.Lamb)``.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 1e-07,
        weight_decay: Any = None,
        clipnorm: Any = None,
        clipvalue: Any = None,
        global_clipnorm: Any = None,
        use_ema: Any = False,
        ema_momentum: Any = 0.99,
        ema_overwrite_frequency: Any = None,
        loss_scale_factor: Any = None,
        gradient_accumulation_steps: Any = None,
        name: Any = None,
        *,
        state_dtype: Any = None,
        num_threads: Any = None,
        observe: Any = None,
    ) -> None: ...

class Adan(WordedOptimizer):
    r"""Adaptive Nesterov momentum, as `adamas.Adan`.

    Equations, arguments and options: ``help(adamas.keras.Adan)``.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: Any = 0.98,
        beta_2: Any = 0.92,
        beta_3: Any = 0.99,
        epsilon: Any = 1e-08,
        epsilon_root: Any = 1e-08,
        mix_by_beta2: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        weight_decay: Any = None,
        clipnorm: Any = None,
        clipvalue: Any = None,
        global_clipnorm: Any = None,
        use_ema: Any = False,
        ema_momentum: Any = 0.99,
        ema_overwrite_frequency: Any = None,
        loss_scale_factor: Any = None,
        gradient_accumulation_steps: Any = None,
        name: Any = None,
        *,
        state_dtype: Any = None,
        num_threads: Any = None,
        observe: Any = None,
    ) -> None: ...

class ADOPT(WordedOptimizer):
    r"""Adam that divides each gradient by the second moment before it, as `adamas.ADOPT`.

    Equations, arguments and options: ``help(adamas.keras.ADOPT)``.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: Any = 0.9,
        beta_2: Any = 0.9999,
        epsilon: Any = 1e-06,
        clip: Any = True,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        weight_decay: Any = None,
        clipnorm: Any = None,
        clipvalue: Any = None,
        global_clipnorm: Any = None,
        use_ema: Any = False,
        ema_momentum: Any = 0.99,
        ema_overwrite_frequency: Any = None,
        loss_scale_factor: Any = None,
        gradient_accumulation_steps: Any = None,
        name: Any = None,
        *,
        state_dtype: Any = None,
        num_threads: Any = None,
        observe: Any = None,
    ) -> None: ...

class AdEMAMix(WordedOptimizer):
    r"""AdamW with a second, slow average of the gradients, as `adamas.AdEMAMix`.

    Equations, arguments and options: ``help(adamas.keras.AdEMAMix)``.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 1e-08,
        beta_3: Any = 0.9999,
        alpha: Any = 5.0,
        warmup_steps: Any = 0,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        weight_decay: Any = None,
        clipnorm: Any = None,
        clipvalue: Any = None,
        global_clipnorm: Any = None,
        use_ema: Any = False,
        ema_momentum: Any = 0.99,
        ema_overwrite_frequency: Any = None,
        loss_scale_factor: Any = None,
        gradient_accumulation_steps: Any = None,
        name: Any = None,
        *,
        state_dtype: Any = None,
        num_threads: Any = None,
        observe: Any = None,
    ) -> None: ...

class ScheduleFreeAdamW(EvaluatedElsewhere, WordedOptimizer):
    r"""AdamW without a schedule, as ``keras.optimizers.ScheduleFreeAdamW``; see `adamas.ScheduleFreeAdamW`.

    Equations, arguments and options: ``help(adamas.keras.ScheduleFreeAdamW)``.
    """

    def __init__(
        self,
        learning_rate: Any = 0.0025,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 1e-08,
        warmup_steps: Any = 0,
        r: Any = 0.0,
        weight_lr_power: Any = 0.0,
        weight_decay: Any = None,
        clipnorm: Any = None,
        clipvalue: Any = None,
        global_clipnorm: Any = None,
        use_ema: Any = False,
        ema_momentum: Any = 0.99,
        ema_overwrite_frequency: Any = None,
        loss_scale_factor: Any = None,
        gradient_accumulation_steps: Any = None,
        name: Any = None,
        *,
        state_dtype: Any = None,
        num_threads: Any = None,
        observe: Any = None,
    ) -> None: ...

class ScheduleFreeSGD(EvaluatedElsewhere, WordedOptimizer):
    r"""SGD without a learning-rate schedule: gradients are taken at y, and the average x is what is evaluated.

    Equations, arguments and options: ``help(adamas.keras.ScheduleFreeSGD)``.
    """

    def __init__(
        self,
        learning_rate: Any = 1.0,
        momentum: Any = 0.9,
        warmup_steps: Any = 0,
        r: Any = 0.0,
        weight_lr_power: Any = 2.0,
        weight_decay: Any = None,
        clipnorm: Any = None,
        clipvalue: Any = None,
        global_clipnorm: Any = None,
        use_ema: Any = False,
        ema_momentum: Any = 0.99,
        ema_overwrite_frequency: Any = None,
        loss_scale_factor: Any = None,
        gradient_accumulation_steps: Any = None,
        name: Any = None,
        *,
        state_dtype: Any = None,
        num_threads: Any = None,
        observe: Any = None,
    ) -> None: ...

class ScheduleFreeRAdam(EvaluatedElsewhere, WordedOptimizer):
    r"""RAdam without a learning-rate schedule, and without warmup: the rectification takes its place.

    Equations, arguments and options: ``help(adamas.keras.ScheduleFreeRAdam)``.
    """

    def __init__(
        self,
        learning_rate: Any = 0.0025,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 1e-08,
        r: Any = 0.0,
        weight_lr_power: Any = 2.0,
        silent_sgd_phase: Any = True,
        weight_decay: Any = None,
        clipnorm: Any = None,
        clipvalue: Any = None,
        global_clipnorm: Any = None,
        use_ema: Any = False,
        ema_momentum: Any = 0.99,
        ema_overwrite_frequency: Any = None,
        loss_scale_factor: Any = None,
        gradient_accumulation_steps: Any = None,
        name: Any = None,
        *,
        state_dtype: Any = None,
        num_threads: Any = None,
        observe: Any = None,
    ) -> None: ...

class SGD(WordedOptimizer):
    r"""Stochastic gradient descent, as ``keras.optimizers.SGD``.

    Equations, arguments and options: ``help(adamas.keras.SGD)``.
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: Any = 0.0,
        nesterov: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        weight_decay: Any = None,
        clipnorm: Any = None,
        clipvalue: Any = None,
        global_clipnorm: Any = None,
        use_ema: Any = False,
        ema_momentum: Any = 0.99,
        ema_overwrite_frequency: Any = None,
        loss_scale_factor: Any = None,
        gradient_accumulation_steps: Any = None,
        name: Any = None,
        *,
        state_dtype: Any = None,
        num_threads: Any = None,
        observe: Any = None,
    ) -> None: ...

class Adadelta(WordedOptimizer):
    r"""Adadelta, as ``keras.optimizers.Adadelta``; the rule is that of `adamas.Adadelta`.

    Equations, arguments and options: ``help(adamas.keras.Adadelta)``.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: Any = 0.95,
        epsilon: Any = 1e-07,
        decay: Any = "scaled",
        max_lr: Any = None,
        weight_decay: Any = None,
        clipnorm: Any = None,
        clipvalue: Any = None,
        global_clipnorm: Any = None,
        use_ema: Any = False,
        ema_momentum: Any = 0.99,
        ema_overwrite_frequency: Any = None,
        loss_scale_factor: Any = None,
        gradient_accumulation_steps: Any = None,
        name: Any = None,
        *,
        state_dtype: Any = None,
        num_threads: Any = None,
        observe: Any = None,
    ) -> None: ...

class LaProp(WordedOptimizer):
    r"""LaProp, as in the authors' code and in timm: momentum of gradients that are already divided by their size.

    Equations, arguments and options: ``help(adamas.keras.LaProp)``.
    """

    def __init__(
        self,
        learning_rate: Any = 0.0004,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 1e-15,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        weight_decay: Any = None,
        clipnorm: Any = None,
        clipvalue: Any = None,
        global_clipnorm: Any = None,
        use_ema: Any = False,
        ema_momentum: Any = 0.99,
        ema_overwrite_frequency: Any = None,
        loss_scale_factor: Any = None,
        gradient_accumulation_steps: Any = None,
        name: Any = None,
        *,
        state_dtype: Any = None,
        num_threads: Any = None,
        observe: Any = None,
    ) -> None: ...

class AdamAtan2(WordedOptimizer):
    r"""Adam with an angle in place of the quotient: no eps, and the same steps when all gradients are scaled.

    Equations, arguments and options: ``help(adamas.keras.AdamAtan2)``.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        a: Any = 1.27,
        b: Any = 1.0,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        weight_decay: Any = None,
        clipnorm: Any = None,
        clipvalue: Any = None,
        global_clipnorm: Any = None,
        use_ema: Any = False,
        ema_momentum: Any = 0.99,
        ema_overwrite_frequency: Any = None,
        loss_scale_factor: Any = None,
        gradient_accumulation_steps: Any = None,
        name: Any = None,
        *,
        state_dtype: Any = None,
        num_threads: Any = None,
        observe: Any = None,
    ) -> None: ...

class StableAdamW(WordedOptimizer):
    r"""AdamW with Adafactor's clipping of the update, as in optimi, in place of clipping of gradients.

    Equations, arguments and options: ``help(adamas.keras.StableAdamW)``.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: Any = 0.9,
        beta_2: Any = 0.99,
        epsilon: Any = 1e-06,
        weight_decay: Any = None,
        clipnorm: Any = None,
        clipvalue: Any = None,
        global_clipnorm: Any = None,
        use_ema: Any = False,
        ema_momentum: Any = 0.99,
        ema_overwrite_frequency: Any = None,
        loss_scale_factor: Any = None,
        gradient_accumulation_steps: Any = None,
        name: Any = None,
        *,
        state_dtype: Any = None,
        num_threads: Any = None,
        observe: Any = None,
    ) -> None: ...

class MARS(WordedOptimizer):
    r"""MARS-AdamW, in the approximate form, with the gradient of the step before, as in timm.

    Equations, arguments and options: ``help(adamas.keras.MARS)``.
    """

    def __init__(
        self,
        learning_rate: Any = 0.003,
        beta_1: Any = 0.9,
        beta_2: Any = 0.99,
        epsilon: Any = 1e-08,
        gamma: Any = 0.025,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        weight_decay: Any = None,
        clipnorm: Any = None,
        clipvalue: Any = None,
        global_clipnorm: Any = None,
        use_ema: Any = False,
        ema_momentum: Any = 0.99,
        ema_overwrite_frequency: Any = None,
        loss_scale_factor: Any = None,
        gradient_accumulation_steps: Any = None,
        name: Any = None,
        *,
        state_dtype: Any = None,
        num_threads: Any = None,
        observe: Any = None,
    ) -> None: ...

class LARS(WordedOptimizer):
    r"""Layer-wise adaptive rate scaling for large batches, as in optax.

    Equations, arguments and options: ``help(adamas.keras.LARS)``.
    """

    def __init__(
        self,
        learning_rate: Any = 1.0,
        momentum: Any = 0.9,
        trust_coefficient: Any = 0.001,
        epsilon: Any = 0.0,
        nesterov: Any = False,
        weight_decay: Any = None,
        clipnorm: Any = None,
        clipvalue: Any = None,
        global_clipnorm: Any = None,
        use_ema: Any = False,
        ema_momentum: Any = 0.99,
        ema_overwrite_frequency: Any = None,
        loss_scale_factor: Any = None,
        gradient_accumulation_steps: Any = None,
        name: Any = None,
        *,
        state_dtype: Any = None,
        num_threads: Any = None,
        observe: Any = None,
    ) -> None: ...

class NovoGrad(WordedOptimizer):
    r"""NovoGrad, as in optax: half the memory of Adam, since the second moment is one number for each array.

    Equations, arguments and options: ``help(adamas.keras.NovoGrad)``.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: Any = 0.9,
        beta_2: Any = 0.25,
        epsilon: Any = 1e-06,
        epsilon_root: Any = 0.0,
        weight_decay: Any = None,
        clipnorm: Any = None,
        clipvalue: Any = None,
        global_clipnorm: Any = None,
        use_ema: Any = False,
        ema_momentum: Any = 0.99,
        ema_overwrite_frequency: Any = None,
        loss_scale_factor: Any = None,
        gradient_accumulation_steps: Any = None,
        name: Any = None,
        *,
        state_dtype: Any = None,
        num_threads: Any = None,
        observe: Any = None,
    ) -> None: ...

class Prodigy(WordedOptimizer):
    r"""Prodigy: Adam with a step size d that it estimates by itself, as in the authors' code, prodigyopt.

    Equations, arguments and options: ``help(adamas.keras.Prodigy)``.
    """

    def __init__(
        self,
        learning_rate: Any = 1.0,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        beta3: Any = None,
        epsilon: Any = 1e-08,
        use_bias_correction: Any = False,
        safeguard_warmup: Any = False,
        d0: Any = 1e-06,
        d_coef: Any = 1.0,
        growth_rate: Any = None,
        weight_decay: Any = None,
        clipnorm: Any = None,
        clipvalue: Any = None,
        global_clipnorm: Any = None,
        use_ema: Any = False,
        ema_momentum: Any = 0.99,
        ema_overwrite_frequency: Any = None,
        loss_scale_factor: Any = None,
        gradient_accumulation_steps: Any = None,
        name: Any = None,
        *,
        state_dtype: Any = None,
        num_threads: Any = None,
        observe: Any = None,
    ) -> None: ...

class Rprop(WordedOptimizer):
    r"""Resilient backpropagation, as in PyTorch: for gradients of all data, of which only the sign counts.

    Equations, arguments and options: ``help(adamas.keras.Rprop)``.
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        etas: Any = (0.5, 1.2),
        step_sizes: Any = (1e-06, 50.0),
        weight_decay: Any = None,
        clipnorm: Any = None,
        clipvalue: Any = None,
        global_clipnorm: Any = None,
        use_ema: Any = False,
        ema_momentum: Any = 0.99,
        ema_overwrite_frequency: Any = None,
        loss_scale_factor: Any = None,
        gradient_accumulation_steps: Any = None,
        name: Any = None,
        *,
        state_dtype: Any = None,
        num_threads: Any = None,
        observe: Any = None,
    ) -> None: ...

class Adafactor(WordedOptimizer):
    r"""Adafactor, as ``keras.optimizers.Adafactor``; the rule is that of `adamas.Adafactor` with ``eps_in_mean``.

    Equations, arguments and options: ``help(adamas.keras.Adafactor)``.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_2_decay: Any = -0.8,
        epsilon_1: Any = 1e-30,
        epsilon_2: Any = 0.001,
        clip_threshold: Any = 1.0,
        relative_step: Any = True,
        weight_decay: Any = None,
        clipnorm: Any = None,
        clipvalue: Any = None,
        global_clipnorm: Any = None,
        use_ema: Any = False,
        ema_momentum: Any = 0.99,
        ema_overwrite_frequency: Any = None,
        loss_scale_factor: Any = None,
        gradient_accumulation_steps: Any = None,
        name: Any = None,
        *,
        state_dtype: Any = None,
        num_threads: Any = None,
        observe: Any = None,
    ) -> None: ...

class AdamMini(WordedOptimizer):
    r"""AdamW with one second moment for each block of a parameter: half of its states' memory.

    Equations, arguments and options: ``help(adamas.keras.AdamMini)``.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 1e-08,
        blocks: Any = "rows",
        decay: Any = "scaled",
        max_lr: Any = None,
        weight_decay: Any = None,
        clipnorm: Any = None,
        clipvalue: Any = None,
        global_clipnorm: Any = None,
        use_ema: Any = False,
        ema_momentum: Any = 0.99,
        ema_overwrite_frequency: Any = None,
        loss_scale_factor: Any = None,
        gradient_accumulation_steps: Any = None,
        name: Any = None,
        *,
        state_dtype: Any = None,
        num_threads: Any = None,
        observe: Any = None,
    ) -> None: ...
