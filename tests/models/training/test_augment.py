"""Augmentation keeps what belongs together together, and has the papers' sizes and distances."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from models.training import augment
from models.training.augment import Layer


@pytest.fixture
def layer() -> Layer:
    """A soft disk on a colour ramp, 120 x 100."""
    rows, columns = np.mgrid[:120, :100].astype(np.float32)
    alpha = np.clip((30 - np.hypot(rows - 60, columns - 50)) / 6 + 0.5, 0, 1).astype(np.float32)
    return Layer(np.dstack([rows / 120, columns / 100, 0.5 * np.ones_like(rows)]).astype(np.float32), alpha)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("seed", range(6))
def test_indexnets_crop_is_about_an_unknown_pixel_with_a_fitting_trimap(layer, seed):
    made, trimap = augment.for_indexnet(rng(seed), layer, 32)
    assert made.colours.shape == (32, 32, 3) and made.alpha.shape == trimap.shape == (32, 32)
    assert ((made.alpha > 0) & (made.alpha < 1)).any()
    assert (made.alpha[trimap == 0] == 0).all() and (made.alpha[trimap == 255] == 1).all()


def test_indexnets_crops_come_at_three_scales(layer, monkeypatch):
    sides = []
    monkeypatch.setattr(augment, "cropped", lambda rng, layer, side: sides.append(side) or layer)
    for seed in range(30):
        augment.for_indexnet(rng(seed), layer, 32)
    assert set(sides) == {32, 48, 64}


def test_a2u_takes_two_foregrounds_half_of_the_time_and_640_px_a_quarter(layer, monkeypatch):
    asked, sizes = [], []
    monkeypatch.setattr(augment, "affine", lambda rng, layer: sizes.append(layer.alpha.shape) or layer)
    for seed in range(200):
        made, trimap = augment.for_a2u(rng(seed), layer, lambda: asked.append(1) or layer, 64)
        assert made.alpha.shape == trimap.shape == (64, 64)
    assert 75 <= len(asked) <= 125 and 30 <= sizes.count((640, 640)) <= 70


def test_dilation_covers_the_papers_range(layer):
    widths = set()
    for seed in range(200):
        trimap = augment.dilated_trimap(rng(seed), np.pad(layer.alpha, 60), augment.A2U_DILATION_PX)
        soft = np.pad((layer.alpha > 0) & (layer.alpha < 1), 60)
        outside = np.pad(layer.alpha, 60) == 0
        away = ndimage.distance_transform_edt(~(soft | ~outside))
        widths.add(round(float(away[(trimap == 128) & outside].max())))
    assert min(widths) == 1 and max(widths) == 29


def test_a2us_trimap_is_dilated_before_it_is_cropped(layer, monkeypatch):
    monkeypatch.setattr(augment, "A2U_TWO_SHARE", 0)
    monkeypatch.setattr(augment, "A2U_RESIZED_SHARE", 0)
    monkeypatch.setattr(augment, "affine", lambda rng, layer: layer)
    monkeypatch.setattr(augment, "_flipped", lambda rng, layer: layer)
    monkeypatch.setattr(augment, "A2U_DILATION_PX", (20, 20))
    corners, real = [], augment.crop_corner
    monkeypatch.setattr(augment, "crop_corner", lambda *words: corners.append(real(*words)) or corners[-1])
    whole, found = augment.dilated_trimap(rng(), layer.alpha, (20, 20)), 0
    for seed in range(8):
        made, trimap = augment.for_a2u(rng(seed), layer, lambda: layer, 40)
        top, left = corners[-1]
        assert np.array_equal(trimap, whole[top : top + 40, left : left + 40])
        found += not np.array_equal(trimap, augment.dilated_trimap(rng(), made.alpha, (20, 20)))
    assert found  # else cropping first would give the same


def test_two_foregrounds_are_one_over_the_other(layer):
    second = Layer(1 - layer.colours, np.full_like(layer.alpha, 0.5))
    made = augment.in_front_of(layer, second)
    background = rng(1).random(layer.colours.shape, np.float32)
    stacked = augment.composed(layer, augment.composed(second, background))
    assert np.allclose(augment.composed(made, background), stacked, atol=1e-5)
    assert np.allclose(1 - made.alpha, (1 - layer.alpha) * 0.5, atol=1e-6)


def test_affine_moves_colours_and_matte_alike(layer):
    ramp = Layer(np.repeat(layer.alpha[..., None], 3, axis=2), layer.alpha)
    made = augment.affine(rng(3), ramp)
    assert not np.allclose(made.alpha, layer.alpha)
    assert np.allclose(made.colours[20:-20, 20:-20, 0], made.alpha[20:-20, 20:-20], atol=1e-6)


def test_a_layer_that_an_affine_change_would_empty_stays(layer, monkeypatch):
    corner = Layer(layer.colours, np.zeros_like(layer.alpha))
    assert augment.affine(rng(1), corner) is corner


def test_jitter_changes_colours_within_range_and_leaves_grey_grey(layer):
    made = augment.jittered(rng(2), layer.colours)
    assert made.min() >= 0 and made.max() <= 1 and not np.allclose(made, layer.colours)
    grey = augment.jittered(rng(2), np.full((4, 4, 3), 0.4, np.float32))
    assert np.ptp(grey) < 1e-5


@pytest.mark.parametrize("seed", range(5))
def test_portraits_stay_in_register_and_have_no_empty_corners(layer, seed):
    photo = Layer(np.repeat(layer.alpha[..., None], 3, axis=2) * 0.5 + 0.25, layer.alpha)
    made, trimap = augment.for_portrait(rng(seed), photo, 48)
    assert made.alpha.shape == trimap.shape == (48, 48) and made.colours.min() >= 0.249
    assert np.allclose((made.colours[..., 0] - 0.25) * 2, made.alpha, atol=1e-5)


def test_a_background_of_any_size_covers_the_crop():
    for shape in ((10, 200, 3), (300, 40, 3), (1, 5, 3)):
        assert augment.behind(rng(4), rng(4).random(shape, np.float32), 32).shape == (32, 32, 3)


def test_the_same_seed_makes_the_same_example(layer):
    one, other, third = (augment.for_a2u(rng(seed), layer, lambda: layer, 64)[0].colours for seed in (7, 7, 8))
    assert np.array_equal(one, other) and not np.array_equal(one, third)
