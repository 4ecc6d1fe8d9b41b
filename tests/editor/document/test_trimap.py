"""Marking: labels that never mix, fills that stop at lines, and sentences for marks an engine cannot use."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editor.document import trimap
from editor.document.band import BandBrush, narrowed, widen_plane, widened
from editor.document.brush import HALF, Brush, Stroke
from editor.document.document import UNMARKED
from editor.document.fill_preview import FillPreview
from editor.document.geometry import Rect
from editor.document.selection import Selection
from editor.document.tiles import Plane
from editor.errors import UserError

LABELS = np.array([0, UNMARKED, 128, 255], np.uint8)
SIZE = 420


def blocks(seed: int, size: int = SIZE, step: int = 37) -> np.ndarray:
    """Labels in blocks."""
    small = np.random.default_rng(seed).choice(LABELS, (size // step + 1, size // step + 1))
    return np.kron(small, np.ones((step, step), np.uint8))[:size, :size]


def stroke_over(brush: Brush, size: int = SIZE) -> Stroke:
    """A bent stroke through the middle."""
    stroke = Stroke(brush, size, size)
    stroke.start(60, 60)
    stroke.to(300, 120)
    stroke.to(200, 350)
    return stroke


@pytest.mark.parametrize("label", [0, 1, 128, 255])
@pytest.mark.parametrize("hardness", [0.0, 0.6, 1.0])
def test_paint_puts_the_label_where_the_stroke_covers_half_and_leaves_the_rest(label, hardness):
    marks = blocks(1)
    plane = Plane.from_array(marks, UNMARKED, labels=True)
    stroke = stroke_over(Brush(50, hardness))
    covered = stroke.coverage().to_array() >= HALF
    painted = trimap.paint(plane, plane, stroke, label).to_array()
    assert np.array_equal(painted, np.where(covered, label, marks))


@pytest.mark.parametrize("label", [0, 255])
def test_the_rim_of_a_soft_stroke_becomes_unknown_unless_it_bears_the_label(label):
    marks = blocks(2)
    plane = Plane.from_array(marks, UNMARKED, labels=True)
    stroke = stroke_over(Brush(80, 0.3))
    coverage = stroke.coverage().to_array()
    painted = trimap.paint(plane, plane, stroke, label, rim=True).to_array()
    rim = (coverage < HALF) & (coverage > 4000)
    assert (painted[coverage >= HALF] == label).all()
    assert np.array_equal(painted[rim], np.where(marks[rim] == label, label, 128))
    assert np.array_equal(painted[coverage == 0], marks[coverage == 0])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 50), st.integers(0, SIZE - 1), st.integers(0, SIZE - 1), st.sampled_from([0, 1, 128, 255]))
def test_a_fill_takes_all_that_hangs_together_and_nothing_else(seed, x, y, label):
    from scipy import ndimage

    marks = blocks(seed)
    plane = Plane.from_array(marks, UNMARKED, labels=True)
    filled = trimap.fill_region(plane, x, y, label)
    regions, _ = ndimage.label(marks == marks[y, x])
    assert np.array_equal(filled.to_array(), np.where(regions == regions[y, x], label, marks))
    if marks[y, x] == label:
        assert filled is plane


def test_a_line_one_pixel_wide_holds_a_fill_even_where_it_runs_aslant():
    marks = np.full((300, 300), UNMARKED, np.uint8)
    for i in range(100):
        marks[50 + i, 150 + i] = marks[50 + i, 150 - i] = 128
        marks[248 - i, 150 + i] = marks[248 - i, 150 - i] = 128
    plane = Plane.from_array(marks, UNMARKED, labels=True)
    filled = trimap.fill_region(plane, 150, 150, 255).to_array()
    assert filled[150, 150] == 255
    assert filled[5, 5] == UNMARKED
    assert filled[5, 295] == UNMARKED


def test_an_outline_and_two_fills_make_a_whole_trimap():
    plane = trimap.empty(SIZE, SIZE)
    stroke = Stroke(Brush(24, 1.0), SIZE, SIZE)
    angles = np.linspace(0, 2 * np.pi, 90)
    for number, angle in enumerate(angles):
        point = 200 + 120 * np.cos(angle), 200 + 120 * np.sin(angle)
        stroke.to(*point) if number else stroke.start(*point)
    plane = trimap.paint(plane, plane, stroke, 128)
    plane = trimap.fill_region(trimap.fill_region(plane, 200, 200, 255), 5, 5, 0)
    marks = plane.to_array()
    y, x = np.mgrid[:SIZE, :SIZE] + 0.5
    distance = np.hypot(x - 200, y - 200)
    assert (marks[distance < 106] == 255).all()
    assert (marks[distance > 134] == 0).all()
    assert (marks[np.abs(distance - 120) < 10] == 128).all()
    trimap.check(trimap.for_engine(plane))


def test_a_fill_outside_the_photo_does_nothing():
    plane = Plane.from_array(blocks(3), UNMARKED, labels=True)
    assert trimap.fill_region(plane, -1, 5, 255) is plane
    assert trimap.fill_region(plane, 5, SIZE, 255) is plane


def test_invert_twice_gives_the_same_marks_and_once_exchanges_the_known_ones():
    marks = blocks(4)
    plane = Plane.from_array(marks, UNMARKED, labels=True)
    turned = trimap.invert(plane).to_array()
    assert np.array_equal(turned == 255, marks == 0)
    assert np.array_equal(turned == 128, marks == 128)
    assert np.array_equal(trimap.invert(trimap.invert(plane)).to_array(), marks)


def test_mark_rest_labels_exactly_what_was_unmarked():
    marks = blocks(5)
    plane = trimap.mark_rest(Plane.from_array(marks, UNMARKED, labels=True), 0)
    assert np.array_equal(plane.to_array(), np.where(marks == UNMARKED, 0, marks))
    assert (trimap.mark_rest(trimap.empty(600, 300), 128).to_array() == 128).all()


def test_an_engine_sees_what_is_unmarked_as_unknown():
    marks = blocks(6)
    seen = trimap.for_engine(Plane.from_array(marks, UNMARKED, labels=True))
    assert set(np.unique(seen)) <= {0, 128, 255}
    assert np.array_equal(seen == 128, (marks == 128) | (marks == UNMARKED))


@pytest.mark.parametrize(
    ("values", "words"),
    [((128,), "Nothing is marked"), ((0, 128), "No foreground"), ((255, 128), "No background"),
     ((0, 255), "Nothing is unknown")],
)  # fmt: skip
def test_marks_that_an_engine_cannot_use_are_explained_with_a_hint(values, words):
    marks = np.zeros((4, 4), np.uint8)
    marks.flat = np.resize(values, 16)
    with pytest.raises(UserError, match=words) as caught:
        trimap.check(marks)
    assert caught.value.hint.endswith(".")


def test_a_trimap_array_with_other_values_is_refused():
    for bad in (np.full((5, 5), 77, np.uint8), np.zeros((5, 5, 3), np.uint8), np.zeros((5, 5), np.uint16)):
        with pytest.raises(UserError):
            trimap.from_array(bad)


def test_a_selection_is_filled_and_cut_off_at_the_photo():
    plane = trimap.empty(100, 80)
    marks = trimap.fill_selection(plane, Selection.of_rect(Rect(10, 20, 30, 15)), 255).to_array()
    assert (marks == 255).sum() == 30 * 15
    assert (marks[20:35, 10:40] == 255).all()
    assert (trimap.fill_selection(plane, Selection.of_rect(Rect(-50, -50, 500, 500)), 0).to_array() == 0).all()
    assert trimap.fill_selection(plane, Selection.of_rect(Rect(300, 300, 5, 5)), 0) is plane
    assert trimap.fill_selection(plane, Selection(()), 0) is plane


# the band


def edge_marks(width: int = 500) -> np.ndarray:
    """Foreground to the left, ten columns of unknown in the middle, background to the right."""
    marks = np.full((300, width), 255, np.uint8)
    marks[:, 245:255], marks[:, 255:] = 128, 0
    return marks


def test_widening_moves_both_edges_of_the_band_by_as_much_and_narrowing_brings_it_back():
    wide = widened(edge_marks(), 12)
    assert np.array_equal(np.flatnonzero(wide[100] == 128), np.arange(233, 267))
    assert np.array_equal(narrowed(wide, 12), edge_marks())


def test_widening_starts_a_band_where_foreground_and_background_touch():
    marks = np.where(np.arange(200)[None, :] < 100, np.uint8(255), np.uint8(0)).repeat(50, axis=0)
    assert np.array_equal(np.flatnonzero(widened(marks, 5)[20] == 128), np.arange(94, 106))


def test_widening_leaves_unmarked_pixels_and_marks_without_a_band_alone():
    marks = edge_marks()
    marks[:100] = UNMARKED
    assert (widened(marks, 30)[:100] == UNMARKED).all()
    alone = np.full((60, 60), 255, np.uint8)
    assert np.array_equal(widened(alone, 9), alone)
    assert np.array_equal(narrowed(np.full((9, 9), 128, np.uint8), 3), np.full((9, 9), 128, np.uint8))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 30), st.floats(1, 40))
def test_the_band_moved_tile_by_tile_equals_the_band_of_the_whole(seed, by_px):
    marks = blocks(seed, size=600, step=90)
    plane = Plane.from_array(marks, UNMARKED, labels=True)
    assert np.array_equal(widen_plane(plane, by_px).to_array(), widened(marks, by_px))
    # Nearest labels may tie, so only the narrowed band itself is compared, not which side a tie fell to.
    assert np.array_equal(widen_plane(plane, -by_px).to_array() == 128, narrowed(marks, by_px) == 128)


def test_the_band_brush_widens_only_under_itself_and_only_once_a_stroke():
    marks = edge_marks()
    plane = Plane.from_array(marks, UNMARKED, labels=True)
    stroke, band = Stroke(Brush(100, 1.0), 500, 300), BandBrush(plane, 12)
    stroke.start(250, 150)
    current = stroke.merge(plane, plane, band.mix)
    for _ in range(3):
        stroke.to(250, 160)
        stroke.to(250, 150)
        current = stroke.merge(current, plane, band.mix)
    covered = stroke.coverage().to_array() >= HALF
    assert np.array_equal(current.to_array(), np.where(covered, widened(marks, 12), marks))
    assert np.array_equal(np.flatnonzero(current.to_array()[155] == 128), np.arange(233, 267))


# the preview of a fill


def test_the_preview_outlines_the_region_and_its_hole():
    marks = np.full((400, 400), UNMARKED, np.uint8)
    marks[100:300, 100:300] = 128
    marks[120:280, 120:280] = 255
    plane = Plane.from_array(marks, UNMARKED, labels=True)
    preview = FillPreview()
    inner = preview.outlines(plane, 200, 200)
    assert len(inner) == 1
    corners = np.array(inner[0])
    assert corners.min() == pytest.approx(120, abs=1)
    assert corners.max() == pytest.approx(280, abs=1)
    assert len(preview.outlines(plane, 5, 5)) == 2
    assert preview.outlines(plane, -3, 5) == ()
    assert preview.outlines(plane, 5, 4000) == ()


def test_the_preview_follows_new_marks():
    plane = trimap.empty(900, 900)
    preview = FillPreview(most_pixels=40_000)
    whole = preview.outlines(plane, 450, 450)
    line = plane.paste(440, 0, np.full((900, 3), 128, np.uint8))
    half = preview.outlines(line, 200, 450)
    assert np.array(whole[0])[:, 0].max() > 880
    assert np.array(half[0])[:, 0].max() < 445, "a line thinner than a block of the map holds the region too"
    assert preview.outlines(plane, 450, 450) == whole


def test_a_found_trimap_lies_under_the_marks_whatever_a_plane_is_filled_with():
    found = trimap.from_array(np.full((300, 300), 128, np.uint8))
    marks = trimap.empty(300, 300).paste(5, 7, np.full((4, 3), 255, np.uint8))
    laid = trimap.laid_under(found, marks).to_array()
    assert (laid[7:11, 5:8] == 255).all()
    assert (laid == 128).sum() == laid.size - 12
    nothing_left = Plane.from_array(np.zeros((300, 300), np.uint8), labels=True)
    assert (trimap.laid_under(found, nothing_left).to_array() == 0).all()
    assert trimap.has_gaps(marks)
    assert not trimap.has_gaps(nothing_left)
