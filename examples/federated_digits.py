"""Federated learning with Flower: ten clients that see different digits, and servers that use rules of adamas.

    python federated_digits.py
    python federated_digits.py --skew 0      # all clients see all digits

Flower's simulation runs the clients in processes of their own. A client gets the model from the server, trains it on
its own images with `adamas.SGD`, and sends it back. The server makes a step towards the mean of these models. The table
compares servers. The last server is stopped half way and started again from its checkpoint: it ends with the same bits.

Copy this file alone: it needs ``pip install 'adamas[examples-flower]'``.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

import adamas
from adamas.demo.clients import images_of_client
from adamas.demo.command_line import add_image_options, make_parser, non_negative, parse, positive_int
from adamas.demo.extras import require
from adamas.demo.images import batches, load_images
from adamas.demo.mlp import Array, Layers, evaluate, init_mlp, loss_and_grads
from adamas.demo.pictures import draw_lines, new_picture
from adamas.demo.program import run_program
from adamas.demo.run import Run
from adamas.demo.table import count_parameters, print_table

HIDDEN = 64


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser("federated_digits", __doc__, epochs=20, batch_size=16, lr=0.1, epoch="rounds")
    add_image_options(parser)
    parser.add_argument("--clients", type=positive_int, default=10, help="default: %(default)s")
    parser.add_argument("--local-epochs", type=positive_int, default=1, help="epochs of a client; default: %(default)s")
    parser.add_argument("--skew", type=non_negative, default=0.8, help="share of images by label; default: %(default)s")
    return parse(parser, quick={"epochs": 8})


def servers() -> dict[str, Callable[[], Any]]:
    """Return the strategies that are compared, by name; only the import tells whose they are."""
    from flwr.serverapp.strategy import FedAvg

    from adamas.flower import FedAdagrad, FedAdam, FedLion, FedYogi

    quiet = {"fraction_evaluate": 0.0}
    return {
        "FedAvg": lambda: FedAvg(**quiet),
        "FedLion": lambda: FedLion(eta=0.01, **quiet),
        "FedAdagrad": lambda: FedAdagrad(eta=0.1, tau=1e-2, **quiet),
        "FedYogi": lambda: FedYogi(eta=0.05, tau=1e-2, **quiet),
        "FedAdam": lambda: FedAdam(eta=0.05, tau=1e-2, mode="adam", **quiet),
    }


def as_layers(arrays: list[Array]) -> Layers:
    """Return arrays that Flower has sent as layers."""
    return [{"w": w, "b": b} for w, b in zip(arrays[::2], arrays[1::2], strict=True)]


def client_app(arguments: argparse.Namespace) -> Any:
    """Return what runs on a client."""
    from flwr.app import Array as FlowerArray
    from flwr.app import ArrayRecord, Context, Message, MetricRecord, RecordDict
    from flwr.clientapp import ClientApp

    app = ClientApp()

    @app.train()  # type: ignore[untyped-decorator]
    def train(message: Message, context: Context) -> Message:
        number, server_round = int(context.node_config["partition-id"]), message.content["config"]["server-round"]
        x, y = images_of_client(arguments, number)
        model = {name: array.numpy() for name, array in message.content["arrays"].items()}
        layers = as_layers([*model.values()])
        rng = np.random.default_rng([arguments.seed, number, server_round])
        opt = adamas.SGD(layers, lr=arguments.lr)
        for _ in range(arguments.local_epochs):
            for rows in batches(len(y), arguments.batch_size, rng):
                opt.step(loss_and_grads(layers, x[rows], y[rows])[1])
        trained = ArrayRecord({name: FlowerArray(array) for name, array in model.items()})  # updated in place
        metrics = MetricRecord({"num-examples": len(y)})  # the weight of this reply
        return Message(RecordDict({"arrays": trained, "metrics": metrics}), reply_to=message)

    return app


def server_app(arguments: argparse.Namespace, run: Run, found: dict[str, Any]) -> Any:
    """Return what runs on the server: it trains once with each strategy, and puts what comes of it into ``found``."""
    from flwr.app import Array as FlowerArray
    from flwr.app import ArrayRecord, Context, MetricRecord
    from flwr.serverapp import Grid, ServerApp

    app = ServerApp()
    data = load_images(arguments)
    sizes = [data.train[0].shape[1], HIDDEN, len(data.kind.classes)]
    layers = init_mlp(sizes, np.random.default_rng(arguments.seed))
    first = ArrayRecord({f"{i}.{key}": FlowerArray(layer[key]) for i, layer in enumerate(layers) for key in ("w", "b")})

    @app.main()  # type: ignore[untyped-decorator]
    def main(grid: Grid, context: Context) -> None:
        def train(name: str, strategy: Any, arrays: ArrayRecord, rounds: int) -> ArrayRecord:
            def test(server_round: int, arrays: ArrayRecord) -> MetricRecord | None:
                if server_round == 0:
                    return None
                loss, accuracy = evaluate(as_layers(arrays.to_numpy_ndarrays()), *data.test)
                run.step()
                return MetricRecord({"loss": loss, "accuracy": accuracy})

            result = strategy.start(grid, arrays, num_rounds=rounds, evaluate_fn=test)
            if not result.arrays:
                raise ValueError("no client has replied; what it has printed above says why")
            for metrics in result.evaluate_metrics_serverapp.values():
                found.setdefault(name, []).append(metrics["accuracy"])
            return result.arrays

        found["parameters"] = count_parameters(*(array for layer in layers for array in layer.values()))
        for name, make in servers().items():
            last = train(name, make(), first, arguments.epochs)
        half = arguments.epochs // 2
        stopped, checkpoint = make(), run.path("server.safetensors")
        train("stopped", stopped, first, half)
        stopped.save(checkpoint)
        resumed = make()
        resumed.load(checkpoint)  # the model, the moments, and the number of the round
        again = train("stopped", resumed, resumed.arrays, arguments.epochs - half)
        found["checksums"] = [zlib.crc32(b"".join(each.data for each in arrays.values())) for arrays in (last, again)]

    return app


def main() -> None:
    """Simulate, draw the accuracies, and print the table."""
    os.environ.setdefault("FLWR_TELEMETRY_ENABLED", "0")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    arguments = options()
    require("this example", ("flwr", "ray"), "examples-flower")
    from flwr.simulation import run_simulation

    logging.getLogger("flwr").setLevel(logging.ERROR)
    found: dict[str, Any] = {}
    start = time.perf_counter()
    with Run(arguments, (len(servers()) + 1) * arguments.epochs, "rounds") as run:
        run_simulation(
            server_app=server_app(arguments, run, found),
            client_app=client_app(arguments),
            num_supernodes=arguments.clients,
            backend_config={"client_resources": {"num_cpus": 1, "num_gpus": 0.0}},
        )
        seconds = time.perf_counter() - start
        report(arguments, run, found, seconds)


def report(arguments: argparse.Namespace, run: Run, found: dict[str, Any], seconds: float) -> None:
    """Draw and print."""
    names = list(servers())
    picture = run.path("accuracies.png")
    title = f"{arguments.clients} clients, {arguments.skew:.0%} of their images by label"
    with new_picture(picture, title) as (left, right):
        draw_lines(left, {name: found[name] for name in names}, "accuracy on held-out images", "round")
        errors = {name: [1.0 - accuracy for accuracy in found[name]] for name in names}
        draw_lines(right, errors, "error on held-out images", "round")
        right.set_yscale("log")
    last, again = found["checksums"]
    if last != again:
        raise ValueError(f"the server that was stopped has another model: {again:08x} instead of {last:08x}")
    print_table(
        {
            "parameters": f"{found['parameters']:,}",
            **{f"{name} accuracy": f"{found[name][-1]:.4f}" for name in names},
            "stopped and resumed": f"the same bits, {again:08x}",
            "time": f"{seconds:.1f} s",
        },
        picture,
        run.path("server.safetensors"),
    )


if __name__ == "__main__":
    sys.exit(run_program(main))
