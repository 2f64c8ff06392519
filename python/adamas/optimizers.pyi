"""The optimizers, stepped by the compiled core.

Written by tests/helpers/interface_stubs.py: change the rules instead.
"""

from typing import Any

from typing_extensions import Unpack

from adamas._optimizer.compiled import CompiledOptimizer as CompiledOptimizer
from adamas._optimizer.evaluation import EvaluatedElsewhere
from adamas._optimizer.options import Options
from adamas._types import LearningRate

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

class Adam(CompiledOptimizer):
    r"""Adam, with weight decay as an L2 penalty; AMSGrad on request.

    For each element, with gradient g, step count t and the states m (``exp_avg``) and v (``exp_avg_sq``), which start
    at zero::

        g <- g + weight_decay * p
        m <- beta1*m + (1 - beta1)*g
        v <- beta2*v + (1 - beta2)*g*g
        p <- p - lr/(1 - beta1^t) * m / (sqrt(v)/sqrt(1 - beta2^t) + eps)

    Every operation is rounded once, to float64 for float64 parameters and to float32 for all others; numbers that
    depend on the hyperparameters and t alone are computed in float64 and rounded once. So the bits are the same on
    every processor, for every number of threads, and in `adamas.reference`.

    Args:
        params: An array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these, or a list of
            group dicts with the parameters under ``"params"`` and, beside them, hyperparameters of the group. Arrays
            are float32, float64, float16 or ``ml_dtypes.bfloat16``, C-contiguous, aligned, writeable, of one dimension
            or more, and do not overlap. They are updated in place: to replace a parameter's values, write
            ``w[...] = values``, since the optimizer keeps the arrays and not the names.
        lr: Learning rate, >= 0, or a callable that gives it for the number of steps taken so far (0 at the first), as
            those of `adamas.schedules`. ``betas`` and ``weight_decay`` may be such callables too.
        betas: Decay rates of the two moments, each in [0, 1).
        eps: Added to the denominator, >= 0.
        weight_decay: Factor of the penalty, >= 0.
        amsgrad: Divide by the square root of the largest v so far (state ``max_exp_avg_sq``). Fixed at construction.
        maximize: Ascend instead of descend.
        bias_correction: Divide the moments by ``1 - beta^t``, as above; with False they are used as they are.
        eps_hat: Add eps before the bias correction, as the paper's "epsilon hat" (section 2), Keras and scikit-learn
            do: ``lr*sqrt(1 - beta2^t)/(1 - beta1^t) * m / (sqrt(v) + eps)``.
        decoupled_weight_decay: Decay as `AdamW` does.
        decay: How decoupled decay goes with the learning rate. "scaled": as above. "corrected": by
            ``1 - lr*(lr/max_lr)*weight_decay`` (AdamC, arXiv:2506.02285), so that layers before a normalization keep
            the ratio of gradient to weight while lr falls; other layers stay "scaled" there. "independent": by
            ``1 - (lr/max_lr)*weight_decay``, so that lr can be tuned by itself; weight_decay is then to be about lr
            times what it was.
        max_lr: The largest lr of the schedule, > 0, which the last two need. None: the group's lr at construction.
        cautious: Let elements wait whose update u would go along the gradient, and divide all others by the share of
            those that move, which counts as 1/1000 at least (arXiv:2411.16085):
            ``p <- p - u * mask/max(mean(mask), 1/1000)``, with the mean over the parameter array. A NaN reaches the
            parameter all the same. That takes a pass more, over gradients and states. Not for gradients of single rows.
        **options: What all optimizers take. ``state_dtype``: how states are kept, "float32", "bfloat16", "int8" or
            "int4" (codes in blocks of 128 with a scale each); None for float32, or float64 for float64 parameters.
            ``master_weights``: for bfloat16 and float16 parameters, True for a float32 copy; for bfloat16, "split32"
            or "split24" to keep the low 16 or 8 bits of the float32 number whose high half the parameter is.
            ``rounding`` of bfloat16 and float16 parameters: "nearest"; "stochastic" (bfloat16), reproducible from
            ``seed``; "kahan", to keep what was cut off in 16 bits. ``num_threads``: the most threads a step may use;
            None for the library's limit (`adamas.get_num_threads`). All but the last are fixed at construction.

    Raises:
        TypeError: A parameter that is no plain floating-point array, or a hyperparameter or option of the wrong type.
        ValueError: A parameter that cannot be updated in place, arrays that overlap, a hyperparameter out of range, or
            options that do not fit the parameters or one another.
        ImportError: bfloat16 states without the package ml_dtypes.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.Adam([w], lr=0.1)
        >>> opt.step([2 * w])  # the gradient of sum(w**2)
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.9, -1.9], dtype=float32)

    References:
        D. P. Kingma, J. Ba: Adam: A Method for Stochastic Optimization. ICLR 2015, arXiv:1412.6980.

        S. J. Reddi, S. Kale, S. Kumar: On the Convergence of Adam and Beyond. ICLR 2018, arXiv:1904.09237 (AMSGrad).
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
        **options: Unpack[Options],
    ) -> None: ...

class AdamW(CompiledOptimizer):
    r"""Adam with decoupled weight decay; AMSGrad on request.

    For each element, with gradient g, step count t and the states m (``exp_avg``) and v (``exp_avg_sq``), which start
    at zero::

        p <- p * (1 - lr*weight_decay)
        m <- beta1*m + (1 - beta1)*g
        v <- beta2*v + (1 - beta2)*g*g
        p <- p - lr/(1 - beta1^t) * m / (sqrt(v)/sqrt(1 - beta2^t) + eps)

    As in PyTorch, the decay is multiplied by lr, and weight_decay is 0.01 unless given. All else is as in `Adam`.

    Args:
        params: As in `Adam`.
        lr: As in `Adam`.
        betas: As in `Adam`.
        eps: As in `Adam`.
        weight_decay: Strength of the decay, >= 0.
        amsgrad: As in `Adam`.
        maximize: As in `Adam`.
        bias_correction: As in `Adam`.
        eps_hat: As in `Adam`.
        decay: As in `Adam`.
        max_lr: As in `Adam`.
        cautious: As in `Adam`.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> params = {"w": np.ones((2, 3), np.float32), "b": np.zeros(3, np.float32)}
        >>> opt = adamas.AdamW(params, lr=lambda step: 1e-2 * 0.99**step)
        >>> opt.step({"w": np.full((2, 3), 0.5, np.float32), "b": None})  # b is left alone
        StepReport(step=1, updated=1)
        >>> opt.state["w"]["exp_avg"]
        array([[0.05, 0.05, 0.05],
               [0.05, 0.05, 0.05]], dtype=float32)

    References:
        I. Loshchilov, F. Hutter: Decoupled Weight Decay Regularization. ICLR 2019, arXiv:1711.05101.
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
        **options: Unpack[Options],
    ) -> None: ...

