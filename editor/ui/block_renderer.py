"""One block of the screen from composite tiles: chosen level, resampled, in the monitor's colours, over its backdrop.

Pure of widgets: arrays in, a ``QImage`` out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Protocol

import cv2
import numpy as np
import qimage2ndarray
from PySide6.QtGui import QColor, QImage

from editor.document.geometry import Rect
from editor.ui.colour_display import ColourDisplay
from editor.ui.overlay import TintStyle, draw_tint
from editor.ui.view_transform import NEAREST_ZOOM, level_for
from editor.ui.views import Look

CHECKER_POINTS = 16
CHECKER_GREYS = (244, 209)



class OutOfTime(Exception):  # noqa: N818 - it is no error
    """Raised where drawing on would hold up the window; what is made so far is kept for the next turn."""


class Source(Protocol):
    """Where pixels come from."""

    def begin(self, deadline_s: float) -> None:
        """Raise ``OutOfTime`` from now on where a tile is to be made after ``deadline_s`` (the first one is free)."""

    def region(self, look: Look, level: int, rect: Rect) -> np.ndarray | None:
        """Composite pixels (h, w, 4) of a look at a level, straight; None while a worker makes them."""
        ...

    def labels(self, level: int, rect: Rect) -> np.ndarray:
        """The trimap's labels (h, w) at a level."""
        ...


@dataclass(frozen=True)
class Sampling:
    """From pixels of one level to device pixels: ``scale`` device pixels to one of the level's."""

    zoom: float
    level: int

    @property
    def scale(self) -> float:
        """Device pixels per pixel of the level."""
        return self.zoom * (1 << self.level)

    @property
    def nearest(self) -> bool:
        """True where pixels are shown as squares."""
        return self.zoom >= NEAREST_ZOOM

    def source(self, rect: Rect, size: tuple[int, int]) -> Rect:
        """The level's pixels that device pixels ``rect`` are made of, inside a level of ``size``."""
        spare = 0 if self.nearest else 1
        x, y = math.floor(rect.x / self.scale) - spare, math.floor(rect.y / self.scale) - spare
        right, bottom = math.ceil(rect.right / self.scale) + spare, math.ceil(rect.bottom / self.scale) + spare
        return Rect(x, y, right - x, bottom - y).intersect(Rect(0, 0, *size))

    def resample(self, piece: np.ndarray, source: Rect, rect: Rect) -> np.ndarray:
        """Device pixels ``rect`` from ``piece``, the level's pixels ``source``."""
        if self.scale == 1.0:
            part = rect.moved(-source.x, -source.y)
            if Rect(0, 0, source.w, source.h).intersect(part) == part:
                return np.ascontiguousarray(piece[part.slices()])
        if self.nearest:
            return self.pick(piece, source, rect)
        back = 1 / self.scale
        offset = 0.5 * back - 0.5
        matrix = np.array(
            [[back, 0, rect.x * back + offset - source.x], [0, back, rect.y * back + offset - source.y]]
        )
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(piece, matrix, (rect.w, rect.h), flags=flags, borderMode=cv2.BORDER_REPLICATE)

    def pick(self, piece: np.ndarray, source: Rect, rect: Rect) -> np.ndarray:
        """Like ``resample``, but each device pixel takes the level's pixel under it; names may be sampled so."""
        columns = np.floor((np.arange(rect.x, rect.right) + 0.5) / self.scale).astype(np.intp) - source.x
        rows = np.floor((np.arange(rect.y, rect.bottom) + 0.5) / self.scale).astype(np.intp) - source.y
        columns = np.clip(columns, 0, source.w - 1)
        rows = np.clip(rows, 0, source.h - 1)
        if piece.ndim == 3:
            words = np.ascontiguousarray(piece).view(np.uint32)[:, :, 0]
            return words[rows].take(columns, axis=1).view(np.uint8).reshape(rect.h, rect.w, 4)
        return piece[rows].take(columns, axis=1)


