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
    "Adagrad",
    "Adam",
    "AdamAtan2",
    "AdamW",
    "Adamax",
    "Adan",
    "LaProp",
    "Lamb",
    "Lion",
    "Nadam",
    "NovoGrad",
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
    """Adam, as ``keras.optimizers.Adam``: epsilon is added before the bias correction."""
    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 1e-07,
        amsgrad: Any = False,
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
    """Adam with weight decay, as ``keras.optimizers.AdamW``; arguments as of `Adam`."""
    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: Any = 0.004,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 1e-07,
        amsgrad: Any = False,
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
    """Adam with Nesterov momentum, as ``keras.optimizers.Nadam``; arguments as of `Adam`."""
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

class RAdam(WordedOptimizer):
    """Rectified Adam, as `adamas.RAdam`; arguments as of `Adam`."""
    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 1e-08,
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
    """Adam with the infinity norm, as ``keras.optimizers.Adamax`` but for the place of epsilon."""
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

class AdaBelief(WordedOptimizer):
    """Adam that divides by the spread of the gradient around its average, as `adamas.AdaBelief`."""
    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 1e-16,
        epsilon_root: Any = 1e-16,
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
    """Adam whose second moment changes by no more than (1 - beta_2)*g*g, as `adamas.Yogi`."""
    def __init__(
        self,
        learning_rate: Any = 0.01,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 0.001,
        initial_accumulator_value: Any = 1e-06,
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
    """Adagrad, as ``keras.optimizers.Adagrad``: epsilon is under the root."""
    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: Any = 0.1,
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

class RMSprop(WordedOptimizer):
    """RMSprop, as ``keras.optimizers.RMSprop``: epsilon is under the root."""
    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: Any = 0.9,
        momentum: Any = 0.0,
        epsilon: Any = 1e-07,
        centered: Any = False,
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
    """Lion (evolved sign momentum), as ``keras.optimizers.Lion``."""
    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: Any = 0.9,
        beta_2: Any = 0.99,
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
    """Layer-wise adaptive moments, as ``keras.optimizers.Lamb``; arguments as of `Adam`."""
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
    """Adaptive Nesterov momentum, as `adamas.Adan`."""
    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: Any = 0.98,
        beta_2: Any = 0.92,
        beta_3: Any = 0.99,
        epsilon: Any = 1e-08,
        epsilon_root: Any = 1e-08,
        mix_by_beta2: Any = False,
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
    """Adam that divides each gradient by the second moment before it, as `adamas.ADOPT`."""
    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: Any = 0.9,
        beta_2: Any = 0.9999,
        epsilon: Any = 1e-06,
        clip: Any = True,
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
    """AdamW with a second, slow average of the gradients, as `adamas.AdEMAMix`."""
    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 1e-08,
        beta_3: Any = 0.9999,
        alpha: Any = 5.0,
        warmup_steps: Any = 0,
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
    """AdamW without a schedule, as ``keras.optimizers.ScheduleFreeAdamW``; see `adamas.ScheduleFreeAdamW`."""
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
    """SGD without a learning-rate schedule: gradients are taken at y, and the average x is what is evaluated."""
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
    """RAdam without a learning-rate schedule, and without warmup: the rectification takes its place."""
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
    """Stochastic gradient descent, as ``keras.optimizers.SGD``."""
    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: Any = 0.0,
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

class Adadelta(WordedOptimizer):
    """Adadelta, as ``keras.optimizers.Adadelta``; the rule is that of `adamas.Adadelta`."""
    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: Any = 0.95,
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

class LaProp(WordedOptimizer):
    """LaProp, as in the authors' code and in timm."""
    def __init__(
        self,
        learning_rate: Any = 0.0004,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        epsilon: Any = 1e-15,
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
    """Adam with an angle in place of the quotient: no eps, and the same steps when all gradients are scaled."""
    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: Any = 0.9,
        beta_2: Any = 0.999,
        a: Any = 1.27,
        b: Any = 1.0,
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
    """AdamW with Adafactor's clipping of the update, as in optimi: no loss spikes, and no need to clip gradients."""
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
    """MARS-AdamW, in the approximate form, with the gradient of the step before, as in timm."""
    def __init__(
        self,
        learning_rate: Any = 0.003,
        beta_1: Any = 0.9,
        beta_2: Any = 0.99,
        epsilon: Any = 1e-08,
        gamma: Any = 0.025,
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
    """Layer-wise adaptive rate scaling for large batches, as in optax."""
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
    """NovoGrad, as in optax: half the memory of Adam, since the second moment is one number for each array."""
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

class Rprop(WordedOptimizer):
    """Resilient backpropagation, as in PyTorch: for gradients of all data, of which the sign alone counts."""
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
