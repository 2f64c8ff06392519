"""The optimizers, in thinc's words.

Written by tests/helpers/interface_stubs.py: change the rules instead.
"""

from typing import Any

from adamas.thinc._optimizer import Optimizer

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
    "RAdam",
    "RMSprop",
    "Rprop",
    "StableAdamW",
    "Yogi",
]

class Adam(Optimizer):
    r"""Adam, as ``thinc.optimizers.Adam``: eps is added before the bias correction, weight decay comes after it.

    Equations, arguments and options: ``help(adamas.thinc.Adam)``.
    """

    def __init__(
        self,
        learn_rate: Any = 0.001,
        *,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        eps: Any = 1e-08,
        L2: Any = 0.0,
        amsgrad: Any = False,
        maximize: Any = False,
        L2_is_weight_decay: Any = True,
        cautious: Any = False,
        grad_clip: Any = 1.0,
        use_averages: Any = True,
        state_dtype: Any = None,
        num_threads: Any = None,
        on_nonfinite: Any = "propagate",
        resume_from: Any = None,
        resume_by: Any = "weights",
    ) -> None: ...

class AdamW(Optimizer):
    r"""Adam with decoupled weight decay, and with AMSGrad as an option.

    Equations, arguments and options: ``help(adamas.thinc.AdamW)``.
    """

    def __init__(
        self,
        learn_rate: Any = 0.001,
        *,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        eps: Any = 1e-08,
        L2: Any = 0.01,
        amsgrad: Any = False,
        maximize: Any = False,
        bias_correction: Any = True,
        eps_hat: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        L2_is_weight_decay: Any = True,
        grad_clip: Any = 1.0,
        use_averages: Any = True,
        state_dtype: Any = None,
        num_threads: Any = None,
        on_nonfinite: Any = "propagate",
        resume_from: Any = None,
        resume_by: Any = "weights",
    ) -> None: ...

class NAdam(Optimizer):
    r"""Adam with Nesterov momentum, as in PyTorch.

    Equations, arguments and options: ``help(adamas.thinc.NAdam)``.
    """

    def __init__(
        self,
        learn_rate: Any = 0.002,
        *,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        eps: Any = 1e-08,
        L2: Any = 0.0,
        momentum_decay: Any = 0.004,
        L2_is_weight_decay: Any = False,
        maximize: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        grad_clip: Any = 1.0,
        use_averages: Any = True,
        state_dtype: Any = None,
        num_threads: Any = None,
        on_nonfinite: Any = "propagate",
        resume_from: Any = None,
        resume_by: Any = "weights",
    ) -> None: ...

class RAdam(Optimizer):
    r"""RAdam, as ``thinc.optimizers.RAdam``: its corrections are those of the step after.

    Equations, arguments and options: ``help(adamas.thinc.RAdam)``.
    """

    def __init__(
        self,
        learn_rate: Any = 0.001,
        *,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        eps: Any = 1e-08,
        L2: Any = 0.0,
        L2_is_weight_decay: Any = True,
        maximize: Any = False,
        cautious: Any = False,
        grad_clip: Any = 1.0,
        use_averages: Any = True,
        state_dtype: Any = None,
        num_threads: Any = None,
        on_nonfinite: Any = "propagate",
        resume_from: Any = None,
        resume_by: Any = "weights",
    ) -> None: ...

class Adamax(Optimizer):
    r"""Adam with the infinity norm in place of the second moment, as in PyTorch and optax.

    Equations, arguments and options: ``help(adamas.thinc.Adamax)``.
    """

    def __init__(
        self,
        learn_rate: Any = 0.002,
        *,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        eps: Any = 1e-08,
        L2: Any = 0.0,
        maximize: Any = False,
        L2_is_weight_decay: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        grad_clip: Any = 1.0,
        use_averages: Any = True,
        state_dtype: Any = None,
        num_threads: Any = None,
        on_nonfinite: Any = "propagate",
        resume_from: Any = None,
        resume_by: Any = "weights",
    ) -> None: ...

class AdaBelief(Optimizer):
    r"""Adam that divides by the spread of the gradient around its average, as in optax.

    Equations, arguments and options: ``help(adamas.thinc.AdaBelief)``.
    """

    def __init__(
        self,
        learn_rate: Any = 0.001,
        *,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        eps: Any = 1e-16,
        L2: Any = 0.0,
        eps_root: Any = 1e-16,
        maximize: Any = False,
        L2_is_weight_decay: Any = True,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        grad_clip: Any = 1.0,
        use_averages: Any = True,
        state_dtype: Any = None,
        num_threads: Any = None,
        on_nonfinite: Any = "propagate",
        resume_from: Any = None,
        resume_by: Any = "weights",
    ) -> None: ...

