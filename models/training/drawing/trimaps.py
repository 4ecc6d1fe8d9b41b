"""Trimaps as people draw them round a known alpha: a band round everything soft, close or generous."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.drawing.layer import Floats
from models.training.drawing.textures import noise

SOFT = (5 / 255, 250 / 255)
"""What lies between counts as soft; nearer to 0 and 1 the eye sees none and all."""
TIGHT_PX, LOOSE_PX = (4.5, 9.0), (10.0, 19.0)
"""Margins round the soft pixels, in pixels. On photos of 800 px both kinds of published trimap are such bands of an
even width: 5 to 8 px and 11 to 17 px; ours vary more."""
HAND_DRAWN = 0.35
"""The share of trimaps whose margin wavers, up to twice as wide in places, as a brush's does."""


def make_trimap(alpha: Floats, seed: int, tight: bool) -> NDArray[np.uint8]:
    """A trimap (H, W) uint8 of 0, 128 and 255 whose unknown part holds every soft pixel of ``alpha`` (H, W) in [0, 1].

    ``tight``: a close band as a careful person draws it; else a generous one, in which small sure spots are lost.
    """
    rng = np.random.default_rng((seed, int(tight), 77))
    soft = (alpha > SOFT[0]) & (alpha < SOFT[1])
    solid = alpha >= SOFT[1]
    # A hard edge has no soft pixel, yet nobody draws a trimap without a band there.
    edge = solid & ~(cv2.erode(solid.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)  # the picture's rim is none
    margin = np.full(alpha.shape, rng.uniform(*(TIGHT_PX if tight else LOOSE_PX)), np.float32)
    if rng.random() < HAND_DRAWN:
        waver = noise(rng, max(alpha.shape), 4, 16)[: alpha.shape[0], : alpha.shape[1]]
        margin *= np.clip(1.2 + 0.35 * waver, 0.7, 2)
    trimap = np.where(solid, 255, 0).astype(np.uint8)
    unsure = np.asarray(~(soft | edge), np.uint8)
    trimap[cv2.distanceTransform(unsure, cv2.DIST_L2, 5) <= margin] = 128
    return _without_specks(trimap, round((8 if tight else 20) * rng.uniform(0.5, 2)))


def _without_specks(trimap: NDArray[np.uint8], smallest_px: int) -> NDArray[np.uint8]:
    """The trimap with sure spots of fewer than ``smallest_px`` pixels marked unknown: nobody paints those."""
    for sure in (0, 255):
        count, labels, stats, _ = cv2.connectedComponentsWithStats(np.asarray(trimap == sure, np.uint8), connectivity=4)
        small = np.flatnonzero(stats[:count, cv2.CC_STAT_AREA] < smallest_px)
        trimap[np.isin(labels, small[small > 0])] = 128
    return trimap
