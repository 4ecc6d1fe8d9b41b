"""One effect on a layer: its name, on or off, its place in the order, and its form."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from editor.api import Effect
from editor.document.layer import EffectUse
from editor.ui import icons
from editor.ui.layer_commands import LayerCommands
from editor.ui.panel import quiet
from editor.ui.plain_fields import Check
from editor.ui.settings_form import SettingsForm


class EffectBox(QWidget):
    """Values are shown on the photo while a slider moves; one drag is one step."""

    def __init__(
        self, use: EffectUse, kind: type[Effect] | None, index: int, count: int, layers: LayerCommands
    ) -> None:
        """``kind`` is None for an effect whose plugin is not there: it can be switched off and removed."""
        super().__init__()
        self._index, self._layers = index, layers
        self._title = use.name if kind is None else kind.title
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(2)
        column.addLayout(self._head(use, count))
        self.form: SettingsForm | None = None
        if kind is None:
            column.addWidget(quiet("This effect's plugin is not installed; it is kept, but not drawn.", wrap=True))
            return
        if kind.description:
            self.setToolTip(kind.description)
        self.form = SettingsForm(kind, use.values)
        self.form.edited.connect(self._edited)
        column.addWidget(self.form)

    def show_use(self, use: EffectUse) -> None:
        """Show the values as they are now."""
        self.check.show_value(use.on)
        if self.form is not None:
            self.form.setEnabled(use.on)
            self.form.show_values(use.values)

    def _head(self, use: EffectUse, count: int) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(2)
        self.check = Check(self._title, use.on)
        self.check.name_parts(f"{self._title} on", f"Switch {self._title} on or off")
        self.check.done.connect(lambda _: self._layers.toggle_effect(self._index))
        row.addWidget(self.check)
        row.addStretch(1)
        if count > 1:
            row.addWidget(self._button("up", "Let this effect act earlier", lambda: self._move(-1), self._index > 0))
            later = self._index < count - 1
            row.addWidget(self._button("down", "Let this effect act later", lambda: self._move(1), later))
        row.addWidget(
            self._button("trash", "Remove this effect", lambda: self._layers.remove_effect(self._index), True)
        )
        return row

    def _button(self, icon: str, tip: str, call: Any, enabled: bool) -> QToolButton:
        button = QToolButton()
        icons.put(button, icon, 14)
        button.setToolTip(tip)
        button.setAccessibleName(f"{tip}: {self._title}")
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.setEnabled(enabled)
        button.clicked.connect(lambda: call())
        return button

    def _move(self, by: int) -> None:
        self._layers.move_effect(self._index, by)

    def _edited(self, name: str, value: object, final: bool) -> None:
        self._layers.set_effect_value(self._index, self._title, name, value, final)
