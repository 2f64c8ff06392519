"""Peak memory of a peer during steps, as the system counts it for the process.

``python -m adamas.bench.memory PEER PARAMETERS`` measures its own process and prints JSON (Linux).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from adamas.bench.machine import child_environment
from adamas.bench.peers import PEERS, Adamas, Peer
from adamas.bench.workload import Workload

__all__ = ["measure_memory"]

_STEPS = 3


def measure_memory(name: str, size: int, threads: int) -> dict[str, Any]:
    """Measure in a new process, and return its answer.

    Returns:
        ``bytes_per_parameter``: the peak of parameters, gradients, states and temporary memory of a step, without the
        memory that the process had before. Or ``failed``: the reason.
    """
    command = [sys.executable, "-m", "adamas.bench.memory", name, str(size)]
    done = subprocess.run(command, capture_output=True, text=True, env=child_environment(threads), check=False)
    try:
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        complaints = done.stderr.strip().splitlines() or ["it said nothing"]
        return {"failed": f"its process ended with {done.returncode}: {complaints[-1]}"}
    return answer


def _measure(peer: Peer, size: int) -> dict[str, Any]:
    _take_steps(peer, 8192)  # imports, compiles
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # the peak starts anew
    _take_steps(peer, size)
    held = _status("VmHWM") - before
    if not peer.holds_gradients:
        held += 4 * size
    return {"bytes_per_parameter": held / size, "process_bytes": _status("VmHWM")}


def _take_steps(peer: Peer, size: int) -> None:
    value = np.broadcast_to(np.float32(0.1), (size,))  # takes no memory
    run = peer.start(Workload(((size,),)), [value], [[value]], int(os.environ.get("OMP_NUM_THREADS", "1")))
    for _ in range(_STEPS):
        run.refresh(0)
        run.step()


def _status(field: str) -> int:
    """Return a field of the process's status, in bytes."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) * 1024
    raise OSError(f"the system does not count {field}")


if __name__ == "__main__":
    chosen: Peer = {**PEERS, "adamas": Adamas()}[sys.argv[1]]
    print(json.dumps(_measure(chosen, int(sys.argv[2]))))
