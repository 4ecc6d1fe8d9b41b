"""Layers and effects through their panels: every drag is one step, and what is shown is what the document holds."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from editor.document.layer import Gradient, SolidColour


def names(window) -> list[str]:
    """Layers as the panel lists them, top first."""
    return [window.layers_panel._row(i).name.text() for i in range(window.layers_panel.list.count())]


def active(window):
    return window.desk.document.state.layer(window.desk.document.state.active)


def steps(window) -> int:
    return len(window.desk.document.history._done)


def test_a_new_layer_goes_under_the_subject_and_is_selected(cut, pump):
    cut.layers.add_colour((0.1, 0.2, 0.3))
    pump.once()
    assert names(cut) == ["Subject", "Colour"]
    assert active(cut).content == SolidColour((0.1, 0.2, 0.3))


def test_a_picture_from_a_file_covers_the_canvas(cut, tmp_path, pump):
    path = tmp_path / "beach.png"
    assert cv2.imwrite(str(path), np.full((100, 100, 3), 200, np.uint8))
    cut.layers.add_picture_from(path)
    pump.until(lambda: names(cut) == ["Subject", "beach"])
    placed = active(cut).placement
    assert placed.scale == pytest.approx(3.2) and placed.x == 0 and placed.y == pytest.approx(-40)


def test_the_eye_hides_a_layer_in_one_step(cut, pump):
    before = steps(cut)
    QTest.mouseClick(cut.layers_panel._row(0).eye, Qt.MouseButton.LeftButton)
    assert not active(cut).visible and steps(cut) == before + 1
    cut.edits.undo()
    assert active(cut).visible


def test_the_mask_is_switched_by_its_thumbnail(cut):
    QTest.mouseClick(cut.layers_panel._row(0).mask, Qt.MouseButton.LeftButton)
    assert not active(cut).mask_on
    QTest.mouseClick(cut.layers_panel._row(0).mask, Qt.MouseButton.LeftButton)
    assert active(cut).mask_on


def test_a_double_click_on_the_name_renames(cut, pump):
    name = cut.layers_panel._row(0).name
    QTest.mouseDClick(name, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    QTest.keyClicks(name, "Cat")
    QTest.keyClick(name, Qt.Key.Key_Return)
    assert active(cut).name == "Cat" and cut.desk.document.history.undo_label == "Rename layer"


def test_esc_leaves_the_old_name(cut, pump):
    name = cut.layers_panel._row(0).name
    name.begin()
    QTest.keyClicks(name, "Dog")
    QTest.keyClick(name, Qt.Key.Key_Escape)
    assert active(cut).name == "Subject" and name.text() == "Subject"


def test_arrow_buttons_change_the_order(cut, pump):
    cut.layers.add_colour()
    pump.once()
    QTest.mouseClick(cut.layers_panel.up, Qt.MouseButton.LeftButton)
    pump.once()
    assert names(cut) == ["Colour", "Subject"]
    assert not cut.layers_panel.up.isEnabled() and cut.layers_panel.down.isEnabled()


def test_a_dragged_row_changes_the_order_in_the_document(cut, pump):
    from PySide6.QtCore import QModelIndex

    cut.layers.add_colour()
    cut.layers.add_gradient()
    pump.once()
    assert names(cut) == ["Subject", "Gradient", "Colour"]
    before = steps(cut)
    cut.layers_panel.list.setCurrentRow(2)
    assert cut.layers_panel.list.model().moveRow(QModelIndex(), 2, QModelIndex(), 0)
    pump.once()
    assert names(cut) == ["Colour", "Subject", "Gradient"]
    assert [layer.name for layer in cut.desk.document.state.layers] == ["Gradient", "Subject", "Colour"]
    assert steps(cut) == before + 1


def test_the_subject_cannot_be_deleted_but_others_can(cut, pump):
    assert not cut.layers_panel.trash.isEnabled()
    cut.layers.add_colour()
    pump.once()
    QTest.mouseClick(cut.layers_panel.trash, Qt.MouseButton.LeftButton)
    pump.once()
    assert names(cut) == ["Subject"]


def test_dragging_the_opacity_is_shown_at_once_and_is_one_step(cut, drag, pump):
    before = steps(cut)
    slider = cut.layers_panel.opacity.slider
    seen = []
    cut.desk.changed.connect(lambda _, after: seen.append(after.layer(after.active).opacity))
    y = slider.height() / 2
    drag(slider, (slider.width() - 6, y), (slider.width() * 0.8, y), (slider.width() * 0.6, y), (slider.width() / 2, y))
    assert len(set(seen)) >= 3
    assert active(cut).opacity == pytest.approx(0.5, abs=0.03)
    assert steps(cut) == before + 1
    cut.edits.undo()
    assert active(cut).opacity == 1.0


def test_a_drag_back_to_where_it_began_leaves_no_step(cut, drag):
    before = steps(cut)
    slider = cut.layers_panel.opacity.slider
    y = slider.height() / 2
    drag(slider, (slider.width() - 6, y), (slider.width() / 2, y), (slider.width() - 2, y))
    assert active(cut).opacity == 1.0
    assert steps(cut) == before


def test_the_blend_mode_is_chosen_from_the_list(cut):
    cut.layers_panel.blend.show_value("multiply")
    cut.layers_panel.blend.activated.emit(1)
    assert active(cut).blend == "multiply"


def test_placement_fields_move_and_scale_the_layer(cut, pump):
    panel = cut.layer_panel
    panel.x.setValue(25)
    panel.scale.setValue(50)
    assert active(cut).placement.x == 25 and active(cut).placement.scale == 0.5
    cut.edits.undo()
    pump.once()
    assert panel.scale.value() == 100


def test_a_gradient_has_fields_for_its_colours_and_angle(cut, pump):
    cut.layers.add_gradient()
    pump.once()
    fields = dict(cut.layer_panel._fill_fields)
    assert set(fields) == {"start", "end", "angle_deg"}
    fields["angle_deg"].number.setValue(10)
    assert isinstance(active(cut).content, Gradient) and active(cut).content.angle_deg == 10


def test_effects_are_added_changed_ordered_switched_and_removed(cut, pump):
    effects = list(cut.desk.registry.effects)
    for name in effects[:2]:
        cut.layers.add_effect(name)
    pump.once()
    assert [use.name for use in active(cut).effects] == effects[:2]
    cut.layers.move_effect(1, -1)
    pump.once()
    assert [use.name for use in active(cut).effects] == effects[1::-1]
    QTest.mouseClick(cut.layer_panel.boxes[0].check, Qt.MouseButton.LeftButton)
    assert [use.on for use in active(cut).effects] == [False, True]
    cut.layers.remove_effect(0)
    pump.once()
    assert [use.name for use in active(cut).effects] == effects[:1]
    assert len(cut.layer_panel.boxes) == 1


def test_an_effects_slider_is_a_live_preview_and_one_step(cut, drag, pump):
    cut.layers.add_effect("gaussian-blur")
    pump.once()
    before = steps(cut)
    field = next(field for field in cut.layer_panel.boxes[0].form.fields.values() if hasattr(field, "slider"))
    slider = field.slider
    seen = []
    cut.desk.changed.connect(lambda _, after: seen.append(dict(after.layer(after.active).effects[0].values)))
    y = slider.height() / 2
    drag(slider, (10, y), (40, y), (60, y), (80, y))
    assert len({str(values) for values in seen}) >= 3
    assert steps(cut) == before + 1
    assert cut.layer_panel.boxes[0].form.values() == {
        **cut.layer_panel.boxes[0].form.values(), **active(cut).effects[0].values,
    }  # fmt: skip


def test_an_effect_whose_plugin_is_missing_is_shown_and_can_be_removed(cut, pump):
    from dataclasses import replace

    from editor.document.layer import EffectUse

    document = cut.desk.document
    with document.edit("Effect from elsewhere"):
        document.show(document.state.with_layer(replace(active(cut), effects=(EffectUse("sparkle", {"amount": 3}),))))
    pump.once()
    assert cut.layer_panel.boxes[0].form is None
    cut.layers.remove_effect(0)
    assert active(cut).effects == ()


def test_undo_and_redo_name_their_step_in_the_menu(cut, pump):
    cut.layers.add_colour()
    undo, redo = cut.actions_table.by_verb["edits.undo"], cut.actions_table.by_verb["edits.redo"]
    assert undo.text() == "&Undo add Colour" and not redo.isEnabled()
    undo.trigger()
    pump.once()
    assert redo.isEnabled() and redo.text() == "&Redo add Colour"
    QTest.keyClick(cut.canvas, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert names(cut) == ["Subject", "Colour"]
    QTest.keyClick(cut.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert names(cut) == ["Subject"]
    QTest.keyClick(cut.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert names(cut) == ["Subject", "Colour"]


def test_thumbnails_come_by_themselves_and_follow_the_mask(cut, pump):
    row = cut.layers_panel._row(0)
    pump.until(lambda: not row._picture.pixmap().isNull() and row.mask.property("drawing") is None, 20)
    before = row.mask.icon().pixmap(44, 30).toImage()
    document = cut.desk.document
    with document.edit("Nothing left"):
        document.set_matte(document.state.subject_layer.mask.paste(0, 0, np.zeros((240, 320), np.uint16)), None)
    pump.until(lambda: cut.layers_panel._row(0).mask.icon().pixmap(44, 30).toImage() != before, 20)


def test_a_long_stroke_asks_for_one_thumbnail_not_for_one_a_move(cut, pump, monkeypatch):
    from editor.ui import thumbnails

    made = []
    monkeypatch.setattr(
        thumbnails, "small_image", lambda plane, real=thumbnails.small_image: (made.append(1), real(plane))[1]
    )
    pump.until(lambda: len(cut.layers_panel._pictures._made) == 2, 20)
    made.clear()
    document = cut.desk.document
    gesture = document.begin("Stroke")
    for value in range(40):
        mask = document.state.subject_layer.mask.paste(value, 0, np.full((9, 9), value, np.uint16))
        document.show(document.state.with_layer(document.state.subject_layer.changed(mask=mask)))
    gesture.finish()
    pump.until(lambda: bool(made), 20)
    assert len(made) <= 2


def test_a_colour_or_gradient_has_no_place_on_the_canvas_to_be_set(cut, pump):
    assert cut.layer_panel.x.isVisible()
    cut.layers.add_gradient()
    pump.once()
    assert not cut.layer_panel.x.isVisible()


def test_a_new_layer_is_seen_behind_the_cut_out(cut, pump):
    cut.canvas.set_view("checker")
    cut.layers.add_colour()
    assert cut.canvas.view == "background"
