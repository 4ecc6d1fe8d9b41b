"""Trimaps made from the true matte, and how wide their unknown band is drawn (thesis, Section 5.7.2, Figures 5.5, 5.7).

A pixel is foreground (or background) where every pixel within the dilation distance is wholly opaque (or wholly
clear); all else is unknown. Equation (6.1) is the case of distance 0.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

PAPER_RANGES = (20, 30, 40, 50)
"""The thesis' four sets by their upper ends: [11, 20], [21, 30], [31, 40], [41, 50] pixels."""
USUAL_PX = 10
"""The distance for sets that bring no trimaps and where no range was asked for."""
RANGE_PX = 10


def trimap_from_truth(truth: NDArray[np.floating], distance_px: float, slack: float = 0.0) -> NDArray[np.uint8]:
    """Return the trimap (H, W) uint8 (0, 128, 255) of a true matte (H, W) in [0, 1], its band widened by a distance.

    The distance is Euclidean, in pixels, counted from the nearest pixel that is not wholly opaque (clear). ``slack`` is
    how far from 0 and 1 a matte counts as clear and opaque: JPEG's noise needs 5 / 255.
    """
    import cv2

    trimap = np.full(truth.shape, 128, np.uint8)
    for value, certain in ((0, truth <= slack), (255, truth >= 1 - slack)):
        if certain.all():
            return np.full(truth.shape, value, np.uint8)
        away = cv2.distanceTransform(certain.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        trimap[away > distance_px] = value
    return trimap


def distance_for(photo: str, upper_px: int) -> int:
    """Return a whole distance in pixels within [upper_px - 9, upper_px], but at least 1, drawn for a photo by its name.

    The same photo and range give the same distance on every machine, whatever else is measured.
    """
    seed = hashlib.sha256(f"{photo}\n{upper_px}".encode()).digest()
    rng = np.random.default_rng(int.from_bytes(seed[:8], "big"))
    return int(rng.integers(max(1, upper_px - RANGE_PX + 1), upper_px, endpoint=True))
