"""Saving and loading 1 GiB of states, against ``dd`` with fsync to the same disk.

Run it with ``python bench/checkpoint_speed.py``. ``load`` reads from the disk: the file is put out of the system's
cache before, past which it has been written. ``reload`` reads what has just been loaded.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import adamas
from adamas.bench.timing import Side, ratio, time_alternately


def measure(mebibytes: int, rounds: int, folder: Path | None = None) -> dict[str, Any]:
    """Return median seconds of each side, and the ratios of their rates to that of dd with quartiles."""
    param = np.zeros(mebibytes << 17, np.float32)  # 8 bytes of states for each
    opt = adamas.AdamW([param])
    grad = np.random.default_rng(0).standard_normal(param.size, dtype=np.float32)
    opt.step([grad])
    with tempfile.TemporaryDirectory(dir=folder) as name:
        path, other = Path(name) / "states.safetensors", Path(name) / "dd"

        def dd() -> None:
            command = ["dd", "if=/dev/zero", f"of={other}", "bs=1M", f"count={mebibytes}", "conv=fsync", "status=none"]
            subprocess.run(command, check=True)

        def save() -> None:
            opt.save(path, params=False)

        def load() -> None:
            opt.load(path)

        def forget() -> None:
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

        save()
        sides = {
            "save": Side(save),
            "load": Side(load, before_step=forget),
            "reload": Side(load, before_step=load),
            "dd": Side(dd),
        }
        timings = time_alternately(sides, rounds, 0.0, warm=False)
    return {
        "seconds": {side: timing.median for side, timing in timings.items()},
        "of_dd": {side: ratio(timings["dd"], timings[side]) for side in timings if side != "dd"},
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mebibytes", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="on the disk to write to; default: that of temporary files")
    arguments = parser.parse_args()
    result = measure(arguments.mebibytes, arguments.rounds, arguments.folder)
    for side, seconds in result["seconds"].items():
        print(f"{side:<6} {arguments.mebibytes / 1024 / seconds:6.2f} GiB/s")
    for side, (median, low, high) in result["of_dd"].items():
        print(f"{side}: {median:.2f} [{low:.2f}, {high:.2f}] of dd's rate")
    return 0


if __name__ == "__main__":
    sys.exit(main())
