"""Listens to a canvas's events and says to its gestures what happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import (
    QDragEnterEvent,
    QDropEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QTabletEvent,
    QWheelEvent,
)  # fmt: skip

from editor.ui.canvas_keys import CanvasKeys
from editor.ui.pointer import from_mouse, from_tablet, is_touchpad, wheel_factor, wheel_pan

if TYPE_CHECKING:
    from editor.ui.canvas import Canvas


class CanvasInput(QObject):
    """An event filter: mouse, pen, wheel, touchpad, keys and dropped files of one canvas."""

    _handlers: dict[QEvent.Type, Callable[[Any], bool]] = {}  # noqa: RUF012 - Qt may ask once this object's own is gone

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._gestures = canvas.gestures
        self.keys = CanvasKeys(canvas)
        kind = QEvent.Type
        self._handlers = {
            kind.MouseButtonPress: self._mouse_press, kind.MouseButtonDblClick: self._mouse_press,
            kind.MouseMove: self._mouse_move, kind.MouseButtonRelease: self._mouse_release,
            kind.TabletPress: self._tablet, kind.TabletMove: self._tablet, kind.TabletRelease: self._tablet,
            kind.Wheel: self._wheel, kind.NativeGesture: self._native_gesture, kind.Leave: self._leave,
            kind.ShortcutOverride: self.keys.override,
            kind.KeyPress: self.keys.press, kind.KeyRelease: self.keys.release,
            kind.FocusOut: self._focus_out, kind.DragEnter: self._drag_enter, kind.Drop: self._drop,
        }  # fmt: skip
        canvas.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Hand the event to whom it concerns; True where nobody else is to see it."""
        handler = self._handlers.get(event.type())
        return bool(handler is not None and watched is self._canvas and handler(event))

    def _mouse_press(self, event: QMouseEvent) -> bool:
        self._gestures.press(from_mouse(event))
        return True

    def _mouse_move(self, event: QMouseEvent) -> bool:
        self._gestures.move(from_mouse(event))
        return True

    def _mouse_release(self, event: QMouseEvent) -> bool:
        self._gestures.release(from_mouse(event))
        return True

    def _tablet(self, event: QTabletEvent) -> bool:
        """Every point of a pen; accepted, so that Qt makes no mouse events of them."""
        act = {
            QEvent.Type.TabletPress: self._gestures.press, QEvent.Type.TabletRelease: self._gestures.release,
        }.get(event.type(), self._gestures.move)  # fmt: skip
        if event.type() == QEvent.Type.TabletPress:
            self._canvas.setFocus(Qt.FocusReason.MouseFocusReason)  # Qt gives it for a mouse only
        act(from_tablet(event))
        event.accept()
        return True

    def _wheel(self, event: QWheelEvent) -> bool:
        """Ctrl and the wheel zoom, two fingers pan, and the plain wheel does what the setting says."""
        ctrl = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        anchor = event.position().x(), event.position().y()
        if ctrl or (self._canvas.wheel_zooms and not is_touchpad(event)):
            self._canvas.zoom_by(wheel_factor(event), anchor)
        else:
            delta = wheel_pan(event)
            self._canvas.pan_by(delta.x(), delta.y())
        event.accept()
        return True

    def _native_gesture(self, event: QNativeGestureEvent) -> bool:
        """Two fingers that spread zoom; a double tap of two goes between the whole picture and 100 %."""
        anchor = event.position().x(), event.position().y()
        if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self._canvas.zoom_by(1 + event.value(), anchor)
        elif event.gestureType() == Qt.NativeGestureType.SmartZoomNativeGesture:
            if self._canvas.fitted:
                self._canvas.actual_size(anchor)
            else:
                self._canvas.fit()
        else:
            return False
        return True

    def _leave(self, _event: QEvent) -> bool:
        if not self._gestures.kind:
            self._canvas.pointer_at(None)
        return False

    def _focus_out(self, _event: QEvent) -> bool:
        self._gestures.hold_hand(False)  # the release of Space goes to whoever has the focus now
        return False

    def _drag_enter(self, event: QDragEnterEvent) -> bool:
        if dropped_files(event):
            event.acceptProposedAction()
        return True

    def _drop(self, event: QDropEvent) -> bool:
        files = dropped_files(event)
        if files:
            event.acceptProposedAction()
            self._canvas.files_dropped.emit(files)
        return True


def dropped_files(event: QDropEvent) -> list[str]:
    """Paths of the local files that are dragged."""
    return [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]

