"""Small pictures of layers and masks, made off the main thread."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QObject, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QImage, QLinearGradient, QPainter, QPainterPath, QPixmap

from editor.document.layer import Content, Gradient, SolidColour
from editor.document.tiles import Plane
from editor.jobs import JobRunner, Progress
from editor.ui import theme

SIZE = QSize(44, 30)
_SCALE = 2
_REST_MS = 300


class Thumbnails:
    """One picture per slot (a layer's content, its mask): the last one stays until the next has been made.

    A brush makes a new plane with every move of the pointer, so a picture is made only after a short rest.
    ``ready()`` is called when one has come.
    """

    def __init__(self, jobs: JobRunner, ready: Callable[[], None], parent: QObject) -> None:
        self._jobs, self._ready = jobs, ready
        self._made: dict[str, tuple[Plane, QImage]] = {}
        self._wanted: dict[str, Plane] = {}
        self._rest = QTimer(parent)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(self._make_wanted)

    def get(self, slot: str, content: Content) -> QPixmap | None:
        """The picture of a layer's content or of a mask, maybe of a moment ago; None where there is none yet."""
        if not isinstance(content, Plane):
            return framed(filled(content))
        kept = self._made.get(slot)
        if kept is None or kept[0] is not content:
            self._wanted[slot] = content
            self._rest.start(_REST_MS if kept is not None else 0)
        return None if kept is None else framed(kept[1])

    def forget(self) -> None:
        """Another document: its layers have other slots."""
        self._rest.stop()
        self._made.clear()
        self._wanted.clear()

    def _make_wanted(self) -> None:
        wanted, self._wanted = self._wanted, {}
        for slot, plane in wanted.items():
            self._make(slot, plane)

    def _make(self, slot: str, plane: Plane) -> None:
        def work(progress: Progress) -> QImage:
            progress(0.0, "thumbnail")
            return small_image(plane)

        def done(image: QImage) -> None:
            self._made[slot] = (plane, image)
            self._ready()

        self._jobs.submit("Thumbnail", work, done, key=f"thumbnail {slot}", quiet=True)


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
