"""Shared fixtures. The process-wide choices of instruction set and threads are put back after every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bits import COUNTS

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
