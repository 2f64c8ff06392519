"""Signals: Ctrl-C comes between steps, never in the middle of one, and nothing is left locked or half-done."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from checkpoints import ENDINGS
from child import check_python, run_python

PRELUDE = """
import os, signal, sys, threading, time
import numpy as np, adamas

signal.signal(signal.SIGINT, signal.default_int_handler)  # a runner in the background hands it down as ignored

class Interrupter(threading.Thread):
    "Sends SIGINT as soon as the main thread, having set `now`, releases the GIL: in the middle of what it is doing."

    def __init__(self):
        super().__init__(daemon=True)
        self.now = threading.Event()
        self.sent = 0
        self.start()

    def run(self):
        while True:
            self.now.wait()
            self.now.clear()
            os.kill(os.getpid(), signal.SIGINT)
            self.sent += 1

interrupter = Interrupter()

def wait_for_it():
    for _ in range(20_000):  # not one long sleep, which an interrupt just before it would not end
        time.sleep(0.001)

def interrupted(act):
    try:
        act()
        wait_for_it()  # on a busy machine, the interrupt may come after what it was meant for
    except KeyboardInterrupt:
        return
    raise AssertionError("no interrupt")

def same(a, b):
    assert a.tobytes() == b.tobytes()

def twins(size, **options):
    arrays = [np.ones(size, np.float32) for _ in range(2)]
    return arrays, [m.AdamW(a, **options) for m, a in zip((adamas, adamas.reference), arrays)]

SIZE = 2_000_000
grad = np.linspace(-1, 1, SIZE, dtype=np.float32)
"""

CASES = {
    "during a step": """
def schedule(step):
    if step == 1:
        interrupter.now.set()
    return 1e-3
(w, v), (opt, plain) = twins(SIZE, max_norm=0.5)
opt.param_groups[0]["lr"] = schedule
opt.step(grad)
interrupted(lambda: opt.step(2 * grad))
assert opt.state[0]["step"] == 2  # the whole of it
opt.step(grad)
for factor in (1, 2, 1):
    plain.step(factor * grad)
same(w, v)
""",
    "during a step, whose norm is used later": """
(w, v), (opt, plain) = twins(SIZE, max_norm=0.5)
def schedule(step):
    interrupter.now.set()
    return 1e-3
opt.param_groups[0]["lr"] = schedule
interrupted(lambda: opt.step(2 * grad))
plain.step(2 * grad)
opt.param_groups[0]["lr"] = 1e-3
assert opt.state_dict()["previous_norm"] == plain.state_dict()["previous_norm"]
""",
    "in a schedule": """
(w, v), (opt, plain) = twins(1000, lr=lambda step: signal.raise_signal(signal.SIGINT))
interrupted(lambda: opt.step(grad[:1000]))
assert opt.state[0]["step"] == 0 and (w == 1).all()
for o in (opt, plain):
    o.param_groups[0]["lr"] = 0.1
    o.step(grad[:1000])
same(w, v)
""",
    "while accumulating": """
(w, v), (opt, plain) = twins(SIZE)
opt.accumulate(grad), plain.accumulate(grad)
interrupter.now.set()
interrupted(lambda: [opt.accumulate(grad) for _ in range(100)])
while plain._engine.accumulated < opt._engine.accumulated:
    plain.accumulate(grad)
opt.step(grad), plain.step(grad)
same(w, v)
""",
    "while waiting for a step": """
(w, v), (opt, plain) = twins(SIZE)
handle = opt.step_async(grad)
interrupter.now.set()
interrupted(lambda: (handle.result(), wait_for_it()))
assert handle.result().step == 1
assert opt.step_async(grad).result().step == 2
plain.step(grad), plain.step(grad)
same(w, v)
""",
    "inside a scope": """
a, b = [np.ones(SIZE, np.float32) for _ in range(2)], [np.ones(SIZE, np.float32) for _ in range(2)]
opt, plain = adamas.AdamW(a), adamas.reference.AdamW(b)
def work():
    with opt.step_scope():
        opt.step_param(1, grad)
        interrupter.now.set()
        wait_for_it()
interrupted(work)
plain.step([None, grad])
grads = [grad, grad.copy()]
opt.step(grads), plain.step(grads)
for x, y in zip(a, b):
    same(x, y)
""",
    "inside averaged": """
(w, v), (opt, plain) = twins(1000, average=adamas.EMA(0.5))
opt.step(grad[:1000]), plain.step(grad[:1000])
def work():
    with opt.averaged():
        interrupter.now.set()
        wait_for_it()
