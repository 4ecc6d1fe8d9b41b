"""The pointer's shapes."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from PySide6.QtCore import QLineF, QPointF, Qt
from PySide6.QtGui import QColor, QCursor, QPainter, QPen, QPixmap

from editor.ui.gestures import Gestures
from editor.ui.pointer import Contact

SIDE_PT = 24


def for_gesture(gestures: Gestures, contact: Contact | None) -> QCursor:
    """The shape that says what goes on, or what a press at ``contact`` would begin."""
    kind = gestures.kind or gestures.kind_for(Contact(-99.0, -99.0) if contact is None else contact)
    if kind == "pan":
        return QCursor(Qt.CursorShape.ClosedHandCursor if gestures.kind else Qt.CursorShape.OpenHandCursor)
    if kind == "wipe":
        return QCursor(Qt.CursorShape.SplitHCursor)
    return magnifier() if kind == "zoom" else cross()


@lru_cache(maxsize=1)
def cross() -> QCursor:
    """A small open cross that hides nothing of what lies under it."""
    middle = QPointF(SIDE_PT / 2, SIDE_PT / 2)
    lines = [
        QLineF(middle + QPointF(dx * 3, dy * 3), middle + QPointF(dx * 8, dy * 8))
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1))
    ]
    return _drawn(lambda painter: painter.drawLines(lines), SIDE_PT // 2, SIDE_PT // 2)


@lru_cache(maxsize=1)
def magnifier() -> QCursor:
    """A lens with its handle."""

    def draw(painter: QPainter) -> None:
        painter.drawEllipse(QPointF(10, 10), 6, 6)
        painter.drawLine(QPointF(14.5, 14.5), QPointF(20, 20))

    return _drawn(draw, 10, 10)


def _drawn(draw: Callable[[QPainter], None], x: int, y: int) -> QCursor:
    """A cursor in white with a dark rim, sharp on dense screens, pointing with (x, y)."""
    pixmap = QPixmap(2 * SIDE_PT, 2 * SIDE_PT)
    pixmap.setDevicePixelRatio(2)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for colour, width in ((QColor(0, 0, 0, 180), 3.2), (QColor(255, 255, 255), 1.4)):
        painter.setPen(QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        draw(painter)
    painter.end()
    return QCursor(pixmap, x, y)
