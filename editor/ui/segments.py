"""A row of choices of which one is pressed; the trimap's labels carry their colour, their hatching and their key."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QSizePolicy,
    QStyle,
    QStyleOptionToolButton,
    QStylePainter,
    QToolButton,
)

from editor.ui import theme
from editor.ui.fields import spoken

LABEL_KEYS = {"foreground": "1", "background": "2", "unknown": "3", "clear": "4"}


class Segments(QFrame):
    """One of a few words. ``done(value)`` when another is pressed."""

    changing = Signal(object)
    done = Signal(object)

    def __init__(self, choices: tuple[str, ...], default: str) -> None:
        super().__init__()
        self.setObjectName("segments")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 1)
        layout.setSpacing(0)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QToolButton] = {}
        labels = is_label_choice(choices)
        for choice in choices:
            button = self._button(choice, labels)
            layout.addWidget(button)
        self.show_value(default)

    def value(self) -> str:
        """The word pressed."""
        return next((word for word, button in self._buttons.items() if button.isChecked()), "")

    def show_value(self, value: str) -> None:
        """Press a word without saying so."""
        if value in self._buttons:
            self._buttons[value].setChecked(True)

    def name_parts(self, name: str, tip: str) -> None:
        """Names for a screen reader, and tips with keys."""
        self.setAccessibleName(name)
        for word, button in self._buttons.items():
            button.setAccessibleName(f"{name}: {spoken(word)}")
            key = LABEL_KEYS.get(word) if is_label_choice(tuple(self._buttons)) else None
            button.setToolTip(f"{spoken(word)} ({key})" if key else tip or spoken(word))

    def _button(self, choice: str, labels: bool) -> QToolButton:
        button = LabelButton(choice) if labels else QToolButton()
        button.setCheckable(True)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.setText(spoken(choice))
        self._group.addButton(button)
        self._buttons[choice] = button
        button.clicked.connect(lambda: self.done.emit(choice))
        return button


class LabelButton(QToolButton):
    """A label of the trimap: its swatch, its name and a small badge with its key."""

    def __init__(self, label: str) -> None:
        super().__init__()
        self._label = label

    def sizeHint(self) -> QSize:
        """Room for all three."""
        width = self.fontMetrics().horizontalAdvance(spoken(self._label))
        return QSize(10 + 14 + 7 + width + 8 + 16 + 8, theme.ROW_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The button as ever, and what stands on it."""
        painter = QStylePainter(self)
        option = QStyleOptionToolButton()
        self.initStyleOption(option)
        option.text = ""
        painter.drawComplexControl(QStyle.ComplexControl.CC_ToolButton, option)
        look = theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.height() / 2
        label_swatch(self._label).paint(painter, 10, round(middle) - 7, 14, 14)
        painter.setPen(QColor(look.selected_text if self.isChecked() else look.text))
        left = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(self.rect().adjusted(31, 0, 0, 0), left, spoken(self._label))
        badge = QRectF(self.width() - 24, middle - 8, 16, 16)
        quiet = QColor(look.selected_secondary if self.isChecked() else look.secondary)
        painter.setPen(QPen(quiet if look.line_px > 1 else QColor(look.line), 1))
        painter.drawRoundedRect(badge, 4, 4)
        font = self.font()
        font.setPixelSize(11)
        painter.setFont(font)
        painter.setPen(quiet)
        painter.drawText(badge, int(Qt.AlignmentFlag.AlignCenter), LABEL_KEYS[self._label])
        painter.end()


def is_label_choice(choices: tuple[str, ...]) -> bool:
    """True for the labels of a trimap."""
    return bool(choices) and set(choices) <= set(LABEL_KEYS)


def label_swatch(label: str, size_px: int = 14) -> QIcon:
    """The label's colour and its hatching: told apart without colour as well."""
    scale = 2
    drawn = QPixmap(size_px * scale, size_px * scale)
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(scale, scale)
    area = QRectF(1, 1, size_px - 2, size_px - 2)
    shape = QPainterPath()
    shape.addRoundedRect(area, 3, 3)
    painter.setClipPath(shape)
    if label in ("foreground", "background"):
        painter.fillPath(shape, QColor(theme.LABEL_COLOURS[label]))
    elif label == "unknown":
        painter.fillPath(shape, QColor("#6b7077"))
        painter.setPen(QPen(QColor("#ffffff"), 1.8))
        for offset in range(-12, 16, 4):
            painter.drawLine(QPointF(offset, 0), QPointF(offset + size_px, size_px))
    painter.setClipping(False)
    painter.setPen(QPen(QColor(theme.current().secondary), 1.0))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(shape)
    painter.end()
    drawn.setDevicePixelRatio(float(scale))
    return QIcon(drawn)