interrupted(work)
opt.step(grad[:1000]), plain.step(grad[:1000])
same(w, v)
""",
}


@pytest.mark.parametrize("case", CASES)
def test_interrupt(case: str) -> None:
    check_python(PRELUDE + CASES[case])


HALFWAY = """
def halfway(name, act):
    "Interrupt it when a function of NumPy that it calls is at work."
    before = getattr(np, name)
    def slow(*arguments, **options):
        result = before(*arguments, **options)
        interrupter.now.set()
        time.sleep(0.05)
        return result
    setattr(np, name, slow)
    try:
        interrupted(act)
    finally:
        setattr(np, name, before)

def make():
    params = [np.ones(1000, np.float32), np.ones((20, 30), np.float16)]
    opt = adamas.AdamW(params, average=adamas.EMA(0.5), rounding="nearest")
    opt.step([np.full(p.shape, 0.5) for p in params])
    return params, opt

def content(params, opt):
    states = [a for entry in opt.state.values() for a in entry.values() if isinstance(a, np.ndarray)]
    return [p.tobytes() for p in params], [a.tobytes() for a in states]

def enter_and_leave():
    with opt.averaged():
        raise AssertionError("inside")

params, opt = make()
saved, path = opt.state_dict(), os.path.join(os.environ["FOLDER"], "saved.npz")
opt.save(path)
old = content(params, opt)
halfway("copyto", enter_and_leave)
assert content(params, opt) == old
opt.step([np.full(p.shape, 0.25) for p in params])
new = content(params, opt)
halfway("copyto", lambda: opt.load(path))
assert content(params, opt) == old and opt.state[0]["step"] == 1
opt.step([np.full(p.shape, 0.25) for p in params])
assert content(params, opt) == new
halfway("copyto", lambda: opt.load_state_dict(saved))
assert content(params, opt)[1] == old[1] and opt.state[0]["step"] == 1
"""


def test_interrupt_while_arrays_are_being_replaced(tmp_path: Path) -> None:
    """By those of a file, or by averages: all of them or none."""
    check_python(PRELUDE + HALFWAY, FOLDER=str(tmp_path))


STORM = '''
import itertools, subprocess

armed, interrupts = False, 0

def handler(*_):
    global armed, interrupts
    if armed:
        armed = False
        interrupts += 1
        raise KeyboardInterrupt

signal.signal(signal.SIGINT, handler)

# From a process of its own: a thread would wait for the GIL, and miss what is done without releasing it.
# At no regular times: what begins right after an interrupted call, and is over soon, would never meet the next one.
SENDER = """
import os, random, signal, time
while os.getppid() == {0}:
    os.kill({0}, signal.SIGINT)
    time.sleep(random.random() * 0.001)
"""

def wait_until_free():
    for _ in range(3000):
        try:
            with opt._engine:
                return
        except RuntimeError:  # a step in the background
            time.sleep(0.01)
    raise AssertionError("locked for good")

COUNT, EACH = 2_000, 20
grads = list(np.random.default_rng(0).standard_normal((COUNT, EACH), dtype=np.float32))
w, v = np.ones((COUNT, EACH), np.float32), np.ones((COUNT, EACH), np.float32)
opt, twin = [adamas.AdamW(list(array), average=adamas.EMA(0.9)) for array in (w, v)]

def scope():
    global armed
    with opt.step_scope():
        armed = False  # or else some parameters would be stepped, and others not
        for i in range(COUNT):
            opt.step_param(i, grads[i])

def accumulate():
    opt.accumulate(grads)

acts = [lambda: opt.step(grads), lambda: opt.step_async(grads).result(), accumulate, lambda: opt.step(grads),
        scope, opt.state_dict, lambda: opt.save(path)]
path = os.path.join(os.environ["FOLDER"], "storm.safetensors")
seen = [0] * len(acts)
sender = subprocess.Popen([sys.executable, "-c", SENDER.format(os.getpid())])

def each_interrupted():
    return min(n for n, act in zip(seen, acts) if act is not scope) > 0

for turn in itertools.count():
    rounds, which = divmod(turn, len(acts))
    if rounds == 1000 or rounds >= 40 and each_interrupted():
        break
    completed, accumulated = opt._engine.completed, opt._engine.accumulated
    if acts[which] is scope and accumulated:
        continue
    try:
        armed = True
        acts[which]()
        armed = False
    except KeyboardInterrupt:
        seen[which] += 1
    except RuntimeError as error:
        armed = False
        assert "have been accumulated" in str(error), error  # so it cannot be saved
    wait_until_free()
    steps = opt._engine.completed - completed
    assert steps == 0 or steps == 1 and acts[which] is not accumulate
    if steps:
        for _ in range(accumulated):
            twin.accumulate(grads)
        twin.step(grads)
sender.kill()
sender.wait()
assert {entry["step"] for entry in opt.state.values()} == {opt._engine.completed}
opt.drop_accumulated()
same(w, v)
for ours, theirs in zip(opt.state.values(), twin.state.values()):
    for key in ("exp_avg", "exp_avg_sq", "average"):
        same(ours[key], theirs[key])
if os.path.exists(path):
    adamas.checkpoint.read(path)
assert all(name == "storm.safetensors" or name.startswith(".adamas-") for name in os.listdir(os.environ["FOLDER"]))
assert each_interrupted(), seen
print(interrupts)
'''


def test_storm_of_interrupts(tmp_path: Path) -> None:
    """Ctrl-C twice a millisecond, whatever the optimizer is doing: each step is taken as a whole or not at all."""
    assert int(check_python(PRELUDE + STORM, FOLDER=str(tmp_path))) > 40


SAVING = """
path = os.environ["FILE"]
w = np.ones(1_000_000, np.float32)
opt = adamas.AdamW(w)
opt.step(grad[: w.size])
opt.save(path)
start = time.perf_counter()
opt.save(path)
tick = (time.perf_counter() - start) / 15
seen, last = set(), w.copy()

