"""A tagger of spaCy, with its convolutional network, on film reviews; the tag of a word is its last letter."""

from __future__ import annotations

import itertools
from typing import Any

from text_model import reviews

import adamas
from training_programs.clock import Clock, Trainer

_BATCH, _TEXTS, _WORDS = 32, 512, 40


class ForThinc:
    """Is called for each parameter of a thinc model, as `thinc.optimizers.Optimizer` is."""

    def __init__(self, own: Any) -> None:
        self._own = own  # whose hyperparameters it takes over
        self._optimizers: dict[Any, adamas.Adam] = {}

    def __call__(self, key: Any, weights: Any, gradient: Any, *, lr_scale: float = 1.0) -> tuple[Any, Any]:
        """Update the parameter in place and zero its gradient."""
        optimizer = self._optimizers.get(key)
        if optimizer is None:
            optimizer = self._optimizers[key] = self._start(weights)
        optimizer.step([gradient])
        return weights, gradient

    def step_schedules(self) -> None:
        """Nothing: the learning rate is constant."""

    def _start(self, weights: Any) -> adamas.Adam:
        own = self._own
        return adamas.Adam(
            [weights],
            lr=own.learn_rate,
            betas=(own.b1, own.b2),
            eps=own.eps,
            eps_hat=True,
            weight_decay=own.L2,
            decoupled_weight_decay=own.L2_is_weight_decay,
            max_norm=own.grad_clip or None,
            average=adamas.EMA(0.9999, warmup=True) if own.averages is not None else None,
            zero_grads=True,
        )


class Timed:
    """Runs a clock around an optimizer."""

    def __init__(self, optimizer: Any, clock: Clock) -> None:
        self._optimizer, self._clock = optimizer, clock

    def __call__(self, key: Any, weights: Any, gradient: Any, *, lr_scale: float = 1.0) -> Any:
        """Update one parameter."""
        with self._clock:
            return self._optimizer(key, weights, gradient, lr_scale=lr_scale)

    def step_schedules(self) -> None:
        """As it is."""
        self._optimizer.step_schedules()


def spacy_tagger() -> dict[str, Trainer]:
    """Return trainers in batches of 32 texts of 40 words."""
    return {"thinc's Adam": _trainer(swapped=False), "adamas": _trainer(swapped=True)}


def _trainer(swapped: bool) -> Trainer:
    import spacy
    from spacy.tokens import Doc
    from spacy.training import Example
    from thinc.api import fix_random_seed

    fix_random_seed(0)
    pipeline = spacy.blank("en")
    pipeline.add_pipe("tagger")
    examples = []
    for text in itertools.islice(reviews(), _TEXTS):
        words = [word for word in text.split() if word.isalpha()][:_WORDS]
        document = Doc(pipeline.vocab, words=words)
        examples.append(Example.from_dict(document, {"tags": [word[-1].upper() for word in words]}))
    own = pipeline.initialize(lambda: examples)
    clock = Clock()
    optimizer = Timed(ForThinc(own) if swapped else own, clock)
    starts = itertools.cycle(range(0, len(examples) - _BATCH, _BATCH))

    def iterate() -> None:
        start = next(starts)
        pipeline.update(examples[start : start + _BATCH], sgd=optimizer)

    model = pipeline.get_pipe("tagger").model
    sizes = [node.get_param(name).size for node in model.walk() for name in node.param_names if node.has_param(name)]
    return Trainer(iterate, sum(sizes), clock)
