"""The matting Laplacian of Levin, Lischinski and Weiss, assembled for the unknown pixels only.

A. Levin, D. Lischinski, Y. Weiss: "A Closed-Form Solution to Natural Image Matting", IEEE TPAMI 30(2), 2008.

Every 3 x 3 window k asks alpha to be an affine function of the colour inside it. With the window's colour mean m_k and
covariance S_k, two of its pixels i and j meet in the entry (the paper's equation 12)

    L_ij  +=  delta_ij - 1/9 (1 + (I_i - m_k)^T (S_k + epsilon/9 Id)^-1 (I_j - m_k)).

With S_k + epsilon/9 Id = C C^T and u_i = C^-1 (I_i - m_k) the product is the plain dot product u_i . u_j, so a window
costs nine triangular solves and 45 dot products. The photo is walked in tiles, and only tiles with unknown pixels are
looked at: memory grows with the unknown region, not with the photo.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.side_by_side import side_by_side

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

FOREGROUND = 255
UNKNOWN = 128
TILE_PX = 96
REACH_PX = 2  # two pixels share a window when they are at most two rows and two columns apart
NEIGHBOURS = [(dy, dx) for dy in range(-REACH_PX, REACH_PX + 1) for dx in range(-REACH_PX, REACH_PX + 1)]
WINDOW = [(dy, dx) for dy in range(3) for dx in range(3)]


@dataclass(frozen=True)
class UnknownSystem:
    """The linear system `matrix @ alpha[unknown] = rhs`, its rows being the unknown pixels in reading order.

    matrix: (n, n) float64, symmetric, positive definite where every unknown region touches a known pixel. Each row
    stores one entry for each of the 25 neighbours; where a neighbour is known or beyond the border the entry is zero
    and its column is the row itself. rhs: (n,) float64, what the known foreground contributes.
    """

    matrix: csr_matrix
    rhs: np.ndarray

    def add_to_diagonal(self, weights: np.ndarray) -> None:
        """matrix += diag(weights), in place; weights: (n,)."""
        self.matrix.data.reshape(-1, len(NEIGHBOURS))[:, len(NEIGHBOURS) // 2] += weights


def window_stencil(patch: np.ndarray, epsilon: float) -> np.ndarray:
    """Sum the entries of all 3 x 3 windows of a patch.

    patch: (h, w, 3) float64 colours, h and w at least 3. Returns (13, h, w) float64: at [5 * dy + dx, y, x] the entry
    between pixel (y, x) and pixel (y + dy, x + dx), for the 13 offsets that come at or after (0, 0) in reading order;
    the other 12 follow by symmetry.
    """
    h, w = patch.shape[:2]
    whitened = _whitened_colours(patch, epsilon)
    stencil = np.zeros((13, h, w))
    places = [(slice(dy, dy + h - 2), slice(dx, dx + w - 2)) for dy, dx in WINDOW]
    for first, (dy, dx) in enumerate(WINDOW):
        for second in range(first, 9):
            offset = 5 * (WINDOW[second][0] - dy) + WINDOW[second][1] - dx
            stencil[offset][places[first]] -= np.einsum("chw,chw->hw", whitened[first], whitened[second])
        stencil[0][places[first]] += 1.0
    return stencil


def _whitened_colours(patch: np.ndarray, epsilon: float) -> np.ndarray:
    """(9, 4, h - 2, w - 2): u_j / 3 for each of a window's nine pixels, and 1/3 as a fourth part, so that the dot
    product of two of them is (1 + u_i . u_j) / 9."""
    centred = patch - patch.mean(axis=(0, 1))  # keeps the covariance below free of cancellation
    planes = np.ascontiguousarray(np.moveaxis(centred, 2, 0))
    mean = [_window_mean(plane) for plane in planes]
    ridge = epsilon / 9

    def covariance(a: int, b: int) -> np.ndarray:
        return _window_mean(planes[a] * planes[b]) - mean[a] * mean[b]

    # Cholesky of the 3 x 3 covariance, written out: c21 stands for row 2, column 1
    inv11 = 1 / np.sqrt(np.maximum(covariance(0, 0), 0) + ridge)
    c21, c31 = covariance(0, 1) * inv11, covariance(0, 2) * inv11
    inv22 = 1 / np.sqrt(np.maximum(covariance(1, 1) - c21 * c21, 0) + ridge)
    c32 = (covariance(1, 2) - c21 * c31) * inv22
    inv33 = 1 / np.sqrt(np.maximum(covariance(2, 2) - c31 * c31 - c32 * c32, 0) + ridge)

    h, w = inv11.shape
    whitened = np.empty((9, 4, h, w))
    whitened[:, 3] = 1 / 3
    for place, (dy, dx) in enumerate(WINDOW):
        red, green, blue = (planes[c, dy : dy + h, dx : dx + w] - mean[c] for c in range(3))
        u1 = red * inv11
        u2 = (green - c21 * u1) * inv22
        whitened[place, 0] = u1 / 3
        whitened[place, 1] = u2 / 3
        whitened[place, 2] = (blue - c31 * u1 - c32 * u2) * inv33 / 3
    return whitened


def _window_mean(plane: np.ndarray) -> np.ndarray:
    rows = plane[:, :-2] + plane[:, 1:-1] + plane[:, 2:]
    return (rows[:-2] + rows[1:-1] + rows[2:]) / 9


def assemble(
    image: np.ndarray, trimap: np.ndarray, epsilon: float, tick: Callable[[float], None] | None = None
) -> UnknownSystem:
    """Build the matting Laplacian's rows of the unknown pixels.

    image: (H, W, 3) float32 in [0, 1], H and W at least 3. trimap: (H, W) uint8, 0/128/255. epsilon: the paper's
    regularisation, for colours in [0, 1]. tick(fraction) is called once a strip of rows and may raise to cancel.
    """
    from scipy.sparse import csr_matrix

    height = trimap.shape[0]
    counts = np.count_nonzero(trimap == UNKNOWN, axis=1)
    first_row_ids = np.concatenate([[0], np.cumsum(counts)])
    n = int(first_row_ids[-1])
    values, columns, rhs = np.empty((n, 25)), np.empty((n, 25), np.int32), np.empty(n)

    def work(top: int) -> None:
        bottom = min(top + TILE_PX, height)
        mine = slice(int(first_row_ids[top]), int(first_row_ids[bottom]))
        strip = _Strip(trimap, top, bottom, first_row_ids)
        strip.fill(image, epsilon, values[mine], columns[mine], rhs[mine])

    tops = [top for top in range(0, height, TILE_PX) if counts[top : top + TILE_PX].any()]
    side_by_side(work, tops, tick or (lambda share: None))
    row_starts = np.arange(0, 25 * n + 1, 25, dtype=np.int32 if 25 * n < 2**31 else np.int64)
    return UnknownSystem(csr_matrix((values.ravel(), columns.ravel(), row_starts), (n, n)), rhs)


class _Strip:
    """A band of rows: which of its pixels are unknown and which row of the matrix each of them is."""

    def __init__(self, trimap: np.ndarray, top: int, bottom: int, first_row_ids: np.ndarray):
        height, self.width = trimap.shape
        self.height, self.top, self.bottom = height, top, bottom
        above, below = max(top - REACH_PX, 0), min(bottom + REACH_PX, height)
        margin = ((above - top + REACH_PX, bottom + REACH_PX - below), (REACH_PX, REACH_PX))
        marks = np.pad(trimap[above:below], margin)
        unknown = marks == UNKNOWN
        self.first_id = int(first_row_ids[top])
        numbers = np.cumsum(unknown.ravel()).reshape(unknown.shape) + (int(first_row_ids[above]) - 1)
        self.ids = np.where(unknown, numbers, -1).astype(np.int32)
        self.foreground = marks == FOREGROUND

    def fill(self, image: np.ndarray, epsilon: float, values: np.ndarray, columns: np.ndarray, rhs: np.ndarray) -> None:
        """Write the strip's rows: values (m, 25), columns (m, 25) and rhs (m,) are its parts of the system."""
        unknown = self.ids[REACH_PX:-REACH_PX, REACH_PX:-REACH_PX] >= 0
        for left in range(0, self.width, TILE_PX):
            right = min(left + TILE_PX, self.width)
            y, x = np.nonzero(unknown[:, left:right])
            if y.size == 0:
                continue
            stencil = self._stencil(image, left, right, epsilon)
            here = self.ids[:, left : right + 2 * REACH_PX]
            fore = self.foreground[:, left : right + 2 * REACH_PX]
            tile_values, tile_columns, tile_rhs = _gather(stencil, here, fore, y + REACH_PX, x + REACH_PX)
            into = here[y + REACH_PX, x + REACH_PX] - self.first_id
            values[into], columns[into], rhs[into] = tile_values.T, tile_columns.T, tile_rhs

    def _stencil(self, image: np.ndarray, left: int, right: int, epsilon: float) -> np.ndarray:
        """(13, h + 4, w + 4) for the tile and two pixels around it; zero beyond the photo, where no window lies."""
        y0, y1 = max(self.top - REACH_PX, 0), min(self.bottom + REACH_PX, self.height)
        x0, x1 = max(left - REACH_PX, 0), min(right + REACH_PX, self.width)
        stencil = np.zeros((13, self.bottom - self.top + 2 * REACH_PX, right - left + 2 * REACH_PX))
        inner = window_stencil(image[y0:y1, x0:x1].astype(np.float64), epsilon)
        row, column = y0 - self.top + REACH_PX, x0 - left + REACH_PX
        stencil[:, row : row + y1 - y0, column : column + x1 - x0] = inner
        return stencil


def _gather(
    stencil: np.ndarray, ids: np.ndarray, foreground: np.ndarray, y: np.ndarray, x: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(25, m) entries, (25, m) matrix columns and (m,) right-hand side of the pixels at (y, x)."""
    width = ids.shape[1]
    place = y * width + x
    planes = stencil.reshape(13, -1)
    flat_ids, flat_foreground = ids.ravel(), foreground.ravel()
    own = flat_ids[place]
    values = np.empty((25, place.size))
    columns = np.empty((25, place.size), np.int32)
    rhs = np.zeros(place.size)
    for k, (dy, dx) in enumerate(NEIGHBOURS):
        offset, other = 5 * dy + dx, place + (dy * width + dx)
        entry = planes[offset][place] if offset >= 0 else planes[-offset][other]
        neighbour = flat_ids[other]
        unknown = neighbour >= 0
        rhs -= entry * flat_foreground[other]
        values[k] = entry * unknown
        columns[k] = np.where(unknown, neighbour, own)
    return values, columns, rhs
