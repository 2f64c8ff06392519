"""Docstrings of the optimizers under torch.distributed, with every argument and every option spelled out."""

from __future__ import annotations

from adamas.rules import RuleSpec
from adamas.rules.class_docstring import argument_texts, class_docstring
from adamas.rules.docstring import entries, sections, without, wrapped
from adamas.sharded._docstrings import TOGETHER, shared_options
from adamas.sharded.torch._optimizer import Optimizer
from adamas.torch._docstrings import IMPLEMENTATION_TEXTS, PARAMS


def sharded_torch_docstring(spec: RuleSpec) -> str | None:
    """Return the docstring of a class of `adamas.sharded.torch`."""
    if not spec.__doc__:
        return None
    documented = sections(Optimizer.__doc__ or "")
    own, errors = entries(documented["Args"]), entries(documented["Raises"])
    texts = {
        "params": f"{PARAMS} At construction they become those of process 0.",
        **argument_texts(spec),
        **IMPLEMENTATION_TEXTS,
        "process_group": own["process_group"],
        "lanes": own["lanes"],
        "**options": "The options below, each by its name. All optimizers of several processes have them.",
        **without(["copy_out"], shared_options()),
    }
    example = f"""\\
::

    torch.distributed.init_process_group("gloo")
    optimizer = adamas.sharded.torch.{spec.name}(model.parameters())
    loss.backward()
    optimizer.step()"""
    head = f"{spec.documentation['']}\n\n{wrapped(TOGETHER)}"
    return class_docstring(spec, texts, head=head, raises=errors, example=example)
