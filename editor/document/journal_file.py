"""The journal's file: frames one behind the other, each with its length and checksum.

Nothing in it is ever changed, only added, so that a power cut can spoil at most the end. Tiles and blobs are numbered
in the order in which they come; a state names the tiles it is made of.
"""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from editor.errors import UserError

HEADER, TILE, BLOB, STATE, SAVED = 1, 2, 3, 4, 5
_FRAME = struct.Struct("<4sBQI")  # magic, kind, length, CRC-32 of the content
_MAGIC = b"MJF\x01"
_TILE = struct.Struct("<BBHHB")  # bytes a sample, packed or not, height, width, channels
_DTYPES = {1: np.uint8, 2: np.uint16}


@dataclass(frozen=True)
class Frame:
    """Where a frame's content lies in the file, and its checksum."""

    kind: int
    at: int
    length: int
    crc: int


class FrameWriter:
    """Adds frames to a file. What is not complete is cut off again by ``rewind``."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("w+b")
        self.end = 0

    def add(self, kind: int, content: bytes) -> int:
        """Add a frame; returns its length in the file. ``OSError`` where the disk refuses."""
        self._file.write(_FRAME.pack(_MAGIC, kind, len(content), zlib.crc32(content)))
        self._file.write(content)
        self.end += _FRAME.size + len(content)
        return _FRAME.size + len(content)

    def flush(self) -> None:
        """Make everything added so far last."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def rewind(self, end: int) -> None:
        """Cut the file off at ``end``, an earlier value of :attr:`end`."""
        self._file.seek(end)
        self._file.truncate(end)
        self.end = end

    def reopen(self, path: Path) -> None:
        """Go on adding to the file that was closed, which is called ``path`` now."""
        self._file = path.open("r+b")
        self._file.seek(self.end)

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        self._file.close()


class FrameReader:
    """All whole frames at the start of a file, up to the first that is not."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("rb")
        self.frames: list[Frame] = []
        size = path.stat().st_size
        at = 0
        while at + _FRAME.size <= size:
            self._file.seek(at)
            magic, kind, length, crc = _FRAME.unpack(self._file.read(_FRAME.size))
            at += _FRAME.size
            if magic != _MAGIC or at + length > size:
                break
            self.frames.append(Frame(kind, at, length, crc))
            at += length

    def content(self, frame: Frame) -> bytes:
        """The frame's content; ``ValueError`` where it fails its checksum."""
        self._file.seek(frame.at)
        content = self._file.read(frame.length)
        if len(content) != frame.length or zlib.crc32(content) != frame.crc:
            raise ValueError("a part of the journal is damaged")
        return content

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def pack_tile(tile: np.ndarray) -> bytes:
    """A tile (h, w) or (h, w, 3) as bytes; masks and labels are packed, since they pack well and colours do not."""
    plain = np.ascontiguousarray(tile).tobytes()
    one_channel = tile.ndim == 2
    packed = zlib.compress(plain, 1) if one_channel else plain
    head = _TILE.pack(tile.itemsize, one_channel, *tile.shape[:2], 1 if one_channel else tile.shape[2])
    return head + packed


def unpack_tile(content: bytes) -> np.ndarray:
    """What :func:`pack_tile` was given; ``ValueError`` for nonsense."""
    try:
        sample, is_packed, height, width, channels = _TILE.unpack_from(content)
        plain = zlib.decompress(content[_TILE.size :]) if is_packed else content[_TILE.size :]
        shape = (height, width) if channels == 1 else (height, width, channels)
        return np.frombuffer(plain, _DTYPES[sample]).reshape(shape)
    except (struct.error, zlib.error, KeyError) as error:
        raise ValueError("a tile of the journal is damaged") from error


def unreadable() -> UserError:
    """The error for a journal from which nothing can be brought back."""
    return UserError(
        "The unsaved work cannot be brought back: its journal is damaged.", "Open the photo or project again."
    )
