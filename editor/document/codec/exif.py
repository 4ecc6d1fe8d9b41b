"""EXIF blocks: small TIFF files without pixels. Read, patched in place, and rebuilt for a TIFF file.

A block here starts with its TIFF header (``II`` or ``MM``), without the ``Exif\\0\\0`` that JPEG puts before it. A
block that makes no sense is handed on as it is: nobody's photo is refused for its metadata.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

import numpy as np

ORIENTATION, JPEG_OFFSET, JPEG_LENGTH = 0x0112, 0x0201, 0x0202
EXIF_IFD, GPS_IFD = 0x8769, 0x8825
_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_WHOLE = {1: "B", 3: "H", 4: "I", 13: "I"}  # types of whole numbers, as struct writes them
_ENTRY_BYTES = 12


@dataclass(frozen=True)
class Entry:
    """One field: its tag, type and count, where its twelve bytes lie in the block, and its value's bytes."""

    tag: int
    kind: int
    count: int
    at: int
    value: bytes


def order_of(block: bytes) -> str:
    """The byte order for :mod:`struct`: ``<``, ``>``, or nothing where the block is no EXIF."""
    return {b"II*\0": "<", b"MM\0*": ">"}.get(bytes(block[:4]), "")


def entries(block: bytes, offset: int, order: str) -> tuple[list[Entry], int]:
    """The fields of the directory at ``offset`` and the offset of the next one (0: none). Nonsense is left out."""
    found: list[Entry] = []
    if offset < 8 or offset + 2 > len(block):
        return found, 0
    count = struct.unpack_from(order + "H", block, offset)[0]
    end = offset + 2 + count * _ENTRY_BYTES
    for at in range(offset + 2, min(end, len(block) - _ENTRY_BYTES + 1), _ENTRY_BYTES):
        tag, kind, number, place = struct.unpack_from(order + "HHII", block, at)
        length = _TYPE_BYTES.get(kind, 0) * number
        start = at + 8 if length <= 4 else place
        if length and start + length <= len(block):
            found.append(Entry(tag, kind, number, at, bytes(block[start : start + length])))
    following = struct.unpack_from(order + "I", block, end)[0] if end + 4 <= len(block) else 0
    return found, following


def first_entries(block: bytes) -> tuple[dict[int, Entry], int]:
    """The main directory by tag, and the offset of the one after it (the thumbnail's)."""
    order = order_of(block)
    if not order or len(block) < 8:
        return {}, 0
    found, following = entries(block, struct.unpack_from(order + "I", block, 4)[0], order)
    return {entry.tag: entry for entry in found}, following


def number(entry: Entry, order: str) -> int:
    """The first value of a field of whole numbers; 0 for other types."""
    code = _WHOLE.get(entry.kind)
    return struct.unpack_from(order + code, entry.value)[0] if code else 0


def orientation(block: bytes | None) -> int:
    """How the pixels lie, 1 to 8 as EXIF counts (1: upright); 1 where nothing or nonsense is said."""
    found = first_entries(block)[0].get(ORIENTATION) if block else None
    value = number(found, order_of(block or b"")) if found else 1
    return value if 1 <= value <= 8 else 1


def upright(array: np.ndarray, how: int) -> np.ndarray:
    """The picture (H, W) or (H, W, C) turned and mirrored so that it stands upright; ``how`` as :func:`orientation`."""
    if how >= 5:
        array = array.swapaxes(0, 1)  # 5 to 8 lie on their side: rows and columns change places
    if how in (3, 4, 7, 8):
        array = array[::-1]
    if how in (2, 3, 6, 7):
        array = array[:, ::-1]
    return np.ascontiguousarray(array)


def turned_size(size: tuple[int, int], how: int) -> tuple[int, int]:
    """Width and height once upright."""
    return (size[1], size[0]) if how >= 5 else size


def as_upright(block: bytes | None) -> bytes | None:
    """The block with its orientation set to 1, all else byte for byte as it was."""
    found = first_entries(block)[0].get(ORIENTATION) if block else None
    if block is None or found is None or found.kind not in _WHOLE or len(found.value) > 4:
        return block
    patched = bytearray(block)
    struct.pack_into(order_of(block) + _WHOLE[found.kind], patched, found.at + 8, 1)
    return bytes(patched)


def without_thumbnail(block: bytes | None) -> bytes | None:
    """The block with its small picture blanked and unhooked: it would still show the background that was removed."""
    if not block or not first_entries(block)[1]:
        return block
    order, offset = order_of(block), first_entries(block)[1]
    found = {entry.tag: entry for entry in entries(block, offset, order)[0]}
    patched = bytearray(block)
    if JPEG_OFFSET in found and JPEG_LENGTH in found:
        start, length = number(found[JPEG_OFFSET], order), number(found[JPEG_LENGTH], order)
        end = min(start + length, len(block))
        patched[start:end] = bytes(max(0, end - start))
        if end == len(block) and start > offset:
            del patched[start:]
    first = struct.unpack_from(order + "I", block, 4)[0]
    count = struct.unpack_from(order + "H", block, first)[0]
    struct.pack_into(order + "I", patched, first + 2 + count * _ENTRY_BYTES, 0)
    return bytes(patched)


def xmp_as_upright(packet: bytes | None) -> bytes | None:
    """The XMP packet with ``tiff:Orientation`` set to 1 in place, and its own thumbnails taken out."""
    if not packet:
        return packet
    packet = re.sub(rb"(tiff:Orientation(?:>|\s*=\s*[\"']))[2-8]", rb"\g<1>1", packet)
    return re.sub(rb"<xmp:Thumbnails\b.*?</xmp:Thumbnails>", b"", packet, flags=re.DOTALL)


def build(order: str, directory: list[Entry], base: int) -> bytes:
    """A directory of ``directory``'s fields, their values behind it, for a place ``base`` bytes into a file.

    Fields are sorted by tag, as TIFF demands; the pointer to a next directory is 0.
    """
    fields = sorted(directory, key=lambda entry: entry.tag)
    head = struct.pack(order + "H", len(fields))
    behind = base + 2 + _ENTRY_BYTES * len(fields) + 4
    values = b""
    for entry in fields:
        place = entry.value.ljust(4, b"\0")
        if len(entry.value) > 4:
            place = struct.pack(order + "I", behind + len(values))
            values += entry.value + bytes(len(entry.value) % 2)
        head += struct.pack(order + "HHI", entry.tag, entry.kind, entry.count) + place
    return head + bytes(4) + values
