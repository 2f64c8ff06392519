"""Updating each parameter as soon as its gradient is there, against a separate step after the backward pass.

A NumPy network of many wide layers. All sides do the same backward pass, into gradient arrays of their own; the time
of the updates alone is taken, and that of the whole. Run it with ``python bench/backward_speed.py``.

The third side multiplies each weight by 1 where the first updates it. A processor that writes lines which a cache of
another one holds has to call them back first. The backward pass leaves weights in the caches of all processors that
took part, so this is what updates during it cannot do without: little where processors share their last cache, and
most of an iteration where they do not (a virtual machine may have them moved apart while it runs). ``taskset -c 0``,
or a BLAS with one thread, shows the updates without it.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import adamas
from adamas.bench.timing import Side, time_alternately

Array = np.ndarray[Any, np.dtype[Any]]


class Network:
    """Linear layers with ReLU between them; the gradient of the loss is the output."""

    def __init__(self, layers: int, width: int, batch: int) -> None:
        rng = np.random.default_rng(0)
        scale = np.float32((2.0 / width) ** 0.5)
        self.weights = [rng.standard_normal((width, width), dtype=np.float32) * scale for _ in range(layers)]
        self.grads = [np.empty_like(weight) for weight in self.weights]
        self.inputs = [rng.standard_normal((batch, width), dtype=np.float32)]

    def forward(self) -> Array:
        """Compute the activations."""
        del self.inputs[1:]
        for weight in self.weights:
            self.inputs.append(np.maximum(self.inputs[-1] @ weight, 0.0))
        return self.inputs.pop()

    def backward(self, delta: Array, done: Callable[[int], None]) -> None:
        """Compute the gradients from the last layer to the first, and call ``done`` after each."""
        for i in reversed(range(len(self.weights))):
            np.matmul(self.inputs[i].T, delta, out=self.grads[i])
            if i:
                delta = (delta @ self.weights[i].T) * (self.inputs[i] > 0)
            done(i)


def sides(arguments: argparse.Namespace, seconds: dict[str, list[float]]) -> dict[str, Side]:
    """Return the sides, which put the seconds of their updates into ``seconds``."""
    shape = arguments.layers, arguments.width, arguments.batch

    def during() -> Side:
        network = Network(*shape)
        opt = adamas.AdamW(network.weights, lr=1e-6, num_threads=arguments.threads or None)

        def step() -> None:
            spent = 0.0

            def update(i: int) -> None:
                nonlocal spent
                start = time.perf_counter()
                opt.step_param(i, network.grads[i])
                spent += time.perf_counter() - start

            delta = network.forward()
            with opt.step_scope():
                network.backward(delta, update)
            seconds["during backward"].append(spent)

        return Side(step)

    def separate() -> Side:
        network = Network(*shape)
        opt = adamas.AdamW(network.weights, lr=1e-6, num_threads=arguments.threads or None)

        def step() -> None:
            network.backward(network.forward(), lambda _: None)
            start = time.perf_counter()
            opt.step(network.grads)
            seconds["separate step"].append(time.perf_counter() - start)

        return Side(step)

    def bare() -> Side:
        network = Network(*shape)

        def step() -> None:
            spent = 0.0

            def touch(i: int) -> None:
                nonlocal spent
                start = time.perf_counter()
                np.multiply(network.weights[i], np.float32(1.0), out=network.weights[i])
                spent += time.perf_counter() - start

            network.backward(network.forward(), touch)
            seconds["weights times 1"].append(spent)

        return Side(step)

    return {"during backward": during(), "separate step": separate(), "weights times 1": bare()}


def measure(arguments: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Return, by side, the median seconds of its updates and of its whole iterations."""
    seconds: dict[str, list[float]] = {"during backward": [], "separate step": [], "weights times 1": []}
    timings = time_alternately(sides(arguments, seconds), arguments.rounds, 0.0, warm=False)
    return {
        name: {"updates": statistics.median(seconds[name][3:]), "iteration": timing.median}
        for name, timing in timings.items()
    }


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=50)
    parser.add_argument("--width", type=int, default=1_024)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=0, help="threads of the updates; default: as many as are free")
    return parser


def main() -> int:
    """Measure and print."""
    result = measure(make_parser().parse_args())
    for name, row in result.items():
        print(f"{name:<16} updates {row['updates'] * 1e3:7.2f} ms, whole iteration {row['iteration'] * 1e3:7.2f} ms")
    during, separate = result["during backward"], result["separate step"]
    print(f"updates {during['updates'] / separate['updates']:.3f}, ", end="")
    print(f"whole iteration {during['iteration'] / separate['iteration']:.3f} of those with a separate step")
    return 0


if __name__ == "__main__":
    sys.exit(main())
