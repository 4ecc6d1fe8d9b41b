"""Colours from one profile to another: known values, both depths, and nothing done where nothing can be."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QColorSpace

from editor.document.document import Photo
from editor.ui.colour_convert import converted

P3 = bytes(QColorSpace(QColorSpace.NamedColorSpace.DisplayP3).iccProfile().data())
SRGB_RED_IN_P3 = (234, 51, 35)  # the value that every colour management system gives, to the nearest level


def red(dtype, width: int = 5) -> np.ndarray:
    pixels = np.zeros((3, width, 3), dtype)
    pixels[..., 0] = np.iinfo(dtype).max
    return pixels


@pytest.mark.parametrize("width", [1, 5, 64])
def test_the_red_of_srgb_is_a_duller_red_in_display_p3(width):
    result = converted(Photo(red(np.uint8, width)), P3)
    assert result.pixels.dtype == np.uint8 and result.pixels.shape == (3, width, 3)
    assert np.abs(result.pixels.astype(int) - SRGB_RED_IN_P3).max() <= 1
    assert result.icc == P3


def test_sixteen_bits_stay_sixteen_bits():
    result = converted(Photo(red(np.uint16)), P3)
    assert result.pixels.dtype == np.uint16
    assert np.abs(result.pixels / 257 - SRGB_RED_IN_P3).max() <= 1.0


def test_there_and_back_is_the_same_within_a_level_of_eight_bits():
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 65536, (40, 33, 3), np.uint16)
    back = converted(converted(Photo(pixels), P3), None)
    assert np.abs(back.pixels.astype(int) - pixels).max() <= 257


@pytest.mark.parametrize("icc", [None, b"not a profile"])
def test_the_same_profile_or_a_broken_one_leaves_the_values_alone(icc):
    pixels = red(np.uint8)
    assert np.array_equal(converted(Photo(pixels), icc).pixels, pixels)


def test_alpha_is_carried_along():
    alpha = np.arange(15, dtype=np.uint8).reshape(3, 5)
    assert np.array_equal(converted(Photo(red(np.uint8), alpha), P3).alpha, alpha)


def test_a_profile_that_cannot_be_used_stays_with_its_photo_so_that_one_can_tell():
    photo = Photo(red(np.uint8), icc=b"not a profile")
    assert converted(photo, P3) is photo


def test_the_clipboard_is_given_the_colours_of_srgb():
    from editor.ui.edit_commands import as_image, as_photo

    on_its_way = as_photo(as_image(Photo(red(np.uint16)[:, :, ::-1].copy(), icc=P3)))
    assert on_its_way.icc is None
    assert np.abs(on_its_way.pixels.astype(int) - (0, 0, 255)).max() <= 8  # the blue of P3 lies just outside sRGB
