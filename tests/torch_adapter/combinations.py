"""Make docs/combinations.md: every option against every way of stepping, by trying them.

``python tests/torch_adapter/combinations.py --write`` writes the page; without ``--write`` it is printed.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import combinations_numpy
import combinations_torch
from cells import Cell

PAGE = Path(__file__).parent.parent.parent / "docs" / "combinations.md"

if __name__ == "__main__":
    for module in (combinations_numpy, combinations_torch):
        for row in module.ROWS_OF_TABLE:
            for column in module.COLUMNS:
                print(row.label, "|", column, "|", *module.cell(row, column).__dict__.values(), flush=True)
