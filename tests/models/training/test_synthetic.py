"""The samples we draw: the same each time, exact, in range, and of use for training."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from models.training.drawing.camera import photograph
from models.training.drawing.layer import canvas, fill, keep, over, straight
from models.training.synthetic import KINDS, cut_outs, draw_cut_out, draw_sample, make_trimap

SIZE = 96


@pytest.fixture(scope="module")
def one_of_each():
    return {kind: [draw_sample(seed, SIZE, (kind,), camera=False) for seed in range(3)] for kind in KINDS}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three cut-outs: a soft disc, a file without alpha and one that is no picture."""
    path = tmp_path_factory.mktemp("cutouts")
    y, x = np.mgrid[0:80, 0:120]
    alpha = np.clip((35 - np.hypot(x - 60, y - 40)) / 10 + 0.5, 0, 1) * 255
    pixels = np.dstack([np.full((80, 120), value) for value in (30, 120, 220)] + [alpha]).astype(np.uint8)
    cv2.imwrite(str(path / "disc.png"), pixels)
    cv2.imwrite(str(path / "flat.png"), pixels[..., :3])
    (path / "broken.png").write_bytes(b"no picture")
    return path


def test_a_seed_draws_the_same_sample_again_and_another_seed_another():
    first, again, other = (draw_sample(seed, SIZE) for seed in (3, 3, 4))
    for name in ("image", "alpha", "foreground", "background"):
        assert np.array_equal(getattr(first, name), getattr(again, name)), name
    assert first.kind == again.kind
    assert not np.array_equal(first.image, other.image)


def test_without_a_camera_the_image_is_the_compositing_equation(one_of_each):
    for sample in (sample for samples in one_of_each.values() for sample in samples):
        alpha = sample.alpha[..., None]
        expected = alpha * sample.foreground + (1 - alpha) * sample.background
        assert np.abs(sample.image - expected).max() < 1e-6, sample.kind


def test_a_background_that_is_given_takes_the_place_of_a_drawn_one():
    behind = np.zeros((SIZE, SIZE, 3), np.float32)
    behind[..., 1] = 0.5
    seeds = [seed for seed in range(8) if np.array_equal(draw_sample(seed, SIZE, behind=behind).background, behind)]
    assert len(seeds) >= 3  # in the others it took over the foreground's colours
    sample = draw_sample(seeds[0], SIZE, camera=False, behind=behind)
    assert np.allclose(sample.image[sample.alpha == 0], [0, 0.5, 0])


def test_the_camera_changes_the_image_and_nothing_else():
    plain, seen = draw_sample(11, SIZE, camera=False), draw_sample(11, SIZE)
    assert np.array_equal(plain.alpha, seen.alpha) and np.array_equal(plain.foreground, seen.foreground)
    difference = np.abs(plain.image - seen.image)
    assert 0.001 < difference.mean() < 0.2


def test_everything_is_float32_in_range_and_of_the_size_asked_for(one_of_each):
    for kind, samples in one_of_each.items():
        for sample in samples:
            for picture in (sample.image, sample.foreground, sample.background):
                assert picture.shape == (SIZE, SIZE, 3) and picture.dtype == np.float32, kind
                assert picture.min() >= 0 and picture.max() <= 1, kind
            assert sample.alpha.shape == (SIZE, SIZE) and sample.alpha.dtype == np.float32, kind
            assert sample.alpha.min() >= 0 and sample.alpha.max() <= 1, kind


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_soft_pixels_and_sure_ones_of_both_sides(one_of_each, kind):
    alphas = np.stack([sample.alpha for sample in one_of_each[kind]])
    soft = ((alphas > 0.02) & (alphas < 0.98)).mean()
    assert 0.005 < soft < 0.7
    assert (alphas >= 0.98).mean() > 0.03 and (alphas <= 0.02).mean() > 0.03


def test_every_kind_comes_up_when_none_is_asked_for():
    kinds = {draw_sample(seed, 16).kind for seed in range(100)}
    assert kinds >= {"loose hair", "fur", "curly hair", "defocused", "leaves"} and len(kinds) > 12


