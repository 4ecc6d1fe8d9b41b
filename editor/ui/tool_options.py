"""The bar at the top: the options of the active tool, and nothing else."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QWidget

from editor.api import Tool, params_of
from editor.ui.panel import quiet
from editor.ui.settings_form import SettingsForm


class ToolOptions(QWidget):
    """A form for the tool's settings; ``edited()`` when one was changed here."""

    edited = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("optionsBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(41)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 12, 0)
        row.setSpacing(12)
        self._title = QLabel()
        self._title.setProperty("heading", True)
        row.addWidget(self._title)
        self._area = QScrollArea()
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidgetResizable(True)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        row.addWidget(self._area, 1)
        self.tool: Tool | None = None
        self.form: SettingsForm | None = None

    def show_tool(self, tool: Tool | None) -> None:
        """Make the form for another tool."""
        self.tool, self.form = tool, None
        self._title.setText("" if tool is None else tool.title)
        if tool is None:
            self._area.setWidget(QWidget())
            return
        names = params_of(tool)
        if not names:
            self._area.setWidget(quiet(first_sentence(type(tool).__doc__)))
            return
        self.form = SettingsForm(type(tool), {name: getattr(tool, name) for name in names}, across=True)
        self.form.edited.connect(self._take)
        self._area.setWidget(self.form)

    def refresh(self) -> None:
        """Show what the tool's settings are now: its keys change them too."""
        if self.tool is not None and self.form is not None:
            self.form.show_values({name: getattr(self.tool, name) for name in self.form.fields})

    def _take(self, name: str, value: object, _final: bool) -> None:
        setattr(self.tool, name, value)
        self.edited.emit()


def first_sentence(text: str | None) -> str:
    """The first sentence of a description, without line breaks."""
    return " ".join((text or "").split("\n\n")[0].split())
