"""Refusals of the estimators: the messages, and that nothing changes."""

from __future__ import annotations

import functools
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier as SklearnMLPClassifier
from sklearn_networks import SHORT, bits, digits

import adamas
from adamas.sklearn import AdamOptimizer, MLPClassifier, SGDOptimizer

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

BAD: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"optimizer": "adamm"}, ValueError, "optimizer: there is no rule 'adamm'; did you mean 'adam'?"),
    ({"optimizer": 3}, TypeError, "optimizer: expected the name of a rule or a class of adamas, got int"),
    ({"optimizer": adamas.AdamW(np.ones(3))}, TypeError, "optimizer: expected the name of a rule or .*, got .*AdamW"),
    (
        {"optimizer": "adamw", "weight_decay": -1.0},
        ValueError,
        "weight_decay: expected None or a finite number >= 0, got",
    ),
    ({"weight_decay": "much"}, TypeError, "weight_decay: expected None or a finite number >= 0, got 'much'"),
    ({"weight_decay": float("nan")}, ValueError, "weight_decay: expected None or a finite number >= 0, got nan"),
    ({"optimizer": "rprop", "weight_decay": 0.1}, ValueError, "weight_decay: adamas.Rprop has none; leave it out"),
    ({"optimizer": "adamw", "solver": "lbfgs"}, ValueError, "optimizer: has no effect with solver='lbfgs'; choose"),
    ({"weight_decay": 0.1, "solver": "lbfgs"}, ValueError, "weight_decay: has no effect with solver='lbfgs'; choose"),
    (
        {"optimizer": functools.partial(adamas.AdamW, lr=0.1)},
        ValueError,
        "optimizer: it sets lr, which is the estimator's to set; write learning_rate_init=",
    ),
    (
        {"optimizer": functools.partial(adamas.AdamW, betas=(0.9, 2.0))},
        ValueError,
        r"betas\[1\]: expected a number in \[0, 1\), got 2.0",
    ),
    (
        {"optimizer": lambda groups, lr: None},
        TypeError,
        "optimizer: expected a factory of optimizers of adamas, it made",
    ),
]


@pytest.mark.parametrize(("settings", "error", "message"), BAD, ids=lambda value: None)
def test_bad_arguments(settings: dict[str, Any], error: type[Exception], message: str) -> None:
    images, labels = digits()
    with pytest.raises(error, match=message):
        MLPClassifier(**SHORT, **settings).fit(images, labels)
    with pytest.raises((error, AttributeError), match=f"{message}|partial_fit"):
        MLPClassifier(**SHORT, **settings).partial_fit(images, labels, classes=np.arange(10))


def test_unknown_arguments_are_refused_by_python() -> None:
    with pytest.raises(TypeError, match="learning_rat"):
        MLPClassifier(learning_rat=1)


@pytest.mark.parametrize("changed", [{"optimizer": "lion"}, {"weight_decay": 0.2}])
def test_arguments_cannot_change_while_training_goes_on(changed: dict[str, Any]) -> None:
    images, labels = digits()
    network = MLPClassifier(**SHORT, weight_decay=0.1).partial_fit(images, labels, classes=np.arange(10))
    kept = bits(network)
    with pytest.raises(ValueError, match=f"{next(iter(changed))}: was .* when training began, and is .*; call fit"):
        network.set_params(**changed).partial_fit(images, labels)
    assert bits(network) == kept
    network.fit(images, labels)


@pytest.mark.parametrize("optimizer", [None, "adamw"])
def test_read_only_parameters_are_named(optimizer: str | None) -> None:
    images, labels = digits()
    network = MLPClassifier(**SHORT, optimizer=optimizer).partial_fit(images, labels, classes=np.arange(10))
    network.coefs_[1].flags.writeable = False
    kept = bits(network)
    with pytest.raises(ValueError, match=r"\[1\].*read-only|not writeable"):
        network.partial_fit(images, labels)
    assert bits(network) == kept


def test_a_refused_call_leaves_averages_in_place() -> None:
    images, labels = digits()
    network = MLPClassifier(**SHORT, optimizer="schedule_free_adamw")
    network.partial_fit(images, labels, classes=np.arange(10))
    kept = bits(network)
    with pytest.raises(ValueError, match="features"):
        network.partial_fit(images[:, :-1], labels)
    assert bits(network) == kept


def test_replaced_parameters_of_another_shape_are_refused() -> None:
    images, labels = digits()
    network = MLPClassifier(**SHORT).partial_fit(images, labels, classes=np.arange(10))
    network.coefs_[0] = np.ones((64, 24), np.float32)  # another dtype than the states
    with pytest.raises((TypeError, ValueError), match="float"):
        network.partial_fit(images, labels)


@pytest.mark.parametrize("made", [AdamOptimizer, SGDOptimizer])
def test_the_optimizers_by_themselves(made: Any) -> None:
    params = [np.ones((3, 2)), np.ones(2)]
    optimizer = made(params)
    with pytest.raises(ValueError, match="shape"):
        optimizer.update_params(params, [np.ones((3, 2)), np.ones(3)])
    with pytest.raises(TypeError, match="int64"):
        optimizer.update_params(params, [np.ones((3, 2)), np.ones(2, np.int64)])
    assert all((param == 1).all() for param in params)
    assert getattr(optimizer, "t", 0) == 0


def test_an_exchange_that_did_not_happen_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    images, labels = digits()

    plain = SklearnMLPClassifier(**SHORT).fit(images, labels)

    def otherwise(self: Any, *args: Any, **kwargs: Any) -> Any:
        self.coefs_, self.intercepts_ = plain.coefs_, plain.intercepts_
        return self

    monkeypatch.setattr(SklearnMLPClassifier, "_fit", otherwise)
    with pytest.raises(RuntimeError, match=r"adamas.sklearn: scikit-learn .* in a way that adamas does not know"):
        MLPClassifier(**SHORT).fit(images, labels)


def test_an_unknown_optimizer_of_scikit_learn_is_an_error() -> None:
    with pytest.raises(RuntimeError, match=r"adamas.sklearn: scikit-learn .* in a way that adamas does not know"):
        MLPClassifier()._optimizer = object()


VERSIONS = """
import sys, types
{made}
try:
    import adamas.sklearn
except ImportError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (
            "sys.modules['sklearn'] = types.ModuleType('sklearn'); sys.modules['sklearn'].__version__ = '1.2.2'",
            "1.3 or newer, got 1.2.2",
        ),
        (
            "import importlib.abc\n"
            "class Gone(importlib.abc.MetaPathFinder):\n"
            "    def find_spec(self, name, path, target=None):\n"
            "        if name == 'sklearn': raise ModuleNotFoundError('no', name='sklearn')\n"
            "sys.meta_path.insert(0, Gone())",
            "needs scikit-learn; install it with: pip install 'adamas[sklearn]'",
        ),
    ],
)
def test_wrong_versions(made: str, message: str) -> None:
    run = subprocess.run([sys.executable, "-c", VERSIONS.format(made=made)], capture_output=True, text=True, check=True)
    assert message in run.stdout
