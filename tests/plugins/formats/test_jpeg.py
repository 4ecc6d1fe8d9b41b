"""JPEGs as cameras, printers and phones make them."""

from __future__ import annotations

import struct
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageCms
from skimage import data

from editor.api import Photo, UserError, WriteOptions
from editor.document.colour import profile_space
from plugins.formats._cmyk import to_srgb
from plugins.formats.jpeg import Jpeg

PHOTO = np.ascontiguousarray(data.astronaut()[:160, :200])


def encoded(picture: Image.Image, **how: object) -> bytes:
    """The picture as a JPEG of Pillow's."""
    file = BytesIO()
    picture.save(file, "JPEG", quality=95, **how)
    return file.getvalue()


def read(content: bytes, tmp_path) -> Photo:
    """The photo in these bytes."""
    (tmp_path / "a.jpg").write_bytes(content)
    return Jpeg().read(tmp_path / "a.jpg")


@pytest.mark.parametrize("how", [{}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_rows": 2}])
def test_every_common_kind_is_read_in_rgb_order(how, tmp_path):
    photo = read(encoded(Image.fromarray(PHOTO), **how), tmp_path)
    assert np.abs(photo.pixels.astype(int) - PHOTO).mean() < 4


def test_a_grey_photo_becomes_three_equal_channels(tmp_path):
    photo = read(encoded(Image.fromarray(PHOTO[..., 1])), tmp_path)
    assert photo.pixels.shape == PHOTO.shape and (photo.pixels == photo.pixels[..., :1]).all()


def test_a_grey_profile_becomes_an_rgb_profile_that_shows_the_same_greys(tmp_path):
    curve = struct.pack(">4s4xIHxx", b"curv", 1, round(1.8 * 256))
    white = struct.pack(">4s4x3i", b"XYZ ", 63190, 65536, 54061)
    head = struct.pack(">I4s4s4s4s4s12s4s4s", 188, b"", b"\2\x10\0\0", b"mntr", b"GRAY", b"XYZ ", b"", b"acsp", b"")
    head = head[:68].ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061)
    tags = struct.pack(">I4sII4sII", 2, b"kTRC", 156, 16, b"wtpt", 172, 20)
    grey = head.ljust(128, b"\0") + tags + curve + white
    grey = struct.pack(">I", len(grey)) + grey[4:]
    steps = np.repeat(np.arange(0, 256, dtype=np.uint8)[None, :], 16, axis=0)
    photo = read(encoded(Image.fromarray(steps), icc_profile=grey), tmp_path)
    assert profile_space(photo.icc) == "RGB"
    srgb = ImageCms.createProfile("sRGB")
    meant = ImageCms.profileToProfile(
        Image.fromarray(photo.pixels[..., 0]), ImageCms.ImageCmsProfile(BytesIO(grey)), srgb, outputMode="RGB"
    )
    shown = ImageCms.profileToProfile(
        Image.fromarray(photo.pixels), ImageCms.ImageCmsProfile(BytesIO(photo.icc)), srgb, outputMode="RGB"
    )
    assert np.abs(np.asarray(meant).astype(int) - np.asarray(shown)).max() <= 1


def test_cmyk_without_a_profile_is_what_ink_leaves_of_white(tmp_path):
    ink = np.zeros((32, 64, 4), np.uint8)
    ink[:, 16:32, 0] = 255  # cyan, then half black, then black
    ink[:, 32:48, 3], ink[:, 48:, 3] = 128, 255
    photo = read(encoded(Image.fromarray(ink, "CMYK")), tmp_path)
    patches = [photo.pixels[16, x].tolist() for x in (8, 24, 40, 56)]
    expected = [[255, 255, 255], [0, 255, 255], [127, 127, 127], [0, 0, 0]]
    assert np.abs(np.array(patches) - expected).max() <= 3
    assert photo.icc is None


def test_ink_and_white_are_exact_at_their_ends():
    ink = np.array([[[0, 0, 0, 0], [255, 0, 0, 0], [0, 0, 0, 255]]], np.uint8)
    assert to_srgb(ink, None).tolist() == [[[255, 255, 255], [0, 255, 255], [0, 0, 0]]]


def test_a_damaged_cmyk_profile_does_not_cost_the_photo():
    profile = struct.pack(">I12s4s4s12s4s", 140, b"", b"CMYK", b"Lab ", b"", b"acsp").ljust(140, b"\0")
    assert to_srgb(np.zeros((1, 1, 4), np.uint8), profile).tolist() == [[[255, 255, 255]]]


def test_what_a_phone_adds_behind_the_end_is_ignored(tmp_path):
    content = encoded(Image.fromarray(PHOTO))
    photo = read(content + b"MotionPhoto_Data" + encoded(Image.fromarray(PHOTO[:8, :8])), tmp_path)
    assert photo.pixels.shape == PHOTO.shape


def test_a_thumbnail_inside_exif_does_not_pass_for_the_end(tmp_path):
    block = b"II*\0\x08\0\0\0\0\0\0\0\0\0" + encoded(Image.fromarray(PHOTO[:16, :16]))
    content = encoded(Image.fromarray(PHOTO), exif=b"Exif\0\0" + block)
    assert read(content, tmp_path).exif == block
    with pytest.raises(UserError, match="too soon"):
        read(content[:-40], tmp_path)


def test_a_profile_of_many_segments_comes_back_whole(tmp_path):
    profile = struct.pack(">I12s4s4s12s4s", 200_000, b"", b"RGB ", b"XYZ ", b"", b"acsp") + bytes(199_960)
    Jpeg().write(tmp_path / "b.jpg", Photo(PHOTO, icc=profile), WriteOptions())
    assert Jpeg().read(tmp_path / "b.jpg").icc == profile
    with Image.open(tmp_path / "b.jpg") as other:
        assert other.info["icc_profile"] == profile


def test_other_programs_find_the_metadata(tmp_path):
    block = b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, 1, 0, 0)
    Jpeg().write(tmp_path / "b.jpg", Photo(PHOTO, exif=block, xmp=b"<x/>"), WriteOptions())
    with Image.open(tmp_path / "b.jpg") as other:
        assert other.getexif()[0x0112] == 1
        assert other.info["xmp"] == b"<x/>"


