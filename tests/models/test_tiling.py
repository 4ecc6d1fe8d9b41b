"""Pieces along the unknown pixels: the same alpha as at once, without seams, within memory, stoppable."""

from __future__ import annotations

import numpy as np
import pytest

from models.prepare import known_kept, network_input
from models.tiling import SMALLEST_PIECE_PIXELS, fitting_margin, matte_in_pieces, show_whole
from tests.models.predictors import Blurring, ringed_photo, silent, spec_of


def at_once(predictor: Blurring, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    H, W = trimap.shape
    predictor.room = 10**9
    raw = predictor.predict(network_input(image, trimap, predictor.spec.stride))[-1][0, 0, :H, :W]
    return known_kept(raw, trimap)


@pytest.mark.parametrize("shape", [(640, 512), (701, 533), (150, 900)])
def test_pieces_give_what_the_whole_photo_gives_at_once(shape):
    image, trimap = ringed_photo(*shape)
    predictor = Blurring(reach_px=20)
    alpha = matte_in_pieces(predictor, image, trimap, silent)
    assert len(predictor.seen) > 1
    assert np.abs(alpha - at_once(Blurring(reach_px=20), image, trimap)).max() < 1e-5


def test_known_pixels_are_exact_and_the_range_is_kept():
    image, trimap = ringed_photo(400, 300)
    alpha = matte_in_pieces(Blurring(), image, trimap, silent)
    assert alpha.dtype == np.float32 and alpha.shape == trimap.shape and alpha.min() >= 0 and alpha.max() <= 1
    assert (alpha[trimap == 0] == 0).all() and (alpha[trimap == 255] == 1).all()


def test_pieces_that_disagree_meet_without_a_step():
    """Each answer is a constant of its own: where two pieces meet, alpha still changes little from pixel to pixel."""

    class Moody(Blurring):
        def predict(self, inputs):
            super().predict(inputs)
            return (np.full((1, 1, *inputs.shape[2:]), len(self.seen) % 2, np.float32),)

    image = np.zeros((100, 1600, 3), np.float32)
    trimap = np.full((100, 1600), 128, np.uint8)
    trimap[0], trimap[-1] = 0, 255
    predictor = Moody(spec_of(margin_px=96))
    alpha = matte_in_pieces(predictor, image, trimap, silent)
    assert len(predictor.seen) > 3 and np.ptp(alpha[50]) == 1
    assert np.abs(np.diff(alpha[50])).max() < 0.05


def test_progress_rises_and_is_called_between_the_layers_of_a_piece():
    image, trimap = ringed_photo(640, 512)
    calls: list[tuple[float, str]] = []
    predictor = Blurring()
    matte_in_pieces(predictor, image, trimap, lambda fraction, text: calls.append((fraction, text)))
    fractions = [fraction for fraction, _ in calls]
    assert fractions == sorted(fractions) and fractions[0] == 0 and fractions[-1] == 1
    assert len(calls) >= 3 * len(predictor.seen)
    assert any(text == f"Piece 2 of {len(predictor.seen)}" for _, text in calls)


def test_what_progress_raises_comes_out_and_leaves_the_predictor_as_it_was():
    class StopError(Exception):
        pass

    def stop(fraction: float, text: str) -> None:
        if fraction > 0.3:
            raise StopError

    image, trimap = ringed_photo(640, 512)
    predictor = Blurring()
    with pytest.raises(StopError):
        matte_in_pieces(predictor, image, trimap, stop)
    assert predictor.tick is None and predictor.wholes[-1] is None


def test_a_piece_that_does_not_fit_is_followed_by_smaller_ones_and_that_is_said():
    image, trimap = ringed_photo(900, 900)
    predictor = Blurring(most_pixels=300 * 300)
    texts: list[str] = []
    alpha = matte_in_pieces(predictor, image, trimap, lambda fraction, text: texts.append(text), limit_bytes=700 * 700)
    assert predictor.limits == [700 * 700]
    assert any("smaller pieces" in text for text in texts)
    assert np.abs(alpha - at_once(Blurring(), image, trimap)).max() < 1e-5


def test_a_budget_too_small_for_the_margin_is_kept_all_the_same_and_that_is_said():
    image, trimap = ringed_photo(640, 512)
    predictor = Blurring(reach_px=8)
    texts: list[str] = []
    budget = 100 * 100  # a core of 32 with 64 pixels all round would be 160 x 160
    alpha = matte_in_pieces(predictor, image, trimap, lambda fraction, text: texts.append(text), limit_bytes=budget)
    assert len(predictor.seen) > 1 and all(shape[2] * shape[3] <= budget for shape in predictor.seen)
    assert any("sees 32 pixels around itself instead of 64" in text for text in texts)
    assert np.abs(alpha - at_once(Blurring(reach_px=8), image, trimap)).max() < 1e-5


@pytest.mark.parametrize(("most", "margin"), [(160 * 160, 64), (160 * 160 - 1, 32), (96 * 96, 32)])
def test_the_margin_is_halved_until_a_core_fits(most, margin):
    assert fitting_margin(64, 32, (1000, 1000), most) == margin


def test_a_photo_smaller_than_the_margin_needs_no_smaller_one():
    assert fitting_margin(64, 32, (40, 1000), 64 * 160) == 64


def test_a_budget_that_leaves_nothing_of_the_margin_is_a_memory_error():
    image, trimap = ringed_photo(640, 512)
    predictor = Blurring()
    with pytest.raises(MemoryError):
        matte_in_pieces(predictor, image, trimap, silent, limit_bytes=96 * 96 - 1)
    assert predictor.seen == []


def test_where_even_small_pieces_do_not_fit_it_is_a_memory_error():
    image, trimap = ringed_photo(900, 900)
    predictor = Blurring(most_pixels=SMALLEST_PIECE_PIXELS // 4)
    with pytest.raises(MemoryError):
        matte_in_pieces(predictor, image, trimap, silent, limit_bytes=10**6)


def test_the_whole_is_shown_once_reduced_and_forgotten_in_the_end():
    image, trimap = ringed_photo(1300, 1000)
    predictor = Blurring(most_pixels=500 * 500)
    matte_in_pieces(predictor, image, trimap, silent)
    shown = [shape for shape in predictor.wholes if shape is not None]
    assert len(shown) == 1 and max(shown[0][2:]) <= 640 and predictor.wholes[-1] is None


def test_the_whole_is_not_shown_where_one_piece_is_the_photo():
    image, trimap = ringed_photo(200, 200)
    predictor = Blurring()
    matte_in_pieces(predictor, image, trimap, silent)
    assert predictor.wholes == [None] and len(predictor.seen) == 1


def test_the_reduced_whole_keeps_to_what_the_predictor_can_take():
    image, trimap = ringed_photo(900, 600)
    predictor = Blurring()
    show_whole(predictor, image, trimap, most_pixels=200 * 300)
    assert predictor.wholes[0] is not None
    assert 190 * 290 <= np.prod(predictor.wholes[0][2:]) <= 200 * 300 + 32 * (200 + 300)


def test_a_network_without_a_trimap_gets_three_channels():
    image, trimap = ringed_photo(300, 200)
    predictor = Blurring(spec_of(channels=3))
    matte_in_pieces(predictor, image, trimap, silent)
    assert all(shape[1] == 3 for shape in predictor.seen)
