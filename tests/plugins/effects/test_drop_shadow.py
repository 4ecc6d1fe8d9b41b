"""The shadow: it falls the way it is told, lies under the layer, and is tight where the two touch."""

from __future__ import annotations

import numpy as np
import pytest

from plugins.effects.drop_shadow import DropShadow


def square(size: int = 160, half: int = 20) -> np.ndarray:
    """An opaque green square in the middle of nothing (whose hidden colour is white)."""
    pixels = np.ones((size, size, 4), np.float32)
    pixels[..., 3] = 0.0
    middle = slice(size // 2 - half, size // 2 + half)
    pixels[middle, middle] = (0.1, 0.8, 0.2, 1.0)
    return pixels


def centre_of_shadow(effect: DropShadow) -> tuple[float, float]:
    """Where the middle of the shadow lies, seen from the middle of the square."""
    pixels = square()
    pixels[..., :3] = 0
    density = effect._density(pixels[..., 3].copy())
    y, x = np.mgrid[:160, :160] + 0.5 - 80
    return float((x * density).sum() / density.sum()), float((y * density).sum() / density.sum())


@pytest.mark.parametrize(
    ("angle_deg", "to"), [(0, (1, 0)), (90, (0, 1)), (180, (-1, 0)), (270, (0, -1)), (45, (0.7071, 0.7071))]
)
def test_it_falls_where_the_angle_points(angle_deg: float, to: tuple[float, float]) -> None:
    effect = DropShadow(distance_px=24.5, angle_deg=angle_deg, softness_px=8, contact=0)
    assert centre_of_shadow(effect) == pytest.approx((24.5 * to[0], 24.5 * to[1]), abs=0.05)


def test_the_layer_itself_is_not_touched() -> None:
    pixels = square()
    done = DropShadow(distance_px=10, softness_px=6, opacity=80).apply(pixels)
    inside = pixels[..., 3] == 1.0
    assert np.abs(done[inside] - pixels[inside]).max() < 1e-6


def test_outside_the_layer_there_is_the_shadows_colour_alone() -> None:
    pixels = square()
    effect = DropShadow(distance_px=20, angle_deg=0, softness_px=0, opacity=60, contact=0, colour=(0.2, 0.0, 0.4))
    done = effect.apply(pixels)
    assert done[80, 110] == pytest.approx((0.2, 0.0, 0.4, 0.6), abs=1e-4)
    assert done[80, 125, 3] == pytest.approx(0.0, abs=1e-4)
    assert done[80, 55, 3] == pytest.approx(0.0, abs=1e-4)


def test_softness_widens_the_edge() -> None:
    effects = (DropShadow(distance_px=0, softness_px=s, contact=0, opacity=100) for s in (2, 24))
    hard, soft = (effect.apply(square())[80, 100:130, 3] for effect in effects)
    assert hard[5] < 0.01 < 0.1 < soft[5]


def test_contact_darkens_close_by_and_hardly_further_off() -> None:
    plain, touching = (
        DropShadow(distance_px=30, angle_deg=90, softness_px=30, contact=amount).apply(square()) for amount in (0, 100)
    )
    gain = (touching - plain)[..., 3]
    assert gain[101, 80] > 0.2 and gain[125, 80] < 0.01


def test_a_shadow_of_no_darkness_leaves_nothing() -> None:
    pixels = square()
    done = DropShadow(opacity=0, contact=0).apply(pixels)
    assert np.abs(done[..., 3] - pixels[..., 3]).max() < 1e-6


def test_a_shadow_falls_on_what_shines_through_a_soft_edge() -> None:
    pixels = square()
    pixels[..., 3] *= 0.5
    done = DropShadow(distance_px=0, softness_px=0, opacity=100, contact=0).apply(pixels)
    assert done[80, 80, 3] == pytest.approx(0.75, abs=1e-3)
    assert done[80, 80, 1] == pytest.approx(0.8 * 0.5 / 0.75, abs=1e-3)
