"""Against optax: the same trajectories and the same defaults, for every rule that it has in the same form.

Where the forms differ:

- ``amsgrad`` takes the maximum of corrected second moments, PyTorch and adamas correct the maximum: they agree without
  bias correction.
- ``nadam`` has no momentum decay: it is the limit of adamas' where that is over at once.
- ``radam`` and ``adagrad`` have eps in another place: they agree without it.
- ``rmsprop`` has eps under the root, unless told otherwise.
- In the warmup of ``schedule_free_adamw`` the base optimizer is a step behind the average, since they count from 0 and
  from 1, and that of AdEMAMix is left to schedules: here, both are given schedules of their own.
- ``eps_hat``, LAMB without bias correction, ``mix_by_beta2`` of Adan, ``r`` of Schedule-Free, ``lr_decay`` and
  ``dampening`` are not in optax.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from optax import contrib
from trajectories import STEPS, Array, assert_agree, gradients, ours, starts

import adamas

jax.config.update("jax_enable_x64", True)

#: No eps, except for elements that have had no gradient yet, which are 0/0 without.
NO_EPS = 1e-300


@dataclass(frozen=True)
class Case:
    """One optimizer with options, and what it is called in optax."""

    optimizer: str
    peer: Any
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        shown = (f"{key}={value if not callable(value) else 'schedule'}" for key, value in self.options.items())
        return "-".join([self.optimizer, *shown])


def penalized(weight_decay: float, peer: Any) -> Any:
    """Add weight decay as an L2 penalty."""
    return optax.chain(optax.add_decayed_weights(weight_decay), peer)


def decayed(weight_decay: float, direction: Any, lr: float) -> Any:
    """Complete a direction to an optimizer with decoupled weight decay."""
    return optax.chain(direction, optax.add_decayed_weights(weight_decay), optax.scale_by_learning_rate(lr))


def ascending(peer: Any) -> Any:
    """Maximize."""
    return optax.chain(optax.scale(-1.0), peer)


def falling(step: Any) -> Any:
    """A schedule of the learning rate."""
    return 0.01 * 0.99**step


def warm(t: Any) -> Any:
    """How far 50 steps of warmup have come in step t, counted from 1. JAX divides its int32 counts in float32."""
    return jnp.minimum(jnp.asarray(t, jnp.float64) / 50, 1.0)


def warm_alpha(count: Any) -> Any:
    """AdEMAMix, section 3.2, to 5."""
    return 5.0 * warm(count + 1)


def warm_beta3(count: Any) -> Any:
    """AdEMAMix, section 3.2, from 0.9 to 0.999."""
    low, high = np.log(0.9), np.log(0.999)
    return jnp.exp(low * high / ((1 - warm(count + 1)) * high + warm(count + 1) * low))


def warm_schedule_free(lr: float) -> Any:
    """Schedule-Free AdamW; the steps of the base optimizer are counted from 0, those of the average from 1."""
    base = optax.chain(
        optax.scale_by_rms(0.999, eps_in_sqrt=False, bias_correction=True),
        optax.scale_by_learning_rate(lambda count: lr * warm(count + 1)),
    )
    return contrib.schedule_free(base, lambda t: lr * warm(t))


CASES = [
    Case("Adam", optax.adam(1e-3)),
    Case("Adam", optax.adam(0.1, 0.8, 0.9, eps=1e-3), {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3}),
    Case("Adam", optax.adam(falling), {"lr": falling}),
    Case("Adam", ascending(optax.adam(1e-3)), {"maximize": True}),
    Case("Adam", penalized(0.1, optax.adam(1e-3)), {"weight_decay": 0.1}),
    Case("Adam", ascending(penalized(0.1, optax.adam(1e-3))), {"weight_decay": 0.1, "maximize": True}),
    Case(
        "Adam",
        optax.amsgrad(1e-3, 0.9, 0.9, bias_correction_mu=False, bias_correction_nu=False),
        {"amsgrad": True, "bias_correction": False, "betas": (0.9, 0.9)},
    ),
    Case(
        "Adam",
        optax.rmsprop(1e-3, 0.9, eps_in_sqrt=False),
        {"bias_correction": False, "betas": (0.0, 0.9)},
    ),
    Case("Adam", optax.rmsprop(1e-3, 0.9, eps_in_sqrt=False, bias_correction=True), {"betas": (0.0, 0.9)}),
    Case("AdamW", optax.adamw(1e-3, weight_decay=0.01)),
    Case(
        "AdamW",
        optax.adamw(0.1, 0.8, 0.9, 1e-3, 0.0, weight_decay=0.5),
        {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3, "weight_decay": 0.5},
    ),
    Case("AdamW", optax.adamw(falling, weight_decay=0.5), {"lr": falling, "weight_decay": 0.5}),
    Case("AdamW", ascending(optax.adamw(1e-3, weight_decay=0.5)), {"maximize": True, "weight_decay": 0.5}),
    Case("NAdam", optax.nadam(2e-3), {"momentum_decay": 1e6}),
    Case(
        "NAdam", optax.nadam(0.1, 0.8, 0.9, 1e-3), {"momentum_decay": 1e6, "lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3}
    ),
    Case(
        "NAdam",
        optax.nadamw(2e-3, weight_decay=0.1),
        {"momentum_decay": 1e6, "weight_decay": 0.1, "decoupled_weight_decay": True},
    ),
    Case("RAdam", optax.radam(1e-3, eps=NO_EPS), {"eps": NO_EPS}),
    Case("RAdam", optax.radam(0.1, 0.8, 0.9, eps=NO_EPS), {"lr": 0.1, "betas": (0.8, 0.9), "eps": NO_EPS}),
    Case(
        "RAdam",
        decayed(0.1, optax.scale_by_radam(eps=NO_EPS), 1e-3),
        {"weight_decay": 0.1, "decoupled_weight_decay": True, "eps": NO_EPS},
    ),
    Case("Adamax", optax.adamax(2e-3)),
    Case("Adamax", optax.adamax(0.1, 0.8, 0.9, 1e-3), {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3}),
    Case("Adamax", penalized(0.1, optax.adamax(2e-3)), {"weight_decay": 0.1}),
    Case(
        "Adamax",
        ascending(optax.adamaxw(2e-3, weight_decay=0.1)),
        {"weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True},
    ),
    Case("AdaBelief", optax.adabelief(1e-3)),
    Case(
        "AdaBelief",
        optax.adabelief(0.1, 0.8, 0.9, 1e-3, 1e-4),
        {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3, "eps_root": 1e-4},
    ),
    Case("AdaBelief", decayed(0.1, optax.scale_by_belief(), 1e-3), {"weight_decay": 0.1}),
    Case(
        "AdaBelief",
        ascending(penalized(0.1, optax.adabelief(1e-3))),
        {"weight_decay": 0.1, "decoupled_weight_decay": False, "maximize": True},
    ),
    Case("Yogi", optax.yogi(1e-2)),
    Case("Yogi", optax.yogi(0.1, 0.8, 0.9, 0.1), {"lr": 0.1, "betas": (0.8, 0.9), "eps": 0.1}),
    Case(
        "Yogi",
        decayed(0.1, optax.scale_by_yogi(initial_accumulator_value=0.1), 1e-2),
        {"initial_accumulator_value": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True},
    ),
    Case("Yogi", ascending(penalized(0.1, optax.yogi(1e-2))), {"weight_decay": 0.1, "maximize": True}),
    Case("Adagrad", optax.adagrad(1e-2, 0.5, NO_EPS), {"initial_accumulator_value": 0.5, "eps": NO_EPS}),
    Case(
        "Adagrad",
        ascending(penalized(0.1, optax.adagrad(0.1, 0.0, NO_EPS))),
        {"lr": 0.1, "weight_decay": 0.1, "eps": NO_EPS, "maximize": True},
    ),
    Case(
        "Adagrad",
        decayed(0.1, optax.scale_by_rss(0.5, NO_EPS), 1e-2),
        {"initial_accumulator_value": 0.5, "eps": NO_EPS, "weight_decay": 0.1, "decoupled_weight_decay": True},
    ),
    Case("RMSprop", optax.rmsprop(1e-2, 0.99, eps_in_sqrt=False)),
    Case("RMSprop", optax.rmsprop(1e-3, 0.9, 1e-3, eps_in_sqrt=False), {"lr": 1e-3, "alpha": 0.9, "eps": 1e-3}),
    Case("RMSprop", optax.rmsprop(1e-2, 0.99, eps_in_sqrt=False, momentum=0.9), {"momentum": 0.9}),
    Case("RMSprop", optax.rmsprop(1e-2, 0.99, eps_in_sqrt=False, centered=True), {"centered": True}),
    Case(
        "RMSprop",
        ascending(penalized(0.1, optax.rmsprop(1e-2, 0.9, eps_in_sqrt=False, centered=True, momentum=0.5))),
        {"centered": True, "momentum": 0.5, "alpha": 0.9, "weight_decay": 0.1, "maximize": True},
    ),
    Case(
        "RMSprop",
        decayed(0.1, optax.chain(optax.scale_by_rms(0.99, eps_in_sqrt=False), optax.trace(0.9)), 1e-2),
        {"momentum": 0.9, "weight_decay": 0.1, "decoupled_weight_decay": True},
    ),
    Case("Lion", optax.lion(1e-4)),
    Case("Lion", optax.lion(1e-2, 0.7, 0.8, weight_decay=0.1), {"lr": 1e-2, "betas": (0.7, 0.8), "weight_decay": 0.1}),
    Case(
        "Lion", ascending(optax.lion(falling, weight_decay=0.0)), {"lr": falling, "weight_decay": 0.0, "maximize": True}
    ),
    Case("LAMB", optax.lamb(1e-3)),
    Case("LAMB", optax.lamb(1e-2, 0.8, 0.9, 1e-3), {"lr": 1e-2, "betas": (0.8, 0.9), "eps": 1e-3}),
    Case("LAMB", optax.lamb(1e-3, weight_decay=0.1), {"weight_decay": 0.1}),
    Case(
        "LAMB", ascending(optax.lamb(falling, weight_decay=0.1)), {"weight_decay": 0.1, "lr": falling, "maximize": True}
    ),
    Case("LARS", optax.lars(1.0)),
    Case(
        "LARS",
        optax.lars(falling, 0.1, trust_coefficient=0.01, eps=1e-3, momentum=0.5),
        {"lr": falling, "weight_decay": 0.1, "trust_coefficient": 0.01, "eps": 1e-3, "momentum": 0.5},
    ),
    Case("LARS", optax.lars(0.5, 0.1, nesterov=True), {"lr": 0.5, "weight_decay": 0.1, "nesterov": True}),
    Case("LARS", ascending(optax.lars(1.0, momentum=0.0)), {"momentum": 0.0, "maximize": True}),
    Case("NovoGrad", optax.novograd(1e-3)),
    Case(
        "NovoGrad",
        optax.novograd(falling, 0.95, 0.98, 1e-3, 1e-4, 0.1),
        {"lr": falling, "betas": (0.95, 0.98), "eps": 1e-3, "eps_root": 1e-4, "weight_decay": 0.1},
    ),
    Case("NovoGrad", ascending(optax.novograd(1e-3, b1=0.5)), {"betas": (0.5, 0.25), "maximize": True}),
    Case("Adadelta", optax.adadelta(1.0), {}),
    Case(
        "Adadelta",
        decayed(0.1, optax.scale_by_adadelta(0.5, 1e-3), 0.1),
        {"lr": 0.1, "rho": 0.5, "eps": 1e-3, "weight_decay": 0.1, "decoupled_weight_decay": True},
    ),
    Case("Adan", optax.adan(1e-3)),
    Case(
        "Adan",
        optax.adan(1e-2, 0.9, 0.8, 0.95, 1e-3, 1e-4),
        {"lr": 1e-2, "betas": (0.9, 0.8, 0.95), "eps": 1e-3, "eps_root": 1e-4},
    ),
    Case(
        "Adan", ascending(optax.adan(falling, weight_decay=0.1)), {"lr": falling, "weight_decay": 0.1, "maximize": True}
    ),
    Case("ADOPT", contrib.adopt(1e-3)),
    Case("ADOPT", contrib.adopt(1e-2, 0.8, 0.9, 1e-3), {"lr": 1e-2, "betas": (0.8, 0.9), "eps": 1e-3}),
    Case("ADOPT", contrib.adopt(1e-3, eps=0.5, use_clipping=False), {"clip": False, "eps": 0.5}),
    Case("ADOPT", ascending(penalized(0.1, contrib.adopt(1e-3))), {"weight_decay": 0.1, "maximize": True}),
    Case("ADOPT", decayed(0.1, contrib.scale_by_adopt(), 1e-3), {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    Case("AdEMAMix", contrib.ademamix(1e-3)),
    Case(
        "AdEMAMix",
        contrib.ademamix(1e-2, 0.8, 0.9, 0.99, 8.0, 1e-3),
        {"lr": 1e-2, "betas": (0.8, 0.9, 0.99), "alpha": 8.0, "eps": 1e-3},
    ),
    Case(
        "AdEMAMix",
        ascending(contrib.ademamix(falling, weight_decay=0.1)),
        {"lr": falling, "weight_decay": 0.1, "maximize": True},
    ),
    Case(
        "AdEMAMix",
        contrib.ademamix(1e-3, b3=warm_beta3, alpha=warm_alpha),
        {"betas": (0.9, 0.999, 0.999), "warmup_steps": 50},
    ),
    Case("ScheduleFreeAdamW", contrib.schedule_free_adamw()),
    Case(
        "ScheduleFreeAdamW",
        contrib.schedule_free_adamw(1e-2, None, 0.8, 0.9, 1e-3),
        {"lr": 1e-2, "betas": (0.8, 0.9), "eps": 1e-3},
    ),
    Case("ScheduleFreeAdamW", contrib.schedule_free_adamw(weight_decay=0.1), {"weight_decay": 0.1}),
    Case("ScheduleFreeAdamW", warm_schedule_free(2.5e-3), {"warmup_steps": 50}),
    Case("SGD", optax.sgd(1e-3)),
    Case("SGD", optax.sgd(1e-3, 0.9), {"momentum": 0.9}),
    Case("SGD", optax.sgd(1e-2, 0.9, nesterov=True), {"lr": 1e-2, "momentum": 0.9, "nesterov": True}),
    Case(
        "SGD",
        ascending(penalized(0.1, optax.sgd(falling, 0.9))),
        {"momentum": 0.9, "lr": falling, "weight_decay": 0.1, "maximize": True},
    ),
    Case(
        "SGD",
        decayed(0.1, optax.trace(0.9, nesterov=True), 1e-3),
        {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1, "decoupled_weight_decay": True},
    ),
]


def theirs(peer: Any) -> Array:
    """Return the trajectory of an optax optimizer, as `ours` does."""

    def follow(params: Any, grads: Any) -> Any:
        def step(carry: Any, grad: Any) -> Any:
            params, state = carry
            updates, state = peer.update(grad, state, params)
            params = optax.apply_updates(params, updates)
            if isinstance(state, contrib.ScheduleFreeState):
                return (params, state), (params, contrib.schedule_free_eval_params(state, params))
            return (params, state), params

        return jax.lax.scan(step, (params, peer.init(params)), grads)[1]

    followed = jax.jit(follow)([jnp.asarray(start) for start in starts()], [jnp.asarray(grad) for grad in gradients()])
    arrays = [np.asarray(array) for array in jax.tree.leaves(followed)]
    assert all(array.dtype == np.float64 for array in arrays)
    return np.concatenate([array.reshape(STEPS, -1) for array in arrays], axis=1)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_same_trajectory(case: Case) -> None:
    assert_agree(ours(case.optimizer, case.options), theirs(case.peer))


@pytest.mark.parametrize(
    ("name", "peer"),
    [
        ("Adamax", optax.adamax),
        ("AdaBelief", optax.adabelief),
        ("Yogi", optax.yogi),
        ("Lion", optax.lion),
        ("LAMB", optax.lamb),
        ("LARS", optax.lars),
        ("NovoGrad", optax.novograd),
        ("Adan", optax.adan),
        ("ADOPT", contrib.adopt),
        ("AdEMAMix", contrib.ademamix),
        ("ScheduleFreeAdamW", contrib.schedule_free_adamw),
    ],
)
def test_same_defaults(name: str, peer: Any) -> None:
    """Of the rules that are documented to be as in optax, where optax has a default and adamas has the option."""
    mine = {key: p.default for key, p in inspect.signature(getattr(adamas, name)).parameters.items()}
    other = {key: p.default for key, p in inspect.signature(peer).parameters.items()}
    betas = tuple(other.pop(key) for key in ("b1", "b2", "b3") if key in other)
    assert mine.pop("betas", ()) == betas
    for key, here in {"learning_rate": "lr", "use_clipping": "clip"}.items():
        if other.get(key, inspect.Parameter.empty) is not inspect.Parameter.empty:
            assert mine[here] == other[key], key
    assert mine.pop("warmup_steps", 0) == (other.pop("warmup_steps", None) or 0)
    for key in mine.keys() & other.keys():
        assert mine[key] == other[key], key
