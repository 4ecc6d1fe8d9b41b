"""The subject's own colours and the plate without it."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from editor.document.foreground import estimate_colours, estimate_foreground, estimate_foreground_in
from editor.document.geometry import Rect


class Stop(Exception):  # noqa: N818 - what a progress call raises to cancel
    pass


def mixture(height: int, width: int, soft_px: float = 12.0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A photo mixed of two slowly changing planes by a disc with a wide soft rim: image, alpha, subject, ground."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    distance = np.hypot(y - height / 2, x - width / 2) - min(height, width) * np.float32(0.3)
    alpha = np.clip(0.5 - distance / soft_px, 0, 1).astype(np.float32)
    subject = np.stack([0.8 - 0.2 * x / width, 0.2 + 0.3 * y / height, 0.1 + 0 * x], axis=2).astype(np.float32)
    ground = np.stack([0.1 + 0.2 * y / height, 0.3 + 0 * x, 0.9 - 0.3 * x / width], axis=2).astype(np.float32)
    return alpha[..., None] * subject + (1 - alpha[..., None]) * ground, alpha, subject, ground


def as_type(image: np.ndarray, dtype: str) -> np.ndarray:
    if dtype == "float32":
        return image
    return np.round(image * np.iinfo(dtype).max).astype(dtype)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (7, 5), (40, 301), (530, 270)])
def test_colours_keep_shape_and_type_and_are_the_photo_where_it_is_unmixed(dtype: str, shape: tuple[int, int]) -> None:
    image, alpha, *_ = mixture(*shape)
    image = as_type(image, dtype)
    image.flags.writeable = alpha.flags.writeable = False
    fore, back = estimate_colours(image, alpha)
    assert fore.shape == back.shape == image.shape and fore.dtype == back.dtype == image.dtype
    assert np.array_equal(fore[alpha == 1], image[alpha == 1])
    assert np.array_equal(back[alpha == 0], image[alpha == 0])
    assert np.array_equal(estimate_foreground(image, alpha)[alpha > 0], fore[alpha > 0])


def test_both_colours_are_found_where_they_are_mixed() -> None:
    image, alpha, subject, ground = mixture(300, 400)
    fore, back = estimate_colours(image, alpha)
    seen, unseen = (alpha > 0) & (alpha < 1), alpha < 1
    assert np.abs(fore - subject)[seen].max() < 0.05 and np.abs(fore - subject)[seen].mean() < 0.01
    assert np.abs(back - ground)[seen & unseen].max() < 0.05
    again = alpha[..., None] * fore + (1 - alpha[..., None]) * back
    assert np.abs(again - image).max() < 0.01


def test_the_plate_under_the_subject_is_smooth_and_free_of_it() -> None:
    image, alpha, subject, ground = mixture(400, 500)
    back = estimate_colours(image, alpha)[1]
    inside = alpha == 1
    assert np.abs(back - ground)[inside].mean() < 0.06
    assert np.abs(back - subject)[inside].mean() > 0.3
    steps = np.abs(np.diff(back, axis=0))[inside[1:] & inside[:-1]]
    assert steps.max() < 0.02


@pytest.mark.parametrize("level", [0.0, 0.4, 1.0])
def test_an_even_alpha_gives_colours_that_mix_to_the_photo(level: float) -> None:
    image = mixture(90, 70)[0]
    alpha = np.full((90, 70), level, np.float32)
    fore, back = estimate_colours(image, alpha)
    assert np.isfinite(fore).all() and np.isfinite(back).all()
    np.testing.assert_allclose(level * fore + (1 - level) * back, image, atol=0.02)


def test_eight_bits_and_floating_point_agree() -> None:
    image, alpha, *_ = mixture(280, 300)
    eight = as_type(image, "uint8")
    fine = estimate_foreground(eight / np.float32(255), alpha)
    coarse = estimate_foreground(eight, alpha) / np.float32(255)
    assert np.abs(fine - coarse).max() <= 0.51 / 255


@pytest.mark.parametrize(
    "rect", [Rect(60, 20, 120, 90), Rect(0, 0, 50, 50), Rect(250, 0, 150, 300), Rect(0, 0, 400, 300)]
)
def test_a_rectangle_alone_gives_nearly_what_the_whole_photo_gives(rect: Rect) -> None:
    image, alpha, *_ = mixture(300, 400)
    eight = as_type(image, "uint8")
    whole = estimate_foreground(eight, alpha)[rect.slices()].astype(int)
    part = estimate_foreground_in(eight, alpha, rect)
    visible = alpha[rect.slices()] > 0.05
    assert part.shape == (rect.h, rect.w, 3) and part.dtype == np.uint8
    assert np.abs(part - whole)[visible].max(initial=0) <= 12
    assert visible.sum() == 0 or np.abs(part - whole)[visible].mean() < 1


def test_a_rectangle_reads_nothing_beyond_its_margin() -> None:
    image, alpha, *_ = mixture(300, 400)
    rect = Rect(100, 60, 80, 70)
    expected = estimate_foreground_in(image, alpha, rect, margin_px=16)
    near = rect.expand(16)
    spoilt = np.full_like(image, 0.5)
    spoilt[near.slices()] = image[near.slices()]
    assert np.array_equal(estimate_foreground_in(spoilt, alpha, rect, margin_px=16), expected)


@pytest.mark.parametrize("rect", [Rect(0, 0, 0, 5), Rect(-1, 0, 5, 5), Rect(395, 0, 6, 5)])
def test_a_rectangle_outside_the_photo_is_refused(rect: Rect) -> None:
    image, alpha, *_ = mixture(300, 400)
    with pytest.raises(ValueError):
        estimate_foreground_in(image, alpha, rect)


@pytest.mark.parametrize("wrong", ["depth", "channels", "alpha type", "alpha shape", "empty"])
def test_wrong_inputs_are_refused(wrong: str) -> None:
    image, alpha, *_ = mixture(20, 30)
    if wrong == "depth":
        image = image.astype(np.float64)
    elif wrong == "channels":
        image = image[..., :2]
    elif wrong == "alpha type":
        alpha = (alpha * 255).astype(np.uint8)
    elif wrong == "alpha shape":
        alpha = alpha[1:]
    else:
        image, alpha = image[:0], alpha[:0]
    with pytest.raises(ValueError):
        estimate_colours(image, alpha)


def test_progress_rises_and_what_it_raises_goes_through() -> None:
    image, alpha, *_ = mixture(600, 300)
    seen: list[float] = []
    estimate_colours(image, alpha, lambda fraction, text: seen.append(fraction))
    assert seen == sorted(seen) and seen[0] >= 0 and seen[-1] <= 1

    def stop(fraction: float, text: str) -> None:
        raise Stop

    with pytest.raises(Stop):
        estimate_foreground(image, alpha, stop)


def test_a_large_photo_of_eight_bits_is_never_turned_into_floating_point_as_a_whole() -> None:
    image, alpha, *_ = mixture(1500, 2000)
    eight = as_type(image, "uint8")
    tracemalloc.start()
    try:
        estimate_foreground(eight, alpha)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # the result is 3 bytes a pixel, two coarser plates 2 * 12 / 4 and what they came from 2 * 12 / 16
    assert peak < 12 * alpha.size + 16 * 2**20
