"""Small pictures of layers and masks, made off the main thread and kept as long as the plane is the same."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QLinearGradient, QPainter, QPainterPath, QPixmap

from editor.document.layer import Content, Gradient, SolidColour
from editor.document.tiles import Plane
from editor.jobs import JobRunner, Progress
from editor.ui import theme

SIZE = QSize(44, 30)
_SCALE = 2
_MOST_KEPT = 64


class Thumbnails:
    """``get`` answers at once with what is there and calls ``ready`` when a better picture has been made."""

    def __init__(self, jobs: JobRunner, ready: Callable[[], None]) -> None:
        self._jobs, self._ready = jobs, ready
        self._made: dict[int, tuple[Plane, QImage]] = {}
        self._asked: set[int] = set()

    def get(self, content: Content) -> QPixmap | None:
        """A picture of a layer's content, or of a mask; None while it is being made."""
        if not isinstance(content, Plane):
            return framed(filled(content))
        kept = self._made.get(id(content))
        if kept is not None:
            return framed(kept[1])
        if id(content) not in self._asked:
            self._ask(content)
        return None

    def _ask(self, plane: Plane) -> None:
        self._asked.add(id(plane))

        def work(progress: Progress) -> QImage:
            progress(0.0, "thumbnail")
            return small_image(plane)

        def done(image: QImage) -> None:
            self._asked.discard(id(plane))
            self._made[id(plane)] = (plane, image)
            while len(self._made) > _MOST_KEPT:
                self._made.pop(next(iter(self._made)))
            self._ready()

        def failed(_: BaseException) -> None:
            self._asked.discard(id(plane))

        self._jobs.submit("Thumbnail", work, done, failed, quiet=True)


def small_image(plane: Plane) -> QImage:
    """The plane at a mip level near the thumbnail's size, eight bits."""
    level = 0
    while min(plane.width >> (level + 1), plane.height >> (level + 1)) >= 2 * SIZE.height() * _SCALE:
        level += 1
    pixels = plane.at_level(level).to_array()
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    if pixels.ndim == 2:
        pixels = np.dstack([pixels] * 3)
    pixels = np.ascontiguousarray(pixels)
    height, width = pixels.shape[:2]
    return QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def filled(content: SolidColour | Gradient) -> QImage:
    """A colour or a gradient as a picture."""
    image = QImage(SIZE * _SCALE, QImage.Format.Format_RGB888)
    if isinstance(content, SolidColour):
        image.fill(QColor.fromRgbF(*content.rgb))
        return image
    painter = QPainter(image)
    angle = np.deg2rad(content.angle_deg)
    dx, dy = np.cos(angle) * image.width() / 2, np.sin(angle) * image.height() / 2
    middle_x, middle_y = image.width() / 2, image.height() / 2
    gradient = QLinearGradient(middle_x - dx, middle_y - dy, middle_x + dx, middle_y + dy)
    gradient.setColorAt(0, QColor.fromRgbF(*content.start))
    gradient.setColorAt(1, QColor.fromRgbF(*content.end))
    painter.fillRect(image.rect(), gradient)
    painter.end()
    return image


def framed(image: QImage, size: QSize = SIZE) -> QPixmap:
    """The picture cut to the size, with round corners and a line round it."""
    target = size * _SCALE
    scaled = image.scaled(
        target, Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
    )
    drawn = QPixmap(target)
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    area = QRectF(1, 1, target.width() - 2, target.height() - 2)
    shape = QPainterPath()
    shape.addRoundedRect(area, 6, 6)
    painter.setClipPath(shape)
    painter.drawImage((target.width() - scaled.width()) // 2, (target.height() - scaled.height()) // 2, scaled)
    painter.setClipping(False)
    painter.setPen(QColor(theme.current().line))
    painter.drawPath(shape)
    painter.end()
    drawn.setDevicePixelRatio(_SCALE)
    return drawn
