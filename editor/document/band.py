"""The unknown band of a trimap, made wider or narrower: as a whole, or under a brush."""

from __future__ import annotations

import math

import cv2
import numpy as np

from editor.document.brush import HALF
from editor.document.document import UNMARKED
from editor.document.geometry import Rect
from editor.document.tiles import Key, Plane
from editor.document.trimap import BACKGROUND, FOREGROUND, UNKNOWN


class BandBrush:
    """What the band would be everywhere, worked out a tile at a time as a stroke gets there.

    Distances are taken from ``base``, the trimap at the stroke's start, so a stroke that passes twice moves the edge
    once.
    """

    def __init__(self, base: Plane, by_px: float, narrow: bool = False) -> None:
        self.base, self.by_px, self.narrow = base, by_px, narrow
        self._made: dict[Key, np.ndarray] = {}

    def mix(self, key: Key, rect: Rect, base: np.ndarray, coverage: np.ndarray) -> np.ndarray:
        """What a stroke leaves of ``rect``: the moved band where it covers half, else ``base`` (a ``brush.Mix``)."""
        if key not in self._made:
            self._made[key] = self._tile(key)
        area = self.base.tile_rect(key)
        moved = self._made[key][rect.moved(-area.x, -area.y).slices()]
        return np.where(coverage >= HALF, moved, base)

    def _tile(self, key: Key) -> np.ndarray:
        area = self.base.tile_rect(key)
        margin = math.ceil(self.by_px) + 2
        wide = area.expand(margin).intersect(self.base.size_rect)
        move = narrowed if self.narrow else widened
        moved = move(self.base.read(wide), self.by_px)
        return moved[area.moved(-wide.x, -wide.y).slices()]


def widened(trimap: np.ndarray, by_px: float) -> np.ndarray:
    """A (h, w) trimap whose unknown reaches ``by_px`` further into what is known.

    Where foreground and background touch, the band starts between them. Unmarked pixels stay, and nothing grows from
    them.
    """
    seed = (trimap == UNKNOWN) | _seam(trimap)
    if not seed.any():
        return trimap.copy()
    distance = cv2.distanceTransform((~seed).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    out = trimap.copy()
    out[(distance <= by_px) & (trimap != UNMARKED)] = UNKNOWN
    return out


def narrowed(trimap: np.ndarray, by_px: float) -> np.ndarray:
    """A (h, w) trimap whose known parts reach ``by_px`` into the unknown, each pixel taking its nearest label."""
    known = (trimap == FOREGROUND) | (trimap == BACKGROUND)
    if not known.any():
        return trimap.copy()
    distance, nearest = cv2.distanceTransformWithLabels(
        (~known).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    label_of = np.zeros(int(nearest.max()) + 1, np.uint8)
    label_of[nearest[known]] = trimap[known]
    return np.where((trimap == UNKNOWN) & (distance <= by_px), label_of[nearest], trimap)


def widen_plane(plane: Plane, by_px: float) -> Plane:
    """A trimap plane with its band moved everywhere: wider for positive pixels, narrower for negative ones."""
    brush = BandBrush(plane, abs(by_px), narrow=by_px < 0)
    changed: dict[Key, np.ndarray | None] = {}
    for key in plane.stored():
        area = plane.tile_rect(key)
        old = plane.read(area)
        new = brush.mix(key, area, old, np.full(old.shape, HALF, np.uint16))
        if not np.array_equal(new, old):
            changed[key] = new.copy()
    return plane.with_tiles(changed) if changed else plane


def _seam(trimap: np.ndarray) -> np.ndarray:
    """Pixels at which foreground and background touch by a side."""
    seam = np.zeros(trimap.shape, bool)
    for a, b, at_a, at_b in (
        (trimap[:, :-1], trimap[:, 1:], seam[:, :-1], seam[:, 1:]),
        (trimap[:-1], trimap[1:], seam[:-1], seam[1:]),
    ):
        touching = ((a == FOREGROUND) & (b == BACKGROUND)) | ((a == BACKGROUND) & (b == FOREGROUND))
        at_a |= touching
        at_b |= touching
    return seam
