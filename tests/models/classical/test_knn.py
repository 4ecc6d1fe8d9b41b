"""KNN matting: the neighbours it finds, agreement with the definition, errors, cancelling, where it costs."""

from __future__ import annotations

import numpy as np
import pytest

from models import side_by_side
from models.classical import knn
from models.classical.knn import colour_features, find_neighbours, knn_matte, laplacian_of
from tests.models.classical.matting_cases import soft_disc


class Stop(Exception):  # noqa: N818 - what a progress call raises to cancel
    pass


def quiet(part: float) -> None:
    """A tick that nobody waits for."""


def noisy_photo(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise over a ramp, and a trimap with an unknown band between foreground and background."""
    rng = np.random.default_rng(5)
    ramp = np.linspace(0, 1, height)[:, None, None] * np.array([1.0, 0.4, 0.2])
    image = (0.7 * ramp + 0.3 * rng.random((height, width, 3))).astype(np.float32)
    trimap = np.full((height, width), 128, np.uint8)
    trimap[: height // 4], trimap[-(height // 4) :] = 0, 255
    return image, trimap


def features_of(image: np.ndarray, weight: float) -> np.ndarray:
    """(H W, 5) features of every pixel, one after the other."""
    height, width = image.shape[:2]
    place = np.stack(np.mgrid[:height, :width], axis=-1).reshape(-1, 2) / max(height, width)
    return np.concatenate([colour_features(image.reshape(-1, 3)), weight * place], axis=1)


def test_the_neighbours_are_the_nearest_of_all_pixels() -> None:
    image, trimap = noisy_photo(24, 30)
    found = find_neighbours(image, trimap, quiet)
    unknown = np.flatnonzero(trimap == 128)
    number = np.where(trimap.ravel() == 255, unknown.size + 1, unknown.size)
    number[unknown] = np.arange(unknown.size)
    first = 0
    for k, weight in knn.SEARCHES:
        features = features_of(image, weight)
        distance = np.linalg.norm(features[unknown, None] - features, axis=2)
        distance[np.arange(unknown.size), unknown] = np.inf
        nearest = number[np.argsort(distance, axis=1)[:, :k]]
        np.testing.assert_array_equal(np.sort(found[:, first : first + k]), np.sort(nearest))
        first += k


def test_cutting_the_photo_into_pieces_hardly_changes_the_matte(monkeypatch: pytest.MonkeyPatch) -> None:
    image, _, trimap = soft_disc(150, 210, 45)
    whole = knn_matte(image, trimap)
    monkeypatch.setattr(knn, "PIECE_PIXELS", 2000)
    monkeypatch.setattr(knn, "MARGIN_PX", 16)
    assert len(list(knn._pieces(trimap == 128, (0, 0, *trimap.shape)))) > 2
    assert np.abs(knn_matte(image, trimap) - whole).mean() < 2e-3


def test_the_product_is_that_of_the_graphs_laplacian() -> None:
    image, trimap = noisy_photo(16, 16)
    neighbours = find_neighbours(image, trimap, quiet)
    count = neighbours.shape[0]
    affinity = np.zeros((count, count))
    known, foreground = np.zeros(count), np.zeros(count)
    for pixel, row in enumerate(neighbours):
        for other in row:
            if other < count:
                affinity[pixel, other] += 1
                affinity[other, pixel] += 1
            else:
                known[pixel] += knn.KNOWN_WEIGHT
                foreground[pixel] += knn.KNOWN_WEIGHT * (other == count + 1)
    laplacian = np.diag(affinity.sum(axis=1) + known) - affinity
    matrix, rhs = laplacian_of(neighbours, lambda: None)
    vector = np.random.default_rng(2).random(count)
    np.testing.assert_allclose(matrix @ vector, laplacian @ vector, atol=1e-10)
    np.testing.assert_array_equal(rhs, foreground)


def test_specks_like_the_subject_are_found_across_a_gap() -> None:
    image = np.full((40, 60, 3), (0.1, 0.2, 0.9), np.float32)
    image[10:30, 5:15] = image[19:21, 24:26] = image[10:12, 24:26] = (0.9, 0.3, 0.1)
    image += np.random.default_rng(1).normal(0, 0.01, image.shape).astype(np.float32)
    trimap = np.full((40, 60), 128, np.uint8)
    trimap[:, :2], trimap[14:26, 7:13] = 0, 255
    alpha = knn_matte(np.clip(image, 0, 1), trimap)
    assert alpha[19:21, 24:26].min() > 0.9 and alpha[10:12, 24:26].min() > 0.9
    assert alpha[:, 30:].max() < 0.1


def test_a_part_tied_to_no_known_pixel_takes_after_the_marks_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(knn, "SEARCHES", ((3, 0.1),))
    image = np.zeros((30, 30, 3), np.float32)
    image[13:17, 13:17] = (0.0, 1.0, 0.0)  # sixteen pixels that have only each other
    trimap = np.full((30, 30), 255, np.uint8)
    trimap[:1], trimap[10:20, 10:20] = 0, 128
    alpha = knn_matte(image, trimap)
    assert alpha[14, 14] > 0.6


def test_the_hue_of_grey_pixels_does_not_matter() -> None:
    greys = np.array([[0.5, 0.5, 0.501], [0.501, 0.5, 0.5]], np.float32)
    apart = np.linalg.norm(np.diff(colour_features(greys), axis=0))
    assert apart < 0.005


def test_a_soft_rim_is_found_and_known_pixels_are_exact() -> None:
    image, truth, trimap = soft_disc(150, 210, 45)
    alpha = knn_matte(image, trimap)
    assert alpha.dtype == np.float32 and np.abs(alpha - truth).mean() < 0.02
    np.testing.assert_array_equal(alpha[trimap != 128], (trimap[trimap != 128] == 255).astype(np.float32))


@pytest.mark.parametrize(("label", "words"), [(0, "no foreground"), (255, "no background")])
def test_a_trimap_with_one_side_only_is_refused(label: int, words: str) -> None:
    image, trimap = noisy_photo(12, 12)
    trimap[trimap == 255 - label] = 128
    with pytest.raises(ValueError, match=words):
        knn_matte(image, trimap)


def test_a_start_of_the_wrong_shape_is_refused() -> None:
    image, trimap = noisy_photo(12, 12)
    with pytest.raises(ValueError, match="start"):
        knn_matte(image, trimap, start=np.zeros((3, 3), np.float32))


def test_a_large_photo_costs_only_what_touches_the_unknown_part(monkeypatch: pytest.MonkeyPatch) -> None:
    image, trimap = noisy_photo(64, 64)
    wide_image = np.zeros((700, 800, 3), np.float32)
    wide_trimap = np.zeros((700, 800), np.uint8)
    wide_image[300:364, 300:364], wide_trimap[300:364, 300:364] = image, trimap
    searched: list[int] = []
    real = knn.colour_features
    monkeypatch.setattr(knn, "colour_features", lambda colour: (searched.append(len(colour)), real(colour))[1])
    find_neighbours(wide_image, wide_trimap, quiet)
    assert 0 < sum(searched) <= (64 + 2 * knn.BAND_PX) ** 2


def test_what_progress_raises_comes_out_while_solving_too() -> None:
    image, trimap = noisy_photo(40, 40)

    def stop(fraction: float, text: str) -> None:
        if text.startswith("Solving, pass"):
            raise Stop

    with pytest.raises(Stop):
        knn_matte(image, trimap, stop)


def test_both_halves_of_a_product_at_once_give_what_one_after_the_other_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    image, _, trimap = soft_disc(40, 40, 12)
    matte = knn_matte(image, trimap)
    calls: list[int] = []

    def both(one, other):
        calls.append(1)
        return side_by_side.both(one, other)

    monkeypatch.setattr(knn, "both", both)
    monkeypatch.setattr(knn, "AT_ONCE", 0)
    assert np.array_equal(knn_matte(image, trimap), matte) and calls
