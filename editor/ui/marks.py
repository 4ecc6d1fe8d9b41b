"""What is drawn over the photo and is not part of it: the brush ring, outlines, handles, the wipe's line."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen, QPolygonF

from editor.api import Ring, Shape

HANDLE_PT = 4.5
WIPE_KNOB_PT = 16.0
_ROUND = ((1, 0), (-1, 0), (0, 1), (0, -1))
DARK, LIGHT = QColor(0, 0, 0, 170), QColor(255, 255, 255)
Mark = Ring | Shape
ToWidget = Callable[[float, float], tuple[float, float]]
"""From the pixels of the tool's space to the widget's points."""


def draw_marks(painter: QPainter, marks: Sequence[Mark], to_widget: ToWidget, dash_offset: float) -> None:
    """Draw rings and shapes in the widget's points, each in white with a dark rim, so that it shows on any photo."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for mark in marks:
        if isinstance(mark, Ring):
            _draw_ring(painter, mark, to_widget)
        else:
            _draw_shape(painter, mark, to_widget, dash_offset)
    painter.restore()


def bounds_of(marks: Sequence[Mark], to_widget: ToWidget) -> QRectF:
    """The widget's points that the marks can touch."""
    area = QRectF()
    for mark in marks:
        if isinstance(mark, Ring):
            centre, radius = QPointF(*to_widget(mark.x, mark.y)), _radius(mark.x, mark.radius_px, mark.y, to_widget)
            area = area.united(QRectF(centre.x() - radius, centre.y() - radius, 2 * radius, 2 * radius))
        elif mark.points:
            area = area.united(QPolygonF([QPointF(*to_widget(*point)) for point in mark.points]).boundingRect())
    return area.adjusted(-HANDLE_PT - 3, -HANDLE_PT - 3, HANDLE_PT + 3, HANDLE_PT + 3) if marks else area


def draw_wipe(painter: QPainter, x: float, top: float, bottom: float) -> None:
    """The line between before and after, at ``x``, with its knob half way down; all in the widget's points."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(0, 0, 0, 90), 4))
    painter.drawLine(QPointF(x, top), QPointF(x, bottom))
    painter.setPen(QPen(LIGHT, 2))
    painter.drawLine(QPointF(x, top), QPointF(x, bottom))
    middle = QPointF(x, (top + bottom) / 2)
    painter.setPen(QPen(QColor(0, 0, 0, 60), 1))
    painter.setBrush(QBrush(LIGHT))
    painter.drawEllipse(middle, WIPE_KNOB_PT, WIPE_KNOB_PT)
    painter.setPen(QPen(QColor(30, 31, 34), 1.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(_double_arrow(middle))
    painter.restore()


def draw_cross(painter: QPainter, x: float, y: float) -> None:
    """The point that the keyboard moves."""
    painter.save()
    lines = [QLineF(x + dx * 4, y + dy * 4, x + dx * 11, y + dy * 11) for dx, dy in _ROUND]
    _twice(painter, lambda: painter.drawLines(lines), 1.4)
    painter.restore()


def marching(marks: Sequence[Mark]) -> bool:
    """True where an outline of a region is among the marks, whose dashes may walk."""
    return any(isinstance(mark, Shape) and mark.closed and not mark.handles for mark in marks)


def _draw_ring(painter: QPainter, ring: Ring, to_widget: ToWidget) -> None:
    """The ring as filled bands: stroking a large circle with a soft pen takes ten times as long."""
    centre = QPointF(*to_widget(ring.x, ring.y))
    radius = max(1.5, _radius(ring.x, ring.radius_px, ring.y, to_widget))
    core = _radius(ring.x, ring.core_px, ring.y, to_widget)
    painter.save()
    painter.setPen(Qt.PenStyle.NoPen)
    for colour, width in ((DARK, 3.0), (LIGHT, 1.4)):
        painter.setBrush(colour)
        painter.drawPath(_band(centre, radius, width))
    if 2 < core < radius - 2:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, pattern in ((QColor(0, 0, 0, 120), [4, 4]), (QColor(255, 255, 255, 210), [0, 4, 4, 0])):
            pen = QPen(colour, 1.0, Qt.PenStyle.CustomDashLine, Qt.PenCapStyle.FlatCap)
            pen.setDashPattern(pattern)
            painter.setPen(pen)
            painter.drawEllipse(centre, core, core)
    painter.restore()


def _band(centre: QPointF, radius: float, width: float) -> QPainterPath:
    """A circle's outline as an area."""
    path = QPainterPath()
    for edge in (radius + width / 2, max(0.0, radius - width / 2)):
        path.addEllipse(centre, edge, edge)
    return path


def _draw_shape(painter: QPainter, shape: Shape, to_widget: ToWidget, dash_offset: float) -> None:
    points = [QPointF(*to_widget(*point)) for point in shape.points]
    if not points:
        return
    path = QPainterPath(points[0])
    for point in points[1:]:
        path.lineTo(point)
    if shape.closed:
        path.closeSubpath()
    if shape.closed and not shape.handles:
        painter.setPen(QPen(DARK, 1.6))
        painter.drawPath(path)
        pen = QPen(LIGHT, 1.4, Qt.PenStyle.CustomDashLine)
        pen.setDashPattern([4, 4])
        pen.setDashOffset(dash_offset)
        painter.setPen(pen)
        painter.drawPath(path)
    else:
        _twice(painter, lambda: painter.drawPath(path), 1.3)
    if shape.handles:
        _draw_handles(painter, points)


def _draw_handles(painter: QPainter, points: list[QPointF]) -> None:
    painter.setPen(QPen(QColor(30, 31, 34), 1.2))
    painter.setBrush(QBrush(LIGHT))
    for point in points:
        painter.drawRect(QRectF(point.x() - HANDLE_PT, point.y() - HANDLE_PT, 2 * HANDLE_PT, 2 * HANDLE_PT))
    painter.setBrush(Qt.BrushStyle.NoBrush)


def _twice(painter: QPainter, draw: Callable[[], None], width: float) -> None:
    """Draw a line in white over a wider dark one."""
    painter.setPen(QPen(DARK, width + 1.6))
    draw()
    painter.setPen(QPen(LIGHT, width))
    draw()


def _radius(x: float, radius_px: float, y: float, to_widget: ToWidget) -> float:
    return abs(to_widget(x + radius_px, y)[0] - to_widget(x, y)[0])


def _double_arrow(middle: QPointF) -> QPainterPath:
    path = QPainterPath(middle + QPointF(-7, 0))
    path.lineTo(middle + QPointF(7, 0))
    for side in (-1, 1):
        path.moveTo(middle + QPointF(side * 3.5, -3.5))
        path.lineTo(middle + QPointF(side * 7, 0))
        path.lineTo(middle + QPointF(side * 3.5, 3.5))
    return path
