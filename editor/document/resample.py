"""Colours and alpha of a plane, read for a rectangle of the canvas at any mip level.

A plane whose pixels fall on the level's pixels is read as it is. Any other is resampled from the mip level that is
just finer than what is wanted, at twice the wanted density, and averaged down, so that fine detail does not alias.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from editor.document.blend import Piece, as_float, premultiplied, straight
from editor.document.geometry import Placement, Rect
from editor.document.layer import Layer
from editor.document.tiles import TILE_PX, Plane

_SPARE_PX = 3


@dataclass(frozen=True)
class Fit:
    """How a layer's mip level ``mip`` lies on the canvas's level: its corner at (x, y), ``scale`` times enlarged."""

    mip: int
    x: float
    y: float
    scale: float
    width: float
    height: float

    @property
    def exact(self) -> bool:
        """True when pixels fall on pixels."""
        return self.scale == 1.0 and self.x.is_integer() and self.y.is_integer()

    @property
    def outer(self) -> Rect:
        """The pixels of the canvas's level that the layer touches."""
        x, y = math.floor(self.x), math.floor(self.y)
        return Rect(x, y, math.ceil(self.x + self.width) - x, math.ceil(self.y + self.height) - y)


def fit_of(size: Rect, placement: Placement, level: int) -> Fit:
    """Choose the mip level of a layer of ``size`` for the canvas's ``level``, and where it then lies."""
    step = 2.0**level
    mip = max(0, math.floor(math.log2(step / placement.scale) + 1e-9))
    scale = placement.scale * 2.0**mip / step
    w, h = -(-size.w // 2**mip), -(-size.h // 2**mip)
    return Fit(mip, placement.x / step, placement.y / step, scale, w * scale, h * scale)


def read_exact(layer: Layer, rect: Rect, mip: int, keep_hidden: bool = False) -> Piece | None:
    """Colours and alpha of ``rect`` in pixels of the layer's mip level ``mip``, within the layer.

    None where all is empty, unless ``keep_hidden`` asks for the colours under an alpha of 0 too. Colours are the
    photo's own wherever the mask is opaque; elsewhere they have moved from the photo's to the subject's own by
    ``layer.decontaminate``.
    """
    content = layer.content
    assert isinstance(content, Plane)
    mask = read_mask(layer, rect, mip)
    if mask is None:
        return Piece(content.at_level(mip).read(rect))
    if not mask.size:
        if not keep_hidden:
            return None
        mask = np.zeros((rect.h, rect.w), np.uint16)
    return Piece(_colours(layer, rect, mip, mask), as_float(mask))


def read_mask(layer: Layer, rect: Rect, mip: int) -> np.ndarray | None:
    """The mask's uint16 values in ``rect``; None where all of it is opaque, an array of size 0 where all is empty."""
    if layer.mask is None or not layer.mask_on:
        return None
    plane = layer.mask.at_level(mip)
    if plane.fill == 0 and all(plane.tile(key) is None for key in keys_of(rect)):
        return np.zeros((0, 0), np.uint16)
    mask = plane.read(rect)
    if mask.min() == plane.top_value:
        return None
    return mask if mask.any() else np.zeros((0, 0), np.uint16)


def keys_of(rect: Rect) -> list[tuple[int, int]]:
    """Keys (row, column) of the tiles that ``rect`` touches."""
    if rect.empty:
        return []
    rows = range(rect.y // TILE_PX, (rect.bottom - 1) // TILE_PX + 1)
    columns = range(rect.x // TILE_PX, (rect.right - 1) // TILE_PX + 1)
    return [(row, column) for row in rows for column in columns]


def read_placed(layer: Layer, fit: Fit, rect: Rect, open_sides: tuple[bool, bool, bool, bool]) -> Piece | None:
    """The layer resampled for ``rect`` of the canvas's level.

    ``open_sides`` (left, top, right, bottom) are those where the layer runs out at or past the canvas's edge: there
    its last pixels go on, elsewhere its edge is smooth.
    """
    assert isinstance(layer.content, Plane)
    plane = layer.content.at_level(fit.mip)
    source = _source_rect(fit, rect).intersect(plane.size_rect)
    if source.empty:
        source = _nearest(_source_rect(fit, rect), plane.size_rect)
    piece = read_exact(layer, source, fit.mip)
    if piece is None:
        return None
    cover = _coverage(fit, rect, open_sides)
    if piece.alpha is None:
        colour = _warp(as_float(piece.colour), fit, source, rect)
        return Piece(np.clip(colour, 0.0, 1.0, out=colour), cover)
    flat = premultiplied(as_float(piece.colour), piece.alpha)
    warped = _warp(flat, fit, source, rect)
    alpha = np.clip(warped[..., 3], 0.0, 1.0)
    colour = straight(warped[..., :3], alpha)
    return Piece(colour, alpha if cover is None else alpha * cover)


def _colours(layer: Layer, rect: Rect, mip: int, mask: np.ndarray) -> np.ndarray:
    """The colours that are shown: photo + decontaminate (own - photo), and the photo where the mask is opaque."""
    assert isinstance(layer.content, Plane)
    photo = layer.content.at_level(mip).read(rect)
    strength = layer.decontaminate
    if layer.foreground is None or layer.foreground is layer.content or strength <= 0.0:
        return photo
    own = layer.foreground.at_level(mip).read(rect)
    if strength < 1.0:
        base = as_float(photo)
        own, photo = base + np.float32(strength) * (as_float(own) - base), base
    return cv2.copyTo(photo, (mask == 65535).view(np.uint8), own)


def _source_rect(fit: Fit, rect: Rect) -> Rect:
    """The pixels of the layer's mip level that ``rect`` needs, with some to spare for the resampling's reach."""
    left, top = (rect.x - fit.x) / fit.scale, (rect.y - fit.y) / fit.scale
    x, y = math.floor(left) - _SPARE_PX, math.floor(top) - _SPARE_PX
    right, bottom = left + rect.w / fit.scale, top + rect.h / fit.scale
    return Rect(x, y, math.ceil(right) + _SPARE_PX - x, math.ceil(bottom) + _SPARE_PX - y)


def _nearest(rect: Rect, bounds: Rect) -> Rect:
    """One pixel of ``bounds``, the nearest to a rectangle outside it."""
    return Rect(min(max(rect.x, 0), bounds.right - 1), min(max(rect.y, 0), bounds.bottom - 1), 1, 1)


def _warp(values: np.ndarray, fit: Fit, source: Rect, rect: Rect) -> np.ndarray:
    """float32 ``values`` of ``source`` resampled to ``rect``: cubic when enlarged, else four linear samples a pixel."""
    dense = 1 if fit.scale >= 1.0 else 2
    step = 1.0 / (fit.scale * dense)
    x = (rect.x - fit.x) / fit.scale + 0.5 * step - 0.5 - source.x
    y = (rect.y - fit.y) / fit.scale + 0.5 * step - 0.5 - source.y
    matrix = np.array([[step, 0.0, x], [0.0, step, y]])
    how = (cv2.INTER_CUBIC if dense == 1 and fit.scale > 1.0 else cv2.INTER_LINEAR) | cv2.WARP_INVERSE_MAP
    size = (rect.w * dense, rect.h * dense)
    warped = cv2.warpAffine(values, matrix, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
    return warped if dense == 1 else cv2.resize(warped, (rect.w, rect.h), interpolation=cv2.INTER_AREA)


def _coverage(fit: Fit, rect: Rect, open_sides: tuple[bool, bool, bool, bool]) -> np.ndarray | None:
    """How much of each pixel of ``rect`` the layer covers, (h, w) in [0, 1]; None where it covers all of them."""
    left, top, right, bottom = open_sides
    across = _overlap(fit.x, fit.x + fit.width, rect.x, rect.w, left, right)
    down = _overlap(fit.y, fit.y + fit.height, rect.y, rect.h, top, bottom)
    if across.min() == 1.0 and down.min() == 1.0:
        return None
    return down[:, None] * across[None, :]


def _overlap(start: float, end: float, first: int, count: int, open_start: bool, open_end: bool) -> np.ndarray:
    """The part of each of ``count`` unit cells from ``first`` on that lies between ``start`` and ``end``."""
    cells = np.arange(first, first + count, dtype=np.float64)
    low = -math.inf if open_start else start
    high = math.inf if open_end else end
    return np.clip(np.minimum(cells + 1, high) - np.maximum(cells, low), 0.0, 1.0).astype(np.float32)
