"""The demo photo: the same every time, of any size, and its alpha is the truth."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from editor.demo import draw_demo, trimap_around


@pytest.fixture(scope="module")
def demo():
    return draw_demo(800, 600)


def test_sizes_types_and_ranges_are_as_promised(demo):
    assert demo.photo.pixels.shape == (600, 800, 3) and demo.photo.pixels.dtype == np.uint8
    assert demo.alpha.shape == (600, 800) and demo.alpha.dtype == np.float32
    assert demo.alpha.min() == 0.0 and demo.alpha.max() == 1.0
    assert demo.trimap.shape == (600, 800) and set(np.unique(demo.trimap)) == {0, 128, 255}


def test_the_same_seed_gives_the_same_pixels_and_another_seed_others(demo):
    again, other = draw_demo(800, 600), draw_demo(800, 600, seed=1)
    assert np.array_equal(again.photo.pixels, demo.photo.pixels) and np.array_equal(again.alpha, demo.alpha)
    assert not np.array_equal(other.alpha, demo.alpha)


def test_the_trimap_never_contradicts_the_alpha(demo):
    assert demo.alpha[demo.trimap == 0].max() < 0.005
    assert demo.alpha[demo.trimap == 255].min() > 0.995


def test_it_is_worth_cutting_out_there_is_much_fine_hair(demo):
    soft = (demo.alpha > 0.02) & (demo.alpha < 0.98)
    assert 0.02 < soft.mean() < 0.2
    hair = (demo.alpha > 0.1).astype(np.uint8)
    opened = cv2.morphologyEx(hair, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    assert (hair > opened).sum() > 3000, "structures thinner than five pixels"


def test_subject_and_background_are_told_apart_by_the_alpha(demo):
    pixels = demo.photo.pixels.astype(float)
    subject, ground = pixels[demo.trimap == 255].mean(axis=0), pixels[demo.trimap == 0].mean(axis=0)
    assert subject[0] - subject[2] > 60, "a ginger cat"
    assert abs(subject - ground).max() > 50


def test_where_alpha_is_0_the_photo_shows_the_garden_alone(demo):
    """Another seed of the cat would leave no trace: the pixels there vary as softly as an unfocused garden does."""
    ground = cv2.GaussianBlur(demo.photo.pixels, (0, 0), 2).astype(float)
    far = cv2.erode((demo.trimap == 0).astype(np.uint8), np.ones((21, 21), np.uint8)) > 0
    difference = np.abs(demo.photo.pixels.astype(float) - ground)[far]
    assert np.percentile(difference, 99) < 20


@pytest.mark.parametrize("size", [(32, 32), (33, 97), (500, 40), (64, 300)])
def test_any_size_from_32_pixels_can_be_drawn(size):
    demo = draw_demo(*size)
    assert demo.photo.pixels.shape == (size[1], size[0], 3)
    assert demo.alpha.shape == demo.trimap.shape == (size[1], size[0])


@pytest.mark.parametrize("size", [(31, 100), (100, 31), (0, 0)])
def test_a_smaller_size_is_an_error(size):
    with pytest.raises(ValueError, match="at least 32"):
        draw_demo(*size)


def test_a_trimap_is_unknown_where_alpha_is_soft_and_that_margin_round_it():
    alpha = np.zeros((40, 40), np.float32)
    alpha[:, 20:] = 1
    alpha[:, 19] = 0.5
    trimap = trimap_around(alpha, margin_px=3)
    assert (trimap[:, :16] == 0).all() and (trimap[:, 16:23] == 128).all() and (trimap[:, 23:] == 255).all()
