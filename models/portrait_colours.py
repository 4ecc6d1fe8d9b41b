"""What a photo's own colours tell of its subject, once a network has found it roughly.

A small network sees where somebody is, less surely where the coat ends and the wall begins. The colours of this photo
do: what looks like the sure parts of the person, and lies where the person may be, is the person's. Two ways are taken
and their mean: cuts between foreground and background along the photo's edges (GrabCut, from marks as wide as the
network is sure), and the ratio of the colours' frequencies inside and outside. Measured on photos kept back from
training, the mean of both errs less than either.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

SURE = (0.03, 0.06, 0.1)
"""A pixel is sure background below such a share, sure foreground above 1 less it: one cut for each."""
CUT_ROUNDS = 2
BINS = 16
"""Of each of Lab's axes, where colours are counted."""
TRUST = 0.5
"""How far the ratio of frequencies counts beside what the network says."""
SMOOTH_PX, SMOOTH = 6, 1e-3
"""The guided filter that lays the answer along the photo's edges."""
_LEAST = 1e-3


def mended(image: Floats, share: Floats) -> Floats:
    """The share of foreground (h, w) in [0, 1], corrected by the colours of the image (h, w, 3) sRGB in [0, 1].

    Both some hundred pixels wide: time and the cuts' idea of an edge are made for that. A share that is sure of
    nothing is given back.
    """
    pixels = np.ascontiguousarray(np.round(image * 255).astype(np.uint8))
    with ThreadPoolExecutor(len(SURE)) as pool:
        cuts = [cut for cut in pool.map(lambda sure: _cut(pixels, share, sure), SURE) if cut is not None]
    if not cuts:
        return share
    told = _by_frequency(pixels, share)
    return guided((np.mean(cuts, axis=0) + told) / 2, image, image)


def guided(plane: Floats, image: Floats, large: Floats) -> Floats:
    """The plane (h, w) laid along the edges of the image (h, w, 3); at the size of ``large`` (H, W, 3), the same photo.

    The guided filter: in every window the plane is taken for a linear function of colour. Found small and applied
    large, it follows edges that the plane itself is too coarse for.
    """
    slope, offset = _linear(plane, image)
    size = large.shape[1::-1]
    made = cv2.resize(offset, size, interpolation=cv2.INTER_LINEAR)
    for channel in range(3):
        made += cv2.resize(slope[..., channel], size, interpolation=cv2.INTER_LINEAR) * large[..., channel]
    return np.clip(made, 0, 1, dtype=np.float32)


def _cut(pixels: NDArray[np.uint8], share: Floats, sure: float) -> Floats | None:
    """GrabCut's foreground, 0 or 1; None where the share is sure of no foreground or of no background."""
    marks = np.where(share > 0.5, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    marks[share > 1 - sure] = cv2.GC_FGD
    marks[share < sure] = cv2.GC_BGD
    if not (share > 1 - sure).any() or not (share < sure).any():
        return None
    cv2.setRNGSeed(0)  # its clusters of colours start at random; each thread has a generator of its own
    models = np.zeros((2, 1, 65))
    no_box = (0, 0, 1, 1)  # looked at only where there are no marks
    cv2.grabCut(pixels[..., ::-1].copy(), marks, no_box, models[0], models[1], CUT_ROUNDS, cv2.GC_INIT_WITH_MASK)
    return ((marks == cv2.GC_FGD) | (marks == cv2.GC_PR_FGD)).astype(np.float32)


def _by_frequency(pixels: NDArray[np.uint8], share: Floats) -> Floats:
    """The share after the ratio of how often its colour occurs inside and outside."""
    lab = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB), np.int64) * BINS // 256
    place = (lab[..., 0] * BINS + lab[..., 1]) * BINS + lab[..., 2]
    ratio = np.zeros(share.shape)
    for sign, weight in ((1, share), (-1, 1 - share)):
        counts = np.bincount(place.ravel(), np.square(weight.ravel()), BINS**3).reshape(BINS, BINS, BINS)
        counts = _blurred(counts)
        ratio += sign * np.log(counts.ravel()[place] / counts.sum() + 1e-6)
    kept = np.clip(share, _LEAST, 1 - _LEAST)
    return (1 / (1 + np.exp(-np.log(kept / (1 - kept)) - TRUST * ratio))).astype(np.float32)


def _blurred(counts: np.ndarray) -> np.ndarray:
    """Counts (n, n, n) spread over neighbours by a Gaussian of one bin, mirrored at the borders."""
    weights = np.exp(-0.5 * np.arange(-3, 4) ** 2)
    for axis in range(3):
        padded = np.pad(counts, [(3, 3) if other == axis else (0, 0) for other in range(3)], mode="symmetric")
        parts = [np.take(padded, range(k, k + counts.shape[axis]), axis=axis) * w for k, w in enumerate(weights)]
        counts = np.sum(parts, axis=0) / weights.sum()
    return counts


def _linear(plane: Floats, image: Floats) -> tuple[Floats, Floats]:
    """In every window the best slope (h, w, 3) and offset (h, w) of the plane as a function of colour, averaged."""
    side = (2 * SMOOTH_PX + 1, 2 * SMOOTH_PX + 1)

    def mean(values: np.ndarray) -> np.ndarray:
        return np.asarray(cv2.blur(values, side), np.float64)

    image64, plane64 = image.astype(np.float64), plane.astype(np.float64)
    colour, level = mean(image64), mean(plane64)
    along = mean(image64 * plane64[..., None]) - colour * level[..., None]
    spread = np.empty((*plane.shape, 3, 3))
    for a in range(3):
        for b in range(a, 3):
            both = mean(image64[..., a] * image64[..., b]) - colour[..., a] * colour[..., b]
            spread[..., a, b] = spread[..., b, a] = both
    slope = np.linalg.solve(spread + SMOOTH * np.eye(3), along[..., None])[..., 0]
    offset = level - (slope * colour).sum(axis=-1)
    return mean(slope).astype(np.float32), mean(offset).astype(np.float32)