class Yogi(Optimizer):
    r"""Adam whose second moment changes by no more than (1 - beta2)*g*g, as in optax.

    Equations, arguments and options: ``help(adamas.thinc.Yogi)``.
    """

    def __init__(
        self,
        learn_rate: Any = 0.01,
        *,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        eps: Any = 0.001,
        L2: Any = 0.0,
        initial_accumulator_value: Any = 1e-06,
        maximize: Any = False,
        L2_is_weight_decay: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        grad_clip: Any = 1.0,
        use_averages: Any = True,
        state_dtype: Any = None,
        num_threads: Any = None,
        on_nonfinite: Any = "propagate",
        resume_from: Any = None,
        resume_by: Any = "weights",
    ) -> None: ...

class Adagrad(Optimizer):
    r"""Adagrad, as in PyTorch: gradients divided by the root of the sum of all squared gradients.

    Equations, arguments and options: ``help(adamas.thinc.Adagrad)``.
    """

    def __init__(
        self,
        learn_rate: Any = 0.01,
        *,
        lr_decay: Any = 0.0,
        L2: Any = 0.0,
        initial_accumulator_value: Any = 0.0,
        eps: Any = 1e-10,
        maximize: Any = False,
        L2_is_weight_decay: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        grad_clip: Any = 1.0,
        use_averages: Any = True,
        state_dtype: Any = None,
        num_threads: Any = None,
        on_nonfinite: Any = "propagate",
        resume_from: Any = None,
        resume_by: Any = "weights",
    ) -> None: ...

class RMSprop(Optimizer):
    r"""RMSprop, as in PyTorch: gradients divided by the root of an average of their squares.

    Equations, arguments and options: ``help(adamas.thinc.RMSprop)``.
    """

    def __init__(
        self,
        learn_rate: Any = 0.01,
        *,
        alpha: Any = 0.99,
        eps: Any = 1e-08,
        L2: Any = 0.0,
        momentum: Any = 0.0,
        centered: Any = False,
        maximize: Any = False,
        L2_is_weight_decay: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        grad_clip: Any = 1.0,
        use_averages: Any = True,
        state_dtype: Any = None,
        num_threads: Any = None,
        on_nonfinite: Any = "propagate",
        resume_from: Any = None,
        resume_by: Any = "weights",
    ) -> None: ...

class Lion(Optimizer):
    r"""Lion (evolved sign momentum), as in optax.

    Equations, arguments and options: ``help(adamas.thinc.Lion)``.
    """

    def __init__(
        self,
        learn_rate: Any = 0.0001,
        *,
        beta1: Any = 0.9,
        beta2: Any = 0.99,
        L2: Any = 0.001,
        maximize: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        L2_is_weight_decay: Any = True,
        grad_clip: Any = 1.0,
        use_averages: Any = True,
        state_dtype: Any = None,
        num_threads: Any = None,
        on_nonfinite: Any = "propagate",
        resume_from: Any = None,
        resume_by: Any = "weights",
    ) -> None: ...

class LAMB(Optimizer):
    r"""Layer-wise adaptive moments for large batches, as in optax.

    Equations, arguments and options: ``help(adamas.thinc.LAMB)``.
    """

    def __init__(
        self,
        learn_rate: Any = 0.001,
        *,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        eps: Any = 1e-06,
        L2: Any = 0.0,
        maximize: Any = False,
        bias_correction: Any = True,
        grad_clip: Any = 1.0,
        use_averages: Any = True,
        state_dtype: Any = None,
        num_threads: Any = None,
        on_nonfinite: Any = "propagate",
        resume_from: Any = None,
        resume_by: Any = "weights",
    ) -> None: ...

class Adan(Optimizer):
    r"""Adaptive Nesterov momentum, as in optax.

    Equations, arguments and options: ``help(adamas.thinc.Adan)``.
    """

    def __init__(
        self,
        learn_rate: Any = 0.001,
        *,
        beta1: Any = 0.98,
        beta2: Any = 0.92,
        beta3: Any = 0.99,
        eps: Any = 1e-08,
        L2: Any = 0.0,
        eps_root: Any = 1e-08,
        mix_by_beta2: Any = False,
        maximize: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        L2_is_weight_decay: Any = True,
        grad_clip: Any = 1.0,
        use_averages: Any = True,
        state_dtype: Any = None,
        num_threads: Any = None,
        on_nonfinite: Any = "propagate",
        resume_from: Any = None,
        resume_by: Any = "weights",
    ) -> None: ...

class ADOPT(Optimizer):
    r"""Adam that divides each gradient by the second moment before it, as in optax.

    Equations, arguments and options: ``help(adamas.thinc.ADOPT)``.
    """

    def __init__(
        self,
        learn_rate: Any = 0.001,
        *,
        beta1: Any = 0.9,
        beta2: Any = 0.9999,
        eps: Any = 1e-06,
        L2: Any = 0.0,
        clip: Any = True,
        maximize: Any = False,
        L2_is_weight_decay: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        grad_clip: Any = 1.0,
        use_averages: Any = True,
        state_dtype: Any = None,
        num_threads: Any = None,
        on_nonfinite: Any = "propagate",
        resume_from: Any = None,
        resume_by: Any = "weights",
    ) -> None: ...

