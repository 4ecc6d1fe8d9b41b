"""Whole-pixel rectangles and the placing of a layer on the canvas."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Rect:
    """A rectangle of whole pixels: left, top, width, height. Empty when a side is not positive."""

    x: int
    y: int
    w: int
    h: int

    @property
    def right(self) -> int:
        """The first column past the rectangle."""
        return self.x + self.w

    @property
    def bottom(self) -> int:
        """The first row past the rectangle."""
        return self.y + self.h

    @property
    def empty(self) -> bool:
        """True when it holds no pixel."""
        return self.w <= 0 or self.h <= 0

    @property
    def area(self) -> int:
        """How many pixels it holds."""
        return 0 if self.empty else self.w * self.h

    def intersect(self, other: Rect) -> Rect:
        """The part that lies in both; an empty rectangle where there is none."""
        x, y = max(self.x, other.x), max(self.y, other.y)
        return Rect(x, y, max(0, min(self.right, other.right) - x), max(0, min(self.bottom, other.bottom) - y))

    def union(self, other: Rect) -> Rect:
        """The smallest rectangle that holds both; empty ones count for nothing."""
        if self.empty:
            return other
        if other.empty:
            return self
        x, y = min(self.x, other.x), min(self.y, other.y)
        return Rect(x, y, max(self.right, other.right) - x, max(self.bottom, other.bottom) - y)

    def expand(self, margin_px: int) -> Rect:
        """Grown by ``margin_px`` on every side."""
        return Rect(self.x - margin_px, self.y - margin_px, self.w + 2 * margin_px, self.h + 2 * margin_px)

    def moved(self, dx: int, dy: int) -> Rect:
        """Shifted by whole pixels."""
        return Rect(self.x + dx, self.y + dy, self.w, self.h)

    def at_level(self, level: int) -> Rect:
        """The rectangle of a mip level (each halves both sides) that covers this one."""
        step = 1 << level
        x, y = self.x // step, self.y // step
        return Rect(x, y, -(-self.right // step) - x, -(-self.bottom // step) - y)

    def slices(self) -> tuple[slice, slice]:
        """Row and column slices for an array that starts at (0, 0)."""
        return slice(self.y, self.bottom), slice(self.x, self.right)


@dataclass(frozen=True)
class Placement:
    """Where a layer lies on the canvas: its corner at (x, y) canvas pixels, enlarged ``scale`` times."""

    x: float = 0.0
    y: float = 0.0
    scale: float = 1.0

    @property
    def whole_pixels(self) -> bool:
        """True when the layer's pixels fall on canvas pixels, so that nothing is resampled."""
        return self.scale == 1.0 and float(self.x).is_integer() and float(self.y).is_integer()

    def to_canvas(self, x: float, y: float) -> tuple[float, float]:
        """A layer point (x, y) on the canvas."""
        return self.x + x * self.scale, self.y + y * self.scale

    def to_layer(self, x: float, y: float) -> tuple[float, float]:
        """A canvas point (x, y) in the layer's own pixels."""
        return (x - self.x) / self.scale, (y - self.y) / self.scale

    def canvas_rect(self, rect: Rect) -> Rect:
        """The canvas pixels that a rectangle of the layer touches."""
        left, top = self.to_canvas(rect.x, rect.y)
        right, bottom = self.to_canvas(rect.right, rect.bottom)
        x, y = math.floor(left), math.floor(top)
        return Rect(x, y, math.ceil(right) - x, math.ceil(bottom) - y)

    def layer_rect(self, rect: Rect) -> Rect:
        """The layer pixels that a rectangle of the canvas needs, with one to spare for resampling."""
        left, top = self.to_layer(rect.x, rect.y)
        right, bottom = self.to_layer(rect.right, rect.bottom)
        spare = 0 if self.whole_pixels else 1
        x, y = math.floor(left) - spare, math.floor(top) - spare
        return Rect(x, y, math.ceil(right) + spare - x, math.ceil(bottom) + spare - y)
