"""The tools, one column of icons at the left of the window."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QToolButton, QVBoxLayout, QWidget

from editor.api import Tool
from editor.ui import icons
from editor.ui.panel import line

_GROUPS = ("mark", "matte", "layer", "view")


class ToolColumn(QWidget):
    """One button per registered tool; ``chosen(name)`` when another is pressed."""

    chosen = Signal(str)

    def __init__(self, tools: Mapping[str, type[Tool]]) -> None:
        super().__init__()
        self.setObjectName("toolColumn")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(44)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 8, 6, 8)
        column.setSpacing(3)
        self._group = QButtonGroup(self)
        self.buttons: dict[str, QToolButton] = {}
        group = ""
        for tool in in_order(tools):
            if group and tool.group != group:
                column.addSpacing(2)
                column.addWidget(line("toolLine"))
                column.addSpacing(2)
            group = tool.group
            column.addWidget(self._button(tool))
        column.addStretch(1)

    def show_chosen(self, name: str) -> None:
        """Press a tool's button without saying so."""
        if name in self.buttons:
            self.buttons[name].setChecked(True)

    def _button(self, tool: type[Tool]) -> QToolButton:
        button = QToolButton()
        button.setCheckable(True)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        icons.put(button, tool.icon if icons.exists(tool.icon) else "settings")
        button.setAccessibleName(tool.title)
        button.setToolTip(f"{tool.title} ({tool.key})" if tool.key else tool.title)
        button.clicked.connect(lambda: self.chosen.emit(tool.name))
        self._group.addButton(button)
        self.buttons[tool.name] = button
        return button


def in_order(tools: Mapping[str, type[Tool]]) -> list[type[Tool]]:
    """By group (mark, matte, layer, view, then others), then by the tools' own order."""

    def place(tool: type[Tool]) -> tuple[int, str, int, str]:
        known = tool.group in _GROUPS
        return (_GROUPS.index(tool.group) if known else len(_GROUPS), tool.group, tool.order, tool.name)

    return sorted(tools.values(), key=place)
