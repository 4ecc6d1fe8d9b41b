"""JPEG (ITU-T T.81): baseline and progressive, grey, RGB, CMYK and YCCK; profile, EXIF and XMP kept.

The markers are read here, so that a file that breaks off is refused: a decoder would fill the rest with grey in
silence.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, ClassVar

import cv2
import numpy as np

from editor.api import FileFormat, Photo, UserError, WriteOptions
from editor.document.codec import opencv
from editor.document.codec.picture import photo_from
from editor.document.codec.png_chunks import Metadata
from plugins.formats._cmyk import to_srgb

_SIDE_LIMIT_PX = 65500  # libjpeg's; the format itself ends at 65535
_FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
_APP1, _APP2, _SCAN, _END = 0xE1, 0xE2, 0xDA, 0xD9
_EXIF, _XMP, _ICC = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0", b"ICC_PROFILE\0"
_SEGMENT_LIMIT_BYTES = 65533  # a segment's length counts itself, two bytes
_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")  # in scan data ff00 is a plain ff, and d0 to d7 are restarts


@dataclass(frozen=True)
class _Frame:
    """What the frame header says."""

    width: int
    height: int
    channels: int


class Jpeg(FileFormat):
    """Small files for the web; 8 bits, no transparency."""

    name: ClassVar[str] = "jpeg"
    title: ClassVar[str] = "JPEG"
    suffixes: ClassVar[tuple[str, ...]] = (".jpg", ".jpeg", ".jpe", ".jfif")
    writes_grey: ClassVar[bool] = True
    writes_alpha: ClassVar[bool] = False
    writes_16_bit: ClassVar[bool] = False

    def matches(self, head: bytes) -> bool:
        """See the base class."""
        return head.startswith(b"\xff\xd8\xff")

    def read_size(self, path: Path) -> tuple[int, int]:
        """See the base class."""
        with path.open("rb") as file:
            for marker, content in _segments(file):
                if marker in _FRAMES:
                    frame = _frame(marker, content)
                    return frame.width, frame.height
        raise _damaged("it has no frame header")

    def read(self, path: Path) -> Photo:
        """See the base class."""
        data = path.read_bytes()
        file = BytesIO(data)
        segments = list(_segments(file))
        frames = [_frame(marker, content) for marker, content in segments if marker in _FRAMES]
        if not frames:
            raise _damaged("it has no frame header")
        scans = data[file.tell() : _end_of(data, file.tell())]
        metadata = _metadata(segments)
        pixels = _decoded(_pixels_only(segments, scans))
        if pixels.shape[2] == 4:
            pixels = to_srgb(pixels, metadata.icc)
        if pixels.shape[:2] != (frames[0].height, frames[0].width):
            raise _damaged("its header and its pixels disagree")
        return photo_from(pixels, None, metadata, kind=self.name)

    def write(self, path: Path, photo: Photo, options: WriteOptions) -> None:
        """See the base class."""
        if max(photo.pixels.shape[:2]) > _SIDE_LIMIT_PX:
            raise UserError(f"JPEG holds at most {_SIDE_LIMIT_PX} pixels a side.", "Choose PNG or TIFF.")
        sampling = (
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444 if options.quality >= 90 else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420
        )
        settings = (
            cv2.IMWRITE_JPEG_QUALITY, options.quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1,
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling,
        )  # fmt: skip
        data = opencv.encode(".jpg", photo.pixels, None, settings)
        start = 4 + struct.unpack_from(">H", data, 4)[0] if data[2:4] == b"\xff\xe0" else 2  # JFIF's header stays first
        path.write_bytes(data[:start] + _segments_of(photo) + data[start:])

    def losses(self, photo: Photo, options: WriteOptions) -> tuple[str, ...]:
        """See the base class."""
        lost = []
        if len(photo.exif or b"") > _SEGMENT_LIMIT_BYTES - len(_EXIF):
            lost.append("The EXIF data are longer than JPEG allows and were left out.")
        if len(photo.xmp or b"") > _SEGMENT_LIMIT_BYTES - len(_XMP):
            lost.append("The XMP data are longer than JPEG allows and were left out.")
        return tuple(lost)


def _segments(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Marker and content of each segment up to the first scan's header; the file then stands behind that."""
    file.seek(2)
    while True:
        marker = _next_marker(file)
        if marker == _END:
            raise _damaged("it holds no picture")
        if marker == 0x01 or 0xD0 <= marker <= 0xD7:  # these have no content
            continue
        length = file.read(2)
        wanted = struct.unpack(">H", length)[0] - 2 if len(length) == 2 else -1
        content = file.read(max(0, wanted))
        if wanted < 0 or len(content) < wanted:
            raise _damaged("it ends too soon")
        yield marker, content
        if marker == _SCAN:
            return


