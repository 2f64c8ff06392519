"""Arguments of strategies: what is refused, and what Flower must have for them."""

from __future__ import annotations

import logging
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from flower_rounds import CASES, mode_of, run, strategy_class, trained

import adamas.flower
import adamas.flower.older
from adamas.flower import FedAdam
from adamas.rules import SPECS

MODEL = {"w": np.ones((2, 3), np.float32), "b": np.zeros(3, np.float32)}

ARGUMENTS: list[tuple[str, dict[str, Any], type[Exception], str]] = [
    ("Adam", {"mode": "torch"}, ValueError, r"^mode: expected 'flower' or 'paper' or 'adam', got 'torch'"),
    ("Adagrad", {"mode": "adam"}, ValueError, r"^mode: expected 'flower' or 'paper', got 'adam'"),
    ("Lion", {"mode": "paper"}, TypeError, r"^mode: FedLion has no modes, because its rule is computed in one way"),
    ("Adam", {"lr": 0.1}, TypeError, r"^lr: no such .*did you mean .*eta"),
    ("Adam", {"epsilon": 0.1}, TypeError, r"^epsilon: no such"),
    ("Adam", {"maximize": False}, TypeError, r"^maximize: no such"),
    ("Adam", {"bias_correction": False}, TypeError, r"^bias_correction: no such"),
    ("Lion", {"tau": 0.1}, TypeError, r"^tau: no such"),
    ("Adam", {"eta": -0.1}, ValueError, r"^eta: expected a finite number >= 0.*got -0.1"),
    ("Adam", {"eta": "fast"}, TypeError, r"^eta: expected"),
    ("Adam", {"eta": float("nan")}, ValueError, r"^eta: expected"),
    ("Adam", {"beta_1": 1.0}, ValueError, r"^beta_1: expected a number in \[0, 1\), got 1.0"),
    ("Adam", {"beta_2": None}, TypeError, r"^beta_2: expected"),
    ("Adam", {"tau": -1.0}, ValueError, r"^tau: expected a finite number >= 0, got -1.0"),
    ("AdamW", {"weight_decay": -1.0}, ValueError, r"^weight_decay: expected"),
    ("Adam", {"decay": "corrected"}, ValueError, r"decay: 'corrected' is for decoupled"),
    ("Adam", {"averaged": "*mean"}, TypeError, r"^averaged: expected None or a sequence"),
    ("Adam", {"averaged": [3]}, TypeError, r"^averaged: expected patterns that are text, got 3"),
    ("Adam", {"state_dtype": "int7"}, ValueError, r"state_dtype"),
    ("Adam", {"state_dtype": "int8", "mode": "paper"}, ValueError, r"^state_dtype: mode='paper' starts states at tau"),
    ("Adam", {"num_threads": 0}, ValueError, r"^num_threads"),
]


@pytest.mark.parametrize(("name", "arguments", "error", "said"), ARGUMENTS, ids=lambda value: str(value)[:40])
@pytest.mark.parametrize("older", [False, True])
def test_arguments(name: str, arguments: dict[str, Any], error: type[Exception], said: str, older: bool) -> None:
    with pytest.raises(error, match=said):
        run(name, MODEL, older=older, **arguments)


def test_patterns_that_fit_nothing() -> None:
    with pytest.raises(ValueError, match=r"averaged: the pattern '\*.mean' fits no array; the model has 'w', 'b'"):
        run("Adam", MODEL, averaged=["b", "*.mean"]).round(1, trained(MODEL, 2, 0))


def test_positions_are_refused() -> None:
    with pytest.raises(TypeError):
        FedAdam(0.5)  # type: ignore[call-arg]


def test_the_older_interface_needs_parameters() -> None:
    with pytest.raises(TypeError, match=r"^initial_parameters: expected flwr.common.Parameters .*got list"):
        adamas.flower.older.FedAdam(initial_parameters=[np.ones(3)])
    with pytest.raises(TypeError, match=r"^initial_parameters: .*got None"):
        adamas.flower.older.FedAdam()


def test_rules_that_flower_cannot_have() -> None:
    absent = {name for name, spec in SPECS.items() if spec.evaluation is not None}
    assert absent
    for name in absent:
        assert not hasattr(adamas.flower, f"Fed{name}")
    with pytest.raises(AttributeError):
        getattr(adamas.flower, "Fed" + min(absent))
    assert {name for name, _ in CASES} == SPECS.keys() - absent


@pytest.mark.parametrize(("name", "mode"), CASES)
def test_arguments_clash_with_nothing(name: str, mode: str | None) -> None:
    """Hyperparameters are attributes beside Flower's."""
    made = strategy_class(name)
    for argument in made.arguments.keys() - {"mode"}:
        assert not hasattr(made, argument), argument
        assert argument not in made.flower_parameters
    strategy = made(**mode_of(mode))
    assert strategy.mode == mode


@pytest.mark.parametrize("version", ["1.20.0", "0.19.0", "2.0.0", "3.1"])
def test_versions(version: str) -> None:
    code = (
        "import importlib.metadata as m, sys; found = m.version\n"
        f"m.version = lambda name: {version!r} if name == 'flwr' else found(name)\n"
        "try:\n    import adamas.flower\nexcept ImportError as error:\n    print(error)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert f"needs Flower 1.21 or newer, and older than 2.0, got {version}; install it with" in said


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("ModuleNotFoundError(name=name)", "needs Flower; install it with: pip install 'adamas[flower]'"),
        ("ImportError('no grpc')", "Flower is installed, but cannot be imported: no grpc"),
    ],
)
def test_without_flower(error: str, expected: str) -> None:
    code = (
        "import sys\n"
        "class Without:\n"
        "    def find_spec(self, name, *rest):\n"
        f"        if name == 'flwr': raise {error}\n"
        "sys.meta_path.insert(0, Without())\n"
        "try:\n    import adamas.flower\nexcept ImportError as error:\n    print(error)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert expected in said


def test_summary_names_the_settings(caplog: pytest.LogCaptureFixture) -> None:
    strategy = FedAdam(eta=0.25, mode="paper")
    logger = logging.getLogger("flwr")
    logger.addHandler(caplog.handler)
    logger.setLevel(logging.INFO)
    try:
        strategy.summary()
    finally:
        logger.removeHandler(caplog.handler)
        logger.setLevel(logging.ERROR)
    assert "adamas.Adam" in caplog.text
    assert "eta: 0.25" in caplog.text
    assert "mode: paper" in caplog.text
    assert "Weighted by" in caplog.text  # Flower's own
