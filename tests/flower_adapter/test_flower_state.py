"""A server that is stopped and started again goes on with the same bits, and knows the number of its round."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flower_rounds import (
    CASES,
    Grid,
    Model,
    arrays_of,
    in_a_run,
    make_model,
    mode_of,
    parameters,
    record,
    run,
    same_bits,
    strategy_class,
    trained,
)
from flwr.app import ArrayRecord, ConfigRecord
from flwr.common import parameters_to_ndarrays

import adamas
from adamas.checkpoint import CheckpointError
from adamas.flower import FedAdam, FedAdamW, FedYogi

#: A model with all that one may have.
FULL: Model = {
    **make_model(),
    "bn.running_var": np.ones(4, np.float32),
    "bn.num_batches_tracked": np.array(3),
    "half": np.ones((3, 2), np.float16),
    "double": np.linspace(0, 1, 5),
    "mask": np.array([True, False]),
    "none": np.zeros((0, 2), np.float32),
}


def client(arrays: ArrayRecord, config: ConfigRecord, number: int) -> tuple[Model, int]:
    """Train, in a way that depends on the model, the client and the number of the round."""
    rng = np.random.default_rng([config["server-round"], number])
    model = arrays_of(arrays)
    moved: Model = {}
    for name, x in model.items():
        change = rng.standard_normal(x.shape) / 10 - 0.1 * x.astype(np.float64)
        moved[name] = np.asarray(x + change if x.dtype.kind == "f" else x, x.dtype)
    return moved, 5 + number


def start(strategy: Any, arrays: ArrayRecord, rounds: int) -> Model:
    with in_a_run():
        result = strategy.start(Grid(client, 4), arrays, num_rounds=rounds)
    return arrays_of(result.arrays)


def through_file(one: Any, other: Any, folder: Path) -> None:
    one.save(folder / "server.safetensors")
    other.load(folder / "server.safetensors")


def through_npz(one: Any, other: Any, folder: Path) -> None:
    one.save(folder / "server.npz")
    other.load(folder / "server.npz")


def through_dict(one: Any, other: Any, folder: Path) -> None:
    other.load_state_dict(pickle.loads(pickle.dumps(one.state_dict())))


WAYS = [through_file, through_npz, through_dict]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("name", "mode"), CASES)
def test_resumed_runs_have_the_same_bits(
    name: str, mode: str | None, way: Callable[[Any, Any, Path], None], tmp_path: Path
) -> None:
    made = strategy_class(name)
    whole = start(made(fraction_evaluate=0.0, **mode_of(mode)), record(FULL), 5)
    first = made(fraction_evaluate=0.0, **mode_of(mode))
    start(first, record(FULL), 2)
    second = made(fraction_evaluate=0.0, **mode_of(mode))
    way(first, second, tmp_path)
    assert second.completed_rounds == 2
    found = start(second, second.arrays, 3)  # Flower counts from 1 again
    assert same_bits(found, whole)
    assert second.completed_rounds == 5


@pytest.mark.parametrize("state_dtype", ["bfloat16", "int8", "int4"])
def test_states_in_low_precision_are_saved(state_dtype: str, tmp_path: Path) -> None:
    options = {"state_dtype": state_dtype, "fraction_evaluate": 0.0}
    model = {name: array for name, array in FULL.items() if name != "double"}
    whole = start(FedAdam(**options), record(model), 4)
    first, second = FedAdam(**options), FedAdam(**options)
    start(first, record(model), 2)
    through_file(first, second, tmp_path)
    assert same_bits(start(second, second.arrays, 2), whole)


@pytest.mark.parametrize("name", ["Adam", "Yogi", "Lion"])
def test_the_older_interface(name: str, tmp_path: Path) -> None:
    model = make_model()
    whole, first = run(name, model, older=True), run(name, model, older=True)
    current = model
    for number in range(1, 3):
        models = trained(current, 3, number)
        whole.round(number, models)
        current = first.round(number, models)
    first.strategy.save(tmp_path / "server.safetensors")
    second = run(name, make_model(seed=9), older=True)  # begins elsewhere
    second.strategy.load(tmp_path / "server.safetensors")
    begun = second.strategy.initialize_parameters(None)
    assert same_bits(dict(zip(model, parameters_to_ndarrays(begun), strict=True)), current)
    for number in range(3, 6):
        models = trained(current, 3, number)
        expected = whole.round(number, models)
        current = second.round(number - 2, models)
        assert same_bits(current, expected)


def test_one_strategy_may_be_started_again() -> None:
    whole = start(FedAdam(fraction_evaluate=0.0), record(FULL), 6)
    strategy = FedAdam(fraction_evaluate=0.0)
    model = FULL
    for _ in range(3):
        model = start(strategy, record(model), 2)
    assert same_bits(model, whole)
    assert strategy.completed_rounds == 6


def test_rounds_that_go_on_counting() -> None:
    """A loop of one's own may give numbers that go on after those that were saved."""
    model = make_model()
    whole, first = run("Adam", model), run("Adam", model)
    for number in (1, 2):
        models = trained(whole.model, 3, number)
        whole.round(number, models)
        first.round(number, models)
    second = run("Adam", first.model)
    second.strategy.load_state_dict(first.strategy.state_dict())
    models = trained(whole.model, 3, 3)
    assert same_bits(second.round(3, models), whole.round(3, models))
    assert second.strategy.completed_rounds == 3


