"""The controls of a form. Each has ``value()``, ``show_value(v)`` (silent) and the signals ``changing`` and ``done``.

``changing`` comes while a control is being dragged, ``done`` once the value stands: one undo step.
"""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPaintEvent, QWheelEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QSizePolicy,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QWidget,
)

from editor.api import Param
from editor.ui import icons, theme
from editor.ui.number_field import NumberField
from editor.ui.slider import Slider

_STEPS = 1000


class SliderField(QWidget):
    """A slider and the number beside it."""

    changing = Signal(object)
    done = Signal(object)

    def __init__(self, fact: Param, default: float, whole: bool) -> None:
        """``fact`` must have a minimum and a maximum; ``whole`` values are int."""
        super().__init__()
        self._fact, self._default, self._whole = fact, default, whole
        self.slider, self.number = Slider(), NumberField(fact, whole)
        self.number.setFixedWidth(self._number_width())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.number)
        self.setFocusProxy(self.slider)
        self.slider.valueChanged.connect(self._slid)
        self.slider.sliderReleased.connect(lambda: self.done.emit(self.value()))
        self.number.changing.connect(lambda value: self._typed(value, self.changing))
        self.number.done.connect(lambda value: self._typed(value, self.done))
        for part in (self.slider, self.number):
            part.reset_asked.connect(self.reset)
        self.show_value(default)

    def value(self) -> float | int:
        """What it stands at."""
        return round(self.number.value()) if self._whole else self.number.value()

    def show_value(self, value: float) -> None:
        """Show a value without saying so."""
        self.number.show_value(value)
        self._show_on_slider(value)

    def reset(self) -> None:
        """Back to the default."""
        self.show_value(self._default)
        self.done.emit(self.value())

    def name_parts(self, name: str, tip: str) -> None:
        """Give slider and number their names for a screen reader and their tips."""
        self.slider.setAccessibleName(name)
        self.number.setAccessibleName(f"{name}, number")
        for part in (self.slider, self.number):
            part.setToolTip(tip)

    def _number_width(self) -> int:
        values = (self._fact.minimum, self._fact.maximum)
        texts = [self.number.textFromValue(value or 0.0) + self.number.suffix() for value in values]
        texts.append(self._fact.least)
        return max(54, max(self.fontMetrics().horizontalAdvance(text) for text in texts) + 16)

    def _slid(self, position: int) -> None:
        self.number.show_value(self._value_at(position / _STEPS))
        if self.slider.isSliderDown():
            self.changing.emit(self.value())
        else:
            self.done.emit(self.value())

    def _typed(self, value: float, signal: Any) -> None:
        self._show_on_slider(value)
        signal.emit(self.value())

    def _show_on_slider(self, value: float) -> None:
        blocked = self.slider.blockSignals(True)
        self.slider.setValue(round(self._part_of(value) * _STEPS))
        self.slider.blockSignals(blocked)
        self.slider.update()

    def _ends(self) -> tuple[float, float]:
        low, high = float(self._fact.minimum or 0.0), float(self._fact.maximum or 0.0)
        return low, max(high, low + 1e-9)

    def _log_base(self) -> float:
        """Where the logarithmic run begins: below it there is only the minimum itself."""
        low, high = self._ends()
        return low if low > 0 else max(self._fact.step or 0.0, high * 1e-3)

    def _value_at(self, part: float) -> float:
        low, high = self._ends()
        if self._fact.logarithmic:
            base = self._log_base()
            value = low if part <= 0 else base * math.exp(part * math.log(high / base))
        else:
            value = low + part * (high - low)
        step = self._fact.step or self.number.singleStep()
        return min(high, max(low, round(value / step) * step))

    def _part_of(self, value: float) -> float:
        low, high = self._ends()
        if not self._fact.logarithmic:
            return (value - low) / (high - low)
        base = self._log_base()
        return 0.0 if value <= base else math.log(value / base) / math.log(high / base)


class Number(NumberField):
    """A number without a slider, in a box of its own: for values without bounds."""

    def __init__(self, fact: Param, whole: bool, default: float = 0.0) -> None:
        super().__init__(fact, whole)
        self.setObjectName("boxed")
        self.setMinimumWidth(56)  # Qt would make room for the largest number there is
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.reset_asked.connect(lambda: self.setValue(default))
        self.show_value(default)

    def name_parts(self, name: str, tip: str) -> None:
        """Its name for a screen reader and its tip."""
        self.setAccessibleName(name)
        self.setToolTip(tip)


class Choice(QComboBox):
    """A list to choose one from, with our own chevron."""

    changing = Signal(object)
    done = Signal(object)

    def __init__(self, choices: tuple[str, ...] | dict[str, str], default: str) -> None:
        """``choices`` as words, or as value -> what is shown."""
        super().__init__()
        pairs = choices if isinstance(choices, dict) else {choice: spoken(choice) for choice in choices}
        for value, text in pairs.items():
            self.addItem(text, value)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.show_value(default)
        self.activated.connect(lambda _: self.done.emit(self.value()))

    def value(self) -> str:
        """The value chosen."""
        return str(self.currentData())

    def show_value(self, value: str) -> None:
        """Show a value without saying so."""
        self.setCurrentIndex(max(0, self.findData(value)))

    def name_parts(self, name: str, tip: str) -> None:
        """Its name for a screen reader and its tip."""
        self.setAccessibleName(name)
        self.setToolTip(tip)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Left to the panel, which scrolls."""
        event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The frame and the text as ever, and the chevron."""
        painter = QStylePainter(self)
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
        look = theme.current()
        colour = look.secondary if self.isEnabled() else look.disabled
        drawn = icons.pixmap("chevron-down", colour, 14, self.devicePixelRatioF())
        painter.drawPixmap(self.width() - 21, (self.height() - 14) // 2, drawn)
        painter.end()


def spoken(word: str) -> str:
    """A value as it is shown: with a capital, dashes as spaces."""
    text = word.replace("_", " ")
    return text[:1].upper() + text[1:]
