"""TIFF: 8 and 16 bits, strips and tiles, grey, palette, CMYK, alpha of either kind; written as deflate with straight
alpha.

Read by tifffile; LZW is unpacked by OpenCV's codec first, and JPEG inside TIFF is read by OpenCV whole, so that no
further package of codecs is needed.
"""

from __future__ import annotations

import logging
import lzma
import struct
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from editor.api import FileFormat, Photo, UserError, WriteOptions
from editor.document.codec import exif, opencv
from editor.document.codec.picture import photo_from
from editor.document.codec.png_chunks import Metadata
from editor.document.colour import to_8_bit
from plugins.formats._cmyk import to_srgb
from plugins.formats._tiff_directory import exif_in, reaches_beyond, with_exif, without_lzw

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR = 0, 1, 2, 3, 5, 6
_COLOURS = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _PALETTE: 1, _CMYK: 4, _YCBCR: 3}
_CAMERA_DATA = (32803, 34892)  # a sensor's mosaic, and linear raw: what DNG holds
_DNG_VERSION, _ICC, _XMP, _ORIENTATION = 50706, 34675, 700, 274
_NONE, _LZW, _JPEG = 1, 5, 7
_TIFFFILE_READS = (_NONE, 8, 32946, 32773, 34925)  # none, deflate twice, PackBits, LZMA
_ASSOCIATED = 1
_BEST_PACKING = 20_000  # no codec packs more bytes than this into one
_FAULTS = (
    ValueError, LookupError, TypeError, ArithmeticError, AttributeError, RuntimeError, EOFError, AssertionError,
    struct.error, zlib.error, lzma.LZMAError,
)  # fmt: skip
"""What tifffile raises for files that make no sense; caught round its calls only, never round code of ours."""


class Tiff(FileFormat):
    """For print and for going on in other programs: lossless, 16 bits, straight alpha."""

    name: ClassVar[str] = "tiff"
    title: ClassVar[str] = "TIFF"
    suffixes: ClassVar[tuple[str, ...]] = (".tif", ".tiff")
    writes_grey: ClassVar[bool] = True

    def matches(self, head: bytes) -> bool:
        """See the base class."""
        return head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

    def read_size(self, path: Path) -> tuple[int, int]:
        """See the base class."""
        with path.open("rb") as file, _faults_explained(), _first_page(file) as page:
            return int(page.imagewidth), int(page.imagelength)

    def read(self, path: Path) -> Photo:
        """See the base class."""
        data = path.read_bytes()
        with _faults_explained(), _first_page(BytesIO(data)) as page:
            _check_readable(page, len(data))
            if reaches_beyond(data):
                raise _damaged("it ends too soon")
            metadata, how = _metadata(page, data), _orientation(page)
            compression = int(page.compression)
            lzw_pieces = _pieces(page) if compression == _LZW else None
        if compression == _JPEG:
            pixels, alpha = opencv.split(opencv.decode(exif.as_upright(data) or data))
            return photo_from(pixels, alpha, metadata, self.name, how)
        if lzw_pieces is not None:
            data = without_lzw(data, *lzw_pieces)
        with _faults_explained(), _first_page(BytesIO(data)) as page:
            samples = _samples(page)
            facts = _Facts(page)
        pixels, alpha = _colours(samples, facts, metadata.icc)
        return photo_from(pixels, alpha, metadata, self.name, how)

    def write(self, path: Path, photo: Photo, options: WriteOptions) -> None:
        """See the base class."""
        import tifffile

        together = photo.pixels if photo.alpha is None else np.dstack((photo.pixels, photo.alpha))
        order: Literal["<", ">"] = ">" if exif.order_of(photo.exif or b"") == ">" else "<"
        file = BytesIO()
        tifffile.imwrite(
            file, together.astype(together.dtype.newbyteorder(order), copy=False), byteorder=order,
            photometric="rgb" if together.ndim == 3 else "minisblack",
            extrasamples=None if photo.alpha is None else ["unassalpha"], compression="zlib",
            compressionargs={"level": 1}, predictor=True, iccprofile=photo.icc, metadata=None, software=False,
            extratags=[(_XMP, 1, len(photo.xmp), photo.xmp, True)] if photo.xmp else None,
        )  # fmt: skip
        data = file.getvalue()
        path.write_bytes(with_exif(data, photo.exif) if photo.exif else data)


