"""What the canvas shows: the views of a state, in any rectangle at any mip level."""

from __future__ import annotations

import cv2
import numpy as np

from editor.document.blend import Piece, to_pixels
from editor.document.colour import to_8_bit
from editor.document.document import DocumentState
from editor.document.effects import EffectTypes, usable
from editor.document.geometry import Rect
from editor.document.render import level_rect, render
from editor.document.resample import read_exact
from editor.document.tiles import TILE_PX, Plane
from editor.errors import UserError

VIEWS = ("photo", "checker", "black", "white", "background", "alpha", "wipe")
"""``background`` is the composite, in the canvas's pixels; the others show the subject's own pixels, unplaced."""

PICTURES = {"checker": "cutout", "black": "cutout", "white": "cutout", "wipe": "cutout"}
"""Views whose pixels are the same: the cut-out, under which the canvas puts its own ground."""


def view_size(state: DocumentState, view: str) -> tuple[int, int]:
    """Width and height of a view at level 0; raises ``UserError`` for a view that is not in :data:`VIEWS`."""
    if view not in VIEWS:
        raise UserError(f"There is no view called {view!r}.", f"Choose one of {', '.join(VIEWS)}.")
    content = state.subject_layer.content
    if view == "background" or not isinstance(content, Plane):
        return state.width, state.height
    return content.width, content.height


def view_rect(state: DocumentState, view: str, level: int = 0) -> Rect:
    """All pixels of a view at a mip level."""
    return level_rect(*view_size(state, view), level)


def tile_rect(state: DocumentState, view: str, level: int, key: tuple[int, int]) -> Rect:
    """The pixels of the level that the tile ``key`` (row, column) covers; empty past the view's edge."""
    place = Rect(key[1] * TILE_PX, key[0] * TILE_PX, TILE_PX, TILE_PX)
    return place.intersect(view_rect(state, view, level))


def view_pixels(state: DocumentState, view: str, rect: Rect, level: int, effects: EffectTypes) -> np.ndarray:
    """Straight (h, w, 4) pixels of the state's depth for ``rect`` in pixels of ``level``; zero outside the view.

    ``photo`` is the subject's photo, opaque; ``alpha`` its matte as grey, opaque; ``checker``, ``black``, ``white`` and
    ``wipe`` the subject cut out; ``background`` the whole composite.
    """
    inside = rect.intersect(view_rect(state, view, level))
    if inside.empty:
        return np.zeros((max(0, rect.h), max(0, rect.w), 4), state.dtype)
    pixels = _pixels(state, view, inside, level, effects)
    if inside == rect:
        return pixels
    whole = np.zeros((rect.h, rect.w, 4), state.dtype)
    whole[inside.moved(-rect.x, -rect.y).slices()] = pixels
    return whole


def cut_out_piece(state: DocumentState, rect: Rect, level: int) -> Piece | None:
    """The subject alone, in its own pixels: its own colours and its mask, while that is on."""
    return read_exact(state.subject_layer, rect, level)


def is_slow(state: DocumentState, view: str, effects: EffectTypes) -> bool:
    """True when a visible layer wears a slow effect: its tiles had better be drawn off the main thread."""
    if view != "background":
        return False
    shown = (layer for layer in state.layers if layer.visible and layer.opacity > 0.0)
    return any(effect.slow for layer in shown for effect in usable(layer, effects))


def _pixels(state: DocumentState, view: str, rect: Rect, level: int, effects: EffectTypes) -> np.ndarray:
    if view == "background":
        return to_pixels(render(state, rect, level, effects), rect.h, rect.w, state.dtype)
    if view == "photo":
        return _photo(state, rect, level)
    if view == "alpha":
        return _matte(state, rect, level)
    return to_pixels(cut_out_piece(state, rect, level), rect.h, rect.w, state.dtype)


def _photo(state: DocumentState, rect: Rect, level: int) -> np.ndarray:
    content = state.subject_layer.content
    assert isinstance(content, Plane)
    return cv2.cvtColor(content.at_level(level).read(rect), cv2.COLOR_RGB2RGBA)


def _matte(state: DocumentState, rect: Rect, level: int) -> np.ndarray:
    """The mask as grey, whether it is switched on or not; white where there is none."""
    mask = state.subject_layer.mask
    top = np.iinfo(state.dtype).max
    if mask is None:
        return np.full((rect.h, rect.w, 4), top, state.dtype)
    values = mask.at_level(level).read(rect)
    return cv2.cvtColor(to_8_bit(values) if state.dtype == np.uint8 else values, cv2.COLOR_GRAY2RGBA)
