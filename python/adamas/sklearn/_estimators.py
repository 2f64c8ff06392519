"""``MLPClassifier`` and ``MLPRegressor`` of scikit-learn, trained by adamas."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable
from typing import Any

import sklearn
from sklearn import neural_network
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer as SklearnAdam
from sklearn.neural_network._stochastic_optimizers import SGDOptimizer as SklearnSGD

from adamas.adapters import RULE_NAMES, Array
from adamas.sklearn._optimizers import AdamOptimizer, SGDOptimizer
from adamas.sklearn._rules import RuleOptimizer, check

#: What replaces an optimizer of scikit-learn, if no other rule is asked for.
_COUNTERPARTS: dict[type, Any] = {SklearnAdam: AdamOptimizer, SklearnSGD: SGDOptimizer}

_DOC = """{base} of scikit-learn, trained by adamas.

It has all arguments, attributes and methods of ``sklearn.neural_network.{base}``, and two more arguments, by name.

Args:
    optimizer: Which rule trains the network, with ``solver="adam"`` and ``solver="sgd"``:

        - None: the solver itself. The results are those of scikit-learn.
        - A name: {names}. The rule has its own defaults (``beta_1``, ``beta_2``, ``epsilon``, ``momentum`` and
          ``nesterovs_momentum`` are for None alone), except for the learning rate, which is ``learning_rate_init`` for
          every rule. With ``solver="sgd"`` it changes as ``learning_rate`` says.
        - A class of adamas, or ``functools.partial`` of one with its arguments:
          ``functools.partial(adamas.AdamW, betas=(0.9, 0.95), state_dtype="int8")``.
        - Another function. It is called as ``optimizer(groups, lr=learning_rate_init)`` with two groups of parameters,
          the weight matrices and the biases, and returns an optimizer of adamas for them.

        If the rule averages by itself (`adamas.ScheduleFreeAdamW`), or with the option ``average``, predictions and
        validation scores are those of the average.
    weight_decay: The weight decay of weight matrices; biases have none. Without ``optimizer`` it is decoupled: before
        each step weights are multiplied by ``1 - learning_rate * weight_decay``. With a rule it is what the rule's
        ``weight_decay`` is. None: no decay without ``optimizer``, else the rule's default. (``alpha`` is a penalty in
        the loss, and is there beside it.)

Raises:
    TypeError: ``fit`` and ``partial_fit`` raise it if an argument has the wrong type.
    ValueError: ``fit`` and ``partial_fit`` raise it if a name is unknown, a number is out of range, or arguments do not
        go together.

Example:
    >>> from sklearn.datasets import load_digits
    >>> from adamas.sklearn import {base}
    >>> X, y = load_digits(return_X_y=True)
    >>> model = {base}(hidden_layer_sizes=(64,), optimizer="adamw", weight_decay=0.1, random_state=0, tol=0.01)
    >>> model.fit(X, y).score(X, y) > 0.8
    True

What follows is scikit-learn's description of the class.

{description}
"""


class _Exchange:
    """The attribute ``_optimizer`` of an estimator: when scikit-learn sets it, adamas's takes the place of its own."""

    def __get__(self, estimator: Any, owner: Any = None) -> Any:
        if estimator is None:
            return self
        try:
            return vars(estimator)["_optimizer"]
        except KeyError:
            raise AttributeError(f"{type(estimator).__name__!r} object has no attribute '_optimizer'") from None

    def __set__(self, estimator: Any, built: Any) -> None:
        if type(built) not in _COUNTERPARTS:
            raise _unsupported()
        if estimator.optimizer is None:
            optimizer = _COUNTERPARTS[type(built)].like(built, estimator.weight_decay)
        else:
            optimizer = RuleOptimizer(built, estimator.optimizer, estimator.weight_decay)
        vars(estimator)["_optimizer"] = optimizer


class _TrainedByAdamas:
    """What an estimator does otherwise than scikit-learn's."""

    _optimizer = _Exchange()

    optimizer: Any
    weight_decay: float | None
    solver: str
    early_stopping: bool
    coefs_: list[Array]
    intercepts_: list[Array]

    def _fit(self, *args: Any, **kwargs: Any) -> Any:
        check(self.optimizer, self.weight_decay, self.solver)
        before = vars(self).get("_optimizer")
        goes_on = kwargs.get("incremental", False)
        if goes_on and before is not None:
            self._check_unchanged(before)
            self._exchange_params(before.resume)
        try:
            fitted = super()._fit(*args, **kwargs)  # type: ignore[misc]
        finally:
            trained = vars(self).get("_optimizer")
            if trained is not None and hasattr(self, "coefs_"):
                self._exchange_params(trained.finish)
        if self.solver != "lbfgs" and (trained is None or (trained is before and not goes_on)):
            raise _unsupported()
        return fitted

    def _update_no_improvement_count(self, *args: Any, **kwargs: Any) -> None:
        """Let validation scores, and the best parameters, be those that predictions are made with."""
        with self._optimizer.evaluated() if self.early_stopping else contextlib.nullcontext():
            super()._update_no_improvement_count(*args, **kwargs)  # type: ignore[misc]

    def _check_unchanged(self, optimizer: Any) -> None:
        """Refuse arguments that were changed between two calls of ``partial_fit``: nobody would read them."""
        for name, began in (("optimizer", optimizer.choice), ("weight_decay", optimizer.weight_decay)):
            present = getattr(self, name)
            if present is not began and present != began:
                raise ValueError(
                    f"{name}: was {began!r} when training began, and is {present!r}; it cannot change between two "
                    "calls of partial_fit; call fit to start again"
                )

    def _exchange_params(self, exchange: Callable[[list[Array]], list[Array]]) -> None:
        """Set the parameters to what a function returns for them."""
        count = len(self.coefs_)
        params = exchange(self.coefs_ + self.intercepts_)
        self.coefs_, self.intercepts_ = params[:count], params[count:]


def _unsupported() -> RuntimeError:
    return RuntimeError(
        f"adamas.sklearn: scikit-learn {sklearn.__version__} trains its networks in a way that adamas does not know; "
        "no step was taken by adamas; use another version of scikit-learn, or the classes of sklearn.neural_network"
    )


def _constructor(base: Any) -> Any:
    """Return an ``__init__`` with the arguments of a class of scikit-learn, and two more."""

    def __init__(self: Any, *args: Any, optimizer: Any = None, weight_decay: Any = None, **kwargs: Any) -> None:  # noqa: N807
        base.__init__(self, *args, **kwargs)
        self.optimizer = optimizer
        self.weight_decay = weight_decay

    own = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None) for name in ("optimizer", "weight_decay")
    ]
    signature: Any = inspect.signature(base.__init__)
    # scikit-learn takes the names of all arguments from here.
    __init__.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *own])  # type: ignore[attr-defined]
    return __init__


def _description(base: Any) -> str:
    names = ", ".join(f'``"{name}"``' for name in RULE_NAMES)
    return _DOC.format(base=base.__name__, names=names, description=inspect.getdoc(base))


class MLPClassifier(_TrainedByAdamas, neural_network.MLPClassifier):
    __doc__ = _description(neural_network.MLPClassifier)
    __init__ = _constructor(neural_network.MLPClassifier)


class MLPRegressor(_TrainedByAdamas, neural_network.MLPRegressor):
    __doc__ = _description(neural_network.MLPRegressor)
    __init__ = _constructor(neural_network.MLPRegressor)
