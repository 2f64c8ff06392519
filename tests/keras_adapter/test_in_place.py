"""Under PyTorch nothing is copied."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch
from small_keras import X, Y, compiled, to_numpy, train, values, variable, weights

import adamas
import adamas.keras


def pointers(model: Any) -> list[int]:
    return [v.value.data_ptr() for v in (*model.trainable_variables, *model.optimizer.variables)]


def test_variables_and_states_stay_where_they_are() -> None:
    model = compiled(adamas.keras.AdamW(0.01))
    train(model, 1)
    before, binding = pointers(model), model.optimizer._in_place._binding
    train(model, 5)
    assert pointers(model) == before
    assert model.optimizer._in_place._binding is binding
    states = [array for i in range(4) for array in binding.states(i).values()]
    assert [v.value.data_ptr() for v in model.optimizer.variables[2:]] == [array.ctypes.data for array in states]
    assert [v.value.data_ptr() for v in model.trainable_variables] == [array.ctypes.data for array in binding.arrays]


def test_one_call_of_the_engine_for_all_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    model = compiled(adamas.keras.AdamW(0.01))
    calls = []
    step = adamas.AdamW.step
    monkeypatch.setattr(adamas.AdamW, "step", lambda self, *args, **kw: calls.append(step(self, *args, **kw)))
    train(model, 3)
    assert [report.updated for report in calls] == [4, 4, 4]


@pytest.mark.parametrize("name", ["AdamW", "RMSprop", "ScheduleFreeAdamW"])
def test_memory_that_has_moved_is_followed(name: str) -> None:
    moved, stayed = (compiled(getattr(adamas.keras, name)(0.01)) for _ in range(2))
    for step in range(6):
        train(moved, 1, first=step)
        train(stayed, 1, first=step)
        for each in (moved.trainable_variables[step % 4], moved.optimizer.variables[2 + step % 4]):
            each.value.data = each.value.detach().clone()
    for ours, theirs in zip(weights(moved), weights(stayed), strict=True):
        assert ours.tobytes() == theirs.tobytes()


def test_assigned_states_are_used() -> None:
    model = compiled(adamas.keras.AdamW(0.01))
    train(model, 3)
    kept, start = values(model.optimizer), weights(model)
    losses = train(model, 3, first=3)
    model.set_weights(start)
    model.optimizer.set_weights(kept)
    assert (train(model, 3, first=3) == losses).all()


def test_parameters_of_other_layouts() -> None:
    rng = np.random.default_rng(0)
    values_, grads = rng.standard_normal((4, 6)), rng.standard_normal((4, 6)).astype(np.float32)
    plain = variable(values_)
    turned = variable(values_)
    turned._value = torch.nn.Parameter(torch.tensor(values_.T.astype(np.float32).copy(order="C")).T)
    assert not turned.value.is_contiguous()
    for each in (plain, turned):
        optimizer = adamas.keras.AdamW(0.1)
        for _ in range(3):
            optimizer.apply([torch.tensor(grads)], [each])
        assert optimizer.variables[2].value.stride() == each.value.stride()
    assert (to_numpy(plain) == to_numpy(turned)).all()


def test_what_lies_apart_or_elsewhere_is_refused() -> None:
    apart = keras.Variable(torch.nn.Parameter(torch.ones(6)[::2]), name="apart")
    with pytest.raises(ValueError, match="apart: its elements do not lie side by side"):
        adamas.keras.AdamW().build([apart])
    with pytest.raises(TypeError, match="complex"):
        adamas.keras.AdamW().build([keras.Variable(np.ones(3, np.complex64), dtype="complex64")])


def test_autograd_sees_the_update() -> None:
    param = variable(np.ones(3))
    saved = (param.value * param.value).sum()
    adamas.keras.AdamW().apply([torch.ones(3)], [param])
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        saved.backward()


def test_gradients_are_not_changed() -> None:
    param, grad = variable(np.ones(3)), torch.full((3,), 5.0)
    adamas.keras.SGD(0.1, momentum=0.9, loss_scale_factor=2.0, clipnorm=1.0).apply([grad], [param])
    assert (grad == 5.0).all()


def test_inside_a_loop_of_ones_own() -> None:
    model = compiled(adamas.keras.AdamW(0.02))
    loss_of = keras.losses.BinaryCrossentropy()
    losses = []
    for _ in range(30):
        model.zero_grad()
        loss = loss_of(Y, model(X))
        loss.backward()
        model.optimizer.apply([v.value.grad for v in model.trainable_variables], model.trainable_variables)
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.9 * losses[0]