class AdEMAMix(Optimizer):
    r"""AdamW with a second, slow average of the gradients, as in optax.

    Equations, arguments and options: ``help(adamas.thinc.AdEMAMix)``.
    """

    def __init__(
        self,
        learn_rate: Any = 0.001,
        *,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        beta3: Any = 0.9999,
        eps: Any = 1e-08,
        L2: Any = 0.0,
        alpha: Any = 5.0,
        warmup_steps: Any = 0,
        maximize: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        L2_is_weight_decay: Any = True,
        grad_clip: Any = 1.0,
        use_averages: Any = True,
        state_dtype: Any = None,
        num_threads: Any = None,
        on_nonfinite: Any = "propagate",
        resume_from: Any = None,
        resume_by: Any = "weights",
    ) -> None: ...

class SGD(Optimizer):
    r"""Gradient descent, as ``thinc.optimizers.SGD``, with momentum if that is asked for.

    Equations, arguments and options: ``help(adamas.thinc.SGD)``.
    """

    def __init__(
        self,
        learn_rate: Any,
        *,
        momentum: Any = 0.0,
        dampening: Any = 0.0,
        L2: Any = 0.0,
        nesterov: Any = False,
        maximize: Any = False,
        L2_is_weight_decay: Any = True,
        cautious: Any = False,
        grad_clip: Any = 1.0,
        use_averages: Any = True,
        state_dtype: Any = None,
        num_threads: Any = None,
        on_nonfinite: Any = "propagate",
        resume_from: Any = None,
        resume_by: Any = "weights",
    ) -> None: ...

class Adadelta(Optimizer):
    r"""Adadelta, as in PyTorch: steps whose size comes from the sizes of the steps before.

    Equations, arguments and options: ``help(adamas.thinc.Adadelta)``.
    """

    def __init__(
        self,
        learn_rate: Any = 1.0,
        *,
        rho: Any = 0.9,
        eps: Any = 1e-06,
        L2: Any = 0.0,
        maximize: Any = False,
        L2_is_weight_decay: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        grad_clip: Any = 1.0,
        use_averages: Any = True,
        state_dtype: Any = None,
        num_threads: Any = None,
        on_nonfinite: Any = "propagate",
        resume_from: Any = None,
        resume_by: Any = "weights",
    ) -> None: ...

class LaProp(Optimizer):
    r"""LaProp, as in the authors' code and in timm: momentum of gradients that are already divided by their size.

    Equations, arguments and options: ``help(adamas.thinc.LaProp)``.
    """

    def __init__(
        self,
        learn_rate: Any = 0.0004,
        *,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        eps: Any = 1e-15,
        L2: Any = 0.0,
        maximize: Any = False,
        L2_is_weight_decay: Any = True,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        grad_clip: Any = 1.0,
        use_averages: Any = True,
        state_dtype: Any = None,
        num_threads: Any = None,
        on_nonfinite: Any = "propagate",
        resume_from: Any = None,
        resume_by: Any = "weights",
    ) -> None: ...

class AdamAtan2(Optimizer):
    r"""Adam with an angle in place of the quotient: no eps, and the same steps when all gradients are scaled.

    Equations, arguments and options: ``help(adamas.thinc.AdamAtan2)``.
    """

    def __init__(
        self,
        learn_rate: Any = 0.001,
        *,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        a: Any = 1.27,
        b: Any = 1.0,
        L2: Any = 0.0,
        maximize: Any = False,
        L2_is_weight_decay: Any = True,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        grad_clip: Any = 1.0,
        use_averages: Any = True,
        state_dtype: Any = None,
        num_threads: Any = None,
        on_nonfinite: Any = "propagate",
        resume_from: Any = None,
        resume_by: Any = "weights",
    ) -> None: ...

class StableAdamW(Optimizer):
    r"""AdamW with Adafactor's clipping of the update, as in optimi, in place of clipping of gradients.

    Equations, arguments and options: ``help(adamas.thinc.StableAdamW)``.
    """

    def __init__(
        self,
        learn_rate: Any = 0.001,
        *,
        beta1: Any = 0.9,
        beta2: Any = 0.99,
        eps: Any = 1e-06,
        L2: Any = 0.01,
        maximize: Any = False,
        grad_clip: Any = 1.0,
        use_averages: Any = True,
        state_dtype: Any = None,
        num_threads: Any = None,
        on_nonfinite: Any = "propagate",
        resume_from: Any = None,
        resume_by: Any = "weights",
    ) -> None: ...