class NAdam(CompiledOptimizer):
    r"""Adam with Nesterov momentum, as in PyTorch.

    For each element, with gradient g, step count t and the states m (``exp_avg``) and v (``exp_avg_sq``), which start
    at zero::

        mu_t <- beta1 * (1 - 0.96^(t*momentum_decay) / 2)
        g <- g + weight_decay * p
        m <- beta1*m + (1 - beta1)*g
        v <- beta2*v + (1 - beta2)*g*g
        p <- p - (lr*(1 - mu_t)/(1 - mu_1*...*mu_t) * g + lr*mu_{t+1}/(1 - mu_1*...*mu_{t+1}) * m)
                 / (sqrt(v)/sqrt(1 - beta2^t) + eps)

    The product of the mu so far is kept beside the step count, as ``mu_product``. Numbers are rounded as in `Adam`.

    Args:
        params: As in `Adam`.
        lr: As in `Adam`.
        betas: As in `Adam`.
        eps: As in `Adam`.
        weight_decay: As in `Adam`.
        momentum_decay: How soon mu approaches beta1, >= 0.
        decoupled_weight_decay: Decay as `AdamW` does, instead of by a penalty in the gradient.
        maximize: As in `Adam`.
        decay: As in `Adam`.
        max_lr: As in `Adam`.
        cautious: As in `Adam`.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.NAdam([w], lr=0.1)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.8943548, -1.8943548], dtype=float32)

    References:
        T. Dozat: Incorporating Nesterov Momentum into Adam. ICLR Workshop 2016.
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
        **options: Unpack[Options],
    ) -> None: ...

class RAdam(CompiledOptimizer):
    r"""Rectified Adam, as in PyTorch.

    For each element, with gradient g, step count t and the states m (``exp_avg``) and v (``exp_avg_sq``), which start
    at zero::

        g <- g + weight_decay * p
        m <- beta1*m + (1 - beta1)*g
        v <- beta2*v + (1 - beta2)*g*g
        rho_inf = 2/(1 - beta2) - 1
        rho = rho_inf - 2*t*beta2^t/(1 - beta2^t)
        if rho > 5:
            r = sqrt((rho - 4)*(rho - 2)*rho_inf / ((rho_inf - 4)*(rho_inf - 2)*rho))
            p <- p - lr/(1 - beta1^t) * m * r * sqrt(1 - beta2^t)/(sqrt(v) + eps)
        else:
            p <- p - lr/(1 - beta1^t) * m

    PyTorch and optax disagree on the place of eps; this is PyTorch's, before the bias correction. Numbers are rounded
    as in `Adam`.

    Args:
        params: As in `Adam`.
        lr: As in `Adam`.
        betas: As in `Adam`.
        eps: As in `Adam`.
        weight_decay: As in `Adam`.
        decoupled_weight_decay: Decay as `AdamW` does, instead of by a penalty in the gradient.
        maximize: As in `Adam`.
        decay: As in `Adam`.
        max_lr: As in `Adam`.
        cautious: As in `Adam`.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.RAdam([w], lr=0.1)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.8, -1.6], dtype=float32)

    References:
        L. Liu, H. Jiang, P. He, W. Chen, X. Liu, J. Gao, J. Han: On the Variance of the Adaptive Learning Rate and
        Beyond. ICLR 2020, arXiv:1908.03265.
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
        **options: Unpack[Options],
    ) -> None: ...

class Adamax(CompiledOptimizer):
    r"""Adam with the infinity norm in place of the second moment, as in PyTorch and optax.

    For each element, with gradient g, step count t and the states m (``exp_avg``) and u (``exp_inf``), which start at
    zero::

        g <- g + weight_decay * p
        m <- beta1*m + (1 - beta1)*g
        u <- max(beta2*u, |g| + eps)
        p <- p - lr/(1 - beta1^t) * m/u

    Numbers are rounded as in `Adam`.

    Args:
        params: As in `Adam`.
        lr: As in `Adam`.
        betas: As in `Adam`.
        eps: Added to the size of each gradient, >= 0.
        weight_decay: As in `Adam`.
        maximize: As in `Adam`.
        decoupled_weight_decay: Decay as `AdamW` does, instead of by a penalty in the gradient.
        decay: As in `Adam`.
        max_lr: As in `Adam`.
        cautious: As in `Adam`.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.Adamax([w], lr=0.1)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.9, -1.9], dtype=float32)

    References:
        D. P. Kingma, J. Ba: Adam: A Method for Stochastic Optimization. ICLR 2015, arXiv:1412.6980 (section 7.1).
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
        **options: Unpack[Options],
    ) -> None: ...

class AdaBelief(CompiledOptimizer):
    r"""Adam that divides by the spread of the gradient around its average, as in optax.

    For each element, with gradient g, step count t and the states m (``exp_avg``) and s (``exp_avg_var``), which start
    at zero::

        m <- beta1*m + (1 - beta1)*g
        s <- beta2*s + (1 - beta2)*(g - m)^2 + eps_root
        p <- p - lr/(1 - beta1^t) * m / (sqrt(s)/sqrt(1 - beta2^t) + eps)

    Numbers are rounded as in `Adam`. The defaults of eps and eps_root are those of optax; in the paper, eps is 1e-8.

    Args:
        params: As in `Adam`.
        lr: As in `Adam`.
        betas: As in `Adam`.
        eps: As in `Adam`.
        weight_decay: Strength of the decay, >= 0.
        eps_root: Added to s at every step, >= 0.
        maximize: As in `Adam`.
        decoupled_weight_decay: Decay as `AdamW` does; with False, by a penalty in the gradient, as `Adam` does.
        decay: As in `Adam`.
        max_lr: As in `Adam`.
        cautious: As in `Adam`.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.AdaBelief([w], lr=0.1)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.8888889, -1.8888888], dtype=float32)

    References:
        J. Zhuang, T. Tang, Y. Ding, S. Tatikonda, N. Dvornek, X. Papademetris, J. S. Duncan: AdaBelief Optimizer:
        Adapting Stepsizes by the Belief in Observed Gradients. NeurIPS 2020, arXiv:2010.07468.
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
        **options: Unpack[Options],
    ) -> None: ...

