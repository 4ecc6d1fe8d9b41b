"""The portrait route with a predictor that sees a bright disc: no torch, only what the route itself does."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from models.catalogue.spec import ModelSpec, PaperRow
from models.portrait import _leave_open, enlarged_trimap, marked_matte, portrait_matte
from models.portrait_certainty import NotSureError
from models.prepare import DEVIATION, MEAN

SPEC = ModelSpec(
    "disc", "Disc", "pspm", "", "", PaperRow("", ""), channels=3, stride=16, finds_trimap=True, margin_px=16
)  # fmt: skip


def silent(fraction: float, text: str) -> None:
    """Progress that nobody watches."""


def photo(height: int, width: int, radius: float = 0.3, soft: float = 0.02) -> np.ndarray:
    """A white disc before black; radius and the width of its edge are shares of the longer side."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    longer = max(height, width)
    away = np.hypot(x - width / 2, y - height / 2) / longer
    return np.repeat(np.clip((radius - away) / soft + 0.5, 0, 1)[..., None], 3, axis=2).astype(np.float32)


@dataclass
class DiscPredictor:
    """Alpha is the brightness; the classes are where it is full, none, or between. Notes what it is shown."""

    spec: ModelSpec = SPEC
    device: str = "cpu"
    reason: str = ""
    precision: str = "float32"
    tick: object = None
    most: int = 300 * 300
    fails_above: float = np.inf
    shown: list = field(default_factory=list)
    remembered: list = field(default_factory=list)

    def predict(self, inputs):
        """Logits and alpha; alpha alone where the classes came along."""
        assert inputs.shape[2] % 16 == 0 and inputs.shape[3] % 16 == 0
        if inputs.shape[2] * inputs.shape[3] > self.fails_above:
            raise MemoryError
        self.shown.append(inputs)
        if self.tick is not None:
            self.tick(0.5)
        alpha = (inputs[:, :1] * DEVIATION[0] + MEAN[0]).astype(np.float32)
        if inputs.shape[1] == 6:
            return (alpha,)
        classes = [alpha < 0.05, (alpha >= 0.05) & (alpha <= 0.95), alpha > 0.95]
        return np.concatenate(classes, axis=1).astype(np.float32) * 9, alpha

    def remember_whole(self, inputs):
        """Noted."""
        self.remembered.append(None if inputs is None else inputs.shape)

    def most_pixels(self, limit_bytes):
        """Told at construction."""
        return self.most


def test_a_photo_at_working_size_is_looked_at_with_its_mirror_image_and_answered_as_it_is():
    predictor, image = DiscPredictor(), photo(320, 480)
    trimap, alpha = portrait_matte(predictor, image, silent)
    assert [inputs.shape for inputs in predictor.shown] == [(1, 3, 320, 480)] * 2
    assert np.array_equal(predictor.shown[0], predictor.shown[1][..., ::-1])
    assert trimap.dtype == np.uint8 and alpha.dtype == np.float32
    assert trimap[160, 240] == 255 and trimap[0, 0] == 0 and (trimap == 128).any()
    unknown = trimap == 128
    assert np.allclose(alpha[unknown], image[..., 0][unknown], atol=1e-5)
    assert (alpha[trimap == 255] == 1).all() and (alpha[trimap == 0] == 0).all()


@pytest.fixture(scope="module")
def large():
    """A large photo with what the route made of it."""
    predictor, image = DiscPredictor(), photo(1203, 1601)
    trimap, alpha = portrait_matte(predictor, image, silent)
    return predictor, image, trimap, alpha


def test_a_large_photo_is_reduced_first_and_then_worked_on_in_pieces_along_the_edge(large):
    predictor, image, trimap, alpha = large
    whole, _, *pieces = predictor.shown
    assert whole.shape[1] == 3 and max(whole.shape[2:]) <= 640
    assert len(pieces) > 3
    assert all(piece.shape[2] * piece.shape[3] <= 300 * 300 for piece in pieces)
    seen = sum(piece.shape[2] * piece.shape[3] for piece in pieces)
    assert seen < 0.8 * trimap.size, "the middle of the disc and the far corners need not be seen"
    unknown = trimap == 128
    assert np.abs(alpha[unknown] - image[..., 0][unknown]).max() < 1e-3, "the detail is the full photo's"


