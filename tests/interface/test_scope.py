"""A step that is taken parameter by parameter, while gradients are being computed."""

from __future__ import annotations

import contextlib
import math
import threading
from types import FunctionType
from typing import Any

import numpy as np
import pytest
from refusing import both

import adamas
from adamas._optimizer.step_scope import StepScope


def _step_both(opt: Any, first: Any, second: Any) -> None:
    opt.step_param(0, first)
    opt.step_param(1, second)


def _step_and_fail(opt: Any) -> None:
    opt.step_param("a", np.ones(2))
    raise ZeroDivisionError


@both
def test_report_and_counts(module: Any) -> None:
    params = {"a": np.ones(3), "b": np.ones(4), "c": np.ones(5)}
    opt = module.SGD(params, lr=1.0)
    with opt.step_scope(max_norm=math.inf, grad_scale=2.0) as scope:
        with pytest.raises(RuntimeError, match="report: the step is not over"):
            _ = scope.report
        opt.step_param("c", np.full(5, 4.0))
        np.testing.assert_array_equal(params["c"], -1.0)
        opt.step_param(0, np.full(3, 2.0))
    assert scope.report.step == 1
    assert scope.report.updated == 2
    assert scope.report.grad_norm == pytest.approx(math.sqrt(5 * 4.0 + 3 * 1.0))
    assert scope.report.clip_coefficient == 1.0
    assert [entry["step"] for entry in opt.state.values()] == [1, 0, 1]
    with opt.step_scope() as scope:
        pass
    assert scope.report == (1, 0, None, None, False, None, 0), "nothing was stepped"


@both
def test_norms(module: Any) -> None:
    def make(**options: Any) -> tuple[Any, Any]:
        param = np.zeros(4)
        return module.SGD([param, np.zeros(1)], lr=1.0, **options), param

    opt, _ = make(max_norm=1.0)
    with pytest.raises(ValueError, match="max_norm: inside a scope the norm of all gradients is not known"):
        opt.step_scope()
    opt, param = make(max_norm=1.0)
    grads = [np.full(4, 2.0), None]
    with opt.step_scope(previous_norm=True) as scope:  # there was none: not clipped
        opt.step_param(0, grads[0])
    np.testing.assert_array_equal(param, -2.0)
    assert scope.report.grad_norm == 4.0
    with opt.step_scope(previous_norm=True) as scope:
        opt.step_param(0, grads[0])
    np.testing.assert_allclose(param, -2.5, rtol=1e-6)
    assert scope.report.grad_norm == pytest.approx(4.0)
    assert scope.report.clip_coefficient == 1.0 / (4.0 + 1e-6)
    opt.step([np.full(4, 1.0), None], max_norm=math.inf)
    with opt.step_scope(previous_norm=True) as scope:
        opt.step_param(0, grads[0])
    assert scope.report.clip_coefficient == 1.0 / (2.0 + 1e-6)
    opt, param = make(max_norm=1.0, clip_each=True)
    with opt.step_scope() as scope:
        opt.step_param(0, grads[0])
        opt.step_param(1, np.array([0.5]))
    np.testing.assert_allclose(param, -0.5, rtol=1e-6)
    assert scope.report.clip_coefficient == 1.0 / (4.0 + 1e-6)


@both
def test_not_finite(module: Any) -> None:
    params = [np.zeros(2), np.zeros(2)]
    opt = module.SGD(params, lr=1.0)
    with opt.step_scope(on_nonfinite="skip") as scope:
        opt.step_param(1, np.array([1.0, np.nan]))
        opt.step_param(0, np.ones(2))
        opt.step_param(1, np.ones(2))  # it was not stepped yet
    assert (scope.report.updated, scope.report.nonfinite) == (2, None)
    with opt.step_scope(on_nonfinite="skip") as scope:
        opt.step_param(0, np.ones(2))
        opt.step_param(1, np.array([1.0, np.nan]))
    assert (scope.report.step, scope.report.updated, scope.report.skipped, scope.report.nonfinite) == (2, 1, True, "1")
    with (
        pytest.raises(FloatingPointError, match="the gradient of '1': holds an infinity"),
        opt.step_scope(on_nonfinite="raise"),
    ):
        _step_both(opt, np.ones(2), np.array([1.0, np.inf]))
    np.testing.assert_array_equal(params, [[-3.0, -3.0], [-1.0, -1.0]])
    assert [entry["step"] for entry in opt.state.values()] == [3, 1]


