"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import glob
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

__all__ = ["replaced"]


@contextlib.contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Yield a path for a new file, which takes the place of the one at ``path`` when the block ends.

    The data is on the disk before the name is, and the name is before this returns: whenever the process or the machine
    stops, the path has the old content or the new one. If the block raises, the old content stays, and the new one is
    removed. What a process that was killed has left behind is removed by the next one.

    Raises:
        OSError: The folder cannot be written to, or its disk is full.
    """
    prefix = f".{path.name}."
    _remove_abandoned(path.parent, prefix)
    # A folder of its own, since writers may have temporary files too; on the same file system, so that renaming moves.
    folder = path.parent / f"{prefix}{os.getpid()}-{secrets.token_hex(4)}.tmp"
    folder.mkdir()
    try:
        new = folder / path.name
        yield new
        with new.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(new, path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_abandoned(folder: Path, prefix: str) -> None:
    for left in folder.glob(f"{glob.escape(prefix)}*-*.tmp"):
        process, _, _ = left.name[len(prefix) :].partition("-")
        if process.isdigit() and not _is_alive(int(process)):
            shutil.rmtree(left, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True  # somebody else's
    return True
