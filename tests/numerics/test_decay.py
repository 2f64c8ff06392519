"""Decoupled weight decay that does not go with the learning rate alone: what it is, and where it is refused."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bits import assert_same_bits
from refusing import both

import adamas
from adamas import functional, reference
from adamas.rules import SPECS

RULES = [name for name, spec in SPECS.items() if "decay" in spec.by_name]
NONE = np.zeros(3)


@both
@pytest.mark.parametrize("rule", RULES)
def test_without_a_gradient_parameters_decay_as_they_should(module: Any, rule: str) -> None:
    """A gradient of zeros leaves the decay alone."""
    kept = {}
    for decay in ("scaled", "corrected", "independent"):
        params = np.ones(3)
        options: dict[str, Any] = {"weight_decay": 0.5, "decay": decay, "max_lr": 0.5}
        if "decoupled_weight_decay" in SPECS[rule].argument_names:
            options["decoupled_weight_decay"] = True
        if rule == "Yogi":  # whose first moment starts above zero
            options["initial_accumulator_value"] = 0.0
        getattr(module, rule)([params], lr=0.25, **options).step([NONE])
        kept[decay] = params[0]
    assert kept == {"scaled": 1 - 0.125, "corrected": 1 - 0.0625, "independent": 1 - 0.25}


@both
def test_the_largest_rate_is_that_of_each_group_at_construction(module: Any) -> None:
    a, b, c = np.ones(3), np.ones(3), np.ones(3)
    opt = module.AdamW(
        [{"params": a}, {"params": b, "lr": 0.5}, {"params": c, "max_lr": 4.0}],
        lr=0.25,
        weight_decay=0.5,
        decay="independent",
    )
    assert [group["max_lr"] for group in opt.param_groups] == [0.25, 0.5, 4.0]
    assert opt.defaults["max_lr"] is None
    for group in opt.param_groups:
        group["lr"] /= 2
    opt.step([np.zeros(3) for _ in range(3)])
    assert (a[0], b[0], c[0]) == (0.75, 0.75, 1 - 0.125 / 4 * 0.5)


@both
def test_a_schedule_needs_the_largest_rate(module: Any) -> None:
    def rate(step: int) -> float:
        return 0.5 / (step + 1)

    with pytest.raises(ValueError, match=r"^max_lr: decay='corrected' needs the largest learning rate of the schedule"):
        module.AdamW([np.ones(3)], lr=rate, decay="corrected")
    with pytest.raises(ValueError, match=r"^max_lr: decay='independent' needs the largest learning rate"):
        module.AdamW([np.ones(3)], lr=0.0, decay="independent")
    w = np.ones(3)
    opt = module.AdamW([w], lr=rate, decay="independent", max_lr=0.5, weight_decay=0.5)
    opt.step([NONE])
    opt.step([NONE])
    assert w[0] == 0.5 * 0.75


@both
def test_changes_between_steps(module: Any) -> None:
    w = np.ones(3)
    opt = module.AdamW([w], lr=0.25, weight_decay=0.5)
    group = opt.param_groups[0]
    opt.step([NONE])
    group["decay"] = "independent"
    before = w.copy()
    with pytest.raises(ValueError, match=r"^param_groups\[0\]\['max_lr'\]: decay='independent' needs the largest"):
        opt.step([NONE])
    assert_same_bits(w, before, "after a refusal")
    group["max_lr"] = 0.5
    opt.step([NONE])
    group["decay"] = "corrected"
    opt.step([NONE])
    assert w[0] == 0.875 * 0.75 * 0.9375


@both
@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"decay": "AdamC"}, ValueError, r"decay: expected 'scaled', 'corrected' or 'independent', got 'AdamC'"),
        ({"decay": "scale"}, ValueError, r"decay: expected 'scaled', 'corrected' or 'independent', got 'scale'"),
        ({"decay": None}, TypeError, r"decay: expected 'scaled', 'corrected' or 'independent', got None"),
        ({"decay": True}, TypeError, r"decay: expected 'scaled', 'corrected' or 'independent', got True"),
        ({"max_lr": 0.0}, ValueError, r"max_lr: expected None or a finite number > 0, got 0.0"),
        ({"max_lr": -1.0}, ValueError, r"max_lr: expected None or a finite number > 0, got -1.0"),
        ({"max_lr": math.inf}, ValueError, r"max_lr: expected None or a finite number > 0, got inf"),
        ({"max_lr": math.nan}, ValueError, r"max_lr: expected None or a finite number > 0, got nan"),
        ({"max_lr": "1"}, TypeError, r"max_lr: expected None or a finite number > 0, got '1'"),
        ({"max_lr": lambda step: 1.0}, TypeError, r"max_lr: expected None or a finite number > 0, got "),
    ],
)
def test_wrong_values(module: Any, options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"^{message}"):
        module.AdamW([np.ones(3)], **options)
    w = np.ones(3)
    opt = module.AdamW([w])
    opt.param_groups[0].update(options)
    name, said = message.split(":", 1)
    with pytest.raises(error, match=rf"^param_groups\[0\]\['{name}'\]:{said}"):
        opt.step([np.ones(3)])
    assert (w == 1.0).all()


@both
@pytest.mark.parametrize("decay", ["corrected", "independent"])
def test_coupled_decay_is_refused(module: Any, decay: str) -> None:
    with pytest.raises(ValueError, match=rf"^decay: '{decay}' is for decoupled weight decay; set decoupled_weight"):
        module.Adam([np.ones(3)], decay=decay)
    w = np.ones(3)
    opt = module.Adam([w], decay=decay, decoupled_weight_decay=True)
    opt.param_groups[0]["decoupled_weight_decay"] = False
    with pytest.raises(ValueError, match=rf"^param_groups\[0\]\['decay'\]: '{decay}' is for decoupled weight decay"):
        opt.step([np.ones(3)])
    assert (w == 1.0).all()


@both
@pytest.mark.parametrize("rule", [name for name in SPECS if name not in RULES])
def test_other_rules_have_no_such_option(module: Any, rule: str) -> None:
    assert all(formula.own_decay for formula in SPECS[rule].formulas)
    for name, value in (("decay", "corrected"), ("max_lr", 1.0)):
        with pytest.raises(TypeError, match=rf"^{name}: no such hyperparameter or option"):
            getattr(module, rule)([np.ones(3)], **{name: value})


def test_functions_take_it_with_the_largest_rate() -> None:
    p, m, v = np.ones(3), np.zeros(3), np.zeros(3)
    options: dict[str, Any] = {"step": 1, "lr": 0.25, "weight_decay": 0.5, "decay": "independent"}
    with pytest.raises(ValueError, match=r"^max_lr: decay='independent' needs the largest learning rate"):
        functional.adamw_(p, NONE, m, v, **options)
    assert (p == 1.0).all()
    functional.adamw_(p, NONE, m, v, max_lr=0.5, **options)
    assert (p == 0.75).all()


@both
def test_saved_and_loaded(module: Any, tmp_path: Path) -> None:
    """The largest rate of the run goes on, whatever the rate is at that time."""
    w, again = np.ones(3), np.ones(3)
    opt = module.AdamW({"w": w}, lr=0.5, weight_decay=0.5, decay="corrected")
    opt.param_groups[0]["lr"] = 0.25
    opt.step({"w": NONE})
    opt.save(tmp_path / "run.safetensors")
    other = module.AdamW({"w": again}, lr=0.125)
    other.load(tmp_path / "run.safetensors")
    group = other.param_groups[0]
    assert (group["decay"], group["max_lr"], group["lr"]) == ("corrected", 0.5, 0.25)
    for each in (opt, other):
        each.step({"w": NONE})
    assert_same_bits(w, again, "resumed")
    for name, value in (("decay", "AdamC"), ("max_lr", None)):
        saved = opt.state_dict()
        saved["param_groups"][0][name] = value
        with pytest.raises(ValueError, match=rf"param_groups\[0\]\['{name}'\]|{name}: "):
            other.load_state_dict(saved)
    assert other.param_groups[0]["decay"] == "corrected"


@pytest.mark.parametrize("module", [adamas, reference], ids=["compiled", "reference"])
def test_state_dicts_of_older_versions(module: Any) -> None:
    """They have neither of the options, which then are as they were."""
    opt = module.AdamW({"w": np.ones(3)}, lr=0.5, decay="corrected", cautious=True)
    saved = opt.state_dict()
    for name in ("decay", "max_lr", "cautious"):
        del saved["param_groups"][0][name]
    opt.load_state_dict(saved)
    group = opt.param_groups[0]
    assert (group["decay"], group["max_lr"], group["cautious"]) == ("scaled", None, False)
    del saved["param_groups"][0]["eps"]
    with pytest.raises(ValueError, match="eps"):
        opt.load_state_dict(saved)
