"""`adamas.observe`: what is logged, written and drawn, and what its table says of runs that are planted to go wrong."""

from __future__ import annotations

import csv
import importlib.util
import math
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import adamas
from adamas import observe, reference
from adamas.demo.data import load_digits
from adamas.demo.mlp import Layers, evaluate, init_mlp, loss_and_grads
from adamas.observe import Log, Observed

WEIGHTS = ["0.w", "1.w", "2.w"]
ALL = ["0.b", "0.w", "1.b", "1.w", "2.b", "2.w"]


def train(
    steps: int = 300,
    optimizer: str = "AdamW",
    *,
    every: int = 10,
    spoil: Any = None,
    dtype: Any = np.float32,
    **options: Any,
) -> tuple[Log, float]:
    """Train a small network on scikit-learn's digits; return the log and the accuracy."""
    data = load_digits(0)
    layers = init_mlp([64, 64, 32, 10], np.random.default_rng(0))
    if spoil is not None:
        spoil(layers)
    params = [{name: values.astype(dtype) for name, values in layer.items()} for layer in layers]

    def wide() -> Layers:
        return [{name: values.astype(np.float32) for name, values in layer.items()} for layer in params]

    opt = getattr(adamas, optimizer)(params, observe=every, **{"lr": 1e-3, **options})
    log = Log(opt)
    rng = np.random.default_rng(1)
    for _ in range(steps):
        rows = rng.integers(0, len(data.y_train), 64)
        opt.step(loss_and_grads(wide(), data.x_train[rows], data.y_train[rows])[1])
        log.add()
    return log, evaluate(wide(), data.x_test, data.y_test)[1]


def switch_off(layers: Layers) -> None:
    """Give the second layer biases under which no unit is ever on."""
    layers[1]["b"][...] = -100.0


HEALTHY: list[dict[str, Any]] = [
    {},
    {"steps": 40, "every": 1},
    {"steps": 1, "every": 1},
    {"lr": adamas.schedules.WarmUp(adamas.schedules.Cosine(1e-3, 0.0, 280), 20)},
    {"optimizer": "SGD", "lr": 0.1, "momentum": 0.9},
    {"optimizer": "LAMB", "lr": 0.01},
    {"optimizer": "Lion", "lr": 3e-4},
    {"state_dtype": "bfloat16", "steps": 1500, "every": 50},
    {"state_dtype": "int8"},
    {"state_dtype": "int4"},
    {"dtype": ml_dtypes.bfloat16, "master_weights": "split24"},
    {"dtype": ml_dtypes.bfloat16, "rounding": "stochastic"},
]


@pytest.mark.parametrize("options", HEALTHY, ids=lambda options: "-".join(options) or "plain")
def test_a_healthy_run_has_no_findings(options: dict[str, Any]) -> None:
    log, accuracy = train(**options)
    steps = f"{len(log)} observed step{'s' * (len(log) > 1)}"
    assert str(log.findings()) == f"nothing looks wrong in {steps}"
    assert len(log.findings()) == 0
    assert accuracy > 0.85 or options.get("steps", 300) < 100


#: What is planted, the kind it is named by, and the parameters concerned.
PLANTED: list[tuple[dict[str, Any], str, list[str]]] = [
    ({"lr": 0.1}, "exploding ratio", WEIGHTS),
    ({"lr": 0.1, "steps": 30, "every": 1}, "exploding ratio", WEIGHTS),
    ({"optimizer": "SGD", "lr": 30.0, "momentum": 0.9, "steps": 100}, "exploding ratio", []),
    ({"spoil": switch_off}, "dead layer", ["0.b", "0.w", "1.b", "1.w", "2.w"]),
    ({"eps": 0.1}, "eps dominates", ALL),
    (
        {"state_dtype": "bfloat16", "betas": (0.9, 0.9999), "steps": 1500, "every": 50},
        "moments lost",
        [],
    ),
    ({"dtype": ml_dtypes.bfloat16, "lr": 1e-4}, "flushed updates", WEIGHTS),
]


