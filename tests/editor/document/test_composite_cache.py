"""What changed between two states, and tiles that are kept while they are true."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from threading import Thread

import numpy as np
import pytest

from editor.document.composite import VIEWS, CompositeCache, changed_rects, tile_rect, view_pixels, view_rect
from editor.document.document import DocumentState
from editor.document.geometry import Placement, Rect
from editor.document.layer import EffectUse, Layer, SolidColour
from editor.document.tiles import Plane
from tests.editor.document.layered import EFFECTS, HEIGHT, WIDTH, brush, cut_document, picture, with_background

STROKE = Rect(300, 40, 20, 30)


def layered_state() -> DocumentState:
    """A cut-out subject that lies between pixels, over a picture."""
    document = cut_document()
    with_background(document)
    document.change_layer(document.state.subject, placement=Placement(3.4, -2.2, 1.05))
    return document.state


def subject(state: DocumentState, **values: object) -> DocumentState:
    """The state with other values in its subject."""
    return state.with_layer(state.subject_layer.changed(**values))


def painted(state: DocumentState, field: str) -> DocumentState:
    """The state with a patch of grey in a colour plane of the subject."""
    plane = getattr(state.subject_layer, field)
    return subject(state, **{field: plane.paste(270, 250, np.full((9, 60, 3), 128, np.uint8))})


EDITS: dict[str, Callable[[DocumentState], DocumentState]] = {
    "a brush stroke": lambda state: brush(state, STROKE),
    "paint on the photo": lambda state: painted(state, "content"),
    "other own colours": lambda state: painted(state, "foreground"),
    "less decontamination": lambda state: subject(state, decontaminate=0.2),
    "the mask off": lambda state: subject(state, mask_on=False),
    "no mask": lambda state: subject(state, mask=None),
    "a move": lambda state: subject(state, placement=Placement(40.5, 10, 0.9)),
    "another blend": lambda state: subject(state, blend="screen"),
    "half opacity": lambda state: subject(state, opacity=0.5),
    "an effect": lambda state: subject(state, effects=(EffectUse("box", {"reach_px": 10}),)),
    "hidden": lambda state: subject(state, visible=False),
    "another order": lambda state: replace(state, layers=state.layers[::-1]),
    "a layer less": lambda state: replace(state, layers=state.layers[1:]),
    "a layer more": lambda state: replace(state, layers=(*state.layers, Layer("Veil", SolidColour(), opacity=0.1))),
    "a stroke under an effect": lambda state: brush(EDITS["an effect"](state), STROKE),
    "another photo": lambda state: subject(state, content=Plane.from_array(picture(np.uint8, 400, 300)), mask=None),
}


@pytest.mark.parametrize("view", ["photo", "checker", "background", "alpha"])
@pytest.mark.parametrize("edit", EDITS)
def test_every_pixel_that_differs_lies_in_a_changed_rectangle(edit: str, view: str) -> None:
    before = layered_state()
    after = EDITS[edit](before)
    for level in (0, 1, 3):
        whole = view_rect(before, view, level).union(view_rect(after, view, level))
        old, new = (view_pixels(state, view, whole, level, EFFECTS) for state in (before, after))
        differs = (old != new).any(axis=2)
        for rect in changed_rects(before, after, view, EFFECTS, level):
            differs[rect.slices()] = False
        if view_rect(before, view) == view_rect(after, view):
            assert not differs.any()
        else:
            assert changed_rects(before, after, view, EFFECTS, level) == [view_rect(after, view, level)]


def test_a_stroke_names_its_tiles_only() -> None:
    before = cut_document().state
    after = brush(before, STROKE)
    assert changed_rects(before, after, "background") == [Rect(256, 0, 256, 256)]
    assert changed_rects(before, after, "photo") == []
    assert changed_rects(before, before, "background") == []


def test_what_does_not_show_changes_nothing() -> None:
    state = layered_state()
    renamed = replace(subject(state, name="Cat", follows_matte=True), notes={"band": 3}, active="other")
    assert all(changed_rects(state, renamed, view, EFFECTS) == [] for view in VIEWS)
    hidden = subject(state, visible=False)
    assert changed_rects(hidden, brush(hidden, STROKE), "background", EFFECTS) == []


def test_the_margin_of_an_effect_is_counted_and_without_a_registry_everything_is() -> None:
    before = subject(cut_document().state, effects=(EffectUse("box", {"reach_px": 10}),))
    after = brush(before, STROKE)
    assert changed_rects(before, after, "background", EFFECTS) == [Rect(246, 0, 276, 266)]
    assert changed_rects(before, after, "background") == [Rect(0, 0, WIDTH, HEIGHT)]


def test_a_tile_is_drawn_once_and_again_only_where_the_stroke_went() -> None:
    cache, state = CompositeCache(), cut_document().state
    keys = [(row, column) for row in range(3) for column in range(3)]
    first = {key: cache.tile(state, "background", 0, key, EFFECTS) for key in keys}
    assert all(cache.tile(state, "background", 0, key, EFFECTS) is first[key] for key in keys)
    after = brush(state, STROKE)
    again = {key: cache.tile(after, "background", 0, key, EFFECTS) for key in keys}
    assert [key for key in keys if again[key] is not first[key]] == [(0, 1)]
    for key in keys:
        expected = view_pixels(after, "background", tile_rect(after, "background", 0, key), 0, EFFECTS)
        assert np.array_equal(again[key], expected)


def test_views_of_the_cut_out_share_their_tiles_and_others_do_not() -> None:
    cache, state = CompositeCache(), cut_document().state
    cut = cache.tile(state, "checker", 1, (0, 0), EFFECTS)
    assert all(cache.tile(state, view, 1, (0, 0), EFFECTS) is cut for view in ("black", "white", "wipe"))
    assert not np.array_equal(cache.tile(state, "alpha", 1, (0, 0), EFFECTS), cut)


def test_peeking_never_draws_and_can_show_what_was_there_before() -> None:
    cache, state = CompositeCache(), cut_document().state
    assert cache.peek(state, "background", 0, (0, 1), EFFECTS) is None
    tile = cache.tile(state, "background", 0, (0, 1), EFFECTS)
    assert cache.peek(state, "background", 0, (0, 1), EFFECTS) is tile
    after = brush(state, STROKE)
    assert cache.peek(after, "background", 0, (0, 1), EFFECTS) is None
    assert cache.peek(after, "background", 0, (0, 1), EFFECTS, stale=True) is tile


def test_the_cache_stays_within_its_bytes_and_lets_the_longest_unused_go() -> None:
    state = cut_document().state
    size = 256 * 256 * 4
    cache = CompositeCache(limit_bytes=3 * size)
    a, b, c, d = (0, 0), (0, 1), (1, 0), (1, 1)
    for key in (a, b, c, a, d):
        cache.tile(state, "photo", 0, key, EFFECTS)
    assert cache.size_bytes == 3 * size
    assert cache.peek(state, "photo", 0, b, EFFECTS) is None
    assert cache.peek(state, "photo", 0, a, EFFECTS) is not None


def test_a_tile_drawn_from_an_old_state_is_not_taken_for_the_new_one() -> None:
    before = cut_document().state
    after = brush(before, STROKE)

    class Racing(CompositeCache):
        """Sees the newer state while the older one's tile is being drawn."""

        def _still_right(self, *args: object) -> bool:
            self._seen["background"] = after
            return super()._still_right(*args)  # type: ignore[arg-type]

    cache = Racing()
    for key in ((0, 1), (1, 1)):
        cache.tile(before, "background", 0, key, EFFECTS)
    assert cache.peek(after, "background", 0, (0, 1), EFFECTS) is None
    assert cache.peek(after, "background", 0, (1, 1), EFFECTS) is not None


