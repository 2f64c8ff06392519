"""Saving the optimizer's states whenever ``spacy train`` saves the pipeline."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from adamas.thinc._optimizer import LIVING


def save_optimizer(path: str | os.PathLike[str]) -> Callable[[Any], Any]:
    """Return a callback for ``[training.before_to_disk]``, registered as ``adamas.save_optimizer.v1``.

    ::

        [training.before_to_disk]
        @callbacks = "adamas.save_optimizer.v1"
        path = "optimizer.adamas"

    Whenever ``spacy train`` saves ``model-last``, the states of its optimizer go into the file: after each evaluation,
    and at the end of the training, be it by Ctrl-C. Another training goes on from both with
    ``--training.optimizer.resume_from=optimizer.adamas``.

    Args:
        path: The file.
    """

    def save(nlp: Any) -> Any:
        keys = {
            (node.id, name)
            for _, component in nlp.components
            for node in _nodes(getattr(component, "model", None))
            for name in _names(node)
        }
        for optimizer in list(LIVING):
            if keys.intersection(optimizer.nr_update):
                optimizer.to_disk(path)
        return nlp

    return save


def _nodes(model: Any) -> list[Any]:
    """Return the nodes of a model of thinc, and its shims, which have ids too."""
    if not hasattr(model, "walk"):
        return []
    nodes = list(model.walk())
    return [*nodes, *(shim for node in nodes for shim in node.shims)]


def _names(node: Any) -> list[str]:
    if hasattr(node, "param_names"):
        return list(node.param_names)
    parameters = getattr(getattr(node, "_model", None), "named_parameters", None)  # a shim over PyTorch
    return [] if parameters is None else [name for name, _ in parameters()]
