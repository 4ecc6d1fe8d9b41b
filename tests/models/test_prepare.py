"""From a photo to a network's input."""

from __future__ import annotations

import numpy as np
import pytest

from models.prepare import check_image, check_marks, known_kept, network_input, padded
from tests.models.predictors import ringed_photo


def test_colours_are_normalised_by_imagenets_figures_and_the_trimap_only_divided():
    image = np.full((32, 32, 3), (0.485, 0.456 + 0.224, 0.406 - 2 * 0.225), np.float32)
    trimap = np.full((32, 32), 128, np.uint8)
    planes = network_input(image, trimap, 32)
    assert planes.shape == (1, 4, 32, 32) and planes.dtype == np.float32
    assert np.allclose(planes[0, :, 5, 7], (0, 1, -2, 128 / 255), atol=1e-6)


def test_a_network_without_a_trimap_gets_three_channels():
    image, _ = ringed_photo(20, 40)
    assert network_input(image, None, 16).shape == (1, 3, 32, 48)


def test_what_is_missing_to_a_full_stride_is_mirrored_at_the_right_and_the_bottom():
    planes = np.arange(2 * 5 * 6, dtype=np.float32).reshape(2, 5, 6)
    wider = padded(planes, 8)
    assert wider.shape == (2, 8, 8)
    assert np.array_equal(wider[:, :5, :6], planes)
    assert np.array_equal(wider[:, :5, 6:], planes[:, :, [4, 3]]) and np.array_equal(wider[:, 5, :6], planes[:, 3])
    assert padded(wider, 8) is wider


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (3, 2)])
def test_photos_smaller_than_the_stride_are_mirrored_as_often_as_it_takes(size):
    wider = padded(np.ones((3, *size), np.float32), 32)
    assert wider.shape[1] == 32 and wider.shape[2] % 32 == 0 and (wider == 1).all()


def test_known_pixels_are_exact_and_the_rest_is_clipped():
    raw = np.array([[0.4, -0.3, 1.7, 0.5]], np.float32)
    trimap = np.array([[0, 128, 128, 255]], np.uint8)
    alpha = known_kept(raw, trimap)
    assert alpha.dtype == np.float32 and np.array_equal(alpha, [[0, 0, 1, 1]])
    assert raw[0, 1] == np.float32(-0.3), "the input is not written to"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda image, trimap: (image.astype(np.float64), trimap), "float32"),
        (lambda image, trimap: (image * 2, trimap), "must lie in"),
        (lambda image, trimap: (image * np.nan, trimap), "must lie in"),
        (lambda image, trimap: (image[..., :2], trimap), "float32"),
        (lambda image, trimap: (image, trimap[:-1]), "uint8"),
        (lambda image, trimap: (image, trimap // 2), "only 0"),
        (lambda image, trimap: (image, np.minimum(trimap, 128)), "no foreground"),
        (lambda image, trimap: (image, np.maximum(trimap, 128)), "no background"),
    ],
)
def test_a_wrong_image_or_trimap_is_a_sentence(change, words):
    image, trimap = ringed_photo(30, 30)
    check_marks(image, trimap)
    with pytest.raises(ValueError, match=words):
        check_marks(*change(image, trimap))


def test_an_image_without_pixels_is_refused():
    with pytest.raises(ValueError, match="float32"):
        check_image(np.zeros((0, 4, 3), np.float32))
