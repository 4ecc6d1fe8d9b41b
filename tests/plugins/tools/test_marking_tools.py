"""Band brush, fill, lasso and rectangle: what they mark, and what they leave for a job."""

from __future__ import annotations

import time

import numpy as np
import pytest

from editor.api import Document, Photo, PointerEvent, Shape
from editor.document.document import UNMARKED
from editor.document.geometry import Rect
from editor.document.tiles import Plane
from plugins.tools.band_brush import BandBrush
from plugins.tools.fill import Fill
from plugins.tools.lasso import Lasso
from plugins.tools.rectangle import Rectangle


def document(width: int = 500, height: int = 300) -> Document:
    """A grey photo: foreground to the left of a band of unknown, background to its right."""
    doc = Document.from_photo(Photo(np.full((height, width, 3), 90, np.uint8)))
    marks = np.full((height, width), 255, np.uint8)
    marks[:, width // 2 - 5 : width // 2 + 5], marks[:, width // 2 + 5 :] = 128, 0
    doc.set_trimap(Plane.from_array(marks, UNMARKED, labels=True))
    return doc


def drag(tool, doc: Document, *points: tuple[float, float], **held: bool) -> None:
    """Press at the first point, move through the others, release at the last."""
    tool.press(doc, PointerEvent(*points[0], **held))
    for point in points[1:]:
        tool.move(doc, PointerEvent(*point, **held))
    tool.release(doc, PointerEvent(*points[-1], **held))


def band_in_row(doc: Document, row: int) -> int:
    return int((doc.state.trimap.to_array()[row] == 128).sum())


def test_the_band_brush_widens_the_band_where_it_passes_and_nowhere_else():
    doc = document()
    drag(BandBrush(size_px=100, widen_px=12), doc, (250, 100), (250, 140))
    assert band_in_row(doc, 120) == 10 + 24
    assert band_in_row(doc, 280) == 10
    assert doc.history.undo_label == "Widen unknown band"


def test_the_band_brush_narrows_with_alt():
    doc = document()
    drag(BandBrush(size_px=100, widen_px=3), doc, (250, 100), (250, 140), alt=True)
    assert band_in_row(doc, 120) == 4
    assert band_in_row(doc, 280) == 10
    assert doc.history.undo_label == "Narrow unknown band"


def test_two_strokes_of_the_band_brush_widen_twice():
    doc, tool = document(), BandBrush(size_px=120, widen_px=8)
    for _ in range(2):
        drag(tool, doc, (250, 100), (250, 140))
    assert band_in_row(doc, 120) == 10 + 32


def test_a_fill_takes_the_region_shown_before_the_press():
    doc, tool = document(), Fill(label="background")
    shown = tool.preview(doc, PointerEvent(100.0, 100.0))
    assert len(shown) == 1
    corners = np.array(shown[0].points)
    assert corners[:, 0].max() == pytest.approx(245, abs=1)
    drag(tool, doc, (100, 100))
    marks = doc.state.trimap.to_array()
    assert (marks[:, :245] == 0).all()
    assert (marks[:, 245:255] == 128).all()


def test_a_fill_on_its_own_label_or_outside_the_photo_makes_no_step():
    doc = document()
    drag(Fill(label="foreground"), doc, (100, 100))
    drag(Fill(label="foreground"), doc, (-5, 100))
    assert doc.history.undo_label is None


def test_the_preview_of_a_fill_is_quick_on_a_marked_photo_of_24_megapixels():
    generator = np.random.default_rng(0)
    plane = Plane(6000, 4000, 1, np.uint8, UNMARKED, labels=True)
    for _ in range(12):
        x, y = generator.integers(0, 4000), generator.integers(0, 3000)
        plane = plane.paste(int(x), int(y), np.full((900, 1500), generator.choice([0, 128, 255]), np.uint8))
    doc = Document.from_photo(Photo(np.zeros((4000, 6000, 3), np.uint8)))
    doc.set_trimap(plane)
    tool, costs = Fill(), []
    for x, y in generator.uniform(0, 4000, (40, 2)):
        started = time.perf_counter()
        tool.preview(doc, PointerEvent(x, y))
        costs.append(time.perf_counter() - started)
    assert np.median(costs) < 0.008


@pytest.mark.parametrize("kind", [Lasso, Rectangle])
def test_finding_the_subject_leaves_the_region_to_be_taken_once_and_changes_nothing(kind):
    doc, tool = document(), kind()
    before = doc.state
    drag(tool, doc, (50, 50), (200, 60), (190, 200), (40, 190))
    assert doc.state is before
    selection = tool.take_pending()
    assert selection is not None
    assert selection.rect.w > 100 if kind is Lasso else selection.rect == Rect(40, 50, 11, 141)
    assert tool.take_pending() is None


@pytest.mark.parametrize(
    ("action", "label", "opposite"),
    [("mark foreground", 255, 0), ("mark background", 0, 255), ("mark unknown", 128, UNMARKED)],
)
def test_a_region_can_be_marked_outright(action, label, opposite):
    for held, expected in (({}, label), ({"alt": True}, opposite), ({"right": True}, opposite)):
        doc, tool = document(), Rectangle(action=action)
        doc.set_trimap(
            Plane(500, 300, 1, np.uint8, UNMARKED, labels=True).paste(0, 0, np.full((300, 500), 128, np.uint8))
        )
        if expected == 128:
            doc.set_trimap(doc.state.trimap.paste(0, 0, np.full((300, 500), 255, np.uint8)))
        rest = doc.state.trimap.to_array()[290, 490]
        drag(tool, doc, (50.0, 60.0), (149.0, 159.0), **held)
        marks = doc.state.trimap.to_array()
        assert (marks[60:160, 50:150] == expected).all()
        assert (marks != rest).sum() == 100 * 100
        assert tool.take_pending() is None
        assert doc.undo()
        assert doc.undo() is None


def test_a_lasso_marks_the_inside_of_what_was_drawn():
    doc, tool = document(), Lasso(action="mark unknown")
    angles = np.linspace(0, 2 * np.pi, 80)
    drag(tool, doc, *[(120 + 60 * np.cos(a), 150 + 60 * np.sin(a)) for a in angles])
    y, x = np.mgrid[:300, :500] + 0.5
    distance = np.hypot(x - 120, y - 150)
    unknown = doc.state.trimap.to_array() == 128
    assert unknown[distance < 58].all()
    assert not unknown[(distance > 62) & (x < 240)].any()


def test_shift_makes_the_rectangle_a_square():
    doc, tool = document(), Rectangle()
    drag(tool, doc, (50, 50), (150, 80), shift=True)
    rect = tool.take_pending().rect
    assert (rect.w, rect.h) == (101, 101)


@pytest.mark.parametrize("kind", [Lasso, Rectangle])
def test_a_slip_of_the_hand_is_no_region(kind):
    doc, tool = document(), kind()
    drag(tool, doc, (50, 50), (51, 51))
    assert tool.take_pending() is None
    drag(tool, doc, (-50, -50), (-20, -10))
    assert tool.take_pending() is None
    assert doc.history.undo_label is None


def test_the_region_is_shown_while_it_is_drawn_and_kept_inside_the_photo():
    doc, tool = document(), Rectangle()
    tool.press(doc, PointerEvent(400, 200))
    tool.move(doc, PointerEvent(900, 900))
    shape = tool.preview(doc, PointerEvent(900, 900))[0]
    assert isinstance(shape, Shape)
    assert len(shape.points) == 4
    tool.release(doc, PointerEvent(900, 900))
    assert tool.take_pending().rect == Rect(400, 200, 100, 100)
    assert tool.preview(doc, PointerEvent(10, 10)) == []


def test_digits_choose_what_a_region_marks_and_d_goes_back_to_finding():
    doc, tool = document(), Lasso()
    for key, action in (
        ("1", "mark foreground"),
        ("2", "mark background"),
        ("3", "mark unknown"),
        ("D", "find subject"),
    ):
        assert tool.press_key(doc, key)
        assert tool.action == action
