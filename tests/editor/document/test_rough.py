"""From a loose outline to a trimap: the subject is found, its hair lies in the band, cloth gets a thin one."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from editor.document.edge_band import EdgeBand, trimap_from_mask
from editor.document.geometry import Rect
from editor.document.rough import subject_mask
from editor.document.selection import Selection
from editor.document.strangers import distance_to_edge
from editor.errors import Cancelled, UserError

DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "eval" / "portraits"


def silent(fraction: float, text: str) -> None:
    """Progress that nobody watches."""


def scene(size: int = 480, furry: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """A photo and its alpha.

    An orange disc before a bluish ground, hairs on its left half when furry, crisp on the right.
    """
    generator = np.random.default_rng(1)
    y, x = np.mgrid[:size, :size].astype(np.float32)
    middle, radius = size / 2, size / 4
    alpha = np.clip(radius - np.hypot(x - middle, y - middle) + 0.5, 0, 1).astype(np.float32)
    if furry:
        hair = np.zeros((size, size), np.uint8)
        for angle in generator.uniform(np.pi / 2, 3 * np.pi / 2, 260):
            ends = [(middle + r * np.cos(angle), middle + r * np.sin(angle)) for r in (radius - 4, radius + 26)]
            points = [tuple(int(16 * v) for v in end) for end in ends]
            cv2.line(hair, *points, 255, 1, cv2.LINE_AA, 4)
        alpha = np.maximum(alpha, hair / np.float32(255) * 0.8)
    ground = np.dstack([0.25 + 0.1 * y / size, 0.35 + 0 * x, 0.55 + 0.1 * x / size])
    subject = np.dstack([0.8 + 0 * x, 0.45 + 0 * x, 0.15 + 0 * x])
    photo = alpha[..., None] * subject + (1 - alpha[..., None]) * ground + generator.normal(0, 0.01, (size, size, 3))
    return np.clip(255 * photo, 0, 255).astype(np.uint8), alpha


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union."""
    return (a & b).sum() / (a | b).sum()


LOOSE = Selection.of_rect(Rect(70, 80, 340, 330))
LASSO = Selection(((90, 240), (150, 100), (240, 70), (340, 110), (400, 240), (330, 390), (230, 410), (120, 370)))


@pytest.mark.parametrize("selection", [LOOSE, LASSO], ids=["rectangle", "lasso"])
def test_the_subject_is_found_in_a_loose_outline(selection):
    photo, alpha = scene(furry=False)
    mask = subject_mask(photo, selection, silent)
    assert mask.shape == alpha.shape
    assert mask.dtype == bool
    assert overlap(mask, alpha > 0.5) > 0.97


def test_the_mask_of_a_large_photo_keeps_to_its_edges():
    photo, alpha = scene(furry=False)
    photo, alpha = (cv2.resize(a, (1920, 1920), interpolation=cv2.INTER_LINEAR) for a in (photo, alpha))
    mask = subject_mask(photo, LOOSE.scaled(4), silent)
    assert overlap(mask, alpha > 0.5) > 0.985


def test_nothing_outside_the_outline_is_subject():
    photo, _ = scene()
    half = Selection(((0, 0), (239, 0), (239, 479), (0, 479), (0, 200)))
    mask = subject_mask(photo, half, silent)
    assert not mask[:, 240:].any()
    assert mask.any()


def test_the_same_outline_finds_the_same_subject():
    photo, _ = scene()
    assert np.array_equal(subject_mask(photo, LASSO, silent), subject_mask(photo, LASSO, silent))


def test_an_outline_round_everything_is_explained():
    photo, _ = scene()
    with pytest.raises(UserError, match="whole photo") as caught:
        subject_mask(photo, Selection.of_rect(Rect(0, 0, 480, 480)), silent)
    assert "closer" in caught.value.hint


def test_an_outline_in_which_nothing_stands_out_is_explained_or_finds_something_within():
    flat = np.full((200, 200, 3), 120, np.uint8)
    box = Rect(50, 50, 80, 80)
    try:
        mask = subject_mask(flat, Selection.of_rect(box), silent)
    except UserError as error:
        assert error.hint
    else:
        mask[box.slices()] = False
        assert not mask.any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (3, 7)])
def test_tiny_photos_end_in_a_sentence_or_a_mask_but_never_in_a_crash(shape):
    photo = np.random.default_rng(0).integers(0, 255, (*shape, 3), dtype=np.uint8)
    try:
        mask = subject_mask(photo, Selection(((0, 0), (2, 0), (2, 2))), silent)
    except UserError as error:
        assert error.hint
    else:
        assert mask.shape == shape


def test_cancelling_stops_the_search_at_the_next_call():
    photo, _ = scene()
    calls = []

    def cancel(fraction: float, text: str) -> None:
        calls.append(fraction)
        if fraction > 0.2:
            raise Cancelled

    with pytest.raises(Cancelled):
        subject_mask(photo, LASSO, cancel)
    assert len([fraction for fraction in calls if fraction > 0.2]) == 1


def test_progress_rises_from_nothing_to_one():
    photo, _ = scene()
    seen = []
    subject_mask(photo, LASSO, lambda fraction, text: seen.append((fraction, text)))
    fractions = [fraction for fraction, _ in seen]
    assert fractions == sorted(fractions)
    assert 0 <= fractions[0] < 0.1
    assert fractions[-1] == pytest.approx(1.0)
    assert all(text for _, text in seen)


# the band


def halves(unknown: np.ndarray) -> tuple[float, float]:
    """Unknown pixels of the left (furry) and the right (crisp) half."""
    return unknown[:, :240].sum(), unknown[:, 240:].sum()


