"""The soft blur: as wide as it says, and blind to what is hidden."""

from __future__ import annotations

import numpy as np
import pytest

from plugins.effects._convolution import gaussian
from plugins.effects.gaussian_blur import GaussianBlur


@pytest.mark.parametrize("sigma_px", [0.05, 0.8, 3.0, 17.5])
@pytest.mark.parametrize("shift", [(0.0, 0.0), (3.25, -1.5)])
def test_the_kernel_has_the_width_and_the_place_it_is_asked_for(sigma_px: float, shift: tuple[float, float]) -> None:
    weights = gaussian(sigma_px, *shift).weights.astype(float)
    middle = weights.shape[0] // 2
    y, x = np.mgrid[: weights.shape[0], : weights.shape[0]] - middle
    assert weights.sum() == pytest.approx(1.0, abs=1e-6)
    assert ((x * weights).sum(), (y * weights).sum()) == pytest.approx(shift, abs=0.05)
    wide = sigma_px > 0.5
    assert not wide or np.sqrt(((x - shift[0]) ** 2 * weights).sum() - 1 / 6) == pytest.approx(sigma_px, rel=0.03)


def test_no_radius_is_a_copy() -> None:
    pixels = np.random.default_rng(4).random((20, 30, 4), np.float32)
    done = GaussianBlur(radius_px=0).apply(pixels)
    assert np.array_equal(done, pixels) and done is not pixels


def test_an_even_colour_stays_that_colour_where_only_alpha_changes() -> None:
    pixels = np.full((60, 60, 4), 0.3, np.float32)
    pixels[..., 3] = 1.0
    pixels[:, 30:] = (1.0, 0.0, 1.0, 0.0)
    done = GaussianBlur(radius_px=4).apply(pixels)
    assert np.abs(done[done[..., 3] > 1e-3][:, :3] - 0.3).max() < 1e-3
    assert done[30, 29, 3] == pytest.approx(0.55, abs=0.02)
