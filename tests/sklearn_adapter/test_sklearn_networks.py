"""Networks that adamas trains: against scikit-learn's own, and against adamas called by hand."""

from __future__ import annotations

import copy
import doctest
import functools
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from scipy import sparse
from sklearn import neural_network
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn_networks import SHORT, bits, digits, params_of

import adamas
from adamas import optimizers
from adamas.adapters import RULE_NAMES, Array
from adamas.rules import SPECS
from adamas.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

CLASSES = np.arange(10)
SCHEDULES = ("constant", "invscaling", "adaptive")


def recorded(optimizer: str, **settings: Any) -> tuple[Any, list[list[Array]], list[Array]]:
    """Train a network; return it, the gradients of all its steps, and the parameters that it began with."""
    grads: list[list[Array]] = []
    starts: list[Array] = []

    def factory(groups: list[dict[str, Any]], lr: float) -> Any:
        if "weight_decay" not in SPECS[RULE_NAMES[optimizer]].by_name:
            groups = [{"params": group["params"]} for group in groups]
        made = getattr(optimizers, RULE_NAMES[optimizer])(groups, lr=lr)
        starts.extend(param.copy() for group in groups for param in group["params"])
        plain = made.step

        def step(given: Any) -> Any:
            grads.append([grad.copy() for group in given for grad in group])
            return plain(given)

        made.step = step
        return made

    images, labels = digits(np.float32)
    network = MLPClassifier(**SHORT, **settings, optimizer=factory).fit(images, labels)
    return network, grads, starts


@pytest.mark.parametrize("name", RULE_NAMES)
def test_every_rule_has_the_bits_of_adamas_by_hand(name: str) -> None:
    network, grads, params = recorded(name, learning_rate_init=0.003)
    groups: list[dict[str, Any]] = [{"params": params[:3]}, {"params": params[3:]}]
    if "weight_decay" in SPECS[RULE_NAMES[name]].by_name:
        groups[1]["weight_decay"] = 0.0
    by_hand = getattr(optimizers, RULE_NAMES[name])(groups, lr=0.003)
    for given in grads:
        by_hand.step([given[:3], given[3:]])
    if hasattr(by_hand, "eval"):
        by_hand.eval()
    assert len(grads) == 4 * 9
    assert bits(network) == [param.tobytes() for param in params]
    images, labels = digits(np.float32)
    by_name = MLPClassifier(**SHORT, learning_rate_init=0.003, optimizer=name).fit(images, labels)
    assert bits(by_name) == bits(network)


