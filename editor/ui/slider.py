"""A slider in the house's own drawing: a thin track, filled up to a round knob, that follows the pointer at once."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSlider

from editor.ui import theme

_TRACK_PX, _KNOB_PX = 4, 12


class Slider(QSlider):
    """Horizontal, 0 to 1000. A press sets the knob under the pointer; a double or middle click asks for the default."""

    reset_asked = Signal()

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setRange(0, 1000)
        self.setSingleStep(10)
        self.setPageStep(100)
        self.setMinimumWidth(60)

    def sizeHint(self) -> QSize:
        """One row high."""
        return QSize(104, theme.ROW_PX)

    def minimumSizeHint(self) -> QSize:
        """Still usable when narrow."""
        return QSize(60, 20)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the knob to the pointer."""
        if event.button() == Qt.MouseButton.MiddleButton:
            self.reset_asked.emit()
        elif event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(True)
            self._follow(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the pointer while it is down."""
        if self.isSliderDown():
            self._follow(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go: the value stands."""
        if self.isSliderDown():
            self.setSliderDown(False)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Back to the default."""
        self.reset_asked.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Left to the panel, which scrolls: a value must not change because the pointer rested on it."""
        event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Track, filled part, knob, and a ring when it has the keyboard."""
        look = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        centre = self.height() / 2
        knob_x = self._knob_x()
        ends = _KNOB_PX / 2
        painter.setBrush(QColor(look.line if self.isEnabled() else look.hover))
        painter.drawRoundedRect(QRectF(ends, centre - 2, self.width() - 2 * ends, _TRACK_PX), 2, 2)
        painter.setBrush(QColor(look.accent if self.isEnabled() else look.disabled))
        painter.drawRoundedRect(QRectF(ends, centre - 2, knob_x - ends, _TRACK_PX), 2, 2)
        inset = 1.0 if self.hasFocus() else 0.5
        painter.setPen(QPen(QColor(look.accent if self.hasFocus() else look.knob_line), 2 * inset))
        painter.setBrush(QColor("#ffffff" if self.isEnabled() else look.disabled))
        knob = QRectF(knob_x - ends, centre - ends, _KNOB_PX, _KNOB_PX)
        painter.drawEllipse(knob.adjusted(inset, inset, -inset, -inset))
        painter.end()

    def _knob_x(self) -> float:
        run = self.width() - _KNOB_PX
        return _KNOB_PX / 2 + run * (self.value() - self.minimum()) / (self.maximum() - self.minimum())

    def _follow(self, event: QMouseEvent) -> None:
        part = (event.position().x() - _KNOB_PX / 2) / max(1, self.width() - _KNOB_PX)
        self.setValue(self.minimum() + round(part * (self.maximum() - self.minimum())))
