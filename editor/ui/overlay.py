"""The trimap's tint: colours, hatching and outlines that tell the labels apart, also without colour.

Foreground is a blue tint with small dots, background an orange one with thin lines falling to the right, unknown has
broad white stripes with a dark rim rising to the right, and what nobody has marked stays as it is. Where a label ends
runs its outline.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from editor.document.document import UNMARKED

BACKGROUND, UNKNOWN, FOREGROUND = 0, 128, 255
FOREGROUND_RGB = (0x3F, 0xA9, 0xE0)
BACKGROUND_RGB = (0xE8, 0x70, 0x2E)
UNKNOWN_RGB = (0xFF, 0xFF, 0xFF)
DARK_RGB = (0x10, 0x10, 0x12)
BLOCK_PX = 256
"""The largest piece that is tinted at once."""

Bars = list[tuple[np.ndarray, tuple[int, int, int]]]
"""What a pattern is laid of, in order: weights (h, w) in [0, 1] and their colour."""


@dataclass(frozen=True)
class TintStyle:
    """``strength`` in [0, 1] is the tint's; ``unit`` is the number of device pixels to one of the screen's points."""

    strength: float = 0.45
    unit: float = 1.0
    outlines: bool = True

    @property
    def visible(self) -> bool:
        """False where there is nothing to draw."""
        return self.strength > 0 or self.outlines

    @property
    def margin_px(self) -> int:
        """How far beyond its rectangle the outline must know the labels."""
        return round(2 * self.unit) + 1 if self.outlines else 0


@dataclass(frozen=True)
class Pattern:
    """A label's tint, ready to be laid on: premultiplied ``colour`` and what it lets ``through``, (p, p, 4) uint8."""

    colour: np.ndarray
    through: np.ndarray
    period_px: int

    def part(self, corner: tuple[int, int], shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """Colour and through of a piece at ``corner``, so that the pattern runs on from piece to piece."""
        x, y = corner[0] % self.period_px, corner[1] % self.period_px
        place = slice(y, y + shape[0]), slice(x, x + shape[1])
        return self.colour[place], self.through[place]


def draw_tint(pixels: np.ndarray, labels: np.ndarray, corner: tuple[int, int], style: TintStyle) -> None:
    """Tint ``pixels`` (h, w, 4) uint8, blue green red x, in place; at most 256 pixels a side.

    ``labels`` (h + 2 m, w + 2 m) uint8 holds the trimap's label of each of them and of ``m = style.margin_px`` more on
    every side. ``corner`` (x, y) is where the piece lies in the whole picture, so that patterns run on.
    """
    low, high = int(labels.min()), int(labels.max())
    if (low == high == UNMARKED) or not style.visible:
        return
    height, width = pixels.shape[:2]
    margin = style.margin_px
    inner = np.ascontiguousarray(labels[margin : margin + height, margin : margin + width])
    if style.strength > 0:
        _lay_patterns(pixels, inner, corner, style)
    if style.outlines and low != high:
        _draw_outlines(pixels, labels, inner, style)


def _lay_patterns(pixels: np.ndarray, inner: np.ndarray, corner: tuple[int, int], style: TintStyle) -> None:
    """Lay each label's pattern over the pixels that bear it."""
    shape = inner.shape[0], inner.shape[1]
    masks = {label: cv2.inRange(inner, label, label) for label in _BARS}
    present = {label: mask for label, mask in masks.items() if cv2.hasNonZero(mask)}
    colour, through = np.zeros((*shape, 4), np.uint8), np.full((*shape, 4), 255, np.uint8)
    for label, mask in present.items():
        over, under = prepared(label, style.strength, style.unit).part(corner, shape)
        if len(present) == 1 and cv2.countNonZero(mask) == inner.size:
            colour, through = over, under
        else:
            cv2.copyTo(over, mask, colour)
            cv2.copyTo(under, mask, through)
    if present:
        cv2.add(cv2.multiply(pixels, through, scale=1 / 255), colour, dst=pixels)


def _draw_outlines(pixels: np.ndarray, labels: np.ndarray, inner: np.ndarray, style: TintStyle) -> None:
    """Draw a soft line just inside each label's boundary; the known labels' lie over unknown's."""
    height, width = inner.shape
    margin, size = style.margin_px, 2 * round(2 * style.unit) + 1
    for label in (UNKNOWN, BACKGROUND, FOREGROUND):
        mask = cv2.inRange(labels, label, label)
        if not cv2.hasNonZero(mask):
            continue
        if label == UNKNOWN:  # its line is only for what is unmarked: a known neighbour draws its own
            mask = cv2.bitwise_not(cv2.inRange(labels, UNMARKED, UNMARKED))
        inside = cv2.blur(mask, (size, size))[margin : margin + height, margin : margin + width]
        if label == UNKNOWN:
            inside = cv2.copyTo(inside, cv2.inRange(inner, UNKNOWN, UNKNOWN))
        four = cv2.merge([inside] * 4)
        colour, through = _line_tables(label)
        under = cv2.multiply(pixels, cv2.LUT(four, through), scale=1 / 255)
        cv2.add(under, cv2.LUT(four, colour), dst=pixels)


def _stripes(x: np.ndarray, y: np.ndarray, unit: float) -> Bars:
    """Broad white stripes rising to the right, with a dark rim that shows on white fur, and a faint veil between."""
    along = x + y
    return [
        (np.full(x.shape, 0.2), UNKNOWN_RGB),
        (0.42 * _bar(along - 3 * unit, 12 * unit, 3.2 * unit), DARK_RGB),
        (1.15 * _bar(along, 12 * unit, 5 * unit), UNKNOWN_RGB),
    ]


def _lines(x: np.ndarray, y: np.ndarray, unit: float) -> Bars:
    """A faint tint with thin lines falling to the right."""
    return [(np.full(x.shape, 0.3), BACKGROUND_RGB), (0.6 * _bar(x - y, 18 * unit, 1.5 * unit), BACKGROUND_RGB)]


def _dots(x: np.ndarray, y: np.ndarray, unit: float) -> Bars:
    """A tint with sparse small dots, every second row between those of the first."""
    side = 14 * unit
    dx = (x + np.floor(y / side) * side / 2) % side - side / 2
    dot = np.clip(1.3 * unit - np.hypot(dx, y % side - side / 2) + 0.5, 0, 1)
    return [(np.full(x.shape, 0.85), FOREGROUND_RGB), (1.3 * dot, FOREGROUND_RGB)]


def _bar(along: np.ndarray, period: float, width: float) -> np.ndarray:
    """Diagonal bars with soft edges; ``along`` is x + y or x - y, so one pixel across is the square root of two."""
    from_middle = np.abs(along % period - period / 2) / np.sqrt(2)
    return np.clip(width / 2 / np.sqrt(2) - from_middle + 0.5, 0, 1)


@lru_cache(maxsize=24)
def prepared(label: int, strength: float, unit: float) -> Pattern:
    """A label's pattern over a block and one period more, for a strength and a screen's density."""
    bars, points = _BARS[label]
    period = max(1, round(points * unit))
    y, x = np.mgrid[0:period, 0:period].astype(np.float64)
    colour, through = np.zeros((period, period, 3)), np.ones((period, period, 1))
    for weight, rgb in bars(x, y, period / points):
        kept = 1 - np.clip(weight * strength, 0, 1)[:, :, None]
        colour, through = colour * kept + np.array(rgb[::-1]) * (1 - kept), through * kept
    whole = np.concatenate([colour, 255 * (1 - through)], axis=2)
    times = -(-(BLOCK_PX + period) // period)
    repeated = [np.tile(np.rint(part).astype(np.uint8), (times, times, 1)) for part in (whole, 255 * through)]
    return Pattern(repeated[0], np.ascontiguousarray(np.repeat(repeated[1], 4, axis=2)), period)


@lru_cache(maxsize=4)
def _line_tables(label: int) -> tuple[np.ndarray, np.ndarray]:
    """By how much of a pixel's neighbourhood bears the label: the outline's colour, and what goes through."""
    weight = np.interp(np.arange(256) / 255, [0.3, 0.52, 0.8, 0.98], [0, 1, 1, 0])[:, None] * 0.95
    rgb = {BACKGROUND: BACKGROUND_RGB, UNKNOWN: UNKNOWN_RGB, FOREGROUND: FOREGROUND_RGB}[label]
    colour = np.rint(weight * np.array([*rgb[::-1], 255])).astype(np.uint8)
    through = np.repeat(255 - np.rint(weight * 255).astype(np.uint8), 4, axis=1)
    return colour.reshape(1, 256, 4), through.reshape(1, 256, 4)


_BARS: dict[int, tuple[Callable[[np.ndarray, np.ndarray, float], Bars], int]] = {
    BACKGROUND: (_lines, 18), UNKNOWN: (_stripes, 12), FOREGROUND: (_dots, 28),
}  # fmt: skip
"""How a label's pattern is drawn, and its period in points."""
