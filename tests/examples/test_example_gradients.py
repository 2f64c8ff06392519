"""The gradients that examples compute themselves, against finite differences; and those of both backends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd_numpy
import cartpole_reinforce
import numpy as np
import pytest
import sub_models
import text_classification

from adamas.demo.mlp import Array, Layers, forward, init_mlp, softmax


def check(loss: Callable[[], float], array: Array, grad: Array) -> None:
    """Compare a gradient with differences of the loss, at every third element."""
    assert array.dtype == np.float64
    for index in list(np.ndindex(array.shape))[::3]:
        kept = array[index]
        losses = []
        for shift in (1e-6, -1e-6):
            array[index] = kept + shift
            losses.append(loss())
        array[index] = kept
        np.testing.assert_allclose(grad[index], (losses[0] - losses[1]) / 2e-6, rtol=2e-4, atol=1e-8)


def doubled(layers: Layers) -> Layers:
    return [{key: array.astype(np.float64) for key, array in layer.items()} for layer in layers]


def test_text() -> None:
    rng = np.random.default_rng(0)
    params = {key: a.astype(np.float64) for key, a in text_classification.init(30, 4, 5, rng).items()}
    rows, counts, y = np.array([1, 7, 9, 7, 2, 2, 20]), np.array([3, 1, 3]), np.array([1.0, 0.0, 1.0])

    def loss() -> float:
        return text_classification.loss_and_grads(params, rows, counts, y)[0]

    grads = text_classification.loss_and_grads(params, rows, counts, y)[1]
    full = np.zeros((30, 4))
    np.add.at(full, grads["table"].rows, grads["table"].values)
    np.testing.assert_allclose(text_classification.spread(grads["table"], np.ones((30, 4))), full, rtol=1e-6, atol=1e-9)
    for name, array in params.items():
        check(loss, array, full if name == "table" else grads[name])


def test_text_dropping_words_keeps_each_text() -> None:
    rng = np.random.default_rng(0)
    rows, counts = text_classification.drop_words(np.arange(100), np.array([1, 90, 1, 8]), 0.9, rng)
    assert counts.sum() == len(rows) < 40
    assert counts.min() == 1
    assert {0, 1, 91, 92} <= set(rows.tolist())


def test_sub_models() -> None:
    rng = np.random.default_rng(0)
    combination = {"weights": rng.random((2, 4)), "bias": rng.random(4)}
    parts = np.log(softmax(rng.standard_normal((2 * 7, 4)))).reshape(2, 7, 4)
    y = rng.integers(0, 4, 7)
    _, grads = sub_models.combination_grads(combination, parts, y)
    for name, array in combination.items():
        check(lambda: sub_models.combination_grads(combination, parts, y)[0], array, grads[name])


def test_cartpole() -> None:
    rng = np.random.default_rng(0)
    states, actions = rng.standard_normal((9, 4)), rng.integers(0, 2, 9)
    targets, advantages = rng.standard_normal(9), rng.standard_normal(9)
    played = cartpole_reinforce.Episodes(states, actions, targets, np.array([9.0]))
    policy, value = doubled(init_mlp([4, 6, 2], rng)), doubled(init_mlp([4, 6, 1], rng))

    def policy_loss() -> float:
        p = softmax(forward(policy, states)[-1])
        entropy = -(p * np.log(p)).sum(axis=1)
        return float(-(advantages * np.log(p[np.arange(9), actions]) + 0.25 * entropy).mean())

    def value_loss() -> float:
        return float(0.5 * ((forward(value, states)[-1][:, 0] - targets / 2.0) ** 2).mean())

    for layers, loss, grads in (
        (policy, policy_loss, cartpole_reinforce.policy_grads(policy, played, advantages, 0.25)[0]),
        (value, value_loss, cartpole_reinforce.value_grads(value, played, 2.0)[0]),
    ):
        for layer, grad in zip(layers, grads, strict=True):
            for name, array in layer.items():
                check(loss, array, grad[name])


def test_autograd_and_jax_agree() -> None:
    rng = np.random.default_rng(0)
    params = autograd_numpy.init(8, 5, 10, rng)
    x, y = rng.random((6, 8, 8), np.float32), rng.integers(0, 10, 6)
    results = [backend()(params, x, y) for backend in autograd_numpy.BACKENDS.values()]
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-5)

    def compare(one: Any, other: Any) -> None:
        if isinstance(one, dict):
            assert one.keys() == other.keys()
            for key in one:
                compare(one[key], other[key])
        else:
            assert isinstance(other, np.ndarray)
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)

    compare(results[0][1], results[1][1])
