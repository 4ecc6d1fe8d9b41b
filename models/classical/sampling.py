"""Sampling: which foreground and which background colour made this unknown pixel?

From each unknown pixel rays go out; where one first meets known foreground or known background it takes a sample.
Neighbours send their rays into different directions, so that together they see the whole border, and afterwards each
pixel picks from what its neighbourhood found. The idea, the cost and its exponents are those of

E. Gastal, M. Oliveira: "Shared Sampling for Real-Time Alpha Matting", Computer Graphics Forum 29(2), 2010.

With f = F - I and b = B - I, the colours seen from the pixel, the best alpha for a pair and the squared colour that it
leaves unexplained need only three dot products:

    alpha = (b.b - f.b) / (f.f + b.b - 2 f.b)       residual = alpha^2 f.f + (1 - alpha)^2 b.b + 2 alpha (1 - alpha) f.b
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.side_by_side import side_by_side

UNKNOWN = 128
RAYS = 8
PATTERN_PX = 8  # start angles repeat every 8 x 8 pixels
PATTERN_STRIDE = 37  # coprime to 64, so that neighbours get distant start angles
PATCH_POWER, FOREGROUND_POWER, BACKGROUND_POWER = 3.0, 1.0, 4.0  # of the paper's equation 6
LEAST_SEPARATION = 1e-5  # of |F - B|^2, below which a pair cannot tell anything
PIXELS_A_PIECE = 8192
FAR = 1e6

Tick = Callable[[float], None]


@dataclass(frozen=True)
class Band:
    """The n unknown pixels of a photo: row and column (n,), colour (n, 3) float32, number (H, W) int32 or -1."""

    row: np.ndarray
    column: np.ndarray
    colour: np.ndarray
    number: np.ndarray

    @classmethod
    def of(cls, image: np.ndarray, trimap: np.ndarray) -> Band:
        """List the unknown pixels of `trimap` (H, W) uint8 with their colours in `image` (H, W, 3) float32."""
        row, column = np.nonzero(trimap == UNKNOWN)
        number = np.full(trimap.shape, -1, np.int32)
        number[row, column] = np.arange(row.size, dtype=np.int32)
        return cls(row.astype(np.int32), column.astype(np.int32), image[row, column], number)

    def pieces(self) -> list[slice]:
        """Cut the n pixels into runs of a bounded length, so that tables of candidates stay small."""
        return [slice(first, first + PIXELS_A_PIECE) for first in range(0, self.row.size, PIXELS_A_PIECE)]


@dataclass(frozen=True)
class Samples:
    """What k rays of m pixels met: colour (m, k, 3) and distance_px (m, k); a ray that met nothing is FAR away."""

    colour: np.ndarray
    distance_px: np.ndarray


def pair_fit(ff: np.ndarray, bb: np.ndarray, fb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the best alpha in [0, 1] of each pair and the squared residual it leaves, from f.f, b.b and f.b."""
    alpha = np.clip((bb - fb) / np.maximum(ff + bb - 2 * fb, LEAST_SEPARATION), 0, 1)
    rest = 1 - alpha
    return alpha, np.maximum(alpha * alpha * ff + rest * rest * bb + 2 * alpha * rest * fb, 0)


