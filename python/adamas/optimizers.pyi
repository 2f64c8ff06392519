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
    r"""Adam, with weight decay as an L2 penalty, and with AMSGrad as an option.

    For each element, with gradient g, step count t and the states m (``exp_avg``) and v (``exp_avg_sq``), which start
    at zero::

        g <- g + weight_decay * p
        m <- beta1*m + (1 - beta1)*g
        v <- beta2*v + (1 - beta2)*g*g
        p <- p - lr/(1 - beta1^t) * m / (sqrt(v)/sqrt(1 - beta2^t) + eps)

    Every operation is rounded once, to float64 for float64 parameters and to float32 for all others. Numbers that
    depend only on the hyperparameters and on the step count are computed in float64, and then rounded once. So the
    bits are the same on every processor, for every number of threads, and in `adamas.reference`.

    Args:
        params: The parameters: an array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these,
            or a list of group dicts, each with its parameters under ``"params"`` and with hyperparameters of its own.
            Arrays are float32, float64, float16 or ``ml_dtypes.bfloat16``; they are C-contiguous, aligned and
            writeable, have one dimension or more, and do not overlap. They are updated in place. To replace a
            parameter's values, write ``w[...] = values``: after ``w = values`` the optimizer still updates the old
            array.
        lr: Learning rate. A finite number >= 0, or a callable that gets the number of steps taken so far (0 at the
            first step) and returns the value, such as those of `adamas.schedules`. Default: 0.001.
        betas: Decay rates of the two moments. Two numbers in [0, 1), or a callable that gets the number of steps taken
            so far (0 at the first step) and returns the value, such as those of `adamas.schedules`.
            Default: (0.9, 0.999).
        eps: Added to the denominator of the update, so that it is not divided by zero. A finite number >= 0. Default:
            1e-08.
        weight_decay: Strength of the weight decay. ``decoupled_weight_decay`` says how it is applied. A finite number
            >= 0, or a callable that gets the number of steps taken so far (0 at the first step) and returns the value,
            such as those of `adamas.schedules`. Default: 0.0.
        amsgrad: Divide by the square root of the largest v so far (state ``max_exp_avg_sq``), as AMSGrad does. True or
            False. Fixed at construction. Default: False.
        maximize: Ascend along the gradient instead of descending. True or False. Default: False.
        bias_correction: Divide the moments by ``1 - beta^t``, as in the equations above. False: use them as they are.
            True or False. Default: True.
        eps_hat: Add ``eps`` before the bias correction: ``lr*sqrt(1 - beta2^t)/(1 - beta1^t) * m / (sqrt(v) + eps)``.
            So do Keras and scikit-learn; it is the epsilon hat at the end of section 2 of the paper. True or False.
            Default: False.
        decoupled_weight_decay: True: multiply the parameter by ``1 - lr*weight_decay`` before the update, as `AdamW`
            does. False: add ``weight_decay*p`` to the gradient, which is an L2 penalty. True or False. Default: False.
        decay: How decoupled weight decay depends on the learning rate. 'scaled': the factor is ``1 - lr*weight_decay``.
            'corrected': it is ``1 - lr*(lr/max_lr)*weight_decay`` (AdamC, arXiv:2506.02285). This is for layers that a
            normalization follows: the ratio of gradient to weight then stays the same while ``lr`` falls; leave other
            layers at 'scaled'. 'independent': it is ``1 - (lr/max_lr)*weight_decay``, so that ``lr`` can be tuned
            alone; the same strength as under 'scaled' needs a ``weight_decay`` of about ``lr`` times the value there.
            'scaled', 'corrected' or 'independent'. Default: 'scaled'.
        max_lr: The largest learning rate of the schedule, which the decays 'corrected' and 'independent' need. None:
            ``lr`` of the group at construction, if that is a number > 0. None or a finite number > 0. Default: None.
        cautious: Update only those elements whose update u has the sign of their gradient, and divide their updates by
            the share of such elements (arXiv:2411.16085): ``p <- p - u * mask/max(mean(mask), 1/1000)``, with the mean
            over the parameter array. A NaN in the gradient still reaches the parameter. This takes one more pass over
            gradients and states. It is not for gradients of single rows (``sparse``). True or False. Default: False.
        **options: The options below, each by its name. All optimizers have them.
        state_dtype: How states are kept: 'float32', 'bfloat16', 'int8' or 'int4', or such a dtype of NumPy, ml_dtypes
            or PyTorch. 'int8' and 'int4' are codes in blocks of 128 elements, with a float32 scale for each block.
            'float64' is for float64 parameters, and their only choice. None: float32, or float64 for float64
            parameters. Fixed at construction. Default: None.
        master_weights: Keep more of bfloat16 and float16 parameters than their 16 bits. True: keep a float32 copy.
            'split32' or 'split24' (bfloat16 only): keep the next 16 or 8 bits, so that the parameter and these bits
            together are a number of 32 or 24 bits. Fixed at construction. Default: False.
        rounding: How bfloat16 and float16 parameters are rounded. 'nearest': to the nearest. 'stochastic' (bfloat16
            only): up or down at random. 'kahan': to the nearest, while 16 bits keep what was cut off and add it to the
            next update. Fixed at construction. Default: 'nearest'.
        seed: Seed of stochastic rounding, a whole number from 0 to 2**64 - 1. Fixed at construction. Default: 0.
        num_threads: The most threads that a step may use, a whole number >= 1. None: the limit of the library
            (`adamas.get_num_threads`). Default: None.
        max_norm: The largest norm of the gradients, > 0. Gradients of a larger norm N are multiplied by
            ``max_norm / (N + 1e-6)`` in the pass that updates. Infinity: take the norm, and clip nothing. None: do not
            take the norm. Default: None.
        max_value: The largest magnitude of an element of a gradient, > 0. Larger elements are clipped to it. None: clip
            no element. Default: None.
        norm_type: Which norm ``max_norm`` bounds. 2: the root of the sum of squares. Infinity: the largest magnitude.
            Default: 2.0.
        clip_each: Clip the gradient of each parameter by its own norm, instead of clipping all gradients by the norm of
            all of them. Default: False.
        on_nonfinite: What to do about a gradient with an infinity or NaN. 'propagate': use it. 'skip': skip the whole
            step. 'raise': raise FloatingPointError, and change nothing. Default: 'propagate'.
        zero_grads: Set gradients to zero once they have been used. Default: False.
        accumulation: Which gradient a step uses after `Optimizer.accumulate`: the 'sum' of the parts, their 'mean', or
            their mean as a 'tree', whose additions have the order of a binary tree. Default: 'sum'.
        observe: Observe every so many-th step, beginning with the first: measure gradients, updates and parameters in
            the pass that updates (`Optimizer.observed`, `adamas.observe`). A whole number >= 1. None: observe a step
            only if its argument says so. Default: None.
        average: Keep an average of each parameter over the steps: `adamas.EMA` or `adamas.SWA`. None: keep none. Fixed
            at construction. Default: None.
        copy_out: bfloat16 or float16 arrays that receive copies of float32 parameters, nested as the parameters are;
            None in place of an array for a parameter without a copy. The copies are rounded to the nearest, at
            construction and in each step. None: no copies. Fixed at construction. Default: None.
        sparse: Parameters of two dimensions whose gradients may be single rows (`adamas.RowGrad`): a mapping of their
            names to a mode. 'lazy': a step does not touch the other rows, and each row counts its own steps. 'exact'
            (float32 under Adam and AdamW): the other rows take the step that a gradient of zeros would give; it is made
            up for when a row is next needed (`Optimizer.catch_up`). Fixed at construction. Default: None.
        state_memory: A function that provides the memory for all states. It is called once with a number of bytes, and
            returns a writeable array of uint8 of that length, for example a `numpy.memmap`. The array begins at a
            multiple of 64 bytes, and is filled with zeros. `adamas.Arena` uses this to put states beside the
            parameters. None: the optimizer allocates the memory. Fixed at construction. Default: None.

    States:
        - ``step``: How many steps the parameter has taken.
        - ``exp_avg``: An array of the parameter's shape, zeros at first.
        - ``exp_avg_sq``: An array of the parameter's shape, zeros at first.
        - ``max_exp_avg_sq``: An array of the parameter's shape, zeros at first. Only with ``amsgrad``.

        Bytes for each element of a float32, bfloat16 or float16 parameter: 8 with state_dtype None or 'float32', 4 with
        'bfloat16', 2.06 with 'int8', 1.06 with 'int4'. With ``max_exp_avg_sq``: 12 with state_dtype None or 'float32',
        6 with 'bfloat16', 3.09 with 'int8', 1.59 with 'int4'. For a float64 parameter: 16.

    Defaults of other libraries:
        - ``torch.optim.Adam``: all are the same.
        - ``optax.adam``: all are the same.
        - ``keras.optimizers.Adam``: eps=1e-07. All others are the same.

    Raises:
        TypeError: A parameter is not a plain floating-point array, an argument is unknown, or an argument has the wrong
            type.
        ValueError: A parameter cannot be updated in place, arrays overlap, an argument is out of range, or two
            arguments do not go together.
        ImportError: ``state_dtype`` is bfloat16, and the package ml_dtypes is not installed.

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
    r"""Adam with decoupled weight decay, and with AMSGrad as an option.

    For each element, with gradient g, step count t and the states m (``exp_avg``) and v (``exp_avg_sq``), which start
    at zero::

        p <- p * (1 - lr*weight_decay)
        m <- beta1*m + (1 - beta1)*g
        v <- beta2*v + (1 - beta2)*g*g
        p <- p - lr/(1 - beta1^t) * m / (sqrt(v)/sqrt(1 - beta2^t) + eps)

    The decay is multiplied by lr, and its default is 0.01, both of which are PyTorch's choices.

    Every operation is rounded once, to float64 for float64 parameters and to float32 for all others. Numbers that
    depend only on the hyperparameters and on the step count are computed in float64, and then rounded once. So the
    bits are the same on every processor, for every number of threads, and in `adamas.reference`.

    Args:
        params: The parameters: an array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these,
            or a list of group dicts, each with its parameters under ``"params"`` and with hyperparameters of its own.
            Arrays are float32, float64, float16 or ``ml_dtypes.bfloat16``; they are C-contiguous, aligned and
            writeable, have one dimension or more, and do not overlap. They are updated in place. To replace a
            parameter's values, write ``w[...] = values``: after ``w = values`` the optimizer still updates the old
            array.
        lr: Learning rate. A finite number >= 0, or a callable that gets the number of steps taken so far (0 at the
            first step) and returns the value, such as those of `adamas.schedules`. Default: 0.001.
        betas: Decay rates of the two moments. Two numbers in [0, 1), or a callable that gets the number of steps taken
            so far (0 at the first step) and returns the value, such as those of `adamas.schedules`.
            Default: (0.9, 0.999).
        eps: Added to the denominator of the update, so that it is not divided by zero. A finite number >= 0. Default:
            1e-08.
        weight_decay: Strength of the decoupled weight decay: each step multiplies the parameter by
            ``1 - lr*weight_decay`` before the update. ``decay`` chooses another factor. A finite number >= 0, or a
            callable that gets the number of steps taken so far (0 at the first step) and returns the value, such as
            those of `adamas.schedules`. Default: 0.01.
        amsgrad: Divide by the square root of the largest v so far (state ``max_exp_avg_sq``), as AMSGrad does. True or
            False. Fixed at construction. Default: False.
        maximize: Ascend along the gradient instead of descending. True or False. Default: False.
        bias_correction: Divide the moments by ``1 - beta^t``, as in the equations above. False: use them as they are.
            True or False. Default: True.
        eps_hat: Add ``eps`` before the bias correction: ``lr*sqrt(1 - beta2^t)/(1 - beta1^t) * m / (sqrt(v) + eps)``.
            So do Keras and scikit-learn; it is the epsilon hat at the end of section 2 of the paper. True or False.
            Default: False.
        decay: How decoupled weight decay depends on the learning rate. 'scaled': the factor is ``1 - lr*weight_decay``.
            'corrected': it is ``1 - lr*(lr/max_lr)*weight_decay`` (AdamC, arXiv:2506.02285). This is for layers that a
            normalization follows: the ratio of gradient to weight then stays the same while ``lr`` falls; leave other
            layers at 'scaled'. 'independent': it is ``1 - (lr/max_lr)*weight_decay``, so that ``lr`` can be tuned
            alone; the same strength as under 'scaled' needs a ``weight_decay`` of about ``lr`` times the value there.
            'scaled', 'corrected' or 'independent'. Default: 'scaled'.
        max_lr: The largest learning rate of the schedule, which the decays 'corrected' and 'independent' need. None:
            ``lr`` of the group at construction, if that is a number > 0. None or a finite number > 0. Default: None.
        cautious: Update only those elements whose update u has the sign of their gradient, and divide their updates by
            the share of such elements (arXiv:2411.16085): ``p <- p - u * mask/max(mean(mask), 1/1000)``, with the mean
            over the parameter array. A NaN in the gradient still reaches the parameter. This takes one more pass over
            gradients and states. It is not for gradients of single rows (``sparse``). True or False. Default: False.
        **options: The options below, each by its name. All optimizers have them.
        state_dtype: How states are kept: 'float32', 'bfloat16', 'int8' or 'int4', or such a dtype of NumPy, ml_dtypes
            or PyTorch. 'int8' and 'int4' are codes in blocks of 128 elements, with a float32 scale for each block.
            'float64' is for float64 parameters, and their only choice. None: float32, or float64 for float64
            parameters. Fixed at construction. Default: None.
        master_weights: Keep more of bfloat16 and float16 parameters than their 16 bits. True: keep a float32 copy.
            'split32' or 'split24' (bfloat16 only): keep the next 16 or 8 bits, so that the parameter and these bits
            together are a number of 32 or 24 bits. Fixed at construction. Default: False.
        rounding: How bfloat16 and float16 parameters are rounded. 'nearest': to the nearest. 'stochastic' (bfloat16
            only): up or down at random. 'kahan': to the nearest, while 16 bits keep what was cut off and add it to the
            next update. Fixed at construction. Default: 'nearest'.
        seed: Seed of stochastic rounding, a whole number from 0 to 2**64 - 1. Fixed at construction. Default: 0.
        num_threads: The most threads that a step may use, a whole number >= 1. None: the limit of the library
            (`adamas.get_num_threads`). Default: None.
        max_norm: The largest norm of the gradients, > 0. Gradients of a larger norm N are multiplied by
            ``max_norm / (N + 1e-6)`` in the pass that updates. Infinity: take the norm, and clip nothing. None: do not
            take the norm. Default: None.
        max_value: The largest magnitude of an element of a gradient, > 0. Larger elements are clipped to it. None: clip
            no element. Default: None.
        norm_type: Which norm ``max_norm`` bounds. 2: the root of the sum of squares. Infinity: the largest magnitude.
            Default: 2.0.
        clip_each: Clip the gradient of each parameter by its own norm, instead of clipping all gradients by the norm of
            all of them. Default: False.
        on_nonfinite: What to do about a gradient with an infinity or NaN. 'propagate': use it. 'skip': skip the whole
            step. 'raise': raise FloatingPointError, and change nothing. Default: 'propagate'.
        zero_grads: Set gradients to zero once they have been used. Default: False.
        accumulation: Which gradient a step uses after `Optimizer.accumulate`: the 'sum' of the parts, their 'mean', or
            their mean as a 'tree', whose additions have the order of a binary tree. Default: 'sum'.
        observe: Observe every so many-th step, beginning with the first: measure gradients, updates and parameters in
            the pass that updates (`Optimizer.observed`, `adamas.observe`). A whole number >= 1. None: observe a step
            only if its argument says so. Default: None.
        average: Keep an average of each parameter over the steps: `adamas.EMA` or `adamas.SWA`. None: keep none. Fixed
            at construction. Default: None.
        copy_out: bfloat16 or float16 arrays that receive copies of float32 parameters, nested as the parameters are;
            None in place of an array for a parameter without a copy. The copies are rounded to the nearest, at
            construction and in each step. None: no copies. Fixed at construction. Default: None.
        sparse: Parameters of two dimensions whose gradients may be single rows (`adamas.RowGrad`): a mapping of their
            names to a mode. 'lazy': a step does not touch the other rows, and each row counts its own steps. 'exact'
            (float32 under Adam and AdamW): the other rows take the step that a gradient of zeros would give; it is made
            up for when a row is next needed (`Optimizer.catch_up`). Fixed at construction. Default: None.
        state_memory: A function that provides the memory for all states. It is called once with a number of bytes, and
            returns a writeable array of uint8 of that length, for example a `numpy.memmap`. The array begins at a
            multiple of 64 bytes, and is filled with zeros. `adamas.Arena` uses this to put states beside the
            parameters. None: the optimizer allocates the memory. Fixed at construction. Default: None.

    States:
        - ``step``: How many steps the parameter has taken.
        - ``exp_avg``: An array of the parameter's shape, zeros at first.
        - ``exp_avg_sq``: An array of the parameter's shape, zeros at first.
        - ``max_exp_avg_sq``: An array of the parameter's shape, zeros at first. Only with ``amsgrad``.

        Bytes for each element of a float32, bfloat16 or float16 parameter: 8 with state_dtype None or 'float32', 4 with
        'bfloat16', 2.06 with 'int8', 1.06 with 'int4'. With ``max_exp_avg_sq``: 12 with state_dtype None or 'float32',
        6 with 'bfloat16', 3.09 with 'int8', 1.59 with 'int4'. For a float64 parameter: 16.

    Defaults of other libraries:
        - ``torch.optim.AdamW``: all are the same.
        - ``optax.adamw``: weight_decay=0.0001. All others are the same.
        - ``keras.optimizers.AdamW``: weight_decay=0.004, eps=1e-07. All others are the same.

    Raises:
        TypeError: A parameter is not a plain floating-point array, an argument is unknown, or an argument has the wrong
            type.
        ValueError: A parameter cannot be updated in place, arrays overlap, an argument is out of range, or two
            arguments do not go together.
        ImportError: ``state_dtype`` is bfloat16, and the package ml_dtypes is not installed.

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

    The product of all mu so far is kept beside the step count, as ``mu_product``.

    Every operation is rounded once, to float64 for float64 parameters and to float32 for all others. Numbers that
    depend only on the hyperparameters and on the step count are computed in float64, and then rounded once. So the
    bits are the same on every processor, for every number of threads, and in `adamas.reference`.

    Args:
        params: The parameters: an array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these,
            or a list of group dicts, each with its parameters under ``"params"`` and with hyperparameters of its own.
            Arrays are float32, float64, float16 or ``ml_dtypes.bfloat16``; they are C-contiguous, aligned and
            writeable, have one dimension or more, and do not overlap. They are updated in place. To replace a
            parameter's values, write ``w[...] = values``: after ``w = values`` the optimizer still updates the old
            array.
        lr: Learning rate. A finite number >= 0, or a callable that gets the number of steps taken so far (0 at the
            first step) and returns the value, such as those of `adamas.schedules`. Default: 0.002.
        betas: Decay rates of the two moments. Two numbers in [0, 1), or a callable that gets the number of steps taken
            so far (0 at the first step) and returns the value, such as those of `adamas.schedules`.
            Default: (0.9, 0.999).
        eps: Added to the denominator of the update, so that it is not divided by zero. A finite number >= 0. Default:
            1e-08.
        weight_decay: Strength of the weight decay. ``decoupled_weight_decay`` says how it is applied. A finite number
            >= 0, or a callable that gets the number of steps taken so far (0 at the first step) and returns the value,
            such as those of `adamas.schedules`. Default: 0.0.
        momentum_decay: How soon mu approaches beta1: the larger, the sooner. A finite number >= 0. Default: 0.004.
        decoupled_weight_decay: True: multiply the parameter by ``1 - lr*weight_decay`` before the update, as `AdamW`
            does. False: add ``weight_decay*p`` to the gradient, which is an L2 penalty. True or False. Default: False.
        maximize: Ascend along the gradient instead of descending. True or False. Default: False.
        decay: How decoupled weight decay depends on the learning rate. 'scaled': the factor is ``1 - lr*weight_decay``.
            'corrected': it is ``1 - lr*(lr/max_lr)*weight_decay`` (AdamC, arXiv:2506.02285). This is for layers that a
            normalization follows: the ratio of gradient to weight then stays the same while ``lr`` falls; leave other
            layers at 'scaled'. 'independent': it is ``1 - (lr/max_lr)*weight_decay``, so that ``lr`` can be tuned
            alone; the same strength as under 'scaled' needs a ``weight_decay`` of about ``lr`` times the value there.
            'scaled', 'corrected' or 'independent'. Default: 'scaled'.
        max_lr: The largest learning rate of the schedule, which the decays 'corrected' and 'independent' need. None:
            ``lr`` of the group at construction, if that is a number > 0. None or a finite number > 0. Default: None.
        cautious: Update only those elements whose update u has the sign of their gradient, and divide their updates by
            the share of such elements (arXiv:2411.16085): ``p <- p - u * mask/max(mean(mask), 1/1000)``, with the mean
            over the parameter array. A NaN in the gradient still reaches the parameter. This takes one more pass over
            gradients and states. It is not for gradients of single rows (``sparse``). True or False. Default: False.
        **options: The options below, each by its name. All optimizers have them.
        state_dtype: How states are kept: 'float32', 'bfloat16', 'int8' or 'int4', or such a dtype of NumPy, ml_dtypes
            or PyTorch. 'int8' and 'int4' are codes in blocks of 128 elements, with a float32 scale for each block.
            'float64' is for float64 parameters, and their only choice. None: float32, or float64 for float64
            parameters. Fixed at construction. Default: None.
        master_weights: Keep more of bfloat16 and float16 parameters than their 16 bits. True: keep a float32 copy.
            'split32' or 'split24' (bfloat16 only): keep the next 16 or 8 bits, so that the parameter and these bits
            together are a number of 32 or 24 bits. Fixed at construction. Default: False.
        rounding: How bfloat16 and float16 parameters are rounded. 'nearest': to the nearest. 'stochastic' (bfloat16
            only): up or down at random. 'kahan': to the nearest, while 16 bits keep what was cut off and add it to the
            next update. Fixed at construction. Default: 'nearest'.
        seed: Seed of stochastic rounding, a whole number from 0 to 2**64 - 1. Fixed at construction. Default: 0.
        num_threads: The most threads that a step may use, a whole number >= 1. None: the limit of the library
            (`adamas.get_num_threads`). Default: None.
        max_norm: The largest norm of the gradients, > 0. Gradients of a larger norm N are multiplied by
            ``max_norm / (N + 1e-6)`` in the pass that updates. Infinity: take the norm, and clip nothing. None: do not
            take the norm. Default: None.
        max_value: The largest magnitude of an element of a gradient, > 0. Larger elements are clipped to it. None: clip
            no element. Default: None.
        norm_type: Which norm ``max_norm`` bounds. 2: the root of the sum of squares. Infinity: the largest magnitude.
            Default: 2.0.
        clip_each: Clip the gradient of each parameter by its own norm, instead of clipping all gradients by the norm of
            all of them. Default: False.
        on_nonfinite: What to do about a gradient with an infinity or NaN. 'propagate': use it. 'skip': skip the whole
            step. 'raise': raise FloatingPointError, and change nothing. Default: 'propagate'.
        zero_grads: Set gradients to zero once they have been used. Default: False.
        accumulation: Which gradient a step uses after `Optimizer.accumulate`: the 'sum' of the parts, their 'mean', or
            their mean as a 'tree', whose additions have the order of a binary tree. Default: 'sum'.
        observe: Observe every so many-th step, beginning with the first: measure gradients, updates and parameters in
            the pass that updates (`Optimizer.observed`, `adamas.observe`). A whole number >= 1. None: observe a step
            only if its argument says so. Default: None.
        average: Keep an average of each parameter over the steps: `adamas.EMA` or `adamas.SWA`. None: keep none. Fixed
            at construction. Default: None.
        copy_out: bfloat16 or float16 arrays that receive copies of float32 parameters, nested as the parameters are;
            None in place of an array for a parameter without a copy. The copies are rounded to the nearest, at
            construction and in each step. None: no copies. Fixed at construction. Default: None.
        sparse: Parameters of two dimensions whose gradients may be single rows (`adamas.RowGrad`): a mapping of their
            names to a mode. 'lazy': a step does not touch the other rows, and each row counts its own steps. 'exact'
            (float32 under Adam and AdamW): the other rows take the step that a gradient of zeros would give; it is made
            up for when a row is next needed (`Optimizer.catch_up`). Fixed at construction. Default: None.
        state_memory: A function that provides the memory for all states. It is called once with a number of bytes, and
            returns a writeable array of uint8 of that length, for example a `numpy.memmap`. The array begins at a
            multiple of 64 bytes, and is filled with zeros. `adamas.Arena` uses this to put states beside the
            parameters. None: the optimizer allocates the memory. Fixed at construction. Default: None.

    States:
        - ``step``: How many steps the parameter has taken.
        - ``exp_avg``: An array of the parameter's shape, zeros at first.
        - ``exp_avg_sq``: An array of the parameter's shape, zeros at first.
        - ``mu_product``: A number for each parameter, 1 at first.

        Bytes for each element of a float32, bfloat16 or float16 parameter: 8 with state_dtype None or 'float32', 4 with
        'bfloat16', 2.06 with 'int8', 1.06 with 'int4'. For a float64 parameter: 16.

    Defaults of other libraries:
        - ``torch.optim.NAdam``: all are the same.
        - ``optax.nadam``: all are the same.
        - ``keras.optimizers.Nadam``: lr=0.001, eps=1e-07. All others are the same.

    Raises:
        TypeError: A parameter is not a plain floating-point array, an argument is unknown, or an argument has the wrong
            type.
        ValueError: A parameter cannot be updated in place, arrays overlap, an argument is out of range, or two
            arguments do not go together.
        ImportError: ``state_dtype`` is bfloat16, and the package ml_dtypes is not installed.

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
    r"""Rectified Adam, as in PyTorch: plain momentum until the second moment is reliable.

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

    PyTorch and optax disagree on the place of eps. Here it is added before the bias correction, as PyTorch does.

    Every operation is rounded once, to float64 for float64 parameters and to float32 for all others. Numbers that
    depend only on the hyperparameters and on the step count are computed in float64, and then rounded once. So the
    bits are the same on every processor, for every number of threads, and in `adamas.reference`.

    Args:
        params: The parameters: an array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these,
            or a list of group dicts, each with its parameters under ``"params"`` and with hyperparameters of its own.
            Arrays are float32, float64, float16 or ``ml_dtypes.bfloat16``; they are C-contiguous, aligned and
            writeable, have one dimension or more, and do not overlap. They are updated in place. To replace a
            parameter's values, write ``w[...] = values``: after ``w = values`` the optimizer still updates the old
            array.
        lr: Learning rate. A finite number >= 0, or a callable that gets the number of steps taken so far (0 at the
            first step) and returns the value, such as those of `adamas.schedules`. Default: 0.001.
        betas: Decay rates of the two moments. Two numbers in [0, 1), or a callable that gets the number of steps taken
            so far (0 at the first step) and returns the value, such as those of `adamas.schedules`.
            Default: (0.9, 0.999).
        eps: Added to the denominator of the update, so that it is not divided by zero. A finite number >= 0. Default:
            1e-08.
        weight_decay: Strength of the weight decay. ``decoupled_weight_decay`` says how it is applied. A finite number
            >= 0, or a callable that gets the number of steps taken so far (0 at the first step) and returns the value,
            such as those of `adamas.schedules`. Default: 0.0.
        decoupled_weight_decay: True: multiply the parameter by ``1 - lr*weight_decay`` before the update, as `AdamW`
            does. False: add ``weight_decay*p`` to the gradient, which is an L2 penalty. True or False. Default: False.
        maximize: Ascend along the gradient instead of descending. True or False. Default: False.
        decay: How decoupled weight decay depends on the learning rate. 'scaled': the factor is ``1 - lr*weight_decay``.
            'corrected': it is ``1 - lr*(lr/max_lr)*weight_decay`` (AdamC, arXiv:2506.02285). This is for layers that a
            normalization follows: the ratio of gradient to weight then stays the same while ``lr`` falls; leave other
            layers at 'scaled'. 'independent': it is ``1 - (lr/max_lr)*weight_decay``, so that ``lr`` can be tuned
            alone; the same strength as under 'scaled' needs a ``weight_decay`` of about ``lr`` times the value there.
            'scaled', 'corrected' or 'independent'. Default: 'scaled'.
        max_lr: The largest learning rate of the schedule, which the decays 'corrected' and 'independent' need. None:
            ``lr`` of the group at construction, if that is a number > 0. None or a finite number > 0. Default: None.
        cautious: Update only those elements whose update u has the sign of their gradient, and divide their updates by
            the share of such elements (arXiv:2411.16085): ``p <- p - u * mask/max(mean(mask), 1/1000)``, with the mean
            over the parameter array. A NaN in the gradient still reaches the parameter. This takes one more pass over
            gradients and states. It is not for gradients of single rows (``sparse``). True or False. Default: False.
        **options: The options below, each by its name. All optimizers have them.
        state_dtype: How states are kept: 'float32', 'bfloat16', 'int8' or 'int4', or such a dtype of NumPy, ml_dtypes
            or PyTorch. 'int8' and 'int4' are codes in blocks of 128 elements, with a float32 scale for each block.
            'float64' is for float64 parameters, and their only choice. None: float32, or float64 for float64
            parameters. Fixed at construction. Default: None.
        master_weights: Keep more of bfloat16 and float16 parameters than their 16 bits. True: keep a float32 copy.
            'split32' or 'split24' (bfloat16 only): keep the next 16 or 8 bits, so that the parameter and these bits
            together are a number of 32 or 24 bits. Fixed at construction. Default: False.
        rounding: How bfloat16 and float16 parameters are rounded. 'nearest': to the nearest. 'stochastic' (bfloat16
            only): up or down at random. 'kahan': to the nearest, while 16 bits keep what was cut off and add it to the
            next update. Fixed at construction. Default: 'nearest'.
        seed: Seed of stochastic rounding, a whole number from 0 to 2**64 - 1. Fixed at construction. Default: 0.
        num_threads: The most threads that a step may use, a whole number >= 1. None: the limit of the library
            (`adamas.get_num_threads`). Default: None.
        max_norm: The largest norm of the gradients, > 0. Gradients of a larger norm N are multiplied by
            ``max_norm / (N + 1e-6)`` in the pass that updates. Infinity: take the norm, and clip nothing. None: do not
            take the norm. Default: None.
        max_value: The largest magnitude of an element of a gradient, > 0. Larger elements are clipped to it. None: clip
            no element. Default: None.
        norm_type: Which norm ``max_norm`` bounds. 2: the root of the sum of squares. Infinity: the largest magnitude.
            Default: 2.0.
        clip_each: Clip the gradient of each parameter by its own norm, instead of clipping all gradients by the norm of
            all of them. Default: False.
        on_nonfinite: What to do about a gradient with an infinity or NaN. 'propagate': use it. 'skip': skip the whole
            step. 'raise': raise FloatingPointError, and change nothing. Default: 'propagate'.
        zero_grads: Set gradients to zero once they have been used. Default: False.
        accumulation: Which gradient a step uses after `Optimizer.accumulate`: the 'sum' of the parts, their 'mean', or
            their mean as a 'tree', whose additions have the order of a binary tree. Default: 'sum'.
        observe: Observe every so many-th step, beginning with the first: measure gradients, updates and parameters in
            the pass that updates (`Optimizer.observed`, `adamas.observe`). A whole number >= 1. None: observe a step
            only if its argument says so. Default: None.
        average: Keep an average of each parameter over the steps: `adamas.EMA` or `adamas.SWA`. None: keep none. Fixed
            at construction. Default: None.
        copy_out: bfloat16 or float16 arrays that receive copies of float32 parameters, nested as the parameters are;
            None in place of an array for a parameter without a copy. The copies are rounded to the nearest, at
            construction and in each step. None: no copies. Fixed at construction. Default: None.
        sparse: Parameters of two dimensions whose gradients may be single rows (`adamas.RowGrad`): a mapping of their
            names to a mode. 'lazy': a step does not touch the other rows, and each row counts its own steps. 'exact'
            (float32 under Adam and AdamW): the other rows take the step that a gradient of zeros would give; it is made
            up for when a row is next needed (`Optimizer.catch_up`). Fixed at construction. Default: None.
        state_memory: A function that provides the memory for all states. It is called once with a number of bytes, and
            returns a writeable array of uint8 of that length, for example a `numpy.memmap`. The array begins at a
            multiple of 64 bytes, and is filled with zeros. `adamas.Arena` uses this to put states beside the
            parameters. None: the optimizer allocates the memory. Fixed at construction. Default: None.

    States:
        - ``step``: How many steps the parameter has taken.
        - ``exp_avg``: An array of the parameter's shape, zeros at first.
        - ``exp_avg_sq``: An array of the parameter's shape, zeros at first.

        Bytes for each element of a float32, bfloat16 or float16 parameter: 8 with state_dtype None or 'float32', 4 with
        'bfloat16', 2.06 with 'int8', 1.06 with 'int4'. For a float64 parameter: 16.

    Defaults of other libraries:
        - ``torch.optim.RAdam``: all are the same.
        - ``optax.radam``: all are the same.

    Raises:
        TypeError: A parameter is not a plain floating-point array, an argument is unknown, or an argument has the wrong
            type.
        ValueError: A parameter cannot be updated in place, arrays overlap, an argument is out of range, or two
            arguments do not go together.
        ImportError: ``state_dtype`` is bfloat16, and the package ml_dtypes is not installed.

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

    Every operation is rounded once, to float64 for float64 parameters and to float32 for all others. Numbers that
    depend only on the hyperparameters and on the step count are computed in float64, and then rounded once. So the
    bits are the same on every processor, for every number of threads, and in `adamas.reference`.

    Args:
        params: The parameters: an array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these,
            or a list of group dicts, each with its parameters under ``"params"`` and with hyperparameters of its own.
            Arrays are float32, float64, float16 or ``ml_dtypes.bfloat16``; they are C-contiguous, aligned and
            writeable, have one dimension or more, and do not overlap. They are updated in place. To replace a
            parameter's values, write ``w[...] = values``: after ``w = values`` the optimizer still updates the old
            array.
        lr: Learning rate. A finite number >= 0, or a callable that gets the number of steps taken so far (0 at the
            first step) and returns the value, such as those of `adamas.schedules`. Default: 0.002.
        betas: Decay rates of m and u. Two numbers in [0, 1), or a callable that gets the number of steps taken so far
            (0 at the first step) and returns the value, such as those of `adamas.schedules`. Default: (0.9, 0.999).
        eps: Added to the magnitude of each gradient. A finite number >= 0. Default: 1e-08.
        weight_decay: Strength of the weight decay. ``decoupled_weight_decay`` says how it is applied. A finite number
            >= 0, or a callable that gets the number of steps taken so far (0 at the first step) and returns the value,
            such as those of `adamas.schedules`. Default: 0.0.
        maximize: Ascend along the gradient instead of descending. True or False. Default: False.
        decoupled_weight_decay: True: multiply the parameter by ``1 - lr*weight_decay`` before the update, as `AdamW`
            does. False: add ``weight_decay*p`` to the gradient, which is an L2 penalty. True or False. Default: False.
        decay: How decoupled weight decay depends on the learning rate. 'scaled': the factor is ``1 - lr*weight_decay``.
            'corrected': it is ``1 - lr*(lr/max_lr)*weight_decay`` (AdamC, arXiv:2506.02285). This is for layers that a
            normalization follows: the ratio of gradient to weight then stays the same while ``lr`` falls; leave other
            layers at 'scaled'. 'independent': it is ``1 - (lr/max_lr)*weight_decay``, so that ``lr`` can be tuned
            alone; the same strength as under 'scaled' needs a ``weight_decay`` of about ``lr`` times the value there.
            'scaled', 'corrected' or 'independent'. Default: 'scaled'.
        max_lr: The largest learning rate of the schedule, which the decays 'corrected' and 'independent' need. None:
            ``lr`` of the group at construction, if that is a number > 0. None or a finite number > 0. Default: None.
        cautious: Update only those elements whose update u has the sign of their gradient, and divide their updates by
            the share of such elements (arXiv:2411.16085): ``p <- p - u * mask/max(mean(mask), 1/1000)``, with the mean
            over the parameter array. A NaN in the gradient still reaches the parameter. This takes one more pass over
            gradients and states. It is not for gradients of single rows (``sparse``). True or False. Default: False.
        **options: The options below, each by its name. All optimizers have them.
        state_dtype: How states are kept: 'float32', 'bfloat16', 'int8' or 'int4', or such a dtype of NumPy, ml_dtypes
            or PyTorch. 'int8' and 'int4' are codes in blocks of 128 elements, with a float32 scale for each block.
            'float64' is for float64 parameters, and their only choice. None: float32, or float64 for float64
            parameters. Fixed at construction. Default: None.
        master_weights: Keep more of bfloat16 and float16 parameters than their 16 bits. True: keep a float32 copy.
            'split32' or 'split24' (bfloat16 only): keep the next 16 or 8 bits, so that the parameter and these bits
            together are a number of 32 or 24 bits. Fixed at construction. Default: False.
        rounding: How bfloat16 and float16 parameters are rounded. 'nearest': to the nearest. 'stochastic' (bfloat16
            only): up or down at random. 'kahan': to the nearest, while 16 bits keep what was cut off and add it to the
            next update. Fixed at construction. Default: 'nearest'.
        seed: Seed of stochastic rounding, a whole number from 0 to 2**64 - 1. Fixed at construction. Default: 0.
        num_threads: The most threads that a step may use, a whole number >= 1. None: the limit of the library
            (`adamas.get_num_threads`). Default: None.
        max_norm: The largest norm of the gradients, > 0. Gradients of a larger norm N are multiplied by
            ``max_norm / (N + 1e-6)`` in the pass that updates. Infinity: take the norm, and clip nothing. None: do not
            take the norm. Default: None.
        max_value: The largest magnitude of an element of a gradient, > 0. Larger elements are clipped to it. None: clip
            no element. Default: None.
        norm_type: Which norm ``max_norm`` bounds. 2: the root of the sum of squares. Infinity: the largest magnitude.
            Default: 2.0.
        clip_each: Clip the gradient of each parameter by its own norm, instead of clipping all gradients by the norm of
            all of them. Default: False.
        on_nonfinite: What to do about a gradient with an infinity or NaN. 'propagate': use it. 'skip': skip the whole
            step. 'raise': raise FloatingPointError, and change nothing. Default: 'propagate'.
        zero_grads: Set gradients to zero once they have been used. Default: False.
        accumulation: Which gradient a step uses after `Optimizer.accumulate`: the 'sum' of the parts, their 'mean', or
            their mean as a 'tree', whose additions have the order of a binary tree. Default: 'sum'.
        observe: Observe every so many-th step, beginning with the first: measure gradients, updates and parameters in
            the pass that updates (`Optimizer.observed`, `adamas.observe`). A whole number >= 1. None: observe a step
            only if its argument says so. Default: None.
        average: Keep an average of each parameter over the steps: `adamas.EMA` or `adamas.SWA`. None: keep none. Fixed
            at construction. Default: None.
        copy_out: bfloat16 or float16 arrays that receive copies of float32 parameters, nested as the parameters are;
            None in place of an array for a parameter without a copy. The copies are rounded to the nearest, at
            construction and in each step. None: no copies. Fixed at construction. Default: None.
        sparse: Parameters of two dimensions whose gradients may be single rows (`adamas.RowGrad`): a mapping of their
            names to a mode. 'lazy': a step does not touch the other rows, and each row counts its own steps. 'exact'
            (float32 under Adam and AdamW): the other rows take the step that a gradient of zeros would give; it is made
            up for when a row is next needed (`Optimizer.catch_up`). Fixed at construction. Default: None.
        state_memory: A function that provides the memory for all states. It is called once with a number of bytes, and
            returns a writeable array of uint8 of that length, for example a `numpy.memmap`. The array begins at a
            multiple of 64 bytes, and is filled with zeros. `adamas.Arena` uses this to put states beside the
            parameters. None: the optimizer allocates the memory. Fixed at construction. Default: None.

    States:
        - ``step``: How many steps the parameter has taken.
        - ``exp_avg``: An array of the parameter's shape, zeros at first.
        - ``exp_inf``: An array of the parameter's shape, zeros at first.

        Bytes for each element of a float32, bfloat16 or float16 parameter: 8 with state_dtype None or 'float32', 4 with
        'bfloat16', 2.06 with 'int8', 1.06 with 'int4'. For a float64 parameter: 16.

    Defaults of other libraries:
        - ``torch.optim.Adamax``: all are the same.
        - ``optax.adamax``: all are the same.
        - ``optax.adamaxw``: weight_decay=0.0001. All others are the same.
        - ``keras.optimizers.Adamax``: lr=0.001, eps=1e-07. All others are the same.

    Raises:
        TypeError: A parameter is not a plain floating-point array, an argument is unknown, or an argument has the wrong
            type.
        ValueError: A parameter cannot be updated in place, arrays overlap, an argument is out of range, or two
            arguments do not go together.
        ImportError: ``state_dtype`` is bfloat16, and the package ml_dtypes is not installed.

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

    The defaults of eps and eps_root are those of optax; in the paper, eps is 1e-8. The equations leave out the weight
    decay, which ``decoupled_weight_decay`` describes.

    Every operation is rounded once, to float64 for float64 parameters and to float32 for all others. Numbers that
    depend only on the hyperparameters and on the step count are computed in float64, and then rounded once. So the
    bits are the same on every processor, for every number of threads, and in `adamas.reference`.

    Args:
        params: The parameters: an array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these,
            or a list of group dicts, each with its parameters under ``"params"`` and with hyperparameters of its own.
            Arrays are float32, float64, float16 or ``ml_dtypes.bfloat16``; they are C-contiguous, aligned and
            writeable, have one dimension or more, and do not overlap. They are updated in place. To replace a
            parameter's values, write ``w[...] = values``: after ``w = values`` the optimizer still updates the old
            array.
        lr: Learning rate. A finite number >= 0, or a callable that gets the number of steps taken so far (0 at the
            first step) and returns the value, such as those of `adamas.schedules`. Default: 0.001.
        betas: Decay rates of m and s. Two numbers in [0, 1), or a callable that gets the number of steps taken so far
            (0 at the first step) and returns the value, such as those of `adamas.schedules`. Default: (0.9, 0.999).
        eps: Added to the denominator of the update, so that it is not divided by zero. A finite number >= 0. Default:
            1e-16.
        weight_decay: Strength of the weight decay. ``decoupled_weight_decay`` says how it is applied. A finite number
            >= 0, or a callable that gets the number of steps taken so far (0 at the first step) and returns the value,
            such as those of `adamas.schedules`. Default: 0.0.
        eps_root: Added to s at every step. A finite number >= 0. Default: 1e-16.
        maximize: Ascend along the gradient instead of descending. True or False. Default: False.
        decoupled_weight_decay: True: multiply the parameter by ``1 - lr*weight_decay`` before the update, as `AdamW`
            does. False: add ``weight_decay*p`` to the gradient, which is an L2 penalty. True or False. Default: True.
        decay: How decoupled weight decay depends on the learning rate. 'scaled': the factor is ``1 - lr*weight_decay``.
            'corrected': it is ``1 - lr*(lr/max_lr)*weight_decay`` (AdamC, arXiv:2506.02285). This is for layers that a
            normalization follows: the ratio of gradient to weight then stays the same while ``lr`` falls; leave other
            layers at 'scaled'. 'independent': it is ``1 - (lr/max_lr)*weight_decay``, so that ``lr`` can be tuned
            alone; the same strength as under 'scaled' needs a ``weight_decay`` of about ``lr`` times the value there.
            'scaled', 'corrected' or 'independent'. Default: 'scaled'.
        max_lr: The largest learning rate of the schedule, which the decays 'corrected' and 'independent' need. None:
            ``lr`` of the group at construction, if that is a number > 0. None or a finite number > 0. Default: None.
        cautious: Update only those elements whose update u has the sign of their gradient, and divide their updates by
            the share of such elements (arXiv:2411.16085): ``p <- p - u * mask/max(mean(mask), 1/1000)``, with the mean
            over the parameter array. A NaN in the gradient still reaches the parameter. This takes one more pass over
            gradients and states. It is not for gradients of single rows (``sparse``). True or False. Default: False.
        **options: The options below, each by its name. All optimizers have them.
        state_dtype: How states are kept: 'float32', 'bfloat16', 'int8' or 'int4', or such a dtype of NumPy, ml_dtypes
            or PyTorch. 'int8' and 'int4' are codes in blocks of 128 elements, with a float32 scale for each block.
            'float64' is for float64 parameters, and their only choice. None: float32, or float64 for float64
            parameters. Fixed at construction. Default: None.
        master_weights: Keep more of bfloat16 and float16 parameters than their 16 bits. True: keep a float32 copy.
            'split32' or 'split24' (bfloat16 only): keep the next 16 or 8 bits, so that the parameter and these bits
            together are a number of 32 or 24 bits. Fixed at construction. Default: False.
        rounding: How bfloat16 and float16 parameters are rounded. 'nearest': to the nearest. 'stochastic' (bfloat16
            only): up or down at random. 'kahan': to the nearest, while 16 bits keep what was cut off and add it to the
            next update. Fixed at construction. Default: 'nearest'.
        seed: Seed of stochastic rounding, a whole number from 0 to 2**64 - 1. Fixed at construction. Default: 0.
        num_threads: The most threads that a step may use, a whole number >= 1. None: the limit of the library
            (`adamas.get_num_threads`). Default: None.
        max_norm: The largest norm of the gradients, > 0. Gradients of a larger norm N are multiplied by
            ``max_norm / (N + 1e-6)`` in the pass that updates. Infinity: take the norm, and clip nothing. None: do not
            take the norm. Default: None.
        max_value: The largest magnitude of an element of a gradient, > 0. Larger elements are clipped to it. None: clip
            no element. Default: None.
        norm_type: Which norm ``max_norm`` bounds. 2: the root of the sum of squares. Infinity: the largest magnitude.
            Default: 2.0.
        clip_each: Clip the gradient of each parameter by its own norm, instead of clipping all gradients by the norm of
            all of them. Default: False.
        on_nonfinite: What to do about a gradient with an infinity or NaN. 'propagate': use it. 'skip': skip the whole
            step. 'raise': raise FloatingPointError, and change nothing. Default: 'propagate'.
        zero_grads: Set gradients to zero once they have been used. Default: False.
        accumulation: Which gradient a step uses after `Optimizer.accumulate`: the 'sum' of the parts, their 'mean', or
            their mean as a 'tree', whose additions have the order of a binary tree. Default: 'sum'.
        observe: Observe every so many-th step, beginning with the first: measure gradients, updates and parameters in
            the pass that updates (`Optimizer.observed`, `adamas.observe`). A whole number >= 1. None: observe a step
            only if its argument says so. Default: None.
        average: Keep an average of each parameter over the steps: `adamas.EMA` or `adamas.SWA`. None: keep none. Fixed
            at construction. Default: None.
        copy_out: bfloat16 or float16 arrays that receive copies of float32 parameters, nested as the parameters are;
            None in place of an array for a parameter without a copy. The copies are rounded to the nearest, at
            construction and in each step. None: no copies. Fixed at construction. Default: None.
        sparse: Parameters of two dimensions whose gradients may be single rows (`adamas.RowGrad`): a mapping of their
            names to a mode. 'lazy': a step does not touch the other rows, and each row counts its own steps. 'exact'
            (float32 under Adam and AdamW): the other rows take the step that a gradient of zeros would give; it is made
            up for when a row is next needed (`Optimizer.catch_up`). Fixed at construction. Default: None.
        state_memory: A function that provides the memory for all states. It is called once with a number of bytes, and
            returns a writeable array of uint8 of that length, for example a `numpy.memmap`. The array begins at a
            multiple of 64 bytes, and is filled with zeros. `adamas.Arena` uses this to put states beside the
            parameters. None: the optimizer allocates the memory. Fixed at construction. Default: None.

    States:
        - ``step``: How many steps the parameter has taken.
        - ``exp_avg``: An array of the parameter's shape, zeros at first.
        - ``exp_avg_var``: An array of the parameter's shape, zeros at first.

        Bytes for each element of a float32, bfloat16 or float16 parameter: 8 with state_dtype None or 'float32', 4 with
        'bfloat16', 2.06 with 'int8', 1.06 with 'int4'. For a float64 parameter: 16.

    Defaults of other libraries:
        - ``optax.adabelief``: all are the same.

    Raises:
        TypeError: A parameter is not a plain floating-point array, an argument is unknown, or an argument has the wrong
            type.
        ValueError: A parameter cannot be updated in place, arrays overlap, an argument is out of range, or two
            arguments do not go together.
        ImportError: ``state_dtype`` is bfloat16, and the package ml_dtypes is not installed.

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

    Every operation is rounded once, to float64 for float64 parameters and to float32 for all others. Numbers that
    depend only on the hyperparameters and on the step count are computed in float64, and then rounded once. So the
    bits are the same on every processor, for every number of threads, and in `adamas.reference`.

    Args:
        params: The parameters: an array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these,
            or a list of group dicts, each with its parameters under ``"params"`` and with hyperparameters of its own.
            Arrays are float32, float64, float16 or ``ml_dtypes.bfloat16``; they are C-contiguous, aligned and
            writeable, have one dimension or more, and do not overlap. They are updated in place. To replace a
            parameter's values, write ``w[...] = values``: after ``w = values`` the optimizer still updates the old
            array.
        lr: Learning rate. A finite number >= 0, or a callable that gets the number of steps taken so far (0 at the
            first step) and returns the value, such as those of `adamas.schedules`. Default: 0.01.
        betas: Decay rates of the two moments. Two numbers in [0, 1), or a callable that gets the number of steps taken
            so far (0 at the first step) and returns the value, such as those of `adamas.schedules`.
            Default: (0.9, 0.999).
        eps: Added to the denominator of the update, so that it is not divided by zero. A finite number >= 0. Default:
            0.001.
        weight_decay: Strength of the weight decay. ``decoupled_weight_decay`` says how it is applied. A finite number
            >= 0, or a callable that gets the number of steps taken so far (0 at the first step) and returns the value,
            such as those of `adamas.schedules`. Default: 0.0.
        initial_accumulator_value: First value of both moments. A finite number >= 0. Fixed at construction. Default:
            1e-06.
        maximize: Ascend along the gradient instead of descending. True or False. Default: False.
        decoupled_weight_decay: True: multiply the parameter by ``1 - lr*weight_decay`` before the update, as `AdamW`
            does. False: add ``weight_decay*p`` to the gradient, which is an L2 penalty. True or False. Default: False.
        decay: How decoupled weight decay depends on the learning rate. 'scaled': the factor is ``1 - lr*weight_decay``.
            'corrected': it is ``1 - lr*(lr/max_lr)*weight_decay`` (AdamC, arXiv:2506.02285). This is for layers that a
            normalization follows: the ratio of gradient to weight then stays the same while ``lr`` falls; leave other
            layers at 'scaled'. 'independent': it is ``1 - (lr/max_lr)*weight_decay``, so that ``lr`` can be tuned
            alone; the same strength as under 'scaled' needs a ``weight_decay`` of about ``lr`` times the value there.
            'scaled', 'corrected' or 'independent'. Default: 'scaled'.
        max_lr: The largest learning rate of the schedule, which the decays 'corrected' and 'independent' need. None:
            ``lr`` of the group at construction, if that is a number > 0. None or a finite number > 0. Default: None.
        cautious: Update only those elements whose update u has the sign of their gradient, and divide their updates by
            the share of such elements (arXiv:2411.16085): ``p <- p - u * mask/max(mean(mask), 1/1000)``, with the mean
            over the parameter array. A NaN in the gradient still reaches the parameter. This takes one more pass over
            gradients and states. It is not for gradients of single rows (``sparse``). True or False. Default: False.
        **options: The options below, each by its name. All optimizers have them.
        state_dtype: How states are kept: 'float32', 'bfloat16', 'int8' or 'int4', or such a dtype of NumPy, ml_dtypes
            or PyTorch. 'int8' and 'int4' are codes in blocks of 128 elements, with a float32 scale for each block.
            'float64' is for float64 parameters, and their only choice. None: float32, or float64 for float64
            parameters. Fixed at construction. Default: None.
        master_weights: Keep more of bfloat16 and float16 parameters than their 16 bits. True: keep a float32 copy.
            'split32' or 'split24' (bfloat16 only): keep the next 16 or 8 bits, so that the parameter and these bits
            together are a number of 32 or 24 bits. Fixed at construction. Default: False.
        rounding: How bfloat16 and float16 parameters are rounded. 'nearest': to the nearest. 'stochastic' (bfloat16
            only): up or down at random. 'kahan': to the nearest, while 16 bits keep what was cut off and add it to the
            next update. Fixed at construction. Default: 'nearest'.
        seed: Seed of stochastic rounding, a whole number from 0 to 2**64 - 1. Fixed at construction. Default: 0.
        num_threads: The most threads that a step may use, a whole number >= 1. None: the limit of the library
            (`adamas.get_num_threads`). Default: None.
        max_norm: The largest norm of the gradients, > 0. Gradients of a larger norm N are multiplied by
            ``max_norm / (N + 1e-6)`` in the pass that updates. Infinity: take the norm, and clip nothing. None: do not
            take the norm. Default: None.
        max_value: The largest magnitude of an element of a gradient, > 0. Larger elements are clipped to it. None: clip
            no element. Default: None.
        norm_type: Which norm ``max_norm`` bounds. 2: the root of the sum of squares. Infinity: the largest magnitude.
            Default: 2.0.
        clip_each: Clip the gradient of each parameter by its own norm, instead of clipping all gradients by the norm of
            all of them. Default: False.
        on_nonfinite: What to do about a gradient with an infinity or NaN. 'propagate': use it. 'skip': skip the whole
            step. 'raise': raise FloatingPointError, and change nothing. Default: 'propagate'.
        zero_grads: Set gradients to zero once they have been used. Default: False.
        accumulation: Which gradient a step uses after `Optimizer.accumulate`: the 'sum' of the parts, their 'mean', or
            their mean as a 'tree', whose additions have the order of a binary tree. Default: 'sum'.
        observe: Observe every so many-th step, beginning with the first: measure gradients, updates and parameters in
            the pass that updates (`Optimizer.observed`, `adamas.observe`). A whole number >= 1. None: observe a step
            only if its argument says so. Default: None.
        average: Keep an average of each parameter over the steps: `adamas.EMA` or `adamas.SWA`. None: keep none. Fixed
            at construction. Default: None.
        copy_out: bfloat16 or float16 arrays that receive copies of float32 parameters, nested as the parameters are;
            None in place of an array for a parameter without a copy. The copies are rounded to the nearest, at
            construction and in each step. None: no copies. Fixed at construction. Default: None.
        sparse: Parameters of two dimensions whose gradients may be single rows (`adamas.RowGrad`): a mapping of their
            names to a mode. 'lazy': a step does not touch the other rows, and each row counts its own steps. 'exact'
            (float32 under Adam and AdamW): the other rows take the step that a gradient of zeros would give; it is made
            up for when a row is next needed (`Optimizer.catch_up`). Fixed at construction. Default: None.
        state_memory: A function that provides the memory for all states. It is called once with a number of bytes, and
            returns a writeable array of uint8 of that length, for example a `numpy.memmap`. The array begins at a
            multiple of 64 bytes, and is filled with zeros. `adamas.Arena` uses this to put states beside the
            parameters. None: the optimizer allocates the memory. Fixed at construction. Default: None.

    States:
        - ``step``: How many steps the parameter has taken.
        - ``exp_avg``: An array of the parameter's shape, filled with ``initial_accumulator_value`` at first.
        - ``exp_avg_sq``: An array of the parameter's shape, filled with ``initial_accumulator_value`` at first.

        Bytes for each element of a float32, bfloat16 or float16 parameter: 8 with state_dtype None or 'float32', 4 with
        'bfloat16', 2.06 with 'int8', 1.06 with 'int4'. For a float64 parameter: 16.

    Defaults of other libraries:
        - ``optax.yogi``: all are the same.

    Raises:
        TypeError: A parameter is not a plain floating-point array, an argument is unknown, or an argument has the wrong
            type.
        ValueError: A parameter cannot be updated in place, arrays overlap, an argument is out of range, or two
            arguments do not go together.
        ImportError: ``state_dtype`` is bfloat16, and the package ml_dtypes is not installed.

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
    r"""Adagrad, as in PyTorch: gradients divided by the root of the sum of all squared gradients.

    For each element, with gradient g, step count t and the state s (``sum``), which starts at
    initial_accumulator_value::

        g <- g + weight_decay * p
        s <- s + g*g
        p <- p - lr/(1 + (t - 1)*lr_decay) * g / (sqrt(s) + eps)

    Every operation is rounded once, to float64 for float64 parameters and to float32 for all others. Numbers that
    depend only on the hyperparameters and on the step count are computed in float64, and then rounded once. So the
    bits are the same on every processor, for every number of threads, and in `adamas.reference`.

    Args:
        params: The parameters: an array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these,
            or a list of group dicts, each with its parameters under ``"params"`` and with hyperparameters of its own.
            Arrays are float32, float64, float16 or ``ml_dtypes.bfloat16``; they are C-contiguous, aligned and
            writeable, have one dimension or more, and do not overlap. They are updated in place. To replace a
            parameter's values, write ``w[...] = values``: after ``w = values`` the optimizer still updates the old
            array.
        lr: Learning rate. A finite number >= 0, or a callable that gets the number of steps taken so far (0 at the
            first step) and returns the value, such as those of `adamas.schedules`. Default: 0.01.
        lr_decay: How fast the learning rate falls. A finite number >= 0. Default: 0.0.
        weight_decay: Strength of the weight decay. ``decoupled_weight_decay`` says how it is applied. A finite number
            >= 0, or a callable that gets the number of steps taken so far (0 at the first step) and returns the value,
            such as those of `adamas.schedules`. Default: 0.0.
        initial_accumulator_value: First value of the sum s. A finite number >= 0. Fixed at construction. Default: 0.0.
        eps: Added to the denominator of the update, so that it is not divided by zero. A finite number >= 0. Default:
            1e-10.
        maximize: Ascend along the gradient instead of descending. True or False. Default: False.
        decoupled_weight_decay: True: multiply the parameter by ``1 - lr*weight_decay`` before the update, as `AdamW`
            does. False: add ``weight_decay*p`` to the gradient, which is an L2 penalty. True or False. Default: False.
        decay: How decoupled weight decay depends on the learning rate. 'scaled': the factor is ``1 - lr*weight_decay``.
            'corrected': it is ``1 - lr*(lr/max_lr)*weight_decay`` (AdamC, arXiv:2506.02285). This is for layers that a
            normalization follows: the ratio of gradient to weight then stays the same while ``lr`` falls; leave other
            layers at 'scaled'. 'independent': it is ``1 - (lr/max_lr)*weight_decay``, so that ``lr`` can be tuned
            alone; the same strength as under 'scaled' needs a ``weight_decay`` of about ``lr`` times the value there.
            'scaled', 'corrected' or 'independent'. Default: 'scaled'.
        max_lr: The largest learning rate of the schedule, which the decays 'corrected' and 'independent' need. None:
            ``lr`` of the group at construction, if that is a number > 0. None or a finite number > 0. Default: None.
        **options: The options below, each by its name. All optimizers have them.
        state_dtype: How states are kept: 'float32', 'bfloat16', 'int8' or 'int4', or such a dtype of NumPy, ml_dtypes
            or PyTorch. 'int8' and 'int4' are codes in blocks of 128 elements, with a float32 scale for each block.
            'float64' is for float64 parameters, and their only choice. None: float32, or float64 for float64
            parameters. Fixed at construction. Default: None.
        master_weights: Keep more of bfloat16 and float16 parameters than their 16 bits. True: keep a float32 copy.
            'split32' or 'split24' (bfloat16 only): keep the next 16 or 8 bits, so that the parameter and these bits
            together are a number of 32 or 24 bits. Fixed at construction. Default: False.
        rounding: How bfloat16 and float16 parameters are rounded. 'nearest': to the nearest. 'stochastic' (bfloat16
            only): up or down at random. 'kahan': to the nearest, while 16 bits keep what was cut off and add it to the
            next update. Fixed at construction. Default: 'nearest'.
        seed: Seed of stochastic rounding, a whole number from 0 to 2**64 - 1. Fixed at construction. Default: 0.
        num_threads: The most threads that a step may use, a whole number >= 1. None: the limit of the library
            (`adamas.get_num_threads`). Default: None.
        max_norm: The largest norm of the gradients, > 0. Gradients of a larger norm N are multiplied by
            ``max_norm / (N + 1e-6)`` in the pass that updates. Infinity: take the norm, and clip nothing. None: do not
            take the norm. Default: None.
        max_value: The largest magnitude of an element of a gradient, > 0. Larger elements are clipped to it. None: clip
            no element. Default: None.
        norm_type: Which norm ``max_norm`` bounds. 2: the root of the sum of squares. Infinity: the largest magnitude.
            Default: 2.0.
        clip_each: Clip the gradient of each parameter by its own norm, instead of clipping all gradients by the norm of
            all of them. Default: False.
        on_nonfinite: What to do about a gradient with an infinity or NaN. 'propagate': use it. 'skip': skip the whole
            step. 'raise': raise FloatingPointError, and change nothing. Default: 'propagate'.
        zero_grads: Set gradients to zero once they have been used. Default: False.
        accumulation: Which gradient a step uses after `Optimizer.accumulate`: the 'sum' of the parts, their 'mean', or
            their mean as a 'tree', whose additions have the order of a binary tree. Default: 'sum'.
        observe: Observe every so many-th step, beginning with the first: measure gradients, updates and parameters in
            the pass that updates (`Optimizer.observed`, `adamas.observe`). A whole number >= 1. None: observe a step
            only if its argument says so. Default: None.
        average: Keep an average of each parameter over the steps: `adamas.EMA` or `adamas.SWA`. None: keep none. Fixed
            at construction. Default: None.
        copy_out: bfloat16 or float16 arrays that receive copies of float32 parameters, nested as the parameters are;
            None in place of an array for a parameter without a copy. The copies are rounded to the nearest, at
            construction and in each step. None: no copies. Fixed at construction. Default: None.
        sparse: Parameters of two dimensions whose gradients may be single rows (`adamas.RowGrad`): a mapping of their
            names to a mode. 'lazy': a step does not touch the other rows, and each row counts its own steps. 'exact'
            (float32 under Adam and AdamW): the other rows take the step that a gradient of zeros would give; it is made
            up for when a row is next needed (`Optimizer.catch_up`). Fixed at construction. Default: None.
        state_memory: A function that provides the memory for all states. It is called once with a number of bytes, and
            returns a writeable array of uint8 of that length, for example a `numpy.memmap`. The array begins at a
            multiple of 64 bytes, and is filled with zeros. `adamas.Arena` uses this to put states beside the
            parameters. None: the optimizer allocates the memory. Fixed at construction. Default: None.

    States:
        - ``step``: How many steps the parameter has taken.
        - ``sum``: An array of the parameter's shape, filled with ``initial_accumulator_value`` at first. It is not
          rounded to ``state_dtype``.

        Bytes for each element of a float32, bfloat16 or float16 parameter: 4 with every state_dtype. For a float64
        parameter: 8.

    Defaults of other libraries:
        - ``torch.optim.Adagrad``: all are the same.
        - ``optax.adagrad``: initial_accumulator_value=0.1, eps=1e-07. All others are the same.
        - ``keras.optimizers.Adagrad``: lr=0.001, initial_accumulator_value=0.1, eps=1e-07. All others are the same.

    Raises:
        TypeError: A parameter is not a plain floating-point array, an argument is unknown, or an argument has the wrong
            type.
        ValueError: A parameter cannot be updated in place, arrays overlap, an argument is out of range, or two
            arguments do not go together.
        ImportError: ``state_dtype`` is bfloat16, and the package ml_dtypes is not installed.

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
    r"""RMSprop, as in PyTorch: gradients divided by the root of an average of their squares.

    For each element, with gradient g and the states v (``square_avg``), a (``grad_avg``, if centered) and b
    (``momentum_buffer``, with momentum), which start at zero::

        g <- g + weight_decay * p
        v <- alpha*v + (1 - alpha)*g*g
        a <- alpha*a + (1 - alpha)*g
        d = sqrt(v) + eps,  or centered: sqrt(max(v - a*a, 0)) + eps
        p <- p - lr*g/d,    or with momentum: b <- momentum*b + g/d;  p <- p - lr*b

    If centered, rounding may make v - a*a negative. PyTorch gets NaN then; here it counts as 0.

    Every operation is rounded once, to float64 for float64 parameters and to float32 for all others. Numbers that
    depend only on the hyperparameters and on the step count are computed in float64, and then rounded once. So the
    bits are the same on every processor, for every number of threads, and in `adamas.reference`.

    Args:
        params: The parameters: an array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these,
            or a list of group dicts, each with its parameters under ``"params"`` and with hyperparameters of its own.
            Arrays are float32, float64, float16 or ``ml_dtypes.bfloat16``; they are C-contiguous, aligned and
            writeable, have one dimension or more, and do not overlap. They are updated in place. To replace a
            parameter's values, write ``w[...] = values``: after ``w = values`` the optimizer still updates the old
            array.
        lr: Learning rate. A finite number >= 0, or a callable that gets the number of steps taken so far (0 at the
            first step) and returns the value, such as those of `adamas.schedules`. Default: 0.01.
        alpha: Decay rate of the averages v and a. A number in [0, 1). Default: 0.99.
        eps: Added to the denominator of the update, so that it is not divided by zero. A finite number >= 0. Default:
            1e-08.
        weight_decay: Strength of the weight decay. ``decoupled_weight_decay`` says how it is applied. A finite number
            >= 0, or a callable that gets the number of steps taken so far (0 at the first step) and returns the value,
            such as those of `adamas.schedules`. Default: 0.0.
        momentum: Momentum factor. 0: no momentum, and no b is kept. A finite number >= 0. Whether it is 0 is fixed at
            construction. Default: 0.0.
        centered: Divide by the spread of the gradient around its average a. True or False. Fixed at construction.
            Default: False.
        maximize: Ascend along the gradient instead of descending. True or False. Default: False.
        decoupled_weight_decay: True: multiply the parameter by ``1 - lr*weight_decay`` before the update, as `AdamW`
            does. False: add ``weight_decay*p`` to the gradient, which is an L2 penalty. True or False. Default: False.
        decay: How decoupled weight decay depends on the learning rate. 'scaled': the factor is ``1 - lr*weight_decay``.
            'corrected': it is ``1 - lr*(lr/max_lr)*weight_decay`` (AdamC, arXiv:2506.02285). This is for layers that a
            normalization follows: the ratio of gradient to weight then stays the same while ``lr`` falls; leave other
            layers at 'scaled'. 'independent': it is ``1 - (lr/max_lr)*weight_decay``, so that ``lr`` can be tuned
            alone; the same strength as under 'scaled' needs a ``weight_decay`` of about ``lr`` times the value there.
            'scaled', 'corrected' or 'independent'. Default: 'scaled'.
        max_lr: The largest learning rate of the schedule, which the decays 'corrected' and 'independent' need. None:
            ``lr`` of the group at construction, if that is a number > 0. None or a finite number > 0. Default: None.
        cautious: Update only those elements whose update u has the sign of their gradient, and divide their updates by
            the share of such elements (arXiv:2411.16085): ``p <- p - u * mask/max(mean(mask), 1/1000)``, with the mean
            over the parameter array. A NaN in the gradient still reaches the parameter. This takes one more pass over
            gradients and states. It is not for gradients of single rows (``sparse``). True or False. Default: False.
        **options: The options below, each by its name. All optimizers have them.
        state_dtype: How states are kept: 'float32', 'bfloat16', 'int8' or 'int4', or such a dtype of NumPy, ml_dtypes
            or PyTorch. 'int8' and 'int4' are codes in blocks of 128 elements, with a float32 scale for each block.
            'float64' is for float64 parameters, and their only choice. None: float32, or float64 for float64
            parameters. Fixed at construction. Default: None.
        master_weights: Keep more of bfloat16 and float16 parameters than their 16 bits. True: keep a float32 copy.
            'split32' or 'split24' (bfloat16 only): keep the next 16 or 8 bits, so that the parameter and these bits
            together are a number of 32 or 24 bits. Fixed at construction. Default: False.
        rounding: How bfloat16 and float16 parameters are rounded. 'nearest': to the nearest. 'stochastic' (bfloat16
            only): up or down at random. 'kahan': to the nearest, while 16 bits keep what was cut off and add it to the
            next update. Fixed at construction. Default: 'nearest'.
        seed: Seed of stochastic rounding, a whole number from 0 to 2**64 - 1. Fixed at construction. Default: 0.
        num_threads: The most threads that a step may use, a whole number >= 1. None: the limit of the library
            (`adamas.get_num_threads`). Default: None.
        max_norm: The largest norm of the gradients, > 0. Gradients of a larger norm N are multiplied by
            ``max_norm / (N + 1e-6)`` in the pass that updates. Infinity: take the norm, and clip nothing. None: do not
            take the norm. Default: None.
        max_value: The largest magnitude of an element of a gradient, > 0. Larger elements are clipped to it. None: clip
            no element. Default: None.
        norm_type: Which norm ``max_norm`` bounds. 2: the root of the sum of squares. Infinity: the largest magnitude.
            Default: 2.0.
        clip_each: Clip the gradient of each parameter by its own norm, instead of clipping all gradients by the norm of
            all of them. Default: False.
        on_nonfinite: What to do about a gradient with an infinity or NaN. 'propagate': use it. 'skip': skip the whole
            step. 'raise': raise FloatingPointError, and change nothing. Default: 'propagate'.
        zero_grads: Set gradients to zero once they have been used. Default: False.
        accumulation: Which gradient a step uses after `Optimizer.accumulate`: the 'sum' of the parts, their 'mean', or
            their mean as a 'tree', whose additions have the order of a binary tree. Default: 'sum'.
        observe: Observe every so many-th step, beginning with the first: measure gradients, updates and parameters in
            the pass that updates (`Optimizer.observed`, `adamas.observe`). A whole number >= 1. None: observe a step
            only if its argument says so. Default: None.
        average: Keep an average of each parameter over the steps: `adamas.EMA` or `adamas.SWA`. None: keep none. Fixed
            at construction. Default: None.
        copy_out: bfloat16 or float16 arrays that receive copies of float32 parameters, nested as the parameters are;
            None in place of an array for a parameter without a copy. The copies are rounded to the nearest, at
            construction and in each step. None: no copies. Fixed at construction. Default: None.
        sparse: Parameters of two dimensions whose gradients may be single rows (`adamas.RowGrad`): a mapping of their
            names to a mode. 'lazy': a step does not touch the other rows, and each row counts its own steps. 'exact'
            (float32 under Adam and AdamW): the other rows take the step that a gradient of zeros would give; it is made
            up for when a row is next needed (`Optimizer.catch_up`). Fixed at construction. Default: None.
        state_memory: A function that provides the memory for all states. It is called once with a number of bytes, and
            returns a writeable array of uint8 of that length, for example a `numpy.memmap`. The array begins at a
            multiple of 64 bytes, and is filled with zeros. `adamas.Arena` uses this to put states beside the
            parameters. None: the optimizer allocates the memory. Fixed at construction. Default: None.

    States:
        - ``step``: How many steps the parameter has taken.
        - ``square_avg``: An array of the parameter's shape, zeros at first.
        - ``grad_avg``: An array of the parameter's shape, zeros at first. It is not rounded to ``state_dtype``. Only
          with ``centered``.
        - ``momentum_buffer``: An array of the parameter's shape, zeros at first. Only with ``momentum``.

        Bytes for each element of a float32, bfloat16 or float16 parameter: 4 with state_dtype None or 'float32', 2 with
        'bfloat16', 1.03 with 'int8', 0.53 with 'int4'. With ``grad_avg`` and ``momentum_buffer``: 12 with state_dtype
        None or 'float32', 10 with 'bfloat16', 9.03 with 'int8', 8.53 with 'int4'. For a float64 parameter: 8.

    Defaults of other libraries:
        - ``torch.optim.RMSprop``: all are the same.
        - ``optax.rmsprop``: alpha=0.9. All others are the same.
        - ``keras.optimizers.RMSprop``: lr=0.001, alpha=0.9, eps=1e-07. All others are the same.

    Raises:
        TypeError: A parameter is not a plain floating-point array, an argument is unknown, or an argument has the wrong
            type.
        ValueError: A parameter cannot be updated in place, arrays overlap, an argument is out of range, or two
            arguments do not go together.
        ImportError: ``state_dtype`` is bfloat16, and the package ml_dtypes is not installed.

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

    Every element moves by lr. So use an lr that is 3 to 10 times smaller than for `AdamW`, and a weight_decay that is
    larger by the same factor. The sign of zero is zero, and the sign of NaN is NaN.

    Every operation is rounded once, to float64 for float64 parameters and to float32 for all others. Numbers that
    depend only on the hyperparameters and on the step count are computed in float64, and then rounded once. So the
    bits are the same on every processor, for every number of threads, and in `adamas.reference`.

    Args:
        params: The parameters: an array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these,
            or a list of group dicts, each with its parameters under ``"params"`` and with hyperparameters of its own.
            Arrays are float32, float64, float16 or ``ml_dtypes.bfloat16``; they are C-contiguous, aligned and
            writeable, have one dimension or more, and do not overlap. They are updated in place. To replace a
            parameter's values, write ``w[...] = values``: after ``w = values`` the optimizer still updates the old
            array.
        lr: Learning rate. A finite number >= 0, or a callable that gets the number of steps taken so far (0 at the
            first step) and returns the value, such as those of `adamas.schedules`. Default: 0.0001.
        betas: Weight of the momentum in the direction u, and decay rate of the momentum m. Two numbers in [0, 1), or a
            callable that gets the number of steps taken so far (0 at the first step) and returns the value, such as
            those of `adamas.schedules`. Default: (0.9, 0.99).
        weight_decay: Strength of the decoupled weight decay: each step multiplies the parameter by
            ``1 - lr*weight_decay`` before the update. ``decay`` chooses another factor. A finite number >= 0, or a
            callable that gets the number of steps taken so far (0 at the first step) and returns the value, such as
            those of `adamas.schedules`. Default: 0.001.
        maximize: Ascend along the gradient instead of descending. True or False. Default: False.
        decay: How decoupled weight decay depends on the learning rate. 'scaled': the factor is ``1 - lr*weight_decay``.
            'corrected': it is ``1 - lr*(lr/max_lr)*weight_decay`` (AdamC, arXiv:2506.02285). This is for layers that a
            normalization follows: the ratio of gradient to weight then stays the same while ``lr`` falls; leave other
            layers at 'scaled'. 'independent': it is ``1 - (lr/max_lr)*weight_decay``, so that ``lr`` can be tuned
            alone; the same strength as under 'scaled' needs a ``weight_decay`` of about ``lr`` times the value there.
            'scaled', 'corrected' or 'independent'. Default: 'scaled'.
        max_lr: The largest learning rate of the schedule, which the decays 'corrected' and 'independent' need. None:
            ``lr`` of the group at construction, if that is a number > 0. None or a finite number > 0. Default: None.
        cautious: Update only those elements whose update u has the sign of their gradient, and divide their updates by
            the share of such elements (arXiv:2411.16085): ``p <- p - u * mask/max(mean(mask), 1/1000)``, with the mean
            over the parameter array. A NaN in the gradient still reaches the parameter. This takes one more pass over
            gradients and states. It is not for gradients of single rows (``sparse``). True or False. Default: False.
        **options: The options below, each by its name. All optimizers have them.
        state_dtype: How states are kept: 'float32', 'bfloat16', 'int8' or 'int4', or such a dtype of NumPy, ml_dtypes
            or PyTorch. 'int8' and 'int4' are codes in blocks of 128 elements, with a float32 scale for each block.
            'float64' is for float64 parameters, and their only choice. None: float32, or float64 for float64
            parameters. Fixed at construction. Default: None.
        master_weights: Keep more of bfloat16 and float16 parameters than their 16 bits. True: keep a float32 copy.
            'split32' or 'split24' (bfloat16 only): keep the next 16 or 8 bits, so that the parameter and these bits
            together are a number of 32 or 24 bits. Fixed at construction. Default: False.
        rounding: How bfloat16 and float16 parameters are rounded. 'nearest': to the nearest. 'stochastic' (bfloat16
            only): up or down at random. 'kahan': to the nearest, while 16 bits keep what was cut off and add it to the
            next update. Fixed at construction. Default: 'nearest'.
        seed: Seed of stochastic rounding, a whole number from 0 to 2**64 - 1. Fixed at construction. Default: 0.
        num_threads: The most threads that a step may use, a whole number >= 1. None: the limit of the library
            (`adamas.get_num_threads`). Default: None.
        max_norm: The largest norm of the gradients, > 0. Gradients of a larger norm N are multiplied by
            ``max_norm / (N + 1e-6)`` in the pass that updates. Infinity: take the norm, and clip nothing. None: do not
            take the norm. Default: None.
        max_value: The largest magnitude of an element of a gradient, > 0. Larger elements are clipped to it. None: clip
            no element. Default: None.
        norm_type: Which norm ``max_norm`` bounds. 2: the root of the sum of squares. Infinity: the largest magnitude.
            Default: 2.0.
        clip_each: Clip the gradient of each parameter by its own norm, instead of clipping all gradients by the norm of
            all of them. Default: False.
        on_nonfinite: What to do about a gradient with an infinity or NaN. 'propagate': use it. 'skip': skip the whole
            step. 'raise': raise FloatingPointError, and change nothing. Default: 'propagate'.
        zero_grads: Set gradients to zero once they have been used. Default: False.
        accumulation: Which gradient a step uses after `Optimizer.accumulate`: the 'sum' of the parts, their 'mean', or
            their mean as a 'tree', whose additions have the order of a binary tree. Default: 'sum'.
        observe: Observe every so many-th step, beginning with the first: measure gradients, updates and parameters in
            the pass that updates (`Optimizer.observed`, `adamas.observe`). A whole number >= 1. None: observe a step
            only if its argument says so. Default: None.
        average: Keep an average of each parameter over the steps: `adamas.EMA` or `adamas.SWA`. None: keep none. Fixed
            at construction. Default: None.
        copy_out: bfloat16 or float16 arrays that receive copies of float32 parameters, nested as the parameters are;
            None in place of an array for a parameter without a copy. The copies are rounded to the nearest, at
            construction and in each step. None: no copies. Fixed at construction. Default: None.
        sparse: Parameters of two dimensions whose gradients may be single rows (`adamas.RowGrad`): a mapping of their
            names to a mode. 'lazy': a step does not touch the other rows, and each row counts its own steps. 'exact'
            (float32 under Adam and AdamW): the other rows take the step that a gradient of zeros would give; it is made
            up for when a row is next needed (`Optimizer.catch_up`). Fixed at construction. Default: None.
        state_memory: A function that provides the memory for all states. It is called once with a number of bytes, and
            returns a writeable array of uint8 of that length, for example a `numpy.memmap`. The array begins at a
            multiple of 64 bytes, and is filled with zeros. `adamas.Arena` uses this to put states beside the
            parameters. None: the optimizer allocates the memory. Fixed at construction. Default: None.

    States:
        - ``step``: How many steps the parameter has taken.
        - ``exp_avg``: An array of the parameter's shape, zeros at first.

        Bytes for each element of a float32, bfloat16 or float16 parameter: 4 with state_dtype None or 'float32', 2 with
        'bfloat16', 1.03 with 'int8', 0.53 with 'int4'. For a float64 parameter: 8.

    Defaults of other libraries:
        - ``optax.lion``: all are the same.
        - ``keras.optimizers.Lion``: lr=0.001, weight_decay=None. All others are the same.

    Raises:
        TypeError: A parameter is not a plain floating-point array, an argument is unknown, or an argument has the wrong
            type.
        ValueError: A parameter cannot be updated in place, arrays overlap, an argument is out of range, or two
            arguments do not go together.
        ImportError: ``state_dtype`` is bfloat16, and the package ml_dtypes is not installed.

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

    where ``|.|`` is the Euclidean norm over the array, and the ratio is 1 if either norm is zero. Norms are summed up
    in float64, in an order that depends on neither instruction set nor threads.

    This is `Adam` with a trust ratio. The ratio scales the weight decay as well, so it is not an option of `Adam`.

    Every operation is rounded once, to float64 for float64 parameters and to float32 for all others. Numbers that
    depend only on the hyperparameters and on the step count are computed in float64, and then rounded once. So the
    bits are the same on every processor, for every number of threads, and in `adamas.reference`.

    Args:
        params: The parameters: an array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these,
            or a list of group dicts, each with its parameters under ``"params"`` and with hyperparameters of its own.
            Arrays are float32, float64, float16 or ``ml_dtypes.bfloat16``; they are C-contiguous, aligned and
            writeable, have one dimension or more, and do not overlap. They are updated in place. To replace a
            parameter's values, write ``w[...] = values``: after ``w = values`` the optimizer still updates the old
            array.
        lr: Learning rate. A finite number >= 0, or a callable that gets the number of steps taken so far (0 at the
            first step) and returns the value, such as those of `adamas.schedules`. Default: 0.001.
        betas: Decay rates of the two moments. Two numbers in [0, 1), or a callable that gets the number of steps taken
            so far (0 at the first step) and returns the value, such as those of `adamas.schedules`.
            Default: (0.9, 0.999).
        eps: Added to the denominator of the update, so that it is not divided by zero. A finite number >= 0. Default:
            1e-06.
        weight_decay: Strength of the weight decay: ``weight_decay*p`` is a part of the direction, as in the equations
            above. A finite number >= 0, or a callable that gets the number of steps taken so far (0 at the first step)
            and returns the value, such as those of `adamas.schedules`. Default: 0.0.
        maximize: Ascend along the gradient instead of descending. True or False. Default: False.
        bias_correction: Divide the moments by ``1 - beta^t``, as in the equations above. False: use them as they are.
            True or False. Default: True.
        **options: The options below, each by its name. All optimizers have them.
        state_dtype: How states are kept: 'float32', 'bfloat16', 'int8' or 'int4', or such a dtype of NumPy, ml_dtypes
            or PyTorch. 'int8' and 'int4' are codes in blocks of 128 elements, with a float32 scale for each block.
            'float64' is for float64 parameters, and their only choice. None: float32, or float64 for float64
            parameters. Fixed at construction. Default: None.
        master_weights: Keep more of bfloat16 and float16 parameters than their 16 bits. True: keep a float32 copy.
            'split32' or 'split24' (bfloat16 only): keep the next 16 or 8 bits, so that the parameter and these bits
            together are a number of 32 or 24 bits. Fixed at construction. Default: False.
        rounding: How bfloat16 and float16 parameters are rounded. 'nearest': to the nearest. 'stochastic' (bfloat16
            only): up or down at random. 'kahan': to the nearest, while 16 bits keep what was cut off and add it to the
            next update. Fixed at construction. Default: 'nearest'.
        seed: Seed of stochastic rounding, a whole number from 0 to 2**64 - 1. Fixed at construction. Default: 0.
        num_threads: The most threads that a step may use, a whole number >= 1. None: the limit of the library
            (`adamas.get_num_threads`). Default: None.
        max_norm: The largest norm of the gradients, > 0. Gradients of a larger norm N are multiplied by
            ``max_norm / (N + 1e-6)`` in the pass that updates. Infinity: take the norm, and clip nothing. None: do not
            take the norm. Default: None.
        max_value: The largest magnitude of an element of a gradient, > 0. Larger elements are clipped to it. None: clip
            no element. Default: None.
        norm_type: Which norm ``max_norm`` bounds. 2: the root of the sum of squares. Infinity: the largest magnitude.
            Default: 2.0.
        clip_each: Clip the gradient of each parameter by its own norm, instead of clipping all gradients by the norm of
            all of them. Default: False.
        on_nonfinite: What to do about a gradient with an infinity or NaN. 'propagate': use it. 'skip': skip the whole
            step. 'raise': raise FloatingPointError, and change nothing. Default: 'propagate'.
        zero_grads: Set gradients to zero once they have been used. Default: False.
        accumulation: Which gradient a step uses after `Optimizer.accumulate`: the 'sum' of the parts, their 'mean', or
            their mean as a 'tree', whose additions have the order of a binary tree. Default: 'sum'.
        observe: Observe every so many-th step, beginning with the first: measure gradients, updates and parameters in
            the pass that updates (`Optimizer.observed`, `adamas.observe`). A whole number >= 1. None: observe a step
            only if its argument says so. Default: None.
        average: Keep an average of each parameter over the steps: `adamas.EMA` or `adamas.SWA`. None: keep none. Fixed
            at construction. Default: None.
        copy_out: bfloat16 or float16 arrays that receive copies of float32 parameters, nested as the parameters are;
            None in place of an array for a parameter without a copy. The copies are rounded to the nearest, at
            construction and in each step. None: no copies. Fixed at construction. Default: None.
        sparse: Parameters of two dimensions whose gradients may be single rows (`adamas.RowGrad`): a mapping of their
            names to a mode. 'lazy': a step does not touch the other rows, and each row counts its own steps. 'exact'
            (float32 under Adam and AdamW): the other rows take the step that a gradient of zeros would give; it is made
            up for when a row is next needed (`Optimizer.catch_up`). Fixed at construction. Default: None.
        state_memory: A function that provides the memory for all states. It is called once with a number of bytes, and
            returns a writeable array of uint8 of that length, for example a `numpy.memmap`. The array begins at a
            multiple of 64 bytes, and is filled with zeros. `adamas.Arena` uses this to put states beside the
            parameters. None: the optimizer allocates the memory. Fixed at construction. Default: None.

    States:
        - ``step``: How many steps the parameter has taken.
        - ``exp_avg``: An array of the parameter's shape, zeros at first.
        - ``exp_avg_sq``: An array of the parameter's shape, zeros at first.

        Bytes for each element of a float32, bfloat16 or float16 parameter: 8 with state_dtype None or 'float32', 4 with
        'bfloat16', 2.06 with 'int8', 1.06 with 'int4'. For a float64 parameter: 16.

    Defaults of other libraries:
        - ``optax.lamb``: all are the same.
        - ``keras.optimizers.Lamb``: eps=1e-07. All others are the same.

    Raises:
        TypeError: A parameter is not a plain floating-point array, an argument is unknown, or an argument has the wrong
            type.
        ValueError: A parameter cannot be updated in place, arrays overlap, an argument is out of range, or two
            arguments do not go together.
        ImportError: ``state_dtype`` is bfloat16, and the package ml_dtypes is not installed.

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

    optax and the authors' code disagree on the weight k of the difference: it is 1 - beta2 in optax and here, and beta2
    in the authors' code and here with mix_by_beta2. Both define the betas as adamas does (the paper writes 1 - beta).

    Every operation is rounded once, to float64 for float64 parameters and to float32 for all others. Numbers that
    depend only on the hyperparameters and on the step count are computed in float64, and then rounded once. So the
    bits are the same on every processor, for every number of threads, and in `adamas.reference`.

    Args:
        params: The parameters: an array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these,
            or a list of group dicts, each with its parameters under ``"params"`` and with hyperparameters of its own.
            Arrays are float32, float64, float16 or ``ml_dtypes.bfloat16``; they are C-contiguous, aligned and
            writeable, have one dimension or more, and do not overlap. They are updated in place. To replace a
            parameter's values, write ``w[...] = values``: after ``w = values`` the optimizer still updates the old
            array.
        lr: Learning rate. A finite number >= 0, or a callable that gets the number of steps taken so far (0 at the
            first step) and returns the value, such as those of `adamas.schedules`. Default: 0.001.
        betas: Decay rates of m, v and n. Three numbers in [0, 1), or a callable that gets the number of steps taken so
            far (0 at the first step) and returns the value, such as those of `adamas.schedules`.
            Default: (0.98, 0.92, 0.99).
        eps: Added to the denominator of the update, so that it is not divided by zero. A finite number >= 0. Default:
            1e-08.
        weight_decay: Strength of the decoupled weight decay: each step multiplies the parameter by
            ``1 - lr*weight_decay`` before the update. ``decay`` chooses another factor. A finite number >= 0, or a
            callable that gets the number of steps taken so far (0 at the first step) and returns the value, such as
            those of `adamas.schedules`. Default: 0.0.
        eps_root: Added under the root. A finite number >= 0. Default: 1e-08.
        mix_by_beta2: Use beta2 as the weight k of the difference, as the authors' code does. False: 1 - beta2. True or
            False. Default: False.
        maximize: Ascend along the gradient instead of descending. True or False. Default: False.
        decay: How decoupled weight decay depends on the learning rate. 'scaled': the factor is ``1 - lr*weight_decay``.
            'corrected': it is ``1 - lr*(lr/max_lr)*weight_decay`` (AdamC, arXiv:2506.02285). This is for layers that a
            normalization follows: the ratio of gradient to weight then stays the same while ``lr`` falls; leave other
            layers at 'scaled'. 'independent': it is ``1 - (lr/max_lr)*weight_decay``, so that ``lr`` can be tuned
            alone; the same strength as under 'scaled' needs a ``weight_decay`` of about ``lr`` times the value there.
            'scaled', 'corrected' or 'independent'. Default: 'scaled'.
        max_lr: The largest learning rate of the schedule, which the decays 'corrected' and 'independent' need. None:
            ``lr`` of the group at construction, if that is a number > 0. None or a finite number > 0. Default: None.
        cautious: Update only those elements whose update u has the sign of their gradient, and divide their updates by
            the share of such elements (arXiv:2411.16085): ``p <- p - u * mask/max(mean(mask), 1/1000)``, with the mean
            over the parameter array. A NaN in the gradient still reaches the parameter. This takes one more pass over
            gradients and states. It is not for gradients of single rows (``sparse``). True or False. Default: False.
        **options: The options below, each by its name. All optimizers have them.
        state_dtype: How states are kept: 'float32', 'bfloat16', 'int8' or 'int4', or such a dtype of NumPy, ml_dtypes
            or PyTorch. 'int8' and 'int4' are codes in blocks of 128 elements, with a float32 scale for each block.
            'float64' is for float64 parameters, and their only choice. None: float32, or float64 for float64
            parameters. Fixed at construction. Default: None.
        master_weights: Keep more of bfloat16 and float16 parameters than their 16 bits. True: keep a float32 copy.
            'split32' or 'split24' (bfloat16 only): keep the next 16 or 8 bits, so that the parameter and these bits
            together are a number of 32 or 24 bits. Fixed at construction. Default: False.
        rounding: How bfloat16 and float16 parameters are rounded. 'nearest': to the nearest. 'stochastic' (bfloat16
            only): up or down at random. 'kahan': to the nearest, while 16 bits keep what was cut off and add it to the
            next update. Fixed at construction. Default: 'nearest'.
        seed: Seed of stochastic rounding, a whole number from 0 to 2**64 - 1. Fixed at construction. Default: 0.
        num_threads: The most threads that a step may use, a whole number >= 1. None: the limit of the library
            (`adamas.get_num_threads`). Default: None.
        max_norm: The largest norm of the gradients, > 0. Gradients of a larger norm N are multiplied by
            ``max_norm / (N + 1e-6)`` in the pass that updates. Infinity: take the norm, and clip nothing. None: do not
            take the norm. Default: None.
        max_value: The largest magnitude of an element of a gradient, > 0. Larger elements are clipped to it. None: clip
            no element. Default: None.
        norm_type: Which norm ``max_norm`` bounds. 2: the root of the sum of squares. Infinity: the largest magnitude.
            Default: 2.0.
        clip_each: Clip the gradient of each parameter by its own norm, instead of clipping all gradients by the norm of
            all of them. Default: False.
        on_nonfinite: What to do about a gradient with an infinity or NaN. 'propagate': use it. 'skip': skip the whole
            step. 'raise': raise FloatingPointError, and change nothing. Default: 'propagate'.
        zero_grads: Set gradients to zero once they have been used. Default: False.
        accumulation: Which gradient a step uses after `Optimizer.accumulate`: the 'sum' of the parts, their 'mean', or
            their mean as a 'tree', whose additions have the order of a binary tree. Default: 'sum'.
        observe: Observe every so many-th step, beginning with the first: measure gradients, updates and parameters in
            the pass that updates (`Optimizer.observed`, `adamas.observe`). A whole number >= 1. None: observe a step
            only if its argument says so. Default: None.
        average: Keep an average of each parameter over the steps: `adamas.EMA` or `adamas.SWA`. None: keep none. Fixed
            at construction. Default: None.
        copy_out: bfloat16 or float16 arrays that receive copies of float32 parameters, nested as the parameters are;
            None in place of an array for a parameter without a copy. The copies are rounded to the nearest, at
            construction and in each step. None: no copies. Fixed at construction. Default: None.
        sparse: Parameters of two dimensions whose gradients may be single rows (`adamas.RowGrad`): a mapping of their
            names to a mode. 'lazy': a step does not touch the other rows, and each row counts its own steps. 'exact'
            (float32 under Adam and AdamW): the other rows take the step that a gradient of zeros would give; it is made
            up for when a row is next needed (`Optimizer.catch_up`). Fixed at construction. Default: None.
        state_memory: A function that provides the memory for all states. It is called once with a number of bytes, and
            returns a writeable array of uint8 of that length, for example a `numpy.memmap`. The array begins at a
            multiple of 64 bytes, and is filled with zeros. `adamas.Arena` uses this to put states beside the
            parameters. None: the optimizer allocates the memory. Fixed at construction. Default: None.

    States:
        - ``step``: How many steps the parameter has taken.
        - ``exp_avg``: An array of the parameter's shape, zeros at first.
        - ``exp_avg_diff``: An array of the parameter's shape, zeros at first.
        - ``exp_avg_sq``: An array of the parameter's shape, zeros at first.
        - ``previous_grad``: An array of the parameter's shape, zeros at first.

        Bytes for each element of a float32, bfloat16 or float16 parameter: 16 with state_dtype None or 'float32', 8
        with 'bfloat16', 4.12 with 'int8', 2.12 with 'int4'. For a float64 parameter: 32.

    Defaults of other libraries:
        - ``optax.adan``: all are the same.

    Raises:
        TypeError: A parameter is not a plain floating-point array, an argument is unknown, or an argument has the wrong
            type.
        ValueError: A parameter cannot be updated in place, arrays overlap, an argument is out of range, or two
            arguments do not go together.
        ImportError: ``state_dtype`` is bfloat16, and the package ml_dtypes is not installed.

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

    The first step only sets v to g*g. It leaves the parameter as it is.

    Every operation is rounded once, to float64 for float64 parameters and to float32 for all others. Numbers that
    depend only on the hyperparameters and on the step count are computed in float64, and then rounded once. So the
    bits are the same on every processor, for every number of threads, and in `adamas.reference`.

    Args:
        params: The parameters: an array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these,
            or a list of group dicts, each with its parameters under ``"params"`` and with hyperparameters of its own.
            Arrays are float32, float64, float16 or ``ml_dtypes.bfloat16``; they are C-contiguous, aligned and
            writeable, have one dimension or more, and do not overlap. They are updated in place. To replace a
            parameter's values, write ``w[...] = values``: after ``w = values`` the optimizer still updates the old
            array.
        lr: Learning rate. A finite number >= 0, or a callable that gets the number of steps taken so far (0 at the
            first step) and returns the value, such as those of `adamas.schedules`. Default: 0.001.
        betas: Decay rates of the two moments. Two numbers in [0, 1), or a callable that gets the number of steps taken
            so far (0 at the first step) and returns the value, such as those of `adamas.schedules`.
            Default: (0.9, 0.9999).
        eps: The least denominator. A finite number >= 0. Default: 1e-06.
        weight_decay: Strength of the weight decay. ``decoupled_weight_decay`` says how it is applied. A finite number
            >= 0, or a callable that gets the number of steps taken so far (0 at the first step) and returns the value,
            such as those of `adamas.schedules`. Default: 0.0.
        clip: Clip u to (t - 1)^(1/4), as in the equations above. True or False. Default: True.
        maximize: Ascend along the gradient instead of descending. True or False. Default: False.
        decoupled_weight_decay: True: multiply the parameter by ``1 - lr*weight_decay`` before the update, as `AdamW`
            does. False: add ``weight_decay*p`` to the gradient, which is an L2 penalty. True or False. Default: False.
        decay: How decoupled weight decay depends on the learning rate. 'scaled': the factor is ``1 - lr*weight_decay``.
            'corrected': it is ``1 - lr*(lr/max_lr)*weight_decay`` (AdamC, arXiv:2506.02285). This is for layers that a
            normalization follows: the ratio of gradient to weight then stays the same while ``lr`` falls; leave other
            layers at 'scaled'. 'independent': it is ``1 - (lr/max_lr)*weight_decay``, so that ``lr`` can be tuned
            alone; the same strength as under 'scaled' needs a ``weight_decay`` of about ``lr`` times the value there.
            'scaled', 'corrected' or 'independent'. Default: 'scaled'.
        max_lr: The largest learning rate of the schedule, which the decays 'corrected' and 'independent' need. None:
            ``lr`` of the group at construction, if that is a number > 0. None or a finite number > 0. Default: None.
        cautious: Update only those elements whose update u has the sign of their gradient, and divide their updates by
            the share of such elements (arXiv:2411.16085): ``p <- p - u * mask/max(mean(mask), 1/1000)``, with the mean
            over the parameter array. A NaN in the gradient still reaches the parameter. This takes one more pass over
            gradients and states. It is not for gradients of single rows (``sparse``). True or False. Default: False.
        **options: The options below, each by its name. All optimizers have them.
        state_dtype: How states are kept: 'float32', 'bfloat16', 'int8' or 'int4', or such a dtype of NumPy, ml_dtypes
            or PyTorch. 'int8' and 'int4' are codes in blocks of 128 elements, with a float32 scale for each block.
            'float64' is for float64 parameters, and their only choice. None: float32, or float64 for float64
            parameters. Fixed at construction. Default: None.
        master_weights: Keep more of bfloat16 and float16 parameters than their 16 bits. True: keep a float32 copy.
            'split32' or 'split24' (bfloat16 only): keep the next 16 or 8 bits, so that the parameter and these bits
            together are a number of 32 or 24 bits. Fixed at construction. Default: False.
        rounding: How bfloat16 and float16 parameters are rounded. 'nearest': to the nearest. 'stochastic' (bfloat16
            only): up or down at random. 'kahan': to the nearest, while 16 bits keep what was cut off and add it to the
            next update. Fixed at construction. Default: 'nearest'.
        seed: Seed of stochastic rounding, a whole number from 0 to 2**64 - 1. Fixed at construction. Default: 0.
        num_threads: The most threads that a step may use, a whole number >= 1. None: the limit of the library
            (`adamas.get_num_threads`). Default: None.
        max_norm: The largest norm of the gradients, > 0. Gradients of a larger norm N are multiplied by
            ``max_norm / (N + 1e-6)`` in the pass that updates. Infinity: take the norm, and clip nothing. None: do not
            take the norm. Default: None.
        max_value: The largest magnitude of an element of a gradient, > 0. Larger elements are clipped to it. None: clip
            no element. Default: None.
        norm_type: Which norm ``max_norm`` bounds. 2: the root of the sum of squares. Infinity: the largest magnitude.
            Default: 2.0.
        clip_each: Clip the gradient of each parameter by its own norm, instead of clipping all gradients by the norm of
            all of them. Default: False.
        on_nonfinite: What to do about a gradient with an infinity or NaN. 'propagate': use it. 'skip': skip the whole
            step. 'raise': raise FloatingPointError, and change nothing. Default: 'propagate'.
        zero_grads: Set gradients to zero once they have been used. Default: False.
        accumulation: Which gradient a step uses after `Optimizer.accumulate`: the 'sum' of the parts, their 'mean', or
            their mean as a 'tree', whose additions have the order of a binary tree. Default: 'sum'.
        observe: Observe every so many-th step, beginning with the first: measure gradients, updates and parameters in
            the pass that updates (`Optimizer.observed`, `adamas.observe`). A whole number >= 1. None: observe a step
            only if its argument says so. Default: None.
        average: Keep an average of each parameter over the steps: `adamas.EMA` or `adamas.SWA`. None: keep none. Fixed
            at construction. Default: None.
        copy_out: bfloat16 or float16 arrays that receive copies of float32 parameters, nested as the parameters are;
            None in place of an array for a parameter without a copy. The copies are rounded to the nearest, at
            construction and in each step. None: no copies. Fixed at construction. Default: None.
        sparse: Parameters of two dimensions whose gradients may be single rows (`adamas.RowGrad`): a mapping of their
            names to a mode. 'lazy': a step does not touch the other rows, and each row counts its own steps. 'exact'
            (float32 under Adam and AdamW): the other rows take the step that a gradient of zeros would give; it is made
            up for when a row is next needed (`Optimizer.catch_up`). Fixed at construction. Default: None.
        state_memory: A function that provides the memory for all states. It is called once with a number of bytes, and
            returns a writeable array of uint8 of that length, for example a `numpy.memmap`. The array begins at a
            multiple of 64 bytes, and is filled with zeros. `adamas.Arena` uses this to put states beside the
            parameters. None: the optimizer allocates the memory. Fixed at construction. Default: None.

    States:
        - ``step``: How many steps the parameter has taken.
        - ``exp_avg``: An array of the parameter's shape, zeros at first.
        - ``exp_avg_sq``: An array of the parameter's shape, zeros at first.

        Bytes for each element of a float32, bfloat16 or float16 parameter: 8 with state_dtype None or 'float32', 4 with
        'bfloat16', 2.06 with 'int8', 1.06 with 'int4'. For a float64 parameter: 16.

    Defaults of other libraries:
        - ``optax.contrib.adopt``: all are the same.

    Raises:
        TypeError: A parameter is not a plain floating-point array, an argument is unknown, or an argument has the wrong
            type.
        ValueError: A parameter cannot be updated in place, arrays overlap, an argument is out of range, or two
            arguments do not go together.
        ImportError: ``state_dtype`` is bfloat16, and the package ml_dtypes is not installed.

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
    linearly from 0, beta3 from beta1 so that its half-life grows linearly.

    Every operation is rounded once, to float64 for float64 parameters and to float32 for all others. Numbers that
    depend only on the hyperparameters and on the step count are computed in float64, and then rounded once. So the
    bits are the same on every processor, for every number of threads, and in `adamas.reference`.

    Args:
        params: The parameters: an array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these,
            or a list of group dicts, each with its parameters under ``"params"`` and with hyperparameters of its own.
            Arrays are float32, float64, float16 or ``ml_dtypes.bfloat16``; they are C-contiguous, aligned and
            writeable, have one dimension or more, and do not overlap. They are updated in place. To replace a
            parameter's values, write ``w[...] = values``: after ``w = values`` the optimizer still updates the old
            array.
        lr: Learning rate. A finite number >= 0, or a callable that gets the number of steps taken so far (0 at the
            first step) and returns the value, such as those of `adamas.schedules`. Default: 0.001.
        betas: Decay rates of m1, v and m2. Three numbers in [0, 1), or a callable that gets the number of steps taken
            so far (0 at the first step) and returns the value, such as those of `adamas.schedules`.
            Default: (0.9, 0.999, 0.9999).
        eps: Added to the denominator of the update, so that it is not divided by zero. A finite number >= 0. Default:
            1e-08.
        weight_decay: Strength of the decoupled weight decay: each step multiplies the parameter by
            ``1 - lr*weight_decay`` before the update. ``decay`` chooses another factor. A finite number >= 0, or a
            callable that gets the number of steps taken so far (0 at the first step) and returns the value, such as
            those of `adamas.schedules`. Default: 0.0.
        alpha: Weight of the slow average. A finite number >= 0. Default: 5.0.
        warmup_steps: Steps over which ``alpha`` and beta3 grow to their values. A whole number >= 0. Default: 0.
        maximize: Ascend along the gradient instead of descending. True or False. Default: False.
        decay: How decoupled weight decay depends on the learning rate. 'scaled': the factor is ``1 - lr*weight_decay``.
            'corrected': it is ``1 - lr*(lr/max_lr)*weight_decay`` (AdamC, arXiv:2506.02285). This is for layers that a
            normalization follows: the ratio of gradient to weight then stays the same while ``lr`` falls; leave other
            layers at 'scaled'. 'independent': it is ``1 - (lr/max_lr)*weight_decay``, so that ``lr`` can be tuned
            alone; the same strength as under 'scaled' needs a ``weight_decay`` of about ``lr`` times the value there.
            'scaled', 'corrected' or 'independent'. Default: 'scaled'.
        max_lr: The largest learning rate of the schedule, which the decays 'corrected' and 'independent' need. None:
            ``lr`` of the group at construction, if that is a number > 0. None or a finite number > 0. Default: None.
        cautious: Update only those elements whose update u has the sign of their gradient, and divide their updates by
            the share of such elements (arXiv:2411.16085): ``p <- p - u * mask/max(mean(mask), 1/1000)``, with the mean
            over the parameter array. A NaN in the gradient still reaches the parameter. This takes one more pass over
            gradients and states. It is not for gradients of single rows (``sparse``). True or False. Default: False.
        **options: The options below, each by its name. All optimizers have them.
        state_dtype: How states are kept: 'float32', 'bfloat16', 'int8' or 'int4', or such a dtype of NumPy, ml_dtypes
            or PyTorch. 'int8' and 'int4' are codes in blocks of 128 elements, with a float32 scale for each block.
            'float64' is for float64 parameters, and their only choice. None: float32, or float64 for float64
            parameters. Fixed at construction. Default: None.
        master_weights: Keep more of bfloat16 and float16 parameters than their 16 bits. True: keep a float32 copy.
            'split32' or 'split24' (bfloat16 only): keep the next 16 or 8 bits, so that the parameter and these bits
            together are a number of 32 or 24 bits. Fixed at construction. Default: False.
        rounding: How bfloat16 and float16 parameters are rounded. 'nearest': to the nearest. 'stochastic' (bfloat16
            only): up or down at random. 'kahan': to the nearest, while 16 bits keep what was cut off and add it to the
            next update. Fixed at construction. Default: 'nearest'.
        seed: Seed of stochastic rounding, a whole number from 0 to 2**64 - 1. Fixed at construction. Default: 0.
        num_threads: The most threads that a step may use, a whole number >= 1. None: the limit of the library
            (`adamas.get_num_threads`). Default: None.
        max_norm: The largest norm of the gradients, > 0. Gradients of a larger norm N are multiplied by
            ``max_norm / (N + 1e-6)`` in the pass that updates. Infinity: take the norm, and clip nothing. None: do not
            take the norm. Default: None.
        max_value: The largest magnitude of an element of a gradient, > 0. Larger elements are clipped to it. None: clip
            no element. Default: None.
        norm_type: Which norm ``max_norm`` bounds. 2: the root of the sum of squares. Infinity: the largest magnitude.
            Default: 2.0.
        clip_each: Clip the gradient of each parameter by its own norm, instead of clipping all gradients by the norm of
            all of them. Default: False.
        on_nonfinite: What to do about a gradient with an infinity or NaN. 'propagate': use it. 'skip': skip the whole
            step. 'raise': raise FloatingPointError, and change nothing. Default: 'propagate'.
        zero_grads: Set gradients to zero once they have been used. Default: False.
        accumulation: Which gradient a step uses after `Optimizer.accumulate`: the 'sum' of the parts, their 'mean', or
            their mean as a 'tree', whose additions have the order of a binary tree. Default: 'sum'.
        observe: Observe every so many-th step, beginning with the first: measure gradients, updates and parameters in
            the pass that updates (`Optimizer.observed`, `adamas.observe`). A whole number >= 1. None: observe a step
            only if its argument says so. Default: None.
        average: Keep an average of each parameter over the steps: `adamas.EMA` or `adamas.SWA`. None: keep none. Fixed
            at construction. Default: None.
        copy_out: bfloat16 or float16 arrays that receive copies of float32 parameters, nested as the parameters are;
            None in place of an array for a parameter without a copy. The copies are rounded to the nearest, at
            construction and in each step. None: no copies. Fixed at construction. Default: None.
        sparse: Parameters of two dimensions whose gradients may be single rows (`adamas.RowGrad`): a mapping of their
            names to a mode. 'lazy': a step does not touch the other rows, and each row counts its own steps. 'exact'
            (float32 under Adam and AdamW): the other rows take the step that a gradient of zeros would give; it is made
            up for when a row is next needed (`Optimizer.catch_up`). Fixed at construction. Default: None.
        state_memory: A function that provides the memory for all states. It is called once with a number of bytes, and
            returns a writeable array of uint8 of that length, for example a `numpy.memmap`. The array begins at a
            multiple of 64 bytes, and is filled with zeros. `adamas.Arena` uses this to put states beside the
            parameters. None: the optimizer allocates the memory. Fixed at construction. Default: None.

    States:
        - ``step``: How many steps the parameter has taken.
        - ``exp_avg``: An array of the parameter's shape, zeros at first.
        - ``exp_avg_slow``: An array of the parameter's shape, zeros at first.
        - ``exp_avg_sq``: An array of the parameter's shape, zeros at first.

        Bytes for each element of a float32, bfloat16 or float16 parameter: 12 with state_dtype None or 'float32', 6
        with 'bfloat16', 3.09 with 'int8', 1.59 with 'int4'. For a float64 parameter: 24.

    Defaults of other libraries:
        - ``optax.contrib.ademamix``: all are the same.

    Raises:
        TypeError: A parameter is not a plain floating-point array, an argument is unknown, or an argument has the wrong
            type.
        ValueError: A parameter cannot be updated in place, arrays overlap, an argument is out of range, or two
            arguments do not go together.
        ImportError: ``state_dtype`` is bfloat16, and the package ml_dtypes is not installed.

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
    parameter before its first step, and v (``exp_avg_sq``), which starts at zero::

        lr_t = lr * min(1, t/warmup_steps);  lr_max <- max(lr_max, lr_t)
        w = t^r * lr_max^weight_lr_power;  weight_sum <- weight_sum + w;  k = w/weight_sum
        v <- beta2*v + (1 - beta2)*g*g
        u = g / (sqrt(v)/sqrt(1 - beta2^t) + eps) + weight_decay*y
        y <- y + k*(z - y) + lr_t*(beta1*(1 - k) - 1)*u
        z <- z - lr_t*u

    That is the form of the authors' code, which keeps no x: ``y = (1 - beta1)*z + beta1*x`` gives it. While training,
    the parameters are y. Call `eval` before the parameters are evaluated or saved for use: then they are x. Call
    `train` to go on: the parameters are y again, exactly as they were. ``weight_sum`` and ``lr_max`` are kept beside
    the step count.

    Every operation is rounded once, to float64 for float64 parameters and to float32 for all others. Numbers that
    depend only on the hyperparameters and on the step count are computed in float64, and then rounded once. So the
    bits are the same on every processor, for every number of threads, and in `adamas.reference`.

    Args:
        params: The parameters: an array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these,
            or a list of group dicts, each with its parameters under ``"params"`` and with hyperparameters of its own.
            Arrays are float32, float64, float16 or ``ml_dtypes.bfloat16``; they are C-contiguous, aligned and
            writeable, have one dimension or more, and do not overlap. They are updated in place. To replace a
            parameter's values, write ``w[...] = values``: after ``w = values`` the optimizer still updates the old
            array.
        lr: Learning rate. A constant is enough. A finite number >= 0, or a callable that gets the number of steps taken
            so far (0 at the first step) and returns the value, such as those of `adamas.schedules`. Default: 0.0025.
        betas: Interpolation between z and x, above 0, and decay rate of v. Two numbers in [0, 1).
            Default: (0.9, 0.999).
        eps: Added to the denominator of the update, so that it is not divided by zero. A finite number >= 0. Default:
            1e-08.
        weight_decay: Strength of the weight decay: ``weight_decay*y`` is a part of the direction u, as in the equations
            above. A finite number >= 0, or a callable that gets the number of steps taken so far (0 at the first step)
            and returns the value, such as those of `adamas.schedules`. Default: 0.0.
        warmup_steps: Steps over which ``lr`` grows linearly from 0. A whole number >= 0. Default: 0.
        r: Power of the step count t in the weight of a step in the average. A finite number >= 0. Default: 0.0.
        weight_lr_power: Power of the learning rate in the weight of a step in the average. A finite number >= 0.
            Default: 2.0.
        maximize: Ascend along the gradient instead of descending. True or False. Default: False.
        **options: The options below, each by its name. All optimizers have them.
        state_dtype: How states are kept: 'float32', 'bfloat16', 'int8' or 'int4', or such a dtype of NumPy, ml_dtypes
            or PyTorch. 'int8' and 'int4' are codes in blocks of 128 elements, with a float32 scale for each block.
            'float64' is for float64 parameters, and their only choice. None: float32, or float64 for float64
            parameters. Fixed at construction. Default: None.
        master_weights: Keep more of bfloat16 and float16 parameters than their 16 bits. True: keep a float32 copy.
            'split32' or 'split24' (bfloat16 only): keep the next 16 or 8 bits, so that the parameter and these bits
            together are a number of 32 or 24 bits. Fixed at construction. Default: False.
        rounding: How bfloat16 and float16 parameters are rounded. 'nearest': to the nearest. 'stochastic' (bfloat16
            only): up or down at random. 'kahan': to the nearest, while 16 bits keep what was cut off and add it to the
            next update. Fixed at construction. Default: 'nearest'.
        seed: Seed of stochastic rounding, a whole number from 0 to 2**64 - 1. Fixed at construction. Default: 0.
        num_threads: The most threads that a step may use, a whole number >= 1. None: the limit of the library
            (`adamas.get_num_threads`). Default: None.
        max_norm: The largest norm of the gradients, > 0. Gradients of a larger norm N are multiplied by
            ``max_norm / (N + 1e-6)`` in the pass that updates. Infinity: take the norm, and clip nothing. None: do not
            take the norm. Default: None.
        max_value: The largest magnitude of an element of a gradient, > 0. Larger elements are clipped to it. None: clip
            no element. Default: None.
        norm_type: Which norm ``max_norm`` bounds. 2: the root of the sum of squares. Infinity: the largest magnitude.
            Default: 2.0.
        clip_each: Clip the gradient of each parameter by its own norm, instead of clipping all gradients by the norm of
            all of them. Default: False.
        on_nonfinite: What to do about a gradient with an infinity or NaN. 'propagate': use it. 'skip': skip the whole
            step. 'raise': raise FloatingPointError, and change nothing. Default: 'propagate'.
        zero_grads: Set gradients to zero once they have been used. Default: False.
        accumulation: Which gradient a step uses after `Optimizer.accumulate`: the 'sum' of the parts, their 'mean', or
            their mean as a 'tree', whose additions have the order of a binary tree. Default: 'sum'.
        observe: Observe every so many-th step, beginning with the first: measure gradients, updates and parameters in
            the pass that updates (`Optimizer.observed`, `adamas.observe`). A whole number >= 1. None: observe a step
            only if its argument says so. Default: None.
        average: Keep an average of each parameter over the steps: `adamas.EMA` or `adamas.SWA`. None: keep none. Fixed
            at construction. Default: None.
        copy_out: bfloat16 or float16 arrays that receive copies of float32 parameters, nested as the parameters are;
            None in place of an array for a parameter without a copy. The copies are rounded to the nearest, at
            construction and in each step. None: no copies. Fixed at construction. Default: None.
        sparse: Parameters of two dimensions whose gradients may be single rows (`adamas.RowGrad`): a mapping of their
            names to a mode. 'lazy': a step does not touch the other rows, and each row counts its own steps. 'exact'
            (float32 under Adam and AdamW): the other rows take the step that a gradient of zeros would give; it is made
            up for when a row is next needed (`Optimizer.catch_up`). Fixed at construction. Default: None.
        state_memory: A function that provides the memory for all states. It is called once with a number of bytes, and
            returns a writeable array of uint8 of that length, for example a `numpy.memmap`. The array begins at a
            multiple of 64 bytes, and is filled with zeros. `adamas.Arena` uses this to put states beside the
            parameters. None: the optimizer allocates the memory. Fixed at construction. Default: None.

    States:
        - ``step``: How many steps the parameter has taken.
        - ``z``: An array of the parameter's shape, a copy of the parameter at its first step. It is not rounded to
          ``state_dtype``.
        - ``exp_avg_sq``: An array of the parameter's shape, zeros at first.
        - ``weight_sum``: A number for each parameter, 0 at first.
        - ``lr_max``: A number for each parameter, 0 at first.

        Bytes for each element of a float32, bfloat16 or float16 parameter: 8 with state_dtype None or 'float32', 6 with
        'bfloat16', 5.03 with 'int8', 4.53 with 'int4'. For a float64 parameter: 16.

    Defaults of other libraries:
        - ``optax.contrib.schedule_free_adamw``: all are the same.
        - ``keras.optimizers.ScheduleFreeAdamW``: all are the same.

    Raises:
        TypeError: A parameter is not a plain floating-point array, an argument is unknown, or an argument has the wrong
            type. ``betas`` is a callable, which this rule cannot take.
        ValueError: A parameter cannot be updated in place, arrays overlap, an argument is out of range, or two
            arguments do not go together. The first of ``betas`` is 0.
        ImportError: ``state_dtype`` is bfloat16, and the package ml_dtypes is not installed.

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
    parameter before its first step::

        lr_t = lr * min(1, t/warmup_steps);  lr_max <- max(lr_max, lr_t)
        w = t^r * lr_max^weight_lr_power;  weight_sum <- weight_sum + w;  k = w/weight_sum
        u = g + weight_decay*y
        y <- y + k*(z - y) + lr_t*(momentum*(1 - k) - 1)*u
        z <- z - lr_t*u

    That is the form of the authors' code, which keeps no x: ``y = (1 - momentum)*z + momentum*x`` gives it. While
    training, the parameters are y. Call `eval` before the parameters are evaluated or saved for use: then they are x.
    Call `train` to go on: the parameters are y again, exactly as they were. ``weight_sum`` and ``lr_max`` are kept
    beside the step count.

    Every operation is rounded once, to float64 for float64 parameters and to float32 for all others. Numbers that
    depend only on the hyperparameters and on the step count are computed in float64, and then rounded once. So the
    bits are the same on every processor, for every number of threads, and in `adamas.reference`.

    Args:
        params: The parameters: an array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these,
            or a list of group dicts, each with its parameters under ``"params"`` and with hyperparameters of its own.
            Arrays are float32, float64, float16 or ``ml_dtypes.bfloat16``; they are C-contiguous, aligned and
            writeable, have one dimension or more, and do not overlap. They are updated in place. To replace a
            parameter's values, write ``w[...] = values``: after ``w = values`` the optimizer still updates the old
            array.
        lr: Learning rate. A constant is enough; it may be 10 to 50 times that of `SGD` with a schedule. A finite number
            >= 0, or a callable that gets the number of steps taken so far (0 at the first step) and returns the value,
            such as those of `adamas.schedules`. Default: 1.0.
        momentum: Interpolation between z and x, above 0. A number in [0, 1). Default: 0.9.
        weight_decay: Strength of the weight decay: ``weight_decay*y`` is a part of the direction u, as in the equations
            above. A finite number >= 0, or a callable that gets the number of steps taken so far (0 at the first step)
            and returns the value, such as those of `adamas.schedules`. Default: 0.0.
        warmup_steps: Steps over which ``lr`` grows linearly from 0. A whole number >= 0. Default: 0.
        r: Power of the step count t in the weight of a step in the average. A finite number >= 0. Default: 0.0.
        weight_lr_power: Power of the learning rate in the weight of a step in the average. A finite number >= 0.
            Default: 2.0.
        maximize: Ascend along the gradient instead of descending. True or False. Default: False.
        **options: The options below, each by its name. All optimizers have them.
        state_dtype: How states are kept: 'float32', 'bfloat16', 'int8' or 'int4', or such a dtype of NumPy, ml_dtypes
            or PyTorch. 'int8' and 'int4' are codes in blocks of 128 elements, with a float32 scale for each block.
            'float64' is for float64 parameters, and their only choice. None: float32, or float64 for float64
            parameters. Fixed at construction. Default: None.
        master_weights: Keep more of bfloat16 and float16 parameters than their 16 bits. True: keep a float32 copy.
            'split32' or 'split24' (bfloat16 only): keep the next 16 or 8 bits, so that the parameter and these bits
            together are a number of 32 or 24 bits. Fixed at construction. Default: False.
        rounding: How bfloat16 and float16 parameters are rounded. 'nearest': to the nearest. 'stochastic' (bfloat16
            only): up or down at random. 'kahan': to the nearest, while 16 bits keep what was cut off and add it to the
            next update. Fixed at construction. Default: 'nearest'.
        seed: Seed of stochastic rounding, a whole number from 0 to 2**64 - 1. Fixed at construction. Default: 0.
        num_threads: The most threads that a step may use, a whole number >= 1. None: the limit of the library
            (`adamas.get_num_threads`). Default: None.
        max_norm: The largest norm of the gradients, > 0. Gradients of a larger norm N are multiplied by
            ``max_norm / (N + 1e-6)`` in the pass that updates. Infinity: take the norm, and clip nothing. None: do not
            take the norm. Default: None.
        max_value: The largest magnitude of an element of a gradient, > 0. Larger elements are clipped to it. None: clip
            no element. Default: None.
        norm_type: Which norm ``max_norm`` bounds. 2: the root of the sum of squares. Infinity: the largest magnitude.
            Default: 2.0.
        clip_each: Clip the gradient of each parameter by its own norm, instead of clipping all gradients by the norm of
            all of them. Default: False.
        on_nonfinite: What to do about a gradient with an infinity or NaN. 'propagate': use it. 'skip': skip the whole
            step. 'raise': raise FloatingPointError, and change nothing. Default: 'propagate'.
        zero_grads: Set gradients to zero once they have been used. Default: False.
        accumulation: Which gradient a step uses after `Optimizer.accumulate`: the 'sum' of the parts, their 'mean', or
            their mean as a 'tree', whose additions have the order of a binary tree. Default: 'sum'.
        observe: Observe every so many-th step, beginning with the first: measure gradients, updates and parameters in
            the pass that updates (`Optimizer.observed`, `adamas.observe`). A whole number >= 1. None: observe a step
            only if its argument says so. Default: None.
        average: Keep an average of each parameter over the steps: `adamas.EMA` or `adamas.SWA`. None: keep none. Fixed
            at construction. Default: None.
        copy_out: bfloat16 or float16 arrays that receive copies of float32 parameters, nested as the parameters are;
            None in place of an array for a parameter without a copy. The copies are rounded to the nearest, at
            construction and in each step. None: no copies. Fixed at construction. Default: None.
        sparse: Parameters of two dimensions whose gradients may be single rows (`adamas.RowGrad`): a mapping of their
            names to a mode. 'lazy': a step does not touch the other rows, and each row counts its own steps. 'exact'
            (float32 under Adam and AdamW): the other rows take the step that a gradient of zeros would give; it is made
            up for when a row is next needed (`Optimizer.catch_up`). Fixed at construction. Default: None.
        state_memory: A function that provides the memory for all states. It is called once with a number of bytes, and
            returns a writeable array of uint8 of that length, for example a `numpy.memmap`. The array begins at a
            multiple of 64 bytes, and is filled with zeros. `adamas.Arena` uses this to put states beside the
            parameters. None: the optimizer allocates the memory. Fixed at construction. Default: None.

    States:
        - ``step``: How many steps the parameter has taken.
        - ``z``: An array of the parameter's shape, a copy of the parameter at its first step. It is not rounded to
          ``state_dtype``.
        - ``weight_sum``: A number for each parameter, 0 at first.
        - ``lr_max``: A number for each parameter, 0 at first.

        Bytes for each element of a float32, bfloat16 or float16 parameter: 4 with every state_dtype. For a float64
        parameter: 8.

    Defaults of other libraries:
        - ``optax.contrib.schedule_free_sgd``: all are the same.

    Raises:
        TypeError: A parameter is not a plain floating-point array, an argument is unknown, or an argument has the wrong
            type.
        ValueError: A parameter cannot be updated in place, arrays overlap, an argument is out of range, or two
            arguments do not go together. ``momentum`` is 0.
        ImportError: ``state_dtype`` is bfloat16, and the package ml_dtypes is not installed.

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

    For each element, with the parameter y, gradient g at y, step count t, and the states z, which starts at the
    parameter before its first step, and v (``exp_avg_sq``), which starts at zero::

        rho_inf = 2/(1 - beta2) - 1;  rho = rho_inf - 2*t*beta2^t/(1 - beta2^t)
        v <- beta2*v + (1 - beta2)*g*g
        if rho > 4:
            lr_t = lr * sqrt((rho - 4)*(rho - 2)*rho_inf / ((rho_inf - 4)*(rho_inf - 2)*rho))
            u = g / (sqrt(v)/sqrt(1 - beta2^t) + eps) + weight_decay*y
        else:
            lr_t = 0, or lr without silent_sgd_phase
            u = g + weight_decay*y
        lr_max <- max(lr_max, lr_t)
        w = t^r * lr_max^weight_lr_power;  weight_sum <- weight_sum + w;  k = w/weight_sum
        y <- y + k*(z - y) + lr_t*(beta1*(1 - k) - 1)*u
        z <- z - lr_t*u

    That is the form of the authors' code, which keeps no x: ``y = (1 - beta1)*z + beta1*x`` gives it. While training,
    the parameters are y. Call `eval` before the parameters are evaluated or saved for use: then they are x. Call
    `train` to go on: the parameters are y again, exactly as they were. ``weight_sum`` and ``lr_max`` are kept beside
    the step count.

    Every operation is rounded once, to float64 for float64 parameters and to float32 for all others. Numbers that
    depend only on the hyperparameters and on the step count are computed in float64, and then rounded once. So the
    bits are the same on every processor, for every number of threads, and in `adamas.reference`.

    Args:
        params: The parameters: an array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these,
            or a list of group dicts, each with its parameters under ``"params"`` and with hyperparameters of its own.
            Arrays are float32, float64, float16 or ``ml_dtypes.bfloat16``; they are C-contiguous, aligned and
            writeable, have one dimension or more, and do not overlap. They are updated in place. To replace a
            parameter's values, write ``w[...] = values``: after ``w = values`` the optimizer still updates the old
            array.
        lr: Learning rate. A constant is enough. A finite number >= 0, or a callable that gets the number of steps taken
            so far (0 at the first step) and returns the value, such as those of `adamas.schedules`. Default: 0.0025.
        betas: Interpolation between z and x, above 0, and decay rate of v. Two numbers in [0, 1).
            Default: (0.9, 0.999).
        eps: Added to the denominator of the update, so that it is not divided by zero. A finite number >= 0. Default:
            1e-08.
        weight_decay: Strength of the weight decay: ``weight_decay*y`` is a part of the direction u, as in the equations
            above. A finite number >= 0, or a callable that gets the number of steps taken so far (0 at the first step)
            and returns the value, such as those of `adamas.schedules`. Default: 0.0.
        r: Power of the step count t in the weight of a step in the average. A finite number >= 0. Default: 0.0.
        weight_lr_power: Power of the learning rate in the weight of a step in the average. A finite number >= 0.
            Default: 2.0.
        silent_sgd_phase: Do not move in the first steps, for which the rectification is not defined. False: take steps
            of SGD there. True or False. Default: True.
        maximize: Ascend along the gradient instead of descending. True or False. Default: False.
        **options: The options below, each by its name. All optimizers have them.
        state_dtype: How states are kept: 'float32', 'bfloat16', 'int8' or 'int4', or such a dtype of NumPy, ml_dtypes
            or PyTorch. 'int8' and 'int4' are codes in blocks of 128 elements, with a float32 scale for each block.
            'float64' is for float64 parameters, and their only choice. None: float32, or float64 for float64
            parameters. Fixed at construction. Default: None.
        master_weights: Keep more of bfloat16 and float16 parameters than their 16 bits. True: keep a float32 copy.
            'split32' or 'split24' (bfloat16 only): keep the next 16 or 8 bits, so that the parameter and these bits
            together are a number of 32 or 24 bits. Fixed at construction. Default: False.
        rounding: How bfloat16 and float16 parameters are rounded. 'nearest': to the nearest. 'stochastic' (bfloat16
            only): up or down at random. 'kahan': to the nearest, while 16 bits keep what was cut off and add it to the
            next update. Fixed at construction. Default: 'nearest'.
        seed: Seed of stochastic rounding, a whole number from 0 to 2**64 - 1. Fixed at construction. Default: 0.
        num_threads: The most threads that a step may use, a whole number >= 1. None: the limit of the library
            (`adamas.get_num_threads`). Default: None.
        max_norm: The largest norm of the gradients, > 0. Gradients of a larger norm N are multiplied by
            ``max_norm / (N + 1e-6)`` in the pass that updates. Infinity: take the norm, and clip nothing. None: do not
            take the norm. Default: None.
        max_value: The largest magnitude of an element of a gradient, > 0. Larger elements are clipped to it. None: clip
            no element. Default: None.
        norm_type: Which norm ``max_norm`` bounds. 2: the root of the sum of squares. Infinity: the largest magnitude.
            Default: 2.0.
        clip_each: Clip the gradient of each parameter by its own norm, instead of clipping all gradients by the norm of
            all of them. Default: False.
        on_nonfinite: What to do about a gradient with an infinity or NaN. 'propagate': use it. 'skip': skip the whole
            step. 'raise': raise FloatingPointError, and change nothing. Default: 'propagate'.
        zero_grads: Set gradients to zero once they have been used. Default: False.
        accumulation: Which gradient a step uses after `Optimizer.accumulate`: the 'sum' of the parts, their 'mean', or
            their mean as a 'tree', whose additions have the order of a binary tree. Default: 'sum'.
        observe: Observe every so many-th step, beginning with the first: measure gradients, updates and parameters in
            the pass that updates (`Optimizer.observed`, `adamas.observe`). A whole number >= 1. None: observe a step
            only if its argument says so. Default: None.
        average: Keep an average of each parameter over the steps: `adamas.EMA` or `adamas.SWA`. None: keep none. Fixed
            at construction. Default: None.
        copy_out: bfloat16 or float16 arrays that receive copies of float32 parameters, nested as the parameters are;
            None in place of an array for a parameter without a copy. The copies are rounded to the nearest, at
            construction and in each step. None: no copies. Fixed at construction. Default: None.
        sparse: Parameters of two dimensions whose gradients may be single rows (`adamas.RowGrad`): a mapping of their
            names to a mode. 'lazy': a step does not touch the other rows, and each row counts its own steps. 'exact'
            (float32 under Adam and AdamW): the other rows take the step that a gradient of zeros would give; it is made
            up for when a row is next needed (`Optimizer.catch_up`). Fixed at construction. Default: None.
        state_memory: A function that provides the memory for all states. It is called once with a number of bytes, and
            returns a writeable array of uint8 of that length, for example a `numpy.memmap`. The array begins at a
            multiple of 64 bytes, and is filled with zeros. `adamas.Arena` uses this to put states beside the
            parameters. None: the optimizer allocates the memory. Fixed at construction. Default: None.

    States:
        - ``step``: How many steps the parameter has taken.
        - ``z``: An array of the parameter's shape, a copy of the parameter at its first step. It is not rounded to
          ``state_dtype``.
        - ``exp_avg_sq``: An array of the parameter's shape, zeros at first.
        - ``weight_sum``: A number for each parameter, 0 at first.
        - ``lr_max``: A number for each parameter, 0 at first.

        Bytes for each element of a float32, bfloat16 or float16 parameter: 8 with state_dtype None or 'float32', 6 with
        'bfloat16', 5.03 with 'int8', 4.53 with 'int4'. For a float64 parameter: 16.

    Raises:
        TypeError: A parameter is not a plain floating-point array, an argument is unknown, or an argument has the wrong
            type. ``betas`` is a callable, which this rule cannot take.
        ValueError: A parameter cannot be updated in place, arrays overlap, an argument is out of range, or two
            arguments do not go together. The first of ``betas`` is 0.
        ImportError: ``state_dtype`` is bfloat16, and the package ml_dtypes is not installed.

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
    r"""Stochastic gradient descent, plain or with momentum, as in PyTorch.

    For each element, with gradient g and, with momentum, the state b (``momentum_buffer``)::

        g <- g + weight_decay * p
        plain:     p <- p - lr*g
        momentum:  b <- momentum*b + (1 - dampening)*g  (g at the first step);  p <- p - lr*b
        Nesterov:  b <- momentum*b + g;                                         p <- p - lr*(g + momentum*b)

    Every operation is rounded once, to float64 for float64 parameters and to float32 for all others. Numbers that
    depend only on the hyperparameters and on the step count are computed in float64, and then rounded once. So the
    bits are the same on every processor, for every number of threads, and in `adamas.reference`.

    Args:
        params: The parameters: an array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these,
            or a list of group dicts, each with its parameters under ``"params"`` and with hyperparameters of its own.
            Arrays are float32, float64, float16 or ``ml_dtypes.bfloat16``; they are C-contiguous, aligned and
            writeable, have one dimension or more, and do not overlap. They are updated in place. To replace a
            parameter's values, write ``w[...] = values``: after ``w = values`` the optimizer still updates the old
            array.
        lr: Learning rate. A finite number >= 0, or a callable that gets the number of steps taken so far (0 at the
            first step) and returns the value, such as those of `adamas.schedules`. Default: 0.001.
        momentum: Momentum factor. 0: no momentum, and no b is kept. A finite number >= 0. Whether it is 0 is fixed at
            construction. Default: 0.0.
        dampening: Subtracted from the weight of the gradient in b. It must be 0 for Nesterov's momentum. A finite
            number. Default: 0.0.
        weight_decay: Strength of the weight decay. ``decoupled_weight_decay`` says how it is applied. A finite number
            >= 0, or a callable that gets the number of steps taken so far (0 at the first step) and returns the value,
            such as those of `adamas.schedules`. Default: 0.0.
        nesterov: Use Nesterov's momentum. It needs a ``momentum`` above 0. True or False. Fixed at construction.
            Default: False.
        maximize: Ascend along the gradient instead of descending. True or False. Default: False.
        decoupled_weight_decay: True: multiply the parameter by ``1 - lr*weight_decay`` before the update, as `AdamW`
            does. False: add ``weight_decay*p`` to the gradient, which is an L2 penalty. True or False. Default: False.
        decay: How decoupled weight decay depends on the learning rate. 'scaled': the factor is ``1 - lr*weight_decay``.
            'corrected': it is ``1 - lr*(lr/max_lr)*weight_decay`` (AdamC, arXiv:2506.02285). This is for layers that a
            normalization follows: the ratio of gradient to weight then stays the same while ``lr`` falls; leave other
            layers at 'scaled'. 'independent': it is ``1 - (lr/max_lr)*weight_decay``, so that ``lr`` can be tuned
            alone; the same strength as under 'scaled' needs a ``weight_decay`` of about ``lr`` times the value there.
            'scaled', 'corrected' or 'independent'. Default: 'scaled'.
        max_lr: The largest learning rate of the schedule, which the decays 'corrected' and 'independent' need. None:
            ``lr`` of the group at construction, if that is a number > 0. None or a finite number > 0. Default: None.
        cautious: Update only those elements whose update u has the sign of their gradient, and divide their updates by
            the share of such elements (arXiv:2411.16085): ``p <- p - u * mask/max(mean(mask), 1/1000)``, with the mean
            over the parameter array. A NaN in the gradient still reaches the parameter. This takes one more pass over
            gradients and states. It is not for gradients of single rows (``sparse``). True or False. Default: False.
        **options: The options below, each by its name. All optimizers have them.
        state_dtype: How states are kept: 'float32', 'bfloat16', 'int8' or 'int4', or such a dtype of NumPy, ml_dtypes
            or PyTorch. 'int8' and 'int4' are codes in blocks of 128 elements, with a float32 scale for each block.
            'float64' is for float64 parameters, and their only choice. None: float32, or float64 for float64
            parameters. Fixed at construction. Default: None.
        master_weights: Keep more of bfloat16 and float16 parameters than their 16 bits. True: keep a float32 copy.
            'split32' or 'split24' (bfloat16 only): keep the next 16 or 8 bits, so that the parameter and these bits
            together are a number of 32 or 24 bits. Fixed at construction. Default: False.
        rounding: How bfloat16 and float16 parameters are rounded. 'nearest': to the nearest. 'stochastic' (bfloat16
            only): up or down at random. 'kahan': to the nearest, while 16 bits keep what was cut off and add it to the
            next update. Fixed at construction. Default: 'nearest'.
        seed: Seed of stochastic rounding, a whole number from 0 to 2**64 - 1. Fixed at construction. Default: 0.
        num_threads: The most threads that a step may use, a whole number >= 1. None: the limit of the library
            (`adamas.get_num_threads`). Default: None.
        max_norm: The largest norm of the gradients, > 0. Gradients of a larger norm N are multiplied by
            ``max_norm / (N + 1e-6)`` in the pass that updates. Infinity: take the norm, and clip nothing. None: do not
            take the norm. Default: None.
        max_value: The largest magnitude of an element of a gradient, > 0. Larger elements are clipped to it. None: clip
            no element. Default: None.
        norm_type: Which norm ``max_norm`` bounds. 2: the root of the sum of squares. Infinity: the largest magnitude.
            Default: 2.0.
        clip_each: Clip the gradient of each parameter by its own norm, instead of clipping all gradients by the norm of
            all of them. Default: False.
        on_nonfinite: What to do about a gradient with an infinity or NaN. 'propagate': use it. 'skip': skip the whole
            step. 'raise': raise FloatingPointError, and change nothing. Default: 'propagate'.
        zero_grads: Set gradients to zero once they have been used. Default: False.
        accumulation: Which gradient a step uses after `Optimizer.accumulate`: the 'sum' of the parts, their 'mean', or
            their mean as a 'tree', whose additions have the order of a binary tree. Default: 'sum'.
        observe: Observe every so many-th step, beginning with the first: measure gradients, updates and parameters in
            the pass that updates (`Optimizer.observed`, `adamas.observe`). A whole number >= 1. None: observe a step
            only if its argument says so. Default: None.
        average: Keep an average of each parameter over the steps: `adamas.EMA` or `adamas.SWA`. None: keep none. Fixed
            at construction. Default: None.
        copy_out: bfloat16 or float16 arrays that receive copies of float32 parameters, nested as the parameters are;
            None in place of an array for a parameter without a copy. The copies are rounded to the nearest, at
            construction and in each step. None: no copies. Fixed at construction. Default: None.
        sparse: Parameters of two dimensions whose gradients may be single rows (`adamas.RowGrad`): a mapping of their
            names to a mode. 'lazy': a step does not touch the other rows, and each row counts its own steps. 'exact'
            (float32 under Adam and AdamW): the other rows take the step that a gradient of zeros would give; it is made
            up for when a row is next needed (`Optimizer.catch_up`). Fixed at construction. Default: None.
        state_memory: A function that provides the memory for all states. It is called once with a number of bytes, and
            returns a writeable array of uint8 of that length, for example a `numpy.memmap`. The array begins at a
            multiple of 64 bytes, and is filled with zeros. `adamas.Arena` uses this to put states beside the
            parameters. None: the optimizer allocates the memory. Fixed at construction. Default: None.

    States:
        - ``step``: How many steps the parameter has taken.
        - ``momentum_buffer``: An array of the parameter's shape, zeros at first. Only with ``momentum``.

        Bytes for each element of a float32, bfloat16 or float16 parameter: 0 with every state_dtype. With
        ``momentum_buffer``: 4 with state_dtype None or 'float32', 2 with 'bfloat16', 1.03 with 'int8', 0.53 with
        'int4'. For a float64 parameter: 0.

    Defaults of other libraries:
        - ``torch.optim.SGD``: all are the same.
        - ``optax.sgd``: all are the same.
        - ``keras.optimizers.SGD``: lr=0.01. All others are the same.

    Raises:
        TypeError: A parameter is not a plain floating-point array, an argument is unknown, or an argument has the wrong
            type.
        ValueError: A parameter cannot be updated in place, arrays overlap, an argument is out of range, or two
            arguments do not go together. ``nesterov`` without ``momentum``, or with ``dampening``.
        ImportError: ``state_dtype`` is bfloat16, and the package ml_dtypes is not installed.

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
    r"""Adadelta, as in PyTorch: steps whose size comes from the sizes of the steps before.

    For each element, with gradient g and the states v (``square_avg``) and a (``acc_delta``), which start at zero::

        g <- g + weight_decay * p
        v <- rho*v + (1 - rho)*g*g
        u = sqrt((a + eps)/(v + eps)) * g
        a <- rho*a + (1 - rho)*u*u
        p <- p - lr*u

    Every operation is rounded once, to float64 for float64 parameters and to float32 for all others. Numbers that
    depend only on the hyperparameters and on the step count are computed in float64, and then rounded once. So the
    bits are the same on every processor, for every number of threads, and in `adamas.reference`.

    Args:
        params: The parameters: an array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these,
            or a list of group dicts, each with its parameters under ``"params"`` and with hyperparameters of its own.
            Arrays are float32, float64, float16 or ``ml_dtypes.bfloat16``; they are C-contiguous, aligned and
            writeable, have one dimension or more, and do not overlap. They are updated in place. To replace a
            parameter's values, write ``w[...] = values``: after ``w = values`` the optimizer still updates the old
            array.
        lr: Learning rate. The paper has none, which is 1. A finite number >= 0, or a callable that gets the number of
            steps taken so far (0 at the first step) and returns the value, such as those of `adamas.schedules`.
            Default: 1.0.
        rho: Decay rate of the averages v and a. A number in [0, 1). Default: 0.9.
        eps: Added to both averages. It decides how large the first steps are. A finite number >= 0. Default: 1e-06.
        weight_decay: Strength of the weight decay. ``decoupled_weight_decay`` says how it is applied. A finite number
            >= 0, or a callable that gets the number of steps taken so far (0 at the first step) and returns the value,
            such as those of `adamas.schedules`. Default: 0.0.
        maximize: Ascend along the gradient instead of descending. True or False. Default: False.
        decoupled_weight_decay: True: multiply the parameter by ``1 - lr*weight_decay`` before the update, as `AdamW`
            does. False: add ``weight_decay*p`` to the gradient, which is an L2 penalty. True or False. Default: False.
        decay: How decoupled weight decay depends on the learning rate. 'scaled': the factor is ``1 - lr*weight_decay``.
            'corrected': it is ``1 - lr*(lr/max_lr)*weight_decay`` (AdamC, arXiv:2506.02285). This is for layers that a
            normalization follows: the ratio of gradient to weight then stays the same while ``lr`` falls; leave other
            layers at 'scaled'. 'independent': it is ``1 - (lr/max_lr)*weight_decay``, so that ``lr`` can be tuned
            alone; the same strength as under 'scaled' needs a ``weight_decay`` of about ``lr`` times the value there.
            'scaled', 'corrected' or 'independent'. Default: 'scaled'.
        max_lr: The largest learning rate of the schedule, which the decays 'corrected' and 'independent' need. None:
            ``lr`` of the group at construction, if that is a number > 0. None or a finite number > 0. Default: None.
        **options: The options below, each by its name. All optimizers have them.
        state_dtype: How states are kept: 'float32', 'bfloat16', 'int8' or 'int4', or such a dtype of NumPy, ml_dtypes
            or PyTorch. 'int8' and 'int4' are codes in blocks of 128 elements, with a float32 scale for each block.
            'float64' is for float64 parameters, and their only choice. None: float32, or float64 for float64
            parameters. Fixed at construction. Default: None.
        master_weights: Keep more of bfloat16 and float16 parameters than their 16 bits. True: keep a float32 copy.
            'split32' or 'split24' (bfloat16 only): keep the next 16 or 8 bits, so that the parameter and these bits
            together are a number of 32 or 24 bits. Fixed at construction. Default: False.
        rounding: How bfloat16 and float16 parameters are rounded. 'nearest': to the nearest. 'stochastic' (bfloat16
            only): up or down at random. 'kahan': to the nearest, while 16 bits keep what was cut off and add it to the
            next update. Fixed at construction. Default: 'nearest'.
        seed: Seed of stochastic rounding, a whole number from 0 to 2**64 - 1. Fixed at construction. Default: 0.
        num_threads: The most threads that a step may use, a whole number >= 1. None: the limit of the library
            (`adamas.get_num_threads`). Default: None.
        max_norm: The largest norm of the gradients, > 0. Gradients of a larger norm N are multiplied by
            ``max_norm / (N + 1e-6)`` in the pass that updates. Infinity: take the norm, and clip nothing. None: do not
            take the norm. Default: None.
        max_value: The largest magnitude of an element of a gradient, > 0. Larger elements are clipped to it. None: clip
            no element. Default: None.
        norm_type: Which norm ``max_norm`` bounds. 2: the root of the sum of squares. Infinity: the largest magnitude.
            Default: 2.0.
        clip_each: Clip the gradient of each parameter by its own norm, instead of clipping all gradients by the norm of
            all of them. Default: False.
        on_nonfinite: What to do about a gradient with an infinity or NaN. 'propagate': use it. 'skip': skip the whole
            step. 'raise': raise FloatingPointError, and change nothing. Default: 'propagate'.
        zero_grads: Set gradients to zero once they have been used. Default: False.
        accumulation: Which gradient a step uses after `Optimizer.accumulate`: the 'sum' of the parts, their 'mean', or
            their mean as a 'tree', whose additions have the order of a binary tree. Default: 'sum'.
        observe: Observe every so many-th step, beginning with the first: measure gradients, updates and parameters in
            the pass that updates (`Optimizer.observed`, `adamas.observe`). A whole number >= 1. None: observe a step
            only if its argument says so. Default: None.
        average: Keep an average of each parameter over the steps: `adamas.EMA` or `adamas.SWA`. None: keep none. Fixed
            at construction. Default: None.
        copy_out: bfloat16 or float16 arrays that receive copies of float32 parameters, nested as the parameters are;
            None in place of an array for a parameter without a copy. The copies are rounded to the nearest, at
            construction and in each step. None: no copies. Fixed at construction. Default: None.
        sparse: Parameters of two dimensions whose gradients may be single rows (`adamas.RowGrad`): a mapping of their
            names to a mode. 'lazy': a step does not touch the other rows, and each row counts its own steps. 'exact'
            (float32 under Adam and AdamW): the other rows take the step that a gradient of zeros would give; it is made
            up for when a row is next needed (`Optimizer.catch_up`). Fixed at construction. Default: None.
        state_memory: A function that provides the memory for all states. It is called once with a number of bytes, and
            returns a writeable array of uint8 of that length, for example a `numpy.memmap`. The array begins at a
            multiple of 64 bytes, and is filled with zeros. `adamas.Arena` uses this to put states beside the
            parameters. None: the optimizer allocates the memory. Fixed at construction. Default: None.

    States:
        - ``step``: How many steps the parameter has taken.
        - ``square_avg``: An array of the parameter's shape, zeros at first.
        - ``acc_delta``: An array of the parameter's shape, zeros at first.

        Bytes for each element of a float32, bfloat16 or float16 parameter: 8 with state_dtype None or 'float32', 4 with
        'bfloat16', 2.06 with 'int8', 1.06 with 'int4'. For a float64 parameter: 16.

    Defaults of other libraries:
        - ``torch.optim.Adadelta``: all are the same.
        - ``optax.adadelta``: all are the same.
        - ``keras.optimizers.Adadelta``: lr=0.001, rho=0.95, eps=1e-07. All others are the same.

    Raises:
        TypeError: A parameter is not a plain floating-point array, an argument is unknown, or an argument has the wrong
            type.
        ValueError: A parameter cannot be updated in place, arrays overlap, an argument is out of range, or two
            arguments do not go together.
        ImportError: ``state_dtype`` is bfloat16, and the package ml_dtypes is not installed.

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
    r"""LaProp, as in the authors' code and in timm: momentum of gradients that are already divided by their size.

    For each element, with gradient g, step count t and the states m (``exp_avg``) and v (``exp_avg_sq``), which start
    at zero, and the number l (``lr_average``), which is kept beside the step count::

        p <- p * (1 - lr*weight_decay)
        l <- beta1*l + (1 - beta1)*lr
        v <- beta2*v + (1 - beta2)*g*g
        m <- beta1*m + (1 - beta1)*lr * g / (sqrt(v)/sqrt(1 - beta2^t) + eps)
        p <- p - lr/l * m

    With a constant lr, lr/l is 1/(1 - beta1^t). As long as lr has been 0 in all steps, nothing moves. timm lets the
    parameter decay after the update, adamas before it.

    Every operation is rounded once, to float64 for float64 parameters and to float32 for all others. Numbers that
    depend only on the hyperparameters and on the step count are computed in float64, and then rounded once. So the
    bits are the same on every processor, for every number of threads, and in `adamas.reference`.

    Args:
        params: The parameters: an array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these,
            or a list of group dicts, each with its parameters under ``"params"`` and with hyperparameters of its own.
            Arrays are float32, float64, float16 or ``ml_dtypes.bfloat16``; they are C-contiguous, aligned and
            writeable, have one dimension or more, and do not overlap. They are updated in place. To replace a
            parameter's values, write ``w[...] = values``: after ``w = values`` the optimizer still updates the old
            array.
        lr: Learning rate. A finite number >= 0, or a callable that gets the number of steps taken so far (0 at the
            first step) and returns the value, such as those of `adamas.schedules`. Default: 0.0004.
        betas: Decay rates of the two moments. Two numbers in [0, 1), or a callable that gets the number of steps taken
            so far (0 at the first step) and returns the value, such as those of `adamas.schedules`.
            Default: (0.9, 0.999).
        eps: Added to the denominator of the update, so that it is not divided by zero. A finite number >= 0. Default:
            1e-15.
        weight_decay: Strength of the weight decay. ``decoupled_weight_decay`` says how it is applied. A finite number
            >= 0, or a callable that gets the number of steps taken so far (0 at the first step) and returns the value,
            such as those of `adamas.schedules`. Default: 0.0.
        maximize: Ascend along the gradient instead of descending. True or False. Default: False.
        decoupled_weight_decay: True: multiply the parameter by ``1 - lr*weight_decay`` before the update, as `AdamW`
            does. False: add ``weight_decay*p`` to the gradient, which is an L2 penalty. True or False. Default: True.
        decay: How decoupled weight decay depends on the learning rate. 'scaled': the factor is ``1 - lr*weight_decay``.
            'corrected': it is ``1 - lr*(lr/max_lr)*weight_decay`` (AdamC, arXiv:2506.02285). This is for layers that a
            normalization follows: the ratio of gradient to weight then stays the same while ``lr`` falls; leave other
            layers at 'scaled'. 'independent': it is ``1 - (lr/max_lr)*weight_decay``, so that ``lr`` can be tuned
            alone; the same strength as under 'scaled' needs a ``weight_decay`` of about ``lr`` times the value there.
            'scaled', 'corrected' or 'independent'. Default: 'scaled'.
        max_lr: The largest learning rate of the schedule, which the decays 'corrected' and 'independent' need. None:
            ``lr`` of the group at construction, if that is a number > 0. None or a finite number > 0. Default: None.
        cautious: Update only those elements whose update u has the sign of their gradient, and divide their updates by
            the share of such elements (arXiv:2411.16085): ``p <- p - u * mask/max(mean(mask), 1/1000)``, with the mean
            over the parameter array. A NaN in the gradient still reaches the parameter. This takes one more pass over
            gradients and states. It is not for gradients of single rows (``sparse``). True or False. Default: False.
        **options: The options below, each by its name. All optimizers have them.
        state_dtype: How states are kept: 'float32', 'bfloat16', 'int8' or 'int4', or such a dtype of NumPy, ml_dtypes
            or PyTorch. 'int8' and 'int4' are codes in blocks of 128 elements, with a float32 scale for each block.
            'float64' is for float64 parameters, and their only choice. None: float32, or float64 for float64
            parameters. Fixed at construction. Default: None.
        master_weights: Keep more of bfloat16 and float16 parameters than their 16 bits. True: keep a float32 copy.
            'split32' or 'split24' (bfloat16 only): keep the next 16 or 8 bits, so that the parameter and these bits
            together are a number of 32 or 24 bits. Fixed at construction. Default: False.
        rounding: How bfloat16 and float16 parameters are rounded. 'nearest': to the nearest. 'stochastic' (bfloat16
            only): up or down at random. 'kahan': to the nearest, while 16 bits keep what was cut off and add it to the
            next update. Fixed at construction. Default: 'nearest'.
        seed: Seed of stochastic rounding, a whole number from 0 to 2**64 - 1. Fixed at construction. Default: 0.
        num_threads: The most threads that a step may use, a whole number >= 1. None: the limit of the library
            (`adamas.get_num_threads`). Default: None.
        max_norm: The largest norm of the gradients, > 0. Gradients of a larger norm N are multiplied by
            ``max_norm / (N + 1e-6)`` in the pass that updates. Infinity: take the norm, and clip nothing. None: do not
            take the norm. Default: None.
        max_value: The largest magnitude of an element of a gradient, > 0. Larger elements are clipped to it. None: clip
            no element. Default: None.
        norm_type: Which norm ``max_norm`` bounds. 2: the root of the sum of squares. Infinity: the largest magnitude.
            Default: 2.0.
        clip_each: Clip the gradient of each parameter by its own norm, instead of clipping all gradients by the norm of
            all of them. Default: False.
        on_nonfinite: What to do about a gradient with an infinity or NaN. 'propagate': use it. 'skip': skip the whole
            step. 'raise': raise FloatingPointError, and change nothing. Default: 'propagate'.
        zero_grads: Set gradients to zero once they have been used. Default: False.
        accumulation: Which gradient a step uses after `Optimizer.accumulate`: the 'sum' of the parts, their 'mean', or
            their mean as a 'tree', whose additions have the order of a binary tree. Default: 'sum'.
        observe: Observe every so many-th step, beginning with the first: measure gradients, updates and parameters in
            the pass that updates (`Optimizer.observed`, `adamas.observe`). A whole number >= 1. None: observe a step
            only if its argument says so. Default: None.
        average: Keep an average of each parameter over the steps: `adamas.EMA` or `adamas.SWA`. None: keep none. Fixed
            at construction. Default: None.
        copy_out: bfloat16 or float16 arrays that receive copies of float32 parameters, nested as the parameters are;
            None in place of an array for a parameter without a copy. The copies are rounded to the nearest, at
            construction and in each step. None: no copies. Fixed at construction. Default: None.
        sparse: Parameters of two dimensions whose gradients may be single rows (`adamas.RowGrad`): a mapping of their
            names to a mode. 'lazy': a step does not touch the other rows, and each row counts its own steps. 'exact'
            (float32 under Adam and AdamW): the other rows take the step that a gradient of zeros would give; it is made
            up for when a row is next needed (`Optimizer.catch_up`). Fixed at construction. Default: None.
        state_memory: A function that provides the memory for all states. It is called once with a number of bytes, and
            returns a writeable array of uint8 of that length, for example a `numpy.memmap`. The array begins at a
            multiple of 64 bytes, and is filled with zeros. `adamas.Arena` uses this to put states beside the
            parameters. None: the optimizer allocates the memory. Fixed at construction. Default: None.

    States:
        - ``step``: How many steps the parameter has taken.
        - ``exp_avg``: An array of the parameter's shape, zeros at first.
        - ``exp_avg_sq``: An array of the parameter's shape, zeros at first.
        - ``lr_average``: A number for each parameter, 0 at first.

        Bytes for each element of a float32, bfloat16 or float16 parameter: 8 with state_dtype None or 'float32', 4 with
        'bfloat16', 2.06 with 'int8', 1.06 with 'int4'. For a float64 parameter: 16.

    Raises:
        TypeError: A parameter is not a plain floating-point array, an argument is unknown, or an argument has the wrong
            type.
        ValueError: A parameter cannot be updated in place, arrays overlap, an argument is out of range, or two
            arguments do not go together.
        ImportError: ``state_dtype`` is bfloat16, and the package ml_dtypes is not installed.

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
    ``+ - * /`` alone, so that it is the same on every machine: to 3 ulp, in float32 and in float64.

    Every operation is rounded once, to float64 for float64 parameters and to float32 for all others. Numbers that
    depend only on the hyperparameters and on the step count are computed in float64, and then rounded once. So the
    bits are the same on every processor, for every number of threads, and in `adamas.reference`.

    Args:
        params: The parameters: an array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these,
            or a list of group dicts, each with its parameters under ``"params"`` and with hyperparameters of its own.
            Arrays are float32, float64, float16 or ``ml_dtypes.bfloat16``; they are C-contiguous, aligned and
            writeable, have one dimension or more, and do not overlap. They are updated in place. To replace a
            parameter's values, write ``w[...] = values``: after ``w = values`` the optimizer still updates the old
            array.
        lr: Learning rate. A finite number >= 0, or a callable that gets the number of steps taken so far (0 at the
            first step) and returns the value, such as those of `adamas.schedules`. Default: 0.001.
        betas: Decay rates of the two moments. Two numbers in [0, 1), or a callable that gets the number of steps taken
            so far (0 at the first step) and returns the value, such as those of `adamas.schedules`.
            Default: (0.9, 0.999).
        a: Scale of the angle. With 4/pi, about 1.27, a step is ``lr`` where m and sqrt(v) are equal. A finite number >=
            0. Default: 1.27.
        b: Scale of the root of the second moment. The larger it is, the closer the rule is to `Adam` with a learning
            rate of lr*a/b. A finite number >= 0. Default: 1.0.
        weight_decay: Strength of the weight decay. ``decoupled_weight_decay`` says how it is applied. A finite number
            >= 0, or a callable that gets the number of steps taken so far (0 at the first step) and returns the value,
            such as those of `adamas.schedules`. Default: 0.0.
        maximize: Ascend along the gradient instead of descending. True or False. Default: False.
        decoupled_weight_decay: True: multiply the parameter by ``1 - lr*weight_decay`` before the update, as `AdamW`
            does. False: add ``weight_decay*p`` to the gradient, which is an L2 penalty. True or False. Default: True.
        decay: How decoupled weight decay depends on the learning rate. 'scaled': the factor is ``1 - lr*weight_decay``.
            'corrected': it is ``1 - lr*(lr/max_lr)*weight_decay`` (AdamC, arXiv:2506.02285). This is for layers that a
            normalization follows: the ratio of gradient to weight then stays the same while ``lr`` falls; leave other
            layers at 'scaled'. 'independent': it is ``1 - (lr/max_lr)*weight_decay``, so that ``lr`` can be tuned
            alone; the same strength as under 'scaled' needs a ``weight_decay`` of about ``lr`` times the value there.
            'scaled', 'corrected' or 'independent'. Default: 'scaled'.
        max_lr: The largest learning rate of the schedule, which the decays 'corrected' and 'independent' need. None:
            ``lr`` of the group at construction, if that is a number > 0. None or a finite number > 0. Default: None.
        cautious: Update only those elements whose update u has the sign of their gradient, and divide their updates by
            the share of such elements (arXiv:2411.16085): ``p <- p - u * mask/max(mean(mask), 1/1000)``, with the mean
            over the parameter array. A NaN in the gradient still reaches the parameter. This takes one more pass over
            gradients and states. It is not for gradients of single rows (``sparse``). True or False. Default: False.
        **options: The options below, each by its name. All optimizers have them.
        state_dtype: How states are kept: 'float32', 'bfloat16', 'int8' or 'int4', or such a dtype of NumPy, ml_dtypes
            or PyTorch. 'int8' and 'int4' are codes in blocks of 128 elements, with a float32 scale for each block.
            'float64' is for float64 parameters, and their only choice. None: float32, or float64 for float64
            parameters. Fixed at construction. Default: None.
        master_weights: Keep more of bfloat16 and float16 parameters than their 16 bits. True: keep a float32 copy.
            'split32' or 'split24' (bfloat16 only): keep the next 16 or 8 bits, so that the parameter and these bits
            together are a number of 32 or 24 bits. Fixed at construction. Default: False.
        rounding: How bfloat16 and float16 parameters are rounded. 'nearest': to the nearest. 'stochastic' (bfloat16
            only): up or down at random. 'kahan': to the nearest, while 16 bits keep what was cut off and add it to the
            next update. Fixed at construction. Default: 'nearest'.
        seed: Seed of stochastic rounding, a whole number from 0 to 2**64 - 1. Fixed at construction. Default: 0.
        num_threads: The most threads that a step may use, a whole number >= 1. None: the limit of the library
            (`adamas.get_num_threads`). Default: None.
        max_norm: The largest norm of the gradients, > 0. Gradients of a larger norm N are multiplied by
            ``max_norm / (N + 1e-6)`` in the pass that updates. Infinity: take the norm, and clip nothing. None: do not
            take the norm. Default: None.
        max_value: The largest magnitude of an element of a gradient, > 0. Larger elements are clipped to it. None: clip
            no element. Default: None.
        norm_type: Which norm ``max_norm`` bounds. 2: the root of the sum of squares. Infinity: the largest magnitude.
            Default: 2.0.
        clip_each: Clip the gradient of each parameter by its own norm, instead of clipping all gradients by the norm of
            all of them. Default: False.
        on_nonfinite: What to do about a gradient with an infinity or NaN. 'propagate': use it. 'skip': skip the whole
            step. 'raise': raise FloatingPointError, and change nothing. Default: 'propagate'.
        zero_grads: Set gradients to zero once they have been used. Default: False.
        accumulation: Which gradient a step uses after `Optimizer.accumulate`: the 'sum' of the parts, their 'mean', or
            their mean as a 'tree', whose additions have the order of a binary tree. Default: 'sum'.
        observe: Observe every so many-th step, beginning with the first: measure gradients, updates and parameters in
            the pass that updates (`Optimizer.observed`, `adamas.observe`). A whole number >= 1. None: observe a step
            only if its argument says so. Default: None.
        average: Keep an average of each parameter over the steps: `adamas.EMA` or `adamas.SWA`. None: keep none. Fixed
            at construction. Default: None.
        copy_out: bfloat16 or float16 arrays that receive copies of float32 parameters, nested as the parameters are;
            None in place of an array for a parameter without a copy. The copies are rounded to the nearest, at
            construction and in each step. None: no copies. Fixed at construction. Default: None.
        sparse: Parameters of two dimensions whose gradients may be single rows (`adamas.RowGrad`): a mapping of their
            names to a mode. 'lazy': a step does not touch the other rows, and each row counts its own steps. 'exact'
            (float32 under Adam and AdamW): the other rows take the step that a gradient of zeros would give; it is made
            up for when a row is next needed (`Optimizer.catch_up`). Fixed at construction. Default: None.
        state_memory: A function that provides the memory for all states. It is called once with a number of bytes, and
            returns a writeable array of uint8 of that length, for example a `numpy.memmap`. The array begins at a
            multiple of 64 bytes, and is filled with zeros. `adamas.Arena` uses this to put states beside the
            parameters. None: the optimizer allocates the memory. Fixed at construction. Default: None.

    States:
        - ``step``: How many steps the parameter has taken.
        - ``exp_avg``: An array of the parameter's shape, zeros at first.
        - ``exp_avg_sq``: An array of the parameter's shape, zeros at first.

        Bytes for each element of a float32, bfloat16 or float16 parameter: 8 with state_dtype None or 'float32', 4 with
        'bfloat16', 2.06 with 'int8', 1.06 with 'int4'. For a float64 parameter: 16.

    Raises:
        TypeError: A parameter is not a plain floating-point array, an argument is unknown, or an argument has the wrong
            type.
        ValueError: A parameter cannot be updated in place, arrays overlap, an argument is out of range, or two
            arguments do not go together.
        ImportError: ``state_dtype`` is bfloat16, and the package ml_dtypes is not installed.

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
    r"""AdamW with Adafactor's clipping of the update, as in optimi, in place of clipping of gradients.

    For each parameter array, with gradient g, step count t and the states m (``exp_avg``) and v (``exp_avg_sq``), which
    start at zero::

        k1 = beta1*(1 - beta1^(t-1))/(1 - beta1^t),  k2 = beta2*(1 - beta2^(t-1))/(1 - beta2^t)
        m <- k1*m + (1 - k1)*g
        v <- k2*v + (1 - k2)*g*g
        r = sqrt(mean of g*g/max(v, eps^2)),  lr_t = lr/max(1, r)
        p <- p * (1 - lr_t*weight_decay)
        p <- p - lr_t * m/(sqrt(v) + eps)

    The mean is over the array. m and v need no correction: the rates k1 and k2 make averages of them from the first
    step on. Sums are taken in float64, in an order that depends on neither instruction set nor threads.

    This is Adam whose update is clipped by its root mean square. It is not an option of `Adam`, since the clipping
    scales the weight decay as well, and the averages have their own rates.

    Every operation is rounded once, to float64 for float64 parameters and to float32 for all others. Numbers that
    depend only on the hyperparameters and on the step count are computed in float64, and then rounded once. So the
    bits are the same on every processor, for every number of threads, and in `adamas.reference`.

    Args:
        params: The parameters: an array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these,
            or a list of group dicts, each with its parameters under ``"params"`` and with hyperparameters of its own.
            Arrays are float32, float64, float16 or ``ml_dtypes.bfloat16``; they are C-contiguous, aligned and
            writeable, have one dimension or more, and do not overlap. They are updated in place. To replace a
            parameter's values, write ``w[...] = values``: after ``w = values`` the optimizer still updates the old
            array.
        lr: Learning rate. A finite number >= 0, or a callable that gets the number of steps taken so far (0 at the
            first step) and returns the value, such as those of `adamas.schedules`. Default: 0.001.
        betas: Decay rates of the two moments. Two numbers in [0, 1), or a callable that gets the number of steps taken
            so far (0 at the first step) and returns the value, such as those of `adamas.schedules`.
            Default: (0.9, 0.99).
        eps: Added to the denominator of the update, so that it is not divided by zero. A finite number >= 0. Default:
            1e-06.
        weight_decay: Strength of the decoupled weight decay: each step multiplies the parameter by
            ``1 - lr_t*weight_decay``, where lr_t is the clipped learning rate. A finite number >= 0, or a callable that
            gets the number of steps taken so far (0 at the first step) and returns the value, such as those of
            `adamas.schedules`. Default: 0.01.
        maximize: Ascend along the gradient instead of descending. True or False. Default: False.
        **options: The options below, each by its name. All optimizers have them.
        state_dtype: How states are kept: 'float32', 'bfloat16', 'int8' or 'int4', or such a dtype of NumPy, ml_dtypes
            or PyTorch. 'int8' and 'int4' are codes in blocks of 128 elements, with a float32 scale for each block.
            'float64' is for float64 parameters, and their only choice. None: float32, or float64 for float64
            parameters. Fixed at construction. Default: None.
        master_weights: Keep more of bfloat16 and float16 parameters than their 16 bits. True: keep a float32 copy.
            'split32' or 'split24' (bfloat16 only): keep the next 16 or 8 bits, so that the parameter and these bits
            together are a number of 32 or 24 bits. Fixed at construction. Default: False.
        rounding: How bfloat16 and float16 parameters are rounded. 'nearest': to the nearest. 'stochastic' (bfloat16
            only): up or down at random. 'kahan': to the nearest, while 16 bits keep what was cut off and add it to the
            next update. Fixed at construction. Default: 'nearest'.
        seed: Seed of stochastic rounding, a whole number from 0 to 2**64 - 1. Fixed at construction. Default: 0.
        num_threads: The most threads that a step may use, a whole number >= 1. None: the limit of the library
            (`adamas.get_num_threads`). Default: None.
        max_norm: The largest norm of the gradients, > 0. Gradients of a larger norm N are multiplied by
            ``max_norm / (N + 1e-6)`` in the pass that updates. Infinity: take the norm, and clip nothing. None: do not
            take the norm. Default: None.
        max_value: The largest magnitude of an element of a gradient, > 0. Larger elements are clipped to it. None: clip
            no element. Default: None.
        norm_type: Which norm ``max_norm`` bounds. 2: the root of the sum of squares. Infinity: the largest magnitude.
            Default: 2.0.
        clip_each: Clip the gradient of each parameter by its own norm, instead of clipping all gradients by the norm of
            all of them. Default: False.
        on_nonfinite: What to do about a gradient with an infinity or NaN. 'propagate': use it. 'skip': skip the whole
            step. 'raise': raise FloatingPointError, and change nothing. Default: 'propagate'.
        zero_grads: Set gradients to zero once they have been used. Default: False.
        accumulation: Which gradient a step uses after `Optimizer.accumulate`: the 'sum' of the parts, their 'mean', or
            their mean as a 'tree', whose additions have the order of a binary tree. Default: 'sum'.
        observe: Observe every so many-th step, beginning with the first: measure gradients, updates and parameters in
            the pass that updates (`Optimizer.observed`, `adamas.observe`). A whole number >= 1. None: observe a step
            only if its argument says so. Default: None.
        average: Keep an average of each parameter over the steps: `adamas.EMA` or `adamas.SWA`. None: keep none. Fixed
            at construction. Default: None.
        copy_out: bfloat16 or float16 arrays that receive copies of float32 parameters, nested as the parameters are;
            None in place of an array for a parameter without a copy. The copies are rounded to the nearest, at
            construction and in each step. None: no copies. Fixed at construction. Default: None.
        sparse: Parameters of two dimensions whose gradients may be single rows (`adamas.RowGrad`): a mapping of their
            names to a mode. 'lazy': a step does not touch the other rows, and each row counts its own steps. 'exact'
            (float32 under Adam and AdamW): the other rows take the step that a gradient of zeros would give; it is made
            up for when a row is next needed (`Optimizer.catch_up`). Fixed at construction. Default: None.
        state_memory: A function that provides the memory for all states. It is called once with a number of bytes, and
            returns a writeable array of uint8 of that length, for example a `numpy.memmap`. The array begins at a
            multiple of 64 bytes, and is filled with zeros. `adamas.Arena` uses this to put states beside the
            parameters. None: the optimizer allocates the memory. Fixed at construction. Default: None.

    States:
        - ``step``: How many steps the parameter has taken.
        - ``exp_avg``: An array of the parameter's shape, zeros at first.
        - ``exp_avg_sq``: An array of the parameter's shape, zeros at first.

        Bytes for each element of a float32, bfloat16 or float16 parameter: 8 with state_dtype None or 'float32', 4 with
        'bfloat16', 2.06 with 'int8', 1.06 with 'int4'. For a float64 parameter: 16.

    Raises:
        TypeError: A parameter is not a plain floating-point array, an argument is unknown, or an argument has the wrong
            type.
        ValueError: A parameter cannot be updated in place, arrays overlap, an argument is out of range, or two
            arguments do not go together.
        ImportError: ``state_dtype`` is bfloat16, and the package ml_dtypes is not installed.

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

    where ``|.|`` is the Euclidean norm over the array. By default, the authors' code and timm update vectors, such as
    biases, by AdamW; to do the same, give these to an `AdamW` of their own. Norms are summed up in float64, in an order
    that depends on neither instruction set nor threads.

    Every operation is rounded once, to float64 for float64 parameters and to float32 for all others. Numbers that
    depend only on the hyperparameters and on the step count are computed in float64, and then rounded once. So the
    bits are the same on every processor, for every number of threads, and in `adamas.reference`.

    Args:
        params: The parameters: an array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these,
            or a list of group dicts, each with its parameters under ``"params"`` and with hyperparameters of its own.
            Arrays are float32, float64, float16 or ``ml_dtypes.bfloat16``; they are C-contiguous, aligned and
            writeable, have one dimension or more, and do not overlap. They are updated in place. To replace a
            parameter's values, write ``w[...] = values``: after ``w = values`` the optimizer still updates the old
            array.
        lr: Learning rate. A finite number >= 0, or a callable that gets the number of steps taken so far (0 at the
            first step) and returns the value, such as those of `adamas.schedules`. Default: 0.003.
        betas: Decay rates of the two moments. Two numbers in [0, 1), or a callable that gets the number of steps taken
            so far (0 at the first step) and returns the value, such as those of `adamas.schedules`.
            Default: (0.9, 0.99).
        eps: Added to the denominator of the update, so that it is not divided by zero. A finite number >= 0. Default:
            1e-08.
        gamma: Strength of the correction by the gradient of the step before. A finite number >= 0. Default: 0.025.
        weight_decay: Strength of the decoupled weight decay: each step multiplies the parameter by
            ``1 - lr*weight_decay`` before the update. ``decay`` chooses another factor. A finite number >= 0, or a
            callable that gets the number of steps taken so far (0 at the first step) and returns the value, such as
            those of `adamas.schedules`. Default: 0.0.
        maximize: Ascend along the gradient instead of descending. True or False. Default: False.
        decay: How decoupled weight decay depends on the learning rate. 'scaled': the factor is ``1 - lr*weight_decay``.
            'corrected': it is ``1 - lr*(lr/max_lr)*weight_decay`` (AdamC, arXiv:2506.02285). This is for layers that a
            normalization follows: the ratio of gradient to weight then stays the same while ``lr`` falls; leave other
            layers at 'scaled'. 'independent': it is ``1 - (lr/max_lr)*weight_decay``, so that ``lr`` can be tuned
            alone; the same strength as under 'scaled' needs a ``weight_decay`` of about ``lr`` times the value there.
            'scaled', 'corrected' or 'independent'. Default: 'scaled'.
        max_lr: The largest learning rate of the schedule, which the decays 'corrected' and 'independent' need. None:
            ``lr`` of the group at construction, if that is a number > 0. None or a finite number > 0. Default: None.
        cautious: Update only those elements whose update u has the sign of their gradient, and divide their updates by
            the share of such elements (arXiv:2411.16085): ``p <- p - u * mask/max(mean(mask), 1/1000)``, with the mean
            over the parameter array. A NaN in the gradient still reaches the parameter. This takes one more pass over
            gradients and states. It is not for gradients of single rows (``sparse``). True or False. Default: False.
        **options: The options below, each by its name. All optimizers have them.
        state_dtype: How states are kept: 'float32', 'bfloat16', 'int8' or 'int4', or such a dtype of NumPy, ml_dtypes
            or PyTorch. 'int8' and 'int4' are codes in blocks of 128 elements, with a float32 scale for each block.
            'float64' is for float64 parameters, and their only choice. None: float32, or float64 for float64
            parameters. Fixed at construction. Default: None.
        master_weights: Keep more of bfloat16 and float16 parameters than their 16 bits. True: keep a float32 copy.
            'split32' or 'split24' (bfloat16 only): keep the next 16 or 8 bits, so that the parameter and these bits
            together are a number of 32 or 24 bits. Fixed at construction. Default: False.
        rounding: How bfloat16 and float16 parameters are rounded. 'nearest': to the nearest. 'stochastic' (bfloat16
            only): up or down at random. 'kahan': to the nearest, while 16 bits keep what was cut off and add it to the
            next update. Fixed at construction. Default: 'nearest'.
        seed: Seed of stochastic rounding, a whole number from 0 to 2**64 - 1. Fixed at construction. Default: 0.
        num_threads: The most threads that a step may use, a whole number >= 1. None: the limit of the library
            (`adamas.get_num_threads`). Default: None.
        max_norm: The largest norm of the gradients, > 0. Gradients of a larger norm N are multiplied by
            ``max_norm / (N + 1e-6)`` in the pass that updates. Infinity: take the norm, and clip nothing. None: do not
            take the norm. Default: None.
        max_value: The largest magnitude of an element of a gradient, > 0. Larger elements are clipped to it. None: clip
            no element. Default: None.
        norm_type: Which norm ``max_norm`` bounds. 2: the root of the sum of squares. Infinity: the largest magnitude.
            Default: 2.0.
        clip_each: Clip the gradient of each parameter by its own norm, instead of clipping all gradients by the norm of
            all of them. Default: False.
        on_nonfinite: What to do about a gradient with an infinity or NaN. 'propagate': use it. 'skip': skip the whole
            step. 'raise': raise FloatingPointError, and change nothing. Default: 'propagate'.
        zero_grads: Set gradients to zero once they have been used. Default: False.
        accumulation: Which gradient a step uses after `Optimizer.accumulate`: the 'sum' of the parts, their 'mean', or
            their mean as a 'tree', whose additions have the order of a binary tree. Default: 'sum'.
        observe: Observe every so many-th step, beginning with the first: measure gradients, updates and parameters in
            the pass that updates (`Optimizer.observed`, `adamas.observe`). A whole number >= 1. None: observe a step
            only if its argument says so. Default: None.
        average: Keep an average of each parameter over the steps: `adamas.EMA` or `adamas.SWA`. None: keep none. Fixed
            at construction. Default: None.
        copy_out: bfloat16 or float16 arrays that receive copies of float32 parameters, nested as the parameters are;
            None in place of an array for a parameter without a copy. The copies are rounded to the nearest, at
            construction and in each step. None: no copies. Fixed at construction. Default: None.
        sparse: Parameters of two dimensions whose gradients may be single rows (`adamas.RowGrad`): a mapping of their
            names to a mode. 'lazy': a step does not touch the other rows, and each row counts its own steps. 'exact'
            (float32 under Adam and AdamW): the other rows take the step that a gradient of zeros would give; it is made
            up for when a row is next needed (`Optimizer.catch_up`). Fixed at construction. Default: None.
        state_memory: A function that provides the memory for all states. It is called once with a number of bytes, and
            returns a writeable array of uint8 of that length, for example a `numpy.memmap`. The array begins at a
            multiple of 64 bytes, and is filled with zeros. `adamas.Arena` uses this to put states beside the
            parameters. None: the optimizer allocates the memory. Fixed at construction. Default: None.

    States:
        - ``step``: How many steps the parameter has taken.
        - ``exp_avg``: An array of the parameter's shape, zeros at first.
        - ``exp_avg_sq``: An array of the parameter's shape, zeros at first.
        - ``previous_grad``: An array of the parameter's shape, zeros at first.

        Bytes for each element of a float32, bfloat16 or float16 parameter: 12 with state_dtype None or 'float32', 6
        with 'bfloat16', 3.09 with 'int8', 1.59 with 'int4'. For a float64 parameter: 24.

    Raises:
        TypeError: A parameter is not a plain floating-point array, an argument is unknown, or an argument has the wrong
            type.
        ValueError: A parameter cannot be updated in place, arrays overlap, an argument is out of range, or two
            arguments do not go together.
        ImportError: ``state_dtype`` is bfloat16, and the package ml_dtypes is not installed.

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

    where ``|.|`` is the Euclidean norm over the array, and the factor before u is lr alone if either norm is zero.
    Norms are summed up in float64, in an order that depends on neither instruction set nor threads.

    Every operation is rounded once, to float64 for float64 parameters and to float32 for all others. Numbers that
    depend only on the hyperparameters and on the step count are computed in float64, and then rounded once. So the
    bits are the same on every processor, for every number of threads, and in `adamas.reference`.

    Args:
        params: The parameters: an array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these,
            or a list of group dicts, each with its parameters under ``"params"`` and with hyperparameters of its own.
            Arrays are float32, float64, float16 or ``ml_dtypes.bfloat16``; they are C-contiguous, aligned and
            writeable, have one dimension or more, and do not overlap. They are updated in place. To replace a
            parameter's values, write ``w[...] = values``: after ``w = values`` the optimizer still updates the old
            array.
        lr: Learning rate. A finite number >= 0, or a callable that gets the number of steps taken so far (0 at the
            first step) and returns the value, such as those of `adamas.schedules`. Default: 1.0.
        momentum: Momentum factor. A finite number >= 0. Default: 0.9.
        weight_decay: Strength of the weight decay: ``weight_decay*p`` is a part of the direction, as in the equations
            above. A finite number >= 0, or a callable that gets the number of steps taken so far (0 at the first step)
            and returns the value, such as those of `adamas.schedules`. Default: 0.0.
        trust_coefficient: How large a step may be beside the norm of the parameter. A finite number >= 0. Default:
            0.001.
        eps: Added to the norm of the direction. A finite number >= 0. Default: 0.0.
        nesterov: Use Nesterov's momentum. True or False. Default: False.
        maximize: Ascend along the gradient instead of descending. True or False. Default: False.
        **options: The options below, each by its name. All optimizers have them.
        state_dtype: How states are kept: 'float32', 'bfloat16', 'int8' or 'int4', or such a dtype of NumPy, ml_dtypes
            or PyTorch. 'int8' and 'int4' are codes in blocks of 128 elements, with a float32 scale for each block.
            'float64' is for float64 parameters, and their only choice. None: float32, or float64 for float64
            parameters. Fixed at construction. Default: None.
        master_weights: Keep more of bfloat16 and float16 parameters than their 16 bits. True: keep a float32 copy.
            'split32' or 'split24' (bfloat16 only): keep the next 16 or 8 bits, so that the parameter and these bits
            together are a number of 32 or 24 bits. Fixed at construction. Default: False.
        rounding: How bfloat16 and float16 parameters are rounded. 'nearest': to the nearest. 'stochastic' (bfloat16
            only): up or down at random. 'kahan': to the nearest, while 16 bits keep what was cut off and add it to the
            next update. Fixed at construction. Default: 'nearest'.
        seed: Seed of stochastic rounding, a whole number from 0 to 2**64 - 1. Fixed at construction. Default: 0.
        num_threads: The most threads that a step may use, a whole number >= 1. None: the limit of the library
            (`adamas.get_num_threads`). Default: None.
        max_norm: The largest norm of the gradients, > 0. Gradients of a larger norm N are multiplied by
            ``max_norm / (N + 1e-6)`` in the pass that updates. Infinity: take the norm, and clip nothing. None: do not
            take the norm. Default: None.
        max_value: The largest magnitude of an element of a gradient, > 0. Larger elements are clipped to it. None: clip
            no element. Default: None.
        norm_type: Which norm ``max_norm`` bounds. 2: the root of the sum of squares. Infinity: the largest magnitude.
            Default: 2.0.
        clip_each: Clip the gradient of each parameter by its own norm, instead of clipping all gradients by the norm of
            all of them. Default: False.
        on_nonfinite: What to do about a gradient with an infinity or NaN. 'propagate': use it. 'skip': skip the whole
            step. 'raise': raise FloatingPointError, and change nothing. Default: 'propagate'.
        zero_grads: Set gradients to zero once they have been used. Default: False.
        accumulation: Which gradient a step uses after `Optimizer.accumulate`: the 'sum' of the parts, their 'mean', or
            their mean as a 'tree', whose additions have the order of a binary tree. Default: 'sum'.
        observe: Observe every so many-th step, beginning with the first: measure gradients, updates and parameters in
            the pass that updates (`Optimizer.observed`, `adamas.observe`). A whole number >= 1. None: observe a step
            only if its argument says so. Default: None.
        average: Keep an average of each parameter over the steps: `adamas.EMA` or `adamas.SWA`. None: keep none. Fixed
            at construction. Default: None.
        copy_out: bfloat16 or float16 arrays that receive copies of float32 parameters, nested as the parameters are;
            None in place of an array for a parameter without a copy. The copies are rounded to the nearest, at
            construction and in each step. None: no copies. Fixed at construction. Default: None.
        sparse: Parameters of two dimensions whose gradients may be single rows (`adamas.RowGrad`): a mapping of their
            names to a mode. 'lazy': a step does not touch the other rows, and each row counts its own steps. 'exact'
            (float32 under Adam and AdamW): the other rows take the step that a gradient of zeros would give; it is made
            up for when a row is next needed (`Optimizer.catch_up`). Fixed at construction. Default: None.
        state_memory: A function that provides the memory for all states. It is called once with a number of bytes, and
            returns a writeable array of uint8 of that length, for example a `numpy.memmap`. The array begins at a
            multiple of 64 bytes, and is filled with zeros. `adamas.Arena` uses this to put states beside the
            parameters. None: the optimizer allocates the memory. Fixed at construction. Default: None.

    States:
        - ``step``: How many steps the parameter has taken.
        - ``momentum_buffer``: An array of the parameter's shape, zeros at first.

        Bytes for each element of a float32, bfloat16 or float16 parameter: 4 with state_dtype None or 'float32', 2 with
        'bfloat16', 1.03 with 'int8', 0.53 with 'int4'. For a float64 parameter: 8.

    Defaults of other libraries:
        - ``optax.lars``: all are the same.

    Raises:
        TypeError: A parameter is not a plain floating-point array, an argument is unknown, or an argument has the wrong
            type.
        ValueError: A parameter cannot be updated in place, arrays overlap, an argument is out of range, or two
            arguments do not go together.
        ImportError: ``state_dtype`` is bfloat16, and the package ml_dtypes is not installed.

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

    where ``|.|`` is the Euclidean norm over the array. Norms are summed up in float64, in an order that depends on
    neither instruction set nor threads.

    Every operation is rounded once, to float64 for float64 parameters and to float32 for all others. Numbers that
    depend only on the hyperparameters and on the step count are computed in float64, and then rounded once. So the
    bits are the same on every processor, for every number of threads, and in `adamas.reference`.

    Args:
        params: The parameters: an array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these,
            or a list of group dicts, each with its parameters under ``"params"`` and with hyperparameters of its own.
            Arrays are float32, float64, float16 or ``ml_dtypes.bfloat16``; they are C-contiguous, aligned and
            writeable, have one dimension or more, and do not overlap. They are updated in place. To replace a
            parameter's values, write ``w[...] = values``: after ``w = values`` the optimizer still updates the old
            array.
        lr: Learning rate. A finite number >= 0, or a callable that gets the number of steps taken so far (0 at the
            first step) and returns the value, such as those of `adamas.schedules`. Default: 0.001.
        betas: Decay rates of m and v. Two numbers in [0, 1), or a callable that gets the number of steps taken so far
            (0 at the first step) and returns the value, such as those of `adamas.schedules`. Default: (0.9, 0.25).
        eps: Added to the denominator of the update, so that it is not divided by zero. A finite number >= 0. Default:
            1e-06.
        eps_root: Added to v under the root. A finite number >= 0. Default: 0.0.
        weight_decay: Strength of the weight decay: ``weight_decay*p`` is a part of the direction, as in the equations
            above. A finite number >= 0, or a callable that gets the number of steps taken so far (0 at the first step)
            and returns the value, such as those of `adamas.schedules`. Default: 0.0.
        maximize: Ascend along the gradient instead of descending. True or False. Default: False.
        **options: The options below, each by its name. All optimizers have them.
        state_dtype: How states are kept: 'float32', 'bfloat16', 'int8' or 'int4', or such a dtype of NumPy, ml_dtypes
            or PyTorch. 'int8' and 'int4' are codes in blocks of 128 elements, with a float32 scale for each block.
            'float64' is for float64 parameters, and their only choice. None: float32, or float64 for float64
            parameters. Fixed at construction. Default: None.
        master_weights: Keep more of bfloat16 and float16 parameters than their 16 bits. True: keep a float32 copy.
            'split32' or 'split24' (bfloat16 only): keep the next 16 or 8 bits, so that the parameter and these bits
            together are a number of 32 or 24 bits. Fixed at construction. Default: False.
        rounding: How bfloat16 and float16 parameters are rounded. 'nearest': to the nearest. 'stochastic' (bfloat16
            only): up or down at random. 'kahan': to the nearest, while 16 bits keep what was cut off and add it to the
            next update. Fixed at construction. Default: 'nearest'.
        seed: Seed of stochastic rounding, a whole number from 0 to 2**64 - 1. Fixed at construction. Default: 0.
        num_threads: The most threads that a step may use, a whole number >= 1. None: the limit of the library
            (`adamas.get_num_threads`). Default: None.
        max_norm: The largest norm of the gradients, > 0. Gradients of a larger norm N are multiplied by
            ``max_norm / (N + 1e-6)`` in the pass that updates. Infinity: take the norm, and clip nothing. None: do not
            take the norm. Default: None.
        max_value: The largest magnitude of an element of a gradient, > 0. Larger elements are clipped to it. None: clip
            no element. Default: None.
        norm_type: Which norm ``max_norm`` bounds. 2: the root of the sum of squares. Infinity: the largest magnitude.
            Default: 2.0.
        clip_each: Clip the gradient of each parameter by its own norm, instead of clipping all gradients by the norm of
            all of them. Default: False.
        on_nonfinite: What to do about a gradient with an infinity or NaN. 'propagate': use it. 'skip': skip the whole
            step. 'raise': raise FloatingPointError, and change nothing. Default: 'propagate'.
        zero_grads: Set gradients to zero once they have been used. Default: False.
        accumulation: Which gradient a step uses after `Optimizer.accumulate`: the 'sum' of the parts, their 'mean', or
            their mean as a 'tree', whose additions have the order of a binary tree. Default: 'sum'.
        observe: Observe every so many-th step, beginning with the first: measure gradients, updates and parameters in
            the pass that updates (`Optimizer.observed`, `adamas.observe`). A whole number >= 1. None: observe a step
            only if its argument says so. Default: None.
        average: Keep an average of each parameter over the steps: `adamas.EMA` or `adamas.SWA`. None: keep none. Fixed
            at construction. Default: None.
        copy_out: bfloat16 or float16 arrays that receive copies of float32 parameters, nested as the parameters are;
            None in place of an array for a parameter without a copy. The copies are rounded to the nearest, at
            construction and in each step. None: no copies. Fixed at construction. Default: None.
        sparse: Parameters of two dimensions whose gradients may be single rows (`adamas.RowGrad`): a mapping of their
            names to a mode. 'lazy': a step does not touch the other rows, and each row counts its own steps. 'exact'
            (float32 under Adam and AdamW): the other rows take the step that a gradient of zeros would give; it is made
            up for when a row is next needed (`Optimizer.catch_up`). Fixed at construction. Default: None.
        state_memory: A function that provides the memory for all states. It is called once with a number of bytes, and
            returns a writeable array of uint8 of that length, for example a `numpy.memmap`. The array begins at a
            multiple of 64 bytes, and is filled with zeros. `adamas.Arena` uses this to put states beside the
            parameters. None: the optimizer allocates the memory. Fixed at construction. Default: None.

    States:
        - ``step``: How many steps the parameter has taken.
        - ``exp_avg``: An array of the parameter's shape, zeros at first.
        - ``exp_avg_sq``: A number for each parameter, 0 at first.

        Bytes for each element of a float32, bfloat16 or float16 parameter: 4 with state_dtype None or 'float32', 2 with
        'bfloat16', 1.03 with 'int8', 0.53 with 'int4'. For a float64 parameter: 8.

    Defaults of other libraries:
        - ``optax.novograd``: all are the same.

    Raises:
        TypeError: A parameter is not a plain floating-point array, an argument is unknown, or an argument has the wrong
            type.
        ValueError: A parameter cannot be updated in place, arrays overlap, an argument is out of range, or two
            arguments do not go together.
        ImportError: ``state_dtype`` is bfloat16, and the package ml_dtypes is not installed.

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

    All parameters share one number d, an estimate of the distance from the start to the solution. It begins at d0 and
    only grows. For each parameter array, with gradient g and the states m (``exp_avg``), v (``exp_avg_sq``) and s,
    which start at zero, and p0, which is the parameter before its first step::

        dlr = d*lr                       with use_bias_correction times sqrt(1 - beta2^k)/(1 - beta1^k)
        g <- g + weight_decay*p          without decoupled_weight_decay
        m <- beta1*m + d*(1 - beta1)*g
        v <- beta2*v + d^2*(1 - beta2)*g*g
        s <- beta3*s + d/d0*dlr*g        with safeguard_warmup d/d0*d*g

        d_numerator <- beta3*d_numerator + d/d0*dlr * sum of g*(p0 - p)     over all parameters
        d_hat = d_coef*d_numerator / sum of |s|                             over all parameters
        d_max <- max(d_max, d_hat);  d <- min(d_max, growth_rate*d)         (no growth_rate while d is d0)

        p <- p - (dlr*weight_decay*p + dlr * m / (sqrt(v) + d*eps))         dlr is that of the first line

    The term with weight_decay in the last line is that of decoupled_weight_decay. The sums are over all parameters that
    have a gradient in the step; other parameters stay as they are. k counts steps. ``opt.scalars`` shows d, d_max,
    d_numerator and k; d is 0 before the first step.

    lr, betas, beta3, d0, d_coef, growth_rate and use_bias_correction must be the same in all groups, with one
    exception: lr may be 0 in some groups. The parameters and states of such a group stay as they are, and the sums
    leave it out. As long as all gradients have been zero, the sums are zero, and nothing moves.

    The rule needs the gradients of all parameters before it can update one of them. So a step cannot be taken in parts
    (`step_scope`), and single rows (``sparse``) cannot be stepped. s and p0 are float32 in every ``state_dtype``: an
    error in the sums could make d too large, and d never falls. prodigyopt's ``slice_p``, which takes the sums over
    every p-th element, is not offered: it saves memory, but it changes the rule, and it reads as much memory where p is
    below the 16 elements of a cache line. Sums are taken in float64, in an order that depends on neither instruction
    set nor threads.

    Every operation is rounded once, to float64 for float64 parameters and to float32 for all others. Numbers that
    depend only on the hyperparameters and on the step count are computed in float64, and then rounded once. So the
    bits are the same on every processor, for every number of threads, and in `adamas.reference`.

    Args:
        params: The parameters: an array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these,
            or a list of group dicts, each with its parameters under ``"params"`` and with hyperparameters of its own.
            Arrays are float32, float64, float16 or ``ml_dtypes.bfloat16``; they are C-contiguous, aligned and
            writeable, have one dimension or more, and do not overlap. They are updated in place. To replace a
            parameter's values, write ``w[...] = values``: after ``w = values`` the optimizer still updates the old
            array.
        lr: Multiplies the step size d that the rule finds. Leave it at 1, or let a schedule take it from 1 to 0. A
            finite number >= 0, or a callable that gets the number of steps taken so far (0 at the first step) and
            returns the value, such as those of `adamas.schedules`. The same in all groups. Default: 1.0.
        betas: Decay rates of the two moments. Two numbers in [0, 1), or a callable that gets the number of steps taken
            so far (0 at the first step) and returns the value, such as those of `adamas.schedules`. The same in all
            groups. Default: (0.9, 0.999).
        beta3: Decay rate of s and of d_numerator. None: the square root of beta2. None or a number in [0, 1). The same
            in all groups. Default: None.
        eps: Multiplied by d, and then added to the denominator of the update. A finite number >= 0. Default: 1e-08.
        weight_decay: Strength of the weight decay. ``decoupled_weight_decay`` says how it is applied. A finite number
            >= 0, or a callable that gets the number of steps taken so far (0 at the first step) and returns the value,
            such as those of `adamas.schedules`. Default: 0.0.
        use_bias_correction: Correct the moments for their start at zero, as `Adam` does. True or False. The same in all
            groups. Default: False.
        safeguard_warmup: Leave ``lr`` out of s. Set it when ``lr`` has a warmup: without it, d may become too large
            then. True or False. Default: False.
        d0: First value of d. It must be far below the right d, and rarely needs to be changed. A finite number > 0. The
            same in all groups. Default: 1e-06.
        d_coef: Multiplies the estimate of d. This is the preferred way to tune the rule; 0.5 and 2 are sensible values.
            A finite number >= 0. The same in all groups. Default: 1.0.
        growth_rate: Largest factor by which d may grow in one step; 1.02 acts as a warmup. None: no limit. None or a
            finite number >= 1. The same in all groups. Default: None.
        decoupled_weight_decay: True: multiply the parameter by ``1 - dlr*weight_decay``. False: add ``weight_decay*p``
            to the gradient, which is an L2 penalty. True or False. Default: True.
        maximize: Ascend along the gradient instead of descending. True or False. Default: False.
        **options: The options below, each by its name. All optimizers have them.
        state_dtype: How states are kept: 'float32', 'bfloat16', 'int8' or 'int4', or such a dtype of NumPy, ml_dtypes
            or PyTorch. 'int8' and 'int4' are codes in blocks of 128 elements, with a float32 scale for each block.
            'float64' is for float64 parameters, and their only choice. None: float32, or float64 for float64
            parameters. Fixed at construction. Default: None.
        master_weights: Keep more of bfloat16 and float16 parameters than their 16 bits. True: keep a float32 copy.
            'split32' or 'split24' (bfloat16 only): keep the next 16 or 8 bits, so that the parameter and these bits
            together are a number of 32 or 24 bits. Fixed at construction. Default: False.
        rounding: How bfloat16 and float16 parameters are rounded. 'nearest': to the nearest. 'stochastic' (bfloat16
            only): up or down at random. 'kahan': to the nearest, while 16 bits keep what was cut off and add it to the
            next update. Fixed at construction. Default: 'nearest'.
        seed: Seed of stochastic rounding, a whole number from 0 to 2**64 - 1. Fixed at construction. Default: 0.
        num_threads: The most threads that a step may use, a whole number >= 1. None: the limit of the library
            (`adamas.get_num_threads`). Default: None.
        max_norm: The largest norm of the gradients, > 0. Gradients of a larger norm N are multiplied by
            ``max_norm / (N + 1e-6)`` in the pass that updates. Infinity: take the norm, and clip nothing. None: do not
            take the norm. Default: None.
        max_value: The largest magnitude of an element of a gradient, > 0. Larger elements are clipped to it. None: clip
            no element. Default: None.
        norm_type: Which norm ``max_norm`` bounds. 2: the root of the sum of squares. Infinity: the largest magnitude.
            Default: 2.0.
        clip_each: Clip the gradient of each parameter by its own norm, instead of clipping all gradients by the norm of
            all of them. Default: False.
        on_nonfinite: What to do about a gradient with an infinity or NaN. 'propagate': use it. 'skip': skip the whole
            step. 'raise': raise FloatingPointError, and change nothing. Default: 'propagate'.
        zero_grads: Set gradients to zero once they have been used. Default: False.
        accumulation: Which gradient a step uses after `Optimizer.accumulate`: the 'sum' of the parts, their 'mean', or
            their mean as a 'tree', whose additions have the order of a binary tree. Default: 'sum'.
        observe: Observe every so many-th step, beginning with the first: measure gradients, updates and parameters in
            the pass that updates (`Optimizer.observed`, `adamas.observe`). A whole number >= 1. None: observe a step
            only if its argument says so. Default: None.
        average: Keep an average of each parameter over the steps: `adamas.EMA` or `adamas.SWA`. None: keep none. Fixed
            at construction. Default: None.
        copy_out: bfloat16 or float16 arrays that receive copies of float32 parameters, nested as the parameters are;
            None in place of an array for a parameter without a copy. The copies are rounded to the nearest, at
            construction and in each step. None: no copies. Fixed at construction. Default: None.
        sparse: Parameters of two dimensions whose gradients may be single rows (`adamas.RowGrad`): a mapping of their
            names to a mode. 'lazy': a step does not touch the other rows, and each row counts its own steps. 'exact'
            (float32 under Adam and AdamW): the other rows take the step that a gradient of zeros would give; it is made
            up for when a row is next needed (`Optimizer.catch_up`). Fixed at construction. Default: None.
        state_memory: A function that provides the memory for all states. It is called once with a number of bytes, and
            returns a writeable array of uint8 of that length, for example a `numpy.memmap`. The array begins at a
            multiple of 64 bytes, and is filled with zeros. `adamas.Arena` uses this to put states beside the
            parameters. None: the optimizer allocates the memory. Fixed at construction. Default: None.

    States:
        - ``step``: How many steps the parameter has taken.
        - ``exp_avg``: An array of the parameter's shape, zeros at first.
        - ``exp_avg_sq``: An array of the parameter's shape, zeros at first.
        - ``s``: An array of the parameter's shape, zeros at first. It is not rounded to ``state_dtype``.
        - ``p0``: An array of the parameter's shape, a copy of the parameter at its first step. It is not rounded to
          ``state_dtype``.
        - ``d``: A number for all parameters together, 0 at first (``opt.scalars``).
        - ``d_max``: A number for all parameters together, 0 at first (``opt.scalars``).
        - ``d_numerator``: A number for all parameters together, 0 at first (``opt.scalars``).
        - ``k``: A number for all parameters together, 0 at first (``opt.scalars``).

        Bytes for each element of a float32, bfloat16 or float16 parameter: 16 with state_dtype None or 'float32', 12
        with 'bfloat16', 10.06 with 'int8', 9.06 with 'int4'. For a float64 parameter: 32.

    Defaults of other libraries:
        - ``optax.contrib.prodigy``: all are the same.

    Raises:
        TypeError: A parameter is not a plain floating-point array, an argument is unknown, or an argument has the wrong
            type.
        ValueError: A parameter cannot be updated in place, arrays overlap, an argument is out of range, or two
            arguments do not go together. Groups have different values of an argument that must be the same in all of
            them.
        ImportError: ``state_dtype`` is bfloat16, and the package ml_dtypes is not installed.

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
    r"""Resilient backpropagation, as in PyTorch: for gradients of all data, of which only the sign counts.

    For each element, with gradient g and the states g' (``prev``) and s (``step_size``), which start at zero::

        s <- s*eta_plus where g*g' > 0, s*eta_minus where g*g' < 0      (s <- lr at the first step)
        s <- s within step_sizes
        g <- 0 where g*g' < 0;  g' <- g
        p <- p - sign(g)*s

    ``state_dtype`` does not apply to the states: they are kept in the type that is computed with. The product of two
    small gradients does not become 0, since only their signs are multiplied.

    Every operation is rounded once, to float64 for float64 parameters and to float32 for all others. Numbers that
    depend only on the hyperparameters and on the step count are computed in float64, and then rounded once. So the
    bits are the same on every processor, for every number of threads, and in `adamas.reference`.

    Args:
        params: The parameters: an array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these,
            or a list of group dicts, each with its parameters under ``"params"`` and with hyperparameters of its own.
            Arrays are float32, float64, float16 or ``ml_dtypes.bfloat16``; they are C-contiguous, aligned and
            writeable, have one dimension or more, and do not overlap. They are updated in place. To replace a
            parameter's values, write ``w[...] = values``: after ``w = values`` the optimizer still updates the old
            array.
        lr: First value of the step sizes: only its value at the first step of a parameter counts. Later values, those
            of a schedule for example, change nothing; PyTorch does the same. A finite number >= 0, or a callable that
            gets the number of steps taken so far (0 at the first step) and returns the value, such as those of
            `adamas.schedules`. Default: 0.01.
        etas: Factors of the step size: below 1 after a change of sign, and above 1 without one. Two finite numbers >=
            0. Default: (0.5, 1.2).
        step_sizes: The least and the largest step size. Two finite numbers >= 0. Default: (1e-06, 50.0).
        maximize: Ascend along the gradient instead of descending. True or False. Default: False.
        **options: The options below, each by its name. All optimizers have them.
        state_dtype: How states are kept: 'float32', 'bfloat16', 'int8' or 'int4', or such a dtype of NumPy, ml_dtypes
            or PyTorch. 'int8' and 'int4' are codes in blocks of 128 elements, with a float32 scale for each block.
            'float64' is for float64 parameters, and their only choice. None: float32, or float64 for float64
            parameters. Fixed at construction. Default: None.
        master_weights: Keep more of bfloat16 and float16 parameters than their 16 bits. True: keep a float32 copy.
            'split32' or 'split24' (bfloat16 only): keep the next 16 or 8 bits, so that the parameter and these bits
            together are a number of 32 or 24 bits. Fixed at construction. Default: False.
        rounding: How bfloat16 and float16 parameters are rounded. 'nearest': to the nearest. 'stochastic' (bfloat16
            only): up or down at random. 'kahan': to the nearest, while 16 bits keep what was cut off and add it to the
            next update. Fixed at construction. Default: 'nearest'.
        seed: Seed of stochastic rounding, a whole number from 0 to 2**64 - 1. Fixed at construction. Default: 0.
        num_threads: The most threads that a step may use, a whole number >= 1. None: the limit of the library
            (`adamas.get_num_threads`). Default: None.
        max_norm: The largest norm of the gradients, > 0. Gradients of a larger norm N are multiplied by
            ``max_norm / (N + 1e-6)`` in the pass that updates. Infinity: take the norm, and clip nothing. None: do not
            take the norm. Default: None.
        max_value: The largest magnitude of an element of a gradient, > 0. Larger elements are clipped to it. None: clip
            no element. Default: None.
        norm_type: Which norm ``max_norm`` bounds. 2: the root of the sum of squares. Infinity: the largest magnitude.
            Default: 2.0.
        clip_each: Clip the gradient of each parameter by its own norm, instead of clipping all gradients by the norm of
            all of them. Default: False.
        on_nonfinite: What to do about a gradient with an infinity or NaN. 'propagate': use it. 'skip': skip the whole
            step. 'raise': raise FloatingPointError, and change nothing. Default: 'propagate'.
        zero_grads: Set gradients to zero once they have been used. Default: False.
        accumulation: Which gradient a step uses after `Optimizer.accumulate`: the 'sum' of the parts, their 'mean', or
            their mean as a 'tree', whose additions have the order of a binary tree. Default: 'sum'.
        observe: Observe every so many-th step, beginning with the first: measure gradients, updates and parameters in
            the pass that updates (`Optimizer.observed`, `adamas.observe`). A whole number >= 1. None: observe a step
            only if its argument says so. Default: None.
        average: Keep an average of each parameter over the steps: `adamas.EMA` or `adamas.SWA`. None: keep none. Fixed
            at construction. Default: None.
        copy_out: bfloat16 or float16 arrays that receive copies of float32 parameters, nested as the parameters are;
            None in place of an array for a parameter without a copy. The copies are rounded to the nearest, at
            construction and in each step. None: no copies. Fixed at construction. Default: None.
        sparse: Parameters of two dimensions whose gradients may be single rows (`adamas.RowGrad`): a mapping of their
            names to a mode. 'lazy': a step does not touch the other rows, and each row counts its own steps. 'exact'
            (float32 under Adam and AdamW): the other rows take the step that a gradient of zeros would give; it is made
            up for when a row is next needed (`Optimizer.catch_up`). Fixed at construction. Default: None.
        state_memory: A function that provides the memory for all states. It is called once with a number of bytes, and
            returns a writeable array of uint8 of that length, for example a `numpy.memmap`. The array begins at a
            multiple of 64 bytes, and is filled with zeros. `adamas.Arena` uses this to put states beside the
            parameters. None: the optimizer allocates the memory. Fixed at construction. Default: None.

    States:
        - ``step``: How many steps the parameter has taken.
        - ``prev``: An array of the parameter's shape, zeros at first. It is not rounded to ``state_dtype``.
        - ``step_size``: An array of the parameter's shape, zeros at first. It is not rounded to ``state_dtype``.

        Bytes for each element of a float32, bfloat16 or float16 parameter: 8 with every state_dtype. For a float64
        parameter: 16.

    Defaults of other libraries:
        - ``torch.optim.Rprop``: all are the same.
        - ``optax.rprop``: all are the same.

    Raises:
        TypeError: A parameter is not a plain floating-point array, an argument is unknown, or an argument has the wrong
            type.
        ValueError: A parameter cannot be updated in place, arrays overlap, an argument is out of range, or two
            arguments do not go together. ``etas`` are not one number in (0, 1) and one above 1; or the first of
            ``step_sizes`` is larger than the second.
        ImportError: ``state_dtype`` is bfloat16, and the package ml_dtypes is not installed.

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
    r"""Adafactor: keeps second moments as one number for each row and each column of a matrix, in almost no memory.

    The defaults compute what PyTorch's Adafactor computes; other arguments make it that of Hugging Face's transformers
    or that of the paper. For a parameter of two dimensions, with gradient g, step count t and the states r
    (``row_var``) and c (``col_var``), which start at zero::

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

    Every operation is rounded once, to float64 for float64 parameters and to float32 for all others. Numbers that
    depend only on the hyperparameters and on the step count are computed in float64, and then rounded once. So the
    bits are the same on every processor, for every number of threads, and in `adamas.reference`.

    Args:
        params: The parameters: an array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these,
            or a list of group dicts, each with its parameters under ``"params"`` and with hyperparameters of its own.
            Arrays are float32, float64, float16 or ``ml_dtypes.bfloat16``; they are C-contiguous, aligned and
            writeable, have one dimension or more, and do not overlap. They are updated in place. To replace a
            parameter's values, write ``w[...] = values``: after ``w = values`` the optimizer still updates the old
            array.
        lr: The largest relative step size; weight decay is multiplied by it, too. A finite number >= 0, or a callable
            that gets the number of steps taken so far (0 at the first step) and returns the value, such as those of
            `adamas.schedules`. Default: 0.01.
        beta2_decay: The exponent of w, the weight of a new square in the averages. A finite number <= 0. Default: -0.8.
        eps: e1, the least root of a second moment, and e2, the least size of a parameter. None for e1: the machine
            epsilon of the type that is computed with. Two finite numbers >= 0, or None and one. Default: (None, 0.001).
        d: The largest RMS(u) that is not clipped. Other libraries call it clip_threshold. A finite number >= 1.
            Default: 1.0.
        weight_decay: Strength of the decoupled weight decay: each step multiplies the parameter by
            ``1 - lr*weight_decay`` before the update. A finite number >= 0, or a callable that gets the number of steps
            taken so far (0 at the first step) and returns the value, such as those of `adamas.schedules`. Default: 0.0.
        maximize: Ascend along the gradient instead of descending. True or False. Default: False.
        beta1: Decay rate of m. 0: no m is kept. A number in [0, 1). Whether it is 0 is fixed at construction. Default:
            0.0.
        scale_parameter: Multiply steps by the size of the parameter, max(e2, RMS(p)). False: leave that factor out.
            True or False. Default: True.
        relative_step: Let steps shrink as 1/sqrt(t). False: use ``lr`` in place of min(lr, 1/sqrt(t)). True or False.
            Default: True.
        warmup_init: Begin with small steps: use min(lr, 1e-6*t) in place of ``lr``, except for the weight decay. True
            or False. Default: False.
        eps_in_mean: Add e1 to the squares that r, c and v average, as the paper does, instead of using it as the least
            root. An e1 of 1e-30 is usual then. True or False. Default: False.
        **options: The options below, each by its name. All optimizers have them.
        state_dtype: How states are kept: 'float32', 'bfloat16', 'int8' or 'int4', or such a dtype of NumPy, ml_dtypes
            or PyTorch. 'int8' and 'int4' are codes in blocks of 128 elements, with a float32 scale for each block.
            'float64' is for float64 parameters, and their only choice. None: float32, or float64 for float64
            parameters. Fixed at construction. Default: None.
        master_weights: Keep more of bfloat16 and float16 parameters than their 16 bits. True: keep a float32 copy.
            'split32' or 'split24' (bfloat16 only): keep the next 16 or 8 bits, so that the parameter and these bits
            together are a number of 32 or 24 bits. Fixed at construction. Default: False.
        rounding: How bfloat16 and float16 parameters are rounded. 'nearest': to the nearest. 'stochastic' (bfloat16
            only): up or down at random. 'kahan': to the nearest, while 16 bits keep what was cut off and add it to the
            next update. Fixed at construction. Default: 'nearest'.
        seed: Seed of stochastic rounding, a whole number from 0 to 2**64 - 1. Fixed at construction. Default: 0.
        num_threads: The most threads that a step may use, a whole number >= 1. None: the limit of the library
            (`adamas.get_num_threads`). Default: None.
        max_norm: The largest norm of the gradients, > 0. Gradients of a larger norm N are multiplied by
            ``max_norm / (N + 1e-6)`` in the pass that updates. Infinity: take the norm, and clip nothing. None: do not
            take the norm. Default: None.
        max_value: The largest magnitude of an element of a gradient, > 0. Larger elements are clipped to it. None: clip
            no element. Default: None.
        norm_type: Which norm ``max_norm`` bounds. 2: the root of the sum of squares. Infinity: the largest magnitude.
            Default: 2.0.
        clip_each: Clip the gradient of each parameter by its own norm, instead of clipping all gradients by the norm of
            all of them. Default: False.
        on_nonfinite: What to do about a gradient with an infinity or NaN. 'propagate': use it. 'skip': skip the whole
            step. 'raise': raise FloatingPointError, and change nothing. Default: 'propagate'.
        zero_grads: Set gradients to zero once they have been used. Default: False.
        accumulation: Which gradient a step uses after `Optimizer.accumulate`: the 'sum' of the parts, their 'mean', or
            their mean as a 'tree', whose additions have the order of a binary tree. Default: 'sum'.
        observe: Observe every so many-th step, beginning with the first: measure gradients, updates and parameters in
            the pass that updates (`Optimizer.observed`, `adamas.observe`). A whole number >= 1. None: observe a step
            only if its argument says so. Default: None.
        average: Keep an average of each parameter over the steps: `adamas.EMA` or `adamas.SWA`. None: keep none. Fixed
            at construction. Default: None.
        copy_out: bfloat16 or float16 arrays that receive copies of float32 parameters, nested as the parameters are;
            None in place of an array for a parameter without a copy. The copies are rounded to the nearest, at
            construction and in each step. None: no copies. Fixed at construction. Default: None.
        sparse: Parameters of two dimensions whose gradients may be single rows (`adamas.RowGrad`): a mapping of their
            names to a mode. 'lazy': a step does not touch the other rows, and each row counts its own steps. 'exact'
            (float32 under Adam and AdamW): the other rows take the step that a gradient of zeros would give; it is made
            up for when a row is next needed (`Optimizer.catch_up`). Fixed at construction. Default: None.
        state_memory: A function that provides the memory for all states. It is called once with a number of bytes, and
            returns a writeable array of uint8 of that length, for example a `numpy.memmap`. The array begins at a
            multiple of 64 bytes, and is filled with zeros. `adamas.Arena` uses this to put states beside the
            parameters. None: the optimizer allocates the memory. Fixed at construction. Default: None.

    States:
        - ``step``: How many steps the parameter has taken.
        - ``exp_avg``: An array of the parameter's shape, zeros at first. Only with ``beta1``.
        - ``row_var``: One float32 number for each row of the matrix (float64 for float64 parameters), zeros at first.
          For parameters of two dimensions or more.
        - ``col_var``: One float32 number for each column of the matrix (float64 for float64 parameters), zeros at
          first. For parameters of two dimensions or more.
        - ``variance``: An array of the parameter's shape, zeros at first. For parameters of fewer dimensions.

        Bytes for each element of a float32, bfloat16 or float16 parameter: 0 with every state_dtype. With ``exp_avg``
        and ``variance``: 8 with state_dtype None or 'float32', 4 with 'bfloat16', 2.06 with 'int8', 1.06 with 'int4'.
        Beside that, ``row_var`` and ``col_var``: 4 bytes for each number. For a float64 parameter: 0.

    Defaults of other libraries:
        - ``torch.optim.Adafactor``: all are the same.
        - ``keras.optimizers.Adafactor``: lr=0.001, eps=(1e-30, 0.001). All others are the same.

    Raises:
        TypeError: A parameter is not a plain floating-point array, an argument is unknown, or an argument has the wrong
            type.
        ValueError: A parameter cannot be updated in place, arrays overlap, an argument is out of range, or two
            arguments do not go together.
        ImportError: ``state_dtype`` is bfloat16, and the package ml_dtypes is not installed.

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
    depends on neither instruction set nor threads. v is never rounded to ``state_dtype``.

    Every operation is rounded once, to float64 for float64 parameters and to float32 for all others. Numbers that
    depend only on the hyperparameters and on the step count are computed in float64, and then rounded once. So the
    bits are the same on every processor, for every number of threads, and in `adamas.reference`.

    Args:
        params: The parameters: an array, a list or tuple of arrays, a mapping of names to arrays, any nesting of these,
            or a list of group dicts, each with its parameters under ``"params"`` and with hyperparameters of its own.
            Arrays are float32, float64, float16 or ``ml_dtypes.bfloat16``; they are C-contiguous, aligned and
            writeable, have one dimension or more, and do not overlap. They are updated in place. To replace a
            parameter's values, write ``w[...] = values``: after ``w = values`` the optimizer still updates the old
            array.
        lr: Learning rate. A finite number >= 0, or a callable that gets the number of steps taken so far (0 at the
            first step) and returns the value, such as those of `adamas.schedules`. Default: 0.001.
        betas: Decay rates of the two moments. Two numbers in [0, 1), or a callable that gets the number of steps taken
            so far (0 at the first step) and returns the value, such as those of `adamas.schedules`.
            Default: (0.9, 0.999).
        eps: Added to the denominator of the update, so that it is not divided by zero. A finite number >= 0. Default:
            1e-08.
        weight_decay: Strength of the decoupled weight decay: each step multiplies the parameter by
            ``1 - lr*weight_decay`` before the update. ``decay`` chooses another factor. A finite number >= 0, or a
            callable that gets the number of steps taken so far (0 at the first step) and returns the value, such as
            those of `adamas.schedules`. Default: 0.0.
        maximize: Ascend along the gradient instead of descending. True or False. Default: False.
        blocks: Which elements share a second moment. 'rows': those with the same first index, such as the weights of
            one neuron or the embedding of one token; in a parameter of one dimension, each element has its own.
            'tensor': all elements of the parameter. 'elements': none, so that the rule is that of `AdamW`. A number:
            the parameter is divided into so many blocks of consecutive elements; for queries and keys of a transformer
            this is the number of heads, which `adamas.partitions.transformer_blocks` sets. 'rows', 'tensor', 'elements'
            or a whole number >= 1. Fixed at construction. Default: 'rows'.
        decay: How decoupled weight decay depends on the learning rate. 'scaled': the factor is ``1 - lr*weight_decay``.
            'corrected': it is ``1 - lr*(lr/max_lr)*weight_decay`` (AdamC, arXiv:2506.02285). This is for layers that a
            normalization follows: the ratio of gradient to weight then stays the same while ``lr`` falls; leave other
            layers at 'scaled'. 'independent': it is ``1 - (lr/max_lr)*weight_decay``, so that ``lr`` can be tuned
            alone; the same strength as under 'scaled' needs a ``weight_decay`` of about ``lr`` times the value there.
            'scaled', 'corrected' or 'independent'. Default: 'scaled'.
        max_lr: The largest learning rate of the schedule, which the decays 'corrected' and 'independent' need. None:
            ``lr`` of the group at construction, if that is a number > 0. None or a finite number > 0. Default: None.
        **options: The options below, each by its name. All optimizers have them.
        state_dtype: How states are kept: 'float32', 'bfloat16', 'int8' or 'int4', or such a dtype of NumPy, ml_dtypes
            or PyTorch. 'int8' and 'int4' are codes in blocks of 128 elements, with a float32 scale for each block.
            'float64' is for float64 parameters, and their only choice. None: float32, or float64 for float64
            parameters. Fixed at construction. Default: None.
        master_weights: Keep more of bfloat16 and float16 parameters than their 16 bits. True: keep a float32 copy.
            'split32' or 'split24' (bfloat16 only): keep the next 16 or 8 bits, so that the parameter and these bits
            together are a number of 32 or 24 bits. Fixed at construction. Default: False.
        rounding: How bfloat16 and float16 parameters are rounded. 'nearest': to the nearest. 'stochastic' (bfloat16
            only): up or down at random. 'kahan': to the nearest, while 16 bits keep what was cut off and add it to the
            next update. Fixed at construction. Default: 'nearest'.
        seed: Seed of stochastic rounding, a whole number from 0 to 2**64 - 1. Fixed at construction. Default: 0.
        num_threads: The most threads that a step may use, a whole number >= 1. None: the limit of the library
            (`adamas.get_num_threads`). Default: None.
        max_norm: The largest norm of the gradients, > 0. Gradients of a larger norm N are multiplied by
            ``max_norm / (N + 1e-6)`` in the pass that updates. Infinity: take the norm, and clip nothing. None: do not
            take the norm. Default: None.
        max_value: The largest magnitude of an element of a gradient, > 0. Larger elements are clipped to it. None: clip
            no element. Default: None.
        norm_type: Which norm ``max_norm`` bounds. 2: the root of the sum of squares. Infinity: the largest magnitude.
            Default: 2.0.
        clip_each: Clip the gradient of each parameter by its own norm, instead of clipping all gradients by the norm of
            all of them. Default: False.
        on_nonfinite: What to do about a gradient with an infinity or NaN. 'propagate': use it. 'skip': skip the whole
            step. 'raise': raise FloatingPointError, and change nothing. Default: 'propagate'.
        zero_grads: Set gradients to zero once they have been used. Default: False.
        accumulation: Which gradient a step uses after `Optimizer.accumulate`: the 'sum' of the parts, their 'mean', or
            their mean as a 'tree', whose additions have the order of a binary tree. Default: 'sum'.
        observe: Observe every so many-th step, beginning with the first: measure gradients, updates and parameters in
            the pass that updates (`Optimizer.observed`, `adamas.observe`). A whole number >= 1. None: observe a step
            only if its argument says so. Default: None.
        average: Keep an average of each parameter over the steps: `adamas.EMA` or `adamas.SWA`. None: keep none. Fixed
            at construction. Default: None.
        copy_out: bfloat16 or float16 arrays that receive copies of float32 parameters, nested as the parameters are;
            None in place of an array for a parameter without a copy. The copies are rounded to the nearest, at
            construction and in each step. None: no copies. Fixed at construction. Default: None.
        sparse: Parameters of two dimensions whose gradients may be single rows (`adamas.RowGrad`): a mapping of their
            names to a mode. 'lazy': a step does not touch the other rows, and each row counts its own steps. 'exact'
            (float32 under Adam and AdamW): the other rows take the step that a gradient of zeros would give; it is made
            up for when a row is next needed (`Optimizer.catch_up`). Fixed at construction. Default: None.
        state_memory: A function that provides the memory for all states. It is called once with a number of bytes, and
            returns a writeable array of uint8 of that length, for example a `numpy.memmap`. The array begins at a
            multiple of 64 bytes, and is filled with zeros. `adamas.Arena` uses this to put states beside the
            parameters. None: the optimizer allocates the memory. Fixed at construction. Default: None.

    States:
        - ``step``: How many steps the parameter has taken.
        - ``exp_avg``: An array of the parameter's shape, zeros at first.
        - ``exp_avg_sq``: One number for each block, or for each element where ``blocks`` says so, zeros at first.

        Bytes for each element of a float32, bfloat16 or float16 parameter: 4 with state_dtype None or 'float32', 2 with
        'bfloat16', 1.03 with 'int8', 0.53 with 'int4'. Where all states have the parameter's shape: 8 with state_dtype
        None or 'float32', 4 with 'bfloat16', 2.06 with 'int8', 1.06 with 'int4'. Beside that, ``exp_avg_sq``: 4 bytes
        for each number. For a float64 parameter: 8.

    Raises:
        TypeError: A parameter is not a plain floating-point array, an argument is unknown, or an argument has the wrong
            type.
        ValueError: A parameter cannot be updated in place, arrays overlap, an argument is out of range, or two
            arguments do not go together. The elements of a parameter do not divide into ``blocks`` blocks of one size.
        ImportError: ``state_dtype`` is bfloat16, and the package ml_dtypes is not installed.

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
