"""An example as a command: what goes wrong for a reason the user can help is one line, not a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path


def run_program(main: Callable[[], None]) -> int:
    """Run ``main``; return the exit status."""
    name = Path(sys.argv[0]).name
    try:
        main()
    except KeyboardInterrupt:
        print(f"{name}: stopped", file=sys.stderr)
        return 130
    except (ValueError, OSError, ImportError) as error:
        print(f"{name}: error: {error}", file=sys.stderr)
        return 1
    return 0
