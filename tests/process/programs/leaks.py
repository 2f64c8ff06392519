"""Make, use and delete optimizers many times; print what is left of them, as JSON.

Run by tests/process/test_leaks.py: ``leaks.py CYCLES [planted]``.
"""

from __future__ import annotations

import contextlib
import gc
import json
import resource
import sys
import tempfile
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

import adamas
from adamas import RowGrad, _core

FOLDER = Path(tempfile.mkdtemp())
HALF = np.dtype(ml_dtypes.bfloat16)
PARAMS: dict[str, Any] = {"t": np.ones((40, 50), np.float32), "deep": [np.ones(300, np.float32), np.ones(700)]}
HALVES = [np.ones(3000, HALF), np.ones((7, 9), np.float16)]
COPIES = {"t": None, "deep": [np.ones(300, HALF), None]}
GRADS: dict[str, Any] = {"t": np.ones((40, 50), HALF), "deep": [np.ones(300), None]}
ROWS = RowGrad(np.array([1, 3, 1]), np.ones((3, 50), np.float32))
LEFT: list[Any] = []


def use(opt: Any, grads: Any) -> None:
    opt.step(grads)
    opt.step(grads, max_norm=1.0, max_value=0.1, on_nonfinite="skip")
    opt.param_groups[0]["lr"] = lambda step: 0.1 / (1 + step)
    opt.accumulate(grads)
    opt.step()
    with opt.step_scope() as scope:
        opt.step_param(0, grads["t"] if isinstance(grads, dict) else grads[0])
    assert scope.report.updated == 1
    opt.step_async(grads).result()
    assert repr(opt.state), repr(opt)


def refuse(opt: Any, grads: dict[str, Any]) -> None:
    """Exceptions hold on to what they were raised from."""
    wrong = [{}, None, {**grads, "t": np.ones(3)}, {**grads, "t": [1]}, {**grads, "t": opt.state["t"]["exp_avg"]}]
    for bad in wrong:
        for act in (opt.step, opt.accumulate, opt.step_async):
            with contextlib.suppress(TypeError, ValueError):
                act(bad).result()
                raise AssertionError("accepted")
    with contextlib.suppress(FloatingPointError):
        opt.step({**grads, "t": np.full((40, 50), np.nan)}, on_nonfinite="raise")
    for act in (
        lambda: opt.load(FOLDER / "none.npz"),
        lambda: adamas.AdamW(PARAMS, lr=-1),
        lambda: opt.step(max_norm=0),
    ):
        with contextlib.suppress(TypeError, ValueError, OSError):
            act()
            raise AssertionError("accepted")


def cycle(number: int) -> None:
    opt = adamas.AdamW(PARAMS, copy_out=COPIES, average=adamas.EMA(decay=0.9), state_dtype=None)
    use(opt, GRADS)
    refuse(opt, GRADS)
    with opt.averaged():
        pass
    opt.load_state_dict(opt.state_dict())
    use(adamas.AdamW(HALVES, state_dtype="int8", master_weights=True), HALVES_GRADS)
    sparse = adamas.AdamW({"t": PARAMS["t"]}, sparse={"t": "exact"}, weight_decay=0.1)
    for _ in range(3):
        sparse.step({"t": ROWS})
    sparse.catch_up("t")
    free = adamas.ScheduleFreeAdamW(HALVES, lr=0.1)
    free.eval()
    if number % 10 == 0:  # files take longer than all the rest
        for ending in (".safetensors", ".npz"):
            sparse.save(FOLDER / f"a{ending}")
            sparse.load(FOLDER / f"a{ending}")
            adamas.checkpoint.read(FOLDER / f"a{ending}")
    itself: list[Any] = [sparse]
    itself.append(itself)  # for the collector alone
    if "planted" in sys.argv:
        LEFT.append([opt.state["t"]["exp_avg"]])


HALVES_GRADS = [np.ones(3000, np.float32), np.ones((7, 9), np.float32)]


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def held() -> dict[str, Any]:
    """What an optimizer could have left behind."""
    gc.collect()
    arrays = [*PARAMS["deep"], PARAMS["t"], *HALVES, GRADS["t"], ROWS, *HALVES_GRADS, adamas.AdamW]
    objects = gc.get_objects()
    return {
        "references": [sys.getrefcount(array) for array in arrays],
        "objects": len(objects),
        "ours": sum(isinstance(item, (adamas.Optimizer, adamas.StepHandle, _core.Plan)) for item in objects),
    }


def main() -> None:
    cycles = int(sys.argv[1])
    for k in range(cycles // 2):
        cycle(k)
    held()  # what this makes the interpreter keep is there before it counts
    before, memory = held(), resident()
    for k in range(cycles // 2):
        cycle(k)
    print(json.dumps({"before": before, "after": held(), "grown": resident() - memory, "cycles": cycles // 2}))


if __name__ == "__main__":
    main()
