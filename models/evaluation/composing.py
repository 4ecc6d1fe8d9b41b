"""Composing test photos as the Deep Image Matting dataset prescribes (Xu et al. 2017; thesis, reference 113).

The background covers the foreground: where it is smaller in either direction it is enlarged, bicubic, by the larger
of the two ratios, its sides rounded up; then its upper left corner is taken. It is never reduced. The mixture
alpha F + (1 - alpha) B is computed in float64 and cut off, not rounded, to 8 bits.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_STRIP_ROWS = 256  # bounds what float64 takes


def compose(
    foreground: NDArray[np.uint8], alpha: NDArray[np.uint8], background: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Return foreground (H, W, 3) with alpha (H, W), 255 opaque, over a background (h, w, 3) of any size, all uint8.

    Raises ValueError where foreground and alpha differ in size.
    """
    height, width = alpha.shape
    if foreground.shape[:2] != alpha.shape:
        size = f"{foreground.shape[1]} x {foreground.shape[0]}"
        raise ValueError(f"The foreground is {size} pixels, its matte {width} x {height}. Copy both again.")
    behind = covering(background, width, height)
    made = np.empty_like(foreground)
    for top in range(0, height, _STRIP_ROWS):
        rows = slice(top, top + _STRIP_ROWS)
        share = alpha[rows, :, None] / 255.0
        made[rows] = share * foreground[rows] + (1.0 - share) * behind[rows]
    return made


def covering(background: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Return the part (height, width, 3) of a background (h, w, 3) that lies behind a foreground of that size."""
    from PIL import Image  # the published script resizes with Pillow, whose bicubic is another than OpenCV's

    old_height, old_width = background.shape[:2]
    ratio = max(width / old_width, height / old_height)
    if ratio > 1:
        size = (math.ceil(old_width * ratio), math.ceil(old_height * ratio))
        background = np.asarray(Image.fromarray(background).resize(size, Image.Resampling.BICUBIC))
    return background[:height, :width]


def reduced(
    foreground: NDArray[np.uint8], alpha: NDArray[np.uint8], longest_px: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return both with at most ``longest_px`` along the longer side (thesis, 5.5.3: 2000), averaged over areas.

    The thesis does not name the filter.
    """
    import cv2

    scale = longest_px / max(alpha.shape)
    if scale >= 1:
        return foreground, alpha
    size = (max(1, round(alpha.shape[1] * scale)), max(1, round(alpha.shape[0] * scale)))
    made = [cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in (foreground, alpha)]
    return np.asarray(made[0], np.uint8), np.asarray(made[1], np.uint8)
