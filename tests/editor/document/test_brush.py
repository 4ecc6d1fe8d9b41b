"""Strokes: even, spaced, never darker for crossing themselves, and merged only where they touch."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editor.document.brush import FULL, HALF, Brush, Stroke, mix_amount
from editor.document.tiles import Plane

SIZE = 700


def drawn(brush: Brush, *points: tuple[float, ...], size: int = SIZE) -> np.ndarray:
    """The coverage of a stroke through points (x, y) or (x, y, pressure)."""
    stroke = Stroke(brush, size, size)
    stroke.start(*points[0])
    for point in points[1:]:
        stroke.to(*point)
    return stroke.coverage().to_array()


def test_a_dab_covers_half_exactly_on_the_ring():
    for size, hardness in ((40, 1.0), (41, 0.5), (200, 0.0), (200, 0.8), (9, 1.0)):
        covered = drawn(Brush(size, hardness), (300, 300)) >= HALF
        area = np.pi * (size / 2) ** 2
        assert abs(covered.sum() - area) < max(4.0, 0.03 * area)


def test_a_dab_is_full_in_its_core_and_nothing_beyond_its_fade():
    brush = Brush(200, 0.6)
    coverage = drawn(brush, (300.0, 300.0))
    y, x = np.mgrid[:SIZE, :SIZE] + 0.5
    distance = np.hypot(x - 300, y - 300)
    assert brush.core_px == pytest.approx(60)
    assert (coverage[distance < 60 - 1] == FULL).all()
    assert (coverage[distance > 140 + 1] == 0).all()
    ring = [coverage[(distance >= r) & (distance < r + 1)].mean() for r in range(60, 140)]
    assert all(a > b for a, b in pairwise(ring))


@pytest.mark.parametrize("x", [100.0, 100.25, 100.5, 100.9])
def test_the_smallest_brush_marks_the_pixel_under_it(x):
    covered = drawn(Brush(1, 1.0), (x, 50.5)) >= HALF
    assert covered.sum() == 1
    assert covered[50, 100]


def test_crossing_itself_makes_a_stroke_no_darker():
    brush = Brush(30, 0.2)
    there = drawn(brush, (100, 300), (600, 300))
    back = drawn(brush, (100, 300), (600, 300), (100, 300))
    # Dabs fall elsewhere on the way back; joined as ink would be, half coverage would become three quarters.
    assert np.abs(back.astype(int) - there).max() < 0.1 * FULL


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0.1, 60), min_size=1, max_size=12), st.floats(0.05, 1.0))
def test_dabs_keep_their_distance_however_the_moves_are_cut(cuts, spacing):
    brush = Brush(20, 1.0, spacing)
    total = sum(cuts)
    whole = drawn(brush, (100, 100), (100 + total, 100), size=900)
    points, x = [(100.0, 100.0)], 100.0
    for cut in cuts:
        x += cut
        points.append((x, 100.0))
    parts = drawn(brush, *points, size=900)
    # Positions may differ by a rounding error, and so fall on the next quarter of a pixel.
    assert np.abs(parts.astype(int) - whole).max() <= 0.3 * FULL


def test_wide_spacing_leaves_gaps_and_close_spacing_none():
    row = drawn(Brush(20, 1.0, 1.5), (100, 100), (400, 100))[100]
    dabs = (np.diff((row >= HALF).astype(int)) == 1).sum()
    assert dabs == 11
    assert (drawn(Brush(20, 1.0, 0.1), (100, 100), (400, 100))[100, 95:405] >= HALF).all()


def test_pressure_sizes_the_brush_only_where_it_is_on():
    full = (drawn(Brush(80, 1.0), (300, 300, 1.0)) >= HALF).sum()
    light = (drawn(Brush(80, 1.0), (300, 300, 0.5)) >= HALF).sum()
    assert light == pytest.approx(full / 4, rel=0.05)
    assert (drawn(Brush(80, 1.0, pressure=False), (300, 300, 0.5)) >= HALF).sum() == full
    swelling = drawn(Brush(80, 1.0), (100, 300, 0.1), (500, 300, 1.0)) >= HALF
    heights = swelling[:, 120:480].sum(0)
    assert heights[-1] > 4 * heights[0]
    assert (np.diff(heights) >= -2).all()


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-60, 760), st.floats(-60, 760), st.floats(0, 1)), min_size=1, max_size=6),
    st.floats(1, 150), st.floats(0, 1), st.integers(0, 65535),
)  # fmt: skip
def test_merging_move_by_move_equals_merging_once_and_a_plain_numpy_model(points, size, hardness, value):
    start = np.random.default_rng(5).integers(0, 65535, (SIZE, SIZE), dtype=np.uint16)
    base = Plane.from_array(start)
    brush, mix = Brush(size, hardness, 0.2), mix_amount(value)
    stepwise, at_once = Stroke(brush, SIZE, SIZE), Stroke(brush, SIZE, SIZE)
    current = base
    for number, point in enumerate(points):
        for stroke in (stepwise, at_once):
            stroke.to(*point) if number else stroke.start(*point)
        current = stepwise.merge(current, base, mix)
    once = at_once.merge(base, base, mix)
    share = at_once.coverage().to_array().astype(np.float64) / FULL
    model = start + (value - start.astype(np.float64)) * share
    assert np.array_equal(current.to_array(), once.to_array())
    assert np.abs(once.to_array() - model).max() <= 0.51
    assert np.array_equal(base.to_array(), start)


def test_full_coverage_gives_exactly_the_value():
    base = Plane.from_array(np.full((300, 300), 12345, np.uint16))
    for value in (0, 1, 32768, 65535):
        stroke = Stroke(Brush(100, 1.0), 300, 300)
        stroke.start(150, 150)
        assert stroke.merge(base, base, mix_amount(value)).to_array()[150, 150] == value


def test_a_merge_without_a_change_returns_the_same_plane():
    base = Plane.from_array(np.full((300, 300), 65535, np.uint16))
    stroke = Stroke(Brush(60), 300, 300)
    stroke.start(150, 150)
    assert stroke.merge(base, base, mix_amount(65535)) is base
    assert stroke.merge(base, base, mix_amount(0)) is base, "nothing was touched since the last merge"


def test_a_stroke_outside_the_plane_covers_nothing():
    stroke = Stroke(Brush(60), 300, 300)
    stroke.start(-200, -200)
    stroke.to(-200, 900)
    assert stroke.rect.empty
    assert not stroke.coverage().to_array().any()


def test_a_stroke_shares_every_tile_it_did_not_touch():
    base = Plane.from_array(np.full((1024, 1024), 7, np.uint16))
    stroke = Stroke(Brush(40), 1024, 1024)
    stroke.start(100, 100)
    stroke.to(140, 100)
    assert stroke.merge(base, base, mix_amount(0)).changed_from(base) == {(0, 0)}
