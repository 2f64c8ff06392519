"""Python threads: several optimizers at once, and one optimizer from several threads."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from bits import assert_same_bits, snapshot
from refusing import both

import adamas
from adamas import reference


@both
def test_second_thread_is_refused_while_the_first_steps(module: Any) -> None:
    inside, leave = threading.Event(), threading.Event()

    def schedule(step: int) -> float:
        inside.set()
        assert leave.wait(30)
        return 0.25

    w = np.ones(3)
    opt = module.Adam(w, lr=schedule)
    first = threading.Thread(target=opt.step, args=(np.ones(3),))
    first.start()
    assert inside.wait(30)
    before = snapshot([w])
    message = "in use, by another thread or by a step under way; one thread at a time"
    with pytest.raises(RuntimeError, match=message):
        opt.step(np.ones(3))
    with pytest.raises(RuntimeError, match=message):
        opt.load_state_dict(opt.state_dict())
    assert snapshot([w]) == before
    leave.set()
    first.join()
    np.testing.assert_allclose(w, 0.75)
    assert opt.step(np.ones(3)).step == 2


def test_step_inside_its_own_schedule_is_refused() -> None:
    w = np.ones(3)
    opt = adamas.Adam(w, lr=lambda step: opt.step(np.ones(3)).step)
    with pytest.raises(RuntimeError, match="in use, by another thread or by a step under way"):
        opt.step(np.ones(3))
    np.testing.assert_array_equal(w, 1.0)


def test_race_for_one_optimizer_ends_in_whole_steps() -> None:
    """Also shows that the GIL is released during the update: otherwise nobody would find the optimizer busy."""
    size, refused, taken = 2_000_000, [0], [0]
    w = np.ones(size, np.float32)
    g = np.full(size, 0.5, np.float32)
    opt = adamas.Adam(w, num_threads=1)
    lock = threading.Lock()

    def work() -> None:
        for _ in range(100_000):
            try:
                opt.step(g)
                count = taken
            except RuntimeError:
                count = refused
            with lock:
                count[0] += 1
                if refused[0] and taken[0] > 20:
                    return

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused[0] > 0
    assert opt.state[0]["step"] == taken[0]
    expected = np.ones(8, np.float32)
    plain = reference.Adam(expected)
    for _ in range(taken[0]):
        plain.step(g[:8])
    assert_same_bits(w[:8], expected, "head")
    assert (w == w[0]).all()


def test_two_optimizers_in_two_threads() -> None:
    def train(seed: int, out: list[Any]) -> None:
        rng = np.random.default_rng(seed)
        w = np.ones(300_000, np.float32)
        opt = adamas.AdamW(w, num_threads=2)
        for _ in range(20):
            opt.step(rng.standard_normal(w.size).astype(np.float32))
        out[seed] = w

    together: list[Any] = [None, None]
    threads = [threading.Thread(target=train, args=(seed, together)) for seed in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alone: list[Any] = [None, None]
    train(0, alone)
    train(1, alone)
    for a, b in zip(together, alone, strict=True):
        assert_same_bits(a, b, "param")


def test_gradients_stay_alive_while_used() -> None:
    """Another thread empties the list of gradients while the update reads them."""
    size = 1_000_000
    params = [np.ones(size, np.float32) for _ in range(4)]
    opt = adamas.Adam(params, num_threads=1)
    stop = threading.Event()
    grads: list[Any] = [np.full(size, 0.5, np.float32) for _ in params]

    def replace() -> None:
        while not stop.is_set():
            for i in range(len(grads)):
                grads[i] = np.full(size, 0.5, np.float32)

    thread = threading.Thread(target=replace)
    thread.start()
    for _ in range(20):
        opt.step(grads)
    stop.set()
    thread.join()
    expected = np.ones(4, np.float32)
    plain = reference.Adam(expected)
    for _ in range(20):
        plain.step(np.full(4, 0.5, np.float32))
    for p in params:
        assert (p == expected[0]).all()


THREADS = 20


def in_threads(work: Any) -> list[Any]:
    """Call work(k) in as many threads at once; return what they returned."""
    found: list[Any] = [None] * THREADS
    start = threading.Barrier(THREADS)

    def act(k: int) -> None:
        start.wait()
        try:
            found[k] = work(k)
        except BaseException as error:
            found[k] = error

    threads = [threading.Thread(target=act, args=(k,)) for k in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in found:
        if isinstance(result, BaseException):
            raise result
    return found


def test_many_optimizers_in_many_threads() -> None:
    """Each made, stepped in three ways, saved into a dict, loaded by another and freed, while the others are."""
    sizes = [100 + 1_000 * (k % 7) ** 2 for k in range(THREADS)]

    def train(module: Any, k: int) -> Any:
        rng = np.random.default_rng(k)
        w = np.ones(sizes[k], np.float32)
        for _ in range(4):
            opt = module.AdamW(w, num_threads=1 + k % 3, max_norm=1.0, state_dtype=[None, "int8"][k % 2])
            opt.step(rng.standard_normal(w.size))
            opt.step_async(rng.standard_normal(w.size)).result()
            opt.accumulate(rng.standard_normal(w.size))
            opt.step()
            other = module.AdamW(w, num_threads=2, state_dtype=[None, "int8"][k % 2])
            other.load_state_dict(opt.state_dict())
            other.step(rng.standard_normal(w.size))
        return w

    for k, w in enumerate(in_threads(lambda k: train(adamas, k))):
        assert_same_bits(w, train(reference, k), f"thread {k}")


def test_one_optimizer_in_many_threads() -> None:
    """Steps, sums, dicts and loads of one optimizer: each is taken as a whole or refused with its reason."""
    w, g = np.zeros(50_000), np.ones(50_000)
    opt = adamas.SGD(w, lr=1.0, momentum=0.0)
    acts: dict[str, Callable[[], object]] = {
        "accumulate": lambda: opt.accumulate(g),
        "step": lambda: opt.step(g),
        "load": lambda: opt.load_state_dict(opt.state_dict(copy=False)),
    }
    counts: Counter[str] = Counter()
    refusals: set[str] = set()
    lock = threading.Lock()

    def work(k: int) -> None:
        """Ten times one of the acts, each tried until it is not refused."""
        name = ["accumulate", "step", "step", "load"][k % 4]
        done, end = 0, time.monotonic() + 60.0
        while done < 10:
            assert time.monotonic() < end, f"{name} was always refused"
            try:
                acts[name]()
                done += 1
            except RuntimeError as error:
                refusals.add(str(error))
                time.sleep(0.0)
        with lock:
            counts[name] += done

    in_threads(work)
    assert all("in use, by another thread or by a step under way" in refusal for refusal in refusals)
    assert (w == w[0]).all()
    assert -w[0] <= counts["step"] + counts["accumulate"]  # (loading drops what has been accumulated)
    assert -w[0] >= counts["step"]
