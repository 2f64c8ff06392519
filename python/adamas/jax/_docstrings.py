"""Docstrings of the optimizers for pytrees, with every argument and every option spelled out."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

from adamas.adapters import Optimizer, describe
from adamas.adapters.docstrings import class_docstring, described, joined, listed, option_texts, wrapped
from adamas.jax._arguments import OPTIONS, can_change
from adamas.rules import SPECS
from adamas.rules.optax_functions import Function

_SCHEDULE = (
    "a schedule, which is a function of the number of steps taken so far (int32) in JAX's operations, or an array of "
    "one number, which may be traced"
)

MASK = (
    "Which parameters weight decay is for: a pytree of booleans with the structure of the parameters, or a function "
    "that returns one for them. None: all parameters. Default: None."
)

#: Texts on options that mean something else here.
_OPTION_TEXTS = {
    "on_nonfinite": "What to do about a gradient with an infinity or NaN. 'propagate': use it. 'skip': skip the whole "
    "step; the report in the state says so. ('raise' is refused: a compiled step cannot raise.) Default: 'propagate'.",
}

_RAISES = {
    "TypeError": "An argument is unknown or has the wrong type.",
    "ValueError": "An argument is out of range, or two arguments do not go together.",
}


def jax_options() -> Mapping[str, str]:
    """Return the texts on the options that there are."""
    given = {**option_texts(), **_OPTION_TEXTS}
    return {name: given[name] for name in OPTIONS}


def jax_docstring(optimizer_class: type[Optimizer]) -> str | None:
    """Return the docstring of the class of `adamas.jax` that is stepped by one of adamas."""
    spec, info = optimizer_class.spec, describe(optimizer_class)
    if not spec.__doc__:
        return None
    texts = {}
    for each in spec.arguments:
        changes = can_change(info, each.name) and each.name not in spec.numbers_only
        texts[each.name] = described(each._replace(schedulable=changes), callables=_SCHEDULE)
    texts |= {
        "mask": MASK,
        "**options": "The options below, each by its name. All optimizers have them.",
        **jax_options(),
    }
    example = f"""\\
>>> import jax.numpy as jnp
>>> import adamas.jax
>>> opt = adamas.jax.{spec.name}()
>>> params = jnp.array([1.0, -2.0])
>>> state = opt.init(params)
>>> for _ in range(10):
...     params, state = opt.step(params, 2 * params, state)
>>> bool((jnp.abs(params) < jnp.array([1.0, 2.0])).all())
True"""
    return class_docstring(spec, texts, raises=_RAISES, example=example)


def transform_docstring(name: str, function: Function) -> str | None:
    """Return the docstring of a function with the arguments of one of optax's.

    Args:
        name: Its name.
        function: What it computes, and its arguments.
    """
    spec = SPECS[function.rule]
    if not spec.__doc__:
        return None
    names = {
        "lr": "learning_rate",
        **({"mask": "weight_decay_mask"} if "weight_decay_mask" in function.arguments else {}),
    }
    texts = {}
    for argument, default in {"learning_rate": inspect.Parameter.empty, **function.arguments}.items():
        if argument.endswith("mask"):
            texts[argument] = MASK
            continue
        part = int(argument[1]) - 1 if argument in ("b1", "b2", "b3") else None
        each = spec.by_name["betas" if part is not None else {"learning_rate": "lr"}.get(argument, argument)]
        texts[argument] = described(
            each._replace(schedulable=True), default, part=part, names=names, callables=_SCHEDULE
        )
    texts |= {
        argument: f"Must be {value!r}; for other values use ``optax.{name}``. Default: {value!r}."
        for argument, value in function.neutral.items()
    }
    for option, text in jax_options().items():
        said, _, default = text.rpartition(" Default: ")
        texts[option] = f"{text}" if default == "None." else f"{said} None: {default} Default: None."
    return joined(
        f"Return `adamas.jax.{function.rule}` as a transformation, with the arguments of ``optax.{name}``.\n\n"
        f"{spec.documentation['']}",
        {
            "Args": listed(texts),
            "Returns": wrapped(
                "An ``optax.GradientTransformation``. Its ``update`` returns differences; its ``apply(params, grads, "
                "state)`` returns new parameters and state, in place where they are donated."
            ),
            "Raises": listed(_RAISES),
            "Example": _transform_example(name),
            "References": spec.documentation["References"],
        },
    )


def _transform_example(name: str) -> str:
    return f"""\
>>> import jax.numpy as jnp
>>> import adamas.jax
>>> tx = adamas.jax.{name}(0.01)
>>> params = jnp.array([1.0, -2.0])
>>> state = tx.init(params)
>>> for _ in range(10):
...     params, state = tx.apply(params, 2 * params, state)
>>> bool((jnp.abs(params) < jnp.array([1.0, 2.0])).all())
True"""
