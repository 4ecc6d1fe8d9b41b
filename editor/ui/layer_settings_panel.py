"""The panel for the selected layer: where it lies, what fills it, and the effects it wears."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFormLayout, QGridLayout, QMenu, QToolButton, QVBoxLayout, QWidget

from editor.api import Param
from editor.document.document import DocumentState
from editor.document.layer import Gradient, Layer, SolidColour
from editor.document.rgb_profiles import convert_colour
from editor.ui import icons
from editor.ui.desk import Desk
from editor.ui.effect_box import EffectBox
from editor.ui.fields import Number, SliderField
from editor.ui.layer_commands import LayerCommands
from editor.ui.panel import Panel, quiet
from editor.ui.plain_fields import ColourField
from editor.ui.settings_form import form_label

_X = Param("X", step=1.0, unit="px")
_Y = Param("Y", step=1.0, unit="px")
_SCALE = Param("Scale", 1.0, 10000.0, 1.0, "%")
_ANGLE = Param("Angle", -180.0, 180.0, 1.0, "°")


class LayerSettingsPanel(Panel):
    """Placement, colours of a fill, effects."""

    def __init__(self, desk: Desk, layers: LayerCommands) -> None:
        super().__init__("layer", "Selected layer", desk.settings)
        self._desk, self._layers = desk, layers
        self._shown: tuple[Any, ...] = ()
        self.boxes: list[EffectBox] = []
        self._add_effect_button()
        self._add_placement()
        self._fill = QVBoxLayout()
        self._fill_fields: list[Any] = []
        self.body.addLayout(self._fill)
        self._none = quiet("No effects on this layer.")
        self.body.addWidget(self._none)
        self._effects = QVBoxLayout()
        self._effects.setSpacing(6)
        self.body.addLayout(self._effects)
        desk.changed.connect(self._follow)
        desk.opened.connect(lambda document: self.refresh())
        self.refresh()

    def refresh(self) -> None:
        """Show the selected layer; forms are made anew only where others are needed."""
        document = self._desk.document
        state = None if document is None else document.state
        layer = None if state is None else state.layer(state.active)
        self.setEnabled(layer is not None)
        self.add.setEnabled(layer is not None and bool(self._desk.registry.effects))
        self._none.setVisible(layer is None or not layer.effects)
        self.set_title("Selected layer" if layer is None else layer.name)
        shape = _shape(layer)
        if shape != self._shown:
            self._shown = shape
            self._make_fill(layer)
            self._make_effects(layer)
        if layer is not None:
            self._show_values(layer)

    def _add_effect_button(self) -> None:
        self.add = QToolButton()
        icons.put(self.add, "effect", 16)
        self.add.setToolTip("Add an effect to this layer")
        self.add.setAccessibleName("Add an effect")
        self.add.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        menu = QMenu(self.add)
        for effect in self._desk.registry.effects.values():
            menu.addAction(effect.title, lambda name=effect.name: self._layers.add_effect(name)).setToolTip(
                effect.description
            )
        self.add.setMenu(menu)
        self.add.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.head.addWidget(self.add)

    def _add_placement(self) -> None:
        self.x, self.y, self.scale = Number(_X, False), Number(_Y, False), Number(_SCALE, False, 100.0)
        self._placement = QWidget()
        grid = QGridLayout(self._placement)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(0)
        for column, (field, fact, name) in enumerate(
            ((self.x, _X, "x"), (self.y, _Y, "y"), (self.scale, _SCALE, "scale"))
        ):
            field.name_parts(
                f"{fact.label} of the layer", f"{fact.label} in {fact.unit.strip()}; drag sideways to change"
            )
            field.changing.connect(lambda value, name=name: self._place(name, value, False))
            field.done.connect(lambda value, name=name: self._place(name, value, True))
            grid.addWidget(form_label(fact.label, field, 0), 0, column)
            grid.addWidget(field, 1, column)
            grid.setColumnStretch(column, 1)
        self.body.addWidget(self._placement)

    def _place(self, name: str, value: float, final: bool) -> None:
        self._layers.place(final, **{name: value / 100 if name == "scale" else value})

    def _follow(self, before: DocumentState, after: DocumentState) -> None:
        if before.layers is not after.layers or before.active != after.active:
            self.refresh()

    def _make_fill(self, layer: Layer | None) -> None:
        """Fields for a colour or a gradient; photos have none."""
        _empty(self._fill)
        self._fill_fields = []
        if layer is None or not isinstance(layer.content, (SolidColour, Gradient)):
            return
        holder = QWidget()
        form = QFormLayout(holder)
        form.setContentsMargins(0, 0, 0, 0)
        names = (("rgb", "Colour"),) if isinstance(layer.content, SolidColour) else (("start", "From"), ("end", "To"))
        for name, label in names:
            self._fill_row(form, name, label, ColourField(self._fill_value(layer, name)))
        if isinstance(layer.content, Gradient):
            self._fill_row(form, "angle_deg", "Angle", SliderField(_ANGLE, 90.0, whole=False))
        self._fill.addWidget(holder)

    def _fill_row(self, form: QFormLayout, name: str, label: str, field: ColourField | SliderField) -> None:
        field.name_parts(f"{label} of the layer", label)
        field.changing.connect(lambda value: self._refill(name, value, False))
        field.done.connect(lambda value: self._refill(name, value, True))
        form.addRow(form_label(label, field), field)
        self._fill_fields.append((name, field))

    def _fill_value(self, layer: Layer, name: str) -> Any:
        """What a field shows: an angle as it is, a colour in sRGB, in which colours are chosen."""
        value = getattr(layer.content, name)
        if isinstance(value, tuple):
            return convert_colour(value, self._desk.require().state.icc, None) or value
        return value

    def _refill(self, name: str, value: Any, final: bool) -> None:
        state = self._desk.require().state
        content: Any = state.layer(state.active).content
        if isinstance(value, tuple):
            value = convert_colour(value, None, state.icc) or value
        self._layers.change("Colour of the layer", final, content=replace(content, **{name: value}))

    def _make_effects(self, layer: Layer | None) -> None:
        _empty(self._effects)
        self.boxes = []
        uses = () if layer is None else layer.effects
        for index, use in enumerate(uses):
            box = EffectBox(use, self._desk.registry.effects.get(use.name), index, len(uses), self._layers)
            self.boxes.append(box)
            self._effects.addWidget(box)

    def _show_values(self, layer: Layer) -> None:
        placed = layer.placement
        self._placement.setVisible(not isinstance(layer.content, (SolidColour, Gradient)))
        for field, value in ((self.x, placed.x), (self.y, placed.y), (self.scale, 100 * placed.scale)):
            if not field.hasFocus() or abs(field.value() - value) > 0.006:
                field.show_value(value)
        for name, field in self._fill_fields:
            field.show_value(self._fill_value(layer, name))
        for box, use in zip(self.boxes, layer.effects, strict=True):
            box.show_use(use)


def _shape(layer: Layer | None) -> tuple[Any, ...]:
    """What decides which forms are needed."""
    if layer is None:
        return ()
    return (layer.id, type(layer.content), tuple(use.name for use in layer.effects))


def _empty(layout: QVBoxLayout) -> None:
    while layout.count():
        widget = layout.takeAt(0).widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
