"""Shared fixtures. The process-wide choices of instruction set and threads are put back after every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from bits import COUNTS
from checkpoints import ENDINGS, make_params, train
from fashion_files import write_garments

import adamas
from adamas import _core


@pytest.fixture(autouse=True)
def _restore_runtime() -> Iterator[None]:
    isa, bytes_per_thread = adamas.active_isa(), _core.bytes_per_thread()
    yield
    adamas.use_isa(isa)
    adamas.set_num_threads(0)
    _core.set_bytes_per_thread(bytes_per_thread)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if COUNTS.arrays:
        terminalreporter.write_line(
            f"bitwise comparisons with the reference: {COUNTS.arrays:,} arrays, {COUNTS.elements:,} elements, "
            f"{COUNTS.mismatches} mismatches"
        )


@pytest.fixture(params=ENDINGS)
def saved(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A checkpoint after two steps, in each file format."""
    params = make_params()
    opt = adamas.AdamW(params, lr=0.01)
    train(opt, params, 0, 2)
    path = tmp_path / f"saved{request.param}"
    opt.save(path)
    return path


@pytest.fixture(scope="module")
def garments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with files as those of Fashion-MNIST."""
    folder = tmp_path_factory.mktemp("garments")
    write_garments(folder)
    return folder