def test_exif_that_is_too_long_is_left_out_and_said_to_be(tmp_path):
    photo = Photo(PHOTO, exif=b"II*\0" + bytes(70_000), xmp=bytes(70_000))
    assert len(Jpeg().losses(photo, WriteOptions())) == 2
    Jpeg().write(tmp_path / "b.jpg", photo, WriteOptions())
    assert Jpeg().read(tmp_path / "b.jpg").exif is None


def test_twelve_bits_are_refused_with_a_sentence(tmp_path):
    content = bytearray(encoded(Image.fromarray(PHOTO)))
    content[content.index(b"\xff\xc0") + 4] = 12
    with pytest.raises(UserError, match="12 bits"):
        read(bytes(content), tmp_path)


def ink_profile() -> bytes:
    """A CMYK profile of a press of our own: white paper, black that covers all, a cyan that is darker than light's."""
    corners = []
    for number in range(16):  # the last ink, black, changes fastest
        cyan, black = number >> 3, number & 1
        lightness = 0 if black else 140 if cyan else 255
        corners.append((lightness, 98 if cyan and not black else 128, 88 if cyan and not black else 128))
    straight = bytes(range(256))
    table = struct.pack(">4s4xBBBx9i", b"mft1", 4, 3, 2, *(65536 * (i % 4 == 0) for i in range(9)))
    table += straight * 4 + bytes(value for corner in corners for value in corner) + straight * 3
    white = struct.pack(">4s4x3i", b"XYZ ", 63190, 65536, 54061)
    start = 128 + 4 + 24
    tags = struct.pack(">I4sII4sII", 2, b"A2B0", start + 20, len(table), b"wtpt", start, 20)
    size = start + 20 + len(table)
    head = struct.pack(">I4s4s4s4s4s12s4s", size, b"", b"\2\x10\0\0", b"prtr", b"CMYK", b"Lab ", b"", b"acsp")
    head = head.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + tags + white + table


def test_cmyk_goes_through_its_own_profile(tmp_path):
    ink = np.zeros((32, 48, 4), np.uint8)
    ink[:, 16:32, 0], ink[:, 32:, 3] = 255, 255
    photo = read(encoded(Image.fromarray(ink, "CMYK"), icc_profile=ink_profile()), tmp_path)
    white, cyan, black = (photo.pixels[16, x].astype(int) for x in (8, 24, 40))
    assert white.min() > 250 and black.max() < 8
    assert 60 < cyan[1] < 200 and cyan[0] < cyan[1] < cyan[2]  # without the profile it would be (0, 255, 255)
    assert photo.icc is None
