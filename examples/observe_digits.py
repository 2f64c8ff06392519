"""Observe a training: the same network trained well, and three times with a mistake.

The optimizer measures gradients, updates and parameters in the pass that updates. Then `adamas.observe` says what looks
wrong, and draws the size of each update, divided by that of its parameter: a row for each parameter, steps from left to
right. The mistakes are a learning rate that is a hundred times too large, a layer that a large negative bias switches
off, and an eps that is larger than the gradients.

Copy this file alone: it needs ``pip install 'adamas[examples]'``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

import adamas
from adamas.demo.command_line import add_image_options, make_parser, parse, positive_int
from adamas.demo.images import batch_count, batches, load_images
from adamas.demo.mlp import Layers, evaluate, init_mlp, loss_and_grads
from adamas.demo.program import run_program
from adamas.demo.run import Run
from adamas.demo.table import print_table
from adamas.observe import Log


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser("observe_digits", __doc__, epochs=15, batch_size=64, lr=1e-3)
    add_image_options(parser)
    parser.add_argument("--observe", type=positive_int, default=5, help="every how many-th step; default: %(default)s")
    return parse(parser, quick={"epochs": 4})


def switch_off(layers: Layers) -> None:
    """Give a layer biases under which no unit is ever on."""
    layers[1]["b"][...] = -100.0


#: What is done to the layers, and what else the optimizer is told.
MISTAKES: dict[str, tuple[Any, dict[str, Any]]] = {
    "healthy": (None, {}),
    "learning rate x 100": (None, {"lr": 100.0}),
    "a dead layer": (switch_off, {}),
    "a large eps": (None, {"eps": 0.1}),
}


def main() -> None:
    """Train each run, and say what looks wrong."""
    arguments = options()
    data = load_images(arguments)
    x, y = data.train
    sizes = [x.shape[1], 128, 64, 32, len(data.kind.classes)]
    steps = arguments.epochs * batch_count(len(y), arguments.batch_size)
    figures: dict[str, str] = {}
    files: list[Path] = []

    with Run(arguments, steps * len(MISTAKES), data.kind.name) as run:
        for name, (spoil, chosen) in MISTAKES.items():
            layers = init_mlp(sizes, np.random.default_rng(arguments.seed))
            if spoil is not None:
                spoil(layers)
            told = {**chosen, "lr": arguments.lr * chosen.get("lr", 1.0)}
            opt = adamas.AdamW(layers, observe=arguments.observe, **told)
            log = Log(opt)
            rng = np.random.default_rng([arguments.seed, 2])
            for _ in range(arguments.epochs):
                for rows in batches(len(y), arguments.batch_size, rng):
                    opt.step(loss_and_grads(layers, x[rows], y[rows])[1])
                    log.add()  # adds the steps that were observed
                    run.step()
            findings = log.findings()
            print(f"\n{name}\n{findings}", flush=True)
            accuracy = evaluate(layers, *data.test)[1]
            figures[name] = f"test accuracy {accuracy:.4f}; {', '.join(findings.kinds()) or 'nothing looks wrong'}"
            file = run.path(f"{name.replace(' ', '_')}.png")
            log.draw(file)
            log.to_csv(file.with_suffix(".csv"))
            files.append(file)
            if arguments.tensorboard:
                log.to_tensorboard(run.path("tensorboard") / name.replace(" ", "_"))
    print_table(figures, *files)


if __name__ == "__main__":
    sys.exit(run_program(main))
