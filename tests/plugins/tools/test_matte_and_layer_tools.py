"""The matte brush paints opacity to the bit; the move tool places layers; hand and zoom leave the document alone."""

from __future__ import annotations

import numpy as np
import pytest

from editor.api import Document, Photo, Placement, PointerEvent, UserError
from editor.document.layer import Layer, SolidColour
from editor.document.tiles import Plane
from plugins.tools.alpha_brush import AlphaBrush
from plugins.tools.move_layer import MoveLayer
from plugins.tools.zoom import Zoom


def document(with_matte: bool = True) -> Document:
    """A photo of 400 x 300, with a matte of half opacity."""
    doc = Document.from_photo(Photo(np.full((300, 400, 3), 90, np.uint8)))
    if with_matte:
        doc.set_matte(Plane.from_array(np.full((300, 400), 32768, np.uint16)), doc.state.subject_layer.content)
    return doc


def drag(tool, doc: Document, *points: tuple[float, float], **held: bool) -> None:
    """Press at the first point, move through the others, release at the last."""
    tool.press(doc, PointerEvent(*points[0], **held))
    for point in points[1:]:
        tool.move(doc, PointerEvent(*point, **held))
    tool.release(doc, PointerEvent(*points[-1], **held))


def mask_at(doc: Document, x: int, y: int) -> int:
    return int(doc.state.subject_layer.mask.to_array()[y, x])


@pytest.mark.parametrize(("value", "opposite"), [(100.0, 0), (0.0, 65535), (25.0, 49151)])
def test_the_matte_brush_paints_its_value_and_alt_the_opposite(value, opposite):
    doc, tool = document(), AlphaBrush(value=value, size_px=40, hardness=100)
    drag(tool, doc, (100, 100))
    drag(tool, doc, (200, 100), alt=True)
    drag(tool, doc, (300, 100), right=True)
    assert mask_at(doc, 100, 100) == round(value / 100 * 65535)
    assert abs(mask_at(doc, 200, 100) - opposite) <= 1
    assert mask_at(doc, 300, 100) == mask_at(doc, 200, 100)
    assert mask_at(doc, 100, 200) == 32768


def test_a_soft_matte_brush_goes_evenly_from_its_value_to_what_was_there():
    doc = document()
    drag(AlphaBrush(value=100, size_px=100, hardness=0), doc, (200, 150))
    row = doc.state.subject_layer.mask.to_array()[150, 200:310].astype(int)
    assert row[0] > 65000
    assert row[-1] == 32768
    assert (np.diff(row) <= 0).all()
    assert np.abs(np.diff(row)).max() < 1200


def test_painting_before_there_is_a_matte_starts_from_an_opaque_one_and_undo_takes_it_away():
    doc = document(with_matte=False)
    drag(AlphaBrush(value=0, size_px=40, hardness=100), doc, (100, 100))
    assert mask_at(doc, 100, 100) == 0
    assert mask_at(doc, 300, 200) == 65535
    doc.undo()
    assert doc.state.subject_layer.mask is None


def test_painting_switches_the_mask_on():
    doc = document()
    doc.change_layer(doc.state.subject, mask_on=False)
    drag(AlphaBrush(value=0), doc, (100, 100))
    assert doc.state.subject_layer.mask_on


def test_a_stroke_says_once_where_colours_are_out_of_date():
    doc, tool = document(), AlphaBrush(value=0, size_px=40, hardness=100)
    drag(tool, doc, (100, 100), (180, 100))
    stale = tool.take_stale()
    assert stale.intersect(doc.state.canvas) == stale
    assert (stale.x, stale.right) <= (80, 200)
    assert stale.right >= 200
    assert tool.take_stale() is None
    bare = document(with_matte=False)
    drag(tool, bare, (100, 100))
    assert tool.take_stale() is None, "without estimated colours nothing is out of date"


def test_x_turns_the_value_round_and_d_makes_it_whole():
    doc, tool = document(), AlphaBrush(value=30)
    tool.press_key(doc, "X")
    assert tool.value == 70
    tool.press_key(doc, "D")
    assert tool.value == 100


# move and scale


def placement(doc: Document) -> Placement:
    return doc.state.layer(doc.state.active).placement


def test_a_drag_moves_the_layer_by_whole_pixels_and_shift_keeps_it_level():
    doc, tool = document(), MoveLayer()
    drag(tool, doc, (200, 150), (230.4, 161.2))
    assert placement(doc) == Placement(30, 11, 1.0)
    drag(tool, doc, (200, 150), (240, 155), shift=True)
    assert placement(doc) == Placement(70, 11, 1.0)
    assert doc.undo() == "Move layer"
    assert doc.undo() == "Move layer"
    assert doc.undo() is None


def test_a_corner_scales_about_the_opposite_one():
    doc, tool = document(), MoveLayer()
    drag(tool, doc, (400, 300), (200, 150))
    assert placement(doc) == Placement(0, 0, 0.5)
    drag(tool, doc, (0, 0), (-200, -150))
    at = placement(doc)
    assert (at.x, at.y, at.scale) == pytest.approx((-200, -150, 1.0))
    assert doc.history.undo_label == "Scale layer"


def test_alt_scales_about_the_middle_and_the_scale_stays_positive():
    doc, tool = document(), MoveLayer()
    drag(tool, doc, (400, 300), (300, 225), alt=True)
    at = placement(doc)
    assert (at.x, at.y, at.scale) == pytest.approx((100, 75, 0.5))
    drag(tool, doc, (300, 225), (-900, -900))
    assert placement(doc).scale > 0


def test_handles_are_shown_at_the_corners_and_reach_further_when_zoomed_out():
    doc, tool = document(), MoveLayer()
    shape = tool.preview(doc, PointerEvent(5, 5))[0]
    assert shape.handles
    assert shape.points == ((0, 0), (400, 0), (400, 300), (0, 300))
    tool.press(doc, PointerEvent(370, 280, screen_px=8))
    tool.move(doc, PointerEvent(170, 130, screen_px=8))
    assert placement(doc).scale == pytest.approx(0.5)
    tool.cancel(doc)
    assert placement(doc) == Placement()


def test_arrow_keys_move_by_a_pixel_each_a_step():
    doc, tool = document(), MoveLayer()
    for key in ("Right", "Right", "Down", "Left", "Up"):
        assert tool.press_key(doc, key)
    assert placement(doc) == Placement(1, 0, 1.0)
    assert doc.undo() == "Move layer"
    assert placement(doc) == Placement(1, 1, 1.0)


def test_a_colour_cannot_be_moved_and_says_so():
    doc, tool = document(), MoveLayer()
    doc.add_layer(Layer("Blue", SolidColour((0, 0, 1))), 0)
    with pytest.raises(UserError, match="“Blue”") as caught:
        tool.press(doc, PointerEvent(10, 10))
    assert caught.value.hint
    assert not tool.working()
    assert tool.preview(doc, PointerEvent(10, 10)) == []


def test_a_drag_that_comes_back_makes_no_step():
    doc = document()
    drag(MoveLayer(), doc, (100, 100), (150, 100), (100, 100))
    assert doc.history.undo_label is None


def test_zoom_goes_in_and_with_alt_or_the_right_button_out_again():
    zoom = Zoom()
    inwards = zoom.factor(PointerEvent(1, 1))
    assert inwards > 1
    assert inwards * zoom.factor(PointerEvent(1, 1, alt=True)) == pytest.approx(1)
    assert zoom.factor(PointerEvent(1, 1, right=True)) < 1