class Yogi(CompiledOptimizer):
    r"""Adam whose second moment changes by no more than (1 - beta2)*g*g, as in optax.

    For each element, with gradient g, step count t and the states m (``exp_avg``) and v (``exp_avg_sq``), which start
    at initial_accumulator_value::

        g <- g + weight_decay * p
        m <- beta1*m + (1 - beta1)*g
        v <- v - (1 - beta2)*g*g * sign(v - g*g)
        p <- p - lr/(1 - beta1^t) * m / (sqrt(v)/sqrt(1 - beta2^t) + eps)

    Numbers are rounded as in `Adam`.

    Args:
        params: As in `Adam`.
        lr: As in `Adam`.
        betas: As in `Adam`.
        eps: As in `Adam`.
        weight_decay: As in `Adam`.
        initial_accumulator_value: What both moments start at, >= 0. Fixed at construction.
        maximize: As in `Adam`.
        decoupled_weight_decay: Decay as `AdamW` does, instead of by a penalty in the gradient.
        decay: As in `Adam`.
        max_lr: As in `Adam`.
        cautious: As in `Adam`.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.Yogi([w], lr=0.1)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.900062 , -1.9000283], dtype=float32)

    References:
        M. Zaheer, S. Reddi, D. Sachan, S. Kale, S. Kumar: Adaptive Methods for Nonconvex Optimization. NeurIPS 2018.
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
        **options: Unpack[Options],
    ) -> None: ...

class Adagrad(CompiledOptimizer):
    r"""Adagrad, as in PyTorch.

    For each element, with gradient g, step count t and the state s (``sum``), which starts at
    initial_accumulator_value::

        g <- g + weight_decay * p
        s <- s + g*g
        p <- p - lr/(1 + (t - 1)*lr_decay) * g / (sqrt(s) + eps)

    Numbers are rounded as in `Adam`.

    Args:
        params: As in `Adam`.
        lr: As in `Adam`.
        lr_decay: How fast the learning rate falls, >= 0.
        weight_decay: As in `Adam`.
        initial_accumulator_value: What the sum starts at, >= 0. Fixed at construction.
        eps: As in `Adam`.
        maximize: As in `Adam`.
        decoupled_weight_decay: Decay as `AdamW` does, instead of by a penalty in the gradient.
        decay: As in `Adam`.
        max_lr: As in `Adam`.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.Adagrad([w], lr=0.1)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.9, -1.9], dtype=float32)

    References:
        J. Duchi, E. Hazan, Y. Singer: Adaptive Subgradient Methods for Online Learning and Stochastic Optimization.
        JMLR 12, 2011.
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
        **options: Unpack[Options],
    ) -> None: ...

class RMSprop(CompiledOptimizer):
    r"""RMSprop, as in PyTorch.

    For each element, with gradient g and the states v (``square_avg``), a (``grad_avg``, if centered) and b
    (``momentum_buffer``, with momentum), which start at zero::

        g <- g + weight_decay * p
        v <- alpha*v + (1 - alpha)*g*g
        a <- alpha*a + (1 - alpha)*g
        d = sqrt(v) + eps,  or centered: sqrt(max(v - a*a, 0)) + eps
        p <- p - lr*g/d,    or with momentum: b <- momentum*b + g/d;  p <- p - lr*b

    Numbers are rounded as in `Adam`. Centered, PyTorch gets NaN where rounding makes v - a*a negative; here it counts
    as 0.

    Args:
        params: As in `Adam`.
        lr: As in `Adam`.
        alpha: Decay rate of the averages, in [0, 1).
        eps: As in `Adam`.
        weight_decay: As in `Adam`.
        momentum: Momentum factor, >= 0. Whether there is one is fixed at construction.
        centered: Divide by the spread around the average gradient. Fixed at construction.
        maximize: As in `Adam`.
        decoupled_weight_decay: Decay as `AdamW` does, instead of by a penalty in the gradient.
        decay: As in `Adam`.
        max_lr: As in `Adam`.
        cautious: As in `Adam`.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.RMSprop([w], lr=0.01)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.90000004, -1.9       ], dtype=float32)

    References:
        T. Tieleman, G. Hinton: Lecture 6.5, rmsprop. Coursera: Neural Networks for Machine Learning, 2012.

        A. Graves: Generating Sequences With Recurrent Neural Networks, arXiv:1308.0850, 2013 (centered).
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
        **options: Unpack[Options],
    ) -> None: ...

class Lion(CompiledOptimizer):
    r"""Lion (evolved sign momentum), as in optax.

    For each element, with gradient g and the state m (``exp_avg``), which starts at zero::

        p <- p * (1 - lr*weight_decay)
        u = sign(beta1*m + (1 - beta1)*g)
        m <- beta2*m + (1 - beta2)*g
        p <- p - lr*u

    Every parameter moves by lr, so lr wants to be 3 to 10 times smaller than for `AdamW`, and weight_decay as much
    larger. The sign of zero is zero, that of NaN is NaN. Numbers are rounded as in `Adam`.

    Args:
        params: As in `Adam`.
        lr: As in `Adam`.
        betas: Weight of the momentum in the direction, and its decay rate, each in [0, 1).
        weight_decay: Strength of the decay, >= 0.
        maximize: As in `Adam`.
        decay: As in `Adam`.
        max_lr: As in `Adam`.
        cautious: As in `Adam`.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.Lion([w], lr=0.1)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.89989996, -1.8998    ], dtype=float32)

    References:
        X. Chen, C. Liang, D. Huang, E. Real, K. Wang, Y. Liu, H. Pham, X. Dong, T. Luong, C.-J. Hsieh, Y. Lu, Q. V. Le:
        Symbolic Discovery of Optimization Algorithms. NeurIPS 2023, arXiv:2302.06675.
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
        **options: Unpack[Options],
    ) -> None: ...

class LAMB(CompiledOptimizer):
    r"""Layer-wise adaptive moments for large batches, as in optax.

    For each parameter array, with gradient g, step count t and the states m (``exp_avg``) and v (``exp_avg_sq``), which
    start at zero::

        m <- beta1*m + (1 - beta1)*g
        v <- beta2*v + (1 - beta2)*g*g
        u = m/(1 - beta1^t) / (sqrt(v)/sqrt(1 - beta2^t) + eps) + weight_decay*p
        p <- p - lr * |p|/|u| * u

    where |.| is the Euclidean norm over the array, and the ratio is 1 if either norm is zero. Norms are summed up in
    float64, in an order that depends on neither instruction set nor threads. Numbers are rounded as in `Adam`.

    This is `Adam` with a trust ratio, which scales the decay as well: so it is a rule, and no option of `Adam`.

    Args:
        params: As in `Adam`.
        lr: As in `Adam`.
        betas: As in `Adam`.
        eps: As in `Adam`.
        weight_decay: Weight of the parameter in the direction, >= 0.
        maximize: As in `Adam`.
        bias_correction: As in `Adam`.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.LAMB([w], lr=0.1)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.84188616, -1.841886  ], dtype=float32)

    References:
        Y. You, J. Li, S. Reddi, J. Hseu, S. Kumar, S. Bhojanapalli, X. Song, J. Demmel, K. Keutzer, C.-J. Hsieh: Large
        Batch Optimization for Deep Learning: Training BERT in 76 minutes. ICLR 2020, arXiv:1904.00962.
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
        **options: Unpack[Options],
    ) -> None: ...

class Adan(CompiledOptimizer):
    r"""Adaptive Nesterov momentum, as in optax.

    For each element, with gradient g, step count t and the states m (``exp_avg``), v (``exp_avg_diff``), n
    (``exp_avg_sq``) and h (``previous_grad``), which start at zero::

        p <- p * (1 - lr*weight_decay)
        e = g - h  (0 at the first step);  h <- g
        m <- beta1*m + (1 - beta1)*g
        v <- beta2*v + (1 - beta2)*e
        n <- beta3*n + (1 - beta3)*(g + k*e)^2
        p <- p - lr * (m/(1 - beta1^t) + k*v/(1 - beta2^t)) / (sqrt(n/(1 - beta3^t) + eps_root) + eps)

    optax and the authors' code disagree on the weight k of the difference: here it is 1 - beta2, as in optax; with
    mix_by_beta2 it is beta2, as in the authors' code. The betas are those of both (the paper writes 1 - beta), and
    decay is decoupled as in `AdamW`. Numbers are rounded as in `Adam`.

    Args:
        params: As in `Adam`.
        lr: As in `Adam`.
        betas: Decay rates of m, v and n, each in [0, 1).
        eps: As in `Adam`.
        weight_decay: Strength of the decay, >= 0.
        eps_root: Added under the root, >= 0.
        mix_by_beta2: Weigh the difference by beta2, as the authors' code does.
        maximize: As in `Adam`.
        decay: As in `Adam`.
        max_lr: As in `Adam`.
        cautious: As in `Adam`.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.Adan([w], lr=0.1)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.9, -1.9], dtype=float32)

    References:
        X. Xie, P. Zhou, H. Li, Z. Lin, S. Yan: Adan: Adaptive Nesterov Momentum Algorithm for Faster Optimizing Deep
        Models. arXiv:2208.06677, 2022.
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
        **options: Unpack[Options],
    ) -> None: ...

