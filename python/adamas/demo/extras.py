"""Packages that a program needs beside adamas: an error that says what to install."""

from adamas._system.extras import require

__all__ = ["require"]
