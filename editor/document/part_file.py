"""Files written whole or not at all: first beside their place, then renamed into it."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from editor.errors import UserError


@contextmanager
def part_file(path: Path) -> Generator[Path]:
    """Yield a path beside ``path`` to write to; it takes that name once the block ends, and vanishes if the block
    fails.

    What was at ``path`` stays untouched until then, whatever happens. ``OSError`` (a full disk, a folder that is not
    there or may not be written to) becomes a ``UserError``; other exceptions pass.
    """
    target = Path(os.path.realpath(path))  # a link stays a link
    part = target.with_name(
        f".mattelier-{secrets.token_hex(6)}.part"
    )  # short: the target's own name may be at the limit
    try:
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, "is a folder", str(target))
        yield part
        _flush_to_disk(part)
        os.replace(part, target)
    except OSError as error:
        raise explained(error, Path(path)) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    _flush_folder(target.parent)


def explained(error: OSError, path: Path) -> UserError:
    """The sentence for what the system said when ``path`` was written."""
    name, folder = path.name, str(path.parent)
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return UserError(f"There is not enough room on the disk for {name}.", "Free some space or choose another disk.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return UserError(
            f"{name} may not be written in {folder}.",
            "Choose a folder of your own, or close the program that has it open.",
        )
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return UserError(f"The folder {folder} does not exist.", "Make it first or choose another one.")
    if error.errno in (errno.ENAMETOOLONG, errno.EINVAL):
        return UserError(f"The system does not accept the name {name[:60]}.", "Choose a shorter or simpler name.")
    if error.errno == errno.EISDIR:
        return UserError(f"{name} is a folder.", "Choose another name.")
    return UserError(f"{name} cannot be written: {error.strerror or error}.", "Choose another place.")


def _flush_to_disk(part: Path) -> None:
    """Make sure that the bytes are on the disk before the name is: a power cut must not leave an empty file."""
    with part.open("rb+") as file:
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Make the new name last; Windows has no such call and needs none."""
    if os.name != "posix":
        return
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
