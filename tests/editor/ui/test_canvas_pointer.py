"""Mouse, pen, wheel, touchpad and keys on the canvas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeySequence, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from editor.api import Ring, Shape
from editor.document.geometry import Placement
from plugins.tools.hand import Hand
from plugins.tools.move_layer import MoveLayer
from plugins.tools.trimap_brush import TrimapBrush
from plugins.tools.zoom import Zoom
from tests.editor.ui.canvas_stage import ALT, CTRL, NONE, SHIFT, Recorder, Stage, fails, stage

RIGHT, MIDDLE = Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton


@pytest.fixture
def shown() -> Iterator[Stage]:
    """A canvas with a photo of 400 x 300 at 200 %, and a tool that writes down what it is told."""
    with stage() as made:
        made.canvas.set_zoom(2.0)
        made.canvas.set_tool(Recorder())
        made.canvas.setFocus()
        yield made


@pytest.fixture
def tool(shown: Stage) -> Any:
    """The tool of ``shown``."""
    return shown.canvas.tool


def test_a_tool_is_told_in_photo_pixels_wherever_the_photo_lies(shown: Stage, tool: Recorder) -> None:
    shown.canvas.pan_by(-37, 21)
    shown.drag(shown.place(100, 80), shown.place(120, 90))
    assert tool.names == ["press", "move", "release"]
    assert (tool.told[0][1].x, tool.told[0][1].y) == pytest.approx((100, 80), abs=0.01)
    assert (tool.told[1][1].x, tool.told[1][1].y) == pytest.approx((120, 90), abs=0.01)
    assert tool.told[0][1].screen_px == 0.5
    assert tool.told[0][1].pressure == 1.0


def test_a_tool_is_told_in_its_own_space_in_either_kind_of_view(shown: Stage, tool: Recorder) -> None:
    with shown.document.edit("Move"):
        shown.document.change_layer(shown.document.state.subject, placement=Placement(60, 20, 0.5))
    at = shown.place(100, 80)
    tool.space_wanted = "canvas"
    shown.drag(at)
    assert (tool.told[0][1].x, tool.told[0][1].y) == pytest.approx((110, 60), abs=0.01)
    shown.canvas.set_view("background")
    at = shown.place(110, 60)
    shown.drag(at)
    assert (tool.told[2][1].x, tool.told[2][1].y) == pytest.approx((110, 60), abs=0.01)
    tool.space_wanted = "photo"
    shown.drag(at)
    assert (tool.told[4][1].x, tool.told[4][1].y) == pytest.approx((100, 80), abs=0.01)
    assert tool.told[4][1].screen_px == pytest.approx(1 / (shown.canvas.zoom * 0.5))


def test_moving_the_subject_in_a_view_that_does_not_place_it_does_not_run_away(shown: Stage) -> None:
    shown.canvas.set_tool(MoveLayer())
    start = shown.place(200, 150)
    shown.mouse("press", *start)
    for i in range(1, 11):
        shown.mouse("move", start[0] + 4 * i, start[1])
    shown.mouse("release", start[0] + 40, start[1])
    assert shown.document.state.subject_layer.placement == Placement(20, 0, 1.0)


def test_modifiers_and_the_right_button_reach_the_tool(shown: Stage, tool: Recorder) -> None:
    shown.mouse("press", 400, 300, held=SHIFT | CTRL)
    shown.mouse("release", 400, 300, held=SHIFT | CTRL)
    shown.mouse("press", 400, 300, held=ALT, button=RIGHT)
    shown.mouse("release", 400, 300, button=RIGHT)
    first, second = tool.told[0][1], tool.told[2][1]
    assert (first.shift, first.ctrl, first.alt, first.right) == (True, True, False, False)
    assert (second.shift, second.ctrl, second.alt, second.right) == (False, False, True, True)


def test_a_second_button_during_a_stroke_counts_for_nothing(shown: Stage, tool: Recorder) -> None:
    shown.mouse("press", 400, 300)
    shown.mouse("press", 400, 300, button=RIGHT)
    shown.mouse("release", 400, 300, button=RIGHT)
    shown.mouse("move", 410, 300)
    shown.mouse("release", 410, 300)
    assert tool.names == ["press", "move", "release"]


def test_a_pen_brings_its_pressure_and_its_eraser_end(shown: Stage, tool: Recorder) -> None:
    assert shown.pen("press", 400, 300, 0.25)
    for i in range(5):
        shown.pen("move", 400 + i, 300, 0.3 + i / 10)
    shown.pen("release", 405, 300, 0.0)
    assert [round(event.pressure, 2) for _, event in tool.told] == [0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.0]
    assert not tool.told[0][1].erase
    shown.pen("press", 400, 300, 0.5, eraser=True)
    shown.pen("release", 400, 300, 0.0, eraser=True)
    assert tool.told[-2][1].erase


def test_the_middle_button_pans_and_the_tool_hears_nothing(shown: Stage, tool: Recorder) -> None:
    before = shown.place(0, 0)
    shown.drag((400, 300), (430, 310), button=MIDDLE)
    assert shown.place(0, 0) == pytest.approx((before[0] + 30, before[1] + 10))
    assert tool.told == []


def test_space_is_the_hand_while_it_is_held(shown: Stage, tool: Recorder) -> None:
    before = shown.place(0, 0)
    QTest.keyPress(shown.canvas, Qt.Key.Key_Space)
    assert shown.canvas.cursor().shape() == Qt.CursorShape.OpenHandCursor
    shown.drag((400, 300), (430, 310))
    QTest.keyRelease(shown.canvas, Qt.Key.Key_Space)
    assert shown.place(0, 0) == pytest.approx((before[0] + 30, before[1] + 10))
    assert tool.told == []
    shown.drag((400, 300))
    assert tool.names == ["press", "release"]


def test_the_hand_tool_pans(shown: Stage) -> None:
    shown.canvas.set_tool(Hand())
    before = shown.place(0, 0)
    shown.drag((400, 300), (380, 290))
    assert shown.place(0, 0) == pytest.approx((before[0] - 20, before[1] - 10))


def test_the_zoom_tool_zooms_in_with_a_click_out_with_alt_and_by_dragging(shown: Stage) -> None:
    shown.canvas.set_tool(Zoom())
    shown.drag((400, 300))
    assert shown.canvas.zoom == 3.0
    shown.mouse("press", 400, 300, held=ALT)
    shown.mouse("release", 400, 300, held=ALT)
    assert shown.canvas.zoom == 2.0
    shown.drag((400, 300), (520, 300))
    assert shown.canvas.zoom == pytest.approx(4.0)


def test_the_plain_wheel_zooms_at_the_pointer_or_scrolls_as_the_setting_says(shown: Stage) -> None:
    under = shown.canvas.to_picture(500, 200)
    shown.wheel(500, 200, 4)
    assert shown.canvas.zoom == pytest.approx(4.0)
    assert shown.canvas.to_picture(500, 200) == pytest.approx(under, abs=0.2)
    shown.canvas.wheel_zooms = False
    before = shown.place(0, 0)
    shown.wheel(500, 200, 1)
    assert shown.canvas.zoom == pytest.approx(4.0)
    assert shown.place(0, 0) == pytest.approx((before[0], before[1] + 60))
    shown.wheel(500, 200, 1, held=CTRL)
    assert shown.canvas.zoom > 4.0


def test_two_fingers_scroll_even_where_the_wheel_zooms(shown: Stage) -> None:
    before = shown.place(0, 0)
    shown.wheel(500, 200, 0.1, pixels=(7, -5), phase=Qt.ScrollPhase.ScrollUpdate)
    assert shown.canvas.zoom == 2.0
    assert shown.place(0, 0) == pytest.approx((before[0] + 7, before[1] - 5))


def test_esc_cancels_a_stroke_without_a_trace(shown: Stage) -> None:
    shown.canvas.set_tool(TrimapBrush())
    before = shown.document.state
    shown.mouse("press", 400, 300)
    shown.mouse("move", 450, 300)
    assert shown.document.state is not before
    QTest.keyClick(shown.canvas, Qt.Key.Key_Escape)
    assert shown.document.state is before
    shown.mouse("move", 500, 300)
    shown.mouse("release", 500, 300)
    assert shown.document.state is before and shown.document.history.undo_label is None


def test_a_stroke_is_one_step_and_seen_at_once(shown: Stage) -> None:
    shown.canvas.set_tool(TrimapBrush(size_px=20, hardness=100))
    bare = shown.colour(100, 80)
    shown.mouse("press", *shown.place(90, 80))
    shown.mouse("move", *shown.place(110, 80))
    painted = [shown.colour(x, 80) for x in range(95, 106)]
    assert any(colour != bare for colour in painted)
    shown.mouse("release", *shown.place(110, 80))
    assert shown.document.undo() == "Mark unknown"
    assert shown.document.undo() is None


def test_an_error_of_a_tool_is_told_and_ends_the_gesture(shown: Stage, tool: Recorder) -> None:
    told: list[Exception] = []
    shown.canvas.tool_error.connect(told.append)
    tool.on_press = fails("Nothing lies there.")
    shown.drag((400, 300), (410, 300))
    assert [str(error) for error in told] == ["Nothing lies there. Try elsewhere."]
    assert tool.names == ["press"] and tool.cancelled == 1
    assert not shown.canvas.gesturing


def test_another_tool_or_document_cancels_the_gesture_under_way(shown: Stage, tool: Recorder) -> None:
    shown.mouse("press", 400, 300)
    shown.canvas.set_tool(Hand())
    assert tool.cancelled == 1 and not shown.canvas.gesturing


def test_keys_go_to_the_tool_before_a_shortcut_of_the_window(shown: Stage, tool: Recorder) -> None:
    used: list[str] = []
    for key in ("1", "2"):
        QShortcut(QKeySequence(key), shown.canvas, lambda key=key: used.append(key))
    changed: list[bool] = []
    shown.canvas.tool_changed.connect(lambda: changed.append(True))
    tool.takes = {"1", "{"}
    shown.canvas.activateWindow()
    shown.pump()
    QTest.keyClick(shown.canvas, Qt.Key.Key_1)
    QTest.keyClick(shown.canvas, Qt.Key.Key_2)
    QTest.keyClick(shown.canvas, Qt.Key.Key_BraceLeft, SHIFT)
    assert used == ["2"]
    assert tool.keys.count("1") == 1 and "{" in tool.keys
    assert changed == [True, True]


def test_keys_with_ctrl_or_alt_are_not_the_tools(shown: Stage, tool: Recorder) -> None:
    QTest.keyClick(shown.canvas, Qt.Key.Key_Z, CTRL)
    QTest.keyClick(shown.canvas, Qt.Key.Key_X, ALT)
    QTest.keyClick(shown.canvas, Qt.Key.Key_Shift, SHIFT)
    assert tool.keys == []


def test_arrows_pan_faster_with_shift_and_plus_and_minus_zoom(shown: Stage) -> None:
    before = shown.place(0, 0)
    QTest.keyClick(shown.canvas, Qt.Key.Key_Right)
    assert shown.place(0, 0) == pytest.approx((before[0] - 40, before[1]))
    QTest.keyClick(shown.canvas, Qt.Key.Key_Left, SHIFT)
    assert shown.place(0, 0)[0] > before[0] + 100
    QTest.keyClick(shown.canvas, Qt.Key.Key_Plus)
    assert shown.canvas.zoom == 3.0
    QTest.keyClick(shown.canvas, Qt.Key.Key_Minus)
    assert shown.canvas.zoom == 2.0


def test_one_can_paint_with_the_keyboard_alone(shown: Stage, tool: Recorder) -> None:
    QTest.keyClick(shown.canvas, Qt.Key.Key_Return)
    assert tool.told == []
    for _ in range(3):
        QTest.keyClick(shown.canvas, Qt.Key.Key_Right, CTRL)
    QTest.keyClick(shown.canvas, Qt.Key.Key_Down, CTRL | SHIFT)
    QTest.keyClick(shown.canvas, Qt.Key.Key_Return)
    assert tool.names == ["press", "release"]
    assert shown.place(tool.told[0][1].x, tool.told[0][1].y) == pytest.approx((406, 320), abs=0.6)


def test_where_the_pointer_is_is_told_in_picture_pixels(shown: Stage) -> None:
    told: list[tuple[float, float]] = []
    shown.canvas.pointer_moved.connect(lambda x, y: told.append((x, y)))
    shown.mouse("move", *shown.place(33, 44), down=False)
    assert told[-1] == pytest.approx((33, 44), abs=0.01)


def test_the_ring_is_drawn_where_the_brush_would_touch(shown: Stage, tool: Recorder) -> None:
    tool.marks = [Ring(300, 200, 40, 0)]
    shown.mouse("move", *shown.place(300, 200), down=False)
    before = shown.picture()
    x, y = shown.place(340, 200)
    tool.marks = []
    shown.canvas.renew_marks()
    bare = shown.picture()
    centre = shown.place(300, 200)
    assert before.pixelColor(int(x), int(y)) != bare.pixelColor(int(x), int(y))
    assert before.pixelColor(int(centre[0]), int(centre[1])) == bare.pixelColor(int(centre[0]), int(centre[1]))


def test_handles_and_outlines_are_drawn_and_rings_go_with_the_pointer(shown: Stage, tool: Recorder) -> None:
    tool.marks = [Shape(((250, 180), (350, 180), (350, 250)), handles=True), Ring(300, 200, 10, 0)]
    shown.mouse("move", *shown.place(300, 200), down=False)
    corner = shown.place(250, 180)
    assert shown.picture().pixelColor(int(corner[0]) + 1, int(corner[1]) + 1).lightness() > 240
    QApplication.sendEvent(shown.canvas, _leave())
    assert [type(mark) for mark in shown.canvas.overlay.marks] == [Shape]


def test_dropped_files_are_told(shown: Stage, tmp_path) -> None:
    told: list[list[str]] = []
    shown.canvas.files_dropped.connect(told.append)
    mime = QMimeData()
    path = tmp_path / "fähre.jpg"
    mime.setUrls([QUrl.fromLocalFile(str(path)), QUrl("https://example.org/a.jpg")])
    move, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    enter = QDragEnterEvent(QPoint(50, 50), move, mime, left, NONE)
    QApplication.sendEvent(shown.canvas, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(shown.canvas, QDropEvent(QPointF(50, 50), move, mime, left, NONE))
    assert told == [[str(path)]]


def test_text_that_is_dragged_over_is_not_taken(shown: Stage) -> None:
    mime = QMimeData()
    mime.setText("no file")
    enter = QDragEnterEvent(QPoint(50, 50), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, NONE)
    enter.ignore()
    QApplication.sendEvent(shown.canvas, enter)
    assert not enter.isAccepted()


def test_the_canvas_says_what_it_is_to_a_screen_reader(shown: Stage) -> None:
    assert shown.canvas.accessibleName() and "Enter" in shown.canvas.accessibleDescription()


def test_the_end_of_a_tools_gesture_is_told_once(shown: Stage) -> None:
    told: list[bool] = []
    shown.canvas.gesture_done.connect(lambda: told.append(True))
    shown.drag((400, 300), (410, 300))
    shown.drag((400, 300), (410, 300), button=MIDDLE)
    assert told == [True]


def _leave():
    from PySide6.QtCore import QEvent

    return QEvent(QEvent.Type.Leave)
