"""The guided filter with a colour guide: values smoothed so that their edges follow the photo's.

He, Sun, Tang: Guided Image Filtering (PAMI 2013), section 3.5 for a colour guide; He, Sun: Fast Guided Filter (2015)
for applying coefficients found on a small photo to the large one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import cv2
import numpy as np

Mean: TypeAlias = Callable[[np.ndarray], np.ndarray]


def coefficients(image: np.ndarray, values: np.ndarray, radius_px: int, smoothness: float) -> np.ndarray:
    """Coefficients (h, w, 4) float32 of the locally linear model values = a . colour + b: three of a, then b.

    ``image`` (h, w, 3) float32 in [0, 1], ``values`` (h, w) float32; ``smoothness`` (epsilon in the paper) is the
    variance of colour below which an area counts as flat. The filter's result is :func:`apply` of these on the image.
    """
    window = (2 * radius_px + 1, 2 * radius_px + 1)

    def mean(array: np.ndarray) -> np.ndarray:
        return cv2.blur(array, window, borderType=cv2.BORDER_REFLECT)

    average, level = mean(image), mean(values)
    together = mean(image * values[..., None]) - average * level[..., None]
    slope = _solved(_covariance(image, average, mean, smoothness), together)
    offset = level - np.einsum("hwc,hwc->hw", slope, average)
    return mean(np.dstack([slope, offset]))


def apply(image: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """a . colour + b for (h, w, 3) float32 and coefficients (h, w, 4) of the same size."""
    return np.einsum("hwc,hwc->hw", factors[..., :3], image) + factors[..., 3]


def _covariance(
    image: np.ndarray, average: np.ndarray, mean: Mean, smoothness: float
) -> dict[tuple[int, int], np.ndarray]:
    """The upper half of the 3 x 3 covariance of colour at every pixel, with epsilon on its diagonal."""
    half = {}
    for i in range(3):
        for j in range(i, 3):
            half[i, j] = mean(image[..., i] * image[..., j]) - average[..., i] * average[..., j]
            if i == j:
                half[i, j] += np.float32(smoothness)
    return half


def _solved(half: dict[tuple[int, int], np.ndarray], right: np.ndarray) -> np.ndarray:
    """The solutions of symmetric 3 x 3 systems by cofactors, which is far quicker here than a general solver."""
    a, b, c, d, e, f = (half[key] for key in ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)))
    aa, bb, cc = d * f - e * e, c * e - b * f, b * e - c * d
    dd, ee, ff = a * f - c * c, b * c - a * e, a * d - b * b
    x, y, z = (right[..., k] for k in range(3))
    determinant = a * aa + b * bb + c * cc
    solution = np.dstack([aa * x + bb * y + cc * z, bb * x + dd * y + ee * z, cc * x + ee * y + ff * z])
    return solution / determinant[..., None]
