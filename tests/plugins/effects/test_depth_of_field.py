"""The lens: a point becomes the aperture, light adds up as light, hidden pixels stay hidden."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from plugins.effects.depth_of_field import DepthOfField, aperture_kernel, decode, encode


def opaque(colour: np.ndarray) -> np.ndarray:
    """(h, w, 3) as (h, w, 4) with alpha one."""
    return np.dstack([colour, np.ones(colour.shape[:2])]).astype(np.float32)


def point(size: int = 201, value: float = 1.0) -> np.ndarray:
    """One lit pixel in the middle of black."""
    colour = np.zeros((size, size, 3))
    colour[size // 2, size // 2] = value
    return opaque(colour)


def test_the_curve_and_its_inverse_are_those_of_srgb() -> None:
    values = np.linspace(0, 1, 70_000, dtype=np.float32)[:, None]
    assert np.abs(encode(decode(values)) - values).max() < 1e-6
    expected = np.where(values <= 0.04045, values / 12.92, ((values.astype(float) + 0.055) / 1.055) ** 2.4)
    assert np.abs(decode(values) - expected).max() < 1e-6


@pytest.mark.parametrize("radius_px", [2.0, 9.5, 40.0, 110.0])
def test_a_point_becomes_a_disc_of_that_radius_and_loses_no_light(radius_px: float) -> None:
    size = 2 * math.ceil(radius_px) + 41
    done = DepthOfField(radius_px=radius_px, highlights=0).apply(point(size))
    light = decode(done[..., 1].copy()) * done[..., 3]
    assert light.sum() == pytest.approx(1.0, rel=2e-3)
    y, x = np.mgrid[:size, :size] - size // 2
    away = np.hypot(x, y)
    level = 1 / (math.pi * radius_px**2)
    assert light[away < radius_px - 1] == pytest.approx(level, rel=0.05)
    assert light[away > radius_px + 1].max() < 1e-5


@pytest.mark.parametrize("blades", [5, 6, 7, 8, 9])
def test_blades_make_a_polygon_with_that_many_corners_on_the_circle(blades: int) -> None:
    kernel = aperture_kernel(60.0, blades, 0.0).weights
    area = (kernel / kernel.max()).sum()
    assert area == pytest.approx(blades / 2 * 60**2 * math.sin(2 * math.pi / blades), rel=0.01)
    centre = kernel.shape[0] // 2
    between = 60 * math.cos(math.pi / blades) + 2
    for i in range(2 * blades):
        angle = math.radians(-90) + i * math.pi / blades
        reached = kernel[round(centre + between * math.sin(angle)), round(centre + between * math.cos(angle))] > 0
        assert reached == (i % 2 == 0), "corners and sides take turns, from a corner that points up"


def test_turning_moves_the_corners() -> None:
    still, turned = (aperture_kernel(40.0, 6, angle).weights for angle in (0.0, 30.0))
    assert np.allclose(np.rot90(still), turned, atol=1e-9)
    assert np.abs(still - turned).max() > still.max() / 2


def test_it_is_the_convolution_of_linear_light() -> None:
    generator = np.random.default_rng(2)
    pixels = generator.random((90, 120, 4), np.float32)
    done = DepthOfField(radius_px=7.3, aperture="7 blades", rotation_deg=20, highlights=0).apply(pixels)
    kernel = aperture_kernel(7.3, 7, 20.0).weights
    flip = cv2.flip(kernel, -1)
    alpha = cv2.filter2D(pixels[..., 3], -1, flip, borderType=cv2.BORDER_CONSTANT)
    light = np.dstack([decode(pixels[..., i]) for i in range(3)]) * pixels[..., 3:]
    expected = cv2.filter2D(light, -1, flip, borderType=cv2.BORDER_CONSTANT)
    shown = np.dstack([decode(done[..., i].copy()) for i in range(3)])
    assert np.abs(done[..., 3] - alpha).max() < 1e-5
    assert np.abs(shown * done[..., 3:] - expected).max() < 1e-5


def test_half_white_and_half_black_mix_as_light_does() -> None:
    stripes = np.zeros((80, 80, 3))
    stripes[:, ::2] = 1.0
    middle = DepthOfField(radius_px=15, highlights=0).apply(opaque(stripes))[40, 40, 0]
    assert middle == pytest.approx(float(encode(np.array([[0.5]], np.float32))[0, 0]), abs=0.02)


def test_highlights_bloom_and_mid_tones_do_not() -> None:
    plain, bloomed = (DepthOfField(radius_px=8, highlights=amount).apply(point(61)) for amount in (0, 50))
    assert bloomed[30, 30, 0] > 1.8 * plain[30, 30, 0]
    grey = opaque(np.full((40, 40, 3), 0.6))
    assert np.abs(DepthOfField(radius_px=8, highlights=100).apply(grey)[15:25, 15:25, :3] - 0.6).max() < 1e-5


def test_a_bright_wall_keeps_its_colour() -> None:
    wall = opaque(np.full((60, 60, 3), (0.97, 0.95, 0.99)))
    shown = DepthOfField(radius_px=12, highlights=100).apply(wall)
    assert np.abs(shown[..., :3] - wall[..., :3]).max() < 1e-4


def test_the_threshold_says_where_highlights_begin() -> None:
    lamp = point(61, value=0.8)
    above, below = (DepthOfField(radius_px=6, highlights=80, threshold=at).apply(lamp)[30, 30, 0] for at in (85, 60))
    assert below > above + 0.02


def test_no_blur_is_a_copy() -> None:
    pixels = point(21)
    done = DepthOfField(radius_px=0).apply(pixels)
    assert np.array_equal(done, pixels) and done is not pixels
    assert DepthOfField(radius_px=0).margin_px() == 0


def test_a_blur_far_below_a_pixel_changes_next_to_nothing() -> None:
    pixels = opaque(np.random.default_rng(1).random((40, 50, 3)))
    assert np.abs(DepthOfField(radius_px=0.2, highlights=0).apply(pixels) - pixels).max() < 1e-4


def test_a_bright_neighbour_that_is_transparent_does_not_bleed() -> None:
    colour = np.full((60, 60, 3), 0.1, np.float32)
    colour[:, 30:] = 1.0
    pixels = opaque(colour)
    pixels[:, 30:, 3] = 0.0
    done = DepthOfField(radius_px=10).apply(pixels)
    shown = done[..., 3] > 1e-3
    assert np.abs(done[..., :3][shown] - 0.1).max() < 1e-3
