"""How alike two sets of pictures are: PSNR, SSIM, mean absolute and root mean square error (thesis, 4.8.1).

SSIM is here twice. The tables' cannot be the usual one: at a PSNR of 26 dB they print 0.98, where small pictures with
such an error have some 0.9. Public code that descends from the authors' hands a whole batch of 100 pictures to
scikit-image as one volume, with the range of values that it took for floats, 2; that comes much nearer to the tables.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_WINDOW_PX, _SIGMA_PX = 11, 1.5
_K1, _K2 = 0.01, 0.03
_AT_ONCE = 500
_STACK, _CUBE_PX, _STACK_RANGE = 100, 7, 2.0

Pictures = NDArray[np.floating]


@dataclass(frozen=True)
class Similarity:
    """PSNR in dB; SSIM, at most 1; MAE and root MSE in the unit of the pictures, whose white is 1."""

    psnr: float
    ssim: float
    ssim_stacked: float
    """As the tables' SSIM seems to have been measured; nan where there are fewer than 7 pictures."""
    mae: float
    rmse: float


def similarity(answer: Pictures, truth: Pictures) -> Similarity:
    """All four of pictures (count, H, W), each over all pixels of all pictures (SSIM: the mean of the pictures').

    PSNR is that of the root mean square error over the whole set, not a mean of the pictures' own: so the tables'
    columns belong together. ``ValueError`` where shapes differ, nothing is there, or a picture is smaller than 11.
    """
    _check(answer, truth)
    difference = np.subtract(answer, truth, dtype=np.float64)
    squared = float(np.square(difference).mean())
    each, stacked = ssim(answer, truth), ssim_stacked(answer, truth) if len(truth) >= _CUBE_PX else math.nan
    return Similarity(psnr(squared), each, stacked, float(np.abs(difference).mean()), math.sqrt(squared))


def psnr(mean_squared: float, peak: float = 1.0) -> float:
    """The peak signal-to-noise ratio 10 log10(peak^2 / MSE) in dB; infinite where nothing differs."""
    return math.inf if mean_squared <= 0 else 10 * math.log10(peak * peak / mean_squared)


def ssim(answer: Pictures, truth: Pictures) -> float:
    """The mean structural similarity of pictures (count, H, W) with values in [0, 1] (Wang et al. 2004).

    Gaussian windows of 11 x 11 with deviation 1.5, only where they lie wholly inside; K1 0.01, K2 0.03. ``ValueError``
    as ``similarity``.
    """
    _check(answer, truth)
    total = 0.0
    for first in range(0, len(truth), _AT_ONCE):
        here = slice(first, first + _AT_ONCE)
        total += float(_ssim_map(answer[here].astype(np.float64), truth[here].astype(np.float64)).mean((1, 2)).sum())
    return total / len(truth)


def ssim_stacked(answer: Pictures, truth: Pictures) -> float:
    """The structural similarity of stacks of 100 pictures, each stack one volume, with values taken to span 2.

    Windows are even cubes of 7, wholly inside; variances are those of samples. A last, smaller stack counts by its
    share, one of fewer than 7 pictures not at all. ``ValueError`` as ``similarity``, and for fewer than 7 pictures.
    """
    _check(answer, truth)
    if len(truth) < _CUBE_PX:
        raise ValueError(f"A stack has {_CUBE_PX} pictures or more, not {len(truth)}.")
    total, counted = 0.0, 0
    for first in range(0, len(truth) - _CUBE_PX + 1, _STACK):
        x, y = (stack[first : first + _STACK].astype(np.float64) for stack in (answer, truth))
        total += len(x) * float(_cube_map(x, y).mean())
        counted += len(x)
    return total / counted


def _cube_map(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """The structural similarity at each place of a volume where the cube lies inside."""
    from scipy.ndimage import uniform_filter

    edge = _CUBE_PX // 2

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return uniform_filter(values, _CUBE_PX)[edge:-edge, edge:-edge, edge:-edge]

    return _similarity_of(x, y, mean, _STACK_RANGE, _CUBE_PX**3 / (_CUBE_PX**3 - 1))


def _ssim_map(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """The structural similarity (count, H - 10, W - 10) in each Gaussian window."""
    down, across = _windows(x.shape[1]), _windows(x.shape[2])

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return down @ values @ across.T

    return _similarity_of(x, y, mean, 1.0, 1.0)


def _similarity_of(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    mean: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    value_range: float,
    of_samples: float,
) -> NDArray[np.float64]:
    """(2 mu_x mu_y + c1)(2 sigma_xy + c2) / ((mu_x^2 + mu_y^2 + c1)(sigma_x^2 + sigma_y^2 + c2)), ``mean`` by windows.

    ``of_samples``: n / (n - 1) makes the variances of n values those of samples; 1 leaves them.
    """
    c1, c2 = (_K1 * value_range) ** 2, (_K2 * value_range) ** 2
    mu_x, mu_y = mean(x), mean(y)
    variances = of_samples * (mean(x * x) - mu_x**2 + mean(y * y) - mu_y**2)
    covariance = of_samples * (mean(x * y) - mu_x * mu_y)
    return (2 * mu_x * mu_y + c1) * (2 * covariance + c2) / ((mu_x**2 + mu_y**2 + c1) * (variances + c2))


def _windows(length: int) -> NDArray[np.float64]:
    """A matrix (length - 10, length) whose rows are the Gaussian at each place where it lies inside."""
    offsets = np.arange(_WINDOW_PX) - _WINDOW_PX // 2
    gauss = np.exp(-(offsets**2) / (2 * _SIGMA_PX**2))
    matrix = np.zeros((length - _WINDOW_PX + 1, length))
    for row in range(len(matrix)):
        matrix[row, row : row + _WINDOW_PX] = gauss / gauss.sum()
    return matrix


def _check(answer: Pictures, truth: Pictures) -> None:
    if answer.shape != truth.shape:
        raise ValueError(f"The answer is {answer.shape} but the truth {truth.shape}. Compare pictures of one size.")
    if truth.ndim != 3 or not truth.size or min(truth.shape[1:]) < _WINDOW_PX:
        raise ValueError(f"Pictures are (count, H, W) of {_WINDOW_PX} pixels and more, not {truth.shape}.")
