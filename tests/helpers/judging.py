"""Reading what may be damaged: it is refused with one kind of error, and nothing has changed, or it is in order."""

from __future__ import annotations

import argparse
import contextlib
import copy
import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from damage import odd_arrays, spoil

import adamas
from adamas import checkpoint
from adamas._numerics.formats import bfloat16
from adamas.checkpoint import CheckpointError
from adamas.checkpoint.inspect import _run, describe

#: Optimizers whose checkpoints differ in what they hold.
KINDS = ["AdamW", "NAdam", "int8", "rows", "average"]


def make(kind: str, seed: int = 0) -> tuple[Any, dict[str, Any]]:
    """Return an optimizer and its parameters."""
    half = bfloat16()
    options: dict[str, Any] = {}
    params: dict[str, Any] = {"w": np.full((4, 5), 1 + seed, np.float32), "b": np.ones(5, half), "e": np.ones((0, 2))}
    if kind == "int8":
        options = {"state_dtype": "int8", "master_weights": "split24"}
        del params["e"]
    if kind == "rows":
        options = {"sparse": {"w": "exact"}}
    if kind == "average":
        options = {"average": adamas.EMA(decay=0.9, dtype="bfloat16"), "max_norm": 1.0}
    cls = adamas.NAdam if kind == "NAdam" else adamas.AdamW
    return cls(
        [{"params": {"w": params["w"]}, "lr": 0.5}, {"params": {k: params[k] for k in params if k != "w"}}], **options
    ), params


def gradients(params: dict[str, Any]) -> list[Any]:
    return [{"w": np.ones((4, 5))}, {name: np.ones(array.shape) for name, array in params.items() if name != "w"}]


def trained(kind: str) -> Any:
    opt, params = make(kind)
    for _ in range(2):
        opt.step(gradients(params))
    return opt


def content_of(opt: Any, params: dict[str, Any]) -> list[Any]:
    """All that loading could change."""
    states = [value for entry in opt.state.values() for value in entry.values()]
    arrays = [value.tobytes() if isinstance(value, np.ndarray) else value for value in (*params.values(), *states)]
    groups = [{key: value for key, value in group.items() if key != "params"} for group in opt.param_groups]
    return [*arrays, opt._engine.completed, opt._engine.previous_norm, repr(groups)]


def refusal_of(act: Callable[[], Any], kinds: Any) -> str | None:
    """Call it; return the message of the error of one of these kinds that it raises, which must have one."""
    try:
        act()
    except kinds as error:
        return str(error) or "no message"
    return None


def judge_file(path: Path, kind: str, flags: dict[str, Any]) -> str:
    """Read, describe and load a file; say what came of it.

    Raises:
        AssertionError: It was refused in another way than it should be, or half taken.
    """
    readable = _inspect(path)
    opt, params = make(kind, seed=1)
    before = content_of(opt, params)
    refusal = refusal_of(lambda: opt.load(path, **flags), CheckpointError)
    if refusal is not None:
        assert content_of(opt, params) == before, f"refused, and changed: {refusal}"
        return "read" if readable else "refused"
    assert readable
    _goes_on(opt, params)
    counts = [opt._engine.completed, *(entry["step"] for entry in opt.state.values())]
    if path.stat().st_size % 8 or max(counts) >= 2**62:  # writing takes long; nobody comes to so many steps
        return "loaded"
    again = path.with_name(f"again{path.suffix}")
    opt.save(again)
    fresh, _ = make(kind)
    fresh.load(again)
    again.unlink()
    return "loaded"


def _inspect(path: Path) -> bool:
    read: list[checkpoint.Checkpoint] = []
    refusal = refusal_of(lambda: read.append(checkpoint.read(path)), CheckpointError)
    if refusal is not None:
        assert refusal.startswith(str(path))
        return False
    found = read[0]
    json.dumps(describe(found))
    arguments = argparse.Namespace(file=path, all=True, fast=True, json=False)
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        assert _run(arguments) == 0
    shown.getvalue().encode()
    size = path.stat().st_size
    arrays = [*found.params.values(), *(array for entry in found.states.values() for array in entry.values())]
    assert sum(array.nbytes for array in arrays) <= size
    return True


def judge_state_dict(rng: random.Random, kind: str) -> str:
    """Load a state dict of which something was changed; say what came of it."""
    given = copy.deepcopy(trained(kind).state_dict())
    for _ in range(rng.choice([1, 1, 2])):
        given = spoil(rng, given, odd_arrays())
    opt, params = make(kind, seed=1)
    before = content_of(opt, params)
    refusal = refusal_of(lambda: opt.load_state_dict(given), (TypeError, ValueError))
    if refusal is not None:
        assert content_of(opt, params) == before, f"refused, and changed: {refusal}"
        return "refused"
    _goes_on(opt, params)
    return "loaded"


def _goes_on(opt: Any, params: dict[str, Any]) -> None:
    """After an accepted load, a step must work, unless its number would be too large to count."""
    if max(opt._engine.completed, *(entry["step"] for entry in opt.state.values())) == 2**62 - 1:
        assert "no more can be counted" in str(refusal_of(lambda: opt.step(gradients(params)), (ValueError,)))
        return
    assert opt.step(gradients(params)).step == opt._engine.completed
    assert opt.state_dict()["step"] == opt._engine.completed
