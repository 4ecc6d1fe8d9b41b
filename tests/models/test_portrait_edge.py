"""The edge of a found person at full size: as fine as the photo, whatever size the matte was found at."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from models import portrait_edge
from models.enlarging import enlarged_matte
from models.portrait_edge import edge_matte, tidied


def strands(height: int = 360, width: int = 480) -> tuple[np.ndarray, np.ndarray]:
    """A light body with strands two pixels wide before a dark ground: image and its true alpha."""
    alpha = np.zeros((height, width), np.float32)
    cv2.ellipse(alpha, (width // 2, height), (width // 4, height * 2 // 3), 0, 0, 360, 1.0, -1, cv2.LINE_AA)
    for x in range(width // 4, 3 * width // 4, 14):
        cv2.line(alpha, (width // 2, height * 2 // 3), (x, height // 6), 1.0, 2, cv2.LINE_AA)
    subject, ground = np.array([0.85, 0.7, 0.45], np.float32), np.array([0.1, 0.2, 0.3], np.float32)
    return alpha[..., None] * subject + (1 - alpha[..., None]) * ground, alpha


def trimap_of(alpha: np.ndarray, shape: tuple[int, ...], reach: int) -> np.ndarray:
    """A loose trimap at another size."""
    around = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    some, all_of_it = cv2.dilate(alpha, around), cv2.erode(alpha, around)
    trimap = np.select([all_of_it > 0.99, some < 0.01], [255, 0], 128).astype(np.uint8)
    return cv2.resize(trimap, shape[::-1], interpolation=cv2.INTER_NEAREST)


def quiet(fraction: float, text: str) -> None:
    """Progress that nobody watches."""


@pytest.fixture(scope="module")
def drawn():
    """The strands, found at a quarter of their size and drawn out again."""
    image, truth = strands()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(portrait_edge, "SOLVING_PX", 240)
        seen: list[float] = []
        made = edge_matte(image, lambda shape: trimap_of(truth, shape, 12), lambda part, _: seen.append(part))
    return image, truth, *made, seen


def test_trimap_and_alpha_have_the_photos_size_and_agree(drawn):
    image, _, trimap, alpha, _ = drawn
    assert trimap.shape == alpha.shape == image.shape[:2]
    assert trimap.dtype == np.uint8 and alpha.dtype == np.float32
    assert set(np.unique(trimap)) == {0, 128, 255}
    assert (alpha[trimap == 255] == 1).all() and (alpha[trimap == 0] == 0).all()
    assert alpha.min() >= 0 and alpha.max() <= 1


def test_strands_finer_than_a_pixel_of_the_reduced_photo_are_drawn_by_the_photos_own_detail(drawn):
    truth, alpha = drawn[1], drawn[3]
    small = cv2.resize(truth, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    blurred = cv2.resize(small, truth.shape[::-1], interpolation=cv2.INTER_LINEAR)
    hair = slice(60, 150), slice(130, 350)
    error, of_blur = (np.abs(plane - truth)[hair].mean() for plane in (alpha, blurred))
    assert error < 0.6 * of_blur, "even the true matte, enlarged without the photo, is blurred"


def test_progress_rises_and_what_it_raises_comes_out(drawn):
    seen = drawn[4]
    assert seen == sorted(seen) and seen[0] >= 0 and seen[-1] <= 1
    image, truth = strands(90, 120)

    def stop(part: float, text: str) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        edge_matte(image, lambda shape: trimap_of(truth, shape, 4), stop)


def test_a_photo_that_is_small_already_is_not_resized():
    image, truth = strands(90, 120)
    asked: list[tuple[int, ...]] = []

    def trimap(shape):
        asked.append(shape)
        return trimap_of(truth, shape, 4)

    edge_matte(image, trimap, quiet)
    assert asked == [(90, 120)]


def test_what_the_matte_found_plain_becomes_known_and_its_edge_stays_unknown():
    trimap = np.full((100, 100), 128, np.uint8)
    trimap[:, :5], trimap[:, 95:] = 255, 0
    alpha = np.zeros((100, 100), np.float32)
    alpha[:, :50] = 1
    alpha[:, 50] = 0.5
    tidy = tidied(trimap, alpha)
    assert (tidy[:, 49:52] == 128).all() and (tidy[:, :40] == 255).all() and (tidy[:, 60:] == 0).all()


def test_a_matte_is_enlarged_block_by_block_as_all_at_once(monkeypatch):
    from models import enlarging

    image, truth = strands(200, 260)
    small = cv2.resize(image, (130, 100), interpolation=cv2.INTER_AREA)
    alpha = cv2.resize(truth, (130, 100), interpolation=cv2.INTER_AREA)
    trimap = np.full(truth.shape, 128, np.uint8)
    whole = enlarged_matte(image, small, alpha, trimap, lambda _: None)
    monkeypatch.setattr(enlarging, "BLOCK_PX", 48)
    assert np.allclose(enlarged_matte(image, small, alpha, trimap, lambda _: None), whole, atol=1e-4)
