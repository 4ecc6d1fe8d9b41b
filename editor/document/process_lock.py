"""A file that says "this process is alive": locked by the system, which lets go of it however the process ends."""

from __future__ import annotations

import errno
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

_PLACE = 1024  # the locked byte lies behind the process's number, which others may want to read
_BUSY = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
_PATIENCE_S = 2.0


class ProcessLock:
    """Holds ``path`` locked from its making to ``release`` or the end of the process, a crash included."""

    def __init__(self, path: Path) -> None:
        """Lock the file; ``OSError`` where it cannot be made, or another process holds it."""
        self._file: BinaryIO = path.open("a+b")
        try:
            self._wait_for_lock()
            self._file.truncate(0)
            self._file.write(str(os.getpid()).encode())
            self._file.flush()
        except OSError:
            self._file.close()
            raise

    def release(self) -> None:
        """Let go of the file; a second call does nothing."""
        if not self._file.closed:
            _unlock(self._file)
            self._file.close()

    def _wait_for_lock(self) -> None:
        """Another window that only looks whether we live holds the lock for a moment: try again."""
        end_s = time.monotonic() + _PATIENCE_S
        while True:
            try:
                _lock(self._file)
                return
            except OSError as error:
                if error.errno not in _BUSY:  # a disk that knows no locks: the process's number must do
                    return
                if time.monotonic() > end_s:
                    raise
                time.sleep(0.02)


def is_held(path: Path) -> bool:
    """True while a living process, this one included, holds the lock on ``path``; False where there is no such file."""
    try:
        with path.open("r+b") as file:
            _lock(file)
            _unlock(file)
        return False
    except FileNotFoundError:
        return False
    except OSError as error:
        return error.errno in _BUSY or _lives(path)


def _lives(path: Path) -> bool:
    """Whether the process that wrote its number into ``path`` still runs; where one cannot know, it does."""
    if sys.platform == "win32":
        return True
    try:
        os.kill(int(path.read_text() or 0), 0)
    except ProcessLookupError:
        return False
    except (OSError, ValueError):
        return True
    return True


if sys.platform == "win32":
    import msvcrt

    def _lock(file: BinaryIO) -> None:
        file.seek(_PLACE)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

    def _unlock(file: BinaryIO) -> None:
        file.seek(_PLACE)
        with suppress(OSError):
            msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(file: BinaryIO) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(file: BinaryIO) -> None:
        with suppress(OSError):
            fcntl.flock(file.fileno(), fcntl.LOCK_UN)
