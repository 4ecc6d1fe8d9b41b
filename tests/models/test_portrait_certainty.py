"""When a network's find is believed: doubt and disagreement lower one figure, and too little or too much is nobody."""

from __future__ import annotations

import numpy as np
import pytest

from models.portrait_certainty import (
    CERTAIN,
    CERTAIN_INSIDE,
    NotSureError,
    certainty,
    certainty_inside,
    check_share,
    check_trimap,
)


def half(value: float = 1.0) -> np.ndarray:
    """A share that is ``value`` at the left and the same away from 1 at the right."""
    share = np.full((40, 60), 1 - value, np.float32)
    share[:, :30] = value
    return share


def test_certainty_is_1_where_all_agree_and_0_where_two_looks_say_the_opposite():
    assert certainty(half()) == 1.0
    assert certainty((half() + half(0.0)) / 2) == 0.0
    assert certainty(half(0.8)) == pytest.approx(0.6)


def test_a_network_is_expected_to_be_wrong_in_half_of_what_certainty_lacks():
    generator = np.random.default_rng(2)
    share = generator.uniform(0, 1, (300, 300)).astype(np.float32)
    truth = generator.uniform(0, 1, share.shape) < share  # a share that is right as often as it says
    wrong = float(((share > 0.5) != truth).mean())
    assert wrong == pytest.approx((1 - certainty(share)) / 2, abs=0.01)


def test_a_sure_share_passes_and_an_unsure_one_does_not():
    check_share(half((1 + CERTAIN) / 2 + 0.01))
    with pytest.raises(NotSureError, match="not sure who"):
        check_share(half((1 + CERTAIN) / 2 - 0.01))


def test_one_look_that_sees_another_person_than_the_mirror_image_does_is_not_believed():
    one, other = np.zeros((2, 100, 100), np.float32)
    one[20:80, 5:45] = other[20:80, 55:95] = 1
    check_share(one)
    with pytest.raises(NotSureError, match="not sure who"):
        check_share((one + other) / 2 + 0.01)


def test_a_small_doubtful_find_before_much_sure_background_is_not_believed():
    share = np.zeros((100, 100), np.float32)
    share[40:60, 40:60] = CERTAIN_INSIDE - 0.02
    assert certainty(share) > CERTAIN and certainty_inside(share) == pytest.approx(CERTAIN_INSIDE - 0.02)
    with pytest.raises(NotSureError, match="not sure who"):
        check_share(share)
    share[share > 0] = CERTAIN_INSIDE + 0.02
    check_share(share)
    assert certainty_inside(np.zeros((4, 4), np.float32)) == 0.0


@pytest.mark.parametrize(("inside", "words"), [(0.001, "Nobody was found"), (0.999, "taken for the subject")])
def test_next_to_nothing_and_next_to_everything_are_nobody(inside, words):
    share = np.zeros((100, 100), np.float32)
    share.reshape(-1)[: round(inside * share.size)] = 1
    with pytest.raises(NotSureError, match=words) as caught:
        check_share(share)
    assert "Draw a rectangle" in str(caught.value)


def test_a_trimap_that_says_too_little_is_refused():
    trimap = np.full((10, 10), 128, np.uint8)
    trimap[0], trimap[-1] = 0, 255
    with pytest.raises(NotSureError, match="not sure"):
        check_trimap(trimap)
    trimap[:5] = 0
    check_trimap(trimap)
    for value, words in ((0, "taken for the subject"), (255, "Nobody")):
        with pytest.raises(NotSureError, match=words):
            check_trimap(np.where(trimap == value, np.uint8(128), trimap))
