"""Features of single rules: options, states, switches."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from refusing import both

import adamas


@both
def test_schedule_free_switches_to_the_average_and_back(module: Any) -> None:
    """As a run that keeps x says; training goes on with the same bits as if nobody had looked."""
    rng = np.random.default_rng(5)
    looked, undisturbed = rng.standard_normal((2, 4)), np.empty((2, 4))
    undisturbed[...] = looked
    options = {"lr": 0.1, "betas": (0.8, 0.9), "weight_decay": 0.1}
    a, b = module.ScheduleFreeAdamW([looked], **options), module.ScheduleFreeAdamW([undisturbed], **options)
    x, y = looked.copy(), looked.copy()
    for t in range(1, 30):
        grad = rng.standard_normal(looked.shape)
        a.step([grad])
        b.step([grad])
        z = a.state["0"]["z"]
        x = (1 - 1 / t) * x + z / t
        y = 0.2 * z + 0.8 * x
        np.testing.assert_allclose(looked, y, rtol=1e-12)
        a.eval()
        a.eval()
        np.testing.assert_allclose(looked, x, rtol=1e-11, atol=1e-13)
        for refused in (lambda: a.step([grad]), a.state_dict):  # noqa: B023
            with pytest.raises(RuntimeError, match=r"the averages that eval\(\) has put there; call train\(\) before"):
                refused()
        a.train()
        a.train()
        assert looked.tobytes() == undisturbed.tobytes()


def test_momentum_can_change_but_not_begin() -> None:
    w = np.ones(3)
    with_buffer, without = adamas.SGD([w], momentum=0.9), adamas.SGD([w])
    with_buffer.param_groups[0]["momentum"] = 0.0
    with_buffer.step([np.ones(3)])
    before = w.copy()
    without.param_groups[0]["momentum"] = 0.5
    with pytest.raises(ValueError, match=r"param_groups\[0\]\['momentum'\]: was 0 when this optimizer was made"):
        without.step([np.ones(3)])
    assert (w == before).all()
    for options in ({"nesterov": True}, {"nesterov": True, "momentum": 0.9, "dampening": 0.1}):
        with pytest.raises(ValueError, match="nesterov: needs a momentum above 0 and a dampening of 0"):
            adamas.SGD([w], **options)


@pytest.mark.parametrize(
    ("name", "options", "error", "message"),
    [
        (
            "Adan",
            {"betas": (0.9, 0.99)},
            TypeError,
            "betas: expected three numbers (beta1, beta2, beta3), got",
        ),
        ("Adam", {"betas": (0.9, 0.9, 0.9)}, TypeError, "betas: expected two numbers (beta1, beta2)"),
        ("Adam", {"betas": 0.9}, TypeError, "betas: expected two numbers"),
        ("RMSprop", {"alpha": 1.0}, ValueError, "alpha: expected a number in [0, 1), got 1.0"),
        ("AdEMAMix", {"alpha": -1.0}, ValueError, "alpha: expected a finite number >= 0, got -1.0"),
        ("AdEMAMix", {"warmup_steps": 2.5}, ValueError, "warmup_steps: expected a whole number >= 0, got 2.5"),
        ("SGD", {"dampening": float("inf")}, ValueError, "dampening: expected a finite number, got inf"),
        ("ScheduleFreeAdamW", {"betas": (0.0, 0.9)}, ValueError, "betas: the first must be above 0"),
        ("ScheduleFreeSGD", {"momentum": 0.0}, ValueError, "momentum: must be above 0"),
        ("ScheduleFreeSGD", {"momentum": 1.0}, ValueError, "momentum: expected a number in [0, 1), got 1.0"),
        ("Adadelta", {"rho": 1.0}, ValueError, "rho: expected a number in [0, 1), got 1.0"),
        ("LARS", {"trust_coefficient": -1.0}, ValueError, "trust_coefficient: expected a finite number >= 0, got -1.0"),
        ("Rprop", {"etas": 0.5}, TypeError, "etas: expected two finite numbers >= 0, got 0.5"),
        ("Rprop", {"etas": (0.5, 1.2, 3.0)}, TypeError, "etas: expected two finite numbers >= 0"),
        ("Rprop", {"etas": (1.5, 0.5)}, ValueError, "expected one in (0, 1) and one above 1"),
        (
            "Rprop",
            {"step_sizes": (0.0, float("nan"))},
            ValueError,
            "step_sizes[1]: expected a finite number >= 0, got nan",
        ),
        ("Rprop", {"step_sizes": (1.0, 0.5)}, ValueError, "step_sizes: expected the least before the largest"),
        ("Lion", {"eps": 1e-8}, TypeError, "eps: no such hyperparameter or option"),
        ("Lion", {"decoupled_weight_decay": False}, TypeError, "decoupled_weight_decay: no such hyperparameter"),
    ],
)
def test_options_of_the_rules(name: str, options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        getattr(adamas, name)([np.ones(3)], **options)
    assert message in str(caught.value)


WRONG_IN_GROUPS = [
    ("RMSprop", "alpha", 1.0),
    ("AdEMAMix", "warmup_steps", 0.5),
    ("Adan", "betas", (0.9, 0.9)),
    ("Adadelta", "rho", 1.0),
    ("Rprop", "etas", (2.0, 3.0)),
    ("Rprop", "etas", (0.5,)),
    ("Rprop", "step_sizes", (3.0, 1.0)),
    ("ScheduleFreeAdamW", "betas", (0.0, 0.9)),
    ("ScheduleFreeRAdam", "betas", (0.0, 0.9)),
    ("ScheduleFreeSGD", "momentum", 0.0),
    ("NovoGrad", "eps_root", -1.0),
    ("Prodigy", "beta3", 1.0),
    ("Prodigy", "growth_rate", 0.5),
    ("Prodigy", "d0", 0.0),
    ("Prodigy", "safeguard_warmup", 1),
]


@pytest.mark.parametrize(("name", "key", "value"), WRONG_IN_GROUPS)
def test_bad_values_in_groups_are_found_by_the_core(name: str, key: str, value: Any) -> None:
    w = np.ones(3)
    opt = getattr(adamas, name)([w])
    opt.param_groups[0][key] = value
    with pytest.raises((TypeError, ValueError), match=key):
        opt.step([np.ones(3)])
    assert (w == 1).all()


@both
def test_averages_are_refused_where_nothing_is_known_of_them(module: Any) -> None:
    w = np.ones(3)
    opt = module.ScheduleFreeSGD([w])
    opt.step([np.ones(3)])
    before = w.copy()
    opt.param_groups[0]["momentum"] = 0.0
    with pytest.raises(ValueError, match=r"param_groups\[0\]\['momentum'\]: must be above 0"):
        opt.eval()
    assert (w == before).all()
    opt.param_groups[0]["momentum"] = 0.5
    opt.step([np.ones(3)])


@pytest.mark.parametrize("name", adamas.optimizers.__all__)
def test_every_optimizer_resumes_with_the_same_bits(name: str) -> None:
    rng = np.random.default_rng(2)
    grads = rng.standard_normal((10, 20)).astype(np.float32)
    straight = rng.standard_normal(20).astype(np.float32)
    first = straight.copy()
    a, b = getattr(adamas, name)([straight]), getattr(adamas, name)([first])
    for grad in grads:
        a.step([grad])
    for grad in grads[:5]:
        b.step([grad])
    saved = pickle.loads(pickle.dumps(b.state_dict()))
    c = getattr(adamas, name)([first])
    c.load_state_dict(saved)
    for grad in grads[5:]:
        c.step([grad])
    assert first.tobytes() == straight.tobytes()
