"""Which region a fill would take, shown before the press."""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np

from editor.document.tiles import TILE_PX, Key, Plane

Outline: TypeAlias = tuple[tuple[float, float], ...]


class FillPreview:
    """Outlines of regions of one label, found on a map reduced tile by tile, fast enough to follow the pointer.

    A pixel of the map bears a label where the whole block below it does, else it is a wall, so that thin lines hold.
    Tiles are reduced once, and again only when they change.
    """

    WALL = 2

    def __init__(self, most_pixels: int = 400_000) -> None:
        self.most_pixels = most_pixels
        self._tiles: dict[Key, tuple[np.ndarray, np.ndarray]] = {}
        self._plane: Plane | None = None
        self._map = np.zeros((0, 0), np.uint8)
        self._regions = np.zeros((0, 0), np.int32)
        self._found: list[tuple[Outline, ...]] = []

    def outlines(self, plane: Plane, x: float, y: float) -> tuple[Outline, ...]:
        """Closed outlines, in pixels, of the region round (x, y): outer edge and holes; none close to a wall."""
        step = self._step(plane)
        if plane is not self._plane:
            self._renew(plane, step)
        row, column = int(y // step), int(x // step)
        height, width = self._map.shape
        if not (0 <= row < height and 0 <= column < width) or self._map[row, column] == self.WALL:
            return ()
        if self._regions[row, column] == 0:
            region = self._flooded(row, column)
            self._found.append(_traced(region, step))
            self._regions[region] = len(self._found)
        return self._found[self._regions[row, column] - 1]

    def _step(self, plane: Plane) -> int:
        step = 1
        while step < TILE_PX and (plane.width // step) * (plane.height // step) > self.most_pixels:
            step *= 2
        return step

    def _renew(self, plane: Plane, step: int) -> None:
        stored = plane.stored()
        self._tiles = {key: pair for key, pair in self._tiles.items() if stored.get(key) is pair[0]}
        self._map = np.full((-(-plane.height // step), -(-plane.width // step)), plane.fill, np.uint8)
        for key, tile in stored.items():
            if key not in self._tiles:
                self._tiles[key] = (tile, _reduced(tile, step, self.WALL))
            small = self._tiles[key][1]
            top, left = key[0] * TILE_PX // step, key[1] * TILE_PX // step
            self._map[top : top + small.shape[0], left : left + small.shape[1]] = small
        self._regions = np.zeros(self._map.shape, np.int32)
        self._plane, self._found = plane, []

    def _flooded(self, row: int, column: int) -> np.ndarray:
        height, width = self._map.shape
        mask = np.zeros((height + 2, width + 2), np.uint8)
        cv2.floodFill(self._map, mask, (column, row), 0, 0, 0, 4 | cv2.FLOODFILL_MASK_ONLY | (1 << 8))
        return mask[1:-1, 1:-1].view(bool)


def _traced(region: np.ndarray, step: int) -> tuple[Outline, ...]:
    """Outlines through the middle of the region's outermost blocks, in pixels of the plane."""
    contours, _ = cv2.findContours(region.view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    return tuple(
        tuple(((float(x) + 0.5) * step, (float(y) + 0.5) * step) for x, y in contour.reshape(-1, 2))
        for contour in contours
        if len(contour) > 2
    )


def _reduced(tile: np.ndarray, step: int, wall: int) -> np.ndarray:
    """Blocks of ``step`` pixels as one: their label where it is one, else ``wall``."""
    missing = (-tile.shape[0] % step, -tile.shape[1] % step)
    if any(missing):
        tile = np.pad(tile, ((0, missing[0]), (0, missing[1])), mode="edge")
    blocks = tile.reshape(tile.shape[0] // step, step, tile.shape[1] // step, step)
    low, high = blocks.min((1, 3)), blocks.max((1, 3))
    return np.where(low == high, low, np.uint8(wall)).astype(np.uint8)
