"""Keys on the canvas: the tool's own first, then Space, Esc, arrows, plus and minus, and painting without a mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QKeySequence

from editor.errors import UserError
from editor.ui.pointer import Contact

if TYPE_CHECKING:
    from editor.ui.canvas import Canvas

PAN_PT, FAST_PAN_PT = 40.0, 240.0
CURSOR_PT, FAST_CURSOR_PT = 2.0, 20.0
_ARROWS = {
    Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1),
}  # fmt: skip
_CTRL, _ALT, _SHIFT, _META = (
    Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.MetaModifier,
)  # fmt: skip


class CanvasKeys:
    """Decides about keys.

    Qt asks first whether a key is wanted, before the window's shortcuts see it (``override``). The tool is asked then
    and there, since only it knows; the key press that follows is swallowed. ``cursor`` is where Ctrl and the arrows
    point, or None.
    """

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._taken = 0
        self.cursor: Contact | None = None

    def override(self, event: QKeyEvent) -> bool:
        """Claim the key before any shortcut where the tool or the canvas needs it."""
        self._taken = 0
        wanted = self._tool_takes(event)
        if wanted:
            self._taken = event.key()
        key = event.key()
        wanted = wanted or (key == Qt.Key.Key_Space and is_plain(event)) or (
            key == Qt.Key.Key_Escape and self._canvas.gesturing
        )
        if wanted:
            event.accept()
        return wanted

    def press(self, event: QKeyEvent) -> bool:
        """Act on a key; False leaves it to the window."""
        if self._taken and self._taken == event.key():
            self._taken = 0
            return True
        return self._tool_takes(event) or self._act(event)

    def release(self, event: QKeyEvent) -> bool:
        """Space comes up: the tool is back."""
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._canvas.gestures.hold_hand(False)
        self._canvas.renew_marks()
        return False

    def _act(self, event: QKeyEvent) -> bool:
        key, held = event.key(), event.modifiers()
        if key == Qt.Key.Key_Space and is_plain(event):
            self._canvas.gestures.hold_hand(True)
        elif key == Qt.Key.Key_Escape:
            return self._canvas.cancel_gesture()
        elif key in _ARROWS and not held & (_ALT | _META):
            self._arrow(_ARROWS[Qt.Key(key)], bool(held & _CTRL), bool(held & _SHIFT))
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Minus) and is_plain(event):
            self._canvas.zoom_step(1 if key == Qt.Key.Key_Plus else -1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.cursor is not None:
            self._stamp(held)
        else:
            self._canvas.renew_marks()  # Shift or Alt may change what the tool would do
            return False
        return True

    def _arrow(self, direction: tuple[int, int], ctrl: bool, shift: bool) -> None:
        if ctrl:
            self._move_cursor(direction, FAST_CURSOR_PT if shift else CURSOR_PT)
        else:
            step = FAST_PAN_PT if shift else PAN_PT
            self._canvas.pan_by(-direction[0] * step, -direction[1] * step)

    def _move_cursor(self, direction: tuple[int, int], step: float) -> None:
        """Move the point where Enter presses, from the middle of the canvas at first."""
        canvas = self._canvas
        at = self.cursor or Contact(canvas.width() / 2, canvas.height() / 2)
        x = min(canvas.width() - 1.0, max(0.0, at.x + direction[0] * step))
        y = min(canvas.height() - 1.0, max(0.0, at.y + direction[1] * step))
        self.cursor = Contact(x, y)
        canvas.pointer_at(self.cursor)

    def _stamp(self, held: Qt.KeyboardModifier) -> None:
        """One click of the tool at the keyboard's point."""
        assert self.cursor is not None
        at = Contact(self.cursor.x, self.cursor.y, "left", shift=bool(held & _SHIFT), alt=bool(held & _ALT))
        self._canvas.gestures.press(at)
        self._canvas.gestures.release(at)

    def _tool_takes(self, event: QKeyEvent) -> bool:
        canvas = self._canvas
        name = key_name(event)
        if canvas.tool is None or canvas.document is None or not name or not is_plain(event):
            return False
        try:
            taken = canvas.tool.press_key(canvas.document, name)
        except UserError as error:
            canvas.report(error)
            return True
        if taken:
            canvas.tool_changed.emit()
            canvas.renew_marks()
        return taken


def key_name(event: QKeyEvent) -> str:
    """The key as Qt names it (``X``, ``[``, ``{``, ``Return``); empty for one without a name, Shift alone say."""
    if event.key() in (Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_Meta, Qt.Key.Key_AltGr, 0):
        return ""
    return QKeySequence(event.key()).toString(QKeySequence.SequenceFormat.PortableText)


def is_plain(event: QKeyEvent) -> bool:
    """True for a key without Ctrl, Alt or Meta; AltGr, by which some layouts type [, does not count as both."""
    held = event.modifiers()
    typed = bool(event.text()) and event.text().isprintable()
    alt_gr = bool(held & _CTRL) and bool(held & _ALT) and typed
    return alt_gr or not held & (_CTRL | _ALT | _META)