class _Facts:
    """What is needed of a page once its samples are read."""

    def __init__(self, page: Any) -> None:
        self.photometric = int(page.photometric)
        self.bits = int(page.bitspersample)
        self.extra = tuple(int(kind) for kind in page.extrasamples or ())
        self.palette = page.colormap


@contextmanager
def _faults_explained() -> Generator[None]:
    """Turn tifffile's many ways of giving up into one sentence."""
    try:
        yield
    except UserError:
        raise
    except _FAULTS as error:
        raise _damaged("its structure makes no sense") from error


@contextmanager
def _first_page(file: Any) -> Generator[Any]:
    """The first page of an open file, checked for making sense as a picture."""
    import tifffile

    logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # it would tell the terminal what we tell the user
    with tifffile.TiffFile(file) as tiff:
        page: Any = tiff.pages[0]
        if page.imagewidth < 1 or page.imagelength < 1:
            raise _damaged("it claims to have no pixels")
        yield page


def _check_readable(page: Any, file_bytes: int) -> None:
    """Raise ``UserError`` with the reason where this is no picture that can be read here."""
    photometric, compression = int(page.photometric), int(page.compression)
    if photometric in _CAMERA_DATA or _DNG_VERSION in page.tags:
        raise UserError(
            "This is a camera's raw file, which has to be developed first.",
            "Export it as a 16-bit TIFF or PNG from darktable, RawTherapee or Lightroom.",
        )
    as_jpeg = compression == _JPEG
    if photometric not in _COLOURS or (photometric == _YCBCR and not as_jpeg) or (photometric == _CMYK and as_jpeg):
        raise UserError("This TIFF holds colours of a kind that cannot be read here.", "Convert it to RGB first.")
    if page.dtype is None or page.dtype.name not in ("uint8", "uint16", "bool") or page.bitspersample not in (1, 8, 16):
        raise UserError(
            f"This TIFF holds {page.bitspersample} bits a colour, or floating-point numbers.",
            "Convert it to 16 bits first.",
        )
    if page.imagedepth != 1 or page.samplesperpixel < _COLOURS[photometric]:
        raise _damaged("its channels make no sense")
    if compression not in (*_TIFFFILE_READS, _LZW, _JPEG) or (compression == _LZW and page.parent.is_bigtiff):
        raise UserError(
            "This TIFF is packed in a way that cannot be read here.", "Save it with deflate or without packing."
        )
    _check_whole(page, file_bytes)


def _check_whole(page: Any, file_bytes: int) -> None:
    offsets, lengths = page.dataoffsets, page.databytecounts
    if not offsets or len(offsets) != len(lengths):
        raise _damaged("its pixels cannot be found")
    if any(
        not length or not offset or offset + length > file_bytes
        for offset, length in zip(offsets, lengths, strict=True)
    ):
        raise _damaged("it ends too soon")
    needed = page.imagewidth * page.imagelength * page.samplesperpixel * page.bitspersample // 8
    if page.compression == _NONE and sum(lengths) < needed:
        raise _damaged("it holds fewer pixels than it claims")
    if needed > _BEST_PACKING * sum(lengths):
        raise _damaged("it claims more pixels than its data can hold")


def _metadata(page: Any, data: bytes) -> Metadata:
    icc, xmp = (page.tags.valueof(tag) for tag in (_ICC, _XMP))
    xmp = xmp.encode() if isinstance(xmp, str) else xmp
    return Metadata(
        icc if isinstance(icc, bytes) else None, exif_in(data), xmp if isinstance(xmp, bytes) else None
    )  # fmt: skip