def _next_marker(file: BinaryIO) -> int:
    """The next marker's second byte; bytes that stray between segments are skipped, as every decoder does."""
    skipped = 0
    while skipped < 1 << 16:
        byte = file.read(1)
        while byte == b"\xff":
            byte = file.read(1)
            if byte not in (b"\xff", b"\0", b""):
                return byte[0]
        if not byte:
            raise _damaged("it ends too soon")
        skipped += 1
    raise _damaged("its structure cannot be followed")


def _frame(marker: int, content: bytes) -> _Frame:
    if len(content) < 6:
        raise _damaged("its frame header is cut short")
    bits, height, width, channels = struct.unpack_from(">BHHB", content)
    if bits != 8 or marker in (0xC3, 0xC7, 0xCB, 0xCF):
        raise UserError(
            f"This JPEG holds {bits} bits a colour or is of the lossless kind.", "Convert it to TIFF or PNG."
        )
    if not width or not height or channels not in (1, 3, 4):
        raise _damaged("its frame header makes no sense")
    return _Frame(width, height, channels)


def _end_of(data: bytes, at: int) -> int:
    """Where the picture ends, the end marker counted; ``UserError`` when it breaks off before one."""
    while found := _MARKER.search(data, at):
        at = found.end()
        if found[1][0] == _END:
            return at
        if at + 2 > len(data):
            break
        at += struct.unpack_from(">H", data, at)[0]  # further tables and scans of a progressive picture
    raise _damaged("it ends too soon")


def _metadata(segments: list[tuple[int, bytes]]) -> Metadata:
    exif = xmp = None
    pieces: dict[int, bytes] = {}
    for marker, content in segments:
        if marker == _APP1 and content.startswith(_EXIF):
            exif = exif or content[len(_EXIF) :]
        elif marker == _APP1 and content.startswith(_XMP):
            xmp = xmp or content[len(_XMP) :]
        elif marker == _APP2 and content.startswith(_ICC) and len(content) > len(_ICC) + 2:
            pieces[content[len(_ICC)]] = content[len(_ICC) + 2 :]
    return Metadata(b"".join(pieces[key] for key in sorted(pieces)) or None, exif, xmp)


def _segments_of(photo: Photo) -> bytes:
    """EXIF, XMP and the profile as segments; what is too long for one is left out (see ``losses``)."""
    out = b""
    if photo.exif and len(photo.exif) <= _SEGMENT_LIMIT_BYTES - len(_EXIF):
        out += _segment(_APP1, _EXIF + photo.exif)
    if photo.xmp and len(photo.xmp) <= _SEGMENT_LIMIT_BYTES - len(_XMP):
        out += _segment(_APP1, _XMP + photo.xmp)
    if photo.icc:
        room = _SEGMENT_LIMIT_BYTES - len(_ICC) - 2
        pieces = [photo.icc[at : at + room] for at in range(0, len(photo.icc), room)]
        if len(pieces) < 256:
            out += b"".join(
                _segment(_APP2, _ICC + bytes((number, len(pieces))) + piece) for number, piece in enumerate(pieces, 1)
            )
    return out


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def _pixels_only(segments: list[tuple[int, bytes]], scans: bytes) -> bytes:
    """The picture without what is none of the decoder's business: metadata, and what a phone adds behind the end."""
    kept = [_segment(marker, content) for marker, content in segments if not 0xE1 <= marker <= 0xED]
    return b"\xff\xd8" + b"".join(kept) + scans


def _decoded(data: bytes) -> np.ndarray:
    """(H, W, 3) uint8 RGB, or (H, W, 4) CMYK with 255 for full ink.

    By Pillow: OpenCV mixes CMYK without its profile, and lets libjpeg write to the terminal.
    """
    from PIL.JpegImagePlugin import JpegImageFile

    try:
        with JpegImageFile(BytesIO(data)) as picture:
            picture.load()
            return np.asarray(picture if picture.mode in ("RGB", "CMYK") else picture.convert("RGB"))
    except (OSError, ValueError, SyntaxError) as error:
        raise _damaged("its pixels cannot be decoded") from error


def _damaged(why: str) -> UserError:
    return UserError(
        f"This JPEG file is damaged: {why}.", "Take another copy of it, from the camera's card if need be."
    )


PLUGINS = [Jpeg]