@pytest.mark.parametrize(("options", "kind", "names"), PLANTED, ids=[kind for _, kind, _ in PLANTED])
def test_what_is_planted_is_named(options: dict[str, Any], kind: str, names: list[str]) -> None:
    log, _ = train(**options)
    findings = log.findings()
    found = findings.kinds()
    assert kind in found
    assert not names or sorted(found[kind]) == names
    assert "optimizer" in options or list(found) == [kind]
    text = str(findings)
    assert kind.upper() in text
    for finding in findings:
        assert finding.parameter in text
        assert finding.text in text
        assert finding.advice.split()[0] in text
    assert max(map(len, text.splitlines())) <= 120


def test_moments_lost_in_codes() -> None:
    """A gradient that is a million times another one shares a block of codes with it."""
    scale = np.where(np.arange(256) % 128 == 0, 1.0, 1e-6).astype(np.float32)
    for states, expected in (("int8", ["w"]), ("int4", ["w"]), ("bfloat16", []), ("float32", [])):
        made: Any = adamas.AdamW
        opt = made({"w": np.ones(256, np.float32)}, state_dtype=states, observe=1)
        log = Log(opt)
        for _ in range(10):
            opt.step({"w": scale})
            log.add()
        assert log.findings().kinds().get("moments lost", []) == expected, states


def test_what_is_not_finite_is_named() -> None:
    params = {"a": np.ones(4), "b": np.ones(4)}
    opt = adamas.SGD(params, lr=0.01, observe=1)
    log = Log(opt)
    for step in range(4):
        grads = {"a": np.ones(4), "b": np.ones(4)}
        if step == 2:
            grads["b"][1] = np.inf
        opt.step(grads)
        log.add()
    found = log.findings()
    assert list(found.kinds()) == ["non-finite parameter", "non-finite gradient"]
    assert found.kinds()["non-finite gradient"] == ["b"]
    assert found[0].text == "25.00% of its elements were infinite or NaN, from step 3 on"
    assert found[0:2] == (found[0], found[1])
    assert repr(found) == "<Findings: non-finite parameter (1), non-finite gradient (1)>"


def test_steps_without_a_learning_rate_say_nothing() -> None:
    """Warm-up begins at 0, where nothing moves; a parameter without a gradient for a while is not dead."""
    w = np.ones(4, ml_dtypes.bfloat16)
    opt: Any = adamas.AdamW([w], lr=0.0, observe=1)
    log = Log(opt)
    for _ in range(6):
        opt.step([np.ones(4, np.float32)])
        log.add()
    assert opt.observed.update_flushed[0] == 1.0
    assert not log.findings()
    opt = adamas.SGD([np.ones(4), np.ones(4)], lr=0.01, observe=1)
    log = Log(opt)
    for step in range(8):
        opt.step([np.zeros(4), None if step > 3 else np.zeros(4)])
        log.add()
    assert log.findings().kinds() == {"dead layer": ["0"]}


def test_an_empty_log() -> None:
    log = Log(adamas.SGD([np.ones(2)]))
    assert not log.add()
    assert (len(log), log.names, log.steps) == (0, (), [])
    assert log.table("lr").shape == (0, 0)
    assert str(log.findings()) == "nothing was observed"
    assert repr(log.findings()) == "<Findings: none>"
    with pytest.raises(ValueError, match="draw: nothing has been added"):
        log.draw("nowhere.png")


def test_what_is_added() -> None:
    opt = adamas.SGD({"w": np.ones(2)}, observe=2)
    log = Log(opt)
    added = []
    for _ in range(5):
        opt.step({"w": np.ones(2)})
        added.append(log.add())
    assert added == [True, False, True, False, True]
    assert repr(log) == "<Log: 3 observed steps of 1 parameters>"
    alone = Log()
    assert [alone.add(observed) for observed in log.observations] == [True, True, True]
    assert alone.steps == [1, 3, 5]
    ours = reference.SGD({"w": np.ones(2)}, observe=1)
    ours.step({"w": np.ones(2)})
    other = adamas.SGD({"v": np.ones(2)}, observe=1)
    other.step({"v": np.ones(2)})
    with pytest.raises(ValueError, match="observed: is of step 1, before step 5"):
        log.add(ours.observed)
    with pytest.raises(ValueError, match="observed: is of other parameters"):
        log.add(other.observed)
    assert log.steps == [1, 3, 5]


