"""Steps on the library's own thread."""

from __future__ import annotations

import asyncio
import gc
import threading
from typing import Any

import numpy as np
import pytest
from bits import assert_same_bits
from child import check_python
from refusing import both

import adamas

SIZE = 2_000_000


def big(seed: int) -> Any:
    return np.random.default_rng(seed).standard_normal(SIZE, dtype=np.float32)


@both
def test_result_and_await(module: Any) -> None:
    params, expected = np.ones(300), np.ones(300)
    opt, other = module.AdamW(params, max_norm=1.0), module.AdamW(expected, max_norm=1.0)
    grads = [np.random.default_rng(k).standard_normal(300) for k in range(3)]
    handle = opt.step_async(grads[0])
    assert isinstance(handle, adamas.StepHandle)
    assert handle.result() == handle.result(timeout=1.0) == other.step(grads[0])
    assert handle.done()

    async def work() -> Any:
        return [await opt.step_async(grads[1]), await opt.step_async(grads[2])]

    assert asyncio.run(work()) == [other.step(grads[1]), other.step(grads[2])]
    assert_same_bits(params, expected, "after three steps")


@both
def test_errors(module: Any) -> None:
    param = np.ones(3)
    opt = module.SGD([param], lr=1.0)
    with pytest.raises(ValueError, match=r"grads\[0\]: expected shape"):
        opt.step_async([np.ones(4)])
    handle = opt.step_async([np.full(3, np.nan)], on_nonfinite="raise")
    with pytest.raises(FloatingPointError, match=r"grads\[0\]: holds an infinity or NaN"):
        handle.result()
    assert opt.step_async([np.full(3, np.nan)], on_nonfinite="skip").result().skipped
    with pytest.raises(ValueError, match="shares memory"):
        opt.step_async([param]).result()
    np.testing.assert_array_equal(param, 1.0)
    assert opt.step_async([np.ones(3)]).result() == (1, 1, None, None, False, None, 0)


def test_nothing_else_while_it_is_in_flight() -> None:
    """The worker is held up by another optimizer's step, so that this one's is surely in flight."""
    inside, leave = threading.Event(), threading.Event()

    class Slow(adamas.SGD):
        def _conclude(self, *arguments: Any) -> Any:
            inside.set()
            assert leave.wait(30)
            return super()._conclude(*arguments)

    slow, param = Slow([np.ones(2)]), np.ones(3)
    first = slow.step_async([np.ones(2)])
    assert inside.wait(30)
    opt = adamas.SGD([param], lr=1.0, average=adamas.SWA())
    second = opt.step_async([np.ones(3)])
    assert not second.done()
    for _ in range(3):
        with pytest.raises(TimeoutError):
            second.result(timeout=0.01)
    assert not second._task._listeners, "who waits no longer is forgotten"
    wrong: list[tuple[Any, type[Exception]]] = [
        ("a", TypeError),
        (float("nan"), ValueError),
        (float("inf"), ValueError),
    ]
    for value, error in wrong:
        with pytest.raises(error, match="timeout: expected a finite number of seconds, or None"):
            second.result(value)
    for act in (
        lambda: opt.step([np.ones(3)]),
        lambda: opt.step_async([np.ones(3)]),
        lambda: opt.accumulate([np.ones(3)]),
        opt.state_dict,
        lambda: opt.step_scope().__enter__(),
    ):
        with pytest.raises(RuntimeError, match="in use, by another thread or by a step under way"):
            act()
    leave.set()
    assert first.result().step == second.result().step == 1
    np.testing.assert_array_equal(param, 0.0)
    assert opt.step([np.ones(3)]).step == 2


def test_arrays_that_nobody_else_holds() -> None:
    param, expected = big(0), big(0)
    opt, other = adamas.AdamW(param), adamas.AdamW(expected)
    for step in range(20):
        handle = opt.step_async(big(step))
        gc.collect()
        rubbish = [np.full(SIZE, np.nan, np.float32) for _ in range(2)]
        other.step(big(step))
        handle.result()
        del rubbish
    assert_same_bits(param, expected, "after twenty steps")
    handle = opt.step_async(big(0))
    del opt
    gc.collect()
    other.step(big(0))
    handle.result()
    assert_same_bits(param, expected, "the optimizer itself was deleted")


def test_several_optimizers_and_threads() -> None:
    params, expected = [big(k) for k in range(4)], [big(k) for k in range(4)]
    opts = [adamas.AdamW(p) for p in params]
    for step in range(5):
        handles = [opt.step_async(big(10 * step + k)) for k, opt in enumerate(opts)]
        for handle in handles:
            handle.result()
    for k, array in enumerate(expected):
        other = adamas.AdamW(array)
        for step in range(5):
            other.step(big(10 * step + k))
        assert_same_bits(params[k], array, f"optimizer {k}")