def save_interrupted_after(delay):
    sent = interrupter.sent
    threading.Timer(delay, interrupter.now.set).start()
    opt.save(path)
    while interrupter.sent == sent:
        time.sleep(0.001)
    time.sleep(0.001)

for turn in range(400):
    if turn >= 20 and seen == {"new", "old"}:  # later and later, since a disk may have become slower
        break
    opt.step(grad[: w.size])
    try:
        save_interrupted_after(turn * tick)
    except KeyboardInterrupt:  # or none: Python drops one that arrives where it drops all exceptions
        pass
    found = adamas.checkpoint.read(path).params["0"]
    which = "new" if found.tobytes() == w.tobytes() else "old"
    same(found, {"new": w, "old": last}[which])
    seen.add(which)
    last = found.copy()
folder, own = os.path.split(path)
for name in os.listdir(folder):
    os.utime(os.path.join(folder, name), (1.0, 1.0))
opt.save(path)
same(adamas.checkpoint.read(path).params["0"], w)
assert os.listdir(folder) == [own]  # an interrupt may leave something behind, which a later call removes
assert seen == {"new", "old"}, seen
"""


@pytest.mark.parametrize("ending", ENDINGS)
def test_interrupt_while_saving(ending: str, tmp_path: Path) -> None:
    """The old file or the new one, whole, and nothing beside it."""
    check_python(PRELUDE + SAVING, FILE=str(tmp_path / f"saved{ending}"))


def test_terminated_in_a_step() -> None:
    """SIGTERM, with nobody to handle it, ends the process at once; threads of OpenMP do not keep it."""
    done = run_python(
        "-c",
        PRELUDE
        + """
w = np.ones(SIZE, np.float32)
opt = adamas.AdamW(w, num_threads=2)
threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGTERM)).start()
while True:
    opt.step(grad)
""",
    )
    assert (done.returncode, done.stderr) == (-signal.SIGTERM, "")


def test_handler_that_steps() -> None:
    """It may step another optimizer, or this one between its steps; inside a step it is told that it cannot."""
    check_python(
        PRELUDE
        + """
w, other = np.zeros(1000), np.zeros(1000)
ones = np.ones(1000)
opt, beside = adamas.SGD(w, lr=1.0), adamas.SGD(other, lr=1.0)
taken, refused = 0, 0
def handler(*_):
    global taken, refused
    beside.step(ones)
    try:
        opt.step(ones)
        taken += 1
    except RuntimeError as error:
        assert "in use, by another thread or by a step under way" in str(error)
        refused += 1
signal.signal(signal.SIGALRM, handler)

def schedule(step):
    signal.raise_signal(signal.SIGALRM)
    return 1.0
opt.param_groups[0]["lr"] = schedule
opt.step(ones)
assert (taken, refused, opt._engine.completed) == (0, 1, 1)
opt.param_groups[0]["lr"] = 1.0
with opt.step_scope():
    signal.raise_signal(signal.SIGALRM)
    opt.step_param(0, ones)
assert (taken, refused, opt._engine.completed) == (0, 2, 2)

signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
while taken < 100:
    opt.step(ones)
signal.setitimer(signal.ITIMER_REAL, 0)
assert (w == -opt._engine.completed).all()
assert (other == -beside._engine.completed).all() and beside._engine.completed == taken + refused
"""
    )
