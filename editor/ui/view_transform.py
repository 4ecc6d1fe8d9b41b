"""Where the picture lies in the widget: zoom and offset, in device pixels. Values only, no Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from editor.document.geometry import Rect

MIN_ZOOM, MAX_ZOOM = 0.01, 32.0
NEAREST_ZOOM = 2.0
"""From this zoom on pixels are shown as squares."""
STEPS = (
    0.01, 0.02, 0.03, 0.04, 0.05, 0.0625, 0.0833, 0.1, 0.125, 0.167, 0.2, 0.25, 0.333, 0.5, 0.667,
    1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0,
)  # fmt: skip
"""The zooms that the keys + and - go through."""
KEEP_IN_SIGHT_PX = 48
"""How much of the picture panning leaves in the widget."""


@dataclass(frozen=True)
class ViewTransform:
    """``zoom`` device pixels per picture pixel; the picture's corner at device pixel (``x``, ``y``).

    The corner is kept in fractions, so that zooming in and out again drifts nowhere, and drawn at ``origin``, whole
    pixels, so that finished pixels are shown as they are. ``fitted`` is True while the picture follows the widget's
    size.
    """

    zoom: float = 1.0
    x: float = 0.0
    y: float = 0.0
    fitted: bool = False

    @property
    def origin(self) -> tuple[int, int]:
        """The device pixel at which the picture's corner is drawn."""
        return math.floor(self.x + 0.5), math.floor(self.y + 0.5)

    @property
    def level(self) -> int:
        """The mip level to draw from: the smallest that still has a pixel for every device pixel."""
        return level_for(self.zoom)

    def to_picture(self, x: float, y: float) -> tuple[float, float]:
        """A device point in picture pixels."""
        left, top = self.origin
        return (x - left) / self.zoom, (y - top) / self.zoom

    def to_device(self, x: float, y: float) -> tuple[float, float]:
        """A picture point in device pixels."""
        left, top = self.origin
        return left + x * self.zoom, top + y * self.zoom

    def device_rect(self, rect: Rect) -> Rect:
        """The device pixels that a rectangle of the picture touches."""
        left, top = self.to_device(rect.x, rect.y)
        right, bottom = self.to_device(rect.right, rect.bottom)
        x, y = math.floor(left), math.floor(top)
        return Rect(x, y, math.ceil(right) - x, math.ceil(bottom) - y)

    def moved(self, dx: float, dy: float) -> ViewTransform:
        """Shifted by device pixels."""
        return replace(self, x=self.x + dx, y=self.y + dy, fitted=False)

    def zoomed(self, zoom: float, anchor: tuple[float, float]) -> ViewTransform:
        """At another zoom (held to the range), with the picture point under device point ``anchor`` where it is."""
        zoom = min(MAX_ZOOM, max(MIN_ZOOM, zoom))
        ratio = zoom / self.zoom
        x = anchor[0] - (anchor[0] - self.x) * ratio
        y = anchor[1] - (anchor[1] - self.y) * ratio
        return ViewTransform(zoom, x, y)

    def stepped(self, steps: int, anchor: tuple[float, float]) -> ViewTransform:
        """``steps`` places further in :data:`STEPS`; negative ones zoom out."""
        zoom = self.zoom
        for _ in range(abs(steps)):
            if steps > 0:
                zoom = next((step for step in STEPS if step > zoom * 1.001), MAX_ZOOM)
            else:
                zoom = next((step for step in reversed(STEPS) if step < zoom / 1.001), MIN_ZOOM)
        return self.zoomed(zoom, anchor)

    def kept_in_sight(self, size: tuple[int, int], widget: tuple[int, int]) -> ViewTransform:
        """Moved so far that a piece of a picture of ``size`` stays in a widget of ``widget`` device pixels."""
        return replace(
            self, x=_held(self.x, size[0] * self.zoom, widget[0]), y=_held(self.y, size[1] * self.zoom, widget[1])
        )


def level_for(zoom: float) -> int:
    """The coarsest mip level with at least one pixel for each device pixel at ``zoom``."""
    return max(0, math.floor(math.log2(1 / zoom) + 1e-9))


def fit(size: tuple[int, int], widget: tuple[int, int], margin_px: int = 0) -> ViewTransform:
    """A picture of ``size`` whole in a widget of ``widget`` device pixels, never enlarged beyond 100 %."""
    room = max(1, widget[0] - 2 * margin_px), max(1, widget[1] - 2 * margin_px)
    zoom = min(1.0, room[0] / size[0], room[1] / size[1])
    return centred(size, widget, max(MIN_ZOOM, zoom), fitted=True)


def centred(size: tuple[int, int], widget: tuple[int, int], zoom: float, fitted: bool = False) -> ViewTransform:
    """A picture of ``size`` at ``zoom`` in the middle of the widget."""
    return ViewTransform(zoom, (widget[0] - size[0] * zoom) / 2, (widget[1] - size[1] * zoom) / 2, fitted)


def _held(corner: float, length: float, room: int) -> float:
    """A corner held so that part of ``length`` stays inside [0, room]."""
    keep = min(KEEP_IN_SIGHT_PX, length, room)
    return min(room - keep, max(keep - length, corner))