def test_the_band_is_wide_in_hair_and_thin_on_a_crisp_edge():
    photo, alpha = scene()
    marks = trimap_from_mask(photo, alpha > 0.5)
    furry, crisp = halves(marks == 128)
    assert furry > 2 * crisp
    soft = (alpha > 0.02) & (alpha < 0.98)
    assert (marks == 128)[soft].mean() > 0.97
    assert set(np.unique(marks)) == {0, 128, 255}


def test_hair_that_the_mask_has_left_out_still_lies_in_the_band():
    photo, alpha = scene()
    _, bald = scene(furry=False)
    marks = trimap_from_mask(photo, bald > 0.5)
    soft = (alpha > 0.02) & (alpha < 0.98)
    assert (marks == 128)[soft].mean() > 0.9


def test_known_parts_agree_with_the_mask():
    photo, alpha = scene()
    mask = alpha > 0.5
    for band in (0.0, 50.0, 100.0):
        marks = trimap_from_mask(photo, mask, band)
        assert mask[marks == 255].all()
        assert not mask[marks == 0].any()
        assert (marks == 128).any()


def test_the_slider_widens_the_band_step_by_step():
    photo, alpha = scene()
    band = EdgeBand(photo, alpha > 0.5)
    sizes = [(band.trimap(value) == 128).sum() for value in (0, 20, 40, 60, 80, 100)]
    assert all(a < b for a, b in pairwise(sizes))
    assert np.array_equal(band.trimap(60), trimap_from_mask(photo, alpha > 0.5, 60))


def test_a_mask_without_an_edge_gets_no_band():
    photo, _ = scene()
    assert (trimap_from_mask(photo, np.ones((480, 480), bool)) == 255).all()
    assert (trimap_from_mask(photo, np.zeros((480, 480), bool)) == 0).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (5, 2)])
def test_a_band_in_a_tiny_photo_is_no_crash(shape):
    photo = np.random.default_rng(0).integers(0, 255, (*shape, 3), dtype=np.uint8)
    mask = np.zeros(shape, bool)
    mask[:, : shape[1] // 2] = True
    assert set(np.unique(trimap_from_mask(photo, mask))) <= {0, 128, 255}


def test_another_width_is_quick_at_eight_megapixels():
    photo, alpha = scene()
    photo = cv2.resize(photo, (2880, 2880), interpolation=cv2.INTER_CUBIC)
    band = EdgeBand(photo, cv2.resize(alpha, (2880, 2880)) > 0.5)
    costs = []
    for value in (40, 60, 50):
        started = time.perf_counter()
        band.trimap(value)
        costs.append(time.perf_counter() - started)
    assert min(costs) < 1.0


def test_on_real_portraits_the_band_misses_fewer_soft_pixels_than_an_even_one_that_takes_as_much():
    if not DATA.is_dir():
        pytest.skip("the portraits of ../shared/data are not here")
    portraits = [measured_portrait(path) for path in sorted(DATA.glob("*_image.jpg"))]
    ours = np.mean([unknown[soft].mean() for unknown, _, soft in portraits])
    area = np.mean([unknown.mean() for unknown, _, _ in portraits])
    narrow, wide = 0.0, 0.1
    for _ in range(12):
        width = (narrow + wide) / 2
        too_wide = np.mean([(distance <= width).mean() for _, distance, _ in portraits]) > area
        narrow, wide = (narrow, width) if too_wide else (width, wide)
    even = np.mean([(distance <= narrow)[soft].mean() for _, distance, soft in portraits])
    assert ours > 0.97
    assert 1 - ours < 0.7 * (1 - even)


def measured_portrait(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A portrait's band from its true mask, distances to that mask's edge in parts of the size, and its soft pixels."""
    photo = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    alpha = cv2.imread(str(path).replace("_image.jpg", "_alpha.png"), cv2.IMREAD_GRAYSCALE)
    mask = alpha > 127
    distance = distance_to_edge(mask) / np.float32(np.sqrt(mask.size))
    return trimap_from_mask(photo, mask) == 128, distance, (alpha > 5) & (alpha < 250)


def test_a_subject_that_shares_its_colours_with_what_lies_outside_is_still_found_in_part():
    stem = DATA / "5588687863_a7160d7922_o"
    if not stem.with_name(stem.name + "_image.jpg").exists():
        pytest.skip("the portraits of ../shared/data are not here")
    photo = cv2.cvtColor(cv2.imread(f"{stem}_image.jpg"), cv2.COLOR_BGR2RGB)
    truth = cv2.imread(f"{stem}_alpha.png", cv2.IMREAD_GRAYSCALE) > 127
    height, width = truth.shape
    outline = Selection.of_rect(Rect(25, 17, width - 50, height - 34))  # her dark hair lies on both sides of it
    mask = subject_mask(photo, outline, silent)
    assert (mask & truth).sum() / mask.sum() > 0.7
    assert mask.mean() > 0.2


def test_a_small_hole_in_the_subject_is_unknown_and_a_large_one_background():
    photo, alpha = scene(furry=False)
    mask = alpha > 0.5
    small, large = mask.copy(), mask.copy()
    cv2.circle(view := small.view(np.uint8), (240, 240), 14, 0, -1)
    assert view[240, 240] == 0
    cv2.circle(large.view(np.uint8), (240, 240), 80, 0, -1)
    assert trimap_from_mask(photo, small, 0.0)[240, 240] == 128
    assert trimap_from_mask(photo, large, 0.0)[240, 240] == 0
