"""The function `minimize`."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

import adamas
from adamas.adapters import Array, class_named
from adamas.adapters.checks import check_flag, dtype_name, number, whole_number
from adamas.scipy._bounds import Box
from adamas.scipy._descent import Descent
from adamas.scipy._objective import Objective, batches_of
from adamas.scipy._report import Report, summarize


def minimize(
    fun: Callable[..., Any],
    x0: Any,
    args: Any = (),
    *,
    jac: Any = None,
    hess: Any = None,
    hessp: Any = None,
    bounds: Any = None,
    constraints: Any = (),
    callback: Callable[..., Any] | None = None,
    tol: float | None = None,
    rule: str | type[adamas.Optimizer] = adamas.Adam,
    maxiter: int = 1000,
    gtol: float | None = None,
    batch: Callable[[int], Any] | Iterable[Any] | None = None,
    disp: bool = False,
    progress: bool = False,
    **hyperparameters: Any,
) -> Any:
    r"""Minimize a function of one or more variables by a rule of adamas.

    Call it by itself, or give it to SciPy::

        scipy.optimize.minimize(fun, x0, jac=jac, method=adamas.minimize, options=dict(rule="adamw", lr=0.01))

    From the gradient g of ``fun`` at x, each iteration computes a step by the rule, and then the nearest point within
    the bounds. It ends when no element of g is larger than ``gtol``. (With bounds, it looks at :math:`x - P(x - g)`
    instead of g, where P is the projection.) For a smooth function in few variables that is not noisy, SciPy's own
    methods (BFGS) take far fewer evaluations. This one is for noisy or stochastic functions, and for very many
    variables.

    Args:
        fun: The function: ``fun(x, *args) -> float``. ``x`` is a copy, which it may keep or change.
        x0: The variables at first, of one dimension. They are float32 if they come so, and else float64.
        args: What ``fun`` and ``jac`` get after ``x``: a tuple, or one value.
        jac: The gradient: ``jac(x, *args) -> array``. True: ``fun`` returns the pair of value and gradient. None:
            finite differences, which take one evaluation for each variable.
        hess: Not used; a warning says so.
        hessp: Not used; a warning says so.
        bounds: None, a ``scipy.optimize.Bounds``, or for each variable a pair (least, largest) with None for no bound.
        constraints: Not supported.
        callback: Called after each iteration: as ``callback(intermediate_result)``, with the attributes ``x``, ``fun``
            and ``nit``, if its argument has that name, else as ``callback(xk)``. It may raise StopIteration.
        tol: Another name for ``gtol``.
        rule: A name such as ``"adamw"`` or ``"schedule_free_sgd"``, or a class such as `adamas.Lion`.
        maxiter: The most iterations, >= 0.
        gtol: Stop when no element of the gradient is larger, >= 0. None: 1e-5, or no such test with ``batch``.
        batch: For functions of data that come in batches (stochastic objectives): a function of the number of the
            iteration, from 0 on, or an iterable of batches, which is read again from its beginning after its end. Both
            functions get the batch as their second argument: ``fun(x, batch, *args)``. An iterator ends the
            minimization when it ends.
        disp: Print how it ended.
        progress: Show a progress bar, which needs tqdm.
        **hyperparameters: The arguments of the rule's class: its hyperparameters (``lr``, a number or a function of the
            step; ``betas``; ``weight_decay``) and `adamas.Options` (``average``, ``max_norm``, ``num_threads``).

    Returns:
        A ``scipy.optimize.OptimizeResult``: ``x``; ``fun``, the value there (with ``batch``: on the last batch);
        ``jac``, the gradient there (not with ``batch``); ``nit``, ``nfev``, ``njev``; ``success``; ``status`` and
        ``message``. 0: the gradient is small. 1: ``maxiter`` has been reached, which is a success if there is no
        ``gtol``. 2: the gradient was not finite. 3: there are no more batches. 99: the callback stopped it. If the rule
        averages by itself (`adamas.ScheduleFreeAdamW`), or with the option ``average``, x is the average.

    Raises:
        ImportError: SciPy is missing; or tqdm, with ``progress``.
        TypeError: An argument of the wrong type, or what ``fun`` or ``jac`` returned.
        ValueError: An argument out of range or unknown, constraints, or a gradient of the wrong shape.

    Example:
        >>> import numpy as np
        >>> import adamas
        >>> result = adamas.minimize(lambda x: ((x - 3) ** 2).sum(), np.zeros(2), jac=lambda x: 2 * (x - 3), lr=0.1)
        >>> result.x.round(4), result.success
        (array([3., 3.]), True)

    References:
        Kingma, Ba: Adam: A Method for Stochastic Optimization. ICLR 2015, arXiv:1412.6980. The descriptions of the
        classes have the papers of the other rules.
    """
    result_class = _result_class()
    if constraints is not None and np.size(constraints):
        raise ValueError("constraints: are not supported; use bounds, or a penalty in fun")
    for name, given in (("hess", hess), ("hessp", hessp)):
        if given is not None:
            warnings.warn(f"adamas.minimize does not use {name}", RuntimeWarning, stacklevel=2)
    check_flag(disp, "disp")
    x = _variables(x0)
    objective = Objective(fun, jac, args if isinstance(args, tuple) else (args,))
    descent = Descent(
        x,
        objective,
        box=None if bounds is None else Box(bounds, x),
        batches=batches_of(batch),
        report=Report(callback, result_class, whole_number(maxiter, "maxiter", 0), check_flag(progress, "progress")),
        optimizer=class_named(rule, "rule")(x, **hyperparameters),
    )
    enough = _tolerance(tol, gtol, stochastic=batch is not None)
    end = descent.run(maxiter, enough)
    result = result_class(x=descent.found(), fun=objective.value())
    if batch is None:
        result.jac = objective.gradient()
    result.update(nit=descent.nit, nfev=objective.nfev, njev=objective.njev)
    result.update(success=end.is_success(tested=enough is not None), status=end.value, message=end.message)
    if disp:
        summarize(result)
    return result


def _result_class() -> Any:
    try:
        from scipy.optimize import OptimizeResult  # noqa: PLC0415
    except ImportError as error:
        raise ImportError("adamas.minimize: needs SciPy; install it with: pip install 'adamas[scipy]'") from error
    return OptimizeResult


def _variables(x0: Any) -> Array:
    """Return a copy of the variables, as float32 or float64."""
    given = np.atleast_1d(np.asarray(x0))
    if given.ndim != 1:
        raise ValueError(f"x0: expected one dimension, got shape {given.shape}; write x0.ravel()")
    if given.dtype.kind not in "fiub":
        raise TypeError(f"x0: expected real numbers, got {dtype_name(given.dtype)}")
    return np.array(given, np.float32 if given.dtype == np.float32 else np.float64)


def _tolerance(tol: Any, gtol: Any, *, stochastic: bool) -> float | None:
    """Return the largest element of a gradient that is small enough; None for no such test."""
    for name, given in (("gtol", gtol), ("tol", tol)):
        if given is not None:
            return number(given, name, "a finite number >= 0", 0.0, math.inf)
    return None if stochastic else 1e-5
