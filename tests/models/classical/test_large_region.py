"""Very large unknown regions are settled at half the size, within bounds and close to the full solution."""

from __future__ import annotations

import numpy as np

from models.classical import large_region
from models.classical.closed_form import closed_form_matte


def scribbled(size: int = 160) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A soft bright disc on a dark ground, marked with two scribbles: image, trimap, true alpha."""
    y, x = np.mgrid[:size, :size].astype(np.float32)
    alpha = np.clip((size * 0.3 - np.hypot(x - size / 2, y - size / 2)) / 6 + 0.5, 0, 1)
    image = alpha[..., None] * np.float32([0.9, 0.7, 0.3]) + (1 - alpha[..., None]) * np.float32([0.1, 0.2, 0.4])
    trimap = np.full((size, size), 128, np.uint8)
    trimap[:4], trimap[size // 2 - 8 : size // 2 + 8, size // 2 - 8 : size // 2 + 8] = 0, 255
    return image.astype(np.float32), trimap, alpha


def told(_fraction: float, _text: str) -> None:
    """Nobody listens."""


def test_a_small_unknown_region_is_left_as_it_is() -> None:
    image, trimap, _ = scribbled()
    result, coarse = large_region.narrowed(image, trimap, closed_form_matte, told)
    assert result is trimap and coarse is None


def test_what_is_plain_at_half_the_size_becomes_known_and_the_soft_edge_stays_unknown() -> None:
    image, trimap, alpha = scribbled()
    unknown = int((trimap == 128).sum())
    result, coarse = large_region.narrowed(image, trimap, closed_form_matte, told, limit=unknown // 2)
    assert coarse is None
    assert (result == 128).sum() <= unknown // 2
    soft = (alpha > 0.02) & (alpha < 0.98)
    assert (result[soft] == 128).all()
    assert (alpha[result == 255] > 0.95).all() and (alpha[result == 0] < 0.05).all()
    assert (result[trimap == 0] == 0).all() and (result[trimap == 255] == 255).all()


def test_what_cannot_be_narrowed_enough_takes_the_small_photo_s_alpha() -> None:
    image, trimap, alpha = scribbled()
    result, coarse = large_region.narrowed(image, trimap, closed_form_matte, told, limit=10)
    assert coarse is not None and coarse.shape == trimap.shape
    assert not (result == 128).any()
    assert np.abs(coarse - alpha).mean() < 0.03
    assert (coarse[trimap == 0] == 0).all() and (coarse[trimap == 255] == 1).all()


def test_marks_of_one_pixel_survive_the_halving() -> None:
    image, trimap, _ = scribbled()
    trimap[:], trimap[1, 1:9], trimap[81, 81:89] = 128, 0, 255
    result, coarse = large_region.narrowed(image, trimap, closed_form_matte, told, limit=10)
    assert coarse is not None and coarse[81, 81] == 1 and coarse[1, 1] == 0
    assert not (result == 128).any()