class ADOPT(CompiledOptimizer):
    r"""Adam that divides each gradient by the second moment before it, as in optax.

    For each element, with gradient g, step count t and the states m (``exp_avg``) and v (``exp_avg_sq``), which start
    at zero::

        g <- g + weight_decay * p
        u = clip(g / max(sqrt(v), eps), (t - 1)^(1/4))
        m <- beta1*m + (1 - beta1)*u
        v <- beta2*v + (1 - beta2)*g*g
        p <- p - lr*m

    The first step only sets v to g*g. Numbers are rounded as in `Adam`.

    Args:
        params: As in `Adam`.
        lr: As in `Adam`.
        betas: As in `Adam`.
        eps: The least denominator, >= 0.
        weight_decay: As in `Adam`.
        clip: Keep u within (t - 1)^(1/4), as above.
        maximize: As in `Adam`.
        decoupled_weight_decay: Decay as `AdamW` does, instead of by a penalty in the gradient.
        decay: As in `Adam`.
        max_lr: As in `Adam`.
        cautious: As in `Adam`.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.ADOPT([w], lr=0.1)
        >>> for _ in range(2):
        ...     report = opt.step([2 * w])
        >>> w
        array([ 0.99, -1.99], dtype=float32)

    References:
        S. Taniguchi, K. Harada, G. Minegishi, Y. Oshima, S. C. Jeong, G. Nagahara, T. Iiyama, M. Suzuki, Y. Iwasawa,
        Y. Matsuo: ADOPT: Modified Adam Can Converge with Any beta2 with the Optimal Rate. NeurIPS 2024,
        arXiv:2411.02853.
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
        **options: Unpack[Options],
    ) -> None: ...

class AdEMAMix(CompiledOptimizer):
    r"""AdamW with a second, slow average of the gradients, as in optax.

    For each element, with gradient g, step count t and the states m1 (``exp_avg``), m2 (``exp_avg_slow``) and v
    (``exp_avg_sq``), which start at zero::

        p <- p * (1 - lr*weight_decay)
        m1 <- beta1*m1 + (1 - beta1)*g
        m2 <- beta3*m2 + (1 - beta3)*g
        v <- beta2*v + (1 - beta2)*g*g
        p <- p - lr * (m1/(1 - beta1^t) + alpha*m2) / (sqrt(v)/sqrt(1 - beta2^t) + eps)

    With warmup_steps, alpha and beta3 grow to their values over that many steps, as in the paper (section 3.2): alpha
    linearly from 0, beta3 from beta1 so that its half-life grows linearly. Numbers are rounded as in `Adam`.

    Args:
        params: As in `Adam`.
        lr: As in `Adam`.
        betas: Decay rates of m1, v and m2, each in [0, 1).
        eps: As in `Adam`.
        weight_decay: Strength of the decay, >= 0.
        alpha: Weight of the slow average, >= 0.
        warmup_steps: Steps over which alpha and beta3 grow, >= 0.
        maximize: As in `Adam`.
        decay: As in `Adam`.
        max_lr: As in `Adam`.
        cautious: As in `Adam`.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.AdEMAMix([w], lr=0.1)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.89995, -1.89995], dtype=float32)

    References:
        M. Pagliardini, P. Ablin, D. Grangier: The AdEMAMix Optimizer: Better, Faster, Older. ICLR 2025,
        arXiv:2409.03137.
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
        **options: Unpack[Options],
    ) -> None: ...

class ScheduleFreeAdamW(EvaluatedElsewhere, CompiledOptimizer):
    r"""AdamW without a learning-rate schedule: gradients are taken at y, and the average x is what is evaluated.

    For each element, with the parameter y, gradient g at y, step count t, and the states z, which starts at the
    parameter as it is at the first step, and v (``exp_avg_sq``), which starts at zero::

        lr_t = lr * min(1, t/warmup_steps);  lr_max <- max(lr_max, lr_t)
        w = t^r * lr_max^weight_lr_power;  weight_sum <- weight_sum + w;  k = w/weight_sum
        v <- beta2*v + (1 - beta2)*g*g
        u = g / (sqrt(v)/sqrt(1 - beta2^t) + eps) + weight_decay*y
        y <- y + k*(z - y) + lr_t*(beta1*(1 - k) - 1)*u
        z <- z - lr_t*u

    That is the form of the authors' code, which keeps no x: ``y = (1 - beta1)*z + beta1*x`` gives it. While training,
    the parameters are y. Call `eval` before the parameters are evaluated or saved for use: then they are x. Call
    `train` to go on: the parameters are y again, exactly as they were. ``weight_sum`` and ``lr_max`` are kept beside
    the step count. Numbers are rounded as in `Adam`.

    Args:
        params: As in `Adam`.
        lr: As in `Adam`; a constant is meant to be enough.
        betas: Interpolation between z and x, in (0, 1), and decay rate of v, in [0, 1).
        eps: As in `Adam`.
        weight_decay: Strength of the decay, at y, >= 0.
        warmup_steps: Steps over which lr grows linearly, >= 0.
        r: Power of t in the weight of a step in the average, >= 0.
        weight_lr_power: Power of lr in that weight, >= 0.
        maximize: As in `Adam`.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.ScheduleFreeAdamW([w], lr=0.1)
        >>> for _ in range(2):
        ...     report = opt.step([2 * w])
        >>> opt.eval()
        >>> w  # the average
        array([ 0.85269576, -1.8512975 ], dtype=float32)
        >>> opt.train()
        >>> w
        array([ 0.84796536, -1.8464272 ], dtype=float32)

    References:
        A. Defazio, X. Yang, H. Mehta, K. Mishchenko, A. Khaled, A. Cutkosky: The Road Less Scheduled. NeurIPS 2024,
        arXiv:2405.15682.
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
        **options: Unpack[Options],
    ) -> None: ...

class ScheduleFreeSGD(EvaluatedElsewhere, CompiledOptimizer):
    r"""SGD without a learning-rate schedule: gradients are taken at y, and the average x is what is evaluated.

    For each element, with the parameter y, gradient g at y, step count t, and the state z, which starts at the
    parameter as it is at the first step::

        lr_t = lr * min(1, t/warmup_steps);  lr_max <- max(lr_max, lr_t)
        w = t^r * lr_max^weight_lr_power;  weight_sum <- weight_sum + w;  k = w/weight_sum
        u = g + weight_decay*y
        y <- y + k*(z - y) + lr_t*(momentum*(1 - k) - 1)*u
        z <- z - lr_t*u

    `eval`, `train` and all else are as of `ScheduleFreeAdamW`: ``y = (1 - momentum)*z + momentum*x``.

    Args:
        params: As in `Adam`.
        lr: As in `Adam`; a constant is meant to be enough. It may be 10 to 50 times that of `SGD` with a schedule.
        momentum: Interpolation between z and x, in (0, 1).
        weight_decay: Strength of the decay, at y, >= 0.
        warmup_steps: Steps over which lr grows linearly, >= 0.
        r: Power of t in the weight of a step in the average, >= 0.
        weight_lr_power: Power of lr in that weight, >= 0.
        maximize: As in `Adam`.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.ScheduleFreeSGD([w], lr=0.25)
        >>> for _ in range(2):
        ...     report = opt.step([2 * w])
        >>> opt.eval()
        >>> w  # the average
        array([ 0.375, -0.75 ], dtype=float32)

    References:
        A. Defazio, X. Yang, H. Mehta, K. Mishchenko, A. Khaled, A. Cutkosky: The Road Less Scheduled. NeurIPS 2024,
        arXiv:2405.15682.
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
        **options: Unpack[Options],
    ) -> None: ...

