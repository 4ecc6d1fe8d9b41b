"""The stack of layers, drawn for any rectangle of the canvas at any mip level.

First a flat list of operations is decided (which layers touch the rectangle, and which of them lie hidden beneath an
opaque one), then it is run. A layer is its colours, its mask, its effects, its opacity, in that order, joined to what
lies below.

Effects work in the canvas's pixels. Past the canvas's edge a layer that reaches it goes on, real pixels first and
then mirrored ones, so that a blur does not let the edge of the picture fade away.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from editor.document.blend import Piece, as_float, over
from editor.document.document import DocumentState
from editor.document.effects import EffectTypes, PixelEffect, margin_px, usable
from editor.document.geometry import Rect
from editor.document.layer import Gradient, Layer, SolidColour
from editor.document.resample import Fit, fit_of, read_exact, read_mask, read_placed
from editor.document.tiles import Plane
from editor.errors import UserError

_OPAQUE = 1.0 - 1e-5
"""An alpha that a blur's rounding has left just short of one."""


@dataclass(frozen=True)
class Operation:
    """One layer to be drawn: with these effects, already scaled to the level."""

    layer: Layer
    chain: tuple[PixelEffect, ...]


def render(state: DocumentState, rect: Rect, level: int, registry: EffectTypes) -> Piece | None:
    """The composite of ``rect``, in pixels of ``level`` and within the canvas; None where there is nothing at all."""
    piece: Piece | None = None
    for operation in plan(state, rect, level, registry):
        above = draw_layer(state, operation, rect, level)
        piece = over(piece, above, operation.layer.blend)
    return piece


def plan(state: DocumentState, rect: Rect, level: int, registry: EffectTypes) -> list[Operation]:
    """What is to be drawn for ``rect``, bottom first; what lies beneath an opaque normal layer is left out."""
    operations: list[Operation] = []
    for layer in reversed(state.layers):
        if not layer.visible or layer.opacity <= 0.0:
            continue
        chain = usable(layer, registry, level)
        if layer_rect(state, layer, level).expand(margin_px(chain)).intersect(rect).empty:
            continue
        operations.append(Operation(layer, chain))
        if not chain and _hides(state, layer, rect, level):
            break
    return operations[::-1]


def level_rect(width: int, height: int, level: int) -> Rect:
    """All pixels of a mip level of something of that size."""
    return Rect(0, 0, width, height).at_level(level)


def layer_rect(state: DocumentState, layer: Layer, level: int) -> Rect:
    """The pixels of the canvas's ``level`` that the layer touches, effects not counted."""
    fit = _fit(layer, level)
    return level_rect(state.width, state.height, level) if fit is None else fit.outer


def draw_layer(state: DocumentState, operation: Operation, rect: Rect, level: int) -> Piece | None:
    """One layer with its effects and opacity for ``rect`` of the canvas's ``level``; None where it is empty."""
    layer, chain = operation.layer, operation.chain
    piece = _worn(state, operation, rect, level) if chain else _bare(state, layer, rect, level)
    return None if piece is None else piece.faded(layer.opacity)


def run_effects(pixels: np.ndarray, chain: Sequence[PixelEffect]) -> np.ndarray:
    """Apply effects to (h, w, 4) float32 straight pixels and take off, after each, the margin that it needed."""
    for effect in chain:
        margin = effect.margin_px()
        done = effect.apply(pixels)
        if done.shape != pixels.shape or done.dtype != np.float32:
            raise UserError(f"The effect {effect.title} gave back pixels of another shape or type.", "Switch it off.")
        pixels = done[margin : done.shape[0] - margin, margin : done.shape[1] - margin]
    return pixels


def _fit(layer: Layer, level: int) -> Fit | None:
    """How the layer's pixels lie on the level; None for a colour or gradient, which fills the canvas."""
    if isinstance(layer.content, Plane):
        return fit_of(layer.content.size_rect, layer.placement, level)
    return None


def _hides(state: DocumentState, layer: Layer, rect: Rect, level: int) -> bool:
    """True when the layer (without effects) is opaque and normal all over ``rect``."""
    if layer.blend != "normal" or layer.opacity < 1.0:
        return False
    fit = _fit(layer, level)
    inside = layer_rect(state, layer, level)
    if inside.intersect(rect) != rect:
        return False
    if layer.mask is None or not layer.mask_on:
        return fit is None or fit.exact or inside.expand(-1).intersect(rect) == rect
    if fit is None:
        return read_mask(layer, rect, level) is None
    return fit.exact and read_mask(layer, rect.moved(-int(fit.x), -int(fit.y)), fit.mip) is None


def _worn(state: DocumentState, operation: Operation, rect: Rect, level: int) -> Piece | None:
    """The layer with its effects."""
    need = rect.expand(margin_px(operation.chain))
    pixels = _around(state, operation.layer, need, level)
    if pixels is None:
        return None
    pixels = np.clip(run_effects(pixels, operation.chain), 0.0, 1.0)
    alpha = cv2.extractChannel(pixels, 3)
    return Piece(cv2.cvtColor(pixels, cv2.COLOR_RGBA2RGB), None if alpha.min() >= _OPAQUE else alpha)


