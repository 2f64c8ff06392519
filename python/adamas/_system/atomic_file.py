"""Atomic replacement of files."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from adamas._system.address_space import has_room_for_thread

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["atomic_write"]

_PREFIX, _SUFFIX = ".adamas-", ".tmp"
#: Seconds in which a folder may be new and its writer not have locked it yet.
_NEW = 60.0


@contextlib.contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a path for a new file, which takes the place of the one at ``path`` when the block ends.

    The data is on the disk before the name is, and the name is before this returns: whenever the process or the machine
    stops, the path has the old content or the new one. If the block raises, the old content stays, and the new one is
    removed. The new file has the permissions of the old one, or else those of any new file. A link stays a link: what
    it leads to is replaced. What a process that was killed has left behind is removed by a later call.

    Args:
        path: Path of the file.

    Raises:
        OSError: The folder cannot be written to, or its disk is full.
    """
    target = Path(os.path.realpath(path))
    _remove_abandoned(target.parent)
    # A folder of its own, since writers may have temporary files too; on the same file system, so that renaming moves.
    folder = target.parent / f"{_PREFIX}{secrets.token_hex(8)}{_SUFFIX}"
    try:
        folder.mkdir(mode=0o700)
    except OSError as error:  # which names what nobody has heard of
        error.filename = str(target.parent)
        raise
    with _locked(folder):
        try:
            mode = _mode_for(target, folder)
            new = folder / f"new{target.suffix}"
            yield new
            new.chmod(mode)
            with new.open("rb+") as file:
                os.fsync(file.fileno())
            _rename(new, target)
        except OSError as error:
            if error.filename is None or Path(error.filename).is_relative_to(folder):  # a full disk, say
                raise OSError(error.errno, error.strerror, str(target)) from error
            raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    _sync_folder(target.parent)


def _rename(new: Path, target: Path) -> None:
    """Rename; a thread closes the old file, since a system may take a while to free the disk of a large one."""
    old = None
    if fcntl is not None:  # other systems do not rename over a file that is open
        with contextlib.suppress(OSError):
            old = os.open(target, os.O_RDONLY | os.O_NONBLOCK)
    try:
        os.replace(new, target)
    finally:
        if old is not None:
            _close_aside(old)


def _close_aside(descriptor: int) -> None:
    try:
        if not has_room_for_thread():
            raise RuntimeError
        threading.Thread(target=os.close, args=(descriptor,), daemon=True).start()
    except RuntimeError:  # no more threads, or the interpreter is about to end
        os.close(descriptor)


def _mode_for(target: Path, folder: Path) -> int:
    """Return the permissions of the old file, or those that a new file has here."""
    try:
        return target.stat().st_mode & 0o7777
    except FileNotFoundError:
        probe = folder / "mode"
        probe.touch()
        return probe.stat().st_mode & 0o7777


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a lock on a folder, as long as this process lives and the block lasts."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if fcntl is not None:
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _remove_abandoned(folder: Path) -> None:
    """Remove the folders that nobody holds the lock of."""
    if fcntl is None:
        return
    for left in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime < _NEW:
                continue
            descriptor = os.open(left, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left, ignore_errors=True)
            finally:
                os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    """Bring the new name to the disk, where that can be asked for."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)