def _orientation(page: Any) -> int:
    value = page.tags.valueof(_ORIENTATION)
    return int(value) if isinstance(value, int) and 1 <= value <= 8 else 1


def _pieces(page: Any) -> tuple[list[int], list[int], list[tuple[int, int]]]:
    """Where the strips or tiles lie, and (rows, bytes a row) of each once unpacked."""
    chunky = int(page.planarconfig) == 1
    samples = int(page.samplesperpixel) if chunky else 1
    width = int(page.tilewidth if page.is_tiled else page.imagewidth)
    row_bytes = -(-width * samples * int(page.bitspersample) // 8)
    count = len(page.dataoffsets)
    if page.is_tiled:
        shapes = [(int(page.tilelength), row_bytes)] * count
    else:
        height, rows = int(page.imagelength), min(int(page.rowsperstrip), int(page.imagelength))
        a_plane = -(-height // rows)
        shapes = [(min(rows, height - index % a_plane * rows), row_bytes) for index in range(count)]
    return list(page.dataoffsets), list(page.databytecounts), shapes


def _samples(page: Any) -> np.ndarray:
    """All samples as (H, W, S), in the machine's byte order."""
    array = np.asarray(page.asarray())
    height, width, samples = int(page.imagelength), int(page.imagewidth), int(page.samplesperpixel)
    if int(page.planarconfig) == 2 and samples > 1:
        array = np.moveaxis(array.reshape(samples, height, width), 0, -1)
    array = array.reshape(height, width, samples)
    return (
        array.astype(np.uint8) * 255 if array.dtype == bool else array.astype(array.dtype.newbyteorder("="), copy=False)
    )


def _colours(samples: np.ndarray, facts: _Facts, icc: bytes | None) -> tuple[np.ndarray, np.ndarray | None]:
    """RGB (H, W, 3) and straight alpha (H, W) or None. A channel of unstated meaning counts as alpha: it is how
    Photoshop stores a saved selection."""
    count = _COLOURS[facts.photometric]
    colours = np.ascontiguousarray(samples[..., :count])
    alpha = samples[..., count] if samples.shape[2] > count else None
    top = np.iinfo(samples.dtype).max
    if facts.photometric == _WHITE_IS_ZERO:
        colours = top - colours
    elif facts.photometric == _PALETTE:
        return _through_palette(colours[..., 0], facts), alpha
    if alpha is not None and facts.extra[:1] == (_ASSOCIATED,):
        colours = _divided_by_alpha(colours, alpha)
    if facts.photometric == _CMYK:
        colours, alpha = to_srgb(to_8_bit(colours), icc), None if alpha is None else to_8_bit(alpha)
    if count == 1:
        colours = np.repeat(colours, 3, axis=2)
    return colours, None if alpha is None else opencv.unless_opaque(alpha)


def _through_palette(indices: np.ndarray, facts: _Facts) -> np.ndarray:
    palette = np.asarray(facts.palette)
    if palette.ndim != 2 or palette.shape[0] != 3 or palette.shape[1] <= int(indices.max()):
        raise _damaged("its palette does not fit its pixels")
    table = (palette >> 8 if palette.max() > 255 else palette).astype(
        np.uint8
    )  # some writers repeat the byte, some pad it
    return np.ascontiguousarray(table.T[indices])


def _divided_by_alpha(colours: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Straight colours of colours that were multiplied by alpha: the nearest value; 0 where alpha is 0."""
    top = np.uint32(np.iinfo(colours.dtype).max)
    whole = np.maximum(alpha, 1).astype(np.uint32)[..., None]
    straight = (np.minimum(colours, alpha[..., None]).astype(np.uint32) * top + whole // 2) // whole
    straight[alpha == 0] = 0
    return straight.astype(colours.dtype)


def _damaged(why: str) -> UserError:
    return UserError(
        f"This TIFF file is damaged: {why}.", "Take another copy of it, or save it again where it was made."
    )


PLUGINS = [Tiff]
