"""Running an example as a command: an expected error is printed as one line, without a traceback."""

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
