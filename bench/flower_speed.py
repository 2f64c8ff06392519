"""`adamas.flower.FedAdam` against ``flwr.serverapp.strategy.FedAdam``: what the server does with a round's replies.

Both get the same replies, and aggregate them from then on in turns: mean, step, and the record of the new model. The
share of the optimizer is that of the update alone, of the same moments, in the time of the whole: for Flower's, its
own lines in NumPy. Memory is what `tracemalloc` sees above what is kept between rounds. Run it with
``python bench/flower_speed.py`` where flwr is installed.
"""

from __future__ import annotations

import argparse
import gc
import logging
import sys
import time
import tracemalloc
from typing import Any

import numpy as np

from adamas.bench.machine import describe_machine
from adamas.bench.timing import Side, ratio, rounds_within, time_alternately

Shapes = tuple[tuple[int, ...], ...]

#: Arrays of the model, and the number of clients.
ROWS: dict[str, tuple[Shapes, int]] = {
    "25M parameters, 10 clients": (((5_000, 1_000),) * 5, 10),
    "25M parameters, 100 layers": (((250, 1_000),) * 100, 10),
    "1M parameters, 10 clients": (((250, 1_000),) * 4, 10),
    "1,000 of 1,000, 10 clients": (((1_000,),) * 1_000, 10),
    "1M parameters, 100 clients": (((250, 1_000),) * 4, 100),
}


def make_replies(shapes: Shapes, clients: int) -> tuple[Any, list[Any]]:
    """Return a model and messages with the replies of clients, which hold different numbers of examples."""
    from flwr.app import Array, ArrayRecord, Message, Metadata, MetricRecord, RecordDict

    rng = np.random.default_rng(0)
    model = {f"layer{i}": rng.standard_normal(shape, np.float32) for i, shape in enumerate(shapes)}
    replies = []
    for i in range(clients):
        trained = {
            name: Array(array + rng.standard_normal(array.shape, np.float32) / 100) for name, array in model.items()
        }
        content = RecordDict(
            {"arrays": ArrayRecord(trained), "metrics": MetricRecord({"num-examples": 100 + i, "loss": 0.5})}
        )
        now = time.time()
        replies.append(Message(content, metadata=Metadata(1, "", i + 1, 0, "", "", now, 3600.0, "train")))
    return ArrayRecord({name: Array(array) for name, array in model.items()}), replies


def measure(shapes: Shapes, clients: int, seconds: float) -> dict[str, Any]:
    """Return median seconds of both sides and of their updates, ratios with quartiles, and memory."""
    from flwr.serverapp.strategy import FedAdam

    import adamas.flower

    logging.getLogger("flwr").setLevel(logging.ERROR)  # which flwr sets when it is imported
    record, replies = make_replies(shapes, clients)
    model = {name: array.numpy() for name, array in record.items()}
    ours, theirs = adamas.flower.FedAdam(), FedAdam()

    def step(strategy: Any) -> None:
        strategy.current_arrays = model
        strategy.aggregate_train(1, replies)

    grads = {name: array / 100 for name, array in model.items()}
    params = {name: array.copy() for name, array in model.items()}
    update = adamas.Adam(params, lr=0.1, betas=(0.9, 0.99), eps=1e-3, maximize=True, eps_hat=True)
    flower = _FlowersUpdate(model, grads)
    sides = {
        "adamas": Side(lambda: step(ours)),
        "flower": Side(lambda: step(theirs)),
        "adamas update": Side(lambda: update.step(grads)),
        "flower update": Side(flower.step),
    }
    timings = time_alternately(sides, rounds_within(sides, 5e-3, seconds), 5e-3)
    size = sum(array.nbytes for array in model.values())
    return {
        "seconds": {name: timing.median for name, timing in timings.items()},
        "of_flower": ratio(timings["adamas"], timings["flower"]),
        "update_of_flower": ratio(timings["adamas update"], timings["flower update"]),
        "share": {name: timings[f"{name} update"].median / timings[name].median for name in ("adamas", "flower")},
        "models_of_memory": {"adamas": _peak(lambda: step(ours)) / size, "flower": _peak(lambda: step(theirs)) / size},
    }


class _FlowersUpdate:
    """What Flower's FedAdam computes once it has delta."""

    def __init__(self, model: dict[str, Any], deltas: dict[str, Any]) -> None:
        self._model, self._deltas = model, deltas
        self._m = {name: np.zeros_like(array) for name, array in model.items()}
        self._v = {name: np.zeros_like(array) for name, array in model.items()}

    def step(self) -> dict[str, Any]:
        self._m = {name: 0.9 * m + (1 - 0.9) * self._deltas[name] for name, m in self._m.items()}
        self._v = {name: 0.99 * v + (1 - 0.99) * (self._deltas[name] ** 2) for name, v in self._v.items()}
        return {name: x + 0.1 * self._m[name] / (np.sqrt(self._v[name]) + 1e-3) for name, x in self._model.items()}


def _peak(step: Any) -> float:
    """Return the most bytes that a step holds, above those that are there before it."""
    gc.collect()
    tracemalloc.start()
    step()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return float(peak)


def measure_all(seconds: float) -> dict[str, Any]:
    """Return what `measure` does, for each row."""
    return {name: measure(shapes, clients, seconds) for name, (shapes, clients) in ROWS.items()}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=15.0, help="for each row")
    arguments = parser.parse_args()
    machine = describe_machine()
    print(f"{machine['processor']}, {machine['processors']} processors, {machine['isa']}, NumPy {machine['numpy']}")
    print(f"{'':<28} {'adamas':>10} {'flower':>10}  ratio [quartiles]     update   share of it    memory, in models")
    for name, (shapes, clients) in ROWS.items():
        found = measure(shapes, clients, arguments.seconds)
        median, low, high = found["of_flower"]
        seconds, share, memory = found["seconds"], found["share"], found["models_of_memory"]
        print(
            f"{name:<28} {seconds['adamas'] * 1e3:7.1f} ms {seconds['flower'] * 1e3:7.1f} ms  "
            f"{median:.3f} [{low:.3f}, {high:.3f}]  {found['update_of_flower'][0]:.3f}  "
            f"{share['adamas']:.2f} ({share['flower']:.2f})  {memory['adamas']:8.1f} ({memory['flower']:.1f})"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
