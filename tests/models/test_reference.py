"""The authors' own way."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from models import reference
from models.prepare import DEVIATION, MEAN
from models.reference import matte_as_published
from tests.models.predictors import Blurring, ringed_photo, silent, spec_of


class Echo(Blurring):
    """Answers with one of its input's channels."""

    def __init__(self, channel: int, **facts: object) -> None:
        super().__init__(spec_of(**facts), most_pixels=10**9)
        self.channel = channel

    def predict(self, inputs):
        super().predict(inputs)
        return (inputs[:, self.channel : self.channel + 1],)


def test_indexnets_photo_is_enlarged_after_normalising_and_alpha_brought_back():
    image, trimap = ringed_photo(70, 90)
    predictor = Echo(0, family="indexnet")
    alpha = matte_as_published(predictor, image, trimap, silent)
    assert predictor.seen == [(1, 4, 96, 96)]
    enlarged = cv2.resize((image[..., 0] - MEAN[0]) / DEVIATION[0], (96, 96), interpolation=cv2.INTER_CUBIC)
    expected = np.clip(cv2.resize(enlarged, (90, 70), interpolation=cv2.INTER_CUBIC), 0, 1)
    unknown = trimap == 128
    assert np.abs(alpha - expected)[unknown].max() < 1e-5
    assert (alpha[trimap == 255] == 1).all() and (alpha[trimap == 0] == 0).all()


def test_indexnets_trimap_is_enlarged_without_inventing_values():
    image, trimap = ringed_photo(70, 90)
    seen: list[np.ndarray] = []
    predictor = Echo(3, family="indexnet")
    echo = predictor.predict
    predictor.predict = lambda inputs: (seen.append(inputs[0, 3]), echo(inputs))[1]  # type: ignore[method-assign]
    matte_as_published(predictor, image, trimap, silent)
    assert set(np.unique(seen[0])) == {np.float32(value) / np.float32(255) for value in (0, 128, 255)}


def test_a2us_photo_is_continued_by_reflection_and_alpha_cut():
    image, trimap = ringed_photo(70, 90)
    predictor = Echo(1, family="a2u", stride=16)
    alpha = matte_as_published(predictor, image, trimap, silent)
    assert predictor.seen == [(1, 4, 80, 96)]
    expected = np.clip((image[..., 1] - MEAN[1]) / DEVIATION[1], 0, 1)
    assert np.abs(alpha - expected)[trimap == 128].max() < 1e-6


def test_progress_goes_through_the_network_and_what_it_raises_comes_out():
    image, trimap = ringed_photo(64, 64)
    fractions: list[float] = []
    matte_as_published(Echo(0), image, trimap, lambda fraction, text: fractions.append(fraction))
    assert fractions == sorted(fractions) and len(fractions) >= 3 and fractions[-1] == 1

    def stop(fraction: float, text: str) -> None:
        if fraction >= 0.5:
            raise KeyError("stop")

    predictor = Echo(0)
    with pytest.raises(KeyError):
        matte_as_published(predictor, image, trimap, stop)
    assert predictor.tick is None


def test_a_photo_that_memory_cannot_hold_at_once_is_refused_before_it_is_tried(monkeypatch):
    image, trimap = ringed_photo(64, 64)
    monkeypatch.setattr(reference, "free_bytes", lambda: 1000)
    predictor = Echo(0)
    with pytest.raises(MemoryError):
        matte_as_published(predictor, image, trimap, silent)
    assert predictor.seen == [] and predictor.limits == [800]
