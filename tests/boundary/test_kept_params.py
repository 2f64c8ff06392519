"""Containers of parameters that hold other arrays than at first: the optimizer would update arrays nobody uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from refusing import both

GRAD = {"w": np.ones(3), "deep": [np.ones(2), np.ones(1)]}
OTHER = r"is another array now than the one that this optimizer updates; write the values into that one"
GONE = r"no longer holds the parameters that this optimizer was made with"

CHANGES: dict[str, tuple[Callable[[Any], None], str]] = {
    "an expression": (lambda model: model.update(w=model["w"] - 0.1), rf"params\['w'\]: {OTHER}"),
    "in a list": (lambda model: model["deep"].__setitem__(1, np.zeros(1)), rf"params\['deep'\]\[1\]: {OTHER}"),
    "a list": (lambda model: model.update(deep=[np.zeros(2), np.zeros(1)]), rf"params\['deep'\]\[0\]: {OTHER}"),
    "another dtype": (lambda model: model.update(w=model["w"].astype(np.float32)), rf"params\['w'\]: {OTHER}"),
    "no array": (lambda model: model.update(w=1.0), rf"params\['w'\]: {OTHER}"),
    "deleted": (lambda model: model.pop("w"), f"params: {GONE}"),
    "added": (lambda model: model.update(v=np.zeros(3)), f"params: {GONE}"),
    "shorter": (lambda model: model["deep"].pop(), f"params: {GONE}"),
}


def in_scope(opt: Any) -> None:
    with opt.step_scope():
        pass


WAYS: dict[str, Callable[[Any, Path], Any]] = {
    "step": lambda opt, _: opt.step(GRAD),
    "async": lambda opt, _: opt.step_async(GRAD),
    "scope": lambda opt, _: in_scope(opt),
    "state_dict": lambda opt, _: opt.state_dict(),
    "save": lambda opt, folder: opt.save(folder / "a.npz"),
}


def model() -> dict[str, Any]:
    return {"w": np.ones(3), "deep": [np.ones(2), np.ones(1)]}


@both
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("change", CHANGES)
def test_refused(module: Any, change: str, way: str, tmp_path: Path) -> None:
    params = model()
    arrays = [params["w"], *params["deep"]]
    opt = module.SGD(params, lr=1.0)
    opt.step(GRAD)
    CHANGES[change][0](params)
    with pytest.raises(ValueError, match=CHANGES[change][1]):
        WAYS[way](opt, tmp_path)
    for array in arrays:
        np.testing.assert_array_equal(array, 0.0)
    assert opt._engine.completed == 1
    assert list(tmp_path.iterdir()) == []


@both
def test_refused_in_groups(module: Any) -> None:
    groups: list[dict[str, Any]] = [{"params": [np.ones(2)]}, {"params": {"w": np.ones(3)}, "lr": 0.5}]
    opt = module.SGD(groups, lr=1.0)
    grads = [[np.ones(2)], {"w": np.ones(3)}]
    opt.step(grads)
    groups[1]["params"]["w"] = np.zeros(3)
    with pytest.raises(ValueError, match=rf"param_groups\[1\]\['params'\]\['w'\]: {OTHER}"):
        opt.step(grads)
    opt.param_groups[1]["params"] = [np.zeros(3)]
    with pytest.raises(ValueError, match=rf"param_groups\[1\]\['params'\]: {GONE}"):
        opt.step(grads)


class Views(Mapping[str, Any]):
    """Makes a new view of the same memory whenever it is asked."""

    def __init__(self, arrays: dict[str, Any]) -> None:
        self._arrays = arrays

    def __getitem__(self, key: str) -> Any:
        return self._arrays[key][:]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)


@both
@pytest.mark.parametrize("wrap", [Views, MappingProxyType, dict], ids=lambda wrap: wrap.__name__)
def test_views_of_the_same_memory_are_the_same(module: Any, wrap: Any) -> None:
    arrays = {"w": np.ones(4), "b": np.ones(2)}
    opt = module.SGD(wrap(arrays), lr=1.0)
    arrays["w"] = arrays["w"][:]
    opt.step({"w": np.ones(4), "b": np.ones(2)})
    np.testing.assert_array_equal(arrays["w"], 0.0)
    arrays["w"] -= 0.5  # in place, but it stores the array again
    opt.step({"w": np.ones(4), "b": np.ones(2)})
    np.testing.assert_array_equal(arrays["w"], -1.5)


@both
def test_a_resized_parameter_is_still_named(module: Any) -> None:
    params = {"w": np.ones(4)}
    opt = module.SGD(params)
    params["w"].resize(8, refcheck=False)
    with pytest.raises(ValueError, match=r"params\['w'\]: was resized since"):
        opt.step({"w": np.ones(8)})
