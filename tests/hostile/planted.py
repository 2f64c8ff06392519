"""Planted attacks that succeed, to verify that the table finds such failures."""

# What is given here is of the wrong type on purpose.
# mypy: disable-error-code="arg-type, assignment, call-overload, func-returns-value, index, misc, no-untyped-call"

from __future__ import annotations

import ctypes
import time
from typing import Any

from hostile.driver import Case, correct, refused
from hostile.scenes import Scene


def _refuse_after(change: Any) -> Any:
    def act(scene: Scene) -> None:
        change(scene)
        raise ValueError("refused")

    return act


def _change(name: str) -> Any:
    def change(scene: Scene) -> None:
        flat = scene.opt.state["w"][name].reshape(-1)
        flat.view("u1")[0] ^= 1

    return change


def _change_param(scene: Scene) -> None:
    scene.params["deep"][1].view("u1")[-1] ^= 1


def _change_gradient(scene: Scene) -> None:
    scene.watch(scene.grads()["w"]).view("u1")[0] ^= 1


def _forget_sum(scene: Scene) -> None:
    scene.opt._engine.accumulate(scene.grads(), False)


#: What happens, and what the outcome says.
PLANTED: dict[str, Case] = {
    "silent change: params 2": refused(ValueError, "refused", _refuse_after(_change_param)),
    "silent change: state w exp_avg_sq": refused(ValueError, "refused", _refuse_after(_change("exp_avg_sq"))),
    "silent change of an array that was only to be read": refused(
        ValueError, "refused", _refuse_after(_change_gradient)
    ),
    "silent change: state deep.1 step": refused(
        ValueError, "refused", _refuse_after(lambda s: s.opt._engine.set_step_counts([1, 1, 2], 1))
    ),
    "silent change in param_groups": refused(
        ValueError, "refused", _refuse_after(lambda s: s.opt.param_groups[0].update(lr=0.2))
    ),
    "silent change: counts": refused(ValueError, "refused", _refuse_after(_forget_sum)),
    "None instead of a ValueError": refused(ValueError, "refused", lambda s: None),
    "does not say": refused(ValueError, "this", _refuse_after(lambda s: None)),
    "wrong result": correct(lambda s: s.step(), lambda s: s.opt.step(s.grads(5))),
    r"crash \(signal 11\)": correct(None, lambda s: ctypes.string_at(8)),
    "hang": correct(None, lambda s: time.sleep(60)),
}
