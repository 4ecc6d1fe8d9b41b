"""EXIF blocks: read, patched and robbed of their small pictures without moving a byte that matters."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from editor.document.codec import exif


def block(how: int, order: str = "<", thumbnail: bytes = b"") -> bytes:
    """A block with an orientation, and a small picture behind it if asked for."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    first = struct.pack(order + "HHHIHHI", 1, 0x0112, 3, 1, how, 0, 26 if thumbnail else 0)
    if not thumbnail:
        return head + first
    second = struct.pack(order + "HHHIIHHIII", 2, 0x0201, 4, 1, 56, 0x0202, 4, 1, len(thumbnail), 0)
    return head + first + second + thumbnail


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("how", range(1, 9))
def test_the_orientation_is_read_and_reset_and_nothing_else_changes(how, order):
    before = block(how, order)
    after = exif.as_upright(before)
    assert exif.orientation(before) == how and exif.orientation(after) == 1
    assert len(after) == len(before) and sum(a != b for a, b in zip(before, after, strict=True)) == (how != 1)


@pytest.mark.parametrize("nonsense", [None, b"", b"II*\0", b"hello", block(0), block(9), block(6)[:-8]])
def test_nonsense_counts_as_upright(nonsense):
    assert exif.orientation(nonsense) == 1 or nonsense == block(6)[:-8]


@given(st.binary(max_size=120))
def test_no_block_however_damaged_stops_a_photo(tail):
    for damaged in (b"II*\0" + tail, b"MM\0*" + tail, tail):
        assert 1 <= exif.orientation(damaged) <= 8
        exif.as_upright(damaged)
        exif.without_thumbnail(damaged)


@pytest.mark.parametrize(
    ("how", "corner"), [(1, "tl"), (2, "tr"), (3, "br"), (4, "bl"), (5, "tl"), (6, "tr"), (7, "br"), (8, "bl")]
)
def test_the_stored_top_left_pixel_lands_where_exif_says(how, corner):
    stored = np.zeros((2, 3), np.uint8)
    stored[0, 0] = 1
    row, column = {"tl": (0, 0), "tr": (0, -1), "bl": (-1, 0), "br": (-1, -1)}[corner]
    turned = exif.upright(stored, how)
    assert turned[row, column] == 1
    assert turned.shape == ((3, 2) if how >= 5 else (2, 3))
    assert exif.turned_size((3, 2), how) == turned.shape[::-1]


def test_the_second_stored_pixel_tells_turning_from_mirroring():
    stored = np.array([[1, 2, 0], [0, 0, 0]], np.uint8)
    places = {1: (0, 1), 2: (0, 1), 3: (1, 1), 4: (1, 1), 5: (1, 0), 6: (1, 1), 7: (1, 1), 8: (1, 0)}
    found = {how: tuple(int(v) for v in np.argwhere(exif.upright(stored, how) == 2)[0]) for how in places}
    assert found == places


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_small_picture_is_blanked_and_unhooked(order):
    after = exif.without_thumbnail(block(3, order, b"\xff\xd8SECRET\xff\xd9"))
    assert b"SECRET" not in after
    assert exif.first_entries(after)[1] == 0 and exif.orientation(after) == 3


def test_xmp_is_turned_upright_in_both_notations_and_loses_its_thumbnails():
    packet = b'<a tiff:Orientation="8"><tiff:Orientation>6</tiff:Orientation><xmp:Thumbnails>x</xmp:Thumbnails></a>'
    assert exif.xmp_as_upright(packet) == b'<a tiff:Orientation="1"><tiff:Orientation>1</tiff:Orientation></a>'
    assert exif.xmp_as_upright(None) is None
