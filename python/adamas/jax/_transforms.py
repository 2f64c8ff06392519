"""Optimizers under the names and arguments of optax's, as gradient transformations."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from adamas.adapters.checks import no_argument, shown
from adamas.jax import _optimizers
from adamas.jax._arguments import OPTIONS
from adamas.jax._docstrings import transform_docstring
from adamas.jax._optimizer import Optimizer
from adamas.jax._trees import is_dynamic
from adamas.rules.optax_functions import FUNCTIONS, Function

__all__ = ["transformation", *FUNCTIONS]  # noqa: PLE0604

_WORDS = {"learning_rate": "lr", "weight_decay_mask": "mask"}


@functools.cache
def _transformation_class() -> Any:
    import optax

    class Transformation(optax.GradientTransformationExtraArgs):
        """A gradient transformation of optax that can also take its step in place.

        Attributes:
            optimizer: What it does.
            init: The function ``init`` of optax: ``state = init(params)``.
            update: The function ``update`` of optax: ``updates, state = update(grads, state, params)``. It takes a step
                and returns by how much the parameters differ; so it needs ``params``, and memory for new parameters.
        """

        optimizer: Optimizer

        def apply(self, params: Any, grads: Any, state: Any, **more: Any) -> tuple[Any, Any]:
            """Return parameters and state after a step: `Optimizer.step`, in place where they are donated."""
            return self.optimizer.step(params, grads, state, **more)

    return Transformation


def transformation(optimizer: Optimizer) -> Any:
    """Return an optimizer as an ``optax.GradientTransformation``, for chains, masks, and all that optax wraps.

    Args:
        optimizer: An optimizer of `adamas.jax`.

    Returns:
        A transformation whose ``apply`` is the optimizer's ``step``. ``update`` returns differences, which
        ``optax.apply_updates`` adds again: that is rounded, and takes more time than ``apply``.
    """

    def init(params: Any) -> Any:
        return optimizer.init(params) if jax.tree_util.tree_leaves(params) else optimizer.init_without_params()

    def update(updates: Any, state: Any, params: Any = None, **more: Any) -> tuple[Any, Any]:
        if not jax.tree_util.tree_leaves(updates):
            return updates, state._replace(count=state.count + 1)
        if params is None:
            raise ValueError("params: an optimizer of adamas needs the parameters; write update(grads, state, params)")
        known = ("grad_scale", *optimizer.hyperparameters)  # other transformations of a chain may take the others
        new, after = optimizer.step(params, updates, state, **{name: more[name] for name in known if name in more})
        return jax.tree_util.tree_map(lambda a, b: a - b, new, params), after

    made = _transformation_class()(init, update)
    made.optimizer = optimizer
    return made


def _make(name: str, function: Function) -> Callable[..., Any]:
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    arguments = {"learning_rate": inspect.Parameter.empty, **function.arguments}
    parameters = []
    for each, default in arguments.items():
        kind = inspect.Parameter.KEYWORD_ONLY if each == function.named else kind
        parameters.append(inspect.Parameter(each, kind, default=default))
    parameters += [inspect.Parameter(each, inspect.Parameter.KEYWORD_ONLY, default=None) for each in OPTIONS]
    signature = inspect.Signature(parameters)

    def made(*args: Any, **kwargs: Any) -> Any:
        for each, neutral in function.neutral.items():
            given = kwargs.pop(each, neutral)
            is_default = each.endswith("_dtype") and given is not None and jnp.dtype(given) == jnp.float32
            if is_dynamic(given) or (given != neutral and not is_default):
                raise ValueError(f"{each}: adamas has {neutral!r} alone, got {shown(given)}; take optax.{name}")
        for each in kwargs:
            if each not in signature.parameters:
                raise TypeError(no_argument(each, name, list(arguments), list(OPTIONS)))
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        values = dict(bound.arguments)
        options = {each: value for each in OPTIONS if (value := values.pop(each)) is not None}
        betas = tuple(values.pop(each) for each in ("b1", "b2", "b3") if each in values)
        if betas:
            values["betas"] = betas
        if values.get("momentum", 0.0) is None:
            values["momentum"] = 0.0
        own = {_WORDS.get(each, each): value for each, value in values.items()}
        rule: type[Optimizer] = getattr(_optimizers, function.rule)
        return transformation(rule(**own, **function.fixed, **options))

    made.__name__ = made.__qualname__ = name
    made.__module__ = __name__
    made.__signature__ = signature  # type: ignore[attr-defined]
    made.__doc__ = transform_docstring(name, function)
    return made


for _name, _function in FUNCTIONS.items():
    globals()[_name] = _make(_name, _function)
