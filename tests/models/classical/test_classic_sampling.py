"""The parts of the classic engine, each against a case whose answer one can see."""

from __future__ import annotations

import numpy as np
import pytest

from models.classical.pair_sharing import Estimate, share_pairs
from models.classical.sampling import FAR, RAYS, Band, _cast_rays, _distance_to, gather_pairs, pair_fit
from models.classical.trimap_expansion import expand_trimap

RED, BLUE = np.array([0.9, 0.1, 0.1], np.float32), np.array([0.1, 0.2, 0.8], np.float32)


def ignore(_fraction: float) -> None:
    """A tick that lets the work go on."""


def two_halves() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Red left, blue right, a linear ramp between them over 20 pixels: image, alpha, trimap."""
    alpha = np.clip((40 - np.arange(60, dtype=np.float32)) / 20, 0, 1)
    alpha = np.broadcast_to(alpha, (50, 60)).copy()
    image = alpha[..., None] * RED + (1 - alpha[..., None]) * BLUE
    trimap = np.where(alpha == 1, 255, np.where(alpha == 0, 0, 128)).astype(np.uint8)
    return image.astype(np.float32), alpha, trimap


def test_a_pair_explains_a_mixture_of_its_colours_completely() -> None:
    colour = 0.3 * RED + 0.7 * BLUE
    f, b = RED - colour, BLUE - colour
    alpha, residual = pair_fit(f @ f, b @ b, f @ b)
    assert alpha == pytest.approx(0.3, abs=1e-5)
    assert residual == pytest.approx(0, abs=1e-6)


def test_what_a_pair_leaves_unexplained_is_the_distance_to_its_line() -> None:
    direction = (RED - BLUE) / np.linalg.norm(RED - BLUE)
    across = np.cross(direction, [0, 0, 1.0])
    across *= 0.05 / np.linalg.norm(across)
    estimate = Estimate.of(
        (0.6 * RED + 0.4 * BLUE + across).astype(np.float32)[None], RED[None].copy(), BLUE[None].copy()
    )
    assert estimate.alpha[0] == pytest.approx(0.6, abs=1e-4)
    assert estimate.residual[0] == pytest.approx(0.05, abs=1e-4)
    assert estimate.separation[0] == pytest.approx(np.linalg.norm(RED - BLUE), abs=1e-4)


def test_alpha_beyond_the_pair_is_held_and_its_colour_is_left_over() -> None:
    colour = BLUE + 1.5 * (RED - BLUE)
    f, b = RED - colour, BLUE - colour
    alpha, residual = pair_fit(f @ f, b @ b, f @ b)
    assert alpha == 1
    assert residual == pytest.approx(f @ f, rel=1e-4)


def test_rays_meet_the_nearest_known_pixels_and_say_when_they_meet_none() -> None:
    trimap = np.full((41, 41), 128, np.uint8)
    trimap[:, 30:] = 255
    image = np.zeros((41, 41, 3), np.float32)
    image[:, 30:] = RED
    samples = _cast_rays(image, _distance_to(trimap, 255), np.array([20]), np.array([16]), BLUE)
    met = samples.distance_px[0] < FAR
    # the pattern starts at angle 0 here up to an eighth of a turn: some rays run right, some left out of the photo
    assert 1 <= met.sum() < RAYS
    assert samples.distance_px[0][met].min() == pytest.approx(14, abs=2)
    assert np.allclose(samples.colour[0][met], RED) and np.allclose(samples.colour[0][~met], BLUE)


def test_gathering_and_sharing_find_a_ramp_between_two_colours() -> None:
    image, truth, trimap = two_halves()
    band = Band.of(image, trimap)
    estimate = share_pairs(band, *gather_pairs(image, trimap, band, ignore), ignore)
    assert np.abs(estimate.alpha - truth[trimap == 128]).max() < 1e-3
    assert estimate.residual.max() < 1e-3


def test_a_pixel_takes_the_pairs_of_its_neighbours_where_its_own_is_poor() -> None:
    image, truth, trimap = two_halves()
    band = Band.of(image, trimap)
    foreground, background = np.tile(RED, (band.row.size, 1)), np.tile(BLUE, (band.row.size, 1))
    poor = np.arange(band.row.size) % 7 == 0
    foreground[poor] = [0.0, 1.0, 0.0]
    estimate = share_pairs(band, foreground, background, ignore)
    assert np.abs(estimate.alpha - truth[trimap == 128]).max() < 1e-3


def test_a_lonely_unknown_pixel_keeps_its_own_pair() -> None:
    image, _, trimap = two_halves()
    trimap[:] = np.where(trimap == 128, 0, trimap)
    trimap[25, 30] = 128
    band = Band.of(image, trimap)
    estimate = share_pairs(band, RED[None].copy(), BLUE[None].copy(), ignore)
    assert np.allclose(estimate.foreground, RED) and np.allclose(estimate.background, BLUE)
    assert estimate.alpha[0] == pytest.approx(0.5, abs=1e-3)


def test_widening_takes_the_mark_of_a_near_pixel_of_the_same_colour_only() -> None:
    image, alpha, trimap = two_halves()
    trimap[:, :8] = 255
    trimap[:, 8:50] = 128
    trimap[:, 50:] = 0
    widened = expand_trimap(image, trimap, ignore)
    assert (widened[:, 8:18] == 255).all()  # ten pixels of the same red
    assert (widened[:, 18:40] == 128).all()  # too far, or too different
    assert (widened[:, 42:50] == 0).all()
    assert (alpha[widened == 255] > 0.97).all()


def test_widening_never_changes_a_known_pixel_nor_its_input() -> None:
    image, _, trimap = two_halves()
    trimap.flags.writeable = False
    widened = expand_trimap(image, trimap, ignore)
    known = trimap != 128
    assert np.array_equal(widened[known], trimap[known])
