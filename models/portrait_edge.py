"""The edge of a person whom a small network found: the classic matte at a size at which it takes seconds, drawn out.

A small network knows who is there and little of hair. Between what it is sure of, the classic matte decides; what is
plain after that is known, and what is soft is drawn at full size by the photo's own detail.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np

from models.enlarging import enlarged_matte
from models.prepare import FOREGROUND, UNKNOWN

SOLVING_PX = 512
"""The photo's longer side where the classic matte is found; finer detail is the photo's own. At 640 the 27 portraits of
../shared/data/eval come out no better (Grad 16.1, here 15.9) and take half a second more."""
SOFT = 0.02
"""Alpha farther than this from 0 and 1 stays unknown, and so does what lies round it."""
ROUND = 0.005
"""How far round it, in parts of the longer side."""
SOLVING = 0.8
"""The part of the progress that the classic matte takes."""

Progress = Callable[[float, str], None]


def edge_matte(
    image: np.ndarray, enlarged: Callable[[tuple[int, int]], np.ndarray], progress: Progress
) -> tuple[np.ndarray, np.ndarray]:
    """Trimap (H, W) uint8 and alpha (H, W) float32 in [0, 1], which agree where the trimap is known.

    image: (H, W, 3) float32 sRGB in [0, 1]. ``enlarged((h, w))`` gives the trimap that the network found at a size.
    ``progress`` is a cancel point; what it raises comes out at once.
    """
    from models.classical.classic import classic_matte

    H, W = image.shape[:2]
    scale = min(1.0, SOLVING_PX / max(H, W))
    h, w = (max(3, round(side * scale)) for side in (H, W))
    small = cv2.resize(image, (w, h), interpolation=cv2.INTER_AREA) if (h, w) != (H, W) else image
    trimap = enlarged((h, w))
    alpha = classic_matte(small, trimap, lambda share, text: progress(SOLVING * share, text))
    trimap = tidied(trimap, alpha)
    large = _smoothly(trimap, (H, W))
    made = enlarged_matte(
        image, small, alpha, large, lambda share: progress(SOLVING + (1 - SOLVING) * share, "Drawing the edge")
    )
    return large, made


def tidied(trimap: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The trimap (h, w) with what the matte found plainly opaque or clear all round made known."""
    soft = (alpha > SOFT) & (alpha < 1 - SOFT)
    edge = cv2.morphologyEx((alpha > 0.5).astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    side = 2 * max(1, math.ceil(max(alpha.shape) * ROUND)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    near = cv2.dilate((soft | edge).astype(np.uint8), disc) > 0
    known = np.where(alpha > 0.5, np.uint8(FOREGROUND), np.uint8(0))
    return np.where(near & (trimap == UNKNOWN), np.uint8(UNKNOWN), known)


def _smoothly(small: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The trimap at another size, its outlines smooth; unknown where neither side prevails."""
    if small.shape == shape:
        return small
    trimap = np.full(shape, UNKNOWN, np.uint8)
    for value in (0, FOREGROUND):
        share = cv2.resize((small == value).astype(np.uint8) * 255, shape[::-1], interpolation=cv2.INTER_LINEAR)
        trimap[share > 127] = value
    return trimap
