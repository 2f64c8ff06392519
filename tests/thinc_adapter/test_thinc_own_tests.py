"""thinc's own tests of optimizers and of what uses them, with adamas in their place; and the entry points."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_thinc import NAMES
from their_tests import run_their_tests
from thinc.api import Relu, Softmax, chain, registry

import adamas.thinc

HERE = Path(__file__).parent

#: thinc's tests that make an optimizer, and how many pass at least.
MODULES = {"test_optimizers": 20, "test_config": 4, "model.test_model": 30, "layers.test_linear": 5}


@pytest.mark.parametrize("module", MODULES)
def test_own_tests_of_thinc_pass(module: str, tmp_path: Path) -> None:
    output = run_their_tests([f"thinc.tests.{module}"], tmp_path)
    passed = re.search(r"(\d+) passed", output)
    assert passed is not None
    assert int(passed[1]) >= MODULES[module]


def test_every_class_is_registered() -> None:
    ours = {each.name: each for each in entry_points(group="thinc_optimizers") if each.name.startswith("adamas.")}
    assert set(ours) == {f"adamas.{name}.v1" for name in NAMES}
    for name in NAMES:
        assert ours[f"adamas.{name}.v1"].load() is getattr(adamas.thinc, name)
        made = registry.resolve({"optimizer": {"@optimizers": f"adamas.{name}.v1", "learn_rate": 0.01}})["optimizer"]
        assert type(made) is getattr(adamas.thinc, name)
    (callback,) = [each for each in entry_points(group="spacy_callbacks") if each.name.startswith("adamas.")]
    assert callback.load() is adamas.thinc.save_optimizer


#: The block of spaCy's default config.
BLOCK = {
    "beta1": 0.9,
    "beta2": 0.999,
    "L2_is_weight_decay": True,
    "L2": 0.01,
    "grad_clip": 1.0,
    "use_averages": False,
    "eps": 1e-8,
    "learn_rate": 0.001,
}


@pytest.mark.parametrize(
    "name", ["Adam", "RAdam", "AdamW", "NAdam", "Adamax", "AdaBelief", "Yogi", "LaProp", "AdamMini"]
)
def test_the_block_of_spacys_config_fits_the_family(name: str) -> None:
    optimizer = registry.resolve({"optimizer": {"@optimizers": f"adamas.{name}.v1", **BLOCK}})["optimizer"]
    weights = np.ones(3, np.float32)
    for _ in range(2):
        optimizer((0, "W"), weights, np.ones(3, np.float32))
    assert (weights < 1).all()
    assert optimizer.averages is None


@pytest.mark.parametrize("name", ["Adam", "RAdam", "AdamW", "Lion", "AdEMAMix"])
def test_a_network_of_thinc_learns(name: str) -> None:
    """A perceptron, as in thinc's own examples, on numbers that a line does not part."""
    model: Any = chain(Relu(32, 2), Relu(32, 32), Softmax(2, 32))
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (512, 2)).astype(np.float32)
    y = np.eye(2, dtype=np.float32)[(x[:, 0] * x[:, 1] > 0).astype(int)]
    model.initialize(X=x[:4], Y=y[:4])
    optimizer = getattr(adamas.thinc, name)(0.003 if name == "Lion" else 0.01)
    for _ in range(150):
        predicted, backprop = model.begin_update(x)
        backprop((predicted - y) / len(x))
        model.finish_update(optimizer)
    with model.use_params(optimizer.averages):
        assert (model.predict(x).argmax(1) == y.argmax(1)).mean() > 0.93
