"""`adamas.jax.AdamW` against ``optax.adamw`` under ``jit``, with donation: whole training steps, and updates alone.

Of whole steps, forward and backward pass are timed by themselves, too: what they take, no optimizer can win. Run it
with ``python bench/jax_speed.py`` where JAX, optax and Flax are installed; ``--write`` keeps and draws the figures,
``--draw`` draws those that were kept.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adamas._pictures import picture, series_look
from adamas.bench.machine import describe_machine
from adamas.bench.timing import Side, ratio, rounds_within, time_alternately

RESULTS = Path(__file__).parent / "results"
#: So small that the loss stays where it is: learned by heart, a batch has denormal gradients.
_RATE = 1e-7
_DECAY, _MAX_NORM = 1e-4, 1.0


@dataclass(frozen=True)
class Row:
    """What is trained, or updated.

    Attributes:
        params: Makes the parameters.
        loss: Of parameters and a batch; None for the update alone.
        batch: Makes the batch.
        clips: Whether gradients are clipped by the norm of all of them.
        options: Of `adamas.jax.AdamW`.
        flat: Whether adamas has the parameters in one array.
        compiled: Whether both sides step inside of a compiled function, or are called by themselves.
    """

    params: Callable[[], Any]
    loss: Callable[[Any, Any], Any] | None = None
    batch: Callable[[], Any] = lambda: None
    clips: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    flat: bool = False
    compiled: bool = True


def _normal(seed: int, *shape: int, scale: float = 1.0) -> Any:
    import jax
    import jax.numpy as jnp

    return scale * jax.random.normal(jax.random.key(seed), shape, jnp.float32)


def _perceptron(*sizes: int) -> Callable[[], Any]:
    def make() -> Any:
        layers = itertools.pairwise(sizes)
        return [
            {"w": _normal(i, *shape, scale=0.05), "b": _normal(i, shape[1], scale=0.0)}
            for i, shape in enumerate(layers)
        ]

    return make


def _classified(logits: Any, labels: Any) -> Any:
    import jax
    import jax.numpy as jnp

    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), labels[..., None], axis=-1))


def _perceptron_loss(params: Any, batch: Any) -> Any:
    import jax.numpy as jnp

    x, labels = batch
    for layer in params[:-1]:
        x = jnp.tanh(x @ layer["w"] + layer["b"])
    return _classified(x @ params[-1]["w"] + params[-1]["b"], labels)


def _examples(size: int, features: int) -> Callable[[], Any]:
    import jax

    return lambda: (_normal(7, size, features), jax.random.randint(jax.random.key(8), (size,), 0, 10))


def _chain_loss(params: Any, batch: Any) -> Any:
    import jax.numpy as jnp

    x = batch
    for w in params:
        x = jnp.tanh(x @ w)
    return jnp.mean((x - 1.0) ** 2)


_WIDTH, _LAYERS, _HEADS, _WORDS, _LENGTH = 256, 4, 4, 1_000, 64


@functools.cache
def _transformer() -> Any:
    """A decoder of Flax, of 3.7 million parameters in 70 arrays."""
    import flax.linen as nn
    import jax.numpy as jnp

    class Block(nn.Module):  # type: ignore[misc]
        @nn.compact  # type: ignore[untyped-decorator]
        def __call__(self, x: Any, mask: Any) -> Any:
            y = nn.LayerNorm()(x)
            x = x + nn.MultiHeadDotProductAttention(num_heads=_HEADS)(y, y, mask=mask)
            y = nn.LayerNorm()(x)
            return x + nn.Dense(_WIDTH)(nn.gelu(nn.Dense(4 * _WIDTH)(y)))

    class Decoder(nn.Module):  # type: ignore[misc]
        @nn.compact  # type: ignore[untyped-decorator]
        def __call__(self, words: Any) -> Any:
            x = nn.Embed(_WORDS, _WIDTH)(words) + nn.Embed(_LENGTH, _WIDTH)(jnp.arange(_LENGTH))
            for _ in range(_LAYERS):
                x = Block()(x, nn.make_causal_mask(words))
            return nn.Dense(_WORDS, use_bias=False)(nn.LayerNorm()(x))

    return Decoder()


def _transformer_params() -> Any:
    import jax

    return _transformer().init(jax.random.key(1), _texts())["params"]


def _transformer_loss(params: Any, batch: Any) -> Any:
    return _classified(_transformer().apply({"params": params}, batch)[:, :-1], batch[:, 1:])


def _texts() -> Any:
    import jax

    return jax.random.randint(jax.random.key(3), (8, _LENGTH), 0, _WORDS)


def rows() -> dict[str, Row]:
    """Return all rows, by name."""
    mlp = _perceptron(784, 2048, 2048, 10)
    return {
        "MLP, 5.8M parameters": Row(mlp, _perceptron_loss, _examples(32, 784)),
        "MLP, 5.8M parameters, clipped": Row(mlp, _perceptron_loss, _examples(32, 784), clips=True),
        "62 matrices of 64 x 64": Row(
            lambda: [_normal(i, 64, 64, scale=0.1) for i in range(62)], _chain_loss, lambda: _normal(7, 32, 64)
        ),
        "MLP, 38M parameters": Row(_perceptron(1024, 4096, 4096, 4096, 10), _perceptron_loss, _examples(16, 1024)),
        "MLP, 0.4M parameters": Row(_perceptron(256, 512, 512, 10), _perceptron_loss, _examples(32, 256)),
        "transformer of Flax, 3.7M parameters": Row(_transformer_params, _transformer_loss, _texts),
        "update of 1,000 x 1,000": Row(lambda: [_normal(i, 1_000) for i in range(1_000)]),
        "update of 1,000 x 1,000, in one array": Row(lambda: [_normal(i, 1_000) for i in range(1_000)], flat=True),
        "update of 1,000 x 1,000, outside of jit": Row(
            lambda: [_normal(i, 1_000) for i in range(1_000)], compiled=False
        ),
        "update of 8 x 1M": Row(lambda: [_normal(i, 2**20) for i in range(8)]),
        "update of 16.7M": Row(lambda: _normal(0, 2**24)),
        "update of 16.7M, 8-bit states": Row(lambda: _normal(0, 2**24), options={"state_dtype": "int8"}),
    }


def _compiled(function: Any, donated: tuple[int, ...], *arguments: Any) -> tuple[Any, float]:
    import jax

    start = time.perf_counter()
    compiled = jax.jit(function, donate_argnums=donated).lower(*arguments).compile()
    return compiled, time.perf_counter() - start


class _Trained:
    """Parameters and a state, trained by a compiled step."""

    def __init__(self, function: Any, params: Any, state: Any, given: Any, *, compiled: bool = True) -> None:
        import jax
        import jax.numpy as jnp

        self.carry = jax.tree.map(jnp.copy, (params, state))
        self.given = given
        self.step_of, self.seconds = _compiled(function, (0, 1), *self.carry, given) if compiled else (function, 0.0)
        self.loss: Any = None

    def step(self) -> None:
        """Take a step, and wait for it."""
        import jax

        params, state, self.loss = self.step_of(*self.carry, self.given)
        self.carry = jax.block_until_ready((params, state))


def measure(row: Row, seconds: float) -> dict[str, Any]:
    """Return ratio with quartiles, median seconds of all sides, seconds to compile, and the last losses."""
    import jax
    import optax

    import adamas.jax

    tx: Any = optax.adamw(_RATE, weight_decay=_DECAY)
    tx = optax.chain(optax.clip_by_global_norm(_MAX_NORM), tx) if row.clips else tx
    clipping = {"max_norm": _MAX_NORM} if row.clips else {}
    opt = adamas.jax.AdamW(_RATE, weight_decay=_DECAY, **clipping, **row.options)
    params, batch = row.params(), row.batch()
    own = adamas.jax.flat(params) if row.flat else params

    def gradients(params: Any, given: Any) -> Any:
        return (None, given) if row.loss is None else jax.value_and_grad(row.loss)(params, given)

    def with_optax(params: Any, state: Any, given: Any) -> Any:
        loss, grads = gradients(params, given)
        updates, state = tx.update(grads, state, params)
        return optax.apply_updates(params, updates), state, loss

    def with_adamas(params: Any, state: Any, given: Any) -> Any:
        loss, grads = gradients(params, given)
        return *opt.step(params, grads, state, after=loss), loss

    alone = row.loss is None
    grads = jax.tree.map(lambda array: 0.1 * array, (params, own)) if alone else (batch, batch)
    theirs = _Trained(with_optax, params, tx.init(params), grads[0], compiled=row.compiled)
    ours = _Trained(with_adamas, own, opt.init(own), grads[1], compiled=row.compiled)
    sides = {"adamas": Side(ours.step), "optax": Side(theirs.step)}
    if not alone:
        passes, _ = _compiled(gradients, (), params, batch)
        sides["forward and backward"] = Side(lambda: jax.block_until_ready(passes(params, batch)))
    timings = time_alternately(sides, rounds_within(sides, 0.05, seconds), 0.05)
    found: dict[str, Any] = {
        "seconds": {name: timing.median for name, timing in timings.items()},
        "of_optax": ratio(timings["adamas"], timings["optax"]),
    }
    if row.compiled:
        found["compiled"] = {"adamas": ours.seconds, "optax": theirs.seconds}
    if not alone:
        found["passes_of_optax"] = ratio(timings["forward and backward"], timings["optax"])[0]
        found["losses"] = {"adamas": float(ours.loss), "optax": float(theirs.loss)}
    return found


def draw(found: dict[str, Any], processor: str, path: Path) -> None:
    """Draw the time of a step, divided by optax's: adamas's, and that of forward and backward pass alone."""
    names = list(found)[::-1]
    with picture(path, 10.0, 0.45 * len(names) + 1.4, f"adamas.jax on {processor}") as figure:
        axes = figure.subplots()
        ratios = [found[name]["of_optax"][0] for name in names]
        axes.barh(names, ratios, color=series_look(0)["color"], label="the whole step with adamas")
        passes = [found[name].get("passes_of_optax", 0.0) for name in names]
        axes.barh(names, passes, height=0.35, color=series_look(1)["color"], label="forward and backward pass alone")
        for i, ratio_ in enumerate(ratios):
            axes.text(ratio_ + 0.01, i, f"{ratio_:.2f}", va="center")
        axes.axvline(1.0, color="black", linewidth=1.5)
        axes.set(xlim=(0.0, 1.08), xlabel="time of a step, divided by the time with optax.adamw")
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="y", visible=False)
        figure.legend(loc="outside lower center", ncols=2, frameon=False)


def main() -> int:
    """Measure and print; keep and draw the figures, if that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="for each row")
    parser.add_argument("--only", nargs="*", default=None, help="names of rows, or parts of them; default: all")
    parser.add_argument("--write", action="store_true", help="results/jax.json and results/jax.png")
    parser.add_argument("--draw", action="store_true", help="only draw results/jax.json")
    arguments = parser.parse_args()
    if arguments.draw:
        kept = json.loads((RESULTS / "jax.json").read_text())
        draw(kept["rows"], str(kept["machine"]["processor"]), RESULTS / "jax.png")
        return 0
    found = {}
    for name, row in rows().items():
        if arguments.only is not None and not any(part in name for part in arguments.only):
            continue
        found[name] = each = measure(row, arguments.seconds)
        median, low, high = each["of_optax"]
        times = "  ".join(f"{side} {1e3 * seconds:.2f} ms" for side, seconds in each["seconds"].items())
        compiled = ", ".join(f"{side} {seconds:.1f} s" for side, seconds in each.get("compiled", {}).items())
        print(f"{name:<39} {median:.2f} [{low:.2f}, {high:.2f}]  {times}; to compile: {compiled or '-'}", flush=True)
    if arguments.write:
        about = describe_machine()
        (RESULTS / "jax.json").write_text(json.dumps({"machine": about, "rows": found}, indent=1) + "\n")
        draw(found, str(about["processor"]), RESULTS / "jax.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
