"""Flower reports to its makers unless told not to, and logs each round."""

from __future__ import annotations

import logging
import os

import pytest

os.environ["FLWR_TELEMETRY_ENABLED"] = "0"
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"


def pytest_configure(config: pytest.Config) -> None:
    """Allow for what Flower's own dependencies do when they are imported."""
    for module in ("click", "typer", "google", "starlette", "fastapi"):
        config.addinivalue_line("filterwarnings", f"ignore::DeprecationWarning:{module}")
    config.addinivalue_line("filterwarnings", "ignore:'click.:DeprecationWarning")


@pytest.fixture(autouse=True, scope="session")
def _quiet() -> None:
    logging.getLogger("flwr").setLevel(logging.ERROR)
