"""The strip that floats at the foot of the canvas: ways to look at the photo."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QToolButton, QWidget

from editor.ui.views import VIEWS

_FROM_FOOT_PX = 16


class ViewStrip(QFrame):
    """One button per view. It keeps itself in the middle of its parent's foot."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget, keys: dict[str, str]) -> None:
        """``keys`` says which key shows which view."""
        super().__init__(parent)
        self.setObjectName("viewStrip")
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 4, 4, 4)
        row.setSpacing(1)
        self._group = QButtonGroup(self)
        self.buttons: dict[str, QToolButton] = {}
        for view in VIEWS.values():
            button = QToolButton()
            button.setCheckable(True)
            button.setText(view.title)
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            button.setAccessibleName(f"View: {view.title}")
            button.setToolTip(f"{view.title} ({keys.get(view.name, '')}; F for the next view)")
            button.clicked.connect(lambda _=False, name=view.name: self.chosen.emit(name))
            self._group.addButton(button)
            self.buttons[view.name] = button
            row.addWidget(button)
        parent.installEventFilter(self)
        self.place()

    def show_chosen(self, name: str) -> None:
        """Press a view's button without saying so."""
        if name in self.buttons:
            self.buttons[name].setChecked(True)

    def place(self) -> None:
        """Go to the middle of the parent's foot, no wider than the parent."""
        room = self.parentWidget().size()
        self.adjustSize()
        width = min(self.width(), max(40, room.width() - 16))
        self.setGeometry(
            (room.width() - width) // 2, room.height() - self.height() - _FROM_FOOT_PX, width, self.height()
        )
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the parent's size."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            self.place()
        return False
