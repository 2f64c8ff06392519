"""The reference needs NumPy alone: it works where the compiled core is not there."""

from __future__ import annotations

from pathlib import Path

from child import run_python

PROGRAM = """
import sys
sys.modules["adamas._core"] = None  # importing it raises ImportError
import numpy as np
import adamas, adamas.reference

params = {"w": np.ones(300, np.float32), "b": np.ones(3)}
grads = {"w": np.linspace(-1, 1, 300, dtype=np.float32), "b": np.ones(3)}
opt = adamas.reference.AdamW(params, state_dtype=None, average=adamas.EMA(0.9), max_norm=1.0)
assert opt.step(grads).updated == 2
with opt.step_scope(max_norm=np.inf):
    opt.step_param("w", grads["w"])
with opt.averaged():
    pass
opt.accumulate(grads)
assert opt.step(grads).step == 3
opt.load_state_dict(opt.state_dict())
opt.save(sys.argv[1])
opt.load(sys.argv[1])
try:
    opt.step({"w": grads["w"]})
except ValueError as error:
    assert "missing 'b'" in str(error), error
try:
    adamas.AdamW
except ImportError:
    print("no core")
"""


def test_the_reference_works_without_the_compiled_core(tmp_path: Path) -> None:
    result = run_python("-c", PROGRAM, str(tmp_path / "checkpoint.npz"))
    assert result.returncode == 0, result.stderr
    assert result.stdout == "no core\n"
