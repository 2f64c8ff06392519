"""A model in one piece of memory, and models in files."""

from __future__ import annotations

import functools
import itertools
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from bits import assert_same_bits
from cases import STATES
from child import check_python
from refusing import both

import adamas

SHAPES: dict[str, Any] = {"w": (33, 31), "layers": [(7,), (1_000,)], "b": np.full(5, 2.0, np.float32)}


def arrays_of(tree: dict[str, Any]) -> list[Any]:
    return [tree["w"], *tree["layers"], tree["b"]]


@both
@pytest.mark.parametrize("state_dtype", STATES)
@pytest.mark.parametrize("in_file", [False, True])
def test_same_bits_as_separate_arrays(module: Any, state_dtype: str, in_file: bool, tmp_path: Path) -> None:
    make = functools.partial(module.AdamW, lr=0.1, state_dtype=state_dtype, average=adamas.EMA(0.9))
    arena = adamas.Arena(SHAPES, optimizer=make, path=tmp_path / "model" if in_file else None)
    params: dict[str, Any] = {
        "w": np.zeros((33, 31), np.float32),
        "layers": [np.zeros(7, np.float32), np.zeros(1_000, np.float32)],
    }
    params["b"] = np.full(5, 2.0, np.float32)
    opt = make(params)
    rng = np.random.default_rng(0)
    for _ in range(4):
        for grad in arrays_of(arena.grads):
            grad[...] = rng.standard_normal(grad.shape)
        arena.optimizer.step(arena.grads)
        opt.step(
            {
                "w": arena.grads["w"].copy(),
                "layers": [g.copy() for g in arena.grads["layers"]],
                "b": arena.grads["b"].copy(),
            }
        )
    for a, b in zip(arrays_of(arena.params), arrays_of(params), strict=True):
        assert_same_bits(a, b, "parameter")
    inside = []
    for ours, theirs in zip(arena.optimizer.state.values(), opt.state.values(), strict=True):
        for key, value in theirs.items():
            if isinstance(value, np.ndarray):
                assert_same_bits(ours[key], value, key)
                inside.append(ours[key])
    inside += arrays_of(arena.params) + arrays_of(arena.grads)
    assert all(np.shares_memory(array, arena.buffer) for array in inside)
    if in_file:
        arena.flush()
        assert (tmp_path / "model").read_bytes() == arena.buffer.tobytes()


def test_layout() -> None:
    arena = adamas.Arena(SHAPES)
    arrays = arrays_of(arena.params) + arrays_of(arena.grads)
    assert all(array.ctypes.data % 64 == 0 for array in arrays)
    assert arena.flat_params.dtype == np.float32
    assert arena.flat_params.sum() == 10.0
    arena.flat_grads[...] = 3.0
    assert all((grad == 3.0).all() for grad in arrays_of(arena.grads))
    assert arena.params["layers"][1].shape == (1_000,)
    assert (arena.grads["w"].ctypes.data - arena.params["w"].ctypes.data) % 4096 == 832
    assert arena.optimizer is None
    mixed = adamas.Arena([np.ones(3), (4,)], dtype=ml_dtypes.bfloat16, grads=False)
    assert mixed.grads is mixed.flat_grads is None
    assert mixed.flat_params.dtype == np.uint8
    assert mixed.params[1].dtype == ml_dtypes.bfloat16


def test_large_arrays_are_spread() -> None:
    """No two arrays that are read in step begin near a multiple of 128 KiB from one another, whatever their size."""
    for size in (1 << 19, 1 << 20, 1 << 22, 1_000_000):
        arena = adamas.Arena([(size,)], optimizer=functools.partial(adamas.Adan, lr=0.1))
        assert_spread([arena.params[0], arena.grads[0], *states_of(arena.optimizer)])
        param = np.zeros(size, np.float32)
        assert_spread([param, *states_of(adamas.Adan([param], lr=0.1))])


