"""Colours from one profile to another: as LittleCMS has them, in both depths, and nothing done where nothing can be."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from editor.document.colour import profile_for_rgb
from editor.document.document import Photo
from editor.document.rgb_profiles import convert_colour, convert_pixels, converted, read_profile, same_profile
from tests.editor.document.icc import ADOBE, P3, PROPHOTO, SRGB_RED_IN_ADOBE, SRGB_TABLE, curv, para, profile

SRGB_BY_PILLOW = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
SRGB_RED_IN_P3 = (234, 51, 35)  # the value that every colour management system gives, to the nearest level
PROFILES = {"sRGB": SRGB_BY_PILLOW, "Adobe": ADOBE, "P3": P3, "ProPhoto": PROPHOTO}
UNUSABLE = {
    "text": b"not a profile",
    "cut short": ADOBE[:300],
    "no green": ADOBE.replace(b"gXYZ", b"none"),
    "colorants of nothing": profile(curv(563), [(0.0, 0.0, 0.0)] * 3),
    "a table": profile(curv(563), extra={b"A2B0": b"mft2" + bytes(60)}),
    "a curve of one value": profile(curv(100, 100, 100)),
    "a falling curve": profile(curv(65535, 30000, 0)),
    "a table beyond the end": profile(struct.pack(">4s4xI", b"curv", 1 << 30)),
    "an unknown formula": profile(struct.pack(">4s4xHxx", b"para", 9) + bytes(28)),
    "a power of nothing": profile(curv(0, count=1)),
    "another kind of light": ADOBE[:20] + b"Lab " + ADOBE[24:],
    "CMYK": ADOBE[:16] + b"CMYK" + ADOBE[20:],
}


def red(dtype: type, width: int = 5) -> np.ndarray:
    pixels = np.zeros((3, width, 3), dtype)
    pixels[..., 0] = np.iinfo(dtype).max
    return pixels


def colours(dtype: type = np.uint8) -> np.ndarray:
    """Greys, the corners of the cube, dark ones, and many others."""
    rng = np.random.default_rng(5)
    greys = np.repeat(np.arange(256)[:, None], 3, axis=1)
    corners = np.array([[r, g, b] for r in (0, 255) for g in (0, 255) for b in (0, 255)])
    found = np.concatenate([greys, corners, rng.integers(0, 24, (512, 3)), rng.integers(0, 256, (3000, 3))])
    return (found.astype(np.uint16) * 257).astype(dtype)[None] if dtype == np.uint16 else found.astype(dtype)[None]


def by_littlecms(pixels: np.ndarray, source: bytes, target: bytes) -> np.ndarray:
    made = ImageCms.profileToProfile(
        Image.fromarray(pixels), ImageCms.ImageCmsProfile(io.BytesIO(source)),
        ImageCms.ImageCmsProfile(io.BytesIO(target)), ImageCms.Intent.RELATIVE_COLORIMETRIC, outputMode="RGB",
        flags=ImageCms.Flags.NOOPTIMIZE,
    )  # fmt: skip
    assert made is not None
    return np.asarray(made)


@pytest.mark.parametrize("target", PROFILES)
@pytest.mark.parametrize("source", PROFILES)
def test_every_colour_comes_out_as_littlecms_has_it(source: str, target: str) -> None:
    pixels = colours()
    ours = convert_pixels(pixels, PROFILES[source], PROFILES[target])
    assert ours is not None and ours.dtype == np.uint8
    theirs = by_littlecms(pixels, PROFILES[source], PROFILES[target])
    assert np.abs(ours.astype(int) - theirs).max() <= 1
    deep = convert_pixels(colours(np.uint16), PROFILES[source], PROFILES[target])
    assert deep is not None and deep.dtype == np.uint16
    assert np.abs(deep / 257 - theirs).max() <= 1.0


FORMULAS = {
    "a power": para(0, 2.2),
    "a power with a foot": para(1, 2.2, 0.9, 0.1),
    "a power above an offset": para(2, 2.0, 0.9, 0.05, 0.02),
    "sRGB's": para(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045),
    "a power with offsets": para(4, 2.4, 0.949, 0.05, 0.1105, 0.07, 0.002, 0.0),
    "a straight line": curv(),
    "a short table": curv(0, 9000, 30000, 65535),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_every_kind_of_curve_is_read_as_littlecms_reads_it(name: str) -> None:
    made = profile(FORMULAS[name])
    for source, target in ((made, ADOBE), (ADOBE, made)):
        ours = convert_pixels(colours(), source, target)
        assert ours is not None
        assert np.abs(ours.astype(int) - by_littlecms(colours(), source, target)).max() <= 1


@pytest.mark.parametrize("width", [1, 5, 64])
def test_the_red_of_srgb_is_a_duller_red_in_display_p3(width: int) -> None:
    result = converted(Photo(red(np.uint8, width)), P3)
    assert result.pixels.dtype == np.uint8 and result.pixels.shape == (3, width, 3)
    assert np.abs(result.pixels.astype(int) - SRGB_RED_IN_P3).max() <= 1
    assert result.icc == P3


@pytest.mark.parametrize("target", [P3, ADOBE, PROPHOTO])
def test_sixteen_bits_are_right_to_one_level_of_sixteen_bits(target: bytes) -> None:
    pixels = np.random.default_rng(1).integers(0, 65536, (1, 800, 3), np.uint16)
    pixels[:, ::2] //= 64
    found = convert_pixels(pixels, None, target)
    assert found is not None and found.dtype == np.uint16
    exact = np.array([convert_colour(tuple(rgb / 65535), None, target) for rgb in pixels[0]]) * 65535
    assert np.abs(found[0] - exact).max() <= 1.0


def test_a_picture_of_several_strips_comes_back_as_it_was() -> None:
    pixels = np.random.default_rng(1).integers(0, 65536, (701, 1500, 3), np.uint16)
    back = converted(converted(Photo(pixels), P3), None).pixels
    assert back.dtype == np.uint16
    assert np.abs(back.astype(int) - pixels).max() <= 257


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_white_stays_white_and_black_black_in_every_profile(dtype: type) -> None:
    top = np.iinfo(dtype).max
    pixels = np.array([[[0, 0, 0], [top, top, top]]], dtype)
    for source in PROFILES.values():
        for target in PROFILES.values():
            result = convert_pixels(pixels, source, target)
            assert result is not None and np.array_equal(result, pixels)


@pytest.mark.parametrize("icc", [None, ADOBE, SRGB_BY_PILLOW, b"not a profile"])
def test_the_same_profile_leaves_every_value_alone(icc: bytes | None) -> None:
    pixels = colours(np.uint16)
    assert convert_pixels(pixels, icc, icc) is pixels
    assert convert_colour((0.1, 0.2, 0.3), icc, icc) == (0.1, 0.2, 0.3)


def test_srgb_by_any_maker_is_srgb_and_other_spaces_are_not() -> None:
    assert same_profile(None, SRGB_BY_PILLOW) and same_profile(SRGB_TABLE, None)
    assert same_profile(b"..sRGB IEC61966-2.1..", None), "one that cannot be read is taken at its word"
    linear = profile(curv(), text="sRGB, but linear")
    assert not same_profile(linear, None), "one that can be read is not"
    for one in PROFILES:
        for other in PROFILES:
            assert same_profile(PROFILES[one], PROFILES[other]) == (one == other)


@pytest.mark.parametrize("name", UNUSABLE)
def test_what_cannot_be_read_is_said_and_nothing_is_changed(name: str) -> None:
    photo = Photo(red(np.uint8), icc=UNUSABLE[name])
    assert read_profile(photo.icc) is None
    assert converted(photo, P3) is photo and converted(photo, None) is photo
    assert convert_pixels(photo.pixels, P3, photo.icc) is None
    assert convert_colour((1.0, 0.0, 0.0), None, photo.icc) is None


def test_no_cut_and_no_flipped_byte_is_more_than_an_unusable_profile() -> None:
    rng = np.random.default_rng(2)
    for _ in range(300):
        damaged = bytearray(P3)
        for at in rng.integers(0, len(damaged), 4):
            damaged[at] = rng.integers(0, 256)
        icc = bytes(damaged[: rng.integers(1, len(damaged) + 1)])
        result = convert_pixels(red(np.uint8), icc, ADOBE)
        assert result is None or result.shape == (3, 5, 3)


def test_a_grey_photos_profile_is_one_that_can_be_converted() -> None:
    grey = bytearray(profile(curv(563)))
    grey[16:20] = b"GRAY"
    icc = profile_for_rgb(bytes(grey).replace(b"rTRC", b"kTRC"))
    assert icc is not None
    result = convert_pixels(colours()[:, :256], icc, ADOBE)
    assert result is not None and np.abs(result.astype(int) - colours()[:, :256]).max() <= 1


def test_one_colour_and_a_picture_of_it_come_out_the_same() -> None:
    made = convert_colour((1.0, 0.0, 0.0), None, ADOBE)
    assert made is not None and np.abs(np.array(made) * 255 - SRGB_RED_IN_ADOBE).max() <= 0.5
    assert convert_colour((1.0, 1.0, 1.0), None, PROPHOTO) == (1.0, 1.0, 1.0)
    back = convert_colour(made, ADOBE, None)
    assert back is not None and np.allclose(back, (1.0, 0.0, 0.0), atol=1e-3)


def test_alpha_is_carried_along() -> None:
    alpha = np.arange(15, dtype=np.uint8).reshape(3, 5)
    assert converted(Photo(red(np.uint8), alpha), P3).alpha is alpha


def test_progress_is_told_and_may_stop_the_work() -> None:
    def stop(fraction: float, text: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        converted(Photo(red(np.uint8)), P3, stop)
