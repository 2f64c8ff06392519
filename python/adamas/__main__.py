"""``python -m adamas``."""

import sys

from adamas.cli import main

sys.exit(main())