def states_of(opt: Any) -> list[Any]:
    return [value for value in opt.state[0].values() if isinstance(value, np.ndarray)]


def assert_spread(arrays: list[Any]) -> None:
    assert len(arrays) >= 5
    for first, second in itertools.combinations(arrays, 2):
        distance = (first.ctypes.data - second.ctypes.data) % (1 << 17)
        assert 4096 < distance < (1 << 17) - 4096


def test_refusals(tmp_path: Path) -> None:
    refused: list[tuple[Any, dict[str, Any], type[Exception], str]] = [
        ({}, {}, ValueError, "params: expected at least one array or shape, got none"),
        ({"w": "text"}, {}, TypeError, r"params\['w'\]: expected a numpy.ndarray, got str"),
        ({"w": [(3, -1)]}, {}, ValueError, r"params\['w'\]\[0\]: expected lengths >= 0, got \(3, -1\)"),
        ({"w": (3,)}, {"dtype": np.int32}, TypeError, r"params\['w'\]: expected dtype float32"),
        (
            {"w": (3,)},
            {"optimizer": lambda p, state_memory: adamas.Adam(p)},
            ValueError,
            "to pass its keyword state_memory on",
        ),
    ]
    for params, options, error, message in refused:
        with pytest.raises(error, match=message):
            adamas.Arena(params, path=tmp_path / "none", **options)
        assert not (tmp_path / "none").exists()
    (tmp_path / "some").write_text("precious")
    with pytest.raises(FileExistsError):
        adamas.Arena({"w": (3,)}, path=tmp_path / "some")
    assert (tmp_path / "some").read_text() == "precious"


def test_state_memory(tmp_path: Path) -> None:
    def mapped(nbytes: int) -> Any:
        return np.memmap(tmp_path / "states", np.uint8, "w+", shape=(nbytes,))

    param, expected = np.ones(1_000, np.float32), np.ones(1_000, np.float32)
    opt, other = adamas.AdamW(param, state_memory=mapped), adamas.AdamW(expected)
    for _ in range(3):
        opt.step(np.ones(1_000, np.float32))
        other.step(np.ones(1_000, np.float32))
    assert_same_bits(param, expected, "stepped")
    moment = opt.state[0]["exp_avg"]
    del opt
    np.testing.assert_array_equal(moment, other.state[0]["exp_avg"])
    assert moment.tobytes() in (tmp_path / "states").read_bytes()
    refused: list[tuple[Any, type[Exception], str]] = [
        (
            lambda n: np.zeros(n + 64, np.uint8),
            ValueError,
            "state_memory: expected it to return a writeable, contiguous",
        ),
        (lambda n: np.zeros(n + 65, np.uint8)[1:-64], ValueError, "state_memory: expected it to return"),
        (bytearray, ValueError, "state_memory: expected it to return"),
        ("states", TypeError, "state_memory: expected a callable or None, got 'states'"),
    ]
    for memory, error, message in refused:
        with pytest.raises(error, match=message):
            adamas.AdamW(np.ones(3), state_memory=memory)


def test_a_model_larger_than_the_memory_allowed(tmp_path: Path) -> None:
    """Parameters, gradients and states in a file, three times what the process may allocate."""
    printed = check_python(
        """
import functools, pathlib, resource
import numpy as np, adamas

adamas.AdamW(np.ones(1 << 20, np.float32)).step(np.ones(1 << 20, np.float32))  # whose threads take memory too
status = pathlib.Path("/proc/self/status").read_text().splitlines()
data = next(int(line.split()[1]) for line in status if line.startswith("VmData")) << 10
allowed = 64 << 20
resource.setrlimit(resource.RLIMIT_DATA, (data + allowed, data + allowed))
count = 3 * allowed // 16
make = functools.partial(adamas.AdamW, lr=1.0, weight_decay=0.0)
arena = adamas.Arena([(count // 4,)] * 4, optimizer=make, path=sys.argv[1])
try:
    np.ones(allowed // 2, np.float32)
    raise SystemExit("the limit does not hold")
except MemoryError:
    pass
arena.flat_grads[...] = 0.5
for _ in range(2):
    arena.optimizer.step(arena.grads, max_norm=1e9)
assert (arena.flat_params[:: 1 << 16] == arena.flat_params[0]).all()
np.testing.assert_allclose(arena.flat_params[0], -2.0, rtol=1e-6)
rollup = dict(line.split()[:2] for line in pathlib.Path("/proc/self/smaps_rollup").read_text().splitlines()[1:])
print(len(arena.buffer) // allowed, int(rollup["Anonymous:"]) << 10 < allowed + (200 << 20))
""".replace("sys.argv[1]", repr(str(tmp_path / "model")))
    )
    assert printed == "3 True\n"