@dataclass(frozen=True)
class Style:
    """All that changes a block's looks and is no pixel of the document's. ``backdrop`` overrules the checker."""

    tint: TintStyle = field(default_factory=TintStyle)
    backdrop: QColor | None = None
    unit: float = 1.0


def render(
    look: Look, zoom: float, level: int, rect: Rect, size: tuple[int, int],
    source: Source, colours: ColourDisplay, style: Style,
) -> QImage | None:  # fmt: skip
    """Device pixels ``rect`` of a picture of ``size`` at ``zoom``, made from mip ``level``; None without its tiles."""
    sampling = Sampling(zoom, level)
    level_size = size_at(size, level)
    area = sampling.source(rect, level_size)
    straight = source.region(look, level, area)
    if straight is None:
        return None
    piece = premultiplied(straight, opaque=not look.backdrop)
    convert = colours.convert if look.managed else _as_is
    if sampling.scale > 1:
        shown = sampling.resample(convert(piece), area, rect)
    else:
        shown = convert(sampling.resample(piece, area, rect))
    image = QImage(rect.w, rect.h, QImage.Format.Format_RGB32)
    pixels = qimage2ndarray.byte_view(image)
    pixels[:] = shown
    if look.backdrop:
        _lay_under(pixels, look.backdrop, rect, style)
    if look.tinted and style.tint.visible:
        draw_tint(pixels, read_labels(source, zoom, rect, size, style.tint.margin_px), (rect.x, rect.y), style.tint)
    return image


def size_at(size: tuple[int, int], level: int) -> tuple[int, int]:
    """Width and height of a mip level."""
    step = 1 << level
    return max(1, -(-size[0] // step)), max(1, -(-size[1] // step))


def premultiplied(straight: np.ndarray, opaque: bool) -> np.ndarray:
    """(h, w, 4) uint8 or uint16 straight RGBA as uint8 premultiplied BGRA, rounded to the nearest."""
    eight = straight if straight.dtype == np.uint8 else cv2.convertScaleAbs(straight, alpha=1 / 257)
    eight = np.ascontiguousarray(eight)
    if not opaque:
        eight = cv2.cvtColor(eight, cv2.COLOR_RGBA2mRGBA)
    return cv2.cvtColor(eight, cv2.COLOR_RGBA2BGRA)


def read_labels(source: Source, zoom: float, rect: Rect, size: tuple[int, int], margin_px: int) -> np.ndarray:
    """The trimap's labels under device pixels ``rect`` grown by a margin; the edge's go on beyond it."""
    level = level_for(zoom)
    sampling = Sampling(zoom, level)
    wide = rect.expand(margin_px)
    area = sampling.source(wide, size_at(size, level))
    return sampling.pick(source.labels(level, area), area, wide)


def _as_is(pixels: np.ndarray) -> np.ndarray:
    return pixels


def _lay_under(pixels: np.ndarray, backdrop: str, rect: Rect, style: Style) -> None:
    """Put a backdrop under premultiplied ``pixels`` (h, w, 4), in place."""
    if backdrop == "black":
        return
    through = 255 - pixels[:, :, 3]
    if not cv2.hasNonZero(through):
        return
    if backdrop == "white":
        under = cv2.merge([through] * 4)
    elif style.backdrop is not None:
        colour = style.backdrop
        parts = [cv2.convertScaleAbs(through, alpha=v / 255) for v in (colour.blue(), colour.green(), colour.red())]
        under = cv2.merge([*parts, through])
    else:
        grey = cv2.multiply(through, _checker(rect, style.unit), scale=1 / 255)
        under = cv2.merge([grey] * 4)
    cv2.add(pixels, under, dst=pixels)


def _checker(rect: Rect, unit: float) -> np.ndarray:
    """The checkerboard's greys, (h, w) uint8, squares of the same size at every zoom."""
    side = max(1, round(CHECKER_POINTS * unit))
    odd = (np.arange(rect.y, rect.bottom) // side)[:, None] + (np.arange(rect.x, rect.right) // side)[None, :]
    return np.array(CHECKER_GREYS, np.uint8)[odd & 1]
