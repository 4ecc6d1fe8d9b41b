"""The mouse, the pen and the touchpad, brought to one form before anything is decided about them."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent, QPointingDevice, QTabletEvent, QWheelEvent

from editor.api import PointerEvent
from editor.document.geometry import Placement
from editor.ui.view_transform import ViewTransform

WHEEL_STEP = 120
"""Wheel units of one notch."""


@dataclass(frozen=True)
class Contact:
    """Where something points, in the widget's points, and what is held: ``button`` is left, middle, right or empty."""

    x: float
    y: float
    button: str = ""
    pressure: float = 1.0
    shift: bool = False
    ctrl: bool = False
    alt: bool = False
    erase: bool = False


def from_mouse(event: QMouseEvent) -> Contact:
    """A mouse's contact; while it moves, the button is the one that is held."""
    return _contact(event.position(), _button(event.button(), event.buttons()), 1.0, event.modifiers(), False)


def from_tablet(event: QTabletEvent) -> Contact:
    """A pen's contact, with its pressure and whether it is turned round; the barrel button counts as the right one."""
    erase = event.pointerType() == QPointingDevice.PointerType.Eraser
    button = _button(event.button(), event.buttons())
    return _contact(event.position(), button, float(event.pressure()), event.modifiers(), erase)


def to_tool(
    contact: Contact, transform: ViewTransform, ratio: float, placement: Placement, right: bool
) -> PointerEvent:
    """A contact as a tool sees it: in the pixels of its space, which ``placement`` puts on the view's picture.

    ``ratio`` is the number of device pixels to one of the widget's points; ``right`` tells of the button that began it.
    """
    x, y = placement.to_layer(*transform.to_picture(contact.x * ratio, contact.y * ratio))
    return PointerEvent(
        x, y, contact.pressure, contact.shift, contact.ctrl, contact.alt, right, contact.erase,
        ratio / (transform.zoom * placement.scale),
    )  # fmt: skip


def wheel_pan(event: QWheelEvent) -> QPointF:
    """How far a wheel or two fingers scroll, in the widget's points; Shift turns a plain wheel sideways."""
    if not event.pixelDelta().isNull():
        return QPointF(event.pixelDelta())
    delta = QPointF(event.angleDelta()) * (60 / WHEEL_STEP)
    if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and delta.x() == 0:
        return QPointF(delta.y(), 0)
    return delta


def wheel_factor(event: QWheelEvent) -> float:
    """How much larger a wheel or two fingers make the picture: a notch is the fourth root of two."""
    delta = event.angleDelta().y() or event.angleDelta().x()
    return float(2 ** (delta / WHEEL_STEP / 4))


def is_touchpad(event: QWheelEvent) -> bool:
    """True for two fingers on a touchpad, which always scroll: they come in phases and in pixels."""
    touch = event.device().type() == QPointingDevice.DeviceType.TouchPad
    return touch or (event.phase() != Qt.ScrollPhase.NoScrollPhase and not event.pixelDelta().isNull())


def _contact(
    place: QPointF, button: str, pressure: float, modifiers: Qt.KeyboardModifier, erase: bool
) -> Contact:
    return Contact(
        place.x(), place.y(), button, pressure,
        bool(modifiers & Qt.KeyboardModifier.ShiftModifier),
        bool(modifiers & Qt.KeyboardModifier.ControlModifier),
        bool(modifiers & Qt.KeyboardModifier.AltModifier),
        erase,
    )  # fmt: skip


def _button(changed: Qt.MouseButton, held: Qt.MouseButton) -> str:
    names = {
        Qt.MouseButton.LeftButton: "left", Qt.MouseButton.MiddleButton: "middle", Qt.MouseButton.RightButton: "right",
    }  # fmt: skip
    if changed in names:
        return names[changed]
    return next((name for button, name in names.items() if held & button), "")