class MARS(Optimizer):
    r"""MARS-AdamW, in the approximate form, with the gradient of the step before, as in timm.

    Equations, arguments and options: ``help(adamas.thinc.MARS)``.
    """

    def __init__(
        self,
        learn_rate: Any = 0.003,
        *,
        beta1: Any = 0.9,
        beta2: Any = 0.99,
        eps: Any = 1e-08,
        gamma: Any = 0.025,
        L2: Any = 0.0,
        maximize: Any = False,
        decay: Any = "scaled",
        max_lr: Any = None,
        cautious: Any = False,
        L2_is_weight_decay: Any = True,
        grad_clip: Any = 1.0,
        use_averages: Any = True,
        state_dtype: Any = None,
        num_threads: Any = None,
        on_nonfinite: Any = "propagate",
        resume_from: Any = None,
        resume_by: Any = "weights",
    ) -> None: ...

class LARS(Optimizer):
    r"""Layer-wise adaptive rate scaling for large batches, as in optax.

    Equations, arguments and options: ``help(adamas.thinc.LARS)``.
    """

    def __init__(
        self,
        learn_rate: Any = 1.0,
        *,
        momentum: Any = 0.9,
        L2: Any = 0.0,
        trust_coefficient: Any = 0.001,
        eps: Any = 0.0,
        nesterov: Any = False,
        maximize: Any = False,
        grad_clip: Any = 1.0,
        use_averages: Any = True,
        state_dtype: Any = None,
        num_threads: Any = None,
        on_nonfinite: Any = "propagate",
        resume_from: Any = None,
        resume_by: Any = "weights",
    ) -> None: ...

class NovoGrad(Optimizer):
    r"""NovoGrad, as in optax: half the memory of Adam, since the second moment is one number for each array.

    Equations, arguments and options: ``help(adamas.thinc.NovoGrad)``.
    """

    def __init__(
        self,
        learn_rate: Any = 0.001,
        *,
        beta1: Any = 0.9,
        beta2: Any = 0.25,
        eps: Any = 1e-06,
        eps_root: Any = 0.0,
        L2: Any = 0.0,
        maximize: Any = False,
        grad_clip: Any = 1.0,
        use_averages: Any = True,
        state_dtype: Any = None,
        num_threads: Any = None,
        on_nonfinite: Any = "propagate",
        resume_from: Any = None,
        resume_by: Any = "weights",
    ) -> None: ...

class Rprop(Optimizer):
    r"""Resilient backpropagation, as in PyTorch: for gradients of all data, of which only the sign counts.

    Equations, arguments and options: ``help(adamas.thinc.Rprop)``.
    """

    def __init__(
        self,
        learn_rate: Any = 0.01,
        *,
        etas: Any = (0.5, 1.2),
        step_sizes: Any = (1e-06, 50.0),
        maximize: Any = False,
        grad_clip: Any = 1.0,
        use_averages: Any = True,
        state_dtype: Any = None,
        num_threads: Any = None,
        on_nonfinite: Any = "propagate",
        resume_from: Any = None,
        resume_by: Any = "weights",
    ) -> None: ...

class Adafactor(Optimizer):
    r"""Adafactor: keeps second moments as one number for each row and each column of a matrix, in almost no memory.

    Equations, arguments and options: ``help(adamas.thinc.Adafactor)``.
    """

    def __init__(
        self,
        learn_rate: Any = 0.01,
        *,
        beta2_decay: Any = -0.8,
        eps: Any = (None, 0.001),
        d: Any = 1.0,
        L2: Any = 0.0,
        maximize: Any = False,
        beta1: Any = 0.0,
        scale_parameter: Any = True,
        relative_step: Any = True,
        warmup_init: Any = False,
        eps_in_mean: Any = False,
        grad_clip: Any = 1.0,
        use_averages: Any = True,
        state_dtype: Any = None,
        num_threads: Any = None,
        on_nonfinite: Any = "propagate",
        resume_from: Any = None,
        resume_by: Any = "weights",
    ) -> None: ...

class AdamMini(Optimizer):
    r"""AdamW with one second moment for each block of a parameter: half of its states' memory.

    Equations, arguments and options: ``help(adamas.thinc.AdamMini)``.
    """

    def __init__(
        self,
        learn_rate: Any = 0.001,
        *,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        eps: Any = 1e-08,
        L2: Any = 0.0,
        maximize: Any = False,
        blocks: Any = "rows",
        decay: Any = "scaled",
        max_lr: Any = None,
        L2_is_weight_decay: Any = True,
        grad_clip: Any = 1.0,
        use_averages: Any = True,
        state_dtype: Any = None,
        num_threads: Any = None,
        on_nonfinite: Any = "propagate",
        resume_from: Any = None,
        resume_by: Any = "weights",
    ) -> None: ...