def test_several_threads_that_draw_different_states_end_with_true_tiles() -> None:
    start = layered_state()
    states = [start] + [brush(start, Rect(40 * i, 60 * i, 80, 80), 9000 * i) for i in range(1, 6)]
    cache = CompositeCache()
    keys = [(row, column) for row in range(3) for column in range(3)]

    def draw(state: DocumentState) -> None:
        for key in keys:
            cache.tile(state, "background", 0, key, EFFECTS)

    threads = [Thread(target=draw, args=(state,)) for state in states]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for state in states:
        for key in keys:
            expected = view_pixels(state, "background", tile_rect(state, "background", 0, key), 0, EFFECTS)
            assert np.array_equal(cache.tile(state, "background", 0, key, EFFECTS), expected)


def test_tiles_are_read_only_and_empty_past_the_edge() -> None:
    cache, state = CompositeCache(), cut_document().state
    assert not cache.tile(state, "photo", 0, (0, 0), EFFECTS).flags.writeable
    assert cache.tile(state, "photo", 0, (2, 2), EFFECTS).shape == (HEIGHT - 512, WIDTH - 512, 4)
    assert cache.tile(state, "photo", 0, (9, 9), EFFECTS).size == 0


def test_a_cleared_cache_has_forgotten_everything() -> None:
    cache, state = CompositeCache(), cut_document().state
    cache.tile(state, "photo", 0, (0, 0), EFFECTS)
    cache.clear()
    assert cache.size_bytes == 0 and cache.peek(state, "photo", 0, (0, 0), EFFECTS) is None
