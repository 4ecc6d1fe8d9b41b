"""The column of panels at the right of the window, in the order of the work."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from editor.ui.panel import line

WIDTH_PX = 312


class RightColumn(QWidget):
    """Scrolls where the window is too low for all of it."""

    def __init__(self, panels: Sequence[QWidget]) -> None:
        super().__init__()
        self.setObjectName("rightColumn")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(WIDTH_PX)
        stack = QWidget()
        stack.setObjectName("panelStack")
        rows = QVBoxLayout(stack)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        for index, panel in enumerate(panels):
            if index:
                rows.addWidget(line())
            rows.addWidget(panel)
        rows.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(stack)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 0, 0, 0)
        column.addWidget(area)
