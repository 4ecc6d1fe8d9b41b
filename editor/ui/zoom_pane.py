"""A widget that zooms and moves a picture: all about where the picture lies, nothing about what it is."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from editor.document.geometry import Rect
from editor.ui import view_transform
from editor.ui.view_transform import ViewTransform

FIT_MARGIN_PT = 24

Anchor = tuple[float, float] | None
"""A place in the widget's points that stays over the same pixel; None for the middle."""


class ZoomPane(QWidget):
    """Zoom and place of a picture of ``picture_size`` pixels. 100 % is one device pixel per picture pixel.

    ``foot_pt`` is how much of the widget's foot something else lies over: a fitted picture leaves it free.
    """

    zoom_changed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.foot_pt = 0.0
        self._transform = ViewTransform(fitted=True)

    @property
    def picture_size(self) -> tuple[int, int]:
        """Width and height of the picture in pixels."""
        return 1, 1

    @property
    def transform(self) -> ViewTransform:
        """Where the picture lies, in device pixels."""
        return self._transform

    @property
    def zoom(self) -> float:
        """Device pixels per picture pixel."""
        return self._transform.zoom

    @property
    def fitted(self) -> bool:
        """True while the picture follows the widget's size."""
        return self._transform.fitted

    def fit(self) -> None:
        """Show all of the picture, and go on doing so when the widget changes its size."""
        ratio = self.devicePixelRatioF()
        width, height = self.device_size
        room = width, max(1, height - round(self.foot_pt * ratio))
        self.set_transform(view_transform.fit(self.picture_size, room, round(FIT_MARGIN_PT * ratio)))

    def actual_size(self, anchor: Anchor = None) -> None:
        """100 %: a picture pixel is a device pixel."""
        self.set_zoom(1.0, anchor)

    def set_zoom(self, zoom: float, anchor: Anchor = None) -> None:
        """Zoom to ``zoom``, held to 1 % to 3200 %."""
        self.set_transform(self._transform.zoomed(zoom, self._device_point(anchor)))

    def zoom_by(self, factor: float, anchor: Anchor = None) -> None:
        """Zoom by ``factor``, about the middle or ``anchor``."""
        self.set_zoom(self.zoom * factor, anchor)

    def zoom_step(self, steps: int, anchor: Anchor = None) -> None:
        """Go through the round zooms; negative ``steps`` zoom out."""
        self.set_transform(self._transform.stepped(steps, self._device_point(anchor)))

    def pan_by(self, dx: float, dy: float) -> None:
        """Move the picture by points of the widget."""
        ratio = self.devicePixelRatioF()
        self.set_transform(self._transform.moved(dx * ratio, dy * ratio))

    def set_transform(self, transform: ViewTransform) -> None:
        """Put the picture elsewhere; a piece of it always stays in sight."""
        if not transform.fitted:
            transform = transform.kept_in_sight(self.picture_size, self.device_size)
        before, self._transform = self._transform, transform
        if transform.zoom != before.zoom:
            self.zoom_changed.emit(transform.zoom)
        if transform != before:
            self.update()

    @property
    def device_size(self) -> tuple[int, int]:
        """The widget's size in device pixels."""
        ratio = self.devicePixelRatioF()
        return round(self.width() * ratio), round(self.height() * ratio)

    def to_widget(self, x: float, y: float) -> tuple[float, float]:
        """A picture point in the widget's points."""
        ratio = self.devicePixelRatioF()
        left, top = self._transform.to_device(x, y)
        return left / ratio, top / ratio

    def to_picture(self, x: float, y: float) -> tuple[float, float]:
        """A point of the widget in picture pixels."""
        ratio = self.devicePixelRatioF()
        return self._transform.to_picture(x * ratio, y * ratio)

    def picture_area(self) -> QRectF:
        """Where the picture lies, in the widget's points."""
        return QRectF(QPointF(*self.to_widget(0, 0)), QPointF(*self.to_widget(*self.picture_size)))

    def update_device(self, rect: Rect) -> None:
        """Paint device pixels ``rect`` again."""
        ratio = self.devicePixelRatioF()
        area = QRectF(rect.x / ratio, rect.y / ratio, rect.w / ratio, rect.h / ratio)
        self.update(area.toAlignedRect())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit again, or leave the picture where it is but in sight."""
        super().resizeEvent(event)
        self.fit() if self.fitted else self.set_transform(self._transform)

    def event(self, event: QEvent) -> bool:
        """A move to a screen of another density keeps the zoom, in that screen's pixels, or fits again."""
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self.fit() if self.fitted else self.set_transform(self._transform)
            self.update()
        return super().event(event)

    def _device_point(self, anchor: Anchor) -> tuple[float, float]:
        x, y = (self.width() / 2, self.height() / 2) if anchor is None else anchor
        ratio = self.devicePixelRatioF()
        return x * ratio, y * ratio