def test_a_kind_that_does_not_exist_is_refused_with_the_valid_ones():
    with pytest.raises(ValueError, match="loose hair"):
        draw_sample(0, SIZE, ("ghosts",))


def test_what_is_drawn_soft_keeps_its_ink_and_two_layers_hide_each_other_by_their_coverage():
    ink, other = np.asarray([0.9, 0.5, 0.2], np.float32), np.asarray([0.1, 0.2, 0.8], np.float32)
    triangle = np.asarray([[3.3, 2.1], [28.7, 14.2], [9.5, 29.8]], np.float32)
    front, back = canvas(32, 2), canvas(32, 2)
    fill(front, triangle, ink, 2)
    fill(back, triangle[::-1] * np.float32(0.9), other, 2)
    front, back = keep(front, 32), keep(back, 32)
    colours, alpha = straight(front)
    soft = (alpha > 0.15) & (alpha < 0.95)
    assert soft.sum() > 20 and np.abs(colours[soft] - ink).max() < 0.03
    both = over(front, back)
    assert np.allclose(1 - both[..., 3], (1 - front[..., 3]) * (1 - back[..., 3]), atol=1e-6)


def test_the_trimap_holds_what_is_soft_and_the_loose_one_more_of_it(one_of_each):
    for sample in (samples[0] for samples in one_of_each.values()):
        tight, loose = make_trimap(sample.alpha, 1, True), make_trimap(sample.alpha, 1, False)
        for trimap in (tight, loose):
            assert trimap.dtype == np.uint8 and set(np.unique(trimap)) <= {0, 128, 255}
            assert (sample.alpha[trimap == 255] > 0.97).all() and (sample.alpha[trimap == 0] < 0.03).all()
        assert (loose == 128).sum() > (tight == 128).sum(), sample.kind
        assert np.array_equal(tight, make_trimap(sample.alpha, 1, True))


def test_a_hard_edge_gets_a_band_but_the_rim_of_the_picture_none():
    alpha = np.zeros((120, 120), np.float32)
    alpha[:, 60:] = 1
    trimap = make_trimap(alpha, 5, True)
    assert (trimap[:, 52:68] == 128).sum() > 120 * 7
    assert (trimap[:, :20] == 0).all() and (trimap[:, 100:] == 255).all()


def test_the_camera_keeps_what_a_picture_shows():
    """Over many cameras a grey ramp stays a ramp, and colours stay in their order."""
    ramp = np.broadcast_to(np.linspace(0, 1, 64, dtype=np.float32)[None, :, None], (64, 64, 3)) * [1, 0.7, 0.4]
    for seed in range(12):
        seen = photograph(np.random.default_rng(seed), ramp.astype(np.float32))
        assert seen.min() >= 0 and seen.max() <= 1
        columns = seen.mean((0, 2))
        assert np.corrcoef(columns, ramp.mean((0, 2)))[0, 1] > 0.9
        assert seen[..., 0].mean() > seen[..., 1].mean() > seen[..., 2].mean()


def test_cut_outs_are_read_with_their_alpha_and_the_rest_of_the_folder_passed_over(folder):
    (cutout,) = cut_outs(folder)
    assert cutout.name == "disc"
    assert np.allclose(cutout.layer()[40, 60], [220 / 255, 120 / 255, 30 / 255, 1])
    assert (cutout.layer()[..., :3] <= cutout.layer()[..., 3:] + 1e-6).all()


def test_a_cut_out_sample_is_exact_and_follows_its_seed(folder):
    cutouts = cut_outs(folder)
    sample, again = (draw_cut_out(cutouts, 7, SIZE, camera=False) for _ in range(2))
    assert np.array_equal(sample.image, again.image) and sample.kind == "cut-out"
    alpha = sample.alpha[..., None]
    assert np.abs(sample.image - alpha * sample.foreground - (1 - alpha) * sample.background).max() < 1e-6
    assert not np.array_equal(sample.alpha, draw_cut_out(cutouts, 8, SIZE).alpha)


def test_a_folder_without_cut_outs_says_what_to_put_there(tmp_path):
    with pytest.raises(ValueError, match="PNG files"):
        cut_outs(tmp_path)
