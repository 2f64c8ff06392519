"""`adamas.sharded.torch`, by processes of torch.distributed."""

from __future__ import annotations

from pathlib import Path

import pytest
from child import run_python

PROGRAM = Path(__file__).parent / "programs" / "sharded_steps.py"


@pytest.mark.parametrize("count", [1, 2, 3])
def test_several_processes(count: int) -> None:
    """The bits of one process; state dicts of `adamas.torch`; errors on all processes, or on none."""
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(count)]
    done = run_python(*launcher, str(PROGRAM), timeout=120, OMP_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr
    assert "all as by one process" in done.stdout
