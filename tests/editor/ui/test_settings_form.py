"""Forms made from annotated fields: every kind of setting gets a control that shows and changes it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest

from editor.api import param
from editor.ui.fields import Choice, Number, SliderField
from editor.ui.plain_fields import Check, ColourField, ToggleField
from editor.ui.segments import Segments
from editor.ui.settings_form import SettingsForm


@dataclass
class Sample:
    """One field of every kind."""

    radius: float = param(24.0, "Radius", minimum=0.0, maximum=200.0, step=0.5, unit=" px")
    size: float = param(60.0, "Size", minimum=1.0, maximum=1000.0, step=1.0, unit="px", logarithmic=True)
    blades: int = param(7, "Blades", minimum=3, maximum=12)
    shape: str = param("disc", "Shape", choices=("disc", "seven blades"))
    on: bool = param(True, "Follow edges")
    colour: tuple[float, float, float] = param((0.2, 0.4, 0.8), "Colour")
    offset: float = param(3.5, "Offset", unit="px")
    label: str = param("unknown", "Label", choices=("foreground", "background", "unknown", "clear"))


@pytest.fixture
def form(window, pump):
    made = SettingsForm(Sample)
    made.resize(288, 300)
    made.show()
    pump.once()
    yield made
    made.close()


@pytest.fixture
def heard(form):
    edits = []
    form.edited.connect(lambda name, value, final: edits.append((name, value, final)))
    return edits


def test_each_kind_of_setting_has_its_own_control(form):
    kinds = {name: type(field) for name, field in form.fields.items()}
    assert kinds == {
        "radius": SliderField, "size": SliderField, "blades": SliderField, "shape": Choice, "on": Check,
        "colour": ColourField, "offset": Number, "label": Choice,
    }  # fmt: skip


def test_in_the_options_bar_few_choices_are_segments_and_a_yes_or_no_is_a_button(window):
    across = SettingsForm(Sample, across=True)
    assert isinstance(across.fields["label"], Segments)
    assert isinstance(across.fields["on"], ToggleField)
    across.deleteLater()


def test_a_new_form_shows_the_defaults(form):
    assert form.values() == {
        "radius": 24.0, "size": 60.0, "blades": 7, "shape": "disc", "on": True, "colour": (0.2, 0.4, 0.8),
        "offset": 3.5, "label": "unknown",
    }  # fmt: skip


def test_showing_values_says_nothing(form, heard):
    form.show_values({"radius": 50.5, "blades": 5, "shape": "seven blades", "on": False, "offset": -4.25})
    values = form.values()
    assert (values["radius"], values["blades"], values["shape"]) == (50.5, 5, "seven blades")
    assert (values["on"], values["offset"]) == (False, -4.25)
    assert heard == []


def test_dragging_a_slider_tells_running_values_and_one_final_one(form, heard, drag):
    slider = form.fields["radius"].slider
    middle = slider.height() / 2
    drag(slider, (10, middle), (slider.width() / 3, middle), (slider.width() / 2, middle))
    assert {name for name, _, _ in heard} == {"radius"}
    assert [final for _, _, final in heard[:-1]] == [False] * (len(heard) - 1)
    assert heard[-1] == ("radius", form.values()["radius"], True)
    assert 90 <= form.values()["radius"] <= 110


def test_a_typed_number_counts_when_enter_is_pressed(form, heard):
    number = form.fields["radius"].number
    number.setFocus()
    number.selectAll()
    QTest.keyClicks(number, "31.5")
    assert heard == []
    QTest.keyClick(number, Qt.Key.Key_Return)
    assert heard == [("radius", 31.5, True)]


def test_arrow_keys_step_a_number(form, heard):
    QTest.keyClick(form.fields["radius"].number, Qt.Key.Key_Up)
    assert heard == [("radius", 24.5, True)]


def test_a_number_can_be_scrubbed_with_the_mouse(form, heard, drag):
    edit = form.fields["radius"].number.lineEdit()
    drag(edit, (10, 8), (16, 8), (30, 8))
    assert form.values()["radius"] == pytest.approx(24.0 + 20 * 0.5 * 0.5)
    assert [final for _, _, final in heard].count(True) == 1 and heard[-1][2]


def test_a_double_click_on_slider_or_number_brings_the_default_back(form, heard):
    field = form.fields["radius"]
    for target in (field.slider, field.number.lineEdit()):
        form.show_values({"radius": 100.0})
        QTest.mouseDClick(target, Qt.MouseButton.LeftButton, pos=QPoint(8, 8))
        assert form.values()["radius"] == 24.0
        assert heard[-1] == ("radius", 24.0, True)


def test_the_slider_of_a_logarithmic_setting_stands_in_the_middle_at_the_geometric_mean(form):
    form.show_values({"size": 1000.0**0.5})
    assert form.fields["size"].slider.value() == pytest.approx(500, abs=2)


def test_units_stand_behind_the_number_once(form):
    assert form.fields["radius"].number.text() == "24 px"
    assert form.fields["size"].number.text() == "60 px"


def test_the_keyboard_moves_a_slider_and_each_press_is_final(form, heard):
    QTest.keyClick(form.fields["blades"].slider, Qt.Key.Key_PageUp)
    assert len(heard) == 1
    assert heard[0][0] == "blades" and heard[0][1] > 7 and heard[0][2]
    assert isinstance(heard[0][1], int)


def test_the_wheel_over_a_slider_changes_nothing(form, heard):
    from PySide6.QtCore import QPointF
    from PySide6.QtGui import QWheelEvent
    from PySide6.QtWidgets import QApplication

    for widget in (form.fields["radius"].slider, form.fields["shape"]):
        event = QWheelEvent(
            QPointF(5, 5), QPointF(5, 5), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(widget, event)
    assert heard == []


def test_labels_carry_their_key_in_name_and_tip(window):
    across = SettingsForm(Sample, across=True)
    tips = {word: button.toolTip() for word, button in across.fields["label"]._buttons.items()}
    assert tips["foreground"] == "Foreground (1)" and tips["clear"] == "Clear (4)"
    across.deleteLater()


def test_the_labels_can_be_told_apart_without_colour():
    from editor.ui.segments import label_swatch

    pictures = {}
    for label in ("foreground", "unknown", "clear"):
        image = label_swatch(label).pixmap(14, 14).toImage().convertToFormat(QImage.Format.Format_Grayscale8)
        pictures[label] = bytes(image.constBits())
    assert len(set(pictures.values())) == 3


def test_a_least_value_that_is_no_amount_is_called_by_its_name_and_a_number_can_be_typed_over_it(window, pump):
    @dataclass
    class Roomy:
        memory_mb: int = param(0, "Memory", minimum=0, maximum=65536, step=256, unit="MB", least="automatic")

    made = SettingsForm(Roomy)
    made.show()
    pump.once()
    field = made.fields["memory_mb"]
    assert field.number.text() == "automatic" and field.value() == 0
    assert field.number.width() >= field.number.fontMetrics().horizontalAdvance("automatic")
    field.number.setFocus()
    field.number.selectAll()
    QTest.keyClicks(field.number, "512")
    QTest.keyClick(field.number, Qt.Key.Key_Return)
    assert field.value() == 512 and field.number.text() == "512 MB"
    QTest.mouseDClick(field.number.lineEdit(), Qt.MouseButton.LeftButton)
    assert field.value() == 0 and field.number.text() == "automatic"
    made.close()
