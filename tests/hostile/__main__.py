"""``python -m hostile [PATTERN]``, in the folder ``tests``: try all hostile inputs, or those that a pattern finds."""

from __future__ import annotations

import re
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "helpers"))

from hostile.run import CORRECT, REFUSED, outcomes, summary, try_all


def main(pattern: str = "") -> int:
    """Print what came of each, and of all."""
    from hostile.table import CASES

    found = outcomes(name for name in CASES if re.search(pattern, name))
    for name, outcome in found.items():
        print(f"{name}: {outcome}")
    print(summary(found))
    return int(any(outcome not in (REFUSED, CORRECT) for outcome in found.values()))


if __name__ == "__main__":
    if sys.argv[1:] == ["--child"]:
        try_all()
    else:
        sys.exit(main(*sys.argv[1:]))
