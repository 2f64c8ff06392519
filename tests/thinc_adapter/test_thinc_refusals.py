"""Refusals: invalid input raises an error that names it, and nothing changes."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import Any

import numpy as np
import pytest
import thinc
from small_thinc import IS_9, OF_THINC, arrays, make, number_of, same_bits, train
from thinc.api import registry

import adamas.thinc

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("name", "arguments", "error", "message"),
    [
        ("Adam", {"beta1": 1.0}, ValueError, r"beta1: expected a number in \[0, 1\), got 1.0"),
        ("Adam", {"beta2": -0.1}, ValueError, "beta2: "),
        ("Adam", {"eps": -1e-8}, ValueError, "eps: expected a finite number >= 0"),
        ("Adam", {"eps": NAN}, ValueError, "eps: "),
        ("Adam", {"learn_rate": -1.0}, ValueError, "learn_rate: expected a finite number >= 0, got -1.0"),
        ("Adam", {"learn_rate": INF}, ValueError, "learn_rate: "),
        ("Adam", {"learn_rate": "fast"}, ValueError, "learn_rate"),
        ("Adam", {"learn_rate": []}, ValueError, "learn_rate"),
        ("Adam", {"L2": -1.0}, ValueError, "L2: "),
        ("Adam", {"grad_clip": -1.0}, ValueError, "grad_clip: "),
        ("Adam", {"L2_is_weight_decay": 1}, TypeError, "L2_is_weight_decay: expected True or False"),
        ("Adam", {"use_averages": None}, TypeError, "use_averages: "),
        ("Adam", {"amsgrad": 1}, TypeError, "amsgrad: "),
        ("Adam", {"lr": 0.1}, TypeError, r"lr.*learn_rate"),
        ("Adam", {"eps_hat": True}, TypeError, "eps_hat"),
        ("Adam", {"num_threads": 0}, ValueError, "num_threads: "),
        ("Adam", {"on_nonfinite": "stop"}, ValueError, "on_nonfinite: "),
        ("Adam", {"state_dtype": "int2"}, ValueError, "state_dtype: "),
        ("Adam", {"resume_by": "luck"}, ValueError, "resume_by: "),
        ("Adam", {"resume_from": "nowhere/at.all"}, FileNotFoundError, "nowhere"),
        ("AdamW", {"L2_is_weight_decay": False}, ValueError, "L2_is_weight_decay: "),
        ("SGD", {"momentum": -0.5}, ValueError, "momentum: "),
        ("Adan", {"beta3": 2.0}, ValueError, "beta3: "),
        ("Rprop", {"etas": [0.5]}, (TypeError, ValueError), "etas: "),
        ("Lion", {"eps": 1e-8}, TypeError, "eps"),
    ],
)
def test_arguments(name: str, arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make(name, **arguments)


def test_the_base_and_rules_that_are_not_offered() -> None:
    with pytest.raises(TypeError, match="make one of its subclasses"):
        adamas.thinc.Optimizer(0.1)
    for name in ("Prodigy", "ScheduleFreeAdamW"):
        assert not hasattr(adamas.thinc, name)


def test_unknown_rule_names() -> None:
    with pytest.raises(Exception, match=r"adamas\.Adamm\.v1"):
        registry.resolve({"optimizer": {"@optimizers": "adamas.Adamm.v1"}})


@pytest.mark.parametrize(
    ("name", "attribute", "value", "message"),
    [
        ("Adam", "learning_rate", 0.1, "learn_rate"),
        ("Adam", "state_dtype", "int8", "fixed at construction"),
        ("Adam", "mom1", {}, "kept by adamas"),
        ("Adam", "averages", {}, "kept by adamas"),
        ("Adam", "nr_update", {}, "kept by adamas"),
        ("Lion", "eps", 1e-8, "no such hyperparameter"),
        ("SGD", "b1", 0.9, "no such hyperparameter"),
        ("Adam", "nonsense", 1, "no such hyperparameter"),
    ],
)
def test_attributes(name: str, attribute: str, value: Any, message: str) -> None:
    with pytest.raises(AttributeError, match=message):
        setattr(make(name), attribute, value)


def _frozen(array: Any) -> Any:
    array.flags.writeable = False
    return array


ONES = np.ones((3, 4), np.float32)


@pytest.mark.parametrize(
    ("weights", "gradient", "error", "message"),
    [
        ([1.0], ONES, TypeError, "expected a NumPy array, got list"),
        (ONES, [1.0], TypeError, "gradient"),
        (ONES, None, (TypeError, ValueError), "gradient"),
        (ONES, np.ones((4, 3), np.float32), ValueError, r"shape \(3, 4\)"),
        (ONES, np.ones((3, 4), np.int32), TypeError, "dtype"),
        (np.ones((3, 4), np.int32), ONES, TypeError, "dtype"),
        (np.float32(1), np.float32(1), TypeError, "expected a NumPy array"),
        (np.array(1, np.float32), np.array(1, np.float32), ValueError, "dimension|shape"),
        (np.ones((4, 3), np.float32).T, ONES, ValueError, "contiguous"),
        (_frozen(np.ones((3, 4), np.float32)), ONES, ValueError, "read-only|writeable"),
        (ONES, _frozen(np.ones((3, 4), np.float32)), ValueError, "read-only|writeable"),
        (np.ma.masked_array(np.ones((3, 4), np.float32)), ONES, TypeError, "MaskedArray"),
        (np.ones((3, 4), ">f4"), ONES, (TypeError, ValueError), "byte order|dtype"),
    ],
)
@pytest.mark.parametrize("met", [False, True])
def test_arrays(weights: Any, gradient: Any, error: Any, message: str, met: bool) -> None:
    optimizer, key = make("Adam"), (7, "W")
    good = np.ones((3, 4), np.float32)
    if met:
        for _ in range(3):
            optimizer(key, good, np.ones_like(good))
    weights = weights.copy() if isinstance(weights, np.ndarray) and weights is ONES else weights
    gradient = gradient.copy() if isinstance(gradient, np.ndarray) and gradient is ONES else gradient
    before = [good.copy(), dict(optimizer.nr_update)]
    saved = [np.array(each, copy=True) for each in (weights, gradient) if isinstance(each, np.ndarray)]
    with pytest.raises(error, match=message):
        optimizer(key, weights, gradient)
    assert good.tobytes() == before[0].tobytes()
    assert {key: n for key, n in optimizer.nr_update.items() if n} == before[1]
    assert same_bits(saved, [each for each in (weights, gradient) if isinstance(each, np.ndarray)])


def test_another_shape_under_a_known_key() -> None:
    optimizer = make("Adam")
    optimizer((7, "W"), np.ones(3, np.float32), np.ones(3, np.float32))
    with pytest.raises(ValueError, match=r"W of node 7: expected weights of shape \(3,\)"):
        optimizer((7, "W"), np.ones(4, np.float32), np.ones(4, np.float32))


def test_a_parameter_that_becomes_read_only() -> None:
    optimizer, weights = make("Adam"), np.ones(3, np.float32)
    for _ in range(3):
        optimizer((0, "W"), weights, np.ones(3, np.float32))
    weights.flags.writeable = False
    before = weights.copy()
    with pytest.raises(ValueError, match="W of node 0"):
        optimizer((0, "W"), weights, np.ones(3, np.float32))
    assert same_bits([weights], [before])


def test_weight_decay_that_no_weights_survive() -> None:
    optimizer = make("Adam", learn_rate=2.0, L2=0.5)
    with pytest.raises(ValueError, match=r"learn_rate \* L2 below 1"):
        optimizer((0, "W"), np.ones(3, np.float32), np.ones(3, np.float32))


def test_a_schedule_that_leaves_its_range() -> None:
    optimizer, weights = make("Adam", learn_rate=[0.1, -1.0]), np.ones(3, np.float32)
    optimizer((0, "W"), weights, np.ones(3, np.float32))
    optimizer.step_schedules()
    before = weights.copy()
    with pytest.raises(ValueError, match=r"learn_rate: expected a finite number >= 0, got -1\.0"):
        optimizer((0, "W"), weights, np.ones(3, np.float32))
    assert same_bits([weights], [before])
    assert number_of(optimizer, "learn_rate") == -1.0


@pytest.mark.parametrize("choice", ["propagate", "skip", "raise"])
def test_gradients_that_are_not_finite(choice: str) -> None:
    optimizer, weights = make("Adam", on_nonfinite=choice), np.ones(3, np.float32)
    for _ in range(3):
        optimizer((0, "W"), weights, np.ones(3, np.float32))
    before, gradient = weights.copy(), np.array([1.0, NAN, 1.0], np.float32)
    if choice == "raise":
        with pytest.raises(FloatingPointError, match=r"\(0, 'W'\): holds an infinity or NaN"):
            optimizer((0, "W"), weights, gradient)
        assert np.isnan(gradient[1])
    else:
        optimizer((0, "W"), weights, gradient)
        assert not gradient.any()
    assert same_bits([weights], [before]) == (choice != "propagate")
    assert optimizer.nr_update[0, "W"] == (4 if choice == "propagate" else 3)


class OnGpu:
    """Stands for CuPy's arrays: not NumPy's, but with their interface."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def __len__(self) -> int:
        return len(self.array)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Make thinc take OnGpu for an array of CuPy; return the calls of thinc's own code."""
    import adamas.thinc._optimizer as module

    calls: list[Any] = []
    monkeypatch.setattr(module, "is_cupy_array", lambda array: isinstance(array, OnGpu))
    monkeypatch.setattr(
        thinc.optimizers.Optimizer, "__call__", lambda self, *args, **kwargs: calls.append((self, args, kwargs))
    )
    return calls


