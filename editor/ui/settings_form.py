"""Forms made from a plugin's annotated fields: for engines, effects and tools alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QWidget

from editor.api import Param, params_of
from editor.ui import theme
from editor.ui.fields import Choice, Number, SliderField
from editor.ui.flow_row import FlowRow
from editor.ui.plain_fields import Check, ColourField, TextField, ToggleField
from editor.ui.segments import Segments

Field: TypeAlias = SliderField | Number | Choice | Check | ColourField | Segments | TextField | ToggleField
_MOST_SEGMENTS = 4
LABEL_PX = 92
_NUMBER_PX = 54
_ACROSS_SLIDER_PX = 84
ACROSS_ROW_PX = 40


class SettingsForm(QWidget):
    """One control per setting of ``plugin``.

    ``edited(name, value, final)``: ``final`` is False while a control is dragged.
    """

    edited = Signal(str, object, bool)

    def __init__(self, plugin: type, values: Mapping[str, Any] | None = None, across: bool = False) -> None:
        """``values`` stand beside the defaults; ``across`` lays the controls in a row, as in the options bar."""
        super().__init__()
        self.fields: dict[str, Field] = {}
        self._across = across
        row = self._row_layout() if across else self._column_layout()
        for name, (data, fact) in params_of(plugin).items():
            value = (values or {}).get(name, data.default)
            field = make_field(fact, data.default, across)
            field.show_value(value)
            field.name_parts(fact.label, _tip(fact))
            field.changing.connect(lambda new, name=name: self.edited.emit(name, new, False))
            field.done.connect(lambda new, name=name: self.edited.emit(name, new, True))
            self.fields[name] = field
            self._lay(row, fact, field)
        if not across:
            self._align_numbers()

    def values(self) -> dict[str, Any]:
        """What the controls stand at, by field name."""
        return {name: field.value() for name, field in self.fields.items()}

    def show_values(self, values: Mapping[str, Any]) -> None:
        """Show values without saying so; a control that is held keeps its own."""
        for name, value in values.items():
            field = self.fields.get(name)
            if field is not None and field.value() != value:
                field.show_value(value)

    def _row_layout(self) -> FlowRow:
        return FlowRow(self, ACROSS_ROW_PX, 12)

    def _column_layout(self) -> QFormLayout:
        column = QFormLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setHorizontalSpacing(8)
        column.setVerticalSpacing(2)
        column.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        column.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        return column

    def _align_numbers(self) -> None:
        """One width for all numbers, so that the sliders end below each other."""
        sliders = [field for field in self.fields.values() if isinstance(field, SliderField)]
        width = max((field.number.width() for field in sliders), default=0)
        width = max(width, _NUMBER_PX)
        for field in sliders:
            field.number.setFixedWidth(width)

    def _lay(self, layout: Any, fact: Param, field: Field) -> None:
        """Put a control in with its label; ticks, toggles and segments of labels carry their own words."""
        if isinstance(field, Check):
            layout.addRow(field)
        elif isinstance(field, ToggleField) or (self._across and isinstance(field, Segments)):
            layout.addWidget(field)
        elif self._across:
            layout.addWidget(_pair(fact.label, field))
        else:
            layout.addRow(form_label(fact.label, field), field)


def _pair(text: str, field: Field) -> QWidget:
    """A label and its control, which stay together in a row."""
    pair = QWidget()
    row = QHBoxLayout(pair)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(6)
    row.addWidget(form_label(text, field, 0))
    row.addWidget(field)
    if isinstance(field, SliderField):
        field.setFixedWidth(field.number.width() + _ACROSS_SLIDER_PX)
    return pair


def make_field(fact: Param, default: Any, across: bool) -> Field:
    """The control that fits a setting: the default's type decides."""
    if fact.choices:
        few = across and len(fact.choices) <= _MOST_SEGMENTS
        return Segments(fact.choices, str(default)) if few else Choice(fact.choices, str(default))
    if isinstance(default, bool):
        return ToggleField(fact.label, default) if across else Check(fact.label, default)
    if isinstance(default, (int, float)):
        bounded = fact.minimum is not None and fact.maximum is not None
        whole = isinstance(default, int)
        return SliderField(fact, default, whole) if bounded else Number(fact, whole, default)
    if isinstance(default, tuple):
        return ColourField(default)  # type: ignore[arg-type]
    return TextField(str(default))


def form_label(text: str, field: QWidget, width_px: int = LABEL_PX) -> QLabel:
    """A quiet label that belongs to ``field``; one width, so that the forms of a panel line up."""
    label = QLabel(text)
    label.setMinimumWidth(width_px)
    label.setProperty("quiet", True)
    label.setMinimumHeight(theme.ROW_PX)
    label.setAlignment(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
    label.setBuddy(field)
    return label


def _tip(fact: Param) -> str:
    """The label and its help; how a number is reset."""
    parts = [fact.label + (f" in {fact.unit}" if fact.unit else "")]
    if fact.help:
        parts.append(fact.help)
    if fact.minimum is not None:
        parts.append("Double-click for the default.")
    return "\n".join(parts)
