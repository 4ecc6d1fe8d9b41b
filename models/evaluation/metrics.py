"""The four errors by which the matting papers compare mattes: SAD, MSE, gradient and connectivity.

Defined by Rhemann et al., "A Perceptually Motivated Online Benchmark for Image Matting" (CVPR 2009), and computed as
the evaluation code that the papers share does, to the last digit that matters: the same kernel, the same thresholds,
the same choice among components of one size. Zero is perfect; smaller is better.

`alpha` is the matte that is judged and `truth` the known one, both (H, W) floats in [0, 1]. `region` is a boolean
(H, W) mask of the pixels that count, or None for the whole photo; gradients and components are always formed over the
whole photo, since the region only decides where their differences are summed.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_UNKNOWN = 128
_GRADIENT_SIGMA_PX = 1.4
_GRADIENT_TAIL = 1e-2  # the kernel ends where the Gaussian's density falls below this
_CONNECTIVITY_LEVELS = 10  # thresholds 0.1, 0.2, ..., 1.0
_CONNECTIVITY_TOLERANCE = 0.15  # a pixel less than this above its level counts as connected


@dataclass(frozen=True)
class Scores:
    """The four errors in the units that the papers print: SAD / 1000, MSE, gradient / 1000, connectivity / 1000."""

    sad: float
    mse: float
    grad: float
    conn: float


def evaluate(alpha: NDArray[np.floating], truth: NDArray[np.floating], trimap: NDArray[np.uint8] | None) -> Scores:
    """Return all four errors of `alpha` (H, W) against `truth` (H, W), both floats in [0, 1], in the papers' units.

    `trimap` is (H, W) uint8 with 0, 128 and 255; only its unknown pixels (128) count. None judges the whole photo, as
    the portrait papers do beside it. SAD, gradient and connectivity are divided by 1000; MSE is the plain mean.
    Raises ValueError when a shape, dtype or range is wrong, or when the trimap has no unknown pixel.
    """
    region = None if trimap is None else unknown_region(trimap)
    return Scores(
        sad=sad(alpha, truth, region) / 1000,
        mse=mse(alpha, truth, region),
        grad=grad(alpha, truth, region) / 1000,
        conn=conn(alpha, truth, region) / 1000,
    )


def unknown_region(trimap: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return the boolean (H, W) mask of the unknown pixels of `trimap` (H, W) uint8, those that are exactly 128.

    Raises ValueError unless the trimap is uint8 with only 0, 128 and 255.
    """
    if trimap.ndim != 2 or trimap.dtype != np.uint8:
        raise ValueError(f"a trimap is (H, W) uint8, not {trimap.shape} {trimap.dtype}")
    if not np.isin(trimap, (0, _UNKNOWN, 255)).all():
        raise ValueError("a trimap holds only 0 (background), 128 (unknown) and 255 (foreground)")
    return trimap == _UNKNOWN


def sad(alpha: NDArray[np.floating], truth: NDArray[np.floating], region: NDArray[np.bool_] | None = None) -> float:
    """Return the sum of absolute differences, sum |alpha - truth| over the region; not yet divided by 1000.

    Shapes and ranges as the module says; raises ValueError when they are wrong.
    """
    _check(alpha, truth, region)
    return float(np.abs(_difference(alpha, truth, region)).sum())


def mse(alpha: NDArray[np.floating], truth: NDArray[np.floating], region: NDArray[np.bool_] | None = None) -> float:
    """Return the mean squared difference, the mean of (alpha - truth)^2 over the region.

    Shapes and ranges as the module says; raises ValueError when they are wrong.
    """
    _check(alpha, truth, region)
    return float(np.square(_difference(alpha, truth, region)).mean())


def grad(alpha: NDArray[np.floating], truth: NDArray[np.floating], region: NDArray[np.bool_] | None = None) -> float:
    """Return the gradient error, sum (|grad alpha| - |grad truth|)^2 over the region; not yet divided by 1000.

    Each matte is first stretched to [0, 1]; the gradients are first-order Gaussian derivatives, sigma 1.4 pixels.
    Shapes and ranges as the module says; raises ValueError when they are wrong.
    """
    _check(alpha, truth, region)
    error = np.square(_gradient_magnitude(alpha) - _gradient_magnitude(truth))
    return float(_within(error, region).sum())


