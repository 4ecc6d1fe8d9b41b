"""Trimaps made from a true matte, and the random distances of the thesis' robustness test."""

import numpy as np
import pytest

from models.evaluation.dilation import PAPER_RANGES, distance_for, trimap_from_truth


def disk(size: int = 81, soft_px: float = 2.0) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size] - size // 2
    return np.clip((25 - np.hypot(rows, columns)) / soft_px + 0.5, 0, 1).astype(np.float32)


def test_at_distance_nought_only_the_fractional_pixels_are_unknown():
    truth = disk()
    trimap = trimap_from_truth(truth, 0)
    assert ((trimap == 128) == ((truth > 0) & (truth < 1))).all()
    assert ((trimap == 255) == (truth == 1)).all() and trimap.dtype == np.uint8


def test_the_band_reaches_exactly_as_far_as_asked():
    truth = np.zeros((9, 60), np.float32)
    truth[:, 30:] = 1
    assert (trimap_from_truth(truth, 5)[4] == 128).sum() == 10  # five pixels on either side of a hard edge
    assert (trimap_from_truth(truth, 0)[4] == 128).sum() == 0


def test_the_band_is_the_set_of_pixels_within_the_distance():
    truth, distance = disk(41), 4
    soft = np.argwhere((truth > 0) & (truth < 1))
    everywhere = np.stack(np.mgrid[:41, :41], -1).reshape(-1, 1, 2)
    near = (np.hypot(*np.moveaxis(everywhere - soft, -1, 0)).min(axis=1) <= distance).reshape(41, 41)
    assert ((trimap_from_truth(truth, distance) == 128) == near).all()


def test_noise_of_a_jpeg_does_not_make_everything_unknown():
    noisy = np.clip(disk() + np.float32(3 / 255) * (np.indices((81, 81)).sum(0) % 2 - 0.5), 0, 1).astype(np.float32)
    assert (trimap_from_truth(noisy, 0) == 128).mean() > 0.4
    assert (trimap_from_truth(noisy, 0, 5 / 255) == 128).mean() < 0.1


@pytest.mark.parametrize(("value", "label"), [(0.0, 0), (1.0, 255)])
def test_a_matte_of_one_value_leaves_nothing_unknown(value, label):
    assert (trimap_from_truth(np.full((8, 8), value, np.float32), 3) == label).all()


@pytest.mark.parametrize("upper", (5, 10, *PAPER_RANGES))
def test_distances_fill_their_range_and_depend_on_the_photo_alone(upper):
    drawn = {distance_for(f"photo {index}", upper) for index in range(300)}
    assert drawn == set(range(max(1, upper - 9), upper + 1))
    assert distance_for("photo 1", upper) == distance_for("photo 1", upper)
