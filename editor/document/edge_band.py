"""From a hard mask to a trimap: an unknown band round the subject that is wide in hair and thin on cloth.

Three measurements along the edge say how wide: how far the locally linear colour model (the guided filter) lets the
mask leak over its edge, how much steeper the edge is than what lies beside it, and how much more texture there is
just outside than farther out, which is what hair before a calm background does. The width is the product of powers of
the three; the powers were chosen by hand on portraits and on pictures of fur and plants with known alpha.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from editor.document import guided, strangers
from editor.document.geometry import Rect
from editor.document.strangers import distance_to_edge
from editor.document.trimap import BACKGROUND, FOREGROUND, UNKNOWN

WORKING_PIXELS = 250_000
NARROWEST, WIDEST = 0.0035, 0.12
"""Bounds of the band's half width, in parts of the photo's size (the square root of its area)."""
USUAL = 0.105
"""The half width for a band of 50 where all three measurements are 1."""
LARGEST_HOLE = 0.03
"""A hole of less than this part of the subject is unknown, not background."""
LEAK_POWER, CRISP_POWER, TEXTURE_POWER = 0.63, -0.30, 0.45


class EdgeBand:
    """The band of one mask, measured once, so that another width takes no new measuring.

    ``image`` is (H, W, 3) uint8 and ``mask`` (H, W) bool, True on the subject.
    """

    def __init__(self, image: np.ndarray, mask: np.ndarray) -> None:
        self._mask = mask
        height, width = mask.shape
        self._size_px = math.sqrt(height * width)
        self._area = _where_it_changes(mask, math.ceil(WIDEST * self._size_px) + 2)
        if self._area.empty:
            return
        self._distance = distance_to_edge(mask[self._area.slices()])
        small, self._inside = _working_copies(image, mask)
        self._share = _widths(small, self._inside)
        self._strange = strangers.density(small, self._inside)
        self._holes = _small_holes(self._inside)

    def trimap(self, band: float = 50.0) -> np.ndarray:
        """A trimap (H, W) uint8 of 0, 128 and 255; ``band`` in [0, 100] doubles the width every 25."""
        out = np.where(self._mask, np.uint8(FOREGROUND), np.uint8(BACKGROUND))
        if self._area.empty:
            return out
        scale = 2.0 ** ((min(100.0, max(0.0, band)) - 50.0) / 25.0)
        reach = np.clip(self._share * np.float32(scale), NARROWEST * min(1.0, scale), WIDEST)
        loose = strangers.near(self._strange, self._inside, reach, scale)
        reach_px = _enlarged(np.maximum(reach * np.float32(self._size_px), 1.5), self._area, self._mask.shape)
        unknown = self._distance <= reach_px
        doubtful = loose | self._holes
        if doubtful.any():
            unknown |= _enlarged(doubtful.astype(np.float32), self._area, self._mask.shape) > 0.5
        out[self._area.slices()][unknown] = UNKNOWN
        return out


def trimap_from_mask(image: np.ndarray, mask: np.ndarray, band: float = 50.0) -> np.ndarray:
    """A trimap for a mask; see :class:`EdgeBand`, which answers quicker when only ``band`` changes."""
    return EdgeBand(image, mask).trimap(band)


def _where_it_changes(mask: np.ndarray, margin_px: int) -> Rect:
    """The rectangle that holds the mask's edge and a margin; empty where the mask has no edge."""
    if mask.all() or not mask.any():
        return Rect(0, 0, 0, 0)
    whole = Rect(0, 0, mask.shape[1], mask.shape[0])
    return Rect(*cv2.boundingRect(mask.view(np.uint8))).expand(margin_px).intersect(whole)


