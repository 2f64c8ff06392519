"""One backend to a process: ``KERAS_BACKEND=jax python -m pytest tests/keras_adapter``; torch unless told otherwise."""

from __future__ import annotations

import os

import pytest

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

#: What is of one backend alone: tensors that can be changed in place, programs that XLA compiles.
collect_ignore = {"torch": ["test_in_jit.py"], "jax": ["test_in_place.py"]}.get(
    os.environ["KERAS_BACKEND"], ["test_in_jit.py", "test_in_place.py"]
)


def pytest_configure(config: pytest.Config) -> None:
    """Allow for what Keras itself does."""
    config.addinivalue_line(
        "filterwarnings", "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"
    )