class ScheduleFreeRAdam(EvaluatedElsewhere, CompiledOptimizer):
    r"""RAdam without a learning-rate schedule, and without warmup: the rectification takes its place.

    As `ScheduleFreeAdamW`, with another learning rate and direction, where rho and the rectification r are those of
    `RAdam`::

        rho > 4:    lr_t = lr*r,  u = g / (sqrt(v)/sqrt(1 - beta2^t) + eps) + weight_decay*y
        otherwise:  lr_t = 0, or lr without silent_sgd_phase,  u = g + weight_decay*y

    Args:
        params: As in `Adam`.
        lr: As in `Adam`; a constant is meant to be enough.
        betas: Interpolation between z and x, in (0, 1), and decay rate of v, in [0, 1).
        eps: As in `Adam`.
        weight_decay: Strength of the decay, at y, >= 0.
        r: Power of t in the weight of a step in the average, >= 0.
        weight_lr_power: Power of lr_t in that weight, >= 0.
        silent_sgd_phase: Do not move in the first steps, in which the rectification is not known.
        maximize: As in `Adam`.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.ScheduleFreeRAdam([w], lr=0.1)
        >>> for _ in range(4):
        ...     report = opt.step([2 * w])
        >>> w  # the rectification is known from the fifth step on
        array([ 1., -2.], dtype=float32)

    References:
        A. Defazio, X. Yang, H. Mehta, K. Mishchenko, A. Khaled, A. Cutkosky: The Road Less Scheduled. NeurIPS 2024,
        arXiv:2405.15682.

        L. Liu, H. Jiang, P. He, W. Chen, X. Liu, J. Gao, J. Han: On the Variance of the Adaptive Learning Rate and
        Beyond. ICLR 2020, arXiv:1908.03265.
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
        **options: Unpack[Options],
    ) -> None: ...

class SGD(CompiledOptimizer):
    r"""Stochastic gradient descent, with momentum on request, as in PyTorch: the yardstick.

    For each element, with gradient g and, with momentum, the state b (``momentum_buffer``)::

        g <- g + weight_decay * p
        plain:     p <- p - lr*g
        momentum:  b <- momentum*b + (1 - dampening)*g  (g at the first step);  p <- p - lr*b
        Nesterov:  b likewise;                                                  p <- p - lr*(g + momentum*b)

    Numbers are rounded as in `Adam`.

    Args:
        params: As in `Adam`.
        lr: As in `Adam`.
        momentum: Momentum factor, >= 0. Whether there is one is fixed at construction.
        dampening: Subtracted from the weight of the gradient in b; 0 for Nesterov.
        weight_decay: As in `Adam`.
        nesterov: Nesterov's momentum. Fixed at construction.
        maximize: As in `Adam`.
        decoupled_weight_decay: Decay as `AdamW` does, instead of by a penalty in the gradient.
        decay: As in `Adam`.
        max_lr: As in `Adam`.
        cautious: As in `Adam`.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`, or nesterov without momentum or with dampening.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.SGD([w], lr=0.1, momentum=0.9)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.8, -1.6], dtype=float32)

    References:
        B. T. Polyak: Some methods of speeding up the convergence of iteration methods. USSR Computational Mathematics
        and Mathematical Physics 4(5), 1964.

        I. Sutskever, J. Martens, G. Dahl, G. Hinton: On the importance of initialization and momentum in deep learning.
        ICML 2013.
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
        **options: Unpack[Options],
    ) -> None: ...

class Adadelta(CompiledOptimizer):
    r"""Adadelta, as in PyTorch.

    For each element, with gradient g and the states v (``square_avg``) and a (``acc_delta``), which start at zero::

        g <- g + weight_decay * p
        v <- rho*v + (1 - rho)*g*g
        u = sqrt((a + eps)/(v + eps)) * g
        a <- rho*a + (1 - rho)*u*u
        p <- p - lr*u

    Numbers are rounded as in `Adam`.

    Args:
        params: As in `Adam`.
        lr: As in `Adam`; the paper has none, which is 1.
        rho: Decay rate of the averages, in [0, 1).
        eps: Added to both averages, >= 0. It decides how large the first steps are.
        weight_decay: As in `Adam`.
        maximize: As in `Adam`.
        decoupled_weight_decay: Decay as `AdamW` does, instead of by a penalty in the gradient.
        decay: As in `Adam`.
        max_lr: As in `Adam`.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.Adadelta([w], lr=10.0)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.96837723, -1.9683772 ], dtype=float32)

    References:
        M. D. Zeiler: ADADELTA: An Adaptive Learning Rate Method. arXiv:1212.5701, 2012.
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
        **options: Unpack[Options],
    ) -> None: ...

class LaProp(CompiledOptimizer):
    r"""LaProp, as in the authors' code and in timm.

    For each element, with gradient g, step count t and the states m (``exp_avg``) and v (``exp_avg_sq``), which start
    at zero, and the number l (``lr_average``), which is kept beside the step count::

        p <- p * (1 - lr*weight_decay)
        l <- beta1*l + (1 - beta1)*lr
        v <- beta2*v + (1 - beta2)*g*g
        m <- beta1*m + (1 - beta1)*lr * g / (sqrt(v)/sqrt(1 - beta2^t) + eps)
        p <- p - lr/l * m

    With a constant lr, lr/l is 1/(1 - beta1^t). While lr has been 0 all along, nothing moves. timm lets the parameter
    decay after the update, here it does so before, as in `AdamW`. Numbers are rounded as in `Adam`.

    Args:
        params: As in `Adam`.
        lr: As in `Adam`.
        betas: As in `Adam`.
        eps: As in `Adam`.
        weight_decay: As in `AdamW`.
        maximize: As in `Adam`.
        decoupled_weight_decay: Decay as `AdamW` does, instead of by a penalty in the gradient.
        decay: As in `Adam`.
        max_lr: As in `Adam`.
        cautious: As in `Adam`.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.LaProp([w], lr=0.1)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.9, -1.9], dtype=float32)

    References:
        L. Ziyin, Z. T. Wang, M. Ueda: LaProp: Separating Momentum and Adaptivity in Adam. arXiv:2002.04839, 2020.
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
        **options: Unpack[Options],
    ) -> None: ...

class AdamAtan2(CompiledOptimizer):
    r"""Adam with an angle in place of the quotient: no eps, and the same steps when all gradients are scaled.

    For each element, with gradient g, step count t and the states m (``exp_avg``) and v (``exp_avg_sq``), which start
    at zero::

        p <- p * (1 - lr*weight_decay)
        m <- beta1*m + (1 - beta1)*g
        v <- beta2*v + (1 - beta2)*g*g
        p <- p - lr*a * atan2(m/(1 - beta1^t), b*sqrt(v)/sqrt(1 - beta2^t))

    An element that has had no gradient yet does not move. The angle is computed by adamas itself, from
    ``+ - * /`` alone, so that it is the same on every machine: to 3 ulp, in float32 and in float64. Numbers are
    rounded as in `Adam`.

    Args:
        params: As in `Adam`.
        lr: As in `Adam`.
        betas: As in `Adam`.
        a: Scale of the angle, >= 0. With 4/pi, about 1.27, a step is lr where m and sqrt(v) agree.
        b: Scale of the root of the second moment, >= 0. The larger it is, the nearer is the rule to `Adam` with
            lr*a/b.
        weight_decay: As in `AdamW`.
        maximize: As in `Adam`.
        decoupled_weight_decay: Decay as `AdamW` does, instead of by a penalty in the gradient.
        decay: As in `Adam`.
        max_lr: As in `Adam`.
        cautious: As in `Adam`.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.AdamAtan2([w], lr=0.1)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.9002544, -1.9002545], dtype=float32)

    References:
        K. Everett, L. Xiao, M. Wortsman, A. A. Alemi, R. Novak, P. J. Liu, I. Gur, J. Sohl-Dickstein, L. P. Kaelbling,
        J. Lee, J. Pennington: Scaling Exponents Across Parameterizations and Optimizers. ICML 2024, arXiv:2407.05872.
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
        **options: Unpack[Options],
    ) -> None: ...

class StableAdamW(CompiledOptimizer):
    r"""AdamW with Adafactor's clipping of the update, as in optimi: no loss spikes, and no need to clip gradients.

    For each parameter array, with gradient g, step count t and the states m (``exp_avg``) and v (``exp_avg_sq``), which
    start at zero::

        k1 = beta1*(1 - beta1^(t-1))/(1 - beta1^t),  k2 = beta2*(1 - beta2^(t-1))/(1 - beta2^t)
        m <- k1*m + (1 - k1)*g
        v <- k2*v + (1 - k2)*g*g
        r = sqrt(mean of g*g/max(v, eps^2)),  lr_t = lr/max(1, r)
        p <- p * (1 - lr_t*weight_decay)
        p <- p - lr_t * m/(sqrt(v) + eps)

    The mean is over the array. m and v need no correction: the rates k1 and k2 make averages of them from the first
    step on. Sums are taken in float64, in an order that depends on neither instruction set nor threads. Numbers are
    rounded as in `Adam`.

    This is Adam whose update is clipped by its root mean square. It is a rule and no option of `Adam`, since the
    clipping scales the decay as well, and the averages have rates of their own.

    Args:
        params: As in `Adam`.
        lr: As in `Adam`.
        betas: As in `Adam`.
        eps: As in `Adam`.
        weight_decay: As in `AdamW`; it is multiplied by lr_t.
        maximize: As in `Adam`.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.StableAdamW([w], lr=0.1, weight_decay=0.0)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.90000004, -1.9       ], dtype=float32)

    References:
        M. Wortsman, T. Dettmers, L. Zettlemoyer, A. Morcos, A. Farhadi, L. Schmidt: Stable and low-precision training
        for large-scale vision-language models. NeurIPS 2023, arXiv:2304.13013.
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
        **options: Unpack[Options],
    ) -> None: ...

class MARS(CompiledOptimizer):
    r"""MARS-AdamW, in the approximate form, with the gradient of the step before, as in timm.

    For each parameter array, with gradient g, step count t and the states m (``exp_avg``), v (``exp_avg_sq``) and
    g' (``previous_grad``), which start at zero::

        p <- p * (1 - lr*weight_decay)
        c = g + gamma*beta1/(1 - beta1) * (g - g')      (c = g at the first step)
        c <- c / max(1, |c|);  g' <- g
        m <- beta1*m + (1 - beta1)*c
        v <- beta2*v + (1 - beta2)*c*c
        p <- p - lr/(1 - beta1^t) * m / (sqrt(v)/sqrt(1 - beta2^t) + eps)

    where |.| is the Euclidean norm over the array. The authors and timm step vectors, as biases are, by AdamW unless
    told otherwise: give those to an `AdamW` of their own for that. Norms are summed up in float64, in an order that
    depends on neither instruction set nor threads. Numbers are rounded as in `Adam`.

    Args:
        params: As in `Adam`.
        lr: As in `Adam`.
        betas: As in `Adam`.
        eps: As in `Adam`.
        gamma: Strength of the correction, >= 0.
        weight_decay: As in `AdamW`.
        maximize: As in `Adam`.
        decay: As in `Adam`.
        max_lr: As in `Adam`.
        cautious: As in `Adam`.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.MARS([w], lr=0.1)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 0.9, -1.9], dtype=float32)

    References:
        H. Yuan, Y. Liu, S. Wu, X. Zhou, Q. Gu: MARS: Unleashing the Power of Variance Reduction for Training Large
        Models. ICML 2025, arXiv:2411.10438.
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
        **options: Unpack[Options],
    ) -> None: ...

class LARS(CompiledOptimizer):
    r"""Layer-wise adaptive rate scaling for large batches, as in optax.

    For each parameter array, with gradient g and the state b (``momentum_buffer``), which starts at zero::

        u = g + weight_decay*p
        b <- momentum*b + lr * trust_coefficient*|p|/(|u| + eps) * u
        p <- p - b,  or with nesterov: p <- p - (lr * trust_coefficient*|p|/(|u| + eps) * u + momentum*b)

    where |.| is the Euclidean norm over the array, and the factor before u is lr alone if either norm is zero. Norms
    are summed up in float64, in an order that depends on neither instruction set nor threads. Numbers are rounded as in
    `Adam`.

    Args:
        params: As in `Adam`.
        lr: As in `Adam`.
        momentum: Momentum factor, >= 0.
        weight_decay: Weight of the parameter in the direction, >= 0.
        trust_coefficient: How large a step may be for the size of the parameter, >= 0.
        eps: Added to the norm of the direction, >= 0.
        nesterov: Nesterov's momentum.
        maximize: As in `Adam`.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([3.0, -4.0], dtype=np.float32)
        >>> opt = adamas.LARS([w], lr=1.0, trust_coefficient=0.125)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 2.625, -3.5  ], dtype=float32)

    References:
        Y. You, I. Gitman, B. Ginsburg: Large Batch Training of Convolutional Networks. arXiv:1708.03888, 2017.
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
        **options: Unpack[Options],
    ) -> None: ...

class NovoGrad(CompiledOptimizer):
    r"""NovoGrad, as in optax: half the memory of Adam, since the second moment is one number for each array.

    For each parameter array, with gradient g and the state m (``exp_avg``), which starts at zero, and the number v
    (``exp_avg_sq``), which is kept beside the step count::

        v <- beta2*v + (1 - beta2)*|g|^2      (v <- |g|^2 at the first step)
        m <- beta1*m + g/(sqrt(v + eps_root) + eps) + weight_decay*p
        p <- p - lr*m

    where |.| is the Euclidean norm over the array. Norms are summed up in float64, in an order that depends on neither
    instruction set nor threads. Numbers are rounded as in `Adam`.

    Args:
        params: As in `Adam`.
        lr: As in `Adam`.
        betas: Decay rates of m and v, each in [0, 1).
        eps: As in `Adam`.
        eps_root: Added to v under the root, >= 0.
        weight_decay: Weight of the parameter in the direction, >= 0.
        maximize: As in `Adam`.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([3.0, -4.0], dtype=np.float32)
        >>> opt = adamas.NovoGrad([w], lr=0.5, eps=0.0)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w
        array([ 2.7, -3.6], dtype=float32)

    References:
        B. Ginsburg, P. Castonguay, O. Hrinchuk, O. Kuchaiev, V. Lavrukhin, R. Leary, J. Li, H. Nguyen, Y. Zhang,
        J. M. Cohen: Stochastic Gradient Methods with Layer-wise Adaptive Moments for Training of Deep Networks.
        arXiv:1905.11286, 2019.
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
        **options: Unpack[Options],
    ) -> None: ...

class Prodigy(CompiledOptimizer):
    r"""Prodigy: Adam with a step size d that it estimates by itself, as in the authors' code, prodigyopt.

    Leave lr at 1, or let a schedule take it from 1 to 0. One number d, for all parameters, is an estimate of the
    distance from the start to the solution. It begins at d0 and only grows. For each parameter array, with gradient g
    and the states m (``exp_avg``), v (``exp_avg_sq``) and s, which start at zero, and p0, which is the parameter as it
    is at its first step::

        dlr = d*lr                       with use_bias_correction times sqrt(1 - beta2^k)/(1 - beta1^k)
        g <- g + weight_decay*p          without decoupled_weight_decay
        m <- beta1*m + d*(1 - beta1)*g
        v <- beta2*v + d^2*(1 - beta2)*g*g
        s <- beta3*s + d/d0*dlr*g        with safeguard_warmup d/d0*d*g

        d_numerator <- beta3*d_numerator + d/d0*dlr * sum of g*(p0 - p)     over all parameters
        d_hat = d_coef*d_numerator / sum of |s|                             over all parameters
        d_max <- max(d_max, d_hat);  d <- min(d_max, growth_rate*d)         (no growth_rate while d is d0)

        p <- p - (dlr*weight_decay*p + dlr * m / (sqrt(v) + d*eps))         dlr is still that of before

    where the decay is that of decoupled_weight_decay. The sums are over all parameters that have a gradient in a step;
    others stay as they are. k counts steps. ``opt.scalars`` shows d, d_max, d_numerator and k; d is 0 before the first
    step.

    lr, betas, beta3, d0, d_coef, growth_rate and use_bias_correction must be the same in all groups. But lr may be 0 in
    some: such a group rests. Its parameters and states stay as they are, and the sums are without it. While all
    gradients have been zero, nothing is known, and nothing moves.

    The gradients of all parameters are needed before one of them can be updated. So a step cannot be taken in parts
    (`step_scope`), and rows (``sparse``) cannot be stepped alone. s and p0 are float32 in every ``state_dtype``, since
    an error in the sums could make d too large, and that for good. prodigyopt's ``slice_p``, which takes the sums over
    every p-th element alone, is not offered: it saves memory, but changes the rule, and reads no less where p is below
    the 16 elements of a cache line. Sums are taken in float64, in an order that depends on neither instruction set nor
    threads. Numbers are rounded as in `Adam`.

    Args:
        params: As in `Adam`.
        lr: Multiplies the step size that is found, >= 0, or a callable as in `Adam`.
        betas: As in `Adam`.
        beta3: Decay rate of s and of d_numerator, in [0, 1). None: the square root of beta2.
        eps: As in `Adam`; multiplied by d.
        weight_decay: Strength of the decay, >= 0, or a callable as in `Adam`.
        use_bias_correction: Correct the moments for their start at zero, as `Adam` does.
        safeguard_warmup: Leave lr out of s. With a warmup of lr, else d may become too large.
        d0: First value of d, > 0. It rarely needs to be changed; it must be far below the d that is right.
        d_coef: Multiplies the estimate of d, >= 0. 0.5 and 2 are sensible, and the preferred way to tune.
        growth_rate: Largest factor by which d may grow in a step, >= 1; 1.02 makes a kind of warmup. None: no limit.
        decoupled_weight_decay: Decay as `AdamW` does, with dlr in place of lr; otherwise as `Adam`.
        maximize: As in `Adam`.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`; or groups that differ where they must not.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0])
        >>> opt = adamas.Prodigy([w])
        >>> for _ in range(200):
        ...     report = opt.step([2 * w])
        >>> bool(np.abs(w).max() < 1e-3)
        True
        >>> round(opt.scalars["d"], 3)
        0.519

    References:
        K. Mishchenko, A. Defazio: Prodigy: An Expeditiously Adaptive Parameter-Free Learner. ICML 2024,
        arXiv:2306.06101.
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
        **options: Unpack[Options],
    ) -> None: ...

