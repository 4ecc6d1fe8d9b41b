"""A TIFF file's directory rewritten: EXIF taken out of it and put into it, and LZW data made readable.

TIFF 6.0 keeps its fields where EXIF keeps its own, so an EXIF block is a TIFF directory without the fields that
describe pixels. BigTIFF is left alone.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

from editor.document.codec import exif, opencv
from editor.document.codec.exif import Entry

_COMPRESSION, _STRIP_OFFSETS, _STRIP_BYTES, _TILE_OFFSETS, _TILE_BYTES = 259, 273, 279, 324, 325
_LZW, _DEFLATE = 5, 8
_INTEROPERABILITY = 0xA005  # points to a directory of its own, which says nothing about the photo
_PIXEL_FIELDS = frozenset(
    (254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 274, 277, 278, 279, 280, 281, 284, 288, 289, 290,
    291, 292, 293, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325, 330, 332, 333, 334, 336, 337, 338, 339, 340, 341,
    342, 347, 513, 514, 529, 530, 531, 532, 700, 34377, 34675, 34665, 34853, 37724, 50255)
)  # fmt: skip
_RESOLUTION = (282, 283, 296)


def exif_in(data: bytes) -> bytes | None:
    """The EXIF block that the first directory amounts to: descriptive fields, exposure, place; None without any."""
    order = exif.order_of(data)
    if not order:
        return None
    fields, _ = exif.first_entries(data)
    kept = [entry for tag, entry in fields.items() if tag not in _PIXEL_FIELDS]
    below = {tag: _below(data, fields[tag], order) for tag in (exif.EXIF_IFD, exif.GPS_IFD) if tag in fields}
    if not below and not any(entry.tag not in _RESOLUTION for entry in kept):
        return None
    directories, place = _directories(order, kept, below, base=8)
    return data[:4] + struct.pack(order + "I", place) + directories


def with_exif(data: bytes, block: bytes) -> bytes:
    """The TIFF file ``data`` with the fields of an EXIF block in it; as it is where their byte orders differ."""
    order = exif.order_of(data)
    if not order or order != exif.order_of(block):
        return data
    ours, _ = exif.first_entries(data)
    theirs, _ = exif.first_entries(block)
    fields = {**ours, **{tag: entry for tag, entry in theirs.items() if tag not in _PIXEL_FIELDS}}
    below = {tag: _below(block, theirs[tag], order) for tag in (exif.EXIF_IFD, exif.GPS_IFD) if tag in theirs}
    return _with_directory(data, list(fields.values()), below)


def without_lzw(
    data: bytes, offsets: Sequence[int], lengths: Sequence[int], shapes: Sequence[tuple[int, int]]
) -> bytes:
    """The same TIFF file with its LZW strips or tiles stored as deflate, which needs no further package to read.

    ``shapes`` are (rows, bytes a row) of each piece unpacked. OpenCV's TIFF reader unpacks each as if it were a grey
    picture of bytes, so that neither it nor its treatment of alpha ever touches a colour. ``UserError`` for damaged
    data.
    """
    order = exif.order_of(data)
    pieces: list[bytes] = []
    places: list[int] = []
    at = len(data) + len(data) % 2
    for offset, length, shape in zip(offsets, lengths, shapes, strict=True):
        raw = opencv.decode(_grey_lzw(data[offset : offset + length], shape)).tobytes()
        pieces.append(zlib.compress(raw, 1))
        places.append(at)
        at += len(pieces[-1])
    fields, _ = exif.first_entries(data)
    tiled = _TILE_OFFSETS in fields
    where, many = (_TILE_OFFSETS, _TILE_BYTES) if tiled else (_STRIP_OFFSETS, _STRIP_BYTES)
    fields[where] = _longs(order, where, places)
    fields[many] = _longs(order, many, [len(piece) for piece in pieces])
    fields[_COMPRESSION] = Entry(_COMPRESSION, 3, 1, 0, struct.pack(order + "H", _DEFLATE))
    return _with_directory(data + bytes(len(data) % 2) + b"".join(pieces), list(fields.values()), {})


def reaches_beyond(data: bytes) -> bool:
    """True where the first directory, or a value it points to, lies beyond the end of the file: the file breaks off."""
    order = exif.order_of(data)
    if not order:
        return False
    place = struct.unpack_from(order + "I", data, 4)[0]
    if place + 2 > len(data):
        return True
    count = struct.unpack_from(order + "H", data, place)[0]
    found, _ = exif.entries(data, place, order)
    return place + 2 + 12 * count + 4 > len(data) or len(found) < count - _of_unknown_type(data, place, count, order)


def _of_unknown_type(data: bytes, place: int, count: int, order: str) -> int:
    """How many of a directory's fields have a type that nobody knows, or no values: those are left out with reason."""
    fields = (struct.unpack_from(order + "HHI", data, place + 2 + 12 * index) for index in range(count))
    return sum(1 for _, kind, number in fields if not 1 <= kind <= 13 or not number)


def _below(block: bytes, pointer: Entry, order: str) -> list[Entry]:
    """The fields of the directory that a field points to."""
    found, _ = exif.entries(block, exif.number(pointer, order), order)
    return [entry for entry in found if entry.tag != _INTEROPERABILITY]


def _directories(order: str, fields: list[Entry], below: dict[int, list[Entry]], base: int) -> tuple[bytes, int]:
    """Directories for a place ``base`` bytes into a file, and where the main one of them then lies.

    The main one comes last, so that a file that breaks off within them breaks off in what every reader reads first.
    """
    others = [entry for entry in fields if entry.tag not in below]
    before = b""
    for tag, entries in below.items():
        others.append(Entry(tag, 4, 1, 0, struct.pack(order + "I", base + len(before))))
        before += exif.build(order, entries, base + len(before))
    return before + exif.build(order, others, base + len(before)), base + len(before)


def _with_directory(data: bytes, fields: list[Entry], below: dict[int, list[Entry]]) -> bytes:
    """The file with a new first directory at its end; offsets in the fields stay true, since nothing moves."""
    order, pad = exif.order_of(data), bytes(len(data) % 2)
    directories, place = _directories(order, fields, below, len(data) + len(pad))
    return data[:4] + struct.pack(order + "I", place) + data[8:] + pad + directories


def _longs(order: str, tag: int, values: list[int]) -> Entry:
    return Entry(tag, 4, len(values), 0, struct.pack(f"{order}{len(values)}I", *values))


def _grey_lzw(piece: bytes, shape: tuple[int, int]) -> bytes:
    """A TIFF file of one LZW strip of grey bytes."""
    rows, row_bytes = shape
    start = 8
    fields = [
        _longs("<", 256, [row_bytes]), _longs("<", 257, [rows]), _longs("<", 258, [8]), _longs("<", 259, [_LZW]),
        _longs("<", 262, [1]), _longs("<", 273, [start]), _longs("<", 277, [1]), _longs("<", 278, [rows]),
        _longs("<", 279, [len(piece)]),
    ]  # fmt: skip
    end = start + len(piece) + len(piece) % 2
    return b"II*\0" + struct.pack("<I", end) + piece + bytes(len(piece) % 2) + exif.build("<", fields, end)
