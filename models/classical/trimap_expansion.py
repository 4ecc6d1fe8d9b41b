"""Widening the known parts of a trimap by pixels that look like a known neighbour.

E. Gastal, M. Oliveira: "Shared Sampling for Real-Time Alpha Matting", Computer Graphics Forum 29(2), 2010, section 4.1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

UNKNOWN = 128
REACH_PX = 10
COLOUR_REACH = 0.02  # Euclidean distance of colours in [0, 1]: about five 8-bit steps


def expand_trimap(image: np.ndarray, trimap: np.ndarray, tick: Callable[[float], None]) -> np.ndarray:
    """Return `trimap` with each unknown pixel that a known one resembles given that pixel's mark; the nearest wins.

    image: (H, W, 3) float32 in [0, 1]. trimap: (H, W) uint8 of 0, 128 and 255, not written to. A known pixel decides
    when it lies within 10 pixels and its colour within 0.02. tick(fraction) may raise to cancel.
    """
    expanded = trimap.copy()
    row, column = np.nonzero((trimap == UNKNOWN) & (_distance_to_known(trimap) <= REACH_PX))
    colour = image[row, column]
    offsets = _offsets_by_distance(REACH_PX)
    for step, (dy, dx) in enumerate(offsets):
        if step % 16 == 0:
            tick(step / len(offsets))
        y, x = row + dy, column + dx
        inside = (y >= 0) & (y < trimap.shape[0]) & (x >= 0) & (x < trimap.shape[1])
        mark = np.full(row.size, UNKNOWN, np.uint8)
        mark[inside] = trimap[y[inside], x[inside]]
        known = np.flatnonzero(mark != UNKNOWN)
        apart = image[y[known], x[known]] - colour[known]
        found = known[np.einsum("ij,ij->i", apart, apart) <= COLOUR_REACH**2]
        expanded[row[found], column[found]] = mark[found]
        waiting = np.ones(row.size, np.bool_)
        waiting[found] = False
        row, column, colour = row[waiting], column[waiting], colour[waiting]
    return expanded


def _distance_to_known(trimap: np.ndarray) -> np.ndarray:
    import cv2

    return cv2.distanceTransform((trimap == UNKNOWN).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)


def _offsets_by_distance(reach: int) -> list[tuple[int, int]]:
    """All (dy, dx) but (0, 0) with length at most `reach`, the shortest first."""
    steps = range(-reach, reach + 1)
    offsets = [(dy, dx) for dy in steps for dx in steps if 0 < dy * dy + dx * dx <= reach * reach]
    return sorted(offsets, key=lambda offset: offset[0] ** 2 + offset[1] ** 2)
