"""Slowdown of a step beside other processes that use all processors.

Two of them are stopped and continued in turns, in one run, so that other load affects both sides equally. Prints
ratios of medians. Scheduled fairly on two processors, one thread beside two hogs takes 1.5 times as long, and two take
twice as long; a loop that waits for its threads naively takes tens of times as long.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import time
from typing import Any

import numpy as np

import adamas

HOGS = 2
SIZE = 1_000_000
ROUNDS = 12
SECONDS = 0.4


def seconds_of_steps(opt: Any, grad: Any) -> list[float]:
    found = []
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        start = time.perf_counter()
        opt.step(grad)
        found.append(time.perf_counter() - start)
    return found


def main() -> None:
    hogs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(HOGS)]
    try:
        time.sleep(0.5)
        grad = np.ones(SIZE, np.float32)
        settings: dict[str, int | None] = {"one thread": 1, "two threads": 2, "threads left to adamas": None}
        opts = {name: adamas.AdamW(np.ones(SIZE, np.float32), num_threads=n) for name, n in settings.items()}
        means: dict[tuple[str, bool], list[float]] = {(name, busy): [] for name in settings for busy in (False, True)}
        for _ in range(ROUNDS):
            for busy in (False, True):
                for hog in hogs:
                    os.kill(hog.pid, signal.SIGCONT if busy else signal.SIGSTOP)
                for name, opt in opts.items():
                    means[name, busy].append(statistics.fmean(seconds_of_steps(opt, grad)))
        for name in settings:
            alone, beside = (statistics.median(means[name, busy]) for busy in (False, True))
            print(
                f"{name}: {beside / alone:.2f} times as long beside {HOGS} hogs "
                f"({alone * 1e3:.2f} and {beside * 1e3:.2f} ms; load {os.getloadavg()[0]:.1f})"
            )
    finally:
        for hog in hogs:
            hog.kill()


if __name__ == "__main__":
    main()
