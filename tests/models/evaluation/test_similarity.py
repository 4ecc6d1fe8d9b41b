"""PSNR, SSIM and the plain errors against their formulas and against scikit-image."""

from __future__ import annotations

import math

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from models.evaluation.similarity import psnr, similarity, ssim, ssim_stacked


def pictures(count: int, seed: int = 0) -> np.ndarray:
    """Smooth blobs (count, 32, 32) in [0, 1]."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:32, :32]
    centres, widths = rng.uniform(4, 28, (count, 2, 1, 1)), rng.uniform(2, 8, (count, 1, 1))
    return np.exp(-((rows - centres[:, 0]) ** 2 + (columns - centres[:, 1]) ** 2) / (2 * widths**2))


def noisy(truth: np.ndarray, deviation: float = 0.05) -> np.ndarray:
    return truth + np.random.default_rng(9).normal(0, deviation, truth.shape)


def test_equal_pictures_are_equal_by_every_measure():
    found = similarity(pictures(8), pictures(8))
    assert found.psnr == math.inf
    assert (found.mae, found.rmse) == (0, 0)
    assert found.ssim == pytest.approx(1) and found.ssim_stacked == pytest.approx(1)


def test_a_constant_error_of_a_tenth_is_20_db():
    truth = pictures(3)
    found = similarity(truth + 0.1, truth)
    assert found.psnr == pytest.approx(20)
    assert found.mae == pytest.approx(0.1) and found.rmse == pytest.approx(0.1)
    assert psnr(0.01, peak=10) == pytest.approx(40)


def test_the_root_mean_square_weighs_one_large_error_more_than_the_mean_does():
    truth = np.zeros((1, 32, 32))
    answer = truth.copy()
    answer[0, 3, 4] = 1
    found = similarity(answer, truth)
    assert found.mae == pytest.approx(1 / 1024)
    assert found.rmse == pytest.approx(1 / 32)
    assert found.psnr == pytest.approx(20 * math.log10(32))


def test_psnr_is_that_of_the_whole_set_and_not_the_mean_of_the_pictures():
    truth = pictures(2)
    answer = truth + np.array([0.1, 0.001])[:, None, None]
    assert similarity(answer, truth).psnr == pytest.approx(peak_signal_noise_ratio(truth, answer, data_range=1))
    assert similarity(answer, truth).psnr < 30


def test_ssim_of_flat_pictures_is_the_formula_of_their_means():
    answer, truth = np.full((1, 16, 16), 0.2), np.full((1, 16, 16), 0.6)
    assert ssim(answer, truth) == pytest.approx((2 * 0.2 * 0.6 + 1e-4) / (0.2**2 + 0.6**2 + 1e-4))


def test_ssim_is_scikit_images_where_the_windows_lie_inside():
    truth = pictures(4)
    answer = noisy(truth)
    settings = {"data_range": 1.0, "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    maps = [structural_similarity(a, b, full=True, **settings)[1] for a, b in zip(answer, truth, strict=True)]
    inside = np.mean([one[5:-5, 5:-5] for one in maps])
    assert ssim(answer, truth) == pytest.approx(inside, abs=1e-9)


def test_stacked_ssim_is_scikit_images_on_each_hundred_as_one_volume():
    truth = pictures(112)
    answer = noisy(truth)
    parts = [structural_similarity(truth[part], answer[part], data_range=2.0) for part in (slice(100), slice(100, 112))]
    assert ssim_stacked(answer, truth) == pytest.approx((100 * parts[0] + 12 * parts[1]) / 112, abs=1e-9)
    assert ssim_stacked(answer[:103], truth[:103]) == pytest.approx(parts[0], abs=1e-9)


def test_stacking_flatters():
    """Why the tables' SSIM looks so high: the same answers, measured in both ways."""
    truth = pictures(20)
    found = similarity(noisy(truth), truth)
    assert found.ssim_stacked > found.ssim + 0.1


def test_the_more_noise_the_worse_by_every_measure():
    truth = pictures(20)
    little, much = similarity(noisy(truth, 0.02), truth), similarity(noisy(truth, 0.1), truth)
    assert little.psnr > much.psnr and little.ssim > much.ssim and little.ssim_stacked > much.ssim_stacked
    assert little.mae < much.mae and little.rmse < much.rmse


def test_too_few_pictures_for_a_stack_have_no_stacked_ssim():
    assert math.isnan(similarity(pictures(3), pictures(3)).ssim_stacked)
    with pytest.raises(ValueError, match="7 pictures"):
        ssim_stacked(pictures(3), pictures(3))


@pytest.mark.parametrize("shape", [(2, 10, 32), (0, 32, 32), (32, 32)])
def test_what_is_no_set_of_pictures_is_refused(shape: tuple[int, ...]):
    with pytest.raises(ValueError, match="Pictures are"):
        similarity(np.zeros(shape), np.zeros(shape))


def test_pictures_of_another_size_are_refused():
    with pytest.raises(ValueError, match="one size"):
        similarity(pictures(2), pictures(3))
