"""autograd's optimizer functions with autograd's arguments, and `optimize` with all rules and arguments of adamas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import adamas
from adamas.adapters import Array, class_named
from adamas.autograd._loop import start_at_one_step, train

LearningRate = float | Callable[[int], float]
#: ``grad(x, i)`` and ``callback(x, i, g)``.
Gradient = Callable[[Any, int], Any]
Callback = Callable[[Any, int, Any], object]


def adam(
    grad: Gradient,
    x0: Any,
    callback: Callback | None = None,
    num_iters: int = 100,
    step_size: LearningRate = 0.001,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    *,
    dtype: Any = None,
) -> Any:
    """Minimize by Adam, as ``autograd.misc.optimizers.adam``.

    Iteration i = 0, 1, ... computes from g = grad(x, i)::

        m <- b1*m + (1 - b1)*g
        v <- b2*v + (1 - b2)*g^2
        x <- x - step_size * (m / (1 - b1^(i+1))) / (sqrt(v / (1 - b2^(i+1))) + eps)

    Args:
        grad: A function of the parameters and the number of the iteration, counted from 0. It returns the gradient,
            nested as the parameters are.
        x0: The parameters at first: a number, an array, or lists, tuples and dicts of these. They are not changed.
        callback: None, or a function of the parameters, the number of the iteration and the gradient. It is called
            before each step.
        num_iters: The number of steps, >= 0.
        step_size: The learning rate, >= 0; or a function of the number of the iteration, counted from 0.
        b1: Decay rate of the first moment, in [0, 1).
        b2: Decay rate of the second moment, in [0, 1).
        eps: Added to the root of the second moment, >= 0.
        dtype: float32 or float64: what the parameters are converted to, and what they are computed in. None: float64,
            as autograd has it.

    Returns:
        The parameters after the last step, nested as ``x0``, in new arrays.

    Raises:
        TypeError: An argument or gradient of the wrong type; the message names it.
        ValueError: A gradient that does not fit ``x0``, or a number out of range; the message names it.

    Example:
        >>> import numpy as np
        >>> from adamas.autograd import adam
        >>> x = adam(lambda x, i: 2 * (x - 3), np.zeros(2), num_iters=500, step_size=0.1)
        >>> x.round(3)
        array([3., 3.])

    References:
        Kingma, Ba: Adam: A Method for Stochastic Optimization. ICLR 2015, arXiv:1412.6980.
    """

    def make(params: list[Array]) -> adamas.Optimizer:
        return adamas.Adam(params, lr=step_size, betas=(b1, b2), eps=eps)

    return train(make, grad, x0, callback, num_iters, dtype)


def rmsprop(
    grad: Gradient,
    x0: Any,
    callback: Callback | None = None,
    num_iters: int = 100,
    step_size: LearningRate = 0.1,
    gamma: float = 0.9,
    eps: float = 1e-8,
    *,
    dtype: Any = None,
) -> Any:
    """Minimize by RMSprop, as ``autograd.misc.optimizers.rmsprop``.

    Each iteration computes from g = grad(x, i), with v = 1 at first::

        v <- gamma*v + (1 - gamma)*g^2
        x <- x - step_size * g / (sqrt(v) + eps)

    Args:
        grad: A function of the parameters and the number of the iteration, counted from 0. It returns the gradient,
            nested as the parameters are.
        x0: The parameters at first: a number, an array, or lists, tuples and dicts of these. They are not changed.
        callback: None, or a function of the parameters, the number of the iteration and the gradient. It is called
            before each step.
        num_iters: The number of steps, >= 0.
        step_size: The learning rate, >= 0; or a function of the number of the iteration.
        gamma: Decay rate of the second moment, in [0, 1).
        eps: Added to the root of the second moment, >= 0.
        dtype: float32 or float64: what the parameters are converted to, and what they are computed in. None: float64,
            as in autograd.

    Returns:
        The parameters after the last step, nested as ``x0``, in new arrays.

    Raises:
        TypeError: An argument or gradient of the wrong type; the message names it.
        ValueError: A gradient that does not fit ``x0``, or a number out of range; the message names it.

    Example:
        >>> import numpy as np
        >>> from adamas.autograd import rmsprop
        >>> rmsprop(lambda x, i: 2 * x, np.array([5.0]), num_iters=200, step_size=0.05).round(1)
        array([0.])

    References:
        Tieleman, Hinton: Lecture 6.5, COURSERA: Neural Networks for Machine Learning, 2012.
    """

    def make(params: list[Array]) -> adamas.Optimizer:
        optimizer = adamas.RMSprop(params, lr=step_size, alpha=gamma, eps=eps)
        for state in optimizer.state.values():
            state["square_avg"][...] = 1.0
        return optimizer

    return train(make, grad, x0, callback, num_iters, dtype)


def sgd(
    grad: Gradient,
    x0: Any,
    callback: Callback | None = None,
    num_iters: int = 200,
    step_size: LearningRate = 0.1,
    mass: float = 0.9,
    *,
    dtype: Any = None,
) -> Any:
    """Minimize by gradient descent with momentum, as ``autograd.misc.optimizers.sgd``.

    Each iteration computes from g = grad(x, i), with b = 0 at first::

        b <- mass*b + (1 - mass)*g
        x <- x - step_size*b

    Args:
        grad: A function of the parameters and the number of the iteration, counted from 0. It returns the gradient,
            nested as the parameters are.
        x0: The parameters at first: a number, an array, or lists, tuples and dicts of these. They are not changed.
        callback: None, or a function of the parameters, the number of the iteration and the gradient. It is called
            before each step.
        num_iters: The number of steps, >= 0.
        step_size: The learning rate, >= 0.
        mass: How much of the momentum stays in a step, in [0, 1).
        dtype: float32 or float64: what the parameters are converted to, and what they are computed in. None: float64,
            as in autograd.

    Returns:
        The parameters after the last step, nested as ``x0``, in new arrays.

    Raises:
        TypeError: An argument or gradient of the wrong type; the message names it.
        ValueError: A gradient that does not fit ``x0``, or a number out of range; the message names it.

    Example:
        >>> import numpy as np
        >>> from adamas.autograd import sgd
        >>> sgd(lambda x, i: 2 * x, np.array([5.0])).round(3)
        array([-0.])
    """

    def make(params: list[Array]) -> adamas.Optimizer:
        optimizer = adamas.SGD(params, lr=step_size, momentum=mass, dampening=mass)
        start_at_one_step(optimizer, ["momentum_buffer"] if mass else [], 0.0)
        return optimizer

    return train(make, grad, x0, callback, num_iters, dtype)


def optimize(
    rule: str | type[adamas.Optimizer],
    grad: Gradient,
    x0: Any,
    callback: Callback | None = None,
    num_iters: int = 100,
    *,
    dtype: Any = None,
    **arguments: Any,
) -> Any:
    """Minimize by any rule of adamas, called as autograd's optimizers are.

    If the rule averages by itself, or with the option ``average``, the average is returned. ``callback`` gets the
    parameters in training.

    Args:
        rule: A name as ``"adamw"`` or ``"schedule_free_sgd"``, or a class as `adamas.Lion`.
        grad: A function of the parameters and the number of the iteration, counted from 0. It returns the gradient,
            nested as the parameters are.
        x0: The parameters at first: a number, an array, or lists, tuples and dicts of these. They are not changed.
        callback: None, or a function of the parameters, the number of the iteration and the gradient. It is called
            before each step.
        num_iters: The number of steps, >= 0.
        dtype: float32 or float64: what the parameters are converted to, and what they are computed in. None: float64,
            as in autograd.
        **arguments: Hyperparameters and options of the class, as ``lr``, ``weight_decay`` or ``max_norm``.

    Returns:
        The parameters after the last step, nested as ``x0``, in new arrays.

    Raises:
        TypeError: An argument or gradient of the wrong type; the message names it.
        ValueError: A gradient that does not fit ``x0``, an unknown rule, or a number out of range.

    Example:
        >>> import numpy as np
        >>> from adamas.autograd import optimize
        >>> x = optimize("nadam", lambda x, i: {"w": 2 * x["w"]}, {"w": np.ones(2)}, num_iters=300, lr=0.05)
        >>> abs(x["w"]).round(2)
        array([0., 0.])
    """
    chosen = class_named(rule, "rule")
    return train(lambda params: chosen(params, **arguments), grad, x0, callback, num_iters, dtype)