def test_wrong_inputs() -> None:
    with pytest.raises(TypeError, match="optimizer: expected an optimizer of adamas, got dict"):
        Log({})
    with pytest.raises(TypeError, match="observed: expected an Observed, since"):
        Log().add()
    with pytest.raises(TypeError, match="observed: expected an Observed, got int"):
        Log().add(3)  # type: ignore[arg-type]
    log, _ = train(1)
    with pytest.raises(ValueError, match=r"quantity: expected 'grad_rms', .*got 'ratio'"):
        log.table("ratio")
    with pytest.raises(ValueError, match=r"quantity: .*got None"):
        log.draw("nowhere.png", None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="quantity: 'cosine' may be negative"):
        log.draw("nowhere.png", "cosine")


def test_csv_is_read_back(tmp_path: Path) -> None:
    log, _ = train(25, "SGD", momentum=0.9, lr=0.1)
    path = tmp_path / "run.csv"
    log.to_csv(path)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["step", "parameter", *Observed.quantities]
    assert len(rows) == len(log) * len(log.names) == 18
    for i, row in enumerate(rows):
        step, parameter = divmod(i, len(log.names))
        assert int(row["step"]) == log.steps[step]
        assert row["parameter"] == log.names[parameter]
        for quantity in Observed.quantities:
            value = log.table(quantity)[step, parameter]
            assert row[quantity] == "" if math.isnan(value) else float(row[quantity]) == value
    assert rows[0]["below_eps"] == ""


def test_tensorboard_reads_its_events(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    log, _ = train(25, "SGD", momentum=0.9, lr=0.1)
    log.to_tensorboard(tmp_path / "events")
    events: Any = EventAccumulator(str(tmp_path / "events"), {"scalars": 0})
    events.Reload()
    tags = set(events.Tags()["scalars"])
    assert "update_ratio/1.w" in tags
    assert not any(tag.startswith("below_eps/") for tag in tags)
    for tag in tags:
        quantity, name = tag.split("/")
        values = log.table(quantity)[:, log.names.index(name)]
        told = {each.step: each.value for each in events.Scalars(tag)}
        known = {
            step: np.float32(value) for step, value in zip(log.steps, values, strict=True) if not math.isnan(value)
        }
        assert told == known


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_pictures(ending: str, tmp_path: Path) -> None:
    log, _ = train(60, spoil=switch_off)
    path = tmp_path / f"run.{ending}"
    log.draw(path)
    content = path.read_bytes()
    assert content.startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[ending])
    assert len(content) > 5_000
    for quantity in Observed.quantities:
        if quantity != "cosine":
            log.draw(path, quantity)
    single, _ = train(1)
    single.draw(path)


def test_a_picture_of_many_parameters(tmp_path: Path) -> None:
    opt = adamas.SGD([np.ones(2) for _ in range(400)], observe=1)
    log = Log(opt)
    for _ in range(3):
        opt.step([np.ones(2) for _ in range(400)])
        log.add()
    log.draw(tmp_path / "many.png")
    assert (tmp_path / "many.png").stat().st_size < 2_000_000


@pytest.mark.parametrize(
    ("module", "act"),
    [
        ("matplotlib", lambda log, folder: log.draw(folder / "run.png")),
        ("tensorboard", lambda log, folder: log.to_tensorboard(folder)),
    ],
)
def test_missing_packages_are_named(module: str, act: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, _ = train(1)
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == module else find(name, *rest))
    with pytest.raises(ImportError, match=rf"needs {module}; install with: pip install 'adamas\[observe\]'"):
        act(log, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_files_that_cannot_be_written(tmp_path: Path) -> None:
    log, _ = train(1)
    with pytest.raises(OSError, match="missing"):
        log.to_csv(tmp_path / "missing" / "run.csv")
    with pytest.raises(OSError, match="missing"):
        log.draw(tmp_path / "missing" / "run.png")


def test_the_module_is_public() -> None:
    assert "observe" in adamas.__all__
    assert observe.Log is Log
