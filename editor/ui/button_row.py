"""Buttons side by side, the first taking the room that is left; below each other where their words are too long."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QPushButton, QWidget

_GAP_PX = 8


class ButtonRow(QWidget):
    """Its width asks for no more than its widest button needs."""

    def __init__(self, *buttons: QPushButton) -> None:
        super().__init__()
        self._buttons = buttons
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._box.setSizeConstraint(QBoxLayout.SizeConstraint.SetNoConstraint)
        self._box.setContentsMargins(0, 4, 0, 0)
        self._box.setSpacing(_GAP_PX)
        for number, button in enumerate(buttons):
            self._box.addWidget(button, 0 if number else 1)

    def minimumSizeHint(self) -> QSize:
        """The widest button, and the height of what stands there."""
        widths = [button.minimumSizeHint().width() for button in self._buttons if not button.isHidden()]
        return QSize(max(widths, default=0), self._box.minimumSize().height())

    def sizeHint(self) -> QSize:
        """As little."""
        return self.minimumSizeHint()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width may part them."""
        super().resizeEvent(event)
        self._turn()

    def event(self, event: QEvent) -> bool:
        """So may other words, and another button that is seen."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._turn()
        return super().event(event)

    def _turn(self) -> None:
        widths = [button.minimumSizeHint().width() for button in self._buttons if not button.isHidden()]
        across = sum(widths) + _GAP_PX * (len(widths) - 1) <= self.width()
        wanted = QBoxLayout.Direction.LeftToRight if across else QBoxLayout.Direction.TopToBottom
        if self._box.direction() != wanted:
            self._box.setDirection(wanted)
            self.updateGeometry()