@pytest.mark.parametrize("name", OF_THINC)
def test_what_lies_on_a_gpu_is_left_to_thinc(name: str, gpu: list[Any]) -> None:
    optimizer, weights = make(name), OnGpu(np.ones(3))
    optimizer((0, "W"), weights, weights, lr_scale=0.5)
    assert gpu == [(optimizer, ((0, "W"), weights, weights), {"lr_scale": 0.5})]
    assert optimizer.use_radam == (name == "RAdam")
    assert (number_of(optimizer, "b1") == 0.0) == (name == "SGD")


def test_what_lies_on_a_gpu_is_refused_where_thinc_lacks_the_rule(gpu: list[Any]) -> None:
    for optimizer in (make("AdamW"), make("Lion"), make("Adam", state_dtype="int8")):
        with pytest.raises(TypeError, match="lie on a GPU"):
            optimizer((0, "W"), OnGpu(np.ones(3)), OnGpu(np.ones(3)))
    assert not gpu


def test_thincs_own_code_finds_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The code that GPU arrays go to, on arrays of NumPy."""
    for name in OF_THINC:
        ours, theirs = arrays(0), arrays(0)
        optimizer, reference = make(name), getattr(thinc.optimizers, name)(0.01)
        train(optimizer, ours, 2)
        train(reference, theirs, 2)
        for step in range(3):
            for i, gradient in enumerate(arrays(step)):
                key = (100 + i, "W")
                thinc.optimizers.Optimizer.__call__(optimizer, key, ours[i], gradient.copy())
                reference(key, theirs[i], gradient)
                assert optimizer.nr_update[key] == step + 1
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-5)


def test_sparse_inputs() -> None:
    class CsrMatrix:
        shape = (3, 4)

    with pytest.raises(TypeError, match=r"expected a NumPy array, got .*CsrMatrix"):
        make("Adam")((0, "W"), CsrMatrix(), CsrMatrix())
    with pytest.raises(TypeError, match="gradient"):
        make("Adam")((0, "W"), ONES.copy(), CsrMatrix())


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("8.2.1", "got 8.2.1"),
        ("8.4.0", "got 8.4.0"),
        ("8.3.11", "got 8.3.11"),
        ("10.0.0", "got 10.0.0"),
        (None, "needs"),
    ],
)
def test_wrong_versions(version: str | None, message: str) -> None:
    prepare = "sys.modules['thinc'] = None" if version is None else f"import thinc; thinc.__version__ = {version!r}"
    program = f"""
        import sys
        {prepare}
        try:
            import adamas.thinc
        except ImportError as error:
            print(error)
    """
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True)
    assert message in run.stdout
    assert "pip install 'adamas[thinc]'" in run.stdout or version is None


def test_versions_that_are_taken() -> None:
    assert thinc.__version__.startswith("9." if IS_9 else "8.3.")
