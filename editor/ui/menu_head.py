"""The head of the window: the program's name and the menus."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMainWindow, QMenuBar, QWidget


def menu_bar(window: QMainWindow) -> QMenuBar:
    """An empty menu bar in its place; where the system shows the menus itself, it stands there alone."""
    bar = QMenuBar()
    if bar.isNativeMenuBar():
        window.setMenuBar(bar)
        return bar
    head = QWidget()
    head.setObjectName("head")
    head.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    row = QHBoxLayout(head)
    row.setContentsMargins(0, 0, 0, 2)
    row.setSpacing(0)
    name = QLabel("Mattelier")
    name.setObjectName("appName")
    row.addWidget(name)
    row.addWidget(bar, 1)
    window.setMenuWidget(head)
    return bar
