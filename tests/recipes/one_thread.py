"""A fixture for tests that import it: several test processes on few processors are fastest with one thread each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

import adamas

__all__ = ["one_thread"]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    adamas.set_num_threads(1)  # tests/conftest.py puts it back
    yield
    torch.set_num_threads(threads)