class Rprop(CompiledOptimizer):
    r"""Resilient backpropagation, as in PyTorch: for gradients of all data, of which the sign alone counts.

    For each element, with gradient g and the states g' (``prev``) and s (``step_size``), which start at zero::

        s <- s*eta_plus where g*g' > 0, s*eta_minus where g*g' < 0      (s <- lr at the first step)
        s <- s within step_sizes
        g <- 0 where g*g' < 0;  g' <- g
        p <- p - sign(g)*s

    The states are kept in the type that is computed with, whatever ``state_dtype`` says. Numbers are rounded as in
    `Adam`. The product of two small gradients does not become 0: their signs are multiplied.

    Args:
        params: As in `Adam`.
        lr: What the step sizes start at: its value in the first step of a parameter. As in PyTorch, later values,
            a schedule's say, change nothing.
        etas: Factors of the step size, after a change of sign and without one: the first below 1, the second above.
        step_sizes: The least and the largest step size, >= 0.
        maximize: As in `Adam`.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([1.0, -2.0], dtype=np.float32)
        >>> opt = adamas.Rprop([w], lr=0.25, etas=(0.5, 2.0))
        >>> for _ in range(2):
        ...     report = opt.step([2 * w])
        >>> w
        array([ 0.25, -1.25], dtype=float32)

    References:
        M. Riedmiller, H. Braun: A Direct Adaptive Method for Faster Backpropagation Learning: The RPROP Algorithm.
        IEEE International Conference on Neural Networks, 1993.
    """

    def __init__(
        self,
        params: Any,
        lr: LearningRate = 0.01,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-06, 50.0),
        *,
        maximize: bool = False,
        **options: Unpack[Options],
    ) -> None: ...

