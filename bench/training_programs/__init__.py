"""Programs that train something, each with the optimizer that it comes with and with adamas."""

from __future__ import annotations

from collections.abc import Callable

from training_programs.clock import Trainer
from training_programs.numpy_network import numpy_network
from training_programs.scikit_classifier import mlp_classifier
from training_programs.spacy_tagger import spacy_tagger
from training_programs.torch_transformer import torch_transformer

__all__ = ["PROGRAMS", "Trainer"]

#: What starts the trainers of a program, by optimizer; the last is adamas.
PROGRAMS: dict[str, Callable[[], dict[str, Trainer]]] = {
    "scikit-learn MLPClassifier": mlp_classifier,
    "spaCy tagger": spacy_tagger,
    "torch transformer": torch_transformer,
    "NumPy network": numpy_network,
}
