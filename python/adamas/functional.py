"""Updates of one parameter, in place, for those who keep the states themselves."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

import numpy as np

from adamas import _core, reference
from adamas._inputs.arrays import check_array, check_like, check_overlap
from adamas._inputs.hyperparameters import SCHEDULABLE, check_group, check_threads, number, whole_number
from adamas._inputs.names import no_argument
from adamas._inputs.values import shown
from adamas._optimizer.base import Optimizer
from adamas._types import Array
from adamas.rules.rule import RULES

_F = TypeVar("_F", bound=Callable[..., None])

__all__ = [
    "adabelief_",
    "adagrad_",
    "adam_",
    "adamax_",
    "adamw_",
    "adan_",
    "ademamix_",
    "adopt_",
    "lamb_",
    "lion_",
    "nadam_",
    "radam_",
    "rmsprop_",
    "schedule_free_adamw_",
    "sgd_",
    "yogi_",
]


def _names_arguments(update: _F) -> _F:
    """Say which arguments a function has, when it is given one that it does not have."""
    parameters = inspect.signature(update).parameters
    known = [name for name, parameter in parameters.items() if parameter.kind is inspect.Parameter.KEYWORD_ONLY]

    @functools.wraps(update)
    def checked(*args: Any, **kwargs: Any) -> None:
        try:
            update(*args, **kwargs)
        except TypeError:
            for name in kwargs:
                if name not in parameters:
                    raise TypeError(no_argument(name, update.__name__, known)) from None
            raise

    return cast("_F", checked)


@_names_arguments
def adam_(
    param: Array,
    grad: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    max_exp_avg_sq: Array | None = None,
    *,
    step: int,
    lr: float = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    maximize: bool = False,
    bias_correction: bool = True,
    eps_hat: bool = False,
    decoupled_weight_decay: bool = False,
    num_threads: int | None = None,
) -> None:
    """One update of `adamas.Adam`, in place; the equations, the hyperparameters and the papers are there.

    Args:
        param: The parameter: float32 or float64, C-contiguous, aligned, writeable. Updated.
        grad: Its gradient, of the same shape and dtype. Only read.
        exp_avg: First moment, of the same shape and dtype, zeros at first. Updated.
        exp_avg_sq: Second moment, likewise.
        max_exp_avg_sq: Largest second moment so far, likewise; giving it asks for AMSGrad.
        step: Which step this is, from 1.
        lr: Learning rate, >= 0.
        betas: Decay rates of the two moments, each in [0, 1).
        eps: Added to the denominator, >= 0.
        weight_decay: Factor of the L2 penalty, >= 0.
        maximize: Ascend instead of descend.
        bias_correction: Correct the moments for their start at zero.
        eps_hat: Add eps before the bias correction.
        decoupled_weight_decay: Decay as `adamw_` does.
        num_threads: The most threads to use; None for the library's limit.

    Raises:
        TypeError: An argument of the wrong type; the message names it. Nothing has changed.
        ValueError: An array that does not fit or overlaps another, or a value out of range. Nothing has changed.

    Example:
        >>> import numpy as np
        >>> from adamas.functional import adam_
        >>> p, m, v = np.ones(2), np.zeros(2), np.zeros(2)
        >>> adam_(p, np.array([1.0, -1.0]), m, v, step=1, lr=0.5, eps=0.0)
        >>> p
        array([0.5, 1.5])

    References:
        D. P. Kingma, J. Ba: Adam: A Method for Stochastic Optimization. ICLR 2015, arXiv:1412.6980.
    """
    states = {"exp_avg": exp_avg, "exp_avg_sq": exp_avg_sq}
    if max_exp_avg_sq is not None:
        states["max_exp_avg_sq"] = max_exp_avg_sq
    group = {
        "lr": lr,
        "betas": betas,
        "eps": eps,
        "weight_decay": weight_decay,
        "maximize": maximize,
        "bias_correction": bias_correction,
        "eps_hat": eps_hat,
        "decoupled_weight_decay": decoupled_weight_decay,
    }
    rule = "adam" if max_exp_avg_sq is None else "amsgrad"
    _update(rule, param, grad, states, group, step, num_threads)


@_names_arguments
def adamw_(
    param: Array,
    grad: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    max_exp_avg_sq: Array | None = None,
    *,
    step: int,
    lr: float = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 1e-2,
    maximize: bool = False,
    bias_correction: bool = True,
    eps_hat: bool = False,
    num_threads: int | None = None,
) -> None:
    """One update of `adamas.AdamW`, in place; arguments and errors as in `adam_`, with decoupled weight decay.

    Args:
        param: As in `adam_`.
        grad: As in `adam_`.
        exp_avg: As in `adam_`.
        exp_avg_sq: As in `adam_`.
        max_exp_avg_sq: As in `adam_`.
        step: As in `adam_`.
        lr: As in `adam_`.
        betas: As in `adam_`.
        eps: As in `adam_`.
        weight_decay: Strength of the decay, >= 0; ``param`` is multiplied by ``1 - lr*weight_decay``.
        maximize: As in `adam_`.
        bias_correction: As in `adam_`.
        eps_hat: As in `adam_`.
        num_threads: As in `adam_`.

    Example:
        >>> import numpy as np
        >>> from adamas.functional import adamw_
        >>> p, m, v = np.ones(2), np.zeros(2), np.zeros(2)
        >>> adamw_(p, np.zeros(2), m, v, step=1, lr=0.5, weight_decay=0.5)
        >>> p
        array([0.75, 0.75])

    References:
        I. Loshchilov, F. Hutter: Decoupled Weight Decay Regularization. ICLR 2019, arXiv:1711.05101.
    """
    adam_(
        param,
        grad,
        exp_avg,
        exp_avg_sq,
        max_exp_avg_sq,
        step=step,
        lr=lr,
        betas=betas,
        eps=eps,
        weight_decay=weight_decay,
        maximize=maximize,
        bias_correction=bias_correction,
        eps_hat=eps_hat,
        decoupled_weight_decay=True,
        num_threads=num_threads,
    )


class Update:
    """One update of one parameter by the rule of an optimizer; `adamas.functional` has one for each."""

    def __init__(self, optimizer: type[Optimizer]) -> None:
        self._optimizer = optimizer
        name = optimizer.__name__
        self.__doc__ = f"""One update of `adamas.{name}`, in place; equations, hyperparameters and papers are there.

        Args:
            param: The parameter: float32 or float64, C-contiguous, aligned, writeable. Updated.
            grad: Its gradient, of the same shape and dtype. Only read.
            *states: The states that ``adamas.{name}`` keeps, in the order of its ``opt.state``, each of the same shape
                and dtype, and with the first values that it gives them. Updated.
            step: Which step this is, from 1.
            scalars: What the rule keeps beside the step count, if anything (see the class). Updated.
            num_threads: The most threads to use; None for the library's limit.
            **hyperparameters: As in `adamas.{name}`.

        Raises:
            TypeError: An argument of the wrong type; the message names it. Nothing has changed.
            ValueError: An array that does not fit or overlaps another, or a value out of range. Nothing has changed.
        """

    @functools.cached_property
    def _model(self) -> Optimizer:
        make: Any = self._optimizer
        model: Optimizer = make([np.zeros(1)])
        return model

    def __call__(
        self,
        param: Array,
        grad: Array,
        *states: Array,
        step: int,
        scalars: dict[str, float] | None = None,
        num_threads: int | None = None,
        **hyperparameters: Any,
    ) -> None:
        """Update."""
        known = self._model.defaults
        names = [name for name in known if name not in self._model._fixed]
        for name in hyperparameters:
            if name not in names:
                raise TypeError(no_argument(name, self._optimizer.__name__, [*names, "step", "scalars", "num_threads"]))
        group = {**known, **hyperparameters}
        _refuse_schedules(group)
        self._model._model.groups.check_one(group, "{}", None)
        rule = self._model._rule(group)
        info = RULES[rule]
        if len(states) != len(info.states):
            raise TypeError(f"states: expected {', '.join(info.states) or 'none'}, got {len(states)}")
        numbers = _checked_scalars(scalars, info.scalars)
        named = dict(zip(info.states, states, strict=True))
        _update(rule, param, grad, named, group, step, num_threads, numbers, self._model._beta_count)
        if scalars is not None:
            dict.update(scalars, zip(info.scalars, numbers, strict=True))  # whatever a subclass does

    def __repr__(self) -> str:
        return f"<one update of adamas.{self._optimizer.__name__}>"


def _checked_scalars(scalars: dict[str, float] | None, known: Mapping[str, float]) -> list[float]:
    if known and not isinstance(scalars, dict):
        raise TypeError(f"scalars: expected a dict of {', '.join(known)}, to be moved on, got {shown(scalars)}")
    if scalars and set(scalars) != set(known):
        raise ValueError(f"scalars: expected {', '.join(known) or 'none'}, got {', '.join(map(str, scalars))}")
    given = scalars or {}
    return [number(given[name], f"scalars[{name!r}]", "a finite number >= 0", 0.0, math.inf) for name in known]


def _refuse_schedules(group: dict[str, Any]) -> None:
    for name in SCHEDULABLE:
        if callable(group.get(name)):
            expected = "numbers" if name == "betas" else "a finite number >= 0"
            raise TypeError(f"{name}: expected {expected}, got {shown(group[name])}; call it with the step yourself")


def _update(
    rule: str,
    param: Array,
    grad: Array,
    states: dict[str, Array],
    group: dict[str, Any],
    step: int,
    num_threads: int | None,
    scalars: list[float] | None = None,
    beta_count: int = 2,
) -> None:
    count = whole_number(step, "step", 1)
    if count >= 2**62:
        raise ValueError(f"step: expected a whole number >= 1, got {shown(step)}")
    _refuse_schedules(group)
    arrays = tuple(states.values())
    threads = check_threads(num_threads)
    if _core.update(rule, param, grad, arrays, group, beta_count, count, threads, scalars or []):
        return
    check_array(param, "param", writable=True)
    if param.dtype.itemsize < 4:
        raise TypeError(f"param: expected dtype float32 or float64, got {param.dtype}; for others, make an optimizer")
    check_like(grad, "grad", param, "param")
    for name, state in states.items():
        check_like(state, name, param, "param", writable=True)
    check_overlap([("param", param), ("grad", grad), *states.items()])
    check_group(group, "{}", group, count - 1, beta_count=beta_count)
    raise RuntimeError("an input changed while it was being checked; nothing was updated")


nadam_ = Update(reference.NAdam)
radam_ = Update(reference.RAdam)
adamax_ = Update(reference.Adamax)
adabelief_ = Update(reference.AdaBelief)
yogi_ = Update(reference.Yogi)
adagrad_ = Update(reference.Adagrad)
rmsprop_ = Update(reference.RMSprop)
lion_ = Update(reference.Lion)
lamb_ = Update(reference.LAMB)
adan_ = Update(reference.Adan)
adopt_ = Update(reference.ADOPT)
ademamix_ = Update(reference.AdEMAMix)
schedule_free_adamw_ = Update(reference.ScheduleFreeAdamW)
sgd_ = Update(reference.SGD)
