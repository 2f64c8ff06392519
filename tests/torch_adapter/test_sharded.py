"""`adamas.sharded.torch`, by processes of torch.distributed."""

from __future__ import annotations

from pathlib import Path

import pytest
from child import run_python
from page_blocks import python_blocks

PROGRAM = Path(__file__).parent / "programs" / "sharded_steps.py"


@pytest.mark.parametrize("count", [1, 2, 3])
def test_several_processes(count: int) -> None:
    """The bits of one process; state dicts of `adamas.torch`; errors on all processes, or on none."""
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(count)]
    done = run_python(*launcher, str(PROGRAM), timeout=120, OMP_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr
    assert "all as by one process" in done.stdout


def test_parts_that_are_whole() -> None:
    """A DTensor has no memory of its own, even if its shape is that of the part in this process."""
    done = run_python(str(PROGRAM.with_name("whole_parts.py")), timeout=120, OMP_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr
    assert "the same bits" in done.stdout


def test_the_page(tmp_path: Path) -> None:
    """The blocks of docs/sharded.md that are of PyTorch, one after the other."""
    page = (Path(__file__).parents[2] / "docs" / "sharded.md").read_text(encoding="utf-8")
    blocks = python_blocks(page)
    blocks = [block for block in blocks if "torch" in block]
    assert len(blocks) == 2
    program = tmp_path / "train.py"
    program.write_text("\n".join([*blocks, "torch.distributed.destroy_process_group()"]))
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = run_python(*launcher, str(program), timeout=120, OMP_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr
