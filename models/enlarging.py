"""A matte of a reduced photo at the photo's own size, its edge drawn by the photo's own detail.

Along an edge alpha is nearly a linear function of colour (Levin, Lischinski, Weiss: A Closed-Form Solution, eq. 2).
The line is found on the reduced photo and applied to the pixels of the large one: hair that is finer than a pixel of
the reduced photo shows by its colour.
He, Sun: Fast Guided Filter (2015), here only where something is unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from models.side_by_side import side_by_side

RADIUS_PX = 2
"""Of the window in which the line is found, in the reduced photo."""
FLAT = 2e-4
"""A variance of colour below which an area counts as flat: noise draws no hair."""
BLOCK_PX = 512

Floats = np.ndarray[Any, np.dtype[np.float32]]


def enlarged_matte(
    image: np.ndarray,
    small_image: np.ndarray,
    small_alpha: np.ndarray,
    trimap: np.ndarray,
    tick: Callable[[float], None],
) -> np.ndarray:
    """Alpha (H, W) float32 in [0, 1], exactly 0 and 1 where ``trimap`` (H, W) uint8 says so.

    ``image`` (H, W, 3) and ``small_image`` (h, w, 3) are the same photo, float32 in [0, 1]; ``small_alpha`` (h, w)
    float32 is the matte of the reduced one. ``tick`` is called with the share that is done, and may raise.
    """
    lines = colour_lines(small_image, small_alpha)
    alpha = (trimap == 255).astype(np.float32)
    H, W = trimap.shape

    def work(corner: tuple[int, int]) -> None:
        top, left = corner
        place = slice(top, min(H, top + BLOCK_PX)), slice(left, min(W, left + BLOCK_PX))
        unknown = trimap[place] == 128
        if unknown.any():
            line = _part_of(lines, corner, unknown.shape, (H, W))
            drawn = np.einsum("hwc,hwc->hw", line[..., :3], image[place]) + line[..., 3]
            alpha[place][unknown] = np.clip(drawn, 0, 1)[unknown]

    side_by_side(work, [(top, left) for top in range(0, H, BLOCK_PX) for left in range(0, W, BLOCK_PX)], tick)
    return alpha


def colour_lines(image: np.ndarray, alpha: np.ndarray) -> Floats:
    """Lines alpha = a . colour + b round every pixel, (h, w, 4) float32: three of a, then b.

    Found where alpha is neither 0 nor 1 or changes near by; elsewhere a is 0 and b is alpha.
    """
    average, level = _mean(image), _mean(alpha)
    near = (_mean(alpha * alpha) - level * level) > 1e-7
    centre, spread = average[near], np.empty((int(near.sum()), 3, 3), np.float64)
    for i in range(3):
        for j in range(i, 3):
            product = _mean(image[..., i] * image[..., j])[near] - centre[:, i] * centre[:, j]
            spread[:, i, j] = spread[:, j, i] = product
    spread += FLAT * np.eye(3)
    together = _mean(image * alpha[..., None])[near] - centre * level[near][:, None]
    slope = np.linalg.solve(spread, together[..., None])[..., 0]
    lines = np.zeros((*alpha.shape, 4), np.float32)
    lines[..., 3] = level
    lines[near, :3] = slope
    lines[near, 3] -= (slope * centre).sum(axis=1)
    return _mean(lines)


def _mean(array: np.ndarray) -> np.ndarray:
    side = 2 * RADIUS_PX + 1
    return cv2.blur(array, (side, side), borderType=cv2.BORDER_REFLECT)


def _part_of(lines: np.ndarray, corner: tuple[int, int], size: tuple[int, ...], shape: tuple[int, int]) -> np.ndarray:
    """The lines enlarged to ``shape``, of which the part of ``size`` at ``corner`` is wanted, (h, w, 4)."""
    fy, fx = lines.shape[0] / shape[0], lines.shape[1] / shape[1]
    # The centre of the large photo's pixel x lies at (x + 0.5) fx - 0.5 of the reduced one.
    matrix = np.array([[fx, 0, (corner[1] + 0.5) * fx - 0.5], [0, fy, (corner[0] + 0.5) * fy - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(lines, matrix, (size[1], size[0]), flags=flags, borderMode=cv2.BORDER_REPLICATE)
