"""A Flower app: ten clients, each with its part of the digits of scikit-learn, train a network in NumPy.

It is run as ``python digits_app.py ROUNDS``, and prints the accuracy of each round and the model's checksum. Which
strategy it takes is decided by one line, that of the import.
"""

import sys
import zlib
from typing import Any

import numpy as np
from flwr.app import ArrayRecord, ConfigRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAdam
from flwr.simulation import run_simulation
from sklearn.datasets import load_digits

CLIENTS = 10
ROUNDS = int(sys.argv[1])


def data() -> Any:
    """Return images and labels: every fifth to test, all others to train."""
    x, y = load_digits(return_X_y=True)
    x, test = (x / 16.0).astype(np.float32), np.arange(len(y)) % 5 == 0
    return x[~test], y[~test], x[test], y[test]


def forward(weights: Any, x: Any) -> Any:
    """Return the hidden layer and the probabilities."""
    hidden = np.maximum(x @ weights[0] + weights[1], 0.0)
    logits = hidden @ weights[2] + weights[3]
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return hidden, p / p.sum(axis=1, keepdims=True)


client = ClientApp()


@client.train()  # type: ignore[untyped-decorator]
def train(message: Message, context: Context) -> Message:
    """Train three passes over this client's part, by gradient descent."""
    number = int(context.node_config["partition-id"])
    x, y, _, _ = data()
    order = np.argsort(y, kind="stable")[number::CLIENTS] if number % 2 else np.arange(number, len(y), CLIENTS)
    x, y = x[order], y[order]
    weights = message.content["arrays"].to_numpy_ndarrays()
    rng = np.random.default_rng([number, int(message.content["config"]["server-round"])])
    batches = [rows for _ in range(3) for rows in np.array_split(rng.permutation(len(y)), len(y) // 16)]
    for rows in batches:
        hidden, p = forward(weights, x[rows])
        p[np.arange(len(rows)), y[rows]] -= 1.0
        p /= len(rows)
        back = (p @ weights[2].T) * (hidden > 0.0)
        grads = (x[rows].T @ back, back.sum(axis=0), hidden.T @ p, p.sum(axis=0))
        weights = [w - np.float32(0.1) * grad.astype(np.float32) for w, grad in zip(weights, grads, strict=True)]
    metrics = MetricRecord({"num-examples": len(y)})
    return Message(RecordDict({"arrays": ArrayRecord(weights), "metrics": metrics}), reply_to=message)


server = ServerApp()


@server.main()  # type: ignore[untyped-decorator]
def main(grid: Grid, context: Context) -> None:
    """Train all rounds."""
    rng = np.random.default_rng(0)
    shapes = [(64, 32), (32,), (32, 10), (10,)]
    weights = [(rng.standard_normal(shape) * 0.1).astype(np.float32) for shape in shapes]
    _, _, x, y = data()

    def evaluate(server_round: int, arrays: ArrayRecord) -> MetricRecord:
        found = forward(arrays.to_numpy_ndarrays(), x)[1].argmax(axis=1)
        return MetricRecord({"accuracy": float((found == y).mean())})

    strategy = FedAdam(fraction_evaluate=0.0, min_available_nodes=CLIENTS, eta=0.1)
    result = strategy.start(
        grid=grid,
        initial_arrays=ArrayRecord(weights),
        num_rounds=ROUNDS,
        train_config=ConfigRecord(),
        evaluate_fn=evaluate,
    )
    for number, metrics in result.evaluate_metrics_serverapp.items():
        print("round", number, "accuracy", metrics["accuracy"])
    print("checksum", zlib.crc32(b"".join(array.data for array in result.arrays.values())))


if __name__ == "__main__":
    run_simulation(
        server_app=server,
        client_app=client,
        num_supernodes=CLIENTS,
        backend_config={
            "init_args": {"num_cpus": 2, "include_dashboard": False},
            "client_resources": {"num_cpus": 1, "num_gpus": 0.0},
        },
    )