def test_pieces_are_told_what_was_found_in_the_whole(large):
    pieces = large[0].shown[2:]
    for piece in pieces:
        known = piece[:, 3:]
        assert piece.shape[1] == 6
        assert set(np.unique(known)) <= {0.0, 1.0} and (known.sum(axis=1) == 1).all()
    assert any((piece[0, 3] == 1).any() and (piece[0, 5] == 1).any() for piece in pieces)


def test_the_whole_is_remembered_for_the_pieces_and_forgotten_after_them(large):
    remembered = large[0].remembered
    assert remembered[0] is not None and max(remembered[0][2:]) <= 640
    assert remembered[-1] is None


def test_the_trimap_found_covers_the_edge_at_full_size(large):
    _, image, trimap, _ = large
    value = image[..., 0]
    assert (trimap[(value > 0.1) & (value < 0.9)] == 128).all()
    assert (trimap == 128).mean() < 0.2


@pytest.mark.parametrize("size", [(700, 64), (50, 900), (17, 33), (5, 3)], ids=["tall", "wide", "small", "tiny"])
def test_photos_of_any_shape_are_answered_at_their_own_size(size):
    image = photo(*size, radius=0.25, soft=0.1)
    image[0, 0], image[size[0] // 2, size[1] // 2] = 0, 1
    try:
        trimap, alpha = portrait_matte(DiscPredictor(), image, silent)
    except ValueError as error:
        assert min(size) < 20 and ". " in str(error), "only in the tiniest may nobody be found"
    else:
        assert trimap.shape == alpha.shape == size
        assert alpha.min() >= 0 and alpha.max() <= 1


@pytest.mark.parametrize(("value", "words"), [(0.0, "Nobody was found"), (1.0, "taken for the subject")])
def test_where_there_is_nobody_or_nothing_else_a_sentence_says_so_and_what_to_do(value, words):
    with pytest.raises(ValueError, match=words) as caught:
        portrait_matte(DiscPredictor(), np.full((300, 200, 3), value, np.float32), silent)
    assert isinstance(caught.value, NotSureError) and "Draw a rectangle" in str(caught.value)


def test_where_foreground_touches_background_an_unknown_rim_comes_between():
    hard = np.zeros((320, 480, 3), np.float32)
    hard[80:240, 100:300] = 1
    trimap, _ = portrait_matte(DiscPredictor(), hard, silent)
    assert (trimap[79:81, 150] == 128).all()
    assert trimap[82, 150] == 255 and trimap[77, 150] == 0


def test_an_enlarged_trimap_keeps_its_areas_and_has_no_steps():
    y, x = np.mgrid[:40, :40]
    small = np.select([np.hypot(x - 20, y - 20) < 8, np.hypot(x - 20, y - 20) > 14], [255, 0], 128).astype(np.uint8)
    large = enlarged_trimap(small, (400, 400))
    for value in (0, 128, 255):
        assert (large == value).mean() == pytest.approx((small == value).mean(), abs=0.02)
    runs = np.count_nonzero(np.diff((large == 255).sum(axis=1)))
    assert runs > 60, "rows differ one from the next, not in blocks of ten"


def test_memory_that_does_not_suffice_for_the_whole_makes_it_smaller_and_in_the_end_comes_out():
    predictor = DiscPredictor(fails_above=330 * 330)
    trimap, _ = portrait_matte(predictor, photo(480, 640), silent)
    assert max(predictor.shown[0].shape[2:]) == 320
    assert trimap.shape == (480, 640)
    with pytest.raises(MemoryError):
        portrait_matte(DiscPredictor(fails_above=0), photo(480, 640), silent)


def test_progress_rises_and_what_it_raises_comes_out_from_the_whole_and_from_the_pieces():
    seen: list[float] = []
    image = photo(700, 900)
    portrait_matte(DiscPredictor(), image, lambda share, text: seen.append(share))
    assert seen == sorted(seen) and seen[0] == 0 and seen[-1] == 1
    for limit in (0.05, 0.5):

        def stop(share: float, text: str, limit: float = limit) -> None:
            if share >= limit:
                raise InterruptedError

        predictor = DiscPredictor()
        with pytest.raises(InterruptedError):
            portrait_matte(predictor, image, stop)
        assert predictor.tick is None


def test_what_is_no_image_is_refused():
    with pytest.raises(ValueError, match="float32"):
        portrait_matte(DiscPredictor(), np.zeros((40, 40, 3), np.uint8), silent)


def test_a_network_that_goes_on_in_pieces_is_judged_by_its_classes_and_not_by_an_alpha_that_is_meant_for_edges():
    class EdgesAlone(DiscPredictor):
        def predict(self, inputs):
            """Alpha says 0.5 wherever the classes have decided already."""
            logits, *alpha = super().predict(inputs)
            if not alpha:
                return (logits,)
            return logits, np.full_like(alpha[0], 0.5)

    trimap, _ = portrait_matte(EdgesAlone(spec=SPEC), photo(320, 480), silent)
    assert (trimap == 255).any() and (trimap == 0).any()


def test_several_looks_are_taken_mirrored_too_and_their_mean_counts():
    class OneSided(DiscPredictor):
        def predict(self, inputs):
            """Sees nothing but background at the right of what it is shown."""
            logits, *alpha = super().predict(inputs)
            if not alpha:
                return (logits,)
            right = round(inputs.shape[3] * 0.66)
            logits[..., right:] = np.array([9, 0, 0], np.float32).reshape(3, 1, 1)
            alpha[0][..., right:] = 0
            return logits, alpha[0]

    done: list[float] = []
    predictor = OneSided(spec=replace(SPEC, looks_px=(96, 160)))
    image = photo(320, 480)
    trimap, alpha = portrait_matte(predictor, image, lambda share, text: done.append(share))
    looks = [inputs for inputs in predictor.shown if inputs.shape[1] == 3]
    assert [max(inputs.shape[2:]) for inputs in looks] == [160, 160, 96, 96]
    assert np.array_equal(looks[0], looks[1][..., ::-1])
    assert done == sorted(done)
    assert (trimap == trimap[:, ::-1]).mean() > 0.97
    assert (trimap[150:170, 190:290] == 255).all()
    assert alpha[160, 310:370].min() > 0.7, "half of the looks see nobody there, but it is as white as the rest"


@pytest.mark.parametrize("looks_px", [(), (96, 160)], ids=["in pieces", "by the classic matte"])
def test_marks_that_are_there_are_kept_and_what_is_unknown_between_them_is_found(looks_px):
    predictor = DiscPredictor(spec=replace(SPEC, looks_px=looks_px))
    image = photo(240, 320, soft=0.05)
    value = image[..., 0]
    marks = np.where(value > 0.97, 255, np.where(value < 0.03, 0, 128)).astype(np.uint8)
    marks[:, :8] = 255  # against all appearance
    alpha = marked_matte(predictor, image, marks, silent)
    assert (alpha[marks == 255] == 1).all() and (alpha[marks == 0] == 0).all()
    assert np.abs(alpha - value)[marks == 128].mean() < 0.15
    assert bool(predictor.shown) == (not looks_px)


def test_what_colours_left_open_far_from_the_outline_stays_open_and_the_edge_is_the_mattes():
    share = np.zeros((60, 100), np.float32)
    share[:, 50:] = 1
    share[20:40, 80:95] = 0.7
    share[20:40, 5:20] = 0.2
    trimap = np.where(np.arange(200) < 100, 0, 255).astype(np.uint8)[None].repeat(120, axis=0)
    trimap[:, 96:104] = 128
    alpha = trimap / np.float32(255)
    before = alpha.copy()
    _leave_open(trimap, alpha, share)
    assert (trimap[50:70, 165:185] == 128).all() and np.allclose(alpha[50:70, 165:185], (1 + 0.7) / 2, atol=0.01)
    assert (trimap[50:70, 15:35] == 128).all() and np.allclose(alpha[50:70, 15:35], 0.1, atol=0.01)
    assert np.array_equal(alpha[:30], before[:30]) and (trimap[:30, :90] == 0).all()
