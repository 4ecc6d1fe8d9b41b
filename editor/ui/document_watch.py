"""From a new state to what must be drawn again."""

from __future__ import annotations

import numpy as np

from editor.document.composite import changed_rects
from editor.document.document import DocumentState
from editor.document.effects import EffectTypes
from editor.document.geometry import Rect
from editor.document.tiles import Plane
from editor.ui.views import Look

NARROWED_TILES = 24
"""Up to so many changed tiles are looked at pixel by pixel."""


def stale_rects(before: DocumentState, after: DocumentState, look: Look, effects: EffectTypes) -> list[Rect]:
    """Rectangles of the look's picture that differ between two states, the trimap's tint counted."""
    rects = changed_rects(before, after, look.pixels, effects)
    if look.tinted and before.trimap is not after.trimap:
        rects = rects + narrow_changes(before.trimap, after.trimap)
    return rects


def narrow_changes(before: Plane, after: Plane) -> list[Rect]:
    """The changed pixels of each changed tile, as rectangles: a small brush at a high zoom draws little again.

    Where many tiles changed, their whole areas.
    """
    keys = after.changed_from(before)
    if len(keys) > NARROWED_TILES:
        return [after.tile_rect(key) for key in keys]
    rects = (_narrowed(before.tile(key), after.tile(key), after, after.tile_rect(key)) for key in keys)
    return [rect for rect in rects if not rect.empty]


def _narrowed(old: np.ndarray | None, new: np.ndarray | None, plane: Plane, area: Rect) -> Rect:
    differs = np.not_equal(plane.fill if old is None else old, plane.fill if new is None else new)
    rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    if not rows.size:
        return Rect(0, 0, 0, 0)
    left, top = int(columns[0]), int(rows[0])
    return Rect(area.x + left, area.y + top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top)
