"""The trimap's tint: colours, hatching and outlines that tell the labels apart, also without colour.

Foreground is a blue tint with small dots, background an orange one with thin lines falling to the right, unknown has
broad white stripes rising to the right, and what nobody has marked stays as it is. Where a label ends runs its outline.
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
PATTERN_PX = 512
"""Side of a prepared pattern: a block and the largest phase."""

Pattern = Callable[[np.ndarray, np.ndarray, float], np.ndarray]


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
        return int(np.ceil(2 * self.unit)) + 1 if self.outlines else 0


def draw_tint(pixels: np.ndarray, labels: np.ndarray, corner: tuple[int, int], style: TintStyle) -> None:
    """Tint ``pixels`` (h, w, 4) uint8, blue green red x, in place.

    ``labels`` (h + 2 m, w + 2 m) uint8 holds the trimap's label of each of them and of ``m = style.margin_px`` more on
    every side. ``corner`` (x, y) is where the piece lies in the whole picture, so that patterns run on.
    """
    low, high = int(labels.min()), int(labels.max())
    if (low == high == UNMARKED) or not style.visible:
        return
    height, width = pixels.shape[:2]
    margin = style.margin_px
    inner = np.ascontiguousarray(labels[margin : margin + height, margin : margin + width])
    weight = _fill_weights(inner, corner, style)
    colour = _COLOUR_OF_LABEL[inner]
    if style.outlines and low != high:
        _add_outlines(weight, colour, labels, inner, style)
    shown = colour.view(np.uint8).reshape(height, width, 4)
    pixels[:] = cv2.blendLinear(pixels, shown, 1.0 - weight, weight)


def _fill_weights(inner: np.ndarray, corner: tuple[int, int], style: TintStyle) -> np.ndarray:
    """How much of its label's colour each pixel takes, (h, w) float32 in [0, 1]."""
    height, width = inner.shape
    weight = np.zeros((height, width), np.float32)
    for label in _PATTERNS:
        mask = cv2.compare(inner, label, cv2.CMP_EQ)
        if not cv2.hasNonZero(mask):
            continue
        whole, period = _prepared(label, style.unit)
        x, y = corner[0] % period, corner[1] % period
        cv2.copyTo(cv2.multiply(whole[y : y + height, x : x + width], style.strength), mask, weight)
    return weight


def _add_outlines(
    weight: np.ndarray, colour: np.ndarray, labels: np.ndarray, inner: np.ndarray, style: TintStyle
) -> None:
    """Draw a soft line inside each label's boundary: unknown's first, so that the known ones' lie over it."""
    height, width = weight.shape
    margin = style.margin_px
    size = 2 * round(1.5 * style.unit) + 1
    for label in (UNKNOWN, BACKGROUND, FOREGROUND):
        mask = cv2.compare(labels, label, cv2.CMP_EQ)
        if label == UNKNOWN:  # against a known label that one's own line is enough, against an unmarked pixel there is none
            mask = cv2.bitwise_or(mask, cv2.inRange(labels, 0, 0) | cv2.inRange(labels, 255, 255))
        if not cv2.hasNonZero(mask):
            continue
        inside = cv2.blur(mask, (size, size))[margin : margin + height, margin : margin + width]
        line = cv2.LUT(inside, _LINE)
        if label == UNKNOWN:
            line[inner != UNKNOWN] = 0
        stronger = cv2.compare(line, weight, cv2.CMP_GT)
        stronger = cv2.bitwise_and(stronger, cv2.compare(line, 0.2, cv2.CMP_GT))
        cv2.copyTo(line, stronger, weight)
        colour[stronger > 0] = _COLOUR_OF_LABEL[label]


def _stripes(x: np.ndarray, y: np.ndarray, unit: float) -> np.ndarray:
    """Broad stripes rising to the right, with a faint veil between them."""
    return 0.16 + 0.74 * _bars(x + y, 12 * unit, 5 * unit)


def _lines(x: np.ndarray, y: np.ndarray, unit: float) -> np.ndarray:
    """A tint with thin lines falling to the right."""
    return 0.5 + 0.5 * _bars(x - y, 18 * unit, 1.6 * unit)


def _dots(x: np.ndarray, y: np.ndarray, unit: float) -> np.ndarray:
    """A tint with sparse small dots, every second row between those of the first."""
    period = 14 * unit
    row = np.floor(y / period)
    dx = (x + row * period / 2) % period - period / 2
    dy = y % period - period / 2
    dot = np.clip(1.4 * unit - np.hypot(dx, dy) + 0.5, 0, 1)
    return 0.8 + 0.7 * dot


def _bars(along: np.ndarray, period: float, width: float) -> np.ndarray:
    """Diagonal bars with soft edges; ``along`` is x + y or x - y, so one pixel across is the square root of two."""
    from_middle = np.abs(along % period - period / 2) / np.sqrt(2)
    return np.clip(width / 2 / np.sqrt(2) - from_middle + 0.5, 0, 1)


@lru_cache(maxsize=12)
def _prepared(label: int, unit: float) -> tuple[np.ndarray, int]:
    """A label's pattern over a block and one period more, and its period in whole pixels."""
    pattern, points = _PATTERNS[label]
    period = max(1, round(points * unit))
    y, x = np.mgrid[0:PATTERN_PX, 0:PATTERN_PX].astype(np.float32)
    return pattern(x, y, period / points).astype(np.float32), period


def _packed(rgb: tuple[int, int, int]) -> int:
    """A colour as the 32-bit word whose bytes are blue, green, red, 255 in memory."""
    return int(np.array([rgb[2], rgb[1], rgb[0], 255], np.uint8).view(np.uint32)[0])


_PATTERNS: dict[int, tuple[Pattern, int]] = {BACKGROUND: (_lines, 18), UNKNOWN: (_stripes, 12), FOREGROUND: (_dots, 28)}
_COLOUR_OF_LABEL = np.zeros(256, np.uint32)
for _label, _rgb in ((BACKGROUND, BACKGROUND_RGB), (UNKNOWN, UNKNOWN_RGB), (FOREGROUND, FOREGROUND_RGB)):
    _COLOUR_OF_LABEL[_label] = _packed(_rgb)
_LINE = (np.interp(np.arange(256) / 255, [0.35, 0.52, 0.85, 0.999], [0, 1, 1, 0]) * 0.95).astype(np.float32)
"""A line's weight by how much of a pixel's neighbourhood bears the label: full just inside the boundary."""