def conn(alpha: NDArray[np.floating], truth: NDArray[np.floating], region: NDArray[np.bool_] | None = None) -> float:
    """Return the connectivity error, sum |phi(alpha) - phi(truth)| over the region; not yet divided by 1000.

    The level l of a pixel is the highest threshold at which it still belongs to the largest component that is opaque
    in both mattes; phi = 1 - d where d = value - l is at least 0.15, and 1 elsewhere.
    Shapes and ranges as the module says; raises ValueError when they are wrong.
    """
    _check(alpha, truth, region)
    # float32 throughout: in float64 the 8-bit value 153 lies below the threshold 0.6, in the papers' code it does not.
    alpha32, truth32 = alpha.astype(np.float32), truth.astype(np.float32)
    level = _connected_level(alpha32, truth32)
    error = np.abs(_connectedness(alpha32, level) - _connectedness(truth32, level))
    return float(_within(error, region).sum(dtype=np.float64))


def _check(alpha: NDArray[np.floating], truth: NDArray[np.floating], region: NDArray[np.bool_] | None) -> None:
    for name, plane in (("alpha", alpha), ("truth", truth)):
        if plane.ndim != 2 or plane.size == 0:
            raise ValueError(f"{name} is a plane (H, W), not {plane.shape}")
        if not np.issubdtype(plane.dtype, np.floating):
            raise ValueError(f"{name} is a float in [0, 1], not {plane.dtype}: divide an 8-bit plane by 255")
        if not (plane.min() >= 0 and plane.max() <= 1):  # written so that NaN fails too
            raise ValueError(f"{name} leaves the range [0, 1]")
    if alpha.shape != truth.shape:
        raise ValueError(f"alpha is {alpha.shape} but truth is {truth.shape}")
    if region is not None:
        _check_region(region, alpha.shape)


def _check_region(region: NDArray[np.bool_], shape: tuple[int, ...]) -> None:
    if region.shape != shape or region.dtype != np.bool_:
        raise ValueError(f"the region is a boolean mask {shape}, not {region.shape} {region.dtype}")
    if not region.any():
        raise ValueError("the region is empty: there is no pixel to judge")


def _within(error: NDArray[np.floating], region: NDArray[np.bool_] | None) -> NDArray[np.floating]:
    return error if region is None else error[region]


def _difference(
    alpha: NDArray[np.floating], truth: NDArray[np.floating], region: NDArray[np.bool_] | None
) -> NDArray[np.float64]:
    return np.subtract(_within(alpha, region), _within(truth, region), dtype=np.float64)


def _gradient_kernels() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the Gaussian and its derivative (9,), scaled so that their outer product has L2 norm 1."""
    sigma = _GRADIENT_SIGMA_PX
    radius = math.ceil(sigma * math.sqrt(-2 * math.log(math.sqrt(2 * math.pi) * sigma * _GRADIENT_TAIL)))
    x = np.arange(-radius, radius + 1, dtype=np.float64)
    gauss = np.exp(-(x**2) / (2 * sigma**2))
    slope = -x * gauss
    return gauss / np.linalg.norm(gauss), slope / np.linalg.norm(slope)  # |a b^T| = |a| |b|


def _gradient_magnitude(plane: NDArray[np.floating]) -> NDArray[np.float64]:
    import cv2

    low, high = float(plane.min()), float(plane.max())
    stretched = (plane.astype(np.float64) - low) / (high - low if high > low else 1.0)
    gauss, slope = _gradient_kernels()
    along_x = cv2.sepFilter2D(stretched, cv2.CV_64F, slope, gauss, borderType=cv2.BORDER_REPLICATE)
    along_y = cv2.sepFilter2D(stretched, cv2.CV_64F, gauss, slope, borderType=cv2.BORDER_REPLICATE)
    return np.hypot(along_x, along_y)


def _connected_level(alpha: NDArray[np.float32], truth: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return for each pixel the last threshold before it first leaves the largest shared component; 1 if never."""
    level = np.ones(alpha.shape, np.float32)
    pending = np.ones(alpha.shape, np.bool_)
    for step in range(1, _CONNECTIVITY_LEVELS + 1):
        threshold = np.float32(step / _CONNECTIVITY_LEVELS)
        shared = (alpha >= threshold) & (truth >= threshold)
        if not shared.any():  # the papers' code leaves everyone connected when there is no component at all
            break
        leaving = pending & ~_largest_component(shared)
        level[leaving] = (step - 1) / _CONNECTIVITY_LEVELS
        pending &= ~leaving
    return level


def _largest_component(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the largest 4-connected part of `mask` (H, W), not empty; of several, the first met column by column."""
    import cv2

    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    areas = stats[1:, cv2.CC_STAT_AREA]
    largest = 1 + np.flatnonzero(areas == areas.max())
    if len(largest) > 1:
        by_column = labels.T.ravel()
        largest = by_column[np.argmax(np.isin(by_column, largest))]
    return labels == largest


def _connectedness(plane: NDArray[np.float32], level: NDArray[np.float32]) -> NDArray[np.float32]:
    above = plane - level
    return 1 - above * (above >= np.float32(_CONNECTIVITY_TOLERANCE))
