"""AVIF through OpenCV, where its build has it: 8 bits, or 12 for photos of 16; straight alpha, metadata kept.

Where it has not, there is no such format, and the file is said to be unknown.
"""

from __future__ import annotations

import struct
import warnings
from io import BytesIO
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np

from editor.api import FileFormat, Photo, UserError, WriteOptions
from editor.document.codec import opencv
from editor.document.codec.picture import photo_from
from editor.document.codec.png_chunks import Metadata

_BRANDS = (b"avif", b"avis")
_TOP_12_BIT = 4095
_SPEED = 8  # of 10: slower gains a few per cent of size for several times the wait


class Avif(FileFormat):
    """Small files of high quality for the web."""

    name: ClassVar[str] = "avif"
    title: ClassVar[str] = "AVIF"
    suffixes: ClassVar[tuple[str, ...]] = (".avif",)

    def matches(self, head: bytes) -> bool:
        """See the base class."""
        return head[4:8] == b"ftyp" and any(brand in head[8:] for brand in _BRANDS)

    def read_size(self, path: Path) -> tuple[int, int]:
        """See the base class."""
        with path.open("rb") as file:
            return _facts(file.read())[0]

    def read(self, path: Path) -> Photo:
        """See the base class."""
        data = path.read_bytes()
        _check_whole(data)
        size, metadata = _facts(data)
        array = opencv.decode(data)
        if array.dtype == np.uint16:
            array = _full_range(array, _bits(data))
        pixels, alpha = opencv.split(array)
        if (pixels.shape[1], pixels.shape[0]) != size:
            raise _damaged("its header and its pixels disagree")
        return photo_from(pixels, alpha, metadata, kind=self.name)

    def write(self, path: Path, photo: Photo, options: WriteOptions) -> None:
        """See the base class."""
        quality = 100 if options.lossless else min(99, options.quality)
        settings = [cv2.IMWRITE_AVIF_QUALITY, quality, cv2.IMWRITE_AVIF_SPEED, _SPEED]
        array = opencv.join(photo.pixels, photo.alpha)
        if array.dtype == np.uint16:
            settings += [cv2.IMWRITE_AVIF_DEPTH, 12]
            array = ((array.astype(np.uint32) * _TOP_12_BIT + 32767) // 65535).astype(np.uint16)
        kinds = (cv2.IMAGE_METADATA_ICCP, cv2.IMAGE_METADATA_EXIF, cv2.IMAGE_METADATA_XMP)
        carried = [(k, v) for k, v in zip(kinds, (photo.icc, photo.exif, photo.xmp), strict=True) if v]
        try:
            done, data = cv2.imencodeWithMetadata(
                ".avif", array, [k for k, _ in carried], [np.frombuffer(v, np.uint8) for _, v in carried], settings
            )
        except cv2.error as error:
            raise _refused() from error
        if not done:
            raise _refused()
        path.write_bytes(data.tobytes())

    def losses(self, photo: Photo, options: WriteOptions) -> tuple[str, ...]:
        """See the base class."""
        if photo.pixels.dtype != np.uint16:
            return ()
        return ("AVIF holds 12 bits a colour: the 16 bits of this picture were rounded to 12.",)


def _facts(data: bytes) -> tuple[tuple[int, int], Metadata]:
    """Stored size and metadata, without decoding pixels; the container's own turn is stated in the EXIF returned."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow grumbles about damaged EXIF on the terminal
            with Image.open(BytesIO(data), formats=("AVIF",)) as picture:
                info, size = picture.info, picture.size
    except Image.DecompressionBombError as error:
        raise UserError("This AVIF picture is too large to be opened.", "Make it smaller where it was made.") from error
    except (OSError, ValueError, SyntaxError, RuntimeError) as error:
        raise _damaged("it cannot be decoded") from error
    block = info.get("exif")
    block = block[6:] if block and block.startswith(b"Exif\0\0") else block
    return size, Metadata(info.get("icc_profile"), block, info.get("xmp"))


def _check_whole(data: bytes) -> None:
    """Raise ``UserError`` where one of the boxes that make up the file reaches beyond its end."""
    at = 0
    while at < len(data):
        if at + 8 > len(data):
            raise _damaged("it ends too soon")
        length = struct.unpack_from(">I", data, at)[0]
        if length == 1 and at + 16 <= len(data):
            length = struct.unpack_from(">Q", data, at + 8)[0]
        elif length == 0:  # the last box may run to the end, whatever that is
            return
        if length < 8 or at + length > len(data):
            raise _damaged("it ends too soon")
        at += length


def _bits(data: bytes) -> int:
    """Bits a colour, from the AV1 configuration record."""
    at = data.find(b"av1C")
    flags = data[at + 6] if 0 <= at < len(data) - 6 else 0
    return 12 if flags & 0x20 else 10 if flags & 0x40 else 16


def _full_range(array: np.ndarray, bits: int) -> np.ndarray:
    """Values of 10 or 12 bits spread over 16."""
    top = (1 << bits) - 1
    return ((np.minimum(array, top).astype(np.uint32) * 65535 + top // 2) // top).astype(np.uint16)


def _refused() -> UserError:
    return UserError("The picture cannot be written as AVIF.", "Choose PNG, TIFF or WebP.")


def _damaged(why: str) -> UserError:
    return UserError(f"This AVIF file is damaged: {why}.", "Take another copy of it.")


PLUGINS = [Avif] if cv2.haveImageWriter(".avif") else []
