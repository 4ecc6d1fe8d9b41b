"""Planes of pixels in tiles of 256: immutable, shared, cheap to change a little.

A :class:`Plane` never changes. ``paste`` returns a new plane that shares every untouched tile with the old one, so a
snapshot is the plane itself, undo is the plane from before, and what changed is the set of tiles whose identity
differs. Half-size copies for the screen are made tile by tile when asked for, and shared in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import cv2
import numpy as np

from editor.document.geometry import Rect

TILE_PX = 256
Key: TypeAlias = tuple[int, int]


class Plane:
    """``height`` x ``width`` pixels of one or three channels, uint8 or uint16, as tiles keyed (row, column).

    A missing tile holds ``fill`` everywhere. ``labels`` marks a plane whose values are names, not amounts (a trimap):
    its half-size copies take every second pixel and never mix.
    """

    __slots__ = ("_half", "_source", "_tiles", "channels", "dtype", "fill", "height", "labels", "width")

    def __init__(
        self, width: int, height: int, channels: int = 1, dtype: type = np.uint8, fill: int = 0, labels: bool = False
    ) -> None:
        self.width, self.height, self.channels = width, height, channels
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        self.fill, self.labels = fill, labels
        self._tiles: dict[Key, np.ndarray] = {}
        self._half: Plane | None = None
        self._source: Plane | None = None

    @classmethod
    def from_array(cls, array: np.ndarray, fill: int = 0, labels: bool = False) -> Plane:
        """A plane of a (H, W) or (H, W, C) array of uint8 or uint16; tiles that hold only ``fill`` are left out."""
        height, width = array.shape[:2]
        plane = cls(width, height, 1 if array.ndim == 2 else array.shape[2], array.dtype.type, fill, labels)
        return plane.paste(0, 0, array)

    @property
    def size_rect(self) -> Rect:
        """The whole plane."""
        return Rect(0, 0, self.width, self.height)

    @property
    def top_value(self) -> int:
        """The value that stands for 1.0: 255 or 65535."""
        return int(np.iinfo(self.dtype).max)

    def keys(self) -> Iterator[Key]:
        """Keys of all tiles that the plane's area has, stored or not."""
        for row in range(-(-self.height // TILE_PX)):
            for column in range(-(-self.width // TILE_PX)):
                yield row, column

    def stored(self) -> dict[Key, np.ndarray]:
        """The stored tiles, (h, w) or (h, w, C), read-only; the others hold ``fill``."""
        return dict(self._tiles)

    def tile_rect(self, key: Key) -> Rect:
        """The pixels a tile covers; tiles at the right and bottom edge are smaller."""
        x, y = key[1] * TILE_PX, key[0] * TILE_PX
        return Rect(x, y, min(TILE_PX, self.width - x), min(TILE_PX, self.height - y))

    def tile(self, key: Key) -> np.ndarray | None:
        """The tile's read-only pixels, or None where all of it is ``fill``."""
        found = self._tiles.get(key)
        if found is None and self._source is not None:
            found = self._halved(key)
        return found

    def read(self, rect: Rect) -> np.ndarray:
        """A fresh (h, w) or (h, w, C) array of ``rect``; ``fill`` outside the plane."""
        shape = (rect.h, rect.w) if self.channels == 1 else (rect.h, rect.w, self.channels)
        out = np.full(shape, self.fill, self.dtype)
        inside = rect.intersect(self.size_rect)
        if inside.empty:
            return out
        for key in _keys_of(inside):
            tile = self.tile(key)
            if tile is None:
                continue
            area = self.tile_rect(key)
            part = area.intersect(inside)
            out[part.moved(-rect.x, -rect.y).slices()] = tile[part.moved(-area.x, -area.y).slices()]
        return out

    def to_array(self) -> np.ndarray:
        """The whole plane as one fresh array."""
        return self.read(self.size_rect)

    def paste(self, x: int, y: int, array: np.ndarray) -> Plane:
        """A new plane with ``array`` at (x, y), clipped to the plane; untouched tiles are shared.

        A tile whose pixels do not change keeps its identity.
        """
        area = Rect(x, y, array.shape[1], array.shape[0])
        inside = area.intersect(self.size_rect)
        if inside.empty:
            return self
        changed: dict[Key, np.ndarray | None] = {}
        for key in _keys_of(inside):
            tile_area = self.tile_rect(key)
            part = tile_area.intersect(inside)
            patch = array[part.moved(-x, -y).slices()]
            old = self._tiles.get(key)
            if old is not None and np.array_equal(old[part.moved(-tile_area.x, -tile_area.y).slices()], patch):
                continue
            if old is None and bool((patch == self.fill).all()):
                continue
            changed[key] = self._patched(old, tile_area, part, patch)
        return self.with_tiles(changed) if changed else self

    def with_tiles(self, tiles: dict[Key, np.ndarray | None]) -> Plane:
        """A new plane with these tiles replaced; None stands for a tile of ``fill``."""
        new = self._like(self.width, self.height)
        new._tiles = dict(self._tiles)
        for key, tile in tiles.items():
            if tile is None:
                new._tiles.pop(key, None)
            else:
                tile.flags.writeable = False
                new._tiles[key] = tile
        if self._half is not None:
            new._half = self._half._renewed(new, set(tiles))
        return new

    def half(self) -> Plane:
        """The plane at half the size, its tiles made when first read (labels: every second pixel; else the mean)."""
        if self._half is None:
            half = self._like(max(1, (self.width + 1) // 2), max(1, (self.height + 1) // 2))
            half._source = self
            self._half = half
        return self._half

    def at_level(self, level: int) -> Plane:
        """The plane halved ``level`` times."""
        plane = self
        for _ in range(level):
            plane = plane.half()
        return plane

    def changed_from(self, other: Plane) -> set[Key]:
        """Keys of tiles whose identity differs from ``other``'s, a plane of the same size."""
        mine, theirs = self._tiles, other._tiles
        return {key for key in mine.keys() | theirs.keys() if mine.get(key) is not theirs.get(key)}

    def changed_rect(self, other: Plane) -> Rect:
        """The smallest rectangle that holds every tile that differs from ``other``'s."""
        rect = Rect(0, 0, 0, 0)
        for key in self.changed_from(other):
            rect = rect.union(self.tile_rect(key))
        return rect

    def bytes_beside(self, other: Plane | None) -> int:
        """Bytes of the tiles that ``other`` does not share."""
        theirs = {} if other is None else other._tiles
        return sum(tile.nbytes for key, tile in self._tiles.items() if theirs.get(key) is not tile)

    def _like(self, width: int, height: int) -> Plane:
        return Plane(width, height, self.channels, self.dtype.type, self.fill, self.labels)

    def _patched(self, old: np.ndarray | None, area: Rect, part: Rect, patch: np.ndarray) -> np.ndarray | None:
        if part == area:
            new = np.ascontiguousarray(patch, self.dtype)
            new = new.copy() if new is patch or new.base is not None else new
        else:
            shape = (area.h, area.w) if self.channels == 1 else (area.h, area.w, self.channels)
            new = np.full(shape, self.fill, self.dtype) if old is None else old.copy()
            new[part.moved(-area.x, -area.y).slices()] = patch
        return None if bool((new == self.fill).all()) else new

    def _renewed(self, source: Plane, changed: set[Key]) -> Plane:
        """This half-size plane for a source in which the tiles ``changed`` are new."""
        new = self._like(self.width, self.height)
        new._source = source
        new._tiles = dict(self._tiles)
        stale = {(row // 2, column // 2) for row, column in changed}
        for key in stale:
            new._tiles.pop(key, None)
        if self._half is not None:
            new._half = self._half._renewed(new, stale)
        return new

    def _halved(self, key: Key) -> np.ndarray | None:
        """Make a half-size tile from the four below it and keep it; another thread may do the same, harmlessly."""
        source = self._source
        assert source is not None
        area = self.tile_rect(key)
        children = [(2 * key[0] + i, 2 * key[1] + j) for i in (0, 1) for j in (0, 1)]
        if all(source.tile(child) is None for child in children):
            return None
        block = source.read(Rect(2 * area.x, 2 * area.y, 2 * area.w, 2 * area.h).intersect(source.size_rect))
        if self.labels:
            tile = block[::2, ::2].copy()
        else:
            missing = (2 * area.h - block.shape[0], 2 * area.w - block.shape[1])
            if any(missing):
                block = np.pad(block, [(0, missing[0]), (0, missing[1]), (0, 0)][: block.ndim], mode="edge")
            tile = cv2.resize(block, (area.w, area.h), interpolation=cv2.INTER_AREA)
        tile.flags.writeable = False
        self._tiles[key] = tile
        return tile


def _keys_of(rect: Rect) -> Iterator[Key]:
    """Keys of the tiles that ``rect`` touches."""
    for row in range(rect.y // TILE_PX, (rect.bottom - 1) // TILE_PX + 1):
        for column in range(rect.x // TILE_PX, (rect.right - 1) // TILE_PX + 1):
            yield row, column