def test_a_round_that_failed_counts() -> None:
    strategy = FedAdam()
    strategy.current_arrays = make_model()
    strategy.aggregate_train(1, [])
    assert strategy.completed_rounds == 1


def test_hyperparameters_come_back(tmp_path: Path) -> None:
    first = FedAdamW(eta=0.5, beta_1=0.8, weight_decay=0.25, fraction_evaluate=0.0)
    start(first, record(FULL), 1)
    second = FedAdamW()
    through_file(first, second, tmp_path)
    assert (second.eta, second.beta_1, second.weight_decay) == (0.5, 0.8, 0.25)
    schedule = FedAdamW(eta=lambda step: 0.1)
    start(schedule, record(FULL), 1)
    second.eta = 0.75
    through_file(schedule, second, tmp_path)
    assert (second.eta, second.weight_decay) == (0.75, 0.01)


def test_a_file_is_a_checkpoint_of_adamas(tmp_path: Path) -> None:
    strategy = FedAdam(fraction_evaluate=0.0)
    start(strategy, record(FULL), 2)
    strategy.save(tmp_path / "server.safetensors")
    read = adamas.checkpoint.read(tmp_path / "server.safetensors")
    assert read.document.optimizer == "Adam"
    assert read.document.step == 2
    model = arrays_of(strategy.arrays)
    for name in ("fc.weight", "half", "double"):
        assert read.params[name].tobytes() == model[name].tobytes()
        assert read.states[name]["exp_avg"].tobytes() == strategy.state[name]["exp_avg"].tobytes()
    assert read.params["bn.num_batches_tracked"].tobytes() == strategy.arrays["bn.num_batches_tracked"].data
    assert same_bits(arrays_of(strategy.arrays), {name: np.asarray(array) for name, array in model.items()})


def saved() -> dict[str, Any]:
    strategy = FedAdam(fraction_evaluate=0.0)
    start(strategy, record(FULL), 2)
    return strategy.state_dict()


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in saved().items() if key != name}


def broken_states() -> dict[str, Any]:
    state = saved()
    del state["optimizer"]["state"]["fc.bias"]
    return state


