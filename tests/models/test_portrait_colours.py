"""What a photo's own colours mend in a rough share of foreground."""

from __future__ import annotations

import numpy as np
import pytest

from models.portrait_colours import guided, mended

HEIGHT, WIDTH = 120, 160


@pytest.fixture
def photo() -> tuple[np.ndarray, np.ndarray]:
    """A speckled green coat before a speckled grey wall, and its mask."""
    rng = np.random.default_rng(0)
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    mask[30:, 50:110] = 1
    colours = np.where(mask[..., None] > 0, (0.2, 0.6, 0.2), (0.5, 0.5, 0.55)) + rng.normal(0, 0.03, (*mask.shape, 3))
    return np.clip(colours, 0, 1).astype(np.float32), mask


def test_what_the_network_half_missed_is_found_by_its_colour(photo):
    image, mask = photo
    share = mask * 0.98 + 0.01
    share[60:, 90:125] = 0.45  # a sleeve and wall beside it: the network does not know
    made = mended(image, share.astype(np.float32))
    assert np.square(made - mask).mean() < 0.2 * np.square(share - mask).mean()
    assert made[80, 95:105].min() > 0.8 and made[80, 114:123].max() < 0.2


def test_it_is_the_same_each_time_and_keeps_to_the_range(photo):
    image, mask = photo
    share = np.clip(mask * 0.8 + 0.1 * np.random.default_rng(1).random(mask.shape), 0.01, 0.99).astype(np.float32)
    share[40:60, 60:80] = 0.99
    one, other = mended(image, share), mended(image, share)
    assert np.array_equal(one, other) and one.dtype == np.float32
    assert one.min() >= 0 and one.max() <= 1


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_share_that_is_sure_of_nobody_or_of_nothing_else_stays(photo, value):
    share = np.full((HEIGHT, WIDTH), value, np.float32)
    assert np.array_equal(mended(photo[0], share), share)


def test_a_coarse_plane_laid_along_a_larger_photo_follows_its_edge(photo):
    image, mask = photo
    large = np.repeat(np.repeat(image, 4, axis=0), 4, axis=1)
    truth = np.repeat(np.repeat(mask, 4, axis=0), 4, axis=1)
    made = guided(mask, image, large)
    assert made.shape == truth.shape and np.abs(made - truth).mean() < 0.03
    assert abs(made[300, 196] - made[300, 203]) > 0.7, "eight pixels across the edge, two of the small photo"
