"""Are the packages there that a program needs beside adamas?"""

from adamas._system.extras import require

__all__ = ["require"]