def test_race_ends_in_whole_steps() -> None:
    """Steps, asynchronous ones and scopes of one optimizer from several threads: each is taken or refused."""
    param = np.zeros(200_000)
    grad = np.ones(200_000)
    opt = adamas.SGD(param, lr=1.0)
    taken, lock = [0], threading.Lock()
    refusals: set[str] = set()

    def scope() -> None:
        with opt.step_scope():
            opt.step_param(0, grad)

    def work(act: Any) -> None:
        for _ in range(60):
            try:
                act()
            except RuntimeError as error:
                refusals.add(str(error).split(",")[0])
            else:
                with lock:
                    taken[0] += 1

    acts = [lambda: opt.step(grad), lambda: opt.step_async(grad).result(), scope]
    threads = [threading.Thread(target=work, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(param, -float(taken[0]))
    assert opt._engine.completed == taken[0] > 0
    assert refusals <= {"this optimizer is in use"}


def test_fork_while_in_flight() -> None:
    check_python(
        """
import os, numpy as np, adamas
param = np.ones(20_000_000, np.float32)
grad = np.ones(20_000_000, np.float32)
opt = adamas.AdamW(param)
opt.step(grad)
handle = opt.step_async(grad)
child = os.fork()
if child == 0:
    try:
        handle.result()
    except RuntimeError as error:
        assert "begun before the process was forked" in str(error)
        fresh = np.ones(3)
        assert adamas.AdamW(fresh).step_async(np.ones(3)).result(timeout=30).step == 1
        os._exit(0)
    os._exit(1)
assert os.waitpid(child, 0)[1] == 0
assert handle.result().step == 2
"""
    )


def test_exit_while_in_flight() -> None:
    printed = check_python(
        """
import numpy as np, adamas
opt = adamas.AdamW(np.ones(20_000_000, np.float32))
opt.step_async(np.ones(20_000_000, np.float32))
print("left")
"""
    )
    assert printed == "left\n"


def test_who_waits_may_be_cancelled() -> None:
    big, param = big_model(), np.zeros(3)
    slow, opt = adamas.AdamW(big), adamas.SGD([param], lr=1.0)

    async def work() -> None:
        first = slow.step_async(np.ones_like(big))
        second = opt.step_async([np.ones(3)])
        waiting = asyncio.ensure_future(_wait(second))
        await asyncio.sleep(0)
        waiting.cancel()
        await first
        await second

    asyncio.run(work())
    np.testing.assert_array_equal(param, -1.0)
    assert opt.step([np.ones(3)]).step == 2


def big_model() -> Any:
    return np.ones(20_000_000, np.float32)


async def _wait(handle: adamas.StepHandle) -> adamas.StepReport:
    return await handle


@both
def test_no_thread_to_be_had(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(work: Any) -> Any:
        raise RuntimeError("can't start new thread")

    opt = module.SGD([np.ones(3)])
    monkeypatch.setattr("adamas._optimizer.step_handle._worker.submit", fail)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        opt.step_async([np.ones(3)])
    assert opt.step([np.ones(3)]).step == 1


def test_what_got_no_thread_is_not_done_later() -> None:
    """The executor keeps what it was given before it found no thread, and would do it with the next one."""
    output = check_python(
        """
import threading, numpy as np, adamas
start, param = threading.Thread.start, np.ones(3)
opt = adamas.SGD([param], lr=1.0)
def fail(self):
    raise RuntimeError("can't start new thread")
threading.Thread.start = fail
try:
    opt.step_async([np.ones(3)])
except RuntimeError as error:
    print(error)
threading.Thread.start = start
print(opt.step_async([np.ones(3)]).result(), param)
"""
    )
    assert output == "can't start new thread\nStepReport(step=1, updated=1) [0. 0. 0.]\n"


@both
def test_a_step_is_finished_once(module: Any) -> None:
    opt = module.SGD([np.ones(3)])
    begun = opt._engine.start([np.ones(3)], opt.param_groups, None, 0.0)
    assert begun.finish().step == 1
    begun.abandon()
    with pytest.raises(RuntimeError, match="this step is over, or was given up"):
        begun.finish()
    assert opt.step([np.ones(3)]).step == 2


@both
def test_a_step_that_nobody_will_finish_is_given_up(module: Any) -> None:
    opt = module.SGD([np.ones(3)])
    begun = opt._engine.start([np.ones(3)], opt.param_groups, None, 0.0)
    begun.abandon()
    assert opt.step([np.ones(3)]).step == 1
    begun = opt._engine.start([np.ones(3)], opt.param_groups, None, 0.0)
    del begun
    gc.collect()
    assert opt.step([np.ones(3)]).step == 2
    opened = opt._engine.open(opt.param_groups, None, 0.0)
    del opened
    gc.collect()
    assert opt.step([np.ones(3)]).step == 3


def test_containers_that_change_meanwhile() -> None:
    slow, opt = adamas.AdamW(big_model()), adamas.SGD({"w": np.ones(2)})
    first = slow.step_async(big_model())
    grads = {"w": np.array([1.0, np.nan])}
    second = opt.step_async(grads, on_nonfinite="raise")
    grads.clear()
    first.result()
    with pytest.raises(FloatingPointError, match="the gradient of 'w': holds an infinity or NaN"):
        second.result()