@both
def test_state_memory_is_not_wiped_in_vain(module: Any) -> None:
    raw = np.zeros(8192, np.uint8)
    raw = raw[-raw.ctypes.data % 64 :]
    param = raw[:1024].view(np.float32)
    param[:] = 7.0
    with pytest.raises(ValueError, match="state_memory: shares memory with a parameter or its copy"):
        module.Adam([param], state_memory=lambda nbytes: raw[:nbytes])
    with pytest.raises(ValueError, match="num_threads: expected None or a whole number"):
        module.Adam([np.ones(4, np.float32)], state_memory=lambda nbytes: raw[:nbytes], num_threads=0)
    np.testing.assert_array_equal(param, 7.0)
    for wrong in (None, np.zeros(3, np.int8)):
        with pytest.raises(ValueError, match="state_memory: expected it to return a writeable, contiguous array"):
            module.Adam([np.ones(4, np.float32)], state_memory=lambda nbytes, wrong=wrong: wrong)
    module.SGD([np.ones(4, np.float32)], state_memory=lambda nbytes: np.zeros(nbytes, np.uint8))  # keeps no states


def test_more_refusals(tmp_path: Path) -> None:
    bad = functools.partial(adamas.Adam, num_threads=0)
    itself: list[Any] = []
    itself.append(itself)
    refused: list[tuple[Any, dict[str, Any], type[Exception], str]] = [
        ({"b": ()}, {}, ValueError, r"params\['b'\]: expected a shape of one dimension or more, got \(\)"),
        (itself, {}, ValueError, "nested more than 100 levels deep"),
        ({"w": (10**30,)}, {}, ValueError, r"params\['w'\]: expected at most"),
        ({"w": (3,)}, {"dtype": "garbage"}, TypeError, "dtype: "),
        ({"w": (3,)}, {"optimizer": "adam"}, TypeError, "optimizer: expected a callable"),
        ({"w": (3,)}, {"grads": "no"}, TypeError, "grads: expected True or False"),
        ({"w": (3,)}, {"optimizer": bad}, ValueError, "num_threads: expected"),
    ]
    for params, options, error, message in refused:
        with pytest.raises(error, match=message):
            adamas.Arena(params, path=tmp_path / "none", **options)
        assert not (tmp_path / "none").exists()
    with pytest.raises(TypeError, match="path: expected a path or None, got 5"):
        adamas.Arena({"w": (3,)}, path=5)  # type: ignore[arg-type]


def test_repr(tmp_path: Path) -> None:
    arena = adamas.Arena({"w": (3, 4), "h": np.ones(5)}, optimizer=adamas.AdamW)
    assert repr(arena) == (
        "Arena(12 float32 elements in 1 array, 5 float64 elements in 1 array, gradients, the states of AdamW; "
        f"{len(arena.buffer):,} bytes in memory)"
    )
    path = tmp_path / "arena"
    alone = adamas.Arena([(3, 4), (2,)], grads=False, path=path)
    size = f"{len(alone.buffer):,} bytes"
    assert repr(alone) == f"Arena(14 float32 elements in 2 arrays, no gradients; {size} in {str(path)!r})"
