"""A network in plain NumPy that reads digits (or, with --data fashion-mnist, tells garments apart).

Shows a whole training run: AdamW with a learning rate that warms up and falls, gradients clipped by their norm, the
best model kept by its validation loss, and a checkpoint that gives the same figures when it is read back.

The network and its gradients, written by hand, are those of `adamas demo`: they are in the module `adamas.demo.mlp`.

Copy this file alone: it needs ``pip install 'adamas[examples]'``.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

import adamas
from adamas.demo.command_line import add_image_options, make_parser, natural_int, non_negative, parse, positive_int
from adamas.demo.extras import require
from adamas.demo.images import Images, batch_count, batches, load_images
from adamas.demo.mlp import Array, Layers, evaluate, init_mlp, loss_and_grads
from adamas.demo.pictures import draw_curves
from adamas.demo.program import run_program
from adamas.demo.run import Run
from adamas.demo.stopping import EarlyStopping
from adamas.demo.table import check_reloaded, count_parameters, print_table
from adamas.schedules import Cosine, WarmUp


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser("digits_numpy", __doc__, epochs=30, batch_size=64, lr=2e-3)
    add_image_options(parser)
    parser.add_argument("--hidden", type=positive_int, nargs="*", default=[128, 64], help="default: 128 64")
    parser.add_argument("--weight-decay", type=non_negative, default=0.05, help="default: %(default)s")
    parser.add_argument("--patience", type=positive_int, default=6, help="epochs without gain; default: %(default)s")
    parser.add_argument(
        "--samples", type=natural_int, default=0, help="number of test images to write as PNG, for serve_digits.py"
    )
    return parse(parser, quick={"epochs": 10, "batch_size": 32})


def new_model(sizes: list[int], arguments: argparse.Namespace, steps: int) -> tuple[Layers, adamas.AdamW]:
    """Make the network and the optimizer that updates it in place."""
    layers = init_mlp(sizes, np.random.default_rng(arguments.seed))
    warm_up = max(steps // 20, 1)
    schedule = WarmUp(Cosine(arguments.lr, 0.0, max(steps - warm_up, 1)), warm_up)
    return layers, adamas.AdamW(layers, lr=schedule, weight_decay=arguments.weight_decay, max_norm=1.0)


def main() -> None:
    """Train, keep the best, read it back, and report."""
    arguments = options()
    data = load_images(arguments)
    sizes = [data.train[0].shape[1], *arguments.hidden, len(data.kind.classes)]
    steps = arguments.epochs * batch_count(len(data.train[1]), arguments.batch_size)
    layers, opt = new_model(sizes, arguments, steps)
    rng = np.random.default_rng([arguments.seed, 2])
    stopping = EarlyStopping(arguments.patience)
    saved = (float("nan"), float("nan"))
    start = time.perf_counter()

    with Run(arguments, steps, data.kind.name) as run:
        checkpoint, picture = run.path("model.safetensors"), run.path("curves.png")
        x, y = data.train
        for _ in range(arguments.epochs):
            losses = []
            for rows in batches(len(y), arguments.batch_size, rng):
                loss, grads = loss_and_grads(layers, x[rows], y[rows])
                opt.step(grads)  # the arrays in layers have changed
                losses.append(loss)
                run.step()
            validation = evaluate(layers, *data.validation)
            run.epoch(
                training_loss=float(np.mean(losses)), validation_loss=validation[0], validation_accuracy=validation[1]
            )
            if stopping.improved(validation[0]):
                saved = validation
                opt.save(checkpoint)
            elif stopping.exhausted:
                break
    seconds = time.perf_counter() - start

    layers, opt = new_model(sizes, arguments, steps)  # a new model, which takes all it knows from the file
    opt.load(checkpoint)
    check_reloaded(saved, evaluate(layers, *data.validation), checkpoint)
    test_loss, test_accuracy = evaluate(layers, *data.test)

    panels = {
        "cross-entropy (nats)": ["training_loss", "validation_loss"],
        "accuracy": ["validation_accuracy"],
    }
    draw_curves(run.history, panels, f"{data.kind.name}: perceptron in NumPy", picture)
    samples = write_samples(data, arguments.samples, run.path("samples")) if arguments.samples else []
    parameters = count_parameters(*(array for layer in layers for array in layer.values()))
    print_table(
        {
            "network": f"{' - '.join(map(str, sizes))}, {parameters:,} parameters",
            "best epoch": f"{stopping.best_epoch} of {len(run.history['training_loss'])}",
            "validation accuracy": f"{saved[1]:.4f}, the same after reloading",
            "test loss": f"{test_loss:.4f}",
            "test accuracy": f"{test_accuracy:.4f}",
            "seconds": f"{seconds:.1f}",
        },
        checkpoint,
        picture,
        *samples,
    )


def write_samples(data: Images, count: int, folder: Path) -> list[Path]:
    """Write the first test images as PNG files named by their class."""
    require("--samples", ("PIL",), "examples")
    from PIL import Image

    folder.mkdir(exist_ok=True)
    paths = []
    for number, (image, label) in enumerate(zip(*data.test, strict=True)):
        if number == count:
            break
        pixels: Array = np.rint(image.reshape(data.kind.side, -1) * 255.0).astype(np.uint8)
        paths.append(folder / f"{number:02d}-{data.kind.classes[label].replace(' ', '-')}.png")
        Image.fromarray(pixels).save(paths[-1])
    return paths


if __name__ == "__main__":
    sys.exit(run_program(main))