STATES: dict[str, tuple[Callable[[], Any], str]] = {
    "none": (lambda: 3, "expected what state_dict"),
    "another class": (
        lambda: {**saved(), "strategy": "FedLion"},
        r"expected the state of FedAdam\(mode='flower'\), got that of",
    ),
    "another mode": (lambda: {**saved(), "mode": "adam"}, r"got that of FedAdam\(mode='adam'\)"),
    "round": (lambda: {**saved(), "round": -1}, r"state_dict\['round'\]"),
    "round text": (lambda: {**saved(), "round": "2"}, r"state_dict\['round'\]"),
    "no arrays": (lambda: without("arrays"), "'arrays' is missing"),
    "arrays": (lambda: {**saved(), "arrays": {"w": [1.0]}}, r"state_dict\['arrays'\]\['w'\]: expected a numpy.ndarray"),
    "mode type": (lambda: {**saved(), "mode": 3}, r"state_dict\['mode'\]: expected a text"),
    "hyperparameter": (lambda: {**saved(), "hyperparameters": {"gamma": 1.0}}, "FedAdam has no 'gamma'"),
    "rate": (lambda: {**saved(), "hyperparameters": {"eta": -1.0}}, "^eta: expected"),
    "states": (broken_states, "fc.bias"),
    "model": (lambda: {**saved(), "arrays": make_model()}, "half|double"),
}


@pytest.mark.parametrize("case", STATES)
def test_state_dicts_that_do_not_fit(case: str) -> None:
    make, said = STATES[case]
    strategy = FedAdam(fraction_evaluate=0.0)
    start(strategy, record(FULL), 1)
    before = strategy.state_dict()
    with pytest.raises((TypeError, ValueError), match=said):
        strategy.load_state_dict(make())
    after = strategy.state_dict()
    assert same_bits(before["arrays"], after["arrays"])
    assert before["hyperparameters"] == after["hyperparameters"]
    assert before["round"] == after["round"] == 1
    for name, entry in before["optimizer"]["state"].items():
        assert (entry["exp_avg"] == after["optimizer"]["state"][name]["exp_avg"]).all()


def test_files_that_do_not_fit(tmp_path: Path) -> None:
    path = tmp_path / "server.safetensors"
    strategy = FedAdam(fraction_evaluate=0.0)
    start(strategy, record(FULL), 1)
    strategy.save(path)
    with pytest.raises(ValueError, match="expected the state of FedYogi"):
        FedYogi().load(path)
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(CheckpointError, match="damaged"):
        FedAdam().load(path)
    opt = adamas.Adam({"w": np.ones(2)})
    opt.step({"w": np.ones(2)})
    opt.save(path)
    with pytest.raises(CheckpointError, match="is not a checkpoint of a strategy"):
        FedAdam().load(path)
    with pytest.raises(ValueError, match=r"ends in \.npz or \.safetensors"):
        strategy.save(tmp_path / "server.pkl")
    with pytest.raises(OSError, match="missing"):
        FedAdam().load(tmp_path / "missing.safetensors")


def test_nothing_to_save(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="no round has changed the model"):
        FedAdam().save(tmp_path / "server.safetensors")
    with pytest.raises(RuntimeError, match="no round has changed the model"):
        FedAdam().state_dict()
    with pytest.raises(RuntimeError, match="there is no model yet"):
        FedAdam().arrays  # noqa: B018
    older = strategy_class("Adam", older=True)(initial_parameters=parameters(make_model()))
    with pytest.raises(RuntimeError, match="no round has changed the model"):
        older.save(tmp_path / "server.safetensors")


def test_clients_are_told_the_number_that_goes_on() -> None:
    told: list[Any] = []

    def listen(arrays: ArrayRecord, config: ConfigRecord, number: int) -> tuple[Model, int]:
        told.append(config["server-round"])
        return client(arrays, config, number)

    strategy = FedAdam(fraction_evaluate=0.0)
    with in_a_run():
        first = strategy.start(Grid(listen, 2), record(FULL), num_rounds=2)
        strategy.start(Grid(listen, 2), first.arrays, num_rounds=1)
    assert [*dict.fromkeys(told)] == [1, 2, 3]
