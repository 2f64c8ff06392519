"""What docs/recipes.md says of Stable-Baselines3: the epsilon that it sets for its own Adam alone, and saved models."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from one_thread import one_thread
from stable_baselines3 import PPO

import adamas.torch

__all__ = ["one_thread"]


def make(**policy: Any) -> Any:
    return PPO(
        "MlpPolicy", "CartPole-v1", device="cpu", seed=0, n_steps=64, batch_size=32, n_epochs=2, policy_kwargs=policy
    )


def test_epsilon() -> None:
    adam = {"optimizer_class": adamas.torch.Adam}
    theirs, left_out = make(), make(**adam)
    recipe = make(**adam, optimizer_kwargs={"eps": 1e-5})
    assert [model.policy.optimizer.param_groups[0]["eps"] for model in (theirs, left_out, recipe)] == [1e-5, 1e-8, 1e-5]


def test_the_same_training() -> None:
    theirs = make().learn(128)
    ours = make(optimizer_class=adamas.torch.Adam, optimizer_kwargs={"eps": 1e-5}).learn(128)
    for mine, its in zip(ours.policy.parameters(), theirs.policy.parameters(), strict=True):
        torch.testing.assert_close(mine, its, rtol=1e-4, atol=1e-5)
    assert ours.policy.optimizer.report.step == 8


def test_a_saved_model_goes_on(tmp_path: Path) -> None:
    model = make(optimizer_class=adamas.torch.Adam, optimizer_kwargs={"eps": 1e-5})
    model.learn(64)
    model.save(tmp_path / "cartpole")
    other = PPO.load(tmp_path / "cartpole", env=model.get_env(), device="cpu")
    mine, its = model.policy.optimizer.state_dict(), other.policy.optimizer.state_dict()
    assert mine["param_groups"] == its["param_groups"]
    for number, state in mine["state"].items():
        for name, value in state.items():
            assert torch.equal(value, its["state"][number][name])
    optimizer: Any = other.policy.optimizer
    assert other.policy.optimizer_class is adamas.torch.Adam
    other.learn(64)
    assert optimizer.report.step == 8


def test_a_schedule_of_the_learning_rate() -> None:
    model = PPO(
        "MlpPolicy", "CartPole-v1", lambda left: 0.01 * left, device="cpu", seed=0, n_steps=64, n_epochs=1,
        policy_kwargs={"optimizer_class": adamas.torch.Adam, "optimizer_kwargs": {"eps": 1e-5}},
    )  # fmt: skip
    model.learn(128)
    assert model.policy.optimizer.param_groups[0]["lr"] == pytest.approx(0.0)


def test_ppo_always_clips(monkeypatch: pytest.MonkeyPatch) -> None:
    """So max_norm of adamas would do it again."""
    norms: list[float] = []
    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", lambda params, max_norm: norms.append(max_norm))
    model = make()
    model.max_grad_norm = math.inf
    model.learn(64)
    assert norms == [math.inf] * 4
