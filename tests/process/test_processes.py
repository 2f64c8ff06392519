"""multiprocessing, in each of its ways: parameters in shared memory, and optimizers that stay where they are."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from child import run_python

PROGRAM = '''
"""Two processes take turns with a model in shared memory; each has an optimizer of its own for its half."""
import multiprocessing as mp
import sys
from multiprocessing.shared_memory import SharedMemory

import numpy as np

import adamas

SIZE, STEPS = 200_000, 3


def grads(half, step):
    return np.random.default_rng([half, step]).standard_normal(SIZE, dtype=np.float32)


def train(module, params, half):
    opt = module.AdamW(params, lr=0.01, num_threads=2)
    for step in range(STEPS):
        opt.step(grads(half, step))
    return opt


def work(name, raw, half, found):
    memory = SharedMemory(name=name)
    params = np.frombuffer(memory.buf, np.float32)[half * SIZE : (half + 1) * SIZE]
    opt = train(adamas, params, half)
    beside = np.frombuffer(raw, np.float32)  # of multiprocessing.RawArray
    train(adamas, beside[half * SIZE : (half + 1) * SIZE], half)
    found.put((half, opt._engine.last_threads, opt.state_dict()))
    del opt, params
    memory.close()


def use(opt):
    pass


if __name__ == "__main__":
    way = sys.argv[1]
    context = mp.get_context(way)
    train(adamas, np.ones(SIZE, np.float32), 0)  # so that there are threads
    memory = SharedMemory(create=True, size=4 * 2 * SIZE)
    shared = np.frombuffer(memory.buf, np.float32)
    raw = context.RawArray("f", 2 * SIZE)
    beside = np.frombuffer(raw, np.float32)
    shared[:] = beside[:] = 1.0
    found = context.SimpleQueue()
    workers = [context.Process(target=work, args=(memory.name, raw, half, found)) for half in (0, 1)]
    for worker in workers:
        worker.start()
    threads = set()
    for _ in workers:
        half, used, state = found.get()
        threads.add(used)
        expected = np.ones(SIZE, np.float32)
        plain = train(adamas.reference, expected, half)
        part = slice(half * SIZE, (half + 1) * SIZE)
        assert shared[part].tobytes() == beside[part].tobytes() == expected.tobytes()
        opt = adamas.AdamW(shared[part], lr=0.01)  # the parent goes on where the child stopped
        opt.load_state_dict(state)
        opt.step(grads(half, STEPS)), plain.step(grads(half, STEPS))
        assert shared[part].tobytes() == expected.tobytes()
        del opt
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert threads == ({1} if way == "fork" else {2}), threads  # libgomp's threads do not survive a fork
    sent = context.Process(target=use, args=(train(adamas, np.ones(SIZE, np.float32), 0),))
    if way == "fork":
        sent.start()
        sent.join()
        assert sent.exitcode == 0
    else:
        try:
            sent.start()
        except TypeError as error:
            assert "AdamW cannot be copied or pickled" in str(error)
        else:
            raise AssertionError("an optimizer was pickled")
    del shared, part
    memory.close()
    memory.unlink()
    print("done")
'''


@pytest.mark.parametrize("way", ["fork", "forkserver", "spawn"])
def test_multiprocessing(way: str, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    options = ["-W", "ignore::DeprecationWarning"] if sys.version_info >= (3, 12) else []  # of forks beside threads
    done = run_python(*options, str(program), way)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")
