"""Gradients by HIPS autograd, or by JAX, for parameters nested as you like them.

A gated recurrent unit (Cho et al. 2014) reads a digit row by row, as a sequence, and then says which one it was. Its
gradients are long to write by hand. autograd returns them nested as the parameters are, in NumPy arrays, and adamas
takes them in this form. With JAX (--backend jax) the loss is the same function, compiled; its gradients are read as
NumPy arrays without a copy.

Copy this file alone: it needs ``pip install 'adamas[examples]'``.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import numpy as np

import adamas
from adamas.demo.command_line import add_image_options, make_parser, parse, positive_int
from adamas.demo.extras import require
from adamas.demo.images import batch_count, batches, load_images
from adamas.demo.mlp import Array
from adamas.demo.pictures import draw_curves
from adamas.demo.program import run_program
from adamas.demo.run import Run
from adamas.demo.stopping import EarlyStopping
from adamas.demo.table import check_reloaded, print_table
from adamas.schedules import Cosine

#: {"gru": {"update": {...}, "reset": {...}, "candidate": {...}}, "out": {...}}, with arrays "x", "h", "b" and "w", "b".
Params: TypeAlias = dict[str, Any]
#: Parameters, rows of pixels and labels to the loss, and gradients nested as the parameters are.
LossAndGrads: TypeAlias = Callable[[Params, Array, Array], tuple[float, Params]]


def init(inputs: int, hidden: int, classes: int, rng: np.random.Generator) -> Params:
    """Make the parameters, in float32."""

    def normal(*shape: int) -> Array:
        values: Array = (rng.standard_normal(shape) / np.sqrt(shape[0])).astype(np.float32)
        return values

    def gate() -> dict[str, Array]:
        return {"x": normal(inputs, hidden), "h": normal(hidden, hidden), "b": np.zeros(hidden, np.float32)}

    return {
        "gru": {"update": gate(), "reset": gate(), "candidate": gate()},
        "out": {"w": normal(hidden, classes), "b": np.zeros(classes, np.float32)},
    }


def logits(params: Params, x: Any, xp: Any) -> Any:
    """Return the scores of the classes; ``xp`` is NumPy, or what stands for it when gradients are taken.

    With z the update gate and r the reset gate, each step takes a row x of the image into the memory h:
    c = tanh(x*Wx + (r*h)*Wh + b), h = (1 - z)*h + z*c.
    """
    gru = params["gru"]
    h = xp.zeros((x.shape[0], gru["update"]["b"].shape[0]), xp.float32)
    for t in range(x.shape[1]):
        row = x[:, t]
        z = _gate(gru["update"], row, h, _sigmoid, xp)
        r = _gate(gru["reset"], row, h, _sigmoid, xp)
        candidate = _gate(gru["candidate"], row, r * h, lambda a, xp: xp.tanh(a), xp)
        h = (1.0 - z) * h + z * candidate
    return xp.dot(h, params["out"]["w"]) + params["out"]["b"]


def _gate(gate: dict[str, Any], x: Any, h: Any, shape: Callable[[Any, Any], Any], xp: Any) -> Any:
    return shape(xp.dot(x, gate["x"]) + xp.dot(h, gate["h"]) + gate["b"], xp)


def _sigmoid(a: Any, xp: Any) -> Any:
    return 0.5 * (xp.tanh(0.5 * a) + 1.0)


def cross_entropy(params: Params, x: Any, y: Any, xp: Any) -> Any:
    """Return the mean over the images."""
    scores = logits(params, x, xp)
    top = xp.max(scores, axis=1, keepdims=True)
    log_sums = top[:, 0] + xp.log(xp.sum(xp.exp(scores - top), axis=1))
    return xp.mean(log_sums - scores[xp.arange(len(y)), y])


def by_autograd() -> LossAndGrads:
    """Return loss and gradients by autograd, which follows each operation of a NumPy of its own."""
    require("--backend autograd", ("autograd",), "examples")
    import autograd
    import autograd.numpy

    differentiate = autograd.value_and_grad(partial(cross_entropy, xp=autograd.numpy))

    def loss_and_grads(params: Params, x: Array, y: Array) -> tuple[float, Params]:
        loss, grads = differentiate(params, x, y)
        return float(loss), grads

    return loss_and_grads


def by_jax() -> LossAndGrads:
    """Return loss and gradients by JAX on the CPU, compiled once for each shape of a batch."""
    require("--backend jax", ("jax",), "examples")
    import jax

    jax.config.update("jax_platforms", "cpu")
    differentiate = jax.jit(jax.value_and_grad(partial(cross_entropy, xp=jax.numpy)))

    def loss_and_grads(params: Params, x: Array, y: Array) -> tuple[float, Params]:
        loss, grads = differentiate(params, x, y)
        # JAX computes in the background, and may read our arrays where they are. np.asarray waits for the gradients, so
        # nothing reads the parameters any more when the optimizer changes them.
        return float(loss), jax.tree.map(np.asarray, grads)

    return loss_and_grads


BACKENDS: dict[str, Callable[[], LossAndGrads]] = {"autograd": by_autograd, "jax": by_jax}


def evaluate(params: Params, x: Array, y: Array) -> tuple[float, float]:
    """Return mean cross-entropy and accuracy, in NumPy alone."""
    accuracy = float((logits(params, x, np).argmax(axis=1) == y).mean())
    return float(cross_entropy(params, x, y, np)), accuracy


def main() -> None:
    """Train, keep the best, read it back, and report."""
    parser = make_parser("autograd_numpy", __doc__, epochs=30, batch_size=64, lr=1e-2)
    add_image_options(parser)
    parser.add_argument("--backend", choices=list(BACKENDS), default="autograd", help="default: %(default)s")
    parser.add_argument("--hidden", type=positive_int, default=48, help="size of the memory; default: %(default)s")
    parser.add_argument("--patience", type=positive_int, default=6, help="epochs without gain; default: %(default)s")
    arguments = parse(parser, quick={"epochs": 8, "hidden": 32})
    loss_and_grads = BACKENDS[arguments.backend]()
    data = load_images(arguments)
    side = data.kind.side
    (x, y), validation, test = ((x.reshape(len(x), side, side), y) for x, y in (data.train, data.validation, data.test))
    steps = arguments.epochs * batch_count(len(y), arguments.batch_size)

    def new_model() -> tuple[Params, adamas.AdamW]:
        params = init(side, arguments.hidden, len(data.kind.classes), np.random.default_rng(arguments.seed))
        return params, adamas.AdamW(params, lr=Cosine(arguments.lr, 0.0, steps), weight_decay=0.01, max_norm=1.0)

    params, opt = new_model()
    rng = np.random.default_rng([arguments.seed, 2])
    stopping = EarlyStopping(arguments.patience)
    saved = (float("nan"), float("nan"))
    start = time.perf_counter()
    optimizer_seconds = 0.0

    with Run(arguments, steps, f"{data.kind.name}, {arguments.backend}") as run:
        checkpoint, picture = run.path("model.safetensors"), run.path("curves.png")
        for _ in range(arguments.epochs):
            losses = []
            for rows in batches(len(y), arguments.batch_size, rng):
                loss, grads = loss_and_grads(params, x[rows], y[rows])
                before = time.perf_counter()
                opt.step(grads)  # nested as params are
                optimizer_seconds += time.perf_counter() - before
                losses.append(loss)
                run.step()
            result = evaluate(params, *validation)
            run.epoch(training_loss=float(np.mean(losses)), validation_loss=result[0], validation_accuracy=result[1])
            if stopping.improved(result[0]):
                saved = result
                opt.save(checkpoint)
            elif stopping.exhausted:
                break
    seconds = time.perf_counter() - start

    params, opt = new_model()
    opt.load(checkpoint)
    check_reloaded(saved, evaluate(params, *validation), checkpoint)
    test_loss, test_accuracy = evaluate(params, *test)

    panels = {"cross-entropy (nats)": ["training_loss", "validation_loss"], "accuracy": ["validation_accuracy"]}
    title = f"{data.kind.name} row by row: GRU, gradients by {arguments.backend}"
    draw_curves(run.history, panels, title, picture)
    print_table(
        {
            "parameters": ", ".join(opt.state),
            "best epoch": f"{stopping.best_epoch} of {len(run.history['training_loss'])}",
            "validation accuracy": f"{saved[1]:.4f}, the same after reloading",
            "test loss": f"{test_loss:.4f}",
            "test accuracy": f"{test_accuracy:.4f}",
            "seconds": f"{seconds:.1f}, {optimizer_seconds:.2f} of them in the optimizer",
        },
        checkpoint,
        picture,
    )


if __name__ == "__main__":
    sys.exit(run_program(main))