@both
def test_exceptions_and_refusals(module: Any) -> None:
    params = {"a": np.zeros(2), "b": np.zeros((2, 2), np.float32)}
    opt = module.SGD(params, lr=1.0)
    with pytest.raises(RuntimeError, match="step_param: only inside a scope"):
        opt.step_param("a", np.ones(2))
    with opt.step_scope() as scope:
        opt.step_param("a", np.ones(2))
        refused: list[tuple[Any, Any, type[Exception], str]] = [
            ("a", np.ones(2), ValueError, "step_param: 'a' has been stepped in this scope already"),
            ("c", np.ones(2), KeyError, "'c': no such parameter; there are 'a', 'b'"),
            (7, np.ones(2), KeyError, "7: no such parameter"),
            ("b", np.ones(2), ValueError, r"the gradient of 'b': expected shape \(2, 2\), that of params\['b'\]"),
            ("b", None, ValueError, "the gradient of 'b': expected an array, got None"),
            ("b", [1.0], TypeError, "the gradient of 'b': expected a numpy.ndarray, got list"),
            ("b", params["b"], ValueError, "shares memory"),
        ]
        for name, grad, error, message in refused:
            with pytest.raises(error, match=message):
                opt.step_param(name, grad)
        for act in (
            lambda: opt.step(params),
            opt.state_dict,
            lambda: opt.accumulate(params),
            lambda: opt.step_async(params),
            lambda: opt.step_scope().__enter__(),
        ):
            with pytest.raises(RuntimeError, match="in use, by another thread or by a step under way"):
                act()
    np.testing.assert_array_equal(params["b"], 0.0)
    with pytest.raises(RuntimeError, match="a scope is one step; make a new one"), scope:
        pass
    with pytest.raises(ZeroDivisionError), opt.step_scope() as scope:
        _step_and_fail(opt)
    assert scope.report == (2, 1, None, None, False, None, 0)
    assert opt.step({"a": None, "b": np.ones((2, 2))}).step == 3
    opt.param_groups[0]["lr"] = -1.0
    with pytest.raises(ValueError, match=r"param_groups\[0\]\['lr'\]: "), opt.step_scope():
        pass
    opt.param_groups[0]["lr"] = 1.0
    opt.step({"a": None, "b": np.ones((2, 2))})


def test_a_buffer_for_all_gradients() -> None:
    """A scope needs one gradient at a time: later whole steps must not take them for apart from one another."""
    params = [np.zeros(4, np.float32), np.zeros(4, np.float32)]
    opt = adamas.SGD(params, lr=1.0)
    opt.step([np.ones(4, np.float32), np.ones(4, np.float32)])
    buffer = np.ones(4, np.float32)
    with opt.step_scope():
        opt.step_param(0, buffer)
        opt.step_param(1, buffer)
    with pytest.raises(ValueError, match="shares memory"):
        opt.step([buffer, buffer])


@both
def test_what_was_accumulated_is_for_whole_steps(module: Any) -> None:
    param = np.zeros(2)
    opt = module.SGD([param], lr=1.0, average=adamas.SWA())
    opt.accumulate([np.ones(2)])
    with pytest.raises(RuntimeError, match="step_scope: gradients have been accumulated"), opt.step_scope():
        pass
    opt.step()
    np.testing.assert_array_equal(param, -1.0)