def _around(state: DocumentState, layer: Layer, need: Rect, level: int) -> np.ndarray | None:
    """(h, w, 4) float32 straight pixels of ``need``, which may reach past the canvas; None where there is nothing."""
    bounds = _bounds(state, layer, level)
    inside = bounds.intersect(need)
    piece = None if inside.empty else _bare(state, layer, inside, level)
    if piece is None:
        return None
    alpha = np.ones((inside.h, inside.w), np.float32) if piece.alpha is None else piece.alpha
    pixels = cv2.merge([*cv2.split(as_float(piece.colour)), alpha])
    missing = (inside.x - need.x, inside.y - need.y, need.right - inside.right, need.bottom - inside.bottom)
    goes_on = _open_sides(bounds, level_rect(state.width, state.height, level))
    mirrored = [m if side else 0 for m, side in zip(missing, goes_on, strict=True)]
    pixels = _bordered(pixels, mirrored, cv2.BORDER_REFLECT)
    return _bordered(pixels, [m - n for m, n in zip(missing, mirrored, strict=True)], cv2.BORDER_CONSTANT)


def _bordered(pixels: np.ndarray, sizes: Sequence[int], how: int) -> np.ndarray:
    """The pixels with a border of ``sizes`` (left, top, right, bottom), mirrored or empty."""
    left, top, right, bottom = sizes
    return cv2.copyMakeBorder(pixels, top, bottom, left, right, how) if any(sizes) else pixels


def _bounds(state: DocumentState, layer: Layer, level: int) -> Rect:
    """Where the layer has pixels of its own: whole ones where it reaches past the canvas, part ones elsewhere."""
    canvas = level_rect(state.width, state.height, level)
    fit = _fit(layer, level)
    if fit is None or fit.exact:
        return layer_rect(state, layer, level)
    outer = fit.outer
    left = min(0, math.ceil(fit.x)) if outer.x <= 0 else outer.x
    top = min(0, math.ceil(fit.y)) if outer.y <= 0 else outer.y
    right = max(canvas.w, math.floor(fit.x + fit.width)) if outer.right >= canvas.w else outer.right
    bottom = max(canvas.h, math.floor(fit.y + fit.height)) if outer.bottom >= canvas.h else outer.bottom
    return Rect(left, top, right - left, bottom - top)


def _open_sides(bounds: Rect, canvas: Rect) -> tuple[bool, bool, bool, bool]:
    """Left, top, right, bottom: True where the layer reaches the canvas's edge, and so goes on beyond."""
    return bounds.x <= 0, bounds.y <= 0, bounds.right >= canvas.right, bounds.bottom >= canvas.bottom


def _bare(state: DocumentState, layer: Layer, rect: Rect, level: int) -> Piece | None:
    """The layer without effects for ``rect`` of the canvas's level; None where it is empty."""
    fit = _fit(layer, level)
    if fit is None:
        return _filled(state, layer, rect, level)
    if not fit.exact:
        bounds = _bounds(state, layer, level)
        if bounds.intersect(rect).empty:
            return None
        return read_placed(layer, fit, rect, _open_sides(bounds, level_rect(state.width, state.height, level)))
    inside = fit.outer.intersect(rect)
    piece = None if inside.empty else read_exact(layer, inside.moved(-int(fit.x), -int(fit.y)), fit.mip)
    return piece if piece is None or inside == rect else _padded(piece, inside, rect)


def _padded(piece: Piece, inside: Rect, rect: Rect) -> Piece:
    """A piece of ``inside`` enlarged to ``rect`` with nothing round it."""
    colour = np.zeros((rect.h, rect.w, 3), piece.colour.dtype)
    alpha = np.zeros((rect.h, rect.w), np.float32)
    place = inside.moved(-rect.x, -rect.y).slices()
    colour[place] = piece.colour
    alpha[place] = 1.0 if piece.alpha is None else piece.alpha
    return Piece(colour, alpha)


def _filled(state: DocumentState, layer: Layer, rect: Rect, level: int) -> Piece | None:
    """A colour or gradient, with its mask in the canvas's pixels."""
    mask = read_mask(layer, rect, level)
    if mask is not None and not mask.size:
        return None
    alpha = None if mask is None else as_float(mask)
    content = layer.content
    if isinstance(content, SolidColour):
        return Piece(np.full((rect.h, rect.w, 3), np.clip(content.rgb, 0.0, 1.0), np.float32), alpha)
    assert isinstance(content, Gradient)
    return Piece(_gradient(content, state, rect, level), alpha)


def _gradient(gradient: Gradient, state: DocumentState, rect: Rect, level: int) -> np.ndarray:
    """(h, w, 3) float32: the run from corner to corner of the canvas along the gradient's direction."""
    angle = math.radians(gradient.angle_deg)
    dx, dy = math.cos(angle), math.sin(angle)
    length = abs(state.width * dx) + abs(state.height * dy)
    x = (np.arange(rect.x, rect.right) + 0.5) * 2**level - state.width / 2
    y = (np.arange(rect.y, rect.bottom) + 0.5) * 2**level - state.height / 2
    along = np.clip(0.5 + (x[None, :] * dx + y[:, None] * dy) / length, 0.0, 1.0).astype(np.float32)
    start, end = np.clip(gradient.start, 0.0, 1.0), np.clip(gradient.end, 0.0, 1.0)
    return cv2.merge([np.float32(a) + along * np.float32(b - a) for a, b in zip(start, end, strict=True)])
