"""The Portrait button by hand: find, correct, refine, choose among several; what is offered where nobody is found."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from editor.api import Engine, NobodyFoundError
from editor.document.tiles import Plane
from tests.editor.ui.test_work_in_window import at, steps


@dataclass
class Lights(Engine):
    """Whoever is light is somebody; half opaque where it is neither light nor dark."""

    name: ClassVar[str] = "lights"
    title: ClassVar[str] = "Lights"
    licence: ClassVar[str] = "trained on research photos: research use"
    rank: ClassVar[int] = 99
    finds_trimap: ClassVar[bool] = True
    asked: ClassVar[int] = 0
    endless: ClassVar[bool] = False

    def run(self, image, trimap, progress, start=None):
        """Half where it is unknown."""
        return np.where(trimap == 128, np.float32(0.5), trimap.astype(np.float32) / 255)

    def find(self, image, progress):
        """By brightness."""
        Lights.asked += 1
        progress(0.3, "Looking for the subject")
        while Lights.endless:
            progress(0.3, "Looking for the subject")
            time.sleep(0.005)
        bright = image.mean(axis=2)
        found = np.select([bright > 0.6, bright < 0.25], [255, 0], 128).astype(np.uint8)
        if not (found == 255).any():
            raise NobodyFoundError("Nobody was found in this photo.", "Draw a rectangle round the subject.")
        return found, self.run(image, found, progress)


@pytest.fixture
def lights(window, monkeypatch):
    """This engine is the only one that needs no marks."""
    engines = window.desk.registry.engines
    for name in [name for name, kind in engines.items() if kind.finds_trimap]:
        monkeypatch.delitem(engines, name)
    monkeypatch.setitem(engines, "lights", Lights)
    monkeypatch.setattr(Lights, "asked", 0)
    window.matte_panel.engines.renew()
    window.matte_panel.engines.choose("quick")
    return window


def open_discs(window, pump, tmp_path, *discs: tuple[int, int, int]):
    """A photo of light discs (x, y, radius) before a dark ground."""
    y, x = np.mgrid[:240, :320]
    bright = np.zeros((240, 320))
    for centre_x, centre_y, radius in discs:
        bright = np.maximum(bright, np.clip((radius - np.hypot(x - centre_x, y - centre_y)) / 8 + 0.5, 0, 1))
    path = tmp_path / "people.png"
    assert cv2.imwrite(str(path), (20 + 200 * bright[..., None] * np.ones(3)).astype(np.uint8))
    window.files.open_path(path)
    pump.until(lambda: window.desk.document is not None and window.desk.document.state.trimap.width == 320)
    return window


@pytest.fixture
def one(lights, pump, tmp_path):
    return open_discs(lights, pump, tmp_path, (160, 120, 80))


@pytest.fixture
def three(lights, pump, tmp_path):
    return open_discs(lights, pump, tmp_path, (60, 120, 30), (160, 120, 50), (265, 120, 40))


def press_portrait(window, pump) -> None:
    done = len(steps(window))
    QTest.mouseClick(window.matte_panel.portrait, Qt.MouseButton.LeftButton)
    pump.until(lambda: len(steps(window)) > done and not window.mattes.running())


def marks_of(window) -> np.ndarray:
    return window.desk.document.state.trimap.to_array()


def press_in_banner(window, text: str) -> None:
    buttons = [b for banner in window.messages.banners() for b in banner.findChildren(QPushButton) if b.text() == text]
    assert len(buttons) == 1, [banner.message for banner in window.messages.banners()]
    QTest.mouseClick(buttons[0], Qt.MouseButton.LeftButton)


def words(window) -> str:
    return " | ".join(f"{banner.message} {banner.hint}" for banner in window.messages.banners())


def test_portrait_marks_the_person_and_shows_the_marks_in_one_step(one, pump):
    one.canvas.set_view("checker")
    before = one.desk.document.state
    press_portrait(one, pump)
    plane = marks_of(one)
    assert plane[120, 160] == 255 and plane[5, 5] == 0 and (plane == 128).any()
    assert one.desk.document.state.subject_layer.mask.to_array()[120, 160] == 65535
    assert one.canvas.view == "photo", "the marks are to be looked over before the matte"
    assert steps(one) == ["Portrait"]
    one.edits.undo()
    assert one.desk.document.state == before


def test_its_key_does_the_same(one, pump):
    QTest.keyClick(one.canvas, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    pump.until(lambda: steps(one) == ["Portrait"])


def test_the_brush_corrects_what_was_found_and_any_engine_refines_it(one, drag, pump):
    press_portrait(one, pump)
    one.tool_box.choose("trimap-brush")
    one.tool_box.active.label, one.tool_box.active.size_px = "unknown", 16.0
    drag(one.canvas, at(one, 150, 120), at(one, 170, 120))
    assert marks_of(one)[120, 160] == 128
    assert one.matte_panel.choice.value() == "quick"
    QTest.mouseClick(one.matte_panel.button, Qt.MouseButton.LeftButton)
    pump.until(lambda: steps(one)[-1] == "Matte (Quick)")
    assert steps(one) == ["Portrait", "Mark unknown", "Matte (Quick)"]
    mask = one.desk.document.state.subject_layer.mask.to_array()
    assert mask[120, 160] == 32768 and mask[100, 160] == 65535 and mask[5, 5] == 0
    assert Lights.asked == 1


def test_while_it_looks_cancel_stands_in_the_buttons_place_and_stops_it(one, pump, monkeypatch):
    monkeypatch.setattr(Lights, "endless", True)
    before = one.desk.document.state
    QTest.mouseClick(one.matte_panel.portrait, Qt.MouseButton.LeftButton)
    pump.until(lambda: "Looking for the subject" in one.status.jobs_bar.words.text())
    assert one.matte_panel.cancel.isVisible() and not one.matte_panel.portrait.isVisible()
    QTest.mouseClick(one.matte_panel.cancel, Qt.MouseButton.LeftButton)
    pump.until(lambda: one.matte_panel.portrait.isVisible())
    assert one.desk.document.state is before and one.messages.banners() == []


def test_marks_hold_and_marks_everywhere_are_replaced(one, pump):
    document = one.desk.document
    with document.edit("Mark foreground"):
        document.set_trimap(document.state.trimap.paste(4, 6, np.full((10, 20), 255, np.uint8)))
    press_portrait(one, pump)
    assert (marks_of(one)[6:16, 4:24] == 255).all()
    press_portrait(one, pump)
    assert (marks_of(one)[6:16, 4:24] == 0).all() and marks_of(one)[120, 160] == 255


def test_what_is_painted_while_it_looks_again_is_kept(one, pump, monkeypatch):
    press_portrait(one, pump)
    monkeypatch.setattr(Lights, "endless", True)
    QTest.mouseClick(one.matte_panel.portrait, Qt.MouseButton.LeftButton)
    pump.until(one.mattes.running)
    document = one.desk.document
    with document.edit("Mark foreground"):
        document.set_trimap(document.state.trimap.paste(0, 0, np.full((9, 9), 255, np.uint8)))
    monkeypatch.setattr(Lights, "endless", False)
    pump.until(lambda: steps(one)[-1] == "Portrait" and len(steps(one)) == 3)
    assert (marks_of(one)[:9, :9] == 255).all() and marks_of(one)[20, 20] == 0


def test_of_several_the_largest_is_marked_and_a_click_takes_another(three, drag, pump):
    press_portrait(three, pump)
    plane = marks_of(three)
    assert plane[120, 160] == 255 and plane[120, 60] == plane[120, 265] == 0
    assert "3 people were found: the largest is marked." in words(three)
    assert "People who touch count as one." in words(three)
    press_in_banner(three, "Choose another")
    pump.once()
    assert three.tool_box.active.name == "person"
    drag(three.canvas, at(three, 270, 125), at(three, 270, 125))
    pump.until(lambda: steps(three) == ["Portrait", "Another person"])
    plane = marks_of(three)
    assert plane[120, 265] == 255 and plane[120, 160] == plane[120, 60] == 0
    mask = three.desk.document.state.subject_layer.mask.to_array()
    assert mask[120, 265] == 65535 and mask[120, 160] == 0
    assert Lights.asked == 1, "the network need not look again"
    three.edits.undo()
    assert marks_of(three)[120, 160] == 255


def test_a_click_with_the_person_tool_finds_that_person_at_once(three, drag, pump):
    three.tool_box.choose("person")
    drag(three.canvas, at(three, 60, 120), at(three, 60, 120))
    pump.until(lambda: steps(three) == ["Portrait"])
    assert marks_of(three)[120, 60] == 255 and marks_of(three)[120, 160] == 0
    assert "the one you pointed out is marked" in words(three)


def test_the_person_under_the_pointer_is_outlined_before_the_click(three, pump):
    tool = three.tool_box.tools["person"]
    press_portrait(three, pump)
    from editor.api import PointerEvent

    (shape,) = tool.preview(three.desk.document, PointerEvent(60, 120))
    xs = [x for x, _ in shape.points]
    assert 25 < min(xs) < 33 and 87 < max(xs) < 95
    assert tool.preview(three.desk.document, PointerEvent(5, 5)) == []


def test_a_click_beside_everybody_says_so_and_offers_the_rectangle(three, drag, pump):
    press_portrait(three, pump)
    three.tool_box.choose("person")
    drag(three.canvas, at(three, 110, 10), at(three, 110, 10))
    pump.until(lambda: "Nobody was found there." in words(three))
    assert steps(three) == ["Portrait"]
    press_in_banner(three, "Draw a rectangle")
    assert three.tool_box.active.name == "rectangle"


def test_where_nobody_is_found_the_rectangle_is_offered_and_grabcut_takes_over(lights, drag, pump, tmp_path):
    y, x = np.mgrid[:240, :320]
    dull = np.where(np.hypot(x - 160, y - 120)[..., None] < 70, (120, 90, 40), (30, 60, 30)).astype(np.uint8)
    assert cv2.imwrite(str(tmp_path / "dull.png"), dull)
    lights.files.open_path(tmp_path / "dull.png")
    pump.until(lambda: lights.desk.document is not None)
    QTest.mouseClick(lights.matte_panel.portrait, Qt.MouseButton.LeftButton)
    pump.until(lambda: "Nobody was found in this photo." in words(lights))
    assert steps(lights) == []
    lights.tool_box.tools["rectangle"].action = "mark background"
    press_in_banner(lights, "Draw a rectangle")
    pump.once()
    assert lights.tool_box.active.name == "rectangle" and lights.tool_box.active.action == "find subject"
    assert lights.options.form.fields["action"].value() == "find subject"
    drag(lights.canvas, at(lights, 70, 30), at(lights, 250, 210))
    pump.until(lambda: steps(lights) == ["Find subject"])
    assert marks_of(lights)[120, 160] == 255 and marks_of(lights)[5, 5] == 0


def test_without_such_an_engine_the_button_says_what_to_do_instead(lights, pump, tmp_path, monkeypatch):
    monkeypatch.delitem(lights.desk.registry.engines, "lights")
    open_discs(lights, pump, tmp_path, (160, 120, 80))
    QTest.mouseClick(lights.matte_panel.portrait, Qt.MouseButton.LeftButton)
    pump.once()
    assert "No engine here finds people by itself" in words(lights)
    press_in_banner(lights, "Draw a rectangle")
    assert lights.tool_box.active.name == "rectangle"


def test_terms_of_the_weights_are_told_once_and_stand_in_the_buttons_tip(one, pump):
    assert "trained on research photos" in one.matte_panel.portrait.toolTip()
    press_portrait(one, pump)
    assert "Lights: trained on research photos: research use." in words(one)
    one.messages.clear()
    press_portrait(one, pump)
    assert "research" not in words(one)
    assert one.desk.document.state.notes["licence"] == Lights.licence


def test_a_matte_from_marks_that_were_found_keeps_their_terms_until_the_marks_are_gone(one, pump):
    press_portrait(one, pump)
    free = one.matte_panel.engine()
    assert free.licence == "MIT"
    for clear, terms in ((False, Lights.licence), (True, "MIT")):
        if clear:
            one.mattes.clear_marks()
            plane = np.full((240, 320), 128, np.uint8)
            plane[120, 160], plane[5, 5] = 255, 0
            with one.desk.document.edit("Marks"):
                one.desk.document.set_trimap(Plane.from_array(plane))
        one.matte_panel.compute()
        pump.until(lambda: not one.desk.jobs.jobs())
        notes = one.desk.document.state.notes
        assert notes["engine"] == free.name and notes["licence"] == terms


def test_an_imported_trimap_is_no_networks_work(one, pump, tmp_path):
    press_portrait(one, pump)
    plane = np.full((240, 320), 128, np.uint8)
    plane[120, 160], plane[5, 5] = 255, 0
    assert cv2.imwrite(str(tmp_path / "own.png"), plane)
    one.exports.import_trimap_from(tmp_path / "own.png")
    pump.until(lambda: not one.desk.jobs.jobs())
    one.matte_panel.compute()
    pump.until(lambda: not one.desk.jobs.jobs())
    assert one.desk.document.state.notes["licence"] == "MIT"


def test_another_photo_forgets_who_was_found(three, drag, pump, photo_file):
    press_portrait(three, pump)
    three.desk.mark_saved(three.desk.document.state)
    three.files.open_path(photo_file)
    pump.until(lambda: three.desk.document.state.trimap.height == 240 and steps(three) == [])
    three.tool_box.choose("person")
    drag(three.canvas, at(three, 160, 120), at(three, 160, 120))
    pump.until(lambda: steps(three) == ["Portrait"])
    assert Lights.asked == 2
