"""Planes behave as plain numpy arrays do, share what they can, and never change."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editor.document.geometry import Rect
from editor.document.tiles import TILE_PX, Plane

CASES = [(np.uint8, 1, 0), (np.uint8, 3, 0), (np.uint16, 1, 65535), (np.uint16, 3, 7), (np.uint8, 1, 1)]


@st.composite
def pasted_planes(draw):
    """A plane, the numpy array it must equal, and the planes it went through with what they held then."""
    dtype, channels, fill = draw(st.sampled_from(CASES))
    height, width = draw(st.integers(1, 600)), draw(st.integers(1, 600))
    shape = (height, width) if channels == 1 else (height, width, channels)
    model = np.full(shape, fill, dtype)
    plane = Plane(width, height, channels, dtype, fill)
    trail = [(plane, model.copy())]
    for _ in range(draw(st.integers(0, 4))):
        x, y = draw(st.integers(-50, width + 20)), draw(st.integers(-50, height + 20))
        w, h = draw(st.integers(1, 400)), draw(st.integers(1, 400))
        seed = draw(st.integers(0, 5))
        patch = _patch(seed, (h, w, channels) if channels > 1 else (h, w), dtype, fill)
        plane = plane.paste(x, y, patch)
        _paste_into(model, x, y, patch)
        trail.append((plane, model.copy()))
    return plane, model, trail


def _patch(seed: int, shape: tuple[int, ...], dtype: type, fill: int) -> np.ndarray:
    """Noise, or, for the seed 0, the plane's own fill."""
    if seed == 0:
        return np.full(shape, fill, dtype)
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)


def _paste_into(model: np.ndarray, x: int, y: int, patch: np.ndarray) -> None:
    inside = Rect(x, y, patch.shape[1], patch.shape[0]).intersect(Rect(0, 0, model.shape[1], model.shape[0]))
    if not inside.empty:
        model[inside.slices()] = patch[inside.moved(-x, -y).slices()]


@settings(max_examples=40, deadline=None)
@given(pasted_planes())
def test_a_plane_equals_an_array_that_took_the_same_pastes(case):
    plane, model, _ = case
    assert np.array_equal(plane.to_array(), model)


@settings(max_examples=25, deadline=None)
@given(pasted_planes())
def test_earlier_planes_keep_what_they_held(case):
    _, _, trail = case
    for plane, model in trail:
        assert np.array_equal(plane.to_array(), model)


@settings(max_examples=25, deadline=None)
@given(pasted_planes())
def test_the_changed_rectangle_holds_every_pixel_that_differs(case):
    _, _, trail = case
    for (before, old), (after, new) in pairwise(trail):
        differs = (old != new) if old.ndim == 2 else (old != new).any(axis=2)
        rect = after.changed_rect(before)
        outside = differs.copy()
        outside[rect.slices()] = False
        assert not outside.any()
        assert before.changed_rect(after) == rect
        if not differs.any():
            assert not after.changed_from(before)


@settings(max_examples=25, deadline=None)
@given(pasted_planes(), st.integers(-80, 300), st.integers(-80, 300), st.integers(1, 700), st.integers(1, 700))
def test_reading_any_rectangle_gives_the_pixels_and_fill_outside(case, x, y, w, h):
    plane, model, _ = case
    expected = np.full((h, w, *model.shape[2:]), plane.fill, model.dtype)
    inside = Rect(x, y, w, h).intersect(plane.size_rect)
    if not inside.empty:
        expected[inside.moved(-x, -y).slices()] = model[inside.slices()]
    assert np.array_equal(plane.read(Rect(x, y, w, h)), expected)


@settings(max_examples=25, deadline=None)
@given(pasted_planes())
def test_half_size_levels_kept_through_pastes_equal_those_of_a_fresh_plane(case):
    _, _, trail = case
    first = trail[0][0]
    first.at_level(2).to_array()  # made early, so that every paste has to renew it
    plane = first
    for _, model in trail[1:]:
        plane = plane.paste(0, 0, model)
        for level in (1, 2, 3):
            fresh = Plane.from_array(model, plane.fill).at_level(level)
            assert np.array_equal(plane.at_level(level).to_array(), fresh.to_array())


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_half_size_plane_is_the_mean_of_four_pixels(dtype):
    array = np.random.default_rng(1).integers(0, np.iinfo(dtype).max, (2 * TILE_PX + 6, 540, 3), dtype=dtype)
    half = Plane.from_array(array).half().to_array()
    expected = cv2.resize(array, (270, TILE_PX + 3), interpolation=cv2.INTER_AREA)
    assert np.array_equal(half, expected)
    mean = array.reshape(TILE_PX + 3, 2, 270, 2, 3).mean((1, 3))
    assert np.abs(half - mean).max() <= 0.5


@pytest.mark.parametrize("size", [(1, 1), (1, 513), (513, 1), (255, 257), (3, 5)])
def test_a_half_size_plane_of_any_size_covers_the_last_row_and_column(size):
    array = np.random.default_rng(2).integers(0, 255, size, dtype=np.uint8)
    half = Plane.from_array(array, fill=9).half()
    assert (half.height, half.width) == (-(-size[0] // 2), -(-size[1] // 2))
    padded = np.pad(array, ((0, size[0] % 2), (0, size[1] % 2)), mode="edge").astype(float)
    mean = padded.reshape(half.height, 2, half.width, 2).mean((1, 3))
    assert np.abs(half.to_array() - mean).max() <= 0.5


def test_half_size_labels_never_mix():
    labels = np.random.default_rng(3).choice(np.array([0, 1, 128, 255], np.uint8), (515, 700))
    plane = Plane.from_array(labels, 1, labels=True)
    for level in (1, 2, 3):
        step = 1 << level
        assert np.array_equal(plane.at_level(level).to_array(), labels[::step, ::step])


def test_a_paste_that_changes_nothing_returns_the_same_plane():
    array = np.random.default_rng(4).integers(0, 255, (300, 300), dtype=np.uint8)
    plane = Plane.from_array(array)
    assert plane.paste(20, 30, array[30:200, 20:250]) is plane
    assert plane.paste(400, 400, array) is plane


def test_only_touched_tiles_are_new_and_weigh():
    plane = Plane.from_array(np.full((1024, 1024), 5, np.uint8))
    other = plane.paste(300, 300, np.zeros((10, 10), np.uint8))
    assert other.changed_from(plane) == {(1, 1)}
    assert other.bytes_beside(plane) == TILE_PX * TILE_PX
    assert plane.bytes_beside(plane) == 0
    assert other.changed_rect(plane) == Rect(256, 256, 256, 256)


def test_a_tile_of_nothing_but_fill_is_not_stored():
    plane = Plane.from_array(np.full((512, 512), 3, np.uint8), fill=3)
    assert plane.stored() == {}
    marked = plane.paste(10, 10, np.zeros((5, 5), np.uint8))
    assert marked.paste(10, 10, np.full((5, 5), 3, np.uint8)).stored() == {}


def test_stored_tiles_cannot_be_written_to_and_do_not_follow_the_array_they_came_from():
    array = np.zeros((300, 300), np.uint8)
    array[5, 5] = 1
    plane = Plane.from_array(array)
    array[:] = 77
    assert plane.to_array().max() == 1
    with pytest.raises(ValueError, match="read-only"):
        plane.stored()[0, 0][0, 0] = 1
