"""Against optimizers for PyTorch that others publish: the same trajectories, for rules that torch.optim lacks.

Where the forms differ:

- LaProp of timm decays after the update, adamas before it: they agree without decay. It keeps the bias of the second
  moment in the default dtype: in float32, its trajectory is off by 1e-8 and more.
- Cautious updates of timm mask where the first moment goes along the gradient. In these rules the change has its sign.
  In timm's Adan, whose change is a sum of two, they mask the first part alone. Its NAdamW has no schedule of momentum,
  and no peer here.
- ADOPT of timm does not decay in its first step, which adamas does where decay is decoupled.
- MARS of timm steps vectors by AdamW, unless it is told otherwise (``optimize_1d``).
- Adafactor of transformers adds epsilon to squares, as the paper does (``eps_in_mean``); its weight decay is multiplied
  by the relative step, that of adamas by lr, as in torch.optim: they agree without.
- pytorch_optimizer, which has most of these rules too, adds 1e-15 to second moments before it takes the root: so no
  trajectory of it agrees to more than 5 digits with one of these, or with the papers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import optimi
import pytest
import schedulefree
import torch
import transformers.optimization
from adam_atan2_pytorch import AdamAtan2
from adam_mini import Adam_mini
from timm_optimizers import timm_optimizer
from trajectories import STEPS, Array, assert_agree, gradients, ours, row, starts

import adamas


@dataclass(frozen=True)
class Case:
    """One optimizer with options, its peer, and what the peer calls them where it has other names."""

    optimizer: str
    peer: Callable[..., torch.optim.Optimizer]
    options: dict[str, Any] = field(default_factory=dict)
    peer_options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        shown = (f"{key}={value if not callable(value) else 'schedule'}" for key, value in self.options.items())
        return "-".join([self.optimizer, *shown])


def falling(step: int) -> float:
    """A schedule of the learning rate."""
    return 0.01 * 0.99**step


MARS, LaProp = timm_optimizer("mars", "Mars"), timm_optimizer("laprop", "LaProp")
WHOLE = {"optimize_1d": True}
AdamW, Adopt = timm_optimizer("adamw", "AdamWLegacy"), timm_optimizer("adopt", "Adopt")
Lion = timm_optimizer("lion", "Lion")
CAUTION = {"cautious": True}
CORRECTED = {"decay": "corrected"}


def transformers_adafactor(params: Any, lr: float = 1e-2, **options: Any) -> torch.optim.Optimizer:
    """Make the Adafactor of transformers, which has names and defaults of its own."""
    names = {"d": "clip_threshold", "beta2_decay": "decay_rate"}
    options.pop("eps_in_mean")
    options = {names.get(name, name): value for name, value in options.items()}
    relative = options.setdefault("relative_step", True)
    made: torch.optim.Optimizer = transformers.optimization.Adafactor(params, lr=None if relative else lr, **options)
    return made


PAPER: dict[str, Any] = {"eps": (1e-30, 1e-3), "eps_in_mean": True}

CASES = [
    Case("ScheduleFreeSGD", schedulefree.SGDScheduleFree, {"lr": 0.1}),
    Case("ScheduleFreeSGD", schedulefree.SGDScheduleFree, {"lr": 0.1, "momentum": 0.7, "weight_decay": 0.1}),
    Case("ScheduleFreeSGD", schedulefree.SGDScheduleFree, {"lr": 0.1, "warmup_steps": 50, "r": 0.5}),
    Case("ScheduleFreeSGD", schedulefree.SGDScheduleFree, {"lr": 0.1, "warmup_steps": 9, "weight_lr_power": 1.5}),
    Case("ScheduleFreeRAdam", schedulefree.RAdamScheduleFree),
    Case("ScheduleFreeRAdam", schedulefree.RAdamScheduleFree, {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-3}),
    Case("ScheduleFreeRAdam", schedulefree.RAdamScheduleFree, {"weight_decay": 0.1, "silent_sgd_phase": False}),
    Case("ScheduleFreeRAdam", schedulefree.RAdamScheduleFree, {"r": 0.5, "weight_lr_power": 1.5}),
    Case("LaProp", LaProp, {"lr": 4e-4}),
    Case("LaProp", LaProp, {"lr": 0.01, "betas": (0.8, 0.9), "eps": 1e-3}),
    Case("LaProp", LaProp, {"lr": falling}),
    Case("LaProp", LaProp, {"lr": 0.01, "maximize": True}),
    Case("MARS", MARS, {"lr": 3e-3}, WHOLE),
    Case("MARS", MARS, {"gamma": 0.1, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1}, WHOLE),
    Case("MARS", MARS, {"lr": falling, "maximize": True}, WHOLE),
    Case("StableAdamW", optimi.StableAdamW, {"lr": 1e-3}),
    Case("StableAdamW", optimi.StableAdamW, {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.5}),
    Case("StableAdamW", optimi.StableAdamW, {"lr": falling, "weight_decay": 0.0}),
    Case("Adafactor", transformers_adafactor, {**PAPER}),
    Case("Adafactor", transformers_adafactor, {**PAPER, "beta1": 0.9, "warmup_init": True}),
    Case("Adafactor", transformers_adafactor, {**PAPER, "d": 2.0, "beta2_decay": -0.5, "scale_parameter": False}),
    Case("Adafactor", transformers_adafactor, {**PAPER, "relative_step": False, "lr": 0.001, "eps": (0.01, 0.1)}),
    Case("Adafactor", transformers_adafactor, {**PAPER, "relative_step": False, "lr": 1e-3, "scale_parameter": False}),
    Case("AdamW", AdamW, {"lr": 0.01, "weight_decay": 0.1, **CAUTION}),
    Case("AdamW", AdamW, {"lr": falling, "amsgrad": True, "betas": (0.8, 0.9), "maximize": True, **CAUTION}),
    Case("LaProp", LaProp, {"lr": falling, "weight_decay": 0.0, **CAUTION}),
    Case("Lion", Lion, {"lr": falling, "weight_decay": 0.1, "maximize": True, **CAUTION}),
    Case("ADOPT", Adopt, {"lr": 0.01, "weight_decay": 0.1, **CAUTION}, {"clip_exp": 0.25}),
    Case("MARS", MARS, {"lr": 0.01, "weight_decay": 0.1, **CAUTION}, WHOLE),
    Case("AdamW", AdamW, {"lr": falling, "weight_decay": 0.5, "max_lr": 0.01, **CORRECTED}),
    Case("Lion", Lion, {"lr": falling, "weight_decay": 0.5, "max_lr": 0.01, **CORRECTED}),
    Case(
        "AdamW",
        optimi.AdamW,
        {
            "lr": falling,
            "weight_decay": 9e-4,
            "max_lr": 0.02,
            "decay": "independent",
            "betas": (0.9, 0.99),
            "eps": 1e-6,
        },
    ),
    Case("Lion", optimi.Lion, {"lr": 0.01, "weight_decay": 9e-4, "decay": "independent"}),
    Case("AdamAtan2", AdamAtan2, {"lr": 1e-3}, {"betas": (0.9, 0.999)}),
    Case("AdamAtan2", AdamAtan2, {"lr": falling, "betas": (0.9, 0.99), "maximize": True}),
    Case("AdamAtan2", AdamAtan2, {"lr": 0.01, "betas": (0.8, 0.9), "a": 2.0, "b": 0.3, "weight_decay": 0.1}),
]


def in_words_of_peers(options: dict[str, Any]) -> dict[str, Any]:
    """Return options by the names that timm and optimi have for them."""
    renamed = {"caution" if name == "cautious" else name: value for name, value in options.items() if name != "decay"}
    if options.get("decay") == "corrected":  # timm takes the rate at construction
        assert renamed.pop("max_lr") == options["lr"]
        renamed["corrected_weight_decay"] = True
    elif options.get("decay") == "independent":
        renamed["decouple_lr"] = True
    return renamed


def theirs(case: Case) -> Array:
    """Return the trajectory of the peer, as `ours` does."""
    params = [torch.from_numpy(start).requires_grad_() for start in starts()]
    grads = [torch.from_numpy(grad) for grad in gradients()]
    options = {**case.options, **case.peer_options}
    schedule = options["lr"] if callable(options.get("lr")) else None
    if schedule is not None:
        options["lr"] = schedule(0)
    sign = -1.0 if options.pop("maximize", False) else 1.0
    options = in_words_of_peers(options)
    opt: Any = case.peer(params, **options)
    averages = hasattr(opt, "eval")
    trajectory = []
    for step in range(STEPS):
        if averages:
            opt.train()
        for param, grad in zip(params, grads, strict=True):
            param.grad = sign * grad[step]
        if schedule is not None:
            opt.param_groups[0]["lr"] = schedule(step)
        opt.step()
        found = [row([param.detach().numpy() for param in params])]
        if averages:
            opt.eval()
            found.append(row([param.detach().numpy() for param in params]))
        trajectory.append(np.concatenate(found))
    return np.array(trajectory)


@pytest.fixture(autouse=True)
def _bookkeeping_in_float64() -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_same_trajectory(case: Case) -> None:
    assert_agree(ours(case.optimizer, case.options), theirs(case))


def test_adam_mini() -> None:
    """Of a transformer: by rows, by element, by head and by tensor, chosen by the names of parameters."""
    rng = np.random.default_rng(23)
    shapes = {"mlp": (40, 30), "bias": (30,), "q_proj": (24, 6), "k_proj": (12, 6), "Gate": (5, 7), "wte": (9, 4)}
    arrays = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    params = {name: torch.nn.Parameter(torch.from_numpy(array.copy())) for name, array in arrays.items()}
    settings: dict[str, Any] = {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1}
    # 36 elements in a head, of 4 and of 2
    peer = Adam_mini(params.items(), dim=12, n_heads=4, n_kv_heads=2, verbose=False, **settings)
    groups = adamas.partitions.transformer_blocks(arrays, heads=4, key_value_heads=2)
    for group in groups:
        if "bias" in group["params"]:
            group["weight_decay"] = 0.0
    opt = adamas.AdamMini(groups, **settings)
    for _ in range(STEPS):
        grads = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
        for name, param in params.items():
            param.grad = torch.from_numpy(grads[name])
        peer.step()
        opt.step([{name: grads[name] for name in group["params"]} for group in groups])
        for name, array in arrays.items():
            assert_agree(array, params[name].detach().numpy())
