"""Steps over a network whose bandwidth is known, against what the model of docs/sharded.md predicts.

    python bench/sharded_network.py        # as root, on Linux, with iproute2

Each process has a network namespace of its own, with a link that `tc` holds at 1 or 10 Gbit/s, and all links meet in a
bridge: as if each ran on a machine of its own, but that all share this one's processors and memory. Transport:
torch.distributed on gloo.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from typing import Any

import numpy as np

ELEMENTS = 8 * 2**20
BRIDGE, SPACE = "adamas-br", "adamas-ns{}"


def run(*command: str) -> None:
    """Run a command of the system that must succeed."""
    subprocess.run(command, check=True)


def set_up(count: int, gigabits: float) -> None:
    """Make namespaces, links and bridge."""
    run("ip", "link", "add", BRIDGE, "type", "bridge")
    run("ip", "link", "set", BRIDGE, "up")
    for i in range(count):
        space, outside, inside = SPACE.format(i), f"adamas-o{i}", f"adamas-i{i}"
        run("ip", "netns", "add", space)
        run("ip", "link", "add", outside, "type", "veth", "peer", "name", inside)
        run("ip", "link", "set", inside, "netns", space)
        run("ip", "link", "set", outside, "master", BRIDGE, "up")
        run("ip", "-n", space, "addr", "add", f"10.77.0.{i + 1}/24", "dev", inside)
        run("ip", "-n", space, "link", "set", inside, "up")
        run("ip", "-n", space, "link", "set", "lo", "up")
        shape = ["root", "tbf", "rate", f"{gigabits}gbit", "burst", "1mb", "latency", "20ms"]
        run("ip", "netns", "exec", space, "tc", "qdisc", "add", "dev", inside, *shape)  # what it sends
        run("tc", "qdisc", "add", "dev", outside, *shape)  # what it receives


def tear_down(count: int) -> None:
    """Remove what `set_up` has made."""
    for i in range(count):
        subprocess.run(["ip", "netns", "del", SPACE.format(i)], check=False, stderr=subprocess.DEVNULL)
    subprocess.run(["ip", "link", "del", BRIDGE], check=False, stderr=subprocess.DEVNULL)


def measure(count: int, gigabits: float, repeats: int) -> dict[str, float]:
    """Return the median time of each way to step, in seconds, by so many processes."""
    tear_down(count)
    set_up(count, gigabits)
    try:
        workers = []
        for rank in range(count):
            environment = os.environ | {
                "RANK": str(rank), "WORLD_SIZE": str(count), "MASTER_ADDR": "10.77.0.1", "MASTER_PORT": "29577",
                "GLOO_SOCKET_IFNAME": f"adamas-i{rank}", "OMP_NUM_THREADS": "1", "ADAMAS_NUM_THREADS": "1",
            }  # fmt: skip
            command = ["ip", "netns", "exec", SPACE.format(rank), sys.executable, __file__, "--worker", str(repeats)]
            workers.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
        told = [worker.communicate(timeout=600)[0] for worker in workers]
        if any(worker.returncode for worker in workers):
            raise RuntimeError("a process has failed")
        found: dict[str, float] = json.loads(told[0].splitlines()[-1])
        return found
    finally:
        tear_down(count)


def work(repeats: int) -> None:
    """Be one of the processes: time the steps."""
    import torch
    import torch.distributed as dist

    import adamas.sharded.torch

    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    made: Any = adamas.sharded.torch.__dict__["AdamW"]
    param = torch.nn.Parameter(torch.zeros(ELEMENTS))
    param.grad = torch.randn(ELEMENTS)
    ours = made([param])
    whole = torch.nn.Parameter(torch.zeros(ELEMENTS))
    whole.grad = torch.randn(ELEMENTS)
    theirs = adamas.torch.AdamW([whole])

    def averaged() -> None:
        dist.all_reduce(whole.grad)
        whole.grad.div_(dist.get_world_size())
        theirs.step()

    times: dict[str, list[float]] = {"sharded": [], "all_reduce": [], "step": []}
    for turn in range(repeats + 1):
        for name, step in {"sharded": ours.step, "all_reduce": averaged, "step": theirs.step}.items():
            dist.barrier()
            start = time.perf_counter()
            step()
            dist.barrier()
            if turn:
                times[name].append(time.perf_counter() - start)
    if dist.get_rank() == 0:
        print(json.dumps({name: float(np.median(values)) for name, values in times.items()}), flush=True)
    dist.destroy_process_group()


def predicted(count: int, gigabits: float, step: float) -> dict[str, float]:
    """Return what the model says: bytes on the wire at the link's rate, and the step's share of memory traffic.

    Args:
        count: Processes.
        gigabits: Of each link, in each direction.
        step: Seconds that a whole step takes on each process, all at once.
    """
    share = (count - 1) / count
    nbytes = 4 * ELEMENTS
    rate = gigabits * 1e9 / 8
    # Of 7 passes over memory that a step of AdamW takes, a shard takes its part, and one read more for each source.
    return {
        "sharded": share * 2 * nbytes / rate + step * (6 / count + 1) / 7,
        "all_reduce": share * 2 * nbytes / rate + step,
    }


def main() -> None:
    """Measure for several numbers of processes and bandwidths, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--repeats", type=int, default=5, help="repetitions of each step; default: %(default)s")
    arguments = parser.parse_args()
    if arguments.worker is not None:
        work(arguments.worker)
        return
    print("| processes | Gbit/s | step, measured | predicted | all_reduce and a whole step | predicted |")
    print("|---|---|---|---|---|---|")
    for gigabits in (1.0, 10.0):
        for count in (2, 4, 8):
            found = measure(count, gigabits, arguments.repeats)
            model = predicted(count, gigabits, found["step"])
            cells = [f"{found[name]:.3f} s | {model[name]:.3f} s" for name in ("sharded", "all_reduce")]
            print(f"| {count} | {gigabits:g} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
