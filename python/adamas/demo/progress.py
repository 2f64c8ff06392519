"""Progress bars that can be read in a log file too."""

from __future__ import annotations

import sys
from typing import Any

#: Seconds between two states of the bar, on a terminal and elsewhere.
_ON_TERMINAL, _IN_LOG = 0.5, 5.0


def progress_bar(total: int, description: str, unit: str = "step") -> Any:
    """Return tqdm's bar over ``total`` steps, or other units, on standard error.

    On a terminal it stays in one line. Anywhere else, each state is a line of its own, every five seconds.
    """
    from tqdm import tqdm

    on_terminal = sys.stderr.isatty()
    return tqdm(
        total=total,
        unit=unit,
        desc=description,
        mininterval=_ON_TERMINAL if on_terminal else _IN_LOG,
        file=sys.stderr if on_terminal else _Lines(),
    )


class _Lines:
    """Standard error, on which a bar that goes back to the start of its line begins a new one."""

    def write(self, text: str) -> None:
        """Write a state of the bar."""
        sys.stderr.write(text.replace("\r", "\n") if text.strip() else text)

    def flush(self) -> None:
        """Flush."""
        sys.stderr.flush()
