"""Two sub-models, each trained on its own half of every image, and combined by weights that are learned too.

Shows parameter groups: one optimizer holds both networks and the weights that combine them, each group with a learning
rate and a weight decay of its own. One call of step() updates all three. The parts do not learn from each other: each
has its own loss. The weights learn from images that neither part has seen, so that a part gains no weight by
remembering its images.

    combined scores = weights[0] * log p_upper + weights[1] * log p_lower + bias        (one weight for each class)

Copy this file alone: it needs ``pip install 'adamas[examples]'``.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import adamas
from adamas.bench.tables import format_table
from adamas.demo.command_line import add_image_options, make_parser, non_negative, parse, positive_int
from adamas.demo.images import batch_count, batches, load_images
from adamas.demo.kinds import Kind
from adamas.demo.mlp import Array, Layers, forward, init_mlp, loss_and_grads, softmax
from adamas.demo.pictures import draw_lines, new_picture, series_look
from adamas.demo.program import run_program
from adamas.demo.run import Run
from adamas.demo.stopping import EarlyStopping
from adamas.demo.table import check_reloaded, print_table
from adamas.schedules import Cosine

UPPER, LOWER, EQUAL, LEARNED = NAMES = ("upper half", "lower half", "equal weights", "learned weights")
PARTS = (UPPER, LOWER)


@dataclass(frozen=True)
class Model:
    """Two networks, and what combines them: weights of shape (2, classes) and a bias."""

    upper: Layers
    lower: Layers
    combination: dict[str, Array]

    def log_probabilities(self, x: Array) -> Array:
        """Return what each part makes of its half: an array of shape (2, images, classes)."""
        return np.stack(
            [
                np.log(np.maximum(softmax(forward(layers, half)[-1]), np.float32(1e-30)))
                for layers, half in zip((self.upper, self.lower), halves(x), strict=True)
            ]
        )


def halves(x: Array) -> tuple[Array, Array]:
    """Cut each image across: rows of pixels lie one after another."""
    half = x.shape[1] // 2
    return x[:, :half], x[:, half:]


def combine(combination: dict[str, Array], parts: Array) -> Array:
    """Return the combined scores of each image and class."""
    scores: Array = (combination["weights"][:, None, :] * parts).sum(axis=0) + combination["bias"]
    return scores


def combination_grads(combination: dict[str, Array], parts: Array, y: Array) -> tuple[float, dict[str, Array]]:
    """Return the cross-entropy of the combination and its gradients; the parts are taken as they are."""
    delta = softmax(combine(combination, parts))
    loss = cross_entropy(delta, y)
    delta[np.arange(len(y)), y] -= 1.0
    delta /= len(y)
    return loss, {"weights": (delta * parts).sum(axis=1), "bias": delta.sum(axis=0)}


def cross_entropy(probabilities: Array, y: Array) -> float:
    """Return the mean over the images."""
    return -float(np.log(np.maximum(probabilities[np.arange(len(y)), y], 1e-30)).mean())


def evaluate(model: Model, x: Array, y: Array) -> dict[str, tuple[float, float]]:
    """Return loss and accuracy of the parts, of their plain mean and of the learned combination."""
    parts = model.log_probabilities(x)
    scores = dict(zip(NAMES, (parts[0], parts[1], parts.mean(axis=0), combine(model.combination, parts)), strict=True))
    return {
        name: (cross_entropy(softmax(score), y), float((score.argmax(axis=1) == y).mean()))
        for name, score in scores.items()
    }


def new_model(kind: Kind, arguments: argparse.Namespace, steps: int) -> tuple[Model, adamas.AdamW]:
    """Make the model, and an optimizer with a group for each of its three pieces."""
    rng = np.random.default_rng(arguments.seed)
    pixels, classes = kind.side**2, len(kind.classes)
    model = Model(
        init_mlp([pixels // 2, arguments.hidden, classes], rng),
        init_mlp([pixels - pixels // 2, arguments.hidden // 2, classes], rng),
        {"weights": np.full((2, classes), 0.5, np.float32), "bias": np.zeros(classes, np.float32)},
    )
    groups = [
        {"params": {"upper": model.upper}, "lr": Cosine(arguments.lr, 0.0, steps), "weight_decay": 0.05},
        {"params": {"lower": model.lower}, "lr": Cosine(arguments.lower_lr, 0.0, steps), "weight_decay": 0.05},
        {"params": model.combination, "lr": Cosine(arguments.weights_lr, 0.0, steps), "weight_decay": 0.0},
    ]
    return model, adamas.AdamW(groups)


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser("sub_models", __doc__, epochs=30, batch_size=64, lr=2e-3)
    add_image_options(parser)
    parser.add_argument(
        "--lower-lr", type=non_negative, default=4e-3, help="learning rate of the lower half; default: %(default)s"
    )
    parser.add_argument(
        "--weights-lr", type=non_negative, default=1e-2, help="learning rate of the weights; default: %(default)s"
    )
    parser.add_argument(
        "--hidden", type=positive_int, default=128, help="hidden units of the upper half; default: %(default)s"
    )
    parser.add_argument("--patience", type=positive_int, default=8, help="epochs without gain; default: %(default)s")
    arguments = parse(parser, quick={"epochs": 12, "batch_size": 32})
    if arguments.hidden < 2:
        parser.error("--hidden is at least 2: the lower half has half as many")
    return arguments


def draw(kind: Kind, curves: dict[str, list[float]], weights: Array, path: Path) -> None:
    """Draw what parts and combinations reached, and the weights of each class."""
    with new_picture(path, f"{kind.name}: two sub-models and their combination") as (left, right):
        draw_lines(left, curves, "validation accuracy")
        places = np.arange(len(kind.classes))
        for number, (name, of_part) in enumerate(zip(PARTS, weights, strict=True)):
            right.bar(places + 0.4 * number - 0.2, of_part, 0.4, color=series_look(number)["color"], label=name)
        right.set_xticks(places, kind.classes, rotation=0 if kind.name == "digits" else 60)
        right.set(xlabel="class", ylabel="learned weight")
        right.set_ylim(top=1.25 * float(weights.max()))  # room for the legend
        right.legend(loc="upper center", ncols=2)


def main() -> None:
    """Train the parts and their weights, compare them, and report."""
    arguments = options()
    data = load_images(arguments)
    # Of the images set aside, one half teaches the weights, the other says when to stop.
    (x, y), (x_aside, y_aside) = data.train, data.validation
    middle = len(y_aside) // 2
    x_blend, y_blend, validation = x_aside[:middle], y_aside[:middle], (x_aside[middle:], y_aside[middle:])

    steps = arguments.epochs * batch_count(len(y), arguments.batch_size)
    model, opt = new_model(data.kind, arguments, steps)
    rng = np.random.default_rng([arguments.seed, 2])
    stopping = EarlyStopping(arguments.patience)
    saved: dict[str, tuple[float, float]] = {}
    curves: dict[str, list[float]] = {name: [] for name in NAMES}
    start = time.perf_counter()

    with Run(arguments, steps, data.kind.name) as run:
        checkpoint, picture = run.path("model.safetensors"), run.path("parts.png")
        for _ in range(arguments.epochs):
            for rows in batches(len(y), arguments.batch_size, rng):
                x_upper, x_lower = halves(x[rows])
                _, upper_grads = loss_and_grads(model.upper, x_upper, y[rows])
                _, lower_grads = loss_and_grads(model.lower, x_lower, y[rows])
                blend = rng.integers(0, len(y_blend), arguments.batch_size)
                parts = model.log_probabilities(x_blend[blend])
                _, grads = combination_grads(model.combination, parts, y_blend[blend])
                opt.step([{"upper": upper_grads}, {"lower": lower_grads}, grads])  # an entry for each group
                run.step()
            result = evaluate(model, *validation)
            for name, (_, accuracy) in result.items():
                curves[name].append(accuracy)
            loss, accuracy = result[LEARNED]
            upper, lower = (result[part][1] for part in PARTS)
            run.epoch(validation_loss=loss, validation_accuracy=accuracy, upper_accuracy=upper, lower_accuracy=lower)
            if stopping.improved(loss):
                saved = result
                opt.save(checkpoint)
            elif stopping.exhausted:
                break
    seconds = time.perf_counter() - start

    model, opt = new_model(data.kind, arguments, steps)
    opt.load(checkpoint)
    check_reloaded(saved[LEARNED], evaluate(model, *validation)[LEARNED], checkpoint)
    result = evaluate(model, *data.test)
    draw(data.kind, curves, model.combination["weights"], picture)

    rates = (arguments.lr, arguments.lower_lr, "", arguments.weights_lr)
    table = [["", "learning rate", "test loss", "test accuracy"]]
    for name, rate in zip(NAMES, rates, strict=True):
        table.append([name, str(rate), f"{result[name][0]:.4f}", f"{result[name][1]:.4f}"])
    print(format_table(table, markdown=False), end="\n\n")
    print_table(
        {
            "best epoch": f"{stopping.best_epoch} of {len(curves[LEARNED])}",
            "validation accuracy": f"{saved[LEARNED][1]:.4f}, the same after reloading",
            "test accuracy": f"{result[LEARNED][1]:.4f}",
            "gain over the better part": f"{result[LEARNED][1] - max(result[part][1] for part in PARTS):+.4f}",
            "seconds": f"{seconds:.1f}",
        },
        checkpoint,
        picture,
    )


if __name__ == "__main__":
    sys.exit(run_program(main))
