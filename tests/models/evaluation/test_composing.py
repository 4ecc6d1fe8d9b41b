"""The published rule of composing, against the same done a pixel at a time."""

import math

import numpy as np
import pytest
from PIL import Image

from models.evaluation.composing import compose, covering, reduced


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def test_the_mixture_is_cut_off_in_double_precision_as_the_published_script_does():
    foreground, background, alpha = noise(300, 7, 3), noise(300, 7, 3, seed=1), noise(300, 7, seed=2)
    alpha[:2], alpha[2:4] = 0, 255
    made = compose(foreground, alpha, background)
    for y, x in [(0, 0), (3, 1), *((y, y % 7) for y in range(4, 300, 11))]:
        share = int(alpha[y, x]) / 255
        expected = [
            int(share * int(f) + (1 - share) * int(b)) for f, b in zip(foreground[y, x], background[y, x], strict=True)
        ]
        assert made[y, x].tolist() == expected
    assert (made[:2] == background[:2]).all() and (made[2:4] == foreground[2:4]).all()


def test_a_background_that_is_large_enough_is_cropped_at_its_upper_left_and_never_reduced():
    background = noise(50, 60, 3)
    assert (covering(background, 40, 50) == background[:, :40]).all()


@pytest.mark.parametrize(("width", "height"), [(90, 40), (30, 100), (61, 51)])
def test_a_background_that_is_too_small_is_enlarged_by_the_larger_ratio_rounded_up(width, height):
    background = noise(50, 60, 3)
    ratio = max(width / 60, height / 50)
    whole = Image.fromarray(background).resize((math.ceil(60 * ratio), math.ceil(50 * ratio)), Image.BICUBIC)
    assert (covering(background, width, height) == np.asarray(whole)[:height, :width]).all()


def test_foregrounds_are_reduced_to_the_longest_side_and_never_enlarged():
    foreground, alpha = noise(40, 100, 3), noise(40, 100)
    small, matte = reduced(foreground, alpha, 50)
    assert small.shape == (20, 50, 3) and matte.shape == (20, 50)
    assert matte[0, 0] == pytest.approx(alpha[:2, :2].mean(), abs=1)
    assert reduced(foreground, alpha, 100)[0] is foreground


def test_a_matte_of_another_size_is_a_sentence():
    with pytest.raises(ValueError, match="60 x 50 pixels, its matte 40 x 50"):
        compose(noise(50, 60, 3), noise(50, 40), noise(9, 9, 3))
