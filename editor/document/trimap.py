"""What the photographer has marked: painting, filling and checking the trimap.

A trimap plane holds 0 (background), 128 (unknown), 255 (foreground) and ``UNMARKED`` where nothing has been said yet.
"""

from __future__ import annotations

import cv2
import numpy as np

from editor.document.brush import HALF, Mix, Stroke
from editor.document.document import UNMARKED
from editor.document.geometry import Rect
from editor.document.selection import Selection
from editor.document.tiles import Key, Plane
from editor.errors import UserError

BACKGROUND, UNKNOWN, FOREGROUND = 0, 128, 255
LABELS = {"foreground": FOREGROUND, "background": BACKGROUND, "unknown": UNKNOWN, "clear": UNMARKED}
"""The labels by the names that tools show; the order is that of the keys 1 to 4."""
OPPOSITE = {"foreground": "background", "background": "foreground", "unknown": "clear", "clear": "unknown"}
RIM = 2048
"""Coverage from which on the soft rim of a brush counts."""


def empty(width: int, height: int) -> Plane:
    """A trimap plane with nothing marked."""
    return Plane(width, height, 1, np.uint8, UNMARKED, labels=True)


def from_array(trimap: np.ndarray) -> Plane:
    """A trimap plane of a (H, W) uint8 array of 0, 128, 255 and ``UNMARKED``; ``UserError`` for anything else."""
    if trimap.ndim != 2 or trimap.dtype != np.uint8:
        raise UserError("A trimap is one grey channel of 8 bits.", f"This one is {trimap.dtype}, {trimap.shape}.")
    counts = np.bincount(trimap.reshape(-1), minlength=256)
    if counts[[BACKGROUND, UNKNOWN, FOREGROUND, UNMARKED]].sum() != trimap.size:
        hint = "Black is background, white foreground, grey unknown."
        raise UserError("The trimap holds other values than 0, 128 and 255.", hint)
    return Plane.from_array(trimap, UNMARKED, labels=True)


def paint(current: Plane, base: Plane, stroke: Stroke, label: int, rim: bool = False) -> Plane:
    """``current`` with the newest part of a stroke painted from ``base``, the trimap at the stroke's start.

    ``label`` is put where the stroke covers at least half. With ``rim``, what a soft brush covers less than that
    becomes unknown, unless it bears the label already: between foreground and background a soft stroke leaves a band.
    """
    return stroke.merge(current, base, _rimmed(label) if rim and label in (FOREGROUND, BACKGROUND) else _plain(label))


def _plain(label: int) -> Mix:
    def mix(_key: Key, _rect: Rect, base: np.ndarray, coverage: np.ndarray) -> np.ndarray:
        return np.where(coverage >= HALF, np.uint8(label), base)

    return mix


def _rimmed(label: int) -> Mix:
    def mix(_key: Key, _rect: Rect, base: np.ndarray, coverage: np.ndarray) -> np.ndarray:
        around = np.where((coverage >= RIM) & (base != label), np.uint8(UNKNOWN), base)
        return np.where(coverage >= HALF, np.uint8(label), around)

    return mix


def fill_region(plane: Plane, x: int, y: int, label: int) -> Plane:
    """The plane with the region round pixel (x, y) given another label.

    The region is all of one label that hangs together by its sides, so a line of marks one pixel wide holds the fill.
    Outside the plane nothing happens.
    """
    if not (0 <= x < plane.width and 0 <= y < plane.height):
        return plane
    if plane.read(Rect(x, y, 1, 1))[0, 0] == label:
        return plane
    pixels = plane.to_array()
    _, _, _, (left, top, width, height) = cv2.floodFill(pixels, None, (x, y), label, 0, 0, 4)
    area = Rect(left, top, width, height)
    return plane.paste(left, top, pixels[area.slices()])


def fill_selection(plane: Plane, selection: Selection, label: int) -> Plane:
    """The plane with the inside of a selection given a label; what lies outside the plane is left out."""
    mask, area = selection.mask(plane.size_rect)
    if area.empty:
        return plane
    return plane.paste(area.x, area.y, np.where(mask, np.uint8(label), plane.read(area)))


def mark_rest(plane: Plane, label: int) -> Plane:
    """The plane with everything that nobody has marked given a label."""
    changed: dict[Key, np.ndarray | None] = {}
    for key in tuple(plane.keys()):
        tile, area = plane.tile(key), plane.tile_rect(key)
        if tile is None:
            changed[key] = np.full((area.h, area.w), label, np.uint8)
        elif (tile == UNMARKED).any():
            changed[key] = np.where(tile == UNMARKED, np.uint8(label), tile)
    return plane.with_tiles(changed) if changed else plane


def invert(plane: Plane) -> Plane:
    """Foreground and background exchanged; unknown and unmarked stay."""
    swap = np.arange(256, dtype=np.uint8)
    swap[FOREGROUND], swap[BACKGROUND] = BACKGROUND, FOREGROUND
    changed: dict[Key, np.ndarray | None] = {}
    for key, tile in plane.stored().items():
        new = swap[tile]
        if not np.array_equal(new, tile):
            changed[key] = new
    return plane.with_tiles(changed) if changed else plane


def for_engine(plane: Plane) -> np.ndarray:
    """The trimap as an engine wants it: (H, W) uint8, exactly 0, 128 and 255; what nobody has marked is unknown."""
    pixels = plane.to_array()
    pixels[pixels == UNMARKED] = UNKNOWN
    return pixels


def has_gaps(plane: Plane) -> bool:
    """True where something of it bears no mark yet."""
    return any(bool((plane.read(plane.tile_rect(key)) == UNMARKED).any()) for key in plane.keys())


def laid_under(found: Plane, marks: Plane) -> Plane:
    """``found``, a trimap that says something everywhere, with every mark of ``marks`` laid over it."""
    changed: dict[Key, np.ndarray | None] = {}
    for key in marks.keys():
        area = marks.tile_rect(key)
        tile = marks.read(area)
        marked = tile != UNMARKED
        if marked.any():
            changed[key] = np.where(marked, tile, found.read(area))
    return found.with_tiles(changed) if changed else found


def check(trimap: np.ndarray) -> None:
    """Raise ``UserError`` where a (H, W) trimap of 0, 128, 255 leaves an engine nothing to go by, or nothing to do."""
    counts = np.bincount(trimap.reshape(-1), minlength=256)
    if not counts[FOREGROUND] and not counts[BACKGROUND]:
        hint = "Mark some of the subject as foreground (1) and some of its surroundings as background (2)."
        raise UserError("Nothing is marked yet.", hint)
    if not counts[FOREGROUND]:
        hint = "Paint over some of the subject with the trimap brush set to foreground (1)."
        raise UserError("No foreground is marked.", hint)
    if not counts[BACKGROUND]:
        hint = "Paint over some of the surroundings with the trimap brush set to background (2)."
        raise UserError("No background is marked.", hint)
    if not counts[UNKNOWN]:
        hint = "Paint along the subject's edge and over its hair with the trimap brush set to unknown (3)."
        raise UserError("Nothing is unknown, so there is nothing to compute.", hint)
