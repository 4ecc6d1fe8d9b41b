"""A zip archive from anyone, read without trusting it: nothing is unpacked to disk, and sizes are checked first."""

from __future__ import annotations

import errno
import re
import zipfile
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from editor.document.codec import png_chunks
from editor.document.codec.picture import LIMIT_PIXELS
from editor.errors import UserError

_MEMBERS_LIMIT = 10_000
_MEMBER_LIMIT_BYTES = 4 << 30
_TOTAL_LIMIT_BYTES = 64 << 30
_ALL_LIMIT_PIXELS = 16 * LIMIT_PIXELS
_BEST_DEFLATE = 1100  # deflate cannot pack more bytes than this into one; who claims it, lies
_CLIMBS_OUT = re.compile(r"^[/\\]|^[A-Za-z]:|(^|[/\\])\.\.([/\\]|$)|\0")
_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, LookupError)
"""What zipfile raises for archives that are damaged, encrypted or packed in an unknown way."""


class Archive:
    """An open archive whose list of members has been checked."""

    def __init__(self, name: str, file: zipfile.ZipFile) -> None:
        self.name, self._file = name, file
        self._pixels = 0
        members = file.infolist()
        self._members = {info.filename: info for info in members}
        if len(members) > _MEMBERS_LIMIT or sum(info.file_size for info in members) > _TOTAL_LIMIT_BYTES:
            raise UserError(
                f"{name} claims to hold more than any project does.", "Do not open it: it was made to do harm."
            )
        if len(self._members) < len(members):
            raise damaged(name, "it names a part twice")
        for info in members:
            if _CLIMBS_OUT.search(info.orig_filename) or _CLIMBS_OUT.search(info.filename):
                raise UserError(f"{name} names a place outside itself ({info.filename[:60]}).", "Do not open it.")

    @property
    def count(self) -> int:
        """How many members there are, at least 1."""
        return max(1, len(self._members))

    def __contains__(self, member: str) -> bool:
        """True when there is such a member."""
        return member in self._members

    def read(self, member: str, limit_bytes: int = _MEMBER_LIMIT_BYTES) -> bytes:
        """A member's bytes, checked against its checksum; ``UserError`` where it is missing, damaged or too large."""
        info = self._members.get(member)
        if info is None:
            raise damaged(self.name, f"{member} is missing")
        if info.file_size > limit_bytes or info.file_size > _BEST_DEFLATE * info.compress_size + 1024:
            raise UserError(f"{self.name}: {member} claims to be {info.file_size} bytes long.", "Do not open it.")
        try:
            return self._file.read(info)
        except _FAULTS as error:
            raise damaged(self.name, f"{member} cannot be read") from error

    def read_png(self, member: str) -> tuple[np.ndarray, np.ndarray | None, png_chunks.Metadata]:
        """Colours (H, W, 3), alpha (H, W) or None and metadata of a PNG; ``UserError`` that names it when damaged."""
        data = self.read(member)
        self._check_png(member, data)
        try:
            return png_chunks.read(data)
        except UserError as error:
            raise damaged(self.name, f"{member} cannot be read") from error

    def read_plane(self, member: str) -> np.ndarray:
        """The array (H, W) or (H, W, 3) of a PNG that was written as a plane, or (H, W, 4) of a layer's picture."""
        data = self.read(member)
        self._check_png(member, data)
        try:
            return png_chunks.read_array(data)
        except UserError as error:
            raise damaged(self.name, f"{member} cannot be read") from error

    def _check_png(self, member: str, data: bytes) -> None:
        try:
            width, height = png_chunks.size_of(data[:24])
        except UserError as error:
            raise damaged(self.name, f"{member} is no PNG picture") from error
        if width * height > LIMIT_PIXELS:
            raise UserError(
                f"{self.name}: {member} is {width} x {height} pixels, too many to open.", "Make it smaller."
            )


@contextmanager
def open_archive(path: Path) -> Generator[Archive]:
    """The archive at ``path``, open for the block; ``UserError`` where there is none or it is damaged."""
    if path.is_file() and not path.stat().st_size:
        raise UserError(f"{path.name} is empty.", "The copy went wrong: take another one.")
    try:
        with zipfile.ZipFile(path) as file:
            yield Archive(path.name, file)
    except FileNotFoundError as error:
        raise UserError(f"{path} is not there.", "It may have been moved or renamed.") from error
    except OSError as error:
        if error.errno == errno.EINVAL:  # the list of members points before the beginning
            raise damaged(path.name, "its beginning is missing") from error
        raise UserError(
            f"{path.name} cannot be read: {error.strerror or error}.", "Check the disk, and try a copy."
        ) from error
    except zipfile.BadZipFile as error:
        raise damaged(path.name, "it is no project file, or breaks off") from error
    except MemoryError as error:
        raise UserError(
            f"There is not enough memory to open {path.name}.", "Close other programs or photos."
        ) from error


def damaged(name: str, why: str) -> UserError:
    """The error for a project that cannot be read, with the part that is at fault."""
    return UserError(
        f"The project {name} is damaged: {why}.", "Take another copy; an older one may be among your backups."
    )
