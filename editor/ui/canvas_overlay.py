"""What the canvas draws over the picture: the tool's marks, the wipe's line, the keyboard's point."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QTimer
from PySide6.QtGui import QPainter

from editor.api import Ring, Shape
from editor.errors import UserError
from editor.ui.marks import bounds_of, draw_cross, draw_marks, draw_wipe, marching
from editor.ui.pointer import Contact

if TYPE_CHECKING:
    from editor.ui.canvas import Canvas

STEP_MS = 120
"""How often dashes move on; not at all where motion is not wanted."""
DASH = 8.0


class CanvasOverlay:
    """Keeps the tool's marks for the place ``contact`` points at, and repaints no more than they touch."""

    def __init__(self, canvas: Canvas, motion: bool) -> None:
        self._canvas = canvas
        self.contact: Contact | None = None
        self.marks: list[Ring | Shape] = []
        self._drawn = QRectF()
        self._dash_offset = 0.0
        self._motion = motion
        self._walk = QTimer(canvas, interval=STEP_MS)
        self._walk.timeout.connect(self._step)

    def point_at(self, contact: Contact | None) -> None:
        """The pointer is here now; None when it has left: rings go, outlines and handles stay."""
        gone = contact is None
        if contact is not None:
            self.contact = contact
        self.renew(gone)
        if gone:
            self.contact = None

    def renew(self, gone: bool = False) -> None:
        """Ask the tool what it would do, and have the difference painted."""
        marks = self._ask()
        self.marks = [mark for mark in marks if not (isinstance(mark, Ring) and (gone or self.contact is None))]
        self._show()

    def rest(self) -> None:
        """Let the dashes stand still until the marks are asked for again."""
        self._walk.stop()

    def paint(self, painter: QPainter) -> None:
        """Draw everything, in the widget's points."""
        canvas = self._canvas
        if canvas.document is None:
            return
        if canvas.wipes:
            draw_wipe(painter, canvas.wipe_x(), *self.wipe_span())
        draw_marks(painter, self.marks, self._to_widget, self._dash_offset)
        at = canvas.input.keys.cursor
        if at is not None and at == self.contact:
            draw_cross(painter, at.x, at.y)

    def wipe_span(self) -> tuple[float, float]:
        """Top and bottom of the wipe's line: the part of the picture's height that is in sight."""
        area = self._canvas.picture_area()
        return max(0.0, area.top()), min(float(self._canvas.height()), area.bottom())

    def _ask(self) -> list[Ring | Shape]:
        canvas = self._canvas
        tool, document = canvas.tool, canvas.document
        if tool is None or document is None or canvas.gestures.kind in ("pan", "zoom", "wipe") or canvas.gestures.hand:
            return []
        contact = self.contact or Contact(-1.0, -1.0)
        if canvas.gestures.kind != "tool":
            contact = replace(contact, button="")
        try:
            return list(tool.preview(document, canvas.event_at(contact, contact.button == "right")))
        except UserError as error:
            canvas.report(error)
            return []

    def _to_widget(self, x: float, y: float) -> tuple[float, float]:
        canvas = self._canvas
        return canvas.to_widget(*canvas.tool_placement().to_canvas(x, y))

    def _show(self) -> None:
        """Have the old marks' place and the new ones' painted."""
        area = bounds_of(self.marks, self._to_widget) if self._canvas.document is not None else QRectF()
        for part in (self._drawn, area):
            if not part.isEmpty():
                self._canvas.update(part.toAlignedRect())
        self._drawn = area
        if self._motion and marching(self.marks):
            if not self._walk.isActive():
                self._walk.start()
        else:
            self._walk.stop()

    def _step(self) -> None:
        self._dash_offset = (self._dash_offset + 1) % DASH
        self._canvas.update(self._drawn.toAlignedRect())
