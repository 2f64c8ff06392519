"""The training loop, and the command ``adamas demo``."""

from __future__ import annotations

import argparse
import shlex
import time
from pathlib import Path

import numpy as np

import adamas
from adamas._inputs.hyperparameters import number
from adamas.demo import data, report
from adamas.demo.extras import require
from adamas.demo.mlp import Layers, evaluate, init_mlp, loss_and_grads
from adamas.demo.options import natural_int, positive_int
from adamas.demo.progress import progress_bar

#: Values that fit the size of each data set.
DEFAULTS = {"digits": {"epochs": 40, "batch_size": 32}, "fashion-mnist": {"epochs": 10, "batch_size": 256}}


def new_model(dataset: data.Dataset, arguments: argparse.Namespace) -> tuple[Layers, adamas.AdamW]:
    """Make the network, and an optimizer whose learning rate falls along a cosine."""
    layers = init_mlp(sizes_of(dataset, arguments), np.random.default_rng(arguments.seed))
    schedule = adamas.schedules.Cosine(arguments.lr, 0.0, arguments.epochs * batches_of(dataset, arguments))
    return layers, adamas.AdamW(layers, lr=schedule, weight_decay=arguments.weight_decay)


def sizes_of(dataset: data.Dataset, arguments: argparse.Namespace) -> list[int]:
    """Return the sizes of all layers, the input first."""
    return [dataset.x_train.shape[1], *arguments.hidden, dataset.classes]


def batches_of(dataset: data.Dataset, arguments: argparse.Namespace) -> int:
    """Return how many steps an epoch has."""
    size: int = arguments.batch_size
    return -(-len(dataset.x_train) // size)


def train(layers: Layers, opt: adamas.AdamW, dataset: data.Dataset, arguments: argparse.Namespace) -> report.History:
    """Train in place; return the curves."""
    rng = np.random.default_rng(arguments.seed)
    batches = batches_of(dataset, arguments)
    history = report.History()
    with progress_bar(batches * arguments.epochs, dataset.name) as bar:
        for _ in range(arguments.epochs):
            losses = []
            for rows in np.array_split(rng.permutation(len(dataset.x_train)), batches):
                start = time.perf_counter()
                loss, grads = loss_and_grads(layers, dataset.x_train[rows], dataset.y_train[rows])
                computed = time.perf_counter()
                opt.step(grads)
                end = time.perf_counter()
                history.seconds += end - start
                history.optimizer_seconds += end - computed
                losses.append(loss)
                bar.update()
            history.steps += batches
            _, train_accuracy = evaluate(layers, dataset.x_train, dataset.y_train)
            test_loss, test_accuracy = evaluate(layers, dataset.x_test, dataset.y_test)
            history.train_loss.append(float(np.mean(losses)))
            history.train_accuracy.append(train_accuracy)
            history.test_loss.append(test_loss)
            history.test_accuracy.append(test_accuracy)
            bar.set_postfix(loss=f"{history.train_loss[-1]:.4f}", accuracy=f"{test_accuracy:.4f}", refresh=False)
    return history


def run(arguments: argparse.Namespace) -> int:
    """Load data, train, save, load again, report; return the exit status."""
    require("the demo", ("sklearn", "matplotlib", "tqdm"), "demo")
    adamas.active_isa()  # raises an error now, not after the data are read, if ADAMAS_ISA is impossible
    for name, default in DEFAULTS[arguments.data].items():
        if getattr(arguments, name) is None:
            setattr(arguments, name, default)
    number(arguments.lr, "--lr", "a finite number >= 0", 0.0, float("inf"))
    number(arguments.weight_decay, "--weight-decay", "a finite number >= 0", 0.0, float("inf"))
    if arguments.data == "digits":
        dataset = data.load_digits(arguments.seed)
    else:
        dataset = data.load_fashion_mnist(arguments.data_dir)
    arguments.output_dir.mkdir(parents=True, exist_ok=True)
    layers, opt = new_model(dataset, arguments)
    history = train(layers, opt, dataset, arguments)

    checkpoint = arguments.output_dir / f"{dataset.name}.safetensors"
    opt.save(checkpoint)
    _, accuracy = evaluate(layers, dataset.x_test, dataset.y_test)
    layers, opt = new_model(dataset, arguments)  # a new model, which takes its weights from the file
    opt.load(checkpoint)
    _, reloaded = evaluate(layers, dataset.x_test, dataset.y_test)
    if reloaded != accuracy:
        raise ValueError(f"{checkpoint}: accuracy after loading is {reloaded}, before saving it was {accuracy}")

    picture = arguments.output_dir / f"{dataset.name}.png"
    report.draw_curves(history, dataset.name, picture)
    print(report.table(history, dataset, sizes_of(dataset, arguments), accuracy, reloaded))
    print(f"\nCheckpoint: {checkpoint.resolve()}\nCurves:     {picture.resolve()}")
    print(f"\nWhat the checkpoint contains: adamas inspect {shlex.quote(str(checkpoint))}")
    return 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the demo's options."""
    parser.add_argument("--data", choices=list(DEFAULTS), default="digits", help="default: %(default)s")
    parser.add_argument(
        "--data-dir", type=Path, help=f"folder of the Fashion-MNIST idx files; default: {data.FASHION_DIR}"
    )
    parser.add_argument("--epochs", type=positive_int, help=f"passes over the data; {_defaults('epochs')}")
    parser.add_argument("--batch-size", type=positive_int, help=f"images in a step; {_defaults('batch_size')}")
    parser.add_argument(
        "--hidden", type=positive_int, nargs="*", default=[128, 64], help="sizes of hidden layers; default: 128 64"
    )
    parser.add_argument("--lr", type=float, default=2e-3, help="learning rate at the start; default: %(default)s")
    parser.add_argument("--weight-decay", type=float, default=1e-2, help="decoupled; default: %(default)s")
    parser.add_argument(
        "--seed", type=natural_int, default=0, help="seed of the split, the weights and the batches; default: 0"
    )
    parser.add_argument(
        "--output-dir",
        type=Path,
        default=Path("adamas-demo"),
        help="folder of all files; default: %(default)s",
    )
    parser.set_defaults(run=run)


def _defaults(option: str) -> str:
    return "default: " + ", ".join(f"{values[option]} ({name})" for name, values in DEFAULTS.items())
