"""Docstrings of the optimizers for tensors, with every argument and every option spelled out."""

from __future__ import annotations

from collections.abc import Mapping

from adamas.adapters import Optimizer
from adamas.adapters.docstrings import argument_texts, class_docstring, option_texts

#: On the parameters.
PARAMS = (
    "The parameters, as ``torch.optim`` takes them: an iterable of tensors, of pairs of a name and a tensor, or of "
    'group dicts, each with its parameters under ``"params"`` and with hyperparameters of its own. Tensors are on the '
    "CPU, of dtype float32, float64, bfloat16 or float16, in any dense layout. They are updated in their own memory."
)

#: Texts on the arguments of ``torch.optim`` that choose among its implementations.
IMPLEMENTATION_TEXTS = {
    "foreach": "Accepted for code that was written for ``torch.optim``. It has no effect: there is one implementation. "
    "Default: None.",
    "fused": "Accepted for code that was written for ``torch.optim``. It has no effect: there is one implementation. "
    "Default: None.",
    "capturable": "Accepted for code that was written for ``torch.optim``. It must be False: steps are taken in "
    "memory, outside of graphs. Default: False.",
    "differentiable": "Accepted for code that was written for ``torch.optim``. It must be False: steps are taken in "
    "memory, outside of graphs. Default: False.",
}

#: Texts on options that mean something else here.
_OPTION_TEXTS = {
    "accumulation": "It has no effect here: autograd adds the gradients of several backward passes. Default: 'sum'.",
    "copy_out": "A list with a bfloat16 or float16 tensor, or None, for each parameter: these tensors receive copies "
    "of float32 parameters, rounded to the nearest, at construction and in each step. None: no copies. Fixed at "
    "construction. Default: None.",
    "sparse": "What a step does about the other rows of a parameter whose gradient is sparse, as that of "
    "``torch.nn.Embedding(sparse=True)``. 'lazy': it does not touch them, and each row counts its own steps. 'exact' "
    "(float32 under Adam and AdamW): they take the step that a gradient of zeros would give; it is made up for when a "
    "row is next needed (`catch_up`). Fixed at construction. Default: 'lazy'.",
}

_RAISES = {
    "TypeError": "A parameter is not a tensor on the CPU of a dtype that adamas has, an argument is unknown, or an "
    "argument has the wrong type.",
    "ValueError": "A parameter cannot be updated in place, an argument is out of range, or two arguments do not go "
    "together.",
}


def torch_options() -> Mapping[str, str]:
    """Return the texts on the options that there are."""
    return {**option_texts(), **_OPTION_TEXTS}


def torch_docstring(optimizer_class: type[Optimizer]) -> str | None:
    """Return the docstring of the class of `adamas.torch` that is stepped by one of adamas."""
    spec = optimizer_class.spec
    texts = {
        "params": PARAMS,
        **argument_texts(spec),
        **IMPLEMENTATION_TEXTS,
        "**options": "The options below, each by its name. All optimizers have them.",
        **torch_options(),
    }
    example = f"""\\
>>> import torch
>>> import adamas.torch
>>> w = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
>>> optimizer = adamas.torch.{spec.name}([w])
>>> for _ in range(10):
...     optimizer.zero_grad()
...     (w**2).sum().backward()
...     _ = optimizer.step()
>>> bool((w.abs() < torch.tensor([1.0, 2.0])).all())
True"""
    return class_docstring(spec, texts, raises=_RAISES, example=example)