@both
def test_a_scope_that_ends_while_a_parameter_is_stepped_waits(module: Any) -> None:
    big = np.zeros(5_000_000, np.float32)
    opt = module.SGD({"a": big, "b": np.zeros(3)}, lr=1.0)
    scope = opt.step_scope()
    scope.__enter__()
    begun = threading.Event()

    def work() -> None:
        begun.set()
        with contextlib.suppress(RuntimeError):  # the scope may be gone already
            opt.step_param("a", np.ones_like(big))

    thread = threading.Thread(target=work)
    thread.start()
    begun.wait()
    scope.__exit__(None, None, None)
    thread.join()
    step = opt.state["a"]["step"]
    assert step in (0, 1)
    np.testing.assert_array_equal(big, -float(step))
    assert scope.report.updated == step


@both
def test_scopes_out_of_place(module: Any) -> None:
    opt = module.SGD({"a": np.zeros(2), "b": np.zeros(2)}, lr=1.0, average=adamas.EMA(0.5))
    early = opt.step_scope()
    with pytest.raises(RuntimeError, match="step_param: only inside the block of its scope"):
        early.step_param("a", np.ones(2))
    with pytest.raises(RuntimeError, match="step_scope: this scope is not open"):
        early.__exit__(None, None, None)
    with early:
        opt.step_param("a", np.ones(2))
    with opt.step_scope():
        with pytest.raises(RuntimeError, match="only inside the block of its scope"):
            early.step_param("b", np.ones(2))
        with pytest.raises(RuntimeError, match="this scope is not open"):
            early.__exit__(None, None, None)
    late = opt.step_scope()
    with opt.averaged(), pytest.raises(RuntimeError, match="the parameters hold averages"):
        late.__enter__()
    with pytest.raises(TypeError, match="previous_norm: expected True or False, got 'no'"):
        opt.step_scope(previous_norm="no")
    names: list[Any] = [True, [], None]
    for name in names:
        with opt.step_scope(), pytest.raises(TypeError, match="expected a parameter's name or number"):
            opt.step_param(name, np.ones(2))
    with opt.step_scope():
        opt.step_param(np.int64(1), np.ones(2))


@both
def test_extreme_norms(module: Any) -> None:
    opt = module.SGD({"a": np.ones(2), "b": np.ones(2)}, lr=0.1, max_norm=np.inf)
    with opt.step_scope() as scope:
        opt.step_param("a", np.full(2, 0.9e154))
        opt.step_param("b", np.full(2, 0.9e154))
    assert scope.report.grad_norm == pytest.approx(1.8e154)
    with pytest.raises(ValueError, match="max_norm: 1e-300 is too small beside the previous norm"):
        opt.step_scope(max_norm=1e-300, previous_norm=True)
    each = module.SGD({"a": np.ones(2), "b": np.ones(2)}, lr=0.1, max_norm=1.0, clip_each=True)
    for value in (np.inf, np.nan):
        grads = {"a": np.array([value, 1.0]), "b": np.ones(2)}
        with each.step_scope() as scope:
            each.step_param("a", grads["a"])
            each.step_param("b", grads["b"])
        assert repr(scope.report.clip_coefficient) == repr(each.step(grads).clip_coefficient)


@both
def test_an_interrupt_at_the_end_of_a_scope(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C may come before the first line of what Python calls at the end: the optimizer is free then."""

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    param = np.ones(3)
    opt = module.SGD([param], lr=1.0)
    with monkeypatch.context() as patch:
        patch.setattr(StepScope, "_conclude", interrupted)
        with pytest.raises(KeyboardInterrupt), opt.step_scope():
            opt.step_param(0, np.ones(3))
    assert opt.step([np.ones(3)]).step == 2
    np.testing.assert_array_equal(param, -1.0)


def test_the_end_of_a_scope_is_no_python_code() -> None:
    scope = adamas.SGD([np.ones(3)]).step_scope()
    assert not isinstance(type(scope).__exit__, FunctionType)
