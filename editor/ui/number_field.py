"""A number that can be typed, stepped with the arrows, scrubbed with the mouse and reset with a double-click."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QResizeEvent, QShowEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox

from editor.api import Param

_SCRUB_START_PX = 3.0
_UNBOUNDED = 1e9


class NumberField(QDoubleSpinBox):
    """``changing`` while the mouse scrubs, ``done`` when a value stands."""

    changing = Signal(float)
    done = Signal(float)
    reset_asked = Signal()

    def __init__(self, fact: Param, whole: bool) -> None:
        """``whole`` numbers have no decimals; others as many as the step asks for."""
        super().__init__()
        self.setObjectName("number")
        low = -_UNBOUNDED if fact.minimum is None else fact.minimum
        high = _UNBOUNDED if fact.maximum is None else fact.maximum
        step = fact.step or (1.0 if whole else _fitting_step(low, high))
        unbounded = fact.minimum is None or fact.maximum is None
        self.setDecimals(0 if whole else 2 if unbounded else _decimals(step))
        self.setRange(low, high)
        self.setSingleStep(step)
        unit = fact.unit.strip()
        self.setSuffix(f" {unit}" if unit and unit != "°" else unit)
        self.setSpecialValueText(fact.least)
        self.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setKeyboardTracking(False)
        self.valueChanged.connect(self._told)
        self._press: QPointF | None = None
        self._start_value = 0.0
        self._scrubbing = False
        self.lineEdit().installEventFilter(self)
        self.lineEdit().setCursor(Qt.CursorShape.SizeHorCursor)

    def textFromValue(self, value: float) -> str:
        """The number without needless zeros, in the user's own way of writing."""
        text = self.locale().toString(float(value), "f", self.decimals())
        point = self.locale().decimalPoint()
        return text.rstrip("0").rstrip(point) if point in text else text

    def show_value(self, value: float) -> None:
        """Show a value without saying so."""
        blocked = self.blockSignals(True)
        self.setValue(value)
        self.blockSignals(blocked)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the text all of the field: with a style sheet Qt leaves room for buttons that are not there."""
        super().resizeEvent(event)
        self._spread_text()

    def changeEvent(self, event: QEvent) -> None:
        """The same after another style sheet."""
        super().changeEvent(event)
        self._spread_text()

    def showEvent(self, event: QShowEvent) -> None:
        """The same when it is first seen."""
        super().showEvent(event)
        self._spread_text()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Only when it has the keyboard: else the panel scrolls."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Scrubbing and resetting, on the text itself."""
        kind = event.type()
        if isinstance(event, QMouseEvent) and self.isEnabled():
            if kind == QEvent.Type.MouseButtonDblClick or event.button() == Qt.MouseButton.MiddleButton:
                self.reset_asked.emit()
                return True
            if kind == QEvent.Type.MouseButtonPress and event.button() == Qt.MouseButton.LeftButton:
                self._press, self._start_value = event.globalPosition(), self.value()
            elif kind == QEvent.Type.MouseMove and self._press is not None:
                return self._scrub(event)
            elif kind == QEvent.Type.MouseButtonRelease:
                return self._let_go()
        return super().eventFilter(watched, event)

    def _spread_text(self) -> None:
        self.lineEdit().setGeometry(self.rect().adjusted(4, 1, -4, -1))

    def _scrub(self, event: QMouseEvent) -> bool:
        assert self._press is not None
        moved = event.globalPosition().x() - self._press.x()
        if abs(moved) >= _SCRUB_START_PX:
            self._scrubbing = True
        if self._scrubbing:
            factor = 10.0 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
            self.setValue(self._start_value + moved * self.singleStep() * factor * 0.5)
        return self._scrubbing

    def _let_go(self) -> bool:
        was_scrubbing, self._scrubbing, self._press = self._scrubbing, False, None
        if was_scrubbing:
            self.done.emit(self.value())
        else:
            self.selectAll()
        return False

    def _told(self, value: float) -> None:
        (self.changing if self._scrubbing else self.done).emit(value)


def _fitting_step(low: float, high: float) -> float:
    """A hundredth of the range, as a power of ten."""
    span = high - low
    for step in (1.0, 0.1, 0.01):
        if span >= 50 * step:
            return step
    return 0.001


def _decimals(step: float) -> int:
    return next((n for n in range(4) if abs(step * 10**n - round(step * 10**n)) < 1e-9), 4)
