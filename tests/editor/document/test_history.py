"""Undo and redo as the user meets them: steps by name, bounded by what they weigh."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from editor.document.document import Document, Photo
from editor.document.tiles import TILE_PX, Plane

TILE_BYTES = TILE_PX * TILE_PX


def document(limit_bytes: int = 1 << 30) -> Document:
    """A grey photo of four by four tiles with an unmarked trimap."""
    return Document.from_photo(Photo(np.full((4 * TILE_PX, 4 * TILE_PX, 3), 90, np.uint8)), limit_bytes)


def mark(doc: Document, tile: int, label: int, name: str = "Mark") -> None:
    """Mark one whole tile of the trimap as one step."""
    row, column = divmod(tile, 4)
    patch = np.full((TILE_PX, TILE_PX), label, np.uint8)
    with doc.edit(name):
        doc.set_trimap(doc.state.trimap.paste(column * TILE_PX, row * TILE_PX, patch))


def steps(doc: Document) -> int:
    """How many steps can be taken back; takes them back and makes them again."""
    count = 0
    while doc.undo() is not None:
        count += 1
    while doc.redo() is not None:
        pass
    return count


def test_a_step_weighs_the_tiles_it_changed_and_nothing_else():
    doc = document()
    mark(doc, 0, 255)
    assert doc.history.size_bytes == TILE_BYTES
    mark(doc, 0, 0)
    assert doc.history.size_bytes == 3 * TILE_BYTES


def test_the_oldest_steps_go_once_the_limit_is_passed_and_the_newest_stays():
    doc = document(limit_bytes=5 * TILE_BYTES)
    for number in range(12):
        mark(doc, number % 16, 255)
        assert doc.history.size_bytes <= 5 * TILE_BYTES
    assert steps(doc) == 5
    small = document(limit_bytes=10)
    mark(small, 0, 255)
    assert small.history.undo_label == "Mark"
    assert small.undo() == "Mark"


def test_undone_steps_count_towards_the_bytes():
    doc = document()
    mark(doc, 0, 255)
    mark(doc, 1, 255)
    doc.undo()
    assert doc.history.size_bytes == 2 * TILE_BYTES


def test_a_new_step_after_undo_forgets_what_was_undone():
    doc = document()
    mark(doc, 0, 255, "first")
    mark(doc, 1, 255, "second")
    doc.undo()
    assert doc.history.redo_label == "second"
    mark(doc, 2, 0, "third")
    assert doc.history.redo_label is None
    assert doc.redo() is None
    assert doc.undo() == "third"
    assert doc.undo() == "first"
    assert doc.undo() is None


def test_an_exception_inside_an_edit_puts_everything_back_and_makes_no_step():
    doc = document()
    before = doc.state
    with pytest.raises(RuntimeError, match="mid-way"), doc.edit("Broken"):
        doc.set_trimap(doc.state.trimap.paste(0, 0, np.zeros((9, 9), np.uint8)))
        raise RuntimeError("mid-way")
    assert doc.state is before
    assert doc.history.undo_label is None


def test_an_edit_that_changes_nothing_makes_no_step():
    doc = document()
    with doc.edit("Nothing"):
        pass
    assert doc.history.undo_label is None


def test_a_photo_just_opened_is_saved_and_undoing_all_makes_it_saved_again():
    doc = document()
    assert doc.history.is_saved(doc)
    mark(doc, 0, 255)
    assert not doc.history.is_saved(doc)
    doc.undo()
    assert doc.history.is_saved(doc)
    doc.redo()
    doc.history.mark_saved(doc)
    assert doc.history.is_saved(doc)
    doc.undo()
    assert not doc.history.is_saved(doc)


def test_amending_makes_what_came_later_part_of_the_newest_step():
    doc = document()
    before = doc.state.trimap.to_array()
    mark(doc, 0, 255)
    doc.set_trimap(doc.state.trimap.paste(600, 600, np.zeros((4, 4), np.uint8)))
    doc.history.amend(doc)
    assert doc.history.size_bytes == 2 * TILE_BYTES
    amended = doc.state.trimap.to_array()
    doc.undo()
    assert np.array_equal(doc.state.trimap.to_array(), before)
    doc.redo()
    assert np.array_equal(doc.state.trimap.to_array(), amended)


def test_listeners_hear_of_every_step_and_of_states_between():
    doc = document()
    heard, states = [], []
    doc.gesture_done.connect(lambda: heard.append(doc.history.undo_label))
    leave = doc.changed.connect(lambda before, after: states.append((before, after)))
    mark(doc, 0, 255, "one")
    doc.undo()
    doc.redo()
    assert heard == ["one", None, "one"]
    assert len(states) == 3
    assert all(a is b for (_, a), (b, _) in pairwise(states))
    leave()
    doc.undo()
    assert len(states) == 3


def test_a_plane_of_another_size_is_refused_as_trimap():
    doc = document()
    with pytest.raises(Exception, match="another size"), doc.edit("Wrong"):
        doc.set_trimap(Plane(10, 10, 1, np.uint8, 1, labels=True))
    assert doc.history.undo_label is None
