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
_OF_THE_MATTE = ("checker", "black", "white", "alpha")
"""Pictures of the subject alone, in which a changed pixel of the matte changes no other pixel."""


def stale_rects(before: DocumentState, after: DocumentState, look: Look, effects: EffectTypes) -> list[Rect]:
    """Rectangles of the look's picture that differ between two states, the trimap's tint counted."""
    rects = _brushed(before, after) if look.pixels in _OF_THE_MATTE else None
    if rects is None:
        rects = changed_rects(before, after, look.pixels, effects)
    if look.tinted and before.trimap is not after.trimap:
        rects = rects + narrow_changes(before.trimap, after.trimap)
    return rects


def _brushed(before: DocumentState, after: DocumentState) -> list[Rect] | None:
    """The changes where two states differ in nothing but the matte's pixels; None where more is different."""
    old, new = before.subject_layer, after.subject_layer
    if old.mask is None or new.mask is None or old.mask.size_rect != new.mask.size_rect:
        return None
    return narrow_changes(old.mask, new.mask) if old.changed(mask=new.mask) == new else None


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
