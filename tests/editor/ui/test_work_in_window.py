"""The main job by hand: mark with the brush, compute, cancel, undo, paint into the matte, swap the background."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from editor.document.document import UNMARKED
from editor.document.layer import SolidColour
from editor.ui.jobs_bar import describe
from editor.ui.new_background_dialog import NewBackgroundDialog


def at(window, x: float, y: float) -> tuple[float, float]:
    """A point of the photo in the canvas's own points."""
    canvas = window.canvas
    ratio = canvas.devicePixelRatioF()
    transform = canvas.transform
    return (transform.x + x * transform.zoom) / ratio, (transform.y + y * transform.zoom) / ratio


def steps(window) -> list[str]:
    return [step.label for step in window.desk.document.history._done]


def choose(window, engine: str, pump) -> None:
    window.matte_panel.choice.show_value(engine)
    window.matte_panel.choice.done.emit(engine)
    pump.once()


def press_compute(window) -> None:
    QTest.mouseClick(window.matte_panel.button, Qt.MouseButton.LeftButton)


def test_a_stroke_with_the_brush_marks_and_is_one_step(opened, drag):
    opened.tool_box.choose("trimap-brush")
    opened.tool_box.active.label, opened.tool_box.active.size_px = "foreground", 20.0
    drag(opened.canvas, at(opened, 100, 100), at(opened, 140, 100), at(opened, 180, 100))
    plane = opened.desk.document.state.trimap.to_array()
    assert plane[100, 140] == 255 and plane[200, 140] == UNMARKED
    assert steps(opened) == ["Mark foreground"]
    QTest.keyClick(opened.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert (opened.desk.document.state.trimap.to_array() == UNMARKED).all()


def test_digits_choose_the_label_and_the_bar_follows(opened, pump):
    opened.tool_box.choose("trimap-brush")
    for key, label in ((Qt.Key.Key_1, "foreground"), (Qt.Key.Key_2, "background"), (Qt.Key.Key_4, "clear")):
        QTest.keyClick(opened.canvas, key)
        pump.once()
        assert opened.options.form.fields["label"].value() == label


def test_the_bar_changes_the_tool(opened):
    opened.tool_box.choose("trimap-brush")
    QTest.mouseClick(opened.options.form.fields["label"]._buttons["background"], Qt.MouseButton.LeftButton)
    assert opened.tool_box.active.label == "background"


def test_a_tools_key_chooses_it_and_its_options_are_shown(opened, pump):
    for name, tool in opened.desk.registry.tools.items():
        QTest.keyClick(opened.canvas, tool.key.lower())
        pump.once()
        assert opened.tool_box.active.name == name
        assert opened.column.buttons[name].isChecked()


def test_a_tools_settings_are_there_again_at_the_next_start(opened, pump):
    opened.tool_box.tools["trimap-brush"].size_px = 123.0
    opened.tool_box.remember()
    from editor.ui.tool_box import ToolBox

    again = ToolBox(opened.desk, opened.canvas, opened.mattes)
    assert again.tools["trimap-brush"].size_px == 123.0
    opened.desk.settings.set("tool.trimap-brush", {"size_px": -5.0})
    assert ToolBox(opened.desk, opened.canvas, opened.mattes).tools["trimap-brush"].size_px > 0


def test_compute_sets_the_matte_and_undo_takes_it_back_in_one_step(marked, ball, pump):
    choose(marked, "quick", pump)
    before = marked.desk.document.state
    press_compute(marked)
    pump.until(lambda: not marked.mattes.running() and marked.desk.document.state.subject_layer.mask is not None)
    alpha = marked.desk.document.state.subject_layer.mask.to_array()
    assert (alpha[ball[1] == 255] == 65535).all() and (alpha[ball[1] == 0] == 0).all()
    assert steps(marked)[-1] == "Matte (Quick)"
    assert marked.canvas.view == "checker"
    marked.edits.undo()
    assert marked.desk.document.state == before


def test_the_key_computes_too_and_the_real_engine_finds_the_soft_edge(marked, ball, pump):
    choose(marked, "closed-form", pump)
    QTest.keyClick(marked.canvas, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    pump.until(lambda: marked.desk.document.state.subject_layer.mask is not None)
    alpha = marked.desk.document.state.subject_layer.mask.to_array() / 65535
    y, x = np.mgrid[:240, :320]
    truth = np.clip((80 - np.hypot(x - 160, y - 120)) / 12 + 0.5, 0, 1)
    assert np.abs(alpha - truth).mean() < 0.01


def test_while_it_runs_the_button_waits_and_cancel_stops_it(marked, pump):
    choose(marked, "endless", pump)
    before = marked.desk.document.state
    press_compute(marked)
    pump.until(lambda: "7 of 11" in marked.status.jobs_bar.words.text())
    assert not marked.matte_panel.button.isEnabled()
    assert marked.matte_panel.cancel.isVisible() and marked.status.jobs_bar.isVisible()
    QTest.mouseClick(marked.matte_panel.cancel, Qt.MouseButton.LeftButton)
    pump.until(lambda: marked.desk.jobs.jobs() == [])
    pump.until(lambda: marked.matte_panel.button.isEnabled())
    assert marked.desk.document.state is before
    assert not marked.status.jobs_bar.isVisible()
    assert marked.messages.banners() == []


def test_esc_ends_the_gesture_first_and_then_the_job(marked, pump):
    choose(marked, "endless", pump)
    press_compute(marked)
    pump.until(marked.mattes.running)
    marked.tool_box.choose("trimap-brush")
    place = QPoint(*(round(v) for v in at(marked, 160, 120)))
    QTest.mousePress(marked.canvas, Qt.MouseButton.LeftButton, pos=place)
    assert marked.canvas.gesturing
    QTest.keyClick(marked.canvas, Qt.Key.Key_Escape)
    assert not marked.canvas.gesturing and marked.mattes.running()
    QTest.mouseRelease(marked.canvas, Qt.MouseButton.LeftButton, pos=place)
    QTest.keyClick(marked.canvas, Qt.Key.Key_Escape)
    pump.until(lambda: not marked.mattes.running())


def test_without_marks_compute_says_what_to_mark(opened, pump):
    choose(opened, "quick", pump)
    press_compute(opened)
    pump.until(lambda: bool(opened.messages.banners()))
    assert opened.messages.banners()[-1].message == "Nothing is marked yet."
    pump.until(lambda: opened.matte_panel.button.isEnabled())


def test_an_engine_that_finds_its_own_trimap_computes_without_marks_in_one_step(opened, pump):
    choose(opened, "finding", pump)
    assert "needs no marks" in opened.matte_panel.button.toolTip()
    before = opened.desk.document.state
    press_compute(opened)
    pump.until(lambda: opened.desk.document.state.subject_layer.mask is not None)
    plane = opened.desk.document.state.trimap.to_array()
    assert plane[120, 160] == 255 and plane[5, 5] == 0 and (plane == 128).any()
    assert steps(opened) == ["Matte (Finding)"]
    opened.edits.undo()
    assert opened.desk.document.state == before


def test_marks_are_kept_by_an_engine_that_finds_its_own_trimap(opened, pump):
    document = opened.desk.document
    with document.edit("Mark foreground"):
        document.set_trimap(document.state.trimap.paste(4, 6, np.full((10, 20), 255, np.uint8)))
    choose(opened, "finding", pump)
    press_compute(opened)
    pump.until(lambda: document.state.subject_layer.mask is not None)
    plane = document.state.trimap.to_array()
    assert (plane[6:16, 4:24] == 255).all() and plane[120, 160] == 255 and plane[30, 30] == 0
    assert (document.state.subject_layer.mask.to_array()[6:16, 4:24] == 65535).all()


def test_the_band_follows_the_matte_after_an_engine_found_the_subject(opened, drag, pump):
    opened.tool_box.choose("rectangle")
    drag(opened.canvas, at(opened, 50, 20), at(opened, 270, 220))
    pump.until(lambda: "Find subject" in steps(opened))
    opened.mattes.clear_marks()
    choose(opened, "finding", pump)
    press_compute(opened)
    pump.until(lambda: opened.desk.document.state.subject_layer.mask is not None)
    opened.mattes.set_band(90.0, True)
    pump.until(lambda: "Unknown band" in steps(opened))
    plane = opened.desk.document.state.trimap.to_array()
    assert plane[120, 160] == 255 and plane[5, 5] == 0 and (plane == 128).any()


def test_an_engine_that_raises_is_named_and_harms_nothing(marked, pump, complaints):
    choose(marked, "broken", pump)
    before = marked.desk.document.state
    press_compute(marked)
    pump.until(lambda: bool(marked.messages.banners()))
    assert marked.messages.banners()[-1].message == "Broken stopped with an error: ValueError: a bug in an engine."
    assert marked.desk.document.state is before
    complaints.clear()


def test_a_cancelled_engine_that_has_not_yet_heard_of_it_is_said_to_be_stopping(marked, pump):
    choose(marked, "endless", pump)
    press_compute(marked)
    pump.until(marked.mattes.running)
    job = marked.desk.jobs.jobs()[0]
    marked.matte_panel.cancel.click()
    if job.state == "running":  # it may have heard already
        marked.matte_panel.refresh()
        assert marked.matte_panel.button.text() in ("Stopping…", "Compute matte")
    assert describe(job, 0) == "Matte: stopping"
    pump.until(lambda: not marked.mattes.running())
    assert marked.matte_panel.button.text() == "Compute matte"


def test_closing_the_window_while_a_matte_is_computed_stops_it(marked, pump):
    choose(marked, "endless", pump)
    press_compute(marked)
    pump.until(marked.mattes.running)
    marked.desk.mark_saved(marked.desk.document.state)
    marked.close()
    assert not marked.isVisible()
    assert marked.desk.jobs.jobs() == []


def test_a_matte_that_arrives_during_a_stroke_waits_for_its_end(marked, pump):
    choose(marked, "quick", pump)
    marked.tool_box.choose("trimap-brush")
    place = QPoint(*(round(v) for v in at(marked, 30, 30)))
    press_compute(marked)
    QTest.mousePress(marked.canvas, Qt.MouseButton.LeftButton, pos=place)
    pump.until(lambda: not marked.mattes.running())
    pump.once(20)
    assert marked.desk.document.state.subject_layer.mask is None
    QTest.mouseRelease(marked.canvas, Qt.MouseButton.LeftButton, pos=place)
    pump.until(lambda: marked.desk.document.state.subject_layer.mask is not None)
    assert steps(marked)[-1] == "Matte (Quick)"


def test_a_rectangle_round_the_subject_finds_it_and_marks_it_in_one_step(opened, drag, pump):
    opened.tool_box.choose("rectangle")
    drag(opened.canvas, at(opened, 50, 20), at(opened, 150, 100), at(opened, 270, 220))
    pump.until(lambda: "Find subject" in steps(opened))
    plane = opened.desk.document.state.trimap.to_array()
    assert plane[120, 160] == 255 and plane[5, 5] == 0 and (plane == 128).any()
    assert len(steps(opened)) == 1


def test_the_band_slider_moves_the_band_in_one_step_per_drag(opened, drag, pump):
    opened.tool_box.choose("rectangle")
    assert not opened.matte_panel.band.isEnabled()
    drag(opened.canvas, at(opened, 50, 20), at(opened, 270, 220))
    pump.until(lambda: "Find subject" in steps(opened))
    narrow = int((opened.desk.document.state.trimap.to_array() == 128).sum())
    slider = opened.matte_panel.band.slider
    assert opened.matte_panel.band.isEnabled()
    y = slider.height() / 2
    drag(slider, (slider.width() * 0.4, y), (slider.width() * 0.6, y), (slider.width() * 0.9, y))
    pump.until(lambda: opened.mattes.band() > 80)
    pump.until(lambda: opened.desk.jobs.wait(0.01))
    pump.once()
    assert int((opened.desk.document.state.trimap.to_array() == 128).sum()) > narrow
    assert steps(opened) == ["Find subject", "Unknown band"]


def test_decontamination_is_a_slider_with_one_step_per_drag(cut, drag):
    before = len(steps(cut))
    slider = cut.matte_panel.decontaminate.slider
    y = slider.height() / 2
    drag(slider, (slider.width() - 6, y), (slider.width() * 0.7, y), (slider.width() * 0.5, y))
    assert cut.desk.document.state.subject_layer.decontaminate == pytest.approx(0.5, abs=0.03)
    assert steps(cut)[before:] == ["Decontaminate"]


def test_painting_into_the_matte_refreshes_the_colours_within_the_same_step(cut, drag, pump):
    before = cut.desk.document.state
    cut.tool_box.choose("alpha-brush")
    cut.tool_box.active.value = 50.0
    drag(cut.canvas, at(cut, 100, 120), at(cut, 130, 120), at(cut, 160, 120))
    stroke = cut.desk.document.state
    pump.until(lambda: cut.desk.document.state.subject_layer.foreground is not before.subject_layer.foreground)
    assert cut.desk.document.state.subject_layer.mask is stroke.subject_layer.mask
    cut.edits.undo()
    assert cut.desk.document.state == before


def test_painting_into_the_matte_takes_the_subject_out_of_a_blurred_background_anew(cut, drag, pump):
    cut.backdrops.blur()
    pump.until(lambda: len(cut.desk.document.state.layers) == 2)
    before = cut.desk.document.state
    cut.canvas.set_view("checker")
    cut.tool_box.choose("alpha-brush")
    drag(cut.canvas, at(cut, 20, 20), at(cut, 40, 20), at(cut, 60, 20))
    assert cut.desk.document.state.subject_layer.mask is not before.subject_layer.mask
    pump.until(lambda: cut.desk.document.state.layers[0].content is not before.layers[0].content)
    cut.edits.undo()
    assert cut.desk.document.state == before


@pytest.mark.parametrize("kind", ["colour", "gradient", "blur"])
def test_a_new_background_is_one_step_and_is_seen_at_once(cut, pump, kind):
    before = len(steps(cut))
    cut.actions_table.by_verb["window.new_background"].trigger()
    dialog = next(each for each in cut.findChildren(NewBackgroundDialog) if each.isVisible())
    QTest.mouseClick(dialog.buttons[kind], Qt.MouseButton.LeftButton)
    QTest.mouseClick(dialog.action, Qt.MouseButton.LeftButton)
    pump.until(lambda: len(steps(cut)) > before)
    assert len(steps(cut)) == before + 1
    assert cut.canvas.view == "background"
    assert len(cut.desk.document.state.layers) == 2
    assert cut.strip.buttons["background"].isChecked()


def test_a_picture_as_new_background_takes_the_place_of_the_earlier_one(cut, tmp_path, pump):
    path = tmp_path / "sky.png"
    assert cv2.imwrite(str(path), np.full((60, 80, 3), 180, np.uint8))
    cut.backdrops.put(SolidColour((1.0, 0.0, 0.0)))
    pump.until(lambda: len(cut.desk.document.state.layers) == 2)
    cut.backdrops.put(path)
    pump.until(lambda: cut.desk.document.history.undo_label == "New background (picture)")
    assert len(cut.desk.document.state.layers) == 2


def test_f_goes_round_the_views_and_each_has_a_key(cut, pump):
    from editor.ui.actions import VIEW_KEYS

    cut.canvas.set_view("photo")
    seen = []
    for _ in range(7):
        QTest.keyClick(cut.canvas, Qt.Key.Key_F)
        pump.once()
        seen.append(cut.canvas.view)
        assert cut.strip.buttons[cut.canvas.view].isChecked()
    assert sorted(seen) == sorted(VIEW_KEYS) and seen[-1] == "photo"
    QTest.keyClick(cut.canvas, Qt.Key.Key_F7)
    assert cut.canvas.view == "alpha"


def test_the_status_bar_shows_zoom_and_pointer(opened, pump):
    opened.canvas.actual_size()
    pump.once()
    assert opened.status._zoom.text() == "100 %"
    place = QPoint(*(math.ceil(v) for v in at(opened, 40.0, 30.0)))
    QTest.mouseMove(opened.canvas, place)
    pump.until(lambda: opened.status._pointer.text() != "", 5)
    assert opened.status._pointer.text() == "x 40, y 30"


def test_preferences_take_effect_at_once(opened, pump):
    from editor.ui.preferences import Preferences

    opened.verbs.preferences()
    dialog = next(each for each in opened.findChildren(Preferences) if each.isVisible())
    dialog.tint.number.setValue(80)
    assert opened.canvas.tint_strength == pytest.approx(0.8)
    dialog.behind.show_value("colour")
    dialog.behind.done.emit("colour")
    assert opened.canvas.backdrop is not None
    QTest.mouseClick(dialog.wheel, Qt.MouseButton.LeftButton)
    assert opened.canvas.wheel_zooms is False
    dialog.close()