class Adafactor(CompiledOptimizer):
    r"""Adam's second moments as one number for each row and each column of a matrix: states of next to no bytes.

    As in PyTorch; with other arguments, as in Hugging Face's transformers and in the paper. For a parameter of two
    dimensions, with gradient g, step count t and the states r (``row_var``) and c (``col_var``), which start at zero::

        w = t^beta2_decay
        r <- (1 - w)*r + w*(mean of g*g over each row)
        c <- (1 - w)*c + w*(mean of g*g over each column)
        u = g / max(sqrt(r*c / max(mean of r, e1)), e1)
        a = max(e2, RMS(p)) * min(lr, 1/sqrt(t)) / max(1, RMS(u)/d)
        p <- p * (1 - lr*weight_decay)
        p <- p - a*u

    where ``eps = (e1, e2)`` and RMS is the root of the mean square over the array. The last two dimensions of a
    parameter are the matrix; what comes before them counts matrices. A parameter of fewer dimensions keeps v
    (``variance``) for each element: ``v <- (1 - w)*v + w*g*g``, and ``u = g / max(sqrt(v), e1)``. With beta1, the state
    m (``exp_avg``) is ``m <- beta1*m + (1 - beta1)*a*u``, and takes the place of a*u.

    Sums are taken in the type that is computed with over a few elements, and in float64 over all, in an order that
    depends on neither instruction set nor threads. ``row_var`` and ``col_var`` are never rounded to ``state_dtype``.
    Numbers are otherwise rounded as in `Adam`.

    Args:
        params: As in `Adam`.
        lr: The largest relative step size, and what weight decay is multiplied by: a number >= 0, or a callable.
        beta2_decay: The exponent of w, <= 0.
        eps: e1, the least root of a second moment, and e2, the least size of a parameter, both >= 0. None for e1: the
            machine epsilon of the type that is computed with.
        d: The largest RMS(u) that is not clipped, >= 1. (``clip_threshold``)
        weight_decay: As in `AdamW`.
        maximize: As in `Adam`.
        beta1: Decay rate of m, in [0, 1). Whether there is an m is fixed at construction.
        scale_parameter: Scale steps by the size of the parameter. False: without max(e2, RMS(p)).
        relative_step: Let steps shrink as 1/sqrt(t). False: with lr in the place of min(lr, 1/sqrt(t)).
        warmup_init: Begin with small steps: min(lr, 1e-6*t) in the place of lr, but for weight decay.
        eps_in_mean: Add e1 to the squares of which r, c and v are means, as the paper does, instead of bounding by it.
            1e-30 is usual then.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.ones((1024, 1024), dtype=np.float32)
        >>> opt = adamas.Adafactor([w], lr=0.1)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> w[0, :2]
        array([0.9, 0.9], dtype=float32)
        >>> sum(array.nbytes for array in (opt.state["0"]["row_var"], opt.state["0"]["col_var"]))
        8192

    References:
        N. Shazeer, M. Stern: Adafactor: Adaptive Learning Rates with Sublinear Memory Cost. ICML 2018,
        arXiv:1804.04235.
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
        **options: Unpack[Options],
    ) -> None: ...

class AdamMini(CompiledOptimizer):
    r"""AdamW with one second moment for each block of a parameter: half of its states' memory.

    For each element, with gradient g, step count t and the states m (``exp_avg``) and v (``exp_avg_sq``, one number a
    block), which start at zero::

        p <- p * (1 - lr*weight_decay)
        m <- beta1*m + (1 - beta1)*g
        v <- beta2*v + (1 - beta2)*(mean of g*g over the block)
        p <- p - m * (lr/(1 - beta1^t) / (sqrt(v/(1 - beta2^t)) + eps))

    Sums are taken in the type that is computed with over a few elements, and in float64 over all, in an order that
    depends on neither instruction set nor threads. v is never rounded to ``state_dtype``. Numbers are otherwise rounded
    as in `Adam`.

    Args:
        params: As in `Adam`. Groups may have blocks of their own.
        lr: As in `Adam`.
        betas: As in `Adam`.
        eps: As in `Adam`.
        weight_decay: As in `AdamW`.
        maximize: As in `Adam`.
        blocks: What shares a second moment. ``"rows"``: what has the same first index, such as the weights of a neuron
            or the embedding of a token; of a parameter of one dimension, nothing. ``"tensor"``: the whole parameter.
            ``"elements"``: nothing, as in `AdamW`. Or into how many blocks of consecutive elements a parameter is
            divided: the number of heads, for the queries and keys of a transformer, as
            `adamas.partitions.transformer_blocks` has it. Fixed at construction.
        decay: As in `Adam`.
        max_lr: As in `Adam`.
        **options: As in `Adam`.

    Raises:
        TypeError: As in `Adam`.
        ValueError: As in `Adam`, or a parameter whose elements do not divide into so many blocks.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> w = np.array([[1.0, -2.0], [3.0, -4.0]], dtype=np.float32)
        >>> opt = adamas.AdamMini([w], lr=0.1)
        >>> opt.step([2 * w])
        StepReport(step=1, updated=1)
        >>> opt.state["0"]["exp_avg_sq"].shape
        (2, 1)

    References:
        Y. Zhang, C. Chen, Z. Li, T. Ding, C. Wu, D. P. Kingma, Y. Ye, Z.-Q. Luo, R. Sun: Adam-mini: Use Fewer Learning
        Rates To Gain More. ICLR 2025, arXiv:2406.16793.
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
        **options: Unpack[Options],
    ) -> None: ...
