"""WebP: lossless with every pixel exact, or lossy; straight alpha, profile, EXIF and XMP kept; 8 bits.

The container (RIFF, after Google's WebP container specification) is read and written here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np

from editor.api import FileFormat, Photo, UserError, WriteOptions
from editor.document.codec import opencv
from editor.document.codec.picture import photo_from
from editor.document.codec.png_chunks import Metadata

_SIDE_LIMIT_PX = 16383
_ICC_FLAG, _ALPHA_FLAG, _EXIF_FLAG, _XMP_FLAG, _ANIMATED_FLAG = 0x20, 0x10, 0x08, 0x04, 0x02


class WebP(FileFormat):
    """Small files with transparency for the web."""

    name: ClassVar[str] = "webp"
    title: ClassVar[str] = "WebP"
    suffixes: ClassVar[tuple[str, ...]] = (".webp",)
    writes_16_bit: ClassVar[bool] = False

    def matches(self, head: bytes) -> bool:
        """See the base class."""
        return head[:4] == b"RIFF" and head[8:12] == b"WEBP"

    def read_size(self, path: Path) -> tuple[int, int]:
        """See the base class."""
        with path.open("rb") as file:
            return _size_of(file.read(64))

    def read(self, path: Path) -> Photo:
        """See the base class."""
        data = path.read_bytes()
        size = _size_of(data[:64])
        found = dict(_chunks(data))
        if b"VP8X" in found and found[b"VP8X"][0] & _ANIMATED_FLAG:
            raise UserError("This WebP file is an animation.", "Save the picture you want from it as PNG.")
        if not found.keys() & {b"VP8 ", b"VP8L"}:
            raise _damaged("it holds no picture")
        pixels, alpha = opencv.split(opencv.decode(_pixels_only(found, size)))
        if (pixels.shape[1], pixels.shape[0]) != size:
            raise _damaged("its header and its pixels disagree")
        metadata = Metadata(found.get(b"ICCP"), _bare_exif(found.get(b"EXIF")), found.get(b"XMP "))
        return photo_from(pixels, alpha, metadata, kind=self.name)

    def write(self, path: Path, photo: Photo, options: WriteOptions) -> None:
        """See the base class."""
        height, width = photo.pixels.shape[:2]
        if max(width, height) > _SIDE_LIMIT_PX:
            raise UserError(
                f"WebP holds at most {_SIDE_LIMIT_PX} pixels a side; this picture has {width} x {height}.",
                "Choose PNG or TIFF, or make it smaller.",
            )
        plain = _lossless(photo) if options.lossless else _lossy(photo, options.quality)
        path.write_bytes(_with_metadata(plain, photo))


def _lossless(photo: Photo) -> bytes:
    """Exact pixels, colour under alpha 0 included: whether that is hidden has been decided by the caller.

    Pillow, since it can be told how hard to try: OpenCV's only effort takes five times as long for 1 % less.
    """
    from PIL import Image

    together = photo.pixels if photo.alpha is None else np.dstack((photo.pixels, photo.alpha))
    file = BytesIO()
    Image.fromarray(together).save(file, "WEBP", lossless=True, exact=True, method=1, quality=20)
    return file.getvalue()


def _lossy(photo: Photo, quality: int) -> bytes:
    settings = (cv2.IMWRITE_WEBP_QUALITY, min(quality, 100), cv2.IMWRITE_WEBP_LOSSLESS_MODE, 0)
    return opencv.encode(".webp", photo.pixels, photo.alpha, settings)


def _size_of(head: bytes) -> tuple[int, int]:
    """Width and height from the first chunk, of any of the three kinds."""
    kind, at = head[12:16], 20
    if len(head) >= at + 10 and kind == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if len(head) >= at + 10 and kind == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", head, 26)
        if width & 0x3FFF and height & 0x3FFF:
            return width & 0x3FFF, height & 0x3FFF
    if len(head) >= at + 5 and kind == b"VP8L" and head[at] == 0x2F:
        bits = int.from_bytes(head[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    raise _damaged("it has no header")


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and content of every chunk, the first of each name last; ``UserError`` where the file breaks off."""
    end = 8 + struct.unpack_from("<I", data, 4)[0]
    if end > len(data):
        raise _damaged("it ends too soon")
    found: list[tuple[bytes, bytes]] = []
    at = 12
    while at + 8 <= end:
        name, length = struct.unpack_from("<4sI", data, at)
        if at + 8 + length > end:
            raise _damaged("a part of it is cut short")
        found.append((name, data[at + 8 : at + 8 + length]))
        at += 8 + length + length % 2
    yield from reversed(found)


def _pixels_only(found: dict[bytes, bytes], size: tuple[int, int]) -> bytes:
    """A file with the pixels and nothing else, for the decoder."""
    if b"VP8L" in found:
        return _riff(_chunk(b"VP8L", found[b"VP8L"]))
    if b"ALPH" in found:
        return _riff(_header(_ALPHA_FLAG, size) + _chunk(b"ALPH", found[b"ALPH"]) + _chunk(b"VP8 ", found[b"VP8 "]))
    return _riff(_chunk(b"VP8 ", found[b"VP8 "]))


def _with_metadata(plain: bytes, photo: Photo) -> bytes:
    """The encoder's file with profile, EXIF and XMP, in the order that the container demands."""
    if not (photo.icc or photo.exif or photo.xmp):
        return plain
    found = dict(_chunks(plain))
    flags = _ALPHA_FLAG if photo.alpha is not None else 0
    flags |= (_ICC_FLAG if photo.icc else 0) | (_EXIF_FLAG if photo.exif else 0) | (_XMP_FLAG if photo.xmp else 0)
    body = _header(flags, (photo.pixels.shape[1], photo.pixels.shape[0]))
    pixels = [(name, found[name]) for name in (b"ALPH", b"VP8 ", b"VP8L") if name in found]
    for name, content in ((b"ICCP", photo.icc), *pixels, (b"EXIF", photo.exif), (b"XMP ", photo.xmp)):
        body += _chunk(name, content) if content else b""
    return _riff(body)


def _header(flags: int, size: tuple[int, int]) -> bytes:
    sides = b"".join((side - 1).to_bytes(3, "little") for side in size)
    return _chunk(b"VP8X", bytes((flags, 0, 0, 0)) + sides)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack("<4sI", name, len(content)) + content + bytes(len(content) % 2)


def _riff(body: bytes) -> bytes:
    return struct.pack("<4sI4s", b"RIFF", len(body) + 4, b"WEBP") + body


def _bare_exif(block: bytes | None) -> bytes | None:
    """EXIF from its TIFF header on; some programs put JPEG's prefix before it here too."""
    return block[6:] if block and block.startswith(b"Exif\0\0") else block


def _damaged(why: str) -> UserError:
    return UserError(f"This WebP file is damaged: {why}.", "Take another copy of it.")


PLUGINS = [WebP]
