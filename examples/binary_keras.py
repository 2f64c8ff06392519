"""A binary classifier in Keras 3: is a tumour benign? Trained with adamas.keras.AdamW.

Shows how adamas replaces an optimizer of Keras: in `compile`, with a schedule, clipping, exclusions from weight decay,
penalties, early stopping and `ModelCheckpoint`. The file of the model contains the optimizer too. A model that is read
from it gives the same figures and can go on with its training.

The data are scikit-learn's breast-cancer measurements: 569 tumours, 30 numbers each.

Copy this file alone: it needs ``pip install 'adamas[examples-keras]'``.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

import numpy as np

import adamas
from adamas.demo.command_line import make_parser, non_negative, parse, positive_int
from adamas.demo.extras import require
from adamas.demo.images import batch_count
from adamas.demo.mlp import Array
from adamas.demo.pictures import draw_curves
from adamas.demo.program import run_program
from adamas.demo.run import Run
from adamas.demo.table import check_reloaded, print_table

#: Measurements, and answers: 1 for benign.
Part = tuple[Array, Array]


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser("binary_keras", __doc__, epochs=100, batch_size=32, lr=3e-3)
    parser.add_argument("--l1", type=non_negative, default=1e-5, help="penalty on magnitudes; default: %(default)s")
    parser.add_argument("--l2", type=non_negative, default=1e-4, help="penalty on squares; default: %(default)s")
    parser.add_argument("--patience", type=positive_int, default=15, help="epochs without a lower validation loss")
    return parse(parser, quick={"epochs": 12})


def load(seed: int) -> tuple[Part, Part, Part]:
    """Return 60, 20 and 20 percent of the data: to train on, to choose by, and to be judged by."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    measured, benign = load_breast_cancer(return_X_y=True)
    x, x_test, y, y_test = train_test_split(measured, benign, test_size=0.2, stratify=benign, random_state=seed)
    x, x_held, y, y_held = train_test_split(x, y, test_size=0.25, stratify=y, random_state=seed)
    scaler = StandardScaler().fit(x)  # of what is known in training: not of the other two

    def part(x: Array, y: Array) -> Part:
        return scaler.transform(x).astype(np.float32), y.astype(np.float32)

    return part(x, y), part(x_held, y_held), part(x_test, y_test)


def new_model(arguments: argparse.Namespace, inputs: int, steps: int) -> Any:
    """Make the network and its optimizer, whose learning rate falls to nothing over so many steps."""
    import keras

    import adamas.keras

    penalties = keras.regularizers.L1L2(l1=arguments.l1, l2=arguments.l2)
    model = keras.Sequential(
        [
            keras.layers.Input((inputs,)),
            keras.layers.Dense(32, activation="relu", kernel_regularizer=penalties),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(16, activation="relu", kernel_regularizer=penalties),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    schedule = keras.optimizers.schedules.CosineDecay(arguments.lr, decay_steps=steps)
    optimizer = adamas.keras.AdamW(schedule, weight_decay=0.01, global_clipnorm=1.0)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    model.compile(optimizer, "binary_crossentropy", metrics=["accuracy", keras.metrics.AUC(name="auc")])
    return model


def report_to(run: Run) -> Any:
    """Make the callback that shows progress, and keeps and writes losses and metrics."""
    import keras

    def epoch(number: int, logs: dict[str, float]) -> None:
        kinds = {True: "validation_", False: "training_"}
        run.epoch(**{kinds[name.startswith("val_")] + name.removeprefix("val_"): logs[name] for name in logs})

    return keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: run.step(), on_epoch_end=epoch)


def evaluate(model: Any, part: Part) -> tuple[float, ...]:
    """Return loss, with penalties, accuracy and area under the curve."""
    return tuple(model.evaluate(*part, verbose=0))


def main() -> None:
    """Train, keep the best model, read it back, and report."""
    arguments = options()
    # Keras runs on PyTorch, TensorFlow or JAX. On PyTorch adamas updates the model in its own memory.
    backend = os.environ.setdefault("KERAS_BACKEND", "torch")
    require("this example", ("keras", backend, "sklearn"), "examples-keras")
    import keras

    keras.utils.set_random_seed(arguments.seed)
    train, validation, test = load(arguments.seed)
    steps = arguments.epochs * batch_count(len(train[0]), arguments.batch_size)
    model = new_model(arguments, train[0].shape[1], steps)
    with Run(arguments, steps, "breast cancer") as run:
        best, picture = run.path("best.keras"), run.path("curves.png")
        callbacks = [
            keras.callbacks.EarlyStopping("val_loss", patience=arguments.patience),
            keras.callbacks.ModelCheckpoint(best, "val_loss", save_best_only=True),
            keras.callbacks.TerminateOnNaN(),
            report_to(run),
        ]
        try:
            model.fit(*train, arguments.batch_size, arguments.epochs, 0, callbacks, validation_data=validation)
        except RuntimeError as error:  # torch's answer to probabilities that are not numbers
            raise ValueError(f"training came to an end ({error}); try a lower --lr") from error
    if not np.isfinite(run.history["training_loss"]).all():
        raise ValueError("the loss is not a number; try a lower --lr")

    # The file has architecture, weights, and the optimizer with its states and step count.
    model = keras.models.load_model(best)
    figures = evaluate(model, test)
    copy = run.path("model.keras")
    model.save(copy)
    reloaded = keras.models.load_model(copy)
    check_reloaded(figures, evaluate(reloaded, test), copy)
    probability = reloaded.predict(test[0], verbose=0)[:, 0]  # of being benign
    missed = int(((probability > 0.5) & (test[1] == 0)).sum())
    alarms = int(((probability <= 0.5) & (test[1] == 1)).sum())

    losses = run.history["validation_loss"]
    panels = {
        "loss, with penalties": ["training_loss", "validation_loss"],
        "accuracy": ["training_accuracy", "validation_accuracy"],
    }
    draw_curves(run.history, panels, "Breast cancer: dense network, adamas.keras.AdamW", picture)
    print_table(
        {
            "network": f"30-32-16-1, {model.count_params():,} parameters, Keras {keras.__version__} on {backend}",
            "epochs": f"{len(losses)}, the best was {losses.index(min(losses)) + 1}",
            "training accuracy": f"{evaluate(model, train)[1]:.4f}",
            "validation accuracy": f"{evaluate(model, validation)[1]:.4f}",
            "test loss": f"{figures[0]:.4f}",
            "test accuracy": f"{figures[1]:.4f}, the same after reloading",
            "test area under curve": f"{figures[2]:.4f}",
            "malignant, missed": f"{missed} of {int((test[1] == 0).sum())}",
            "benign, false alarm": f"{alarms} of {int((test[1] == 1).sum())}",
            "optimizer, read back": f"{type(reloaded.optimizer).__name__}, {int(reloaded.optimizer.iterations)} steps",
            "instruction set": adamas.active_isa(),
        },
        copy,
        best,
        picture,
    )


if __name__ == "__main__":
    sys.exit(run_program(main))
