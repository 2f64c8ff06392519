"""All hostile inputs."""

from __future__ import annotations

from hostile import (
    arrays,
    changing,
    companions,
    containers,
    figures,
    files,
    functions,
    liars,
    options,
    overlaps,
    rows,
    small,
    state_dicts,
    tampered,
)
from hostile.driver import Case

_MODULES = (
    arrays, liars, overlaps, containers, figures, options, changing, tampered, rows, companions, state_dicts, files,
    functions, small,
)  # fmt: skip

CASES: dict[str, Case] = {
    f"{module.__name__.rpartition('.')[2]}: {name}": case for module in _MODULES for name, case in module.CASES.items()
}
