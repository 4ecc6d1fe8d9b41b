"""Whole pictures from a state: the composite for export, the subject cut out; the door to views, changes and tiles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import cv2
import numpy as np

from editor.document.blend import Piece, as_stored, without_hidden
from editor.document.changes import changed_rects
from editor.document.colour import to_8_bit
from editor.document.composite_cache import CompositeCache
from editor.document.document import DocumentState, Photo
from editor.document.effects import EffectTypes, margin_px, usable
from editor.document.geometry import Rect
from editor.document.layer import Layer
from editor.document.render import render
from editor.document.resample import fit_of, read_exact
from editor.document.tiles import TILE_PX, Plane
from editor.document.views import VIEWS, is_slow, tile_rect, view_pixels, view_rect, view_size
from editor.errors import UserError

__all__ = [
    "VIEWS", "CompositeCache", "changed_rects", "cut_out", "flatten", "is_slow", "matte_picture", "tile_rect",
    "view_pixels", "view_rect", "view_size",
]  # fmt: skip

_WIDEST_PX = 2048


def flatten(
    state: DocumentState, effects: EffectTypes, progress: Callable[[float, str], None] | None = None
) -> Photo:
    """The full composite in the document's depth, with its ICC profile, EXIF and XMP.

    ``alpha`` is None where all of it is opaque. Drawn in pieces, so that little more than the result is in memory. A
    photo that was opened and not edited comes out bit-identical, colours under alpha 0 included; in a composite those
    are zero.
    """
    sole = _sole_layer(state, effects)
    if sole is not None:
        return _assembled(state, state.canvas, lambda r: read_exact(sole, r, 0, keep_hidden=True), 0, progress)
    margin = max((margin_px(usable(layer, effects)) for layer in state.layers if layer.visible), default=0)
    flat = _assembled(state, state.canvas, lambda rect: render(state, rect, 0, effects), margin, progress)
    return flat if flat.alpha is None else replace(flat, pixels=without_hidden(flat.pixels, flat.alpha))


def cut_out(state: DocumentState, progress: Callable[[float, str], None] | None = None) -> Photo:
    """The subject alone, of its own size: straight alpha, and its own colours as far as the layer decontaminates.

    Colours under alpha 0 are the layer's own; whoever writes the file decides whether they may stay. ``alpha`` is
    None where there is no mask, or where it is switched off.
    """
    layer = state.subject_layer
    assert isinstance(layer.content, Plane)
    return _assembled(state, layer.content.size_rect, lambda r: read_exact(layer, r, 0, keep_hidden=True), 0, progress)


def matte_picture(state: DocumentState) -> Photo:
    """The subject's matte as a grey picture in the document's depth; ``UserError`` where there is none."""
    mask = state.subject_layer.mask
    if mask is None:
        raise UserError("There is no matte yet.", "Mark the subject and press Compute matte first.")
    alpha = mask.to_array()
    return Photo(cv2.cvtColor(to_8_bit(alpha) if state.dtype == np.uint8 else alpha, cv2.COLOR_GRAY2RGB), grey=True)


def _sole_layer(state: DocumentState, effects: EffectTypes) -> Layer | None:
    """The one layer that makes up the composite just as it is, if there is one."""
    shown = [layer for layer in state.layers if layer.visible and layer.opacity > 0.0]
    if len(shown) != 1 or shown[0].opacity < 1.0 or usable(shown[0], effects):
        return None
    content = shown[0].content
    if not isinstance(content, Plane) or content.size_rect != state.canvas:
        return None
    fit = fit_of(content.size_rect, shown[0].placement, 0)
    return shown[0] if fit.exact and fit.outer == state.canvas else None


def _assembled(
    state: DocumentState,
    whole: Rect,
    draw: Callable[[Rect], Piece | None],
    margin: int,
    progress: Callable[[float, str], None] | None,
) -> Photo:
    """Draw ``whole`` piece by piece into a photo of the state's depth."""
    colour = np.zeros((whole.h, whole.w, 3), state.dtype)
    alpha: np.ndarray | None = None
    for rect, fraction in _pieces(whole, margin):
        if progress is not None:
            progress(fraction, f"drawing rows {rect.y} to {rect.bottom} of {whole.h}")
        piece = draw(rect)
        place = rect.slices()
        if piece is not None:
            colour[place] = as_stored(piece.colour, state.dtype)
        if alpha is None and (piece is None or piece.alpha is not None):
            alpha = np.full((whole.h, whole.w), np.iinfo(state.dtype).max, state.dtype)
        if alpha is not None:
            alpha[place] = _alpha_of(piece, state.dtype)
    if progress is not None:
        progress(1.0, "drawn")
    return Photo(colour, _or_opaque(alpha), state.icc, state.exif, state.xmp)


def _alpha_of(piece: Piece | None, dtype: np.dtype) -> np.ndarray | int:
    if piece is None:
        return 0
    return int(np.iinfo(dtype).max) if piece.alpha is None else as_stored(piece.alpha, dtype)


def _or_opaque(alpha: np.ndarray | None) -> np.ndarray | None:
    """None in place of an alpha that is opaque all over."""
    return None if alpha is None or alpha.min() == np.iinfo(alpha.dtype).max else alpha


def _pieces(whole: Rect, margin: int) -> Iterator[tuple[Rect, float]]:
    """Rectangles that make up ``whole``, and the fraction done before each; high ones where effects look beyond."""
    height = 4 * TILE_PX if margin else TILE_PX
    for y in range(0, whole.h, height):
        for x in range(0, whole.w, _WIDEST_PX):
            done = (y + height * x / whole.w) / whole.h
            yield Rect(x, y, _WIDEST_PX, height).intersect(whole), min(1.0, done)
