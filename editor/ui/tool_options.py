"""The bar at the top: the options of the active tool, and nothing else."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from editor.api import Tool, params_of
from editor.ui.panel import quiet
from editor.ui.settings_form import ACROSS_ROW_PX, SettingsForm

_SIDE_PX = 12


class ToolOptions(QWidget):
    """A form for the tool's settings, in as many rows as the window's width makes necessary.

    ``edited()`` tells that one was changed here.
    """

    edited = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("optionsBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(_SIDE_PX, 0, _SIDE_PX, 1)
        self.tool: Tool | None = None
        self.form: SettingsForm | None = None
        self._shown: QWidget | None = None
        self._fit()

    def show_tool(self, tool: Tool | None) -> None:
        """Make the form for another tool."""
        self.tool, self.form = tool, None
        if self._shown is not None:
            self._row.removeWidget(self._shown)
            self._shown.hide()
            self._shown.deleteLater()
        self._shown = self._widget_for(tool)
        self._row.addWidget(self._shown)
        self._fit()

    def refresh(self) -> None:
        """Show what the tool's settings are now: its keys change them too."""
        if self.tool is not None and self.form is not None:
            self.form.show_values({name: getattr(self.tool, name) for name in self.form.fields})

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width may need more or fewer rows."""
        super().resizeEvent(event)
        self._fit()

    def _widget_for(self, tool: Tool | None) -> QWidget:
        if tool is None:
            return QWidget()
        names = params_of(tool)
        if not names:
            return quiet(description(tool))
        self.form = SettingsForm(type(tool), {name: getattr(tool, name) for name in names}, across=True)
        self.form.edited.connect(self._take)
        return self.form

    def _fit(self) -> None:
        height = ACROSS_ROW_PX
        if self.form is not None:
            height = self.form.layout().heightForWidth(self.width() - 2 * _SIDE_PX)
        self.setFixedHeight(height + 1)

    def _take(self, name: str, value: object, _final: bool) -> None:
        setattr(self.tool, name, value)
        self.edited.emit()


def description(tool: Tool) -> str:
    """The first sentence of what the tool's author wrote about it."""
    words = " ".join((type(tool).__doc__ or "").split()).replace("``", "")
    first, dot, _ = words.partition(". ")
    return first + dot.strip()
