"""PNG's many kinds, made by hand from the specification, and what each must look like."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest

from editor.api import Photo, UserError
from plugins.formats.png import Png

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6


def chunk(name: bytes, content: bytes) -> bytes:
    """One chunk with its checksum."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(size: tuple[int, int], depth: int, kind: int, rows: list[bytes], *extra: tuple[bytes, bytes]) -> bytes:
    """A PNG of unfiltered rows, with chunks between header and pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, depth, kind, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
    between = b"".join(chunk(*one) for one in extra)
    return b"\x89PNG\r\n\x1a\n" + header + between + pixels + chunk(b"IEND", b"")


def read(data: bytes, tmp_path) -> Photo:
    """The photo in these bytes."""
    (tmp_path / "a.png").write_bytes(data)
    return Png().read(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("depth", "row", "values"),
    [
        (1, b"\xa0", [255, 0, 255]),
        (2, b"\x1b", [0, 85, 170]),
        (4, b"\x3c\xf0", [51, 204, 255]),
        (8, b"\x07\x80\xff", [7, 128, 255]),
        (16, b"\x01\x02\x80\x00\xff\xff", [0x0102, 0x8000, 0xFFFF]),
    ],
)
def test_grey_of_every_depth(depth, row, values, tmp_path):
    photo = read(png((3, 1), depth, GREY, [row]), tmp_path)
    assert photo.pixels[0, :, 0].tolist() == values
    assert (photo.pixels == photo.pixels[..., :1]).all() and photo.alpha is None


@pytest.mark.parametrize(
    ("depth", "row", "clear"), [(8, b"\x07\x08", b"\0\x08"), (16, b"\1\2\3\4", b"\3\4"), (4, b"\x3c", b"\0\x0c")]
)
def test_one_grey_may_stand_for_nothing(depth, row, clear, tmp_path):
    photo = read(png((2, 1), depth, GREY, [row], (b"tRNS", clear)), tmp_path)
    assert photo.alpha is not None
    assert photo.alpha[0, 0] == np.iinfo(photo.alpha.dtype).max and photo.alpha[0, 1] == 0


@pytest.mark.parametrize("depth", [8, 16])
def test_one_colour_may_stand_for_nothing(depth, tmp_path):
    unit = depth // 8
    row = b"".join(value.to_bytes(unit, "big") for value in (1, 2, 3, 4, 5, 6))
    photo = read(png((2, 1), depth, RGB, [row], (b"tRNS", b"\0\4\0\5\0\6")), tmp_path)
    assert photo.pixels.tolist() == [[[1, 2, 3], [4, 5, 6]]]
    assert (photo.alpha > 0).tolist() == [[True, False]]


def test_a_palette_with_its_own_transparency(tmp_path):
    colours = bytes([10, 20, 30, 40, 50, 60])
    photo = read(png((2, 1), 8, PALETTE, [b"\1\0"], (b"PLTE", colours), (b"tRNS", b"\x80")), tmp_path)
    assert photo.pixels.tolist() == [[[40, 50, 60], [10, 20, 30]]]
    assert photo.alpha.tolist() == [[255, 128]]


def test_grey_with_alpha_of_sixteen_bits(tmp_path):
    photo = read(png((1, 1), 16, GREY_ALPHA, [b"\1\2\3\4"]), tmp_path)
    assert photo.pixels.tolist() == [[[0x0102] * 3]] and photo.alpha.tolist() == [[0x0304]]


def test_an_alpha_that_is_opaque_everywhere_is_no_alpha(tmp_path):
    assert read(png((1, 1), 8, RGBA, [b"\1\2\3\xff"]), tmp_path).alpha is None


def test_red_stays_red(tmp_path):
    assert read(png((1, 1), 8, RGB, [b"\xff\0\0"]), tmp_path).pixels.tolist() == [[[255, 0, 0]]]


def test_a_profile_that_does_not_fit_is_dropped_and_a_bomb_is_not_unpacked(tmp_path):
    bomb = b"x\0\0" + zlib.compress(bytes(200 << 20), 9)
    assert read(png((1, 1), 8, RGB, [b"\1\2\3"], (b"iCCP", bomb)), tmp_path).icc is None
    cmyk = struct.pack(">I12s4s4s12s4s", 132, b"", b"CMYK", b"Lab ", b"", b"acsp").ljust(136, b"\0")
    named = b"x\0\0" + zlib.compress(cmyk)
    assert read(png((1, 1), 8, RGB, [b"\1\2\3"], (b"iCCP", named)), tmp_path).icc is None


def test_compressed_xmp_is_read(tmp_path):
    text = b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b"<x/>")
    assert read(png((1, 1), 8, RGB, [b"\1\2\3"], (b"iTXt", text)), tmp_path).xmp == b"<x/>"


def test_pixels_whose_checksum_fails_are_refused_and_a_damaged_note_is_not(tmp_path):
    data = png((1, 1), 8, RGB, [b"\1\2\3"], (b"tEXt", b"Comment\0hello"))
    place = data.index(b"hello")
    read(data[:place] + b"jello" + data[place + 5 :], tmp_path)
    place = data.index(b"IDAT") + 6
    with pytest.raises(UserError, match="checksum"):
        read(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :], tmp_path)


def test_fewer_pixels_than_the_header_claims_are_refused(tmp_path):
    with pytest.raises(UserError, match="decoded"):
        read(png((4, 4), 8, RGB, [bytes(12)]), tmp_path)
