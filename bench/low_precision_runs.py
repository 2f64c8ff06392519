"""Training runs that differ in how parameters, gradients and states are kept: the formats of AdamW, and two rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from low_precision_tasks import Task, each, flat

import adamas
from adamas.demo.mlp import Array, Layers
from adamas.optimizers import CompiledOptimizer
from adamas.schedules import Cosine

if TYPE_CHECKING:
    from adamas._optimizer.options import Options

PEAK = 2e-3
#: The learning rate ends at this share of its peak: there an update is far less than half a unit in the last place of
#: a bfloat16 parameter, and rounding to nearest loses it.
END = 0.01


@dataclass(frozen=True)
class Variant:
    """One way of keeping numbers."""

    name: str
    options: Options
    #: Parameters and gradients are bfloat16 too.
    half: bool = False
    optimizer: type[CompiledOptimizer] = adamas.AdamW
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)


#: Of Adafactor: the learning rate is that of AdamW.
_LIKE_ADAMW = {"relative_step": False, "scale_parameter": False}

VARIANTS = [
    Variant("float32", {}),
    Variant("states bfloat16", {"state_dtype": "bfloat16"}),
    Variant("states int8", {"state_dtype": "int8"}),
    Variant("states int4", {"state_dtype": "int4"}),
    Variant("Adafactor", {}, optimizer=adamas.Adafactor, hyperparameters=_LIKE_ADAMW),
    Variant("AdamMini", {}, optimizer=adamas.AdamMini),
    Variant("all bfloat16, float32 master", {"state_dtype": "bfloat16", "master_weights": True}, half=True),
    Variant("all bfloat16, split32", {"state_dtype": "bfloat16", "master_weights": "split32"}, half=True),
    Variant("all bfloat16, split24", {"state_dtype": "bfloat16", "master_weights": "split24"}, half=True),
    Variant("all bfloat16, stochastic", {"state_dtype": "bfloat16", "rounding": "stochastic"}, half=True),
    Variant("all bfloat16, Kahan", {"state_dtype": "bfloat16", "rounding": "kahan"}, half=True),
    Variant("all bfloat16, nearest (!)", {"state_dtype": "bfloat16", "rounding": "nearest"}, half=True),
]


@dataclass(frozen=True)
class Result:
    """What a run ended with; losses are mean cross-entropy in nats."""

    train_loss: float
    loss: float
    accuracy: float
    bytes_per_parameter: float

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


def to_half(array: Array) -> Array:
    """Round to bfloat16."""
    import ml_dtypes

    halves: Array = array.astype(ml_dtypes.bfloat16)
    return halves


def to_single(array: Array) -> Array:
    """Return float32 numbers of the same values."""
    return array.astype(np.float32)


def bytes_per_parameter(layers: Layers, state: Any) -> float:
    """Measure parameters and states, arrays of scales and of residues included."""
    arrays = list(flat(layers).values())
    kept = [value for entry in state.values() for value in entry.values() if isinstance(value, np.ndarray)]
    return sum(array.nbytes for array in arrays + kept) / sum(array.size for array in arrays)


def run(task: Task, variant: Variant, seed: int, steps: int) -> Result:
    """Train; forward and backward pass are in float32, from the very weights that the parameters hold."""
    layers = task.new_layers(seed)
    options: Options = {**variant.options}
    if variant.half:
        layers = each(to_half, layers)
        options["seed"] = seed
    lr = Cosine(PEAK, END * PEAK, steps)
    opt = variant.optimizer(layers, lr=lr, **variant.hyperparameters, **options)
    for x, y in task.batches(seed, steps):
        if variant.half:
            grads = each(to_half, task.loss_and_grads(each(to_single, layers), x, y)[1])
        else:
            grads = task.loss_and_grads(layers, x, y)[1]
        opt.step(grads)
    final = each(to_single, layers)
    return Result(
        task.evaluate(final, task.train)[0],
        *task.evaluate(final, task.held_out),
        bytes_per_parameter(layers, opt.state),
    )


def check_split32(task: Task, seed: int, steps: int) -> str:
    """Train with split32, and train float32 parameters whose high halves alone the forward pass sees.

    Returns:
        A sentence that says that both ended with the same bits.

    Raises:
        AssertionError: They did not.
    """
    halves = each(to_half, task.new_layers(seed))
    singles = each(to_single, halves)
    lr = Cosine(PEAK, END * PEAK, steps)
    split = adamas.AdamW(halves, lr=lr, state_dtype="bfloat16", master_weights="split32")
    whole = adamas.AdamW(singles, lr=lr, state_dtype="bfloat16")
    for x, y in task.batches(seed, steps):
        split.step(each(to_half, task.loss_and_grads(each(to_single, halves), x, y)[1]))
        whole.step(each(to_half, task.loss_and_grads(each(_high_half, singles), x, y)[1]))
    compared = 0
    for (name, half), single in zip(flat(halves).items(), flat(singles).values(), strict=True):
        bits, low = single.view(np.uint32), split.state[name]["low_bits"]
        same = (half.view(np.uint16) == (bits + np.uint32(0x8000)) >> 16) & (low == bits & np.uint32(0xFFFF))
        for moment in ("exp_avg", "exp_avg_sq"):
            pair = [opt.state[name][moment].view(np.uint16) for opt in (split, whole)]
            same &= pair[0] == pair[1]
        assert same.all(), f"split32 and float32 differ in {np.count_nonzero(~same)} of {same.size} elements of {name}"
        compared += half.size
    return (
        f"split32 against float32 parameters, {steps:,} steps: high halves, low halves and states of all "
        f"{compared:,} parameters are equal to the last bit."
    )


def _high_half(array: Array) -> Array:
    high: Array = ((array.view(np.uint32) + np.uint32(0x8000)) & np.uint32(0xFFFF0000)).view(np.float32)
    return high