@pytest.mark.parametrize("base", ["MLPClassifier", "MLPRegressor"])
def test_adam_has_the_bits_of_scikit_learn_in_float64(base: str) -> None:
    images, labels = digits()
    settings = {**SHORT, "beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-5, "learning_rate_init": 0.01}
    theirs = getattr(neural_network, base)(**settings).fit(images, labels)
    ours = getattr(adamas.sklearn, base)(**settings).fit(images, labels)
    assert bits(ours) == bits(theirs)
    assert ours.loss_curve_ == theirs.loss_curve_
    assert ours._optimizer.t == theirs._optimizer.t
    for moments in ("ms", "vs"):
        pairs = zip(getattr(ours._optimizer, moments), getattr(theirs._optimizer, moments), strict=True)
        assert all(np.array_equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("momentum", [0.0, 0.9, 1.0])
@pytest.mark.parametrize("nesterov", [True, False])
def test_sgd_is_that_of_scikit_learn(schedule: str, momentum: float, nesterov: bool) -> None:
    images, labels = digits()
    settings = {
        **SHORT,
        "max_iter": 12,
        "solver": "sgd",
        "learning_rate": schedule,
        "learning_rate_init": 0.02,
        "momentum": momentum,
        "nesterovs_momentum": nesterov,
        "tol": 0.05,  # so that an adaptive rate falls
        "n_iter_no_change": 1,
    }
    theirs = neural_network.MLPClassifier(**settings).fit(images, labels)
    ours = MLPClassifier(**settings).fit(images, labels)
    assert ours.n_iter_ == theirs.n_iter_
    assert ours._optimizer.learning_rate == theirs._optimizer.learning_rate
    for a, b in zip(params_of(ours), params_of(theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)
    if momentum:
        for a, b in zip(ours._optimizer.velocities, theirs._optimizer.velocities, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_float32_is_that_of_scikit_learn_to_rounding(solver: str) -> None:
    images, labels = digits(np.float32)
    theirs = neural_network.MLPClassifier(**SHORT, solver=solver).fit(images, labels)
    ours = MLPClassifier(**SHORT, solver=solver).fit(images, labels)
    for a, b in zip(params_of(ours), params_of(theirs), strict=True):
        assert a.dtype == np.float32
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_lbfgs_is_left_alone() -> None:
    images, labels = digits()
    theirs = neural_network.MLPClassifier(**SHORT, solver="lbfgs").fit(images, labels)
    assert bits(MLPClassifier(**SHORT, solver="lbfgs").fit(images, labels)) == bits(theirs)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_decay_without_a_rule_is_decoupled_and_spares_biases(solver: str, momentum: float) -> None:
    settings = {**SHORT, "solver": solver, "max_iter": 1, "batch_size": 1797, "learning_rate_init": 0.01}
    settings |= {"momentum": momentum, "nesterovs_momentum": False}
    images, labels = digits()
    plain = MLPClassifier(**settings).fit(images, labels)
    decayed = MLPClassifier(**settings, weight_decay=2.0).fit(images, labels)
    starts = MLPClassifier(**settings, optimizer=lambda groups, lr: adamas.SGD(groups, lr=0.0))
    starts.set_params(learning_rate_init=1e-300)
    begun = starts.fit(images, labels)
    for a, b, start in zip(decayed.coefs_, plain.coefs_, begun.coefs_, strict=True):
        np.testing.assert_allclose(a, b - 0.02 * start, rtol=1e-12, atol=1e-15)
    assert [bias.tobytes() for bias in decayed.intercepts_] == [bias.tobytes() for bias in plain.intercepts_]


def test_decay_with_a_rule_is_that_of_the_rule() -> None:
    images, labels = digits()
    default, none, more = (
        bits(MLPClassifier(**SHORT, optimizer="adamw", weight_decay=decay).fit(images, labels))
        for decay in (None, 0.0, 0.01)
    )
    assert default == more != none  # the default of AdamW is 0.01


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_rules_follow_the_schedules_of_sgd(schedule: str) -> None:
    images, labels = digits()
    rates: list[float] = []

    def factory(groups: Any, lr: float) -> Any:
        made: Any = adamas.AdamW(groups, lr=lr)
        plain = made.step

        def step(grads: Any) -> Any:
            rates.append(made.param_groups[0]["lr"])
            return plain(grads)

        made.step = step
        return made

    settings = {**SHORT, "solver": "sgd", "learning_rate": schedule, "learning_rate_init": 0.01, "max_iter": 20}
    settings |= {"tol": 10.0, "n_iter_no_change": 1}
    network = MLPClassifier(**settings, optimizer=factory).fit(images, labels)
    theirs = neural_network.MLPClassifier(**settings).fit(images, labels)
    assert network.n_iter_ == theirs.n_iter_
    assert network._optimizer.learning_rate == theirs._optimizer.learning_rate
    assert rates[0] == 0.01
    assert (rates[-1] < 0.01) == (schedule != "constant")


def through_pickle(network: Any, folder: Path) -> Any:
    return pickle.loads(pickle.dumps(network))


def through_joblib(network: Any, folder: Path) -> Any:
    joblib.dump(network, folder / "network")
    return joblib.load(folder / "network")


def through_deepcopy(network: Any, folder: Path) -> Any:
    return copy.deepcopy(network)


def with_average(groups: Any, lr: float) -> adamas.Optimizer:
    return adamas.AdamW(groups, lr=lr, average=adamas.EMA(0.9))


CHOICES = {
    "scikit-learn's": None,
    "adamw": "adamw",
    "schedule-free": "schedule_free_adamw",
    "averaged": with_average,
    "int8": functools.partial(adamas.Lion, betas=(0.9, 0.95), state_dtype="int8"),
}


@pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES)
@pytest.mark.parametrize("copied", [through_pickle, through_joblib, through_deepcopy])
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_copies_go_on_with_the_same_bits(choice: Any, copied: Callable[..., Any], solver: str, tmp_path: Path) -> None:
    images, labels = digits(np.float32)
    network = MLPClassifier(**SHORT, solver=solver, optimizer=choice)
    network.partial_fit(images, labels, classes=CLASSES)
    other = copied(network, tmp_path)
    again = copied(other, tmp_path)  # without a step between
    assert bits(other) == bits(network)
    for _ in range(3):
        for each in (network, other, again):
            each.partial_fit(images, labels)
    assert bits(other) == bits(network)
    assert bits(again) == bits(network)
    assert [param.ctypes.data for param in params_of(other)] != [param.ctypes.data for param in params_of(network)]


@pytest.mark.parametrize("name", ["schedule-free", "averaged"])
def test_predictions_are_those_of_the_average(name: str) -> None:
    images, labels = digits()
    trained: list[Any] = []

    def factory(groups: Any, lr: float) -> Any:
        choice: Any = CHOICES[name]
        made = with_average(groups, lr) if callable(choice) else adamas.ScheduleFreeAdamW(groups, lr=lr)
        trained.append((made, [param for group in groups for param in group["params"]]))
        return made

    network = MLPClassifier(**SHORT, optimizer=factory)
    for _ in range(3):
        network.partial_fit(images, labels, classes=CLASSES)
    assert len(trained) == 1  # it went on with the parameters in training
    params = trained[0][1]
    in_training = [param.tobytes() for param in params]
    assert bits(network) != in_training
    with network._optimizer.evaluated():
        assert bits(network) == [param.tobytes() for param in params]
    assert [param.tobytes() for param in params] == in_training
    network.coefs_[0] += 0.5  # what users write counts
    kept = network.coefs_[0].copy()
    network.partial_fit(images[:1], labels[:1])
    assert len(trained) == 2
    assert np.abs(trained[1][1][0] - kept).max() < 0.1


@pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES)
def test_early_stopping_keeps_what_it_scored(choice: Any) -> None:
    images, labels = digits(np.float32)
    scored: list[tuple[float, list[bytes]]] = []

    class Watched(MLPClassifier):
        def _score(self, *args: Any, **kwargs: Any) -> Any:
            score = super()._score(*args, **kwargs)
            scored.append((score, bits(self)))
            return score

    settings = {**SHORT, "max_iter": 15, "early_stopping": True, "n_iter_no_change": 2, "learning_rate_init": 0.003}
    network = Watched(**settings, optimizer=choice).fit(images, labels)
    best = max(score for score, _ in scored)
    assert network.best_validation_score_ == best > 0.5
    assert bits(network) in [params for score, params in scored if score == best]


def test_warm_start_begins_with_the_parameters_there() -> None:
    images, labels = digits()
    settings = {**SHORT, "warm_start": True}
    ours, theirs = MLPClassifier(**settings), neural_network.MLPClassifier(**settings)
    for _ in range(2):
        ours.fit(images, labels)
        theirs.fit(images, labels)
    assert bits(ours) == bits(theirs)


def test_sparse_inputs_sample_weights_and_many_outputs() -> None:
    images, labels = digits()
    inputs = sparse.csr_matrix(images)
    many = np.stack([labels / 10, labels % 3], axis=1)
    for base, targets in (("MLPClassifier", labels), ("MLPRegressor", many)):
        theirs = getattr(neural_network, base)(**SHORT).fit(inputs, targets)
        assert bits(getattr(adamas.sklearn, base)(**SHORT).fit(inputs, targets)) == bits(theirs)


def test_clone_grid_search_and_pipelines() -> None:
    images, labels = digits()
    network = MLPClassifier(**SHORT, optimizer="lion", weight_decay=0.1)
    assert clone(network).get_params() == network.get_params()
    pipeline = make_pipeline(
        StandardScaler(), MLPClassifier((24,), random_state=3, max_iter=30, learning_rate_init=0.01)
    )
    grid = {"mlpclassifier__optimizer": [None, "adamw", adamas.NAdam], "mlpclassifier__weight_decay": [0.0, 0.1]}
    search = GridSearchCV(pipeline, grid, cv=2, n_jobs=2).fit(images[:600], labels[:600])
    assert search.best_score_ > 0.8
    assert len(search.cv_results_["params"]) == 6


def test_a_whole_training_reaches_the_quality_of_scikit_learn() -> None:
    images, labels = digits(np.float32)
    split = train_test_split(images, labels, random_state=0)
    settings = {"hidden_layer_sizes": (64,), "random_state": 0, "max_iter": 60}
    theirs = neural_network.MLPClassifier(**settings).fit(split[0], split[2]).score(split[1], split[3])
    ours = MLPClassifier(**settings).fit(split[0], split[2]).score(split[1], split[3])
    decayed = MLPClassifier(**settings, optimizer="adamw", weight_decay=0.5, learning_rate_init=0.005)
    assert theirs > 0.95
    assert ours >= theirs - 0.005
    assert decayed.fit(split[0], split[2]).score(split[1], split[3]) >= theirs - 0.01


def test_regressor_with_a_rule() -> None:
    images, labels = digits()
    network = MLPRegressor(**{**SHORT, "max_iter": 100}, optimizer="adan", learning_rate_init=0.002)
    assert network.fit(images, labels).score(images, labels) > 0.8


@pytest.mark.parametrize("base", [MLPClassifier, MLPRegressor])
def test_the_description_is_ours_and_theirs_and_its_example_runs(base: Any) -> None:
    ours, theirs = base.__doc__.split("What follows is scikit-learn's description")
    assert "hidden_layer_sizes : " in theirs
    assert all(f'"{name}"' in ours for name in RULE_NAMES)
    test = doctest.DocTestParser().get_doctest(ours, {}, base.__name__, None, 0)
    assert len(test.examples) == 5
    assert doctest.DocTestRunner().run(test).failed == 0


def test_users_may_derive_classes() -> None:
    class Small(MLPClassifier):
        def __init__(self, optimizer: Any = "adamw", weight_decay: Any = None, random_state: Any = 3) -> None:
            super().__init__((8,), optimizer=optimizer, weight_decay=weight_decay, random_state=random_state)

    images, labels = digits()
    assert set(Small().get_params()) == {"optimizer", "weight_decay", "random_state"}
    network = Small().set_params(optimizer="lion").fit(images[:200], labels[:200])
    assert clone(network).optimizer == "lion"
