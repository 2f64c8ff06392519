"""Loops of NumPy's libraries with adamas in place of their own Adam: scikit-learn, autograd and SciPy.

Run it with ``python bench/numpy_loops_speed.py`` where scikit-learn, autograd and SciPy are installed.

- A whole ``fit`` of scikit-learn's ``MLPClassifier``, with the share of the optimizer in it and the memory of a step.
- ``autograd.misc.optimizers.adam``, with a gradient that costs next to nothing.
- ``adamas.minimize`` on Rosenbrock's function: what an iteration takes beside the gradient.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
import tracemalloc
import warnings
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

from adamas.bench.machine import describe_machine
from adamas.bench.timing import Side, ratio, rounds_within, time_alternately

_LAYERS = (784, 512, 512, 10)


def compare(name: str, ours: Callable[[], object], theirs: Callable[[], object], seconds: float) -> None:
    """Time two functions alternately, and print the ratio."""
    sides = {"adamas": Side(ours), "theirs": Side(theirs)}
    timings = time_alternately(sides, rounds_within(sides, 0.0, seconds), 0.0)
    found, low, high = ratio(timings["adamas"], timings["theirs"])
    times = ", ".join(f"{side} {1e3 * timing.median:.3f} ms" for side, timing in timings.items())
    print(f"{name:<52} {found:.3f} [{low:.3f}, {high:.3f}]  {times}", flush=True)


def timed(optimizer: Any, spent: list[float]) -> None:
    """Add the seconds of each step of a network's optimizer to the last number in a list."""
    plain = optimizer.update_params

    def update_params(*args: Any) -> None:
        start = time.perf_counter()
        plain(*args)
        spent[-1] += time.perf_counter() - start

    optimizer.update_params = update_params


def networks(seconds: float) -> None:
    """Whole fits of 784-512-512-10 in batches of 200, and the share of the optimizer in them."""
    from sklearn import neural_network
    from sklearn.neural_network import _multilayer_perceptron as internals

    from adamas import sklearn as adamas_sklearn

    rng = np.random.default_rng(0)
    images, labels = rng.random((4000, _LAYERS[0]), np.float32), rng.integers(0, _LAYERS[-1], 4000)

    def fit(base: Any) -> Callable[[], object]:
        def run() -> object:
            network = base(_LAYERS[1:-1], batch_size=200, max_iter=5, random_state=0)
            return network.fit(images, labels)

        return run

    ours, theirs = fit(adamas_sklearn.MLPClassifier), fit(neural_network.MLPClassifier)
    compare("MLPClassifier 784-512-512-10, batch 200: a fit", ours, theirs, seconds)

    shares: dict[str, list[float]] = {"adamas": [], "scikit-learn": []}
    made = internals.BaseMultilayerPerceptron._fit_stochastic
    spent = [0.0]

    def watched(self: Any, *args: Any) -> Any:
        plain_backprop = self._backprop
        begun: list[bool] = []

        def backprop(*given: Any) -> Any:
            if not begun:  # the optimizer is there
                begun.append(True)
                timed(self._optimizer, spent)
            return plain_backprop(*given)

        self._backprop = backprop
        try:
            return made(self, *args)
        finally:
            del self._backprop
            del self._optimizer.update_params

    internals.BaseMultilayerPerceptron._fit_stochastic = watched
    for _ in range(7):
        for name, run in (("adamas", ours), ("scikit-learn", theirs)):
            spent.append(0.0)
            start = time.perf_counter()
            run()
            shares[name].append(spent[-1] / (time.perf_counter() - start))
    internals.BaseMultilayerPerceptron._fit_stochastic = made
    for name, found in shares.items():
        print(f"  share of the optimizer in the fit, {name:<17} {100 * median(found):.1f} %")


def memory_of_a_step() -> None:
    """Bytes for each parameter at the peak of a step: parameters, gradients, states, and what the step takes."""
    from sklearn.neural_network._stochastic_optimizers import AdamOptimizer

    from adamas import sklearn as adamas_sklearn

    shapes = [*itertools.pairwise(_LAYERS), *((width,) for width in _LAYERS[1:])]
    for name, made in (("adamas", adamas_sklearn.AdamOptimizer), ("scikit-learn", AdamOptimizer)):
        params = [np.ones(shape, np.float32) for shape in shapes]
        grads = [np.ones(shape, np.float32) for shape in shapes]
        optimizer = made(params)
        optimizer.update_params(params, grads)
        held = sum(array.nbytes for array in (*params, *grads, *optimizer.ms, *optimizer.vs))
        tracemalloc.start()
        optimizer.update_params(params, grads)
        taken = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        count = sum(param.size for param in params)
        print(f"  memory of a step, {name:<34} {(held + taken) / count:.1f} bytes a parameter")


def autograds(seconds: float) -> None:
    """1,000 iterations on 100 parameters, and 200 on a million."""
    from autograd.misc import optimizers as theirs

    from adamas import autograd as ours

    for size, iterations in ((100, 1000), (1_000_000, 200)):
        rng = np.random.default_rng(0)
        x0, gradient = rng.standard_normal(size), rng.standard_normal(size)

        def run(adam: Any, g: Any = gradient, x: Any = x0, count: int = iterations) -> Callable[[], object]:
            return lambda: adam(lambda x, i: g, x, num_iters=count)

        compare(f"autograd, {size:,} parameters: {iterations} iterations", run(ours.adam), run(theirs.adam), seconds)


def minimizations() -> None:
    """1,000 iterations on Rosenbrock's function in 100 dimensions: microseconds beside function and gradient."""
    from scipy.optimize import minimize, rosen, rosen_der

    import adamas

    inside, beside = 0.0, []

    def gradient(x: Any) -> Any:
        nonlocal inside
        start = time.perf_counter()
        found = rosen_der(x)
        inside += time.perf_counter() - start
        return found

    options = {"maxiter": 1000, "lr": 1e-3, "gtol": 0.0}
    for _ in range(15):
        inside, start = 0.0, time.perf_counter()
        result = minimize(rosen, np.full(100, 0.5), jac=gradient, method=adamas.minimize, options=options)
        beside.append((time.perf_counter() - start - inside) / result.nit)
    print(f"adamas.minimize, 100 dimensions: {1e6 * median(beside):.1f} us an iteration beside the gradient")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="for each comparison")
    seconds = parser.parse_args().seconds
    warnings.simplefilter("ignore")  # fits that are stopped early
    print(describe_machine()["processor"])
    networks(seconds)
    memory_of_a_step()
    autograds(seconds)
    minimizations()
    return 0


if __name__ == "__main__":
    sys.exit(main())
