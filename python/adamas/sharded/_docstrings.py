"""Docstrings of the optimizers of several processes, with every argument and every option spelled out."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

from adamas._optimizer.docstrings import PARAMS, option_texts
from adamas.rules import RuleSpec
from adamas.rules.class_docstring import argument_texts, class_docstring
from adamas.rules.docstring import entries, sections, without, wrapped
from adamas.sharded._optimizer import ShardedOptimizer

#: Options that an optimizer of several processes does not take.
NOT_TAKEN = ("sparse", "accumulation")

TOGETHER = (
    "This is the optimizer of several processes, each of which keeps the states of its own part of the parameters. All "
    "processes construct it with the same arguments, and call its methods together."
)


def own_texts() -> Mapping[str, str]:
    """Return the texts on the arguments that only optimizers of several processes have, and on their errors."""
    documented = sections(inspect.getdoc(ShardedOptimizer) or "")
    return entries(documented["Args"]) | entries(documented["Raises"])


def shared_options() -> dict[str, str]:
    """Return the texts on the options that there are."""
    texts = without(NOT_TAKEN, option_texts())
    texts["num_threads"] = (
        "The most threads that a step of this process may use, a whole number >= 1. None: an equal share of the limit "
        "of the machine (`adamas.get_num_threads`) for each process on it. Default: None."
    )
    return texts


def sharded_docstring(spec: RuleSpec) -> str | None:
    """Return the docstring of a class of `adamas.sharded`."""
    if not spec.__doc__:
        return None
    own = own_texts()
    texts = {
        "params": f"{PARAMS} All processes begin with the same values.",
        **argument_texts(spec),
        "comm": own["comm"],
        "lanes": own["lanes"],
        "**options": "The options below, each by its name. All optimizers of several processes have them.",
        **shared_options(),
    }
    example = f"""\
>>> import numpy as np
>>> from mpi4py import MPI
>>> import adamas.sharded
>>> w = np.array([1.0, -2.0])
>>> opt = adamas.sharded.{spec.name}([w], comm=MPI.COMM_WORLD)
>>> for _ in range(10):
...     report = opt.step([2 * w])
>>> bool((np.abs(w) < [1.0, 2.0]).all())
True"""
    errors = {name: own[name] for name in ("TypeError", "ValueError", "ImportError", "RuntimeError")}
    head = f"{spec.documentation['']}\n\n{wrapped(TOGETHER)}"
    return class_docstring(spec, texts, head=head, raises=errors, example=example)
