"""What stands out from the background beside a subject: stray hair that a hard mask has left out.

The background is known well enough a little way off the mask. What lies between and does not look like it, and hangs
together with the subject, had better be unknown.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

REACH, FAR = 0.10, 0.30
"""How far from the mask strangers are sought, and to where the background is learnt, in parts of the photo's size."""
START = 0.10
"""Where learning the background begins."""
ODD = 3.0
"""How many times the background's own spread (and at least 0.03) a colour must be off to be strange."""
LEAST_SPREAD = 0.03
LEAST_DENSITY = 0.15


def density(image: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """The share of strangers round about each pixel, (h, w) float32 in [0, 1].

    ``image`` (h, w, 3) float32 in [0, 1], ``inside`` (h, w) bool. Zero where too little background is there to learn
    from.
    """
    size_px = math.sqrt(inside.size)
    distance = distance_to_edge(inside)
    ground = (~inside & (distance > START * size_px) & (distance < FAR * size_px)).astype(np.float32)
    blur_px = 0.05 * size_px
    weight = cv2.GaussianBlur(ground, (0, 0), blur_px)
    norm = 1.0 / (weight + np.float32(1e-6))
    off = np.zeros(inside.shape, np.float32)
    for channel in cv2.split(image):
        mean = cv2.GaussianBlur(channel * ground, (0, 0), blur_px) * norm
        square = cv2.GaussianBlur(channel * channel * ground, (0, 0), blur_px) * norm
        off += (channel - mean) ** 2 / (np.maximum(square - mean * mean, 0) + np.float32(LEAST_SPREAD**2))
    strange = ~inside & (distance <= REACH * size_px) & (off > ODD * ODD) & (weight > 1e-3)
    return cv2.GaussianBlur(strange.astype(np.float32), (0, 0), 0.006 * size_px + 0.3)


def near(density: np.ndarray, inside: np.ndarray, reach: np.ndarray, scale: float) -> np.ndarray:
    """Where strangers stand thick enough and hang together with the subject or its band, (h, w) bool.

    ``reach`` is the band's half width in parts of the photo's size, ``scale`` how much wider than usual it is: a wide
    band takes in thinner hair.
    """
    band = distance_to_edge(inside) <= reach * np.float32(math.sqrt(inside.size))
    strange = (density > max(0.6 * LEAST_DENSITY, LEAST_DENSITY / scale)) & ~inside
    _, parts = cv2.connectedComponents((strange | band | inside).view(np.uint8))
    parts = np.asarray(parts, np.int32)
    kept = np.zeros(int(parts.max()) + 1, bool)
    kept[parts[inside]] = True
    return strange & kept[parts]


def distance_to_edge(mask: np.ndarray) -> np.ndarray:
    """Pixels to the nearest pixel of the other kind, (h, w) float32."""
    inside = cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    outside = cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.maximum(inside, outside, out=inside)