def _working_copies(image: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Photo (h, w, 3) float32 in [0, 1] and mask (h, w) bool at no more than ``WORKING_PIXELS``."""
    share = min(1.0, math.sqrt(WORKING_PIXELS / mask.size))
    size = (max(1, round(mask.shape[1] * share)), max(1, round(mask.shape[0] * share)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return small, cv2.resize(mask.view(np.uint8) * np.uint8(255), size, interpolation=cv2.INTER_AREA) > 127


def _small_holes(inside: np.ndarray) -> np.ndarray:
    """Small islands of background within the subject, (h, w) bool: an eye as well as a gap, so nobody can say."""
    _, parts, facts, _ = cv2.connectedComponentsWithStats((~inside).view(np.uint8), connectivity=4)
    height, width = inside.shape
    right, bottom = facts[:, 0] + facts[:, 2], facts[:, 1] + facts[:, 3]
    enclosed = (facts[:, 0] > 0) & (facts[:, 1] > 0) & (right < width) & (bottom < height)
    enclosed &= facts[:, cv2.CC_STAT_AREA] < LARGEST_HOLE * inside.sum()
    enclosed[0] = False
    return enclosed[parts]


def _widths(image: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """The half width for a band of 50 at the nearest place of the edge, in parts of the size, (h, w) float32."""
    edge = cv2.dilate(inside.view(np.uint8), np.ones((3, 3), np.uint8)).view(bool) != inside
    if not edge.any():
        return np.full(inside.shape, NARROWEST, np.float32)
    width = USUAL * _measured(image, inside)
    _, nearest = cv2.distanceTransformWithLabels(
        (~edge).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    at_edge = np.zeros(int(nearest.max()) + 1, np.float32)
    at_edge[nearest[edge]] = width[edge]
    return cv2.GaussianBlur(at_edge[nearest], (0, 0), 0.004 * math.sqrt(inside.size) + 0.3)


def _measured(image: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """The product of the three measurements, (h, w) float32, meaningful on the edge."""
    size_px = math.sqrt(inside.size)
    distance = distance_to_edge(inside)
    soft_px = 0.015 * size_px
    leak = _leak(image, inside, distance < 0.03 * size_px, soft_px)
    slope = _slope(image)

    def ring(side: np.ndarray, start: float, stop: float, blur_px: float) -> np.ndarray:
        """Mean slope at distances between two parts of the photo's size."""
        return _mean_over(slope, side & (distance > start * size_px) & (distance <= stop * size_px), blur_px)

    just_outside, just_inside = ring(~inside, 0.003, 0.01, soft_px), ring(inside, 0.003, 0.01, soft_px)
    crisp = _mean_over(slope, distance <= 1.5, soft_px) / (just_inside + just_outside + 0.01)
    texture = (ring(~inside, 0.01, 0.02, soft_px) + 0.005) / (ring(~inside, 0.04, 0.08, 2 * soft_px) + 0.005)
    return (leak + 0.005) ** LEAK_POWER * (crisp + 0.05) ** CRISP_POWER * texture**TEXTURE_POWER


def _leak(image: np.ndarray, inside: np.ndarray, near: np.ndarray, soft_px: float) -> np.ndarray:
    """How much of the mask the guided filter carries over its edge, near the edge, in [0, 1]."""
    radius_px = max(2, int(0.008 * math.sqrt(inside.size)))
    values = inside.astype(np.float32)
    alpha = np.clip(guided.apply(image, guided.coefficients(image, values, radius_px, 1e-4)), 0.0, 1.0)
    out, back = _mean_over(alpha, near & ~inside, soft_px), _mean_over(1.0 - alpha, near & inside, soft_px)
    return (out + back) / 2


def _slope(image: np.ndarray) -> np.ndarray:
    """The steepest channel's change of colour a pixel, (h, w) float32."""
    across, down = cv2.Sobel(image, -1, 1, 0, ksize=3), cv2.Sobel(image, -1, 0, 1, ksize=3)
    return np.sqrt((across * across + down * down).max(axis=2)) / 8


def _mean_over(values: np.ndarray, chosen: np.ndarray, blur_px: float) -> np.ndarray:
    """The mean of ``values`` over the chosen pixels round about, weighed by a Gaussian of ``blur_px``."""
    weight = chosen.astype(np.float32)
    total = cv2.GaussianBlur(values * weight, (0, 0), blur_px)
    return total / (cv2.GaussianBlur(weight, (0, 0), blur_px) + 1e-6)


def _enlarged(small: np.ndarray, area: Rect, shape: tuple[int, ...]) -> np.ndarray:
    """The part ``area`` of a small array enlarged to ``shape``."""
    fx, fy = small.shape[1] / shape[1], small.shape[0] / shape[0]
    # The centre of pixel x of the large array lies at (x + 0.5) fx - 0.5 of the small one.
    matrix = np.array([[fx, 0, (area.x + 0.5) * fx - 0.5], [0, fy, (area.y + 0.5) * fy - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(small, matrix, (area.w, area.h), flags=flags, borderMode=cv2.BORDER_REPLICATE)
