"""What the drawing rooms hand each other: layers with premultiplied colour, drawn finer than they are kept.

A layer is (H, W, 4) float32, red, green and blue already multiplied by alpha, all in [0, 1]. In that form everything
that light does linearly (lying one over the other, blurring, being averaged into a pixel) keeps the alpha exact.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Colour = tuple[float, float, float, float]

SHIFT = 4
"""OpenCV takes points as whole numbers: sixteenths of a pixel."""


def floats(values: NDArray[Any]) -> Floats:
    """The values as float32; OpenCV does not say what it returns."""
    return np.asarray(values, np.float32)


def smooth(picture: Floats, sigma_px: float) -> Floats:
    """The layer or picture under a Gaussian blur of that many pixels."""
    return floats(cv2.GaussianBlur(picture, (0, 0), sigma_px))


def canvas(size_px: int, finer: int) -> Bytes:
    """An empty sheet (size_px * finer squared, 4) uint8 to draw on with ``ink`` and OpenCV's smoothed lines.

    Smoothed drawing of an opaque ink onto a premultiplied sheet is the over operation, so coverage comes out right.
    """
    return np.zeros((size_px * finer, size_px * finer, 4), np.uint8)


def inks(colours: Floats) -> list[Colour]:
    """Opaque inks for a canvas from colours (n, 3) in [0, 1]."""
    opaque = np.concatenate([np.clip(colours, 0, 1) * 255, np.full((len(colours), 1), 255, np.float32)], 1)
    return [tuple(one) for one in opaque.tolist()]


def ink(colour: Floats) -> Colour:
    """An opaque ink for a canvas from a colour (3,) in [0, 1]."""
    return inks(np.asarray(colour, np.float32)[None])[0]


def fixed(points: Floats, finer: int) -> NDArray[np.int32]:
    """Points (..., 2) as x, y in pixels of the kept size, in the sixteenths of canvas pixels OpenCV draws with."""
    return np.asarray(np.clip(points, -8000, 8000) * (finer << SHIFT), np.int32)


def fill(sheet: Bytes, outline: Floats, colour: Floats, finer: int) -> None:
    """Fill the polygon ``outline`` (n, 2) on the canvas with an opaque colour."""
    cv2.fillPoly(sheet, [fixed(outline, finer)], ink(colour), cv2.LINE_AA, SHIFT)


def keep(sheet: Bytes, size_px: int) -> Floats:
    """The canvas as a layer (size_px, size_px, 4): every kept pixel is the mean of the finer ones."""
    small = cv2.resize(sheet, (size_px, size_px), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32) * np.float32(1 / 255)


def over(front: Floats, back: Floats) -> Floats:
    """The layer ``front`` laid over ``back``."""
    return floats(front + back * (1 - front[..., 3:]))


def shade(layer: Floats, light: NDArray[Any]) -> Floats:
    """The layer with its colours multiplied by ``light`` (H, W); its alpha stays."""
    one = np.asarray(light, np.float32)
    lit = layer * floats(cv2.merge([one, one, one, np.ones_like(one)]))
    return np.minimum(lit, layer[..., 3:])


def paint(layer: Floats, colours: NDArray[Any]) -> Floats:
    """The layer's coverage with the colours (H, W, 3) in place of its own."""
    return np.dstack([np.clip(colours, 0, 1) * layer[..., 3:], layer[..., 3]]).astype(np.float32)


def straight(layer: Floats) -> tuple[Floats, Floats]:
    """The layer's colours (H, W, 3), no longer multiplied, and its alpha (H, W), both in [0, 1].

    Where almost nothing covers a pixel, its colour says little; it flows in from the neighbours, coarser and coarser.
    """
    alpha = np.clip(layer[..., 3], 0, 1)
    levels = [layer]
    while min(levels[-1].shape[:2]) > 8:
        levels.append(floats(cv2.resize(levels[-1], None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)))
    colour = np.full((*levels[-1].shape[:2], 3), 0.5, np.float32)
    for level in reversed(levels):
        colour = cv2.resize(colour, (level.shape[1], level.shape[0]), interpolation=cv2.INTER_LINEAR)
        cover = np.maximum(level[..., 3:], np.float32(1e-4))
        trust = np.minimum(cover * 8, 1)
        colour += trust * (level[..., :3] / cover - colour)
    return floats(np.clip(colour, 0, 1)), alpha
