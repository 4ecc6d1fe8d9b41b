"""Brush strokes: dabs gather in a coverage of their own, which is then laid over the plane from the stroke's start.

Because dabs join by maximum and are merged from the plane as it was at the press, a stroke that crosses itself is no
darker there, and no dab is ever rounded twice. Only what a move has touched is merged again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import cv2
import numpy as np

from editor.document.geometry import Rect
from editor.document.tiles import TILE_PX, Key, Plane

FULL = 65535
"""Coverage that stands for 1.0."""
HALF = 32768
"""The coverage from which on a pixel counts as painted where labels cannot mix."""
LEAST_PRESSURE = 0.05
LEAST_STEP_PX = 0.5

Mix: TypeAlias = Callable[[Key, Rect, np.ndarray, np.ndarray], np.ndarray]
"""``mix(key, rect, base, coverage)``.

The new pixels of ``rect`` (in the plane's pixels), a part of the tile ``key``, from the pixels at the stroke's start
and the coverage there, (h, w) uint16. Neither may be written to.
"""


@dataclass(frozen=True)
class Brush:
    """A round brush: diameter, hardness in [0, 1], distance of dabs as a share of the diameter, and whether pressure
    sizes it.

    Coverage is one half exactly on the circle of ``size_px``: that is where a label ends and where the ring is drawn.
    It is full up to ``hardness`` times the radius and falls to nothing as far outside the circle as that core lies
    inside.
    """

    size_px: float = 40.0
    hardness: float = 0.8
    spacing: float = 0.1
    pressure: bool = True

    def diameter_px(self, pressure: float) -> float:
        """The diameter of a dab made with this pressure in [0, 1]."""
        return self.size_px * max(LEAST_PRESSURE, min(1.0, pressure)) if self.pressure else self.size_px

    @property
    def core_px(self) -> float:
        """The radius up to which a dab at full pressure covers wholly."""
        return 0.5 * self.size_px * self.hardness


class Stroke:
    """One stroke on a plane of ``width`` x ``height`` pixels: ``start``, then ``to`` for each move, then ``merge``."""

    def __init__(self, brush: Brush, width: int, height: int) -> None:
        self.brush = brush
        self._bounds = Rect(0, 0, width, height)
        self._coverage: dict[Key, np.ndarray] = {}
        self._touched: dict[Key, tuple[int, int, int, int]] = {}
        self._last = (0.0, 0.0, 1.0)
        self._until_next_px = 0.0

    def start(self, x: float, y: float, pressure: float = 1.0) -> None:
        """Put the first dab at (x, y) pixels; a pixel's centre lies at a half."""
        self._last = (x, y, pressure)
        self._dab(x, y, pressure)
        self._until_next_px = self._step_px(pressure)

    def to(self, x: float, y: float, pressure: float = 1.0) -> None:
        """Go straight on to (x, y); what is left of the distance between two dabs is carried over to the next move."""
        x0, y0, pressure0 = self._last
        length = math.hypot(x - x0, y - y0)
        done = self._until_next_px
        while done <= length and length > 0:
            share = done / length
            at = pressure0 + (pressure - pressure0) * share
            self._dab(x0 + (x - x0) * share, y0 + (y - y0) * share, at)
            done += self._step_px(at)
        self._until_next_px = done - length
        self._last = (x, y, pressure)

    @property
    def end(self) -> tuple[float, float]:
        """Where the stroke has come to, in pixels."""
        return self._last[:2]

    @property
    def rect(self) -> Rect:
        """A rectangle that holds all that is covered so far, whole tiles."""
        rect = Rect(0, 0, 0, 0)
        for key in self._coverage:
            rect = rect.union(_tile_rect(key, self._bounds))
        return rect

    def coverage(self) -> Plane:
        """The coverage so far as a plane of uint16."""
        plane = Plane(self._bounds.w, self._bounds.h, 1, np.uint16)
        return plane.with_tiles({key: tile.copy() for key, tile in self._coverage.items()})

    def merge(self, current: Plane, base: Plane, mix: Mix) -> Plane:
        """``current`` with all that was touched since the last merge mixed anew from ``base``, the plane at the start.

        Returns ``current`` itself where no pixel changes.
        """
        changed: dict[Key, np.ndarray | None] = {}
        for key, (x0, y0, x1, y1) in self._touched.items():
            rect = Rect(x0, y0, x1 - x0, y1 - y0)
            area = _tile_rect(key, self._bounds)
            part = rect.moved(-area.x, -area.y).slices()
            old, now = _pixels(base, key, area), _pixels(current, key, area)
            mixed = mix(key, rect, old[part], self._coverage[key][part])
            if np.array_equal(now[part], mixed):
                continue
            tile = now.copy()
            tile[part] = mixed
            changed[key] = None if _is_all(tile, current.fill) else tile
        self._touched = {}
        return current.with_tiles(changed) if changed else current

    def _step_px(self, pressure: float) -> float:
        return max(LEAST_STEP_PX, self.brush.spacing * self.brush.diameter_px(pressure))

    def _dab(self, x: float, y: float, pressure: float) -> None:
        """Join one dab to the coverage by maximum."""
        diameter = self.brush.diameter_px(pressure)
        mask, left, top = _placed_mask(x, y, diameter, self.brush.hardness)
        bounds = self._bounds
        x0, y0 = max(left, 0), max(top, 0)
        x1, y1 = min(left + mask.shape[1], bounds.w), min(top + mask.shape[0], bounds.h)
        if x0 >= x1 or y0 >= y1:
            return
        for row in range(y0 // TILE_PX, (y1 - 1) // TILE_PX + 1):
            for column in range(x0 // TILE_PX, (x1 - 1) // TILE_PX + 1):
                x_tile, y_tile = column * TILE_PX, row * TILE_PX
                part = (max(x0, x_tile), max(y0, y_tile), min(x1, x_tile + TILE_PX), min(y1, y_tile + TILE_PX))
                self._join((row, column), part, mask, left, top)

    def _join(self, key: Key, part: tuple[int, int, int, int], mask: np.ndarray, left: int, top: int) -> None:
        """Join the mask, its corner at (left, top), to one tile within ``part`` (x0, y0, x1, y1).

        Plain numbers for speed.
        """
        x0, y0, x1, y1 = part
        tile = self._coverage.get(key)
        if tile is None:
            area = _tile_rect(key, self._bounds)
            tile = self._coverage[key] = np.zeros((area.h, area.w), np.uint16)
        x_tile, y_tile = key[1] * TILE_PX, key[0] * TILE_PX
        view = tile[y0 - y_tile : y1 - y_tile, x0 - x_tile : x1 - x_tile]
        np.maximum(view, mask[y0 - top : y1 - top, x0 - left : x1 - left], out=view)
        old = self._touched.get(key, part)
        self._touched[key] = (min(old[0], x0), min(old[1], y0), max(old[2], x1), max(old[3], y1))


def mix_amount(value: int, top: int = FULL) -> Mix:
    """A :data:`Mix` that moves a plane of amounts (a mask) towards ``value``, as far as the coverage says.

    ``top`` is the plane's value for 1.0; the result is rounded to nearest, so full coverage gives exactly ``value``.
    """

    def mix(_key: Key, _rect: Rect, base: np.ndarray, coverage: np.ndarray) -> np.ndarray:
        start = base.astype(np.float32)
        mixed = start + (np.float32(value) - start) * (coverage.astype(np.float32) / FULL)
        return np.clip(np.rint(mixed), 0, top).astype(base.dtype)

    return mix


def _tile_rect(key: Key, bounds: Rect) -> Rect:
    return Rect(key[1] * TILE_PX, key[0] * TILE_PX, TILE_PX, TILE_PX).intersect(bounds)


def _pixels(plane: Plane, key: Key, area: Rect) -> np.ndarray:
    tile = plane.tile(key)
    return np.full((area.h, area.w), plane.fill, plane.dtype) if tile is None else tile


def _is_all(tile: np.ndarray, value: int) -> bool:
    """True when every pixel is ``value``; the first pixel settles most tiles."""
    return tile[0, 0] == value and tile[-1, -1] == value and bool((tile == value).all())


def _placed_mask(x: float, y: float, diameter: float, hardness: float) -> tuple[np.ndarray, int, int]:
    """A dab's mask and the pixel its corner falls on.

    Small dabs are placed to a quarter of a pixel (the smallest in a pixel's middle, or they would fall between four),
    large ones to whole pixels, and sizes are rounded to about a thirtieth, none of which shows, so that few masks
    serve many dabs.
    """
    size = _rounded_px(max(1.0, diameter))
    steps = 4 if size < 32 else 1
    if size < 1.5:
        x, y = math.floor(x) + 0.5, math.floor(y) + 0.5
    whole_x, phase_x = divmod(math.floor(x * steps + 0.5), steps)
    whole_y, phase_y = divmod(math.floor(y * steps + 0.5), steps)
    cached = _small_mask if size <= 128 else _large_mask
    mask = cached(size, round(hardness, 2), phase_x / steps, phase_y / steps)
    reach = mask.shape[0] // 2
    return mask, whole_x - reach, whole_y - reach


def _rounded_px(diameter: float) -> float:
    """The diameter with five binary places kept."""
    fraction, exponent = math.frexp(diameter)
    return math.ldexp(round(fraction * 64), exponent - 6)


def _dab_mask(diameter: float, hardness: float, dx: float, dy: float) -> np.ndarray:
    """Coverage (n, n) uint16 of a dab whose centre lies at the corner of the middle pixels plus (dx, dy).

    With r the distance from the centre and R the radius, the coverage runs from 1 at r = hardness R to 0 at
    r = (2 - hardness) R as a smooth step; never steeper than one pixel, which is plain antialiasing.
    """
    radius = diameter / 2
    ramp = max(1.0, 2.0 * (1.0 - hardness) * radius)
    reach = math.ceil(radius + ramp / 2) + 1
    at = np.arange(-reach, reach, dtype=np.float32) + 0.5
    distance = cv2.sqrt((at[None, :] - dx) ** 2 + (at[:, None] - dy) ** 2)
    share = np.clip((radius - distance) / ramp + 0.5, 0.0, 1.0)
    if ramp > 1.0:
        share = share * share * (3.0 - 2.0 * share)
    mask = np.rint(share * FULL).astype(np.uint16)
    mask.flags.writeable = False
    return mask


_small_mask = lru_cache(maxsize=512)(_dab_mask)
_large_mask = lru_cache(maxsize=12)(_dab_mask)
