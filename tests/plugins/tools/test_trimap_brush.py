"""The trimap brush in the hand: labels by key and button, straight lines, sizes, the ring."""

from __future__ import annotations

import numpy as np
import pytest

from editor.api import Document, Photo, PointerEvent, Ring, Shape
from editor.document.document import UNMARKED
from plugins.tools.trimap_brush import TrimapBrush


@pytest.fixture
def document() -> Document:
    """A grey photo with nothing marked."""
    return Document.from_photo(Photo(np.full((300, 400, 3), 90, np.uint8)))


def click(tool: TrimapBrush, document: Document, x: float, y: float, **held: bool) -> None:
    """Press and release in one place."""
    tool.press(document, PointerEvent(x, y, **held))
    tool.release(document, PointerEvent(x, y, **held))


def label_at(document: Document, x: int, y: int) -> int:
    return int(document.state.trimap.to_array()[y, x])


@pytest.mark.parametrize(
    ("key", "label", "opposite"), [("1", 255, 0), ("2", 0, 255), ("3", 128, UNMARKED), ("4", UNMARKED, 128)]
)
def test_a_digit_chooses_the_label_and_alt_the_right_button_and_the_eraser_mark_the_opposite(
    document, key, label, opposite
):
    tool = TrimapBrush(size_px=20)
    for other in ("1", "2"):  # something to clear under every place
        tool.press_key(document, other)
        for x in (50, 150, 250, 350):
            click(tool, document, x, 100)
    tool.press_key(document, key)
    for x, held in ((50, {}), (150, {"alt": True}), (250, {"right": True}), (350, {"erase": True})):
        click(tool, document, x, 100, **held)
    assert label_at(document, 50, 100) == label
    assert {label_at(document, x, 100) for x in (150, 250, 350)} == {opposite}


def test_x_exchanges_foreground_and_background_and_d_goes_back_to_the_defaults(document):
    tool = TrimapBrush(label="foreground", size_px=7, hardness=20)
    assert tool.press_key(document, "X")
    assert tool.label == "background"
    tool.press_key(document, "x")
    assert tool.label == "foreground"
    tool.press_key(document, "D")
    assert (tool.label, tool.size_px, tool.hardness) == ("unknown", 60.0, 100.0)


def test_brackets_change_size_and_hardness(document):
    tool = TrimapBrush(size_px=100, hardness=50)
    tool.press_key(document, "]")
    assert tool.size_px > 100
    tool.press_key(document, "[")
    assert tool.size_px == pytest.approx(100)
    tool.press_key(document, "{")
    assert tool.hardness == 40
    tool.press_key(document, "}")
    assert tool.hardness == 50


def test_shift_and_click_draw_a_straight_line_from_the_end_of_the_last_stroke(document):
    tool = TrimapBrush(size_px=10)
    click(tool, document, 50, 50)
    line = tool.preview(document, PointerEvent(350, 250, shift=True))
    assert Shape(((50, 50), (350, 250)), closed=False) in line
    click(tool, document, 350, 250, shift=True)
    marks = document.state.trimap.to_array()
    assert all(marks[50 + round(200 * t), 50 + round(300 * t)] == 128 for t in np.linspace(0, 0.99, 60))
    assert document.undo() == "Mark unknown"
    assert label_at(document, 200, 150) == UNMARKED
    assert label_at(document, 50, 50) == 128


def test_the_painted_disc_is_the_ring_that_the_preview_shows(document):
    for hardness in (30.0, 100.0):
        tool = TrimapBrush(label="unknown", size_px=80, hardness=hardness)
        ring = tool.preview(document, PointerEvent(200.0, 150.0))[0]
        assert isinstance(ring, Ring)
        assert ring.core_px == pytest.approx(ring.radius_px * hardness / 100)
        click(tool, document, 200, 150)
        y, x = np.mgrid[:300, :400] + 0.5
        distance = np.hypot(x - 200, y - 150)
        marked = document.state.trimap.to_array() == 128
        assert marked[distance < ring.radius_px - 0.8].all()
        assert not marked[distance > ring.radius_px + 0.8].any()
        document.undo()


def test_a_soft_brush_leaves_unknown_round_what_it_marks_and_a_hard_one_none(document):
    for hardness, found in ((50.0, True), (100.0, False)):
        click(TrimapBrush(label="foreground", size_px=60, hardness=hardness), document, 200, 150)
        assert (document.state.trimap.to_array() == 128).any() == found
        document.undo()


def test_marking_what_is_marked_already_makes_no_step(document):
    tool = TrimapBrush(size_px=30)
    click(tool, document, 100, 100)
    click(tool, document, 100, 100)
    assert document.undo() == "Mark unknown"
    assert document.undo() is None


def test_steps_are_named_after_the_label(document):
    names = []
    tool = TrimapBrush(label="unknown")
    click(tool, document, 100, 100)
    for key, x in (("1", 100), ("2", 100), ("4", 100)):
        tool.press_key(document, key)
        click(tool, document, x, 100)
        names.append(document.history.undo_label)
    assert names == ["Mark foreground", "Mark background", "Clear marks"]


def test_a_second_press_without_a_release_gives_up_the_first_stroke(document):
    tool = TrimapBrush(size_px=20)
    tool.press(document, PointerEvent(50, 50))
    tool.press(document, PointerEvent(200, 200))
    tool.release(document, PointerEvent(200, 200))
    assert label_at(document, 50, 50) == UNMARKED
    assert label_at(document, 200, 200) == 128
    assert document.undo() is not None
    assert document.undo() is None