def gather_pairs(image: np.ndarray, trimap: np.ndarray, band: Band, tick: Tick) -> tuple[np.ndarray, np.ndarray]:
    """Return a foreground and a background colour, (n, 3) float32 each, for the n pixels of `band`.

    image: (H, W, 3) float32 in [0, 1]. trimap: (H, W) uint8 with some foreground and some background. Each pixel
    chooses among the 8 x 8 pairs that its own rays met; alone this choice is rough, see pair_sharing. tick(fraction)
    is called for each piece and may raise to cancel.
    """
    tick(0.0)
    distances = [_distance_to(trimap, mark) for mark in (255, 0)]
    fallback = [_mean_colour(image, trimap, mark) for mark in (255, 0)]
    foreground, background = np.empty_like(band.colour), np.empty_like(band.colour)

    def work(piece: slice) -> None:
        row, column = band.row[piece], band.column[piece]
        fore, back = (_cast_rays(image, d, row, column, c) for d, c in zip(distances, fallback, strict=True))
        cost = _pair_costs(*_patch_moments(image, row, column), fore, back)
        best = cost.reshape(row.size, -1).argmin(axis=1)
        pixel = np.arange(row.size)
        foreground[piece] = fore.colour[pixel, best // RAYS]
        background[piece] = back.colour[pixel, best % RAYS]

    side_by_side(work, band.pieces(), tick)
    return foreground, background


def _distance_to(trimap: np.ndarray, mark: int) -> np.ndarray:
    import cv2

    return cv2.distanceTransform((trimap != mark).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)


def _mean_colour(image: np.ndarray, trimap: np.ndarray, mark: int) -> np.ndarray:
    import cv2

    return np.array(cv2.mean(image, (trimap == mark).astype(np.uint8))[:3], np.float32)


def _cast_rays(
    image: np.ndarray, distance: np.ndarray, row: np.ndarray, column: np.ndarray, fallback: np.ndarray
) -> Samples:
    """Send 8 rays from each of m pixels until the first pixel whose `distance` (H, W) to known ones is 0.

    Nothing lies nearer than that distance says, so a ray may leap so far at once: ten leaps do for most.
    """
    pattern = (column % PATTERN_PX + PATTERN_PX * (row % PATTERN_PX)) * PATTERN_STRIDE % PATTERN_PX**2
    turn = pattern[:, None] / PATTERN_PX**2 + np.arange(RAYS)
    angle = (2 * np.pi / RAYS * turn).astype(np.float32).ravel()
    from_y, from_x = np.repeat(row, RAYS).astype(np.float32), np.repeat(column, RAYS).astype(np.float32)
    length, met = _leap(distance, from_y, from_x, np.sin(angle), np.cos(angle))
    hit_y = np.rint(from_y + length * np.sin(angle)).astype(np.int32)
    hit_x = np.rint(from_x + length * np.cos(angle)).astype(np.int32)
    colour = np.broadcast_to(fallback, (length.size, 3)).copy()
    colour[met] = image[hit_y[met], hit_x[met]]
    reach = np.where(met, length, FAR).astype(np.float32)
    return Samples(colour.reshape(-1, RAYS, 3), reach.reshape(-1, RAYS))


def _leap(
    distance: np.ndarray, y: np.ndarray, x: np.ndarray, dy: np.ndarray, dx: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return how far (r,) each ray goes and whether it met a known pixel before it left the photo."""
    height, width = distance.shape
    length, met = np.zeros(y.size, np.float32), np.zeros(y.size, np.bool_)
    going = np.arange(y.size)
    while going.size:
        at_y = np.rint(y[going] + length[going] * dy[going]).astype(np.int32)
        at_x = np.rint(x[going] + length[going] * dx[going]).astype(np.int32)
        inside = (at_y >= 0) & (at_y < height) & (at_x >= 0) & (at_x < width)
        going = going[inside]
        left = distance[at_y[inside], at_x[inside]]
        arrived = left == 0
        met[going[arrived]] = True
        going = going[~arrived]
        length[going] += np.maximum(left[~arrived] - 1, 1)  # less one for rounding to whole pixels
    return length, met


def _patch_moments(image: np.ndarray, row: np.ndarray, column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean colour (m, 3) and the covariance (m, 3, 3) of the 3 x 3 pixels around each of m pixels."""
    height, width = image.shape[:2]
    offset = np.arange(-1, 2)
    y = np.clip(row[:, None, None] + offset[:, None], 0, height - 1)
    x = np.clip(column[:, None, None] + offset, 0, width - 1)
    patch = image[y, x].reshape(-1, 9, 3)
    mean = patch.mean(axis=1)
    patch -= mean[:, None]
    return mean, np.matmul(patch.transpose(0, 2, 1), patch) / 9


def _pair_costs(mean: np.ndarray, covariance: np.ndarray, fore: Samples, back: Samples) -> np.ndarray:
    """Return the cost (m, k, k) of each foreground sample with each background sample; its logarithm, to be exact.

    Over a patch with mean m and covariance C the line from B to F leaves tr C - v^T C v / v^T v unexplained, where
    v = F - B, besides what it leaves of the mean itself.
    """
    f, b = fore.colour - mean[:, None], back.colour - mean[:, None]
    ff, bb = (f * f).sum(axis=2)[:, :, None], (b * b).sum(axis=2)[:, None, :]
    fb = np.matmul(f, b.transpose(0, 2, 1))
    f_c, b_c = np.matmul(f, covariance), np.matmul(b, covariance)
    along = (f_c * f).sum(axis=2)[:, :, None] + (b_c * b).sum(axis=2)[:, None, :]
    along = along - 2 * np.matmul(f_c, b.transpose(0, 2, 1))  # v^T C v
    spread = np.trace(covariance, axis1=1, axis2=2)[:, None, None]
    unexplained = np.maximum(spread - along / np.maximum(ff + bb - 2 * fb, LEAST_SEPARATION), 0)
    patch = unexplained + pair_fit(ff, bb, fb)[1]
    near_f, near_b = (np.log(samples.distance_px + 1e-3) for samples in (fore, back))
    return (
        PATCH_POWER * np.log(9 * patch + 1e-9)
        + FOREGROUND_POWER * near_f[:, :, None]
        + BACKGROUND_POWER * near_b[:, None, :]
    )
