"""What docs/recipes.md says of skorch: hyperparameters by name, and nets that are pickled and go on."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from one_thread import one_thread
from sklearn.base import clone
from sklearn.datasets import load_digits
from skorch import NeuralNetClassifier

import adamas.torch

__all__ = ["one_thread"]


class Reader(torch.nn.Module):  # type: ignore[misc]
    """A small network for digits."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10))

    def forward(self, x: Any) -> Any:
        return self.layers(x).softmax(-1)


def make_net(**more: Any) -> Any:
    torch.manual_seed(0)
    net = NeuralNetClassifier(
        Reader, optimizer=adamas.torch.AdamW, optimizer__weight_decay=0.1, lr=1e-2, max_epochs=2, verbose=0,
        train_split=None, iterator_train__shuffle=False, **more,
    )  # fmt: skip
    return net.initialize()


@pytest.fixture(scope="module")
def digits() -> tuple[Any, Any]:
    images, labels = load_digits(return_X_y=True)
    return (images / 16).astype(np.float32), labels


def weights(net: Any) -> list[Any]:
    return [param.detach().clone() for param in net.module_.parameters()]


def test_a_pickled_net_goes_on(digits: tuple[Any, Any]) -> None:
    net = make_net()
    net.partial_fit(*digits)
    other = pickle.loads(pickle.dumps(net))
    for each in (net, other):
        each.partial_fit(*digits)
    assert other.optimizer_.report.step == net.optimizer_.report.step
    for mine, its in zip(weights(net), weights(other), strict=True):
        assert torch.equal(mine, its)


def test_saved_files_go_on(digits: tuple[Any, Any], tmp_path: Path) -> None:
    net, other = make_net(), make_net()
    net.partial_fit(*digits)
    files = {"f_params": tmp_path / "params.pt", "f_optimizer": tmp_path / "optimizer.pt"}
    net.save_params(**files)
    other.load_params(**files)
    for each in (net, other):
        each.partial_fit(*digits)
    for mine, its in zip(weights(net), weights(other), strict=True):
        assert torch.equal(mine, its)


def test_hyperparameters_by_name() -> None:
    net = clone(make_net(optimizer__max_norm=0.5)).set_params(optimizer__weight_decay=0.3, lr=0.2).initialize()
    [group] = net.optimizer_.param_groups
    assert (group["lr"], group["weight_decay"], net.optimizer_.step_defaults.max_norm) == (0.2, 0.3, 0.5)
    net.set_params(lr=0.1)  # reaches the optimizer there is, as skorch's callbacks expect
    assert net.optimizer_.param_groups[0]["lr"] == 0.1
