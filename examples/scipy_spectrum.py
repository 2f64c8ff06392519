"""Peaks in a noisy spectrum, fitted by `adamas.minimize` in batches, with bounds, and by SciPy's L-BFGS-B.

A spectrum of 200,000 points has six peaks on a slope. Their places, heights and widths are the minimum of a sum of
squares over all points. L-BFGS-B needs all points for each evaluation. `adamas.minimize`, with the same interface,
takes a batch of a thousand points at a time, with a learning rate that falls. Heights and widths have bounds, which
both methods keep.

Copy this file alone: it needs ``pip install 'adamas[scipy]' matplotlib tqdm``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import Bounds, minimize

import adamas
from adamas.demo.pictures import new_picture, series_look

Array = np.ndarray[Any, np.dtype[Any]]

#: For each peak its place, height and width.
PEAKS = np.array(
    [[1.2, 3.0, 0.15], [2.0, 1.5, 0.3], [3.1, 4.0, 0.1], [5.0, 2.0, 0.5], [6.4, 1.0, 0.1], [8.3, 2.5, 0.4]]
)
SLOPE = (0.5, -0.03)


def model(w: Array, x: Array) -> tuple[Array, Array]:
    """Return the spectrum at points x, and its derivative by each variable: a row for each variable."""
    place, height, width = w[2:].reshape(-1, 3, 1).transpose(1, 0, 2)
    distance = (x - place) / width
    bell = np.exp(-0.5 * distance**2)
    values = w[0] + w[1] * x + (height * bell).sum(axis=0)
    derivatives = np.stack([height * bell * distance / width, bell, height * bell * distance**2 / width], axis=1)
    return values, np.concatenate([np.ones((1, x.size)), x[None], derivatives.reshape(-1, x.size)])


def squares(w: Array, x: Array, y: Array) -> tuple[float, Array]:
    """Return half the mean squared error, and its gradient."""
    values, derivatives = model(w, x)
    error = values - y
    return float((error**2).mean() / 2), derivatives @ error / x.size


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="20,000 points")
    parser.add_argument("--seed", type=int, default=0, help="seed of noise, start and batches; default: %(default)s")
    parser.add_argument("--output-dir", type=Path, default=Path("example-runs/scipy_spectrum"))
    return parser.parse_args()


class Watch:
    """Notes the error over all points after each iteration, by the points that were evaluated so far."""

    def __init__(self, error: Callable[[Array], float], points: float, every: int) -> None:
        self._error, self._points, self._every = error, points, every
        self._calls = 0
        self.passes: list[float] = []
        self.errors: list[float] = []

    def __call__(self, xk: Array) -> None:
        """Note it; a callback."""
        self._calls += 1
        if self._calls % self._every == 0:
            self.passes.append(self._calls * self._points)
            self.errors.append(self._error(xk))


def main() -> None:
    """Fit by both methods, and report."""
    arguments = options()
    arguments.output_dir.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(arguments.seed)
    count, batch = (20_000 if arguments.quick else 200_000), 1_000
    x = np.sort(rng.uniform(0, 10, count))
    truth = np.concatenate([SLOPE, PEAKS.ravel()])
    y = model(truth, x)[0] + 0.3 * rng.standard_normal(count)

    guesses = PEAKS + rng.uniform(-1, 1, PEAKS.shape) * [0.15, 0.5, 0.05]
    start = np.concatenate([[0.0, 0.0], guesses.ravel()])
    lower = np.concatenate([[-np.inf, -np.inf], np.tile([0.0, 0.0, 0.02], len(PEAKS))])
    bounds = Bounds(lower, np.inf)

    some = slice(None, None, max(1, count // 20_000))  # enough to draw the error by
    least = squares(truth, x[some], y[some])[0]

    def excess(w: Array) -> float:
        return max(squares(w, x[some], y[some])[0] - least, 1e-9)

    def draw_batch(k: int) -> Any:
        return rng.integers(0, count, batch)

    def on_batch(w: Array, rows: Any) -> tuple[float, Array]:
        return squares(w, x[rows], y[rows])

    in_batches, on_all = Watch(excess, batch / count, 20), Watch(excess, 1.0, 1)
    steps = 1_000 if arguments.quick else 3_000
    began = time.perf_counter()
    ours = minimize(
        on_batch,
        start,
        jac=True,
        method=adamas.minimize,
        bounds=bounds,
        callback=in_batches,
        options={
            "rule": "adam",
            "lr": adamas.schedules.Cosine(0.02, 0.0, steps),
            "maxiter": steps,
            "batch": draw_batch,
            "progress": True,
        },
    )
    seconds = time.perf_counter() - began
    began = time.perf_counter()
    theirs = minimize(squares, start, args=(x, y), jac=True, method="L-BFGS-B", bounds=bounds, callback=on_all)
    their_seconds = time.perf_counter() - began

    path = arguments.output_dir / "spectrum.png"
    draw(x, y, start, ours.x, {"adamas.minimize, in batches": in_batches, "L-BFGS-B, all points": on_all}, path)
    table = {
        "largest error of a place": f"{np.abs(ours.x - truth)[2::3].max():.4f}, by L-BFGS-B "
        f"{np.abs(theirs.x - truth)[2::3].max():.4f}",
        "error beyond the noise": f"{excess(ours.x):.2e}, by L-BFGS-B {excess(theirs.x):.2e}",
        "passes over the data": f"{ours.nit * batch / count:.1f}, by L-BFGS-B {theirs.nfev}",
        "seconds": f"{seconds:.1f}, by L-BFGS-B {their_seconds:.1f}",
        "within the bounds": "yes" if (ours.x >= lower).all() else "NO",
    }
    for name, value in table.items():
        print(f"{name:<32} {value}")
    print(f"picture{'':<26}{path}")


def draw(x: Array, y: Array, start: Array, found: Array, watches: dict[str, Watch], path: Path) -> None:
    """Draw the spectrum with the fit, and the error of both methods by passes over the data."""
    ours, theirs = (series_look(number)["color"] for number in (0, 1))
    with new_picture(path, "six peaks on a slope, and two ways to the minimum") as (left, right):
        some, grid = slice(None, None, max(1, x.size // 3_000)), np.linspace(0, 10, 1_000)
        left.plot(x[some], y[some], ".", color="0.8", markersize=3, label="measured")
        left.plot(grid, model(start, grid)[0], "--", color=theirs, label="start")
        left.plot(grid, model(found, grid)[0], "-", color=ours, label="adamas.minimize")
        left.set(xlabel="energy", ylabel="intensity", ylim=(None, 1.45 * float(y.max())))  # room for the legend
        left.legend(ncols=2, loc="upper right", columnspacing=1.0)
        looks = ({"color": ours}, {"color": theirs, "marker": "s", "markevery": 0.07})
        for (name, watch), look in zip(watches.items(), looks, strict=True):
            right.loglog(watch.passes, watch.errors, label=name, **look)
        right.set(xlabel="passes over the data", ylabel="error beyond the noise", ylim=(1e-9, 1.0))
        right.legend(loc="lower left")


if __name__ == "__main__":
    main()
