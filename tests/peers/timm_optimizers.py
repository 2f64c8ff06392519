"""Optimizers of timm, without timm's models: these need torchvision, which goes with one build of torch alone.

``pip install --no-deps timm`` is enough.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import Any


def _bare_package(name: str) -> None:
    """Let modules of a package be imported, without the package's own code."""
    spec = importlib.util.find_spec(name)
    assert spec is not None, f"{name} is not installed"
    package = ModuleType(name)
    package.__path__ = list(spec.submodule_search_locations or ())
    sys.modules[name] = package


def timm_optimizer(module: str, name: str) -> Any:
    """Return a class of ``timm.optim.<module>``."""
    if "timm" not in sys.modules:
        _bare_package("timm")
        _bare_package("timm.optim")
    return getattr(importlib.import_module(f"timm.optim.{module}"), name)
