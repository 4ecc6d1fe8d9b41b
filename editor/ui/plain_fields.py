"""The controls of a form without a number: tick, toggle, text, colour. See fields.py for what they have in common."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QCheckBox, QColorDialog, QHBoxLayout, QLineEdit, QPushButton, QSizePolicy, QWidget

from editor.ui import icons, theme


class Check(QCheckBox):
    """A box with a tick, drawn in the theme's colours."""

    changing = Signal(object)
    done = Signal(object)

    def __init__(self, text: str, default: bool) -> None:
        super().__init__(text)
        self.setChecked(default)
        self.setMinimumHeight(24)
        self.clicked.connect(lambda on: self.done.emit(bool(on)))

    def value(self) -> bool:
        """Whether it is ticked."""
        return self.isChecked()

    def show_value(self, value: bool) -> None:
        """Show a value without saying so."""
        self.setChecked(bool(value))

    def name_parts(self, name: str, tip: str) -> None:
        """Its name for a screen reader and its tip."""
        self.setAccessibleName(name)
        self.setToolTip(tip)

    def sizeHint(self) -> QSize:
        """Box, gap and text."""
        return QSize(24 + self.fontMetrics().horizontalAdvance(self.text()) + 4, 24)

    def hitButton(self, position: Any) -> bool:
        """All of it can be pressed."""
        return self.rect().contains(position)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The box, the tick and the words."""
        look = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        top = (self.height() - 16) // 2
        edge = look.accent if self.hasFocus() or self.isChecked() else look.secondary
        painter.setPen(QPen(QColor(edge if self.isEnabled() else look.disabled), 1.2))
        ground = look.primary if self.isChecked() and self.isEnabled() else look.field
        painter.setBrush(QColor(ground))
        painter.drawRoundedRect(1, top, 15, 15, 4, 4)
        if self.isChecked():
            colour = look.primary_text if self.isEnabled() else look.disabled
            painter.drawPixmap(2, top + 1, icons.pixmap("check", colour, 14, self.devicePixelRatioF()))
        painter.setPen(QColor(look.text if self.isEnabled() else look.disabled))
        area = self.rect().adjusted(24, 0, 0, 0)
        painter.drawText(area, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), self.text())
        painter.end()


class ColourField(QPushButton):
    """A colour to press on; the value is (r, g, b) in [0, 1]."""

    changing = Signal(object)
    done = Signal(object)

    def __init__(self, default: tuple[float, float, float]) -> None:
        super().__init__()
        self._value = default
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.clicked.connect(self._ask)
        self.show_value(default)

    def value(self) -> tuple[float, float, float]:
        """The colour."""
        return self._value

    def show_value(self, value: tuple[float, float, float]) -> None:
        """Show a colour without saying so."""
        self._value = (float(value[0]), float(value[1]), float(value[2]))
        self.setText(QColor.fromRgbF(*self._value).name())
        self.setIcon(swatch(QColor.fromRgbF(*self._value)))

    def name_parts(self, name: str, tip: str) -> None:
        """Its name for a screen reader and its tip."""
        self.setAccessibleName(name)
        self.setToolTip(tip)

    def _ask(self) -> None:
        """Let a colour be chosen; every one that is tried is shown, and Cancel brings the old one back."""
        before = self._value
        dialog = QColorDialog(QColor.fromRgbF(*before), self.window())
        dialog.setWindowTitle(self.accessibleName() or "Colour")
        dialog.setOption(QColorDialog.ColorDialogOption.DontUseNativeDialog, True)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.currentColorChanged.connect(self._tried)

        def answered(taken: int) -> None:
            if not taken:
                self.show_value(before)
            self.done.emit(self._value)

        dialog.finished.connect(answered)
        dialog.open()

    def _tried(self, colour: QColor) -> None:
        self.show_value((colour.redF(), colour.greenF(), colour.blueF()))
        self.changing.emit(self._value)


def swatch(colour: QColor, size_px: int = 14) -> QIcon:
    """A small filled square for a button."""
    drawn = QPixmap(2 * size_px, 2 * size_px)
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(theme.current().secondary), 2))
    painter.setBrush(colour)
    painter.drawRoundedRect(1, 1, 2 * size_px - 2, 2 * size_px - 2, 5, 5)
    painter.end()
    drawn.setDevicePixelRatio(2.0)
    return QIcon(drawn)


class ToggleField(QPushButton):
    """A yes or no as a button that stays down, for the options bar."""

    changing = Signal(object)
    done = Signal(object)

    def __init__(self, text: str, default: bool) -> None:
        super().__init__(text)
        self.setCheckable(True)
        self.setChecked(default)
        self.clicked.connect(lambda on: self.done.emit(bool(on)))

    def value(self) -> bool:
        """Whether it is down."""
        return self.isChecked()

    def show_value(self, value: bool) -> None:
        """Show a value without saying so."""
        self.setChecked(bool(value))

    def name_parts(self, name: str, tip: str) -> None:
        """Its name for a screen reader and its tip."""
        self.setAccessibleName(name)
        self.setToolTip(tip)


class TextField(QWidget):
    """A line of text."""

    changing = Signal(object)
    done = Signal(object)

    def __init__(self, default: str) -> None:
        super().__init__()
        self._line = QLineEdit(default)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._line)
        self.setFocusProxy(self._line)
        self._line.editingFinished.connect(lambda: self.done.emit(self.value()))

    def value(self) -> str:
        """The text."""
        return self._line.text()

    def show_value(self, value: str) -> None:
        """Show a text without saying so."""
        self._line.setText(value)

    def name_parts(self, name: str, tip: str) -> None:
        """Its name for a screen reader and its tip."""
        self._line.setAccessibleName(name)
        self._line.setToolTip(tip)
