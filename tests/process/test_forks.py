"""Forks in every state of an optimizer: the child has the parent's, and both go on with the right bits or refuse."""

from __future__ import annotations

from pathlib import Path

import pytest
from child import check_python

PRELUDE = """
import os, threading, time, traceback, warnings
import numpy as np, adamas
warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)  # so it is, on purpose
adamas.set_num_threads(2)
SIZE = 300_000
grads = [np.random.default_rng(k).standard_normal(SIZE, dtype=np.float32) for k in range(4)]
w, v = np.ones(SIZE, np.float32), np.ones(SIZE, np.float32)

def in_child(work):
    "Do it in a child, which must get to its end."
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    assert status == 0, status

def same(a, b):
    assert a.tobytes() == b.tobytes()

def step_twice(opt, twin, a=w, b=v):
    for grad in grads[2:]:
        opt.step(grad); twin.step(grad)
    same(a, b)
    for name in ("exp_avg", "exp_avg_sq"):
        same(opt.state[0][name], twin.state[0][name])

opt, twin = adamas.AdamW(w, average=adamas.EMA(0.9)), adamas.reference.AdamW(v, average=adamas.EMA(0.9))
"""

STATES = {
    "before any step": """
in_child(lambda: step_twice(opt, twin))
step_twice(opt, twin)
""",
    "after a step, and again from the child": """
opt.step(grads[0]); twin.step(grads[0])
in_child(lambda: in_child(lambda: step_twice(opt, twin)))
step_twice(opt, twin)
assert opt._engine.last_threads == 2
""",
    "with accumulated gradients": """
opt.accumulate(grads[0]); twin.accumulate(grads[0])
def go_on():
    opt.accumulate(grads[1]); twin.accumulate(grads[1])
    opt.step(); twin.step()
    step_twice(opt, twin)
in_child(go_on)
go_on()
""",
    "inside a scope": """
a, b = [np.ones(SIZE, np.float32) for _ in range(2)], [np.ones(SIZE, np.float32) for _ in range(2)]
opt, twin = adamas.AdamW(a), adamas.reference.AdamW(b)
with opt.step_scope():
    opt.step_param(1, grads[1])
    def go_on():
        opt.step_param(0, grads[0])
    in_child(go_on)
    go_on()
twin.step(grads[:2])
for x, y in zip(a, b):
    same(x, y)
""",
    "inside averaged": """
opt.step(grads[0]); twin.step(grads[0])
with opt.averaged():
    child = os.fork()
step_twice(opt, twin)
if child == 0:
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
""",
    "while its schedule is being asked": """
def schedule(step):
    def work():
        try:
            opt.step(grads[0])
        except RuntimeError as error:
            assert "forked while a step of this optimizer was under way" in str(error)
        else:
            raise AssertionError("two steps at once")
        step_twice(adamas.AdamW(w), adamas.reference.AdamW(v))
    in_child(work)
    return 1e-3
opt, twin = adamas.AdamW(w, lr=schedule), adamas.reference.AdamW(v)
opt.step(grads[0]); twin.step(grads[0])
same(w, v)
""",
    "while other threads step it": """
big, other = np.ones(20 * SIZE, np.float32), np.ones(3)
stepped, stop = adamas.AdamW(big), threading.Event()
def train():
    while not stop.is_set():
        stepped.step(np.tile(grads[0], 20))
thread = threading.Thread(target=train)
thread.start()
def work():
    try:
        stepped.step(np.tile(grads[0], 20))
    except RuntimeError as error:
        assert "forked while a step of this optimizer was under way" in str(error)
    step_twice(opt, twin)
for _ in range(6):
    in_child(work)
stop.set()
thread.join()
step_twice(opt, twin)
small = np.ones(SIZE, np.float32)
plain = adamas.reference.AdamW(small)
for _ in range(stepped.state[0]["step"]):
    plain.step(grads[0])
same(big, np.tile(small, 20))
""",
    "with the model in a file that both have mapped": """
def make(module, path):
    return adamas.Arena({"w": (SIZE,)}, optimizer=module.AdamW, path=os.path.join(os.environ["FOLDER"], path))
ours, theirs = make(adamas, "ours"), make(adamas.reference, "theirs")
def all_bytes(arena):
    return arena.params["w"].tobytes(), *(arena.optimizer.state["w"][k].tobytes() for k in ("exp_avg", "exp_avg_sq"))
in_child(lambda: ours.optimizer.step({"w": grads[0]}))
theirs.optimizer.step({"w": grads[0]})
assert all_bytes(ours) == all_bytes(theirs)
assert ours.optimizer.state["w"]["step"] == 0  # counts are each process's own
saved = ours.optimizer.state_dict()
saved["step"] = saved["state"]["w"]["step"] = 1
ours.optimizer.load_state_dict(saved)
for arena in (ours, theirs):
    arena.optimizer.step({"w": grads[1]})
assert all_bytes(ours) == all_bytes(theirs)
""",
    "with the model in memory of its own": """
arena = adamas.Arena({"w": (SIZE,)}, optimizer=adamas.AdamW)
arena.optimizer.step({"w": grads[0]})
before = arena.buffer.tobytes()
in_child(lambda: arena.optimizer.step({"w": grads[1]}))
assert arena.buffer.tobytes() == before
""",
}


@pytest.mark.parametrize("state", STATES)
def test_fork(state: str, tmp_path: Path) -> None:
    check_python(PRELUDE + STATES[state], FOLDER=str(tmp_path))


def test_threads_that_make_step_and_free_while_others_fork() -> None:
    check_python(
        PRELUDE
        + """
stop, made = threading.Event(), [0] * 4
expected = np.ones(5_000, np.float32)
adamas.reference.AdamW(expected).step(grads[0][:5_000])

def work(place):
    while not stop.is_set():
        param = np.ones(5_000, np.float32)
        opt = adamas.AdamW(param, num_threads=2)
        opt.step(grads[0][:5_000])
        same(param, expected)
        made[place] += 1

def once():
    before = made[0]
    threads = [threading.Thread(target=work, args=(0,))]
    threads[0].start()
    while made[0] == before:
        time.sleep(0.001)
    stop.set()
    threads[0].join()
    step_twice(opt, twin)

workers = [threading.Thread(target=work, args=(place,)) for place in range(4)]
for worker in workers:
    worker.start()
for _ in range(6):
    in_child(once)
stop.set()
for worker in workers:
    worker.join()
assert min(made) > 0, made
"""
    )
