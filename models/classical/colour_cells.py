"""Coarse spaces for the matting Laplacian: square cells, in each of which alpha is an affine function of colour.

The matting Laplacian hardly punishes an alpha that is an affine function of colour over a patch (its very idea), so
those functions are what a smoother cannot remove and what a coarse grid must carry. Interpolating alpha linearly in
space, as an image pyramid does, misses them wherever the photo has an edge. So each cell of m x m pixels gets four
unknowns: the coefficients of 1 and of the three colours, whitened over the cell's unknown pixels so that the four
functions stand (nearly) at right angles. This is aggregation multigrid (P. Vanek, J. Mandel, M. Brezina,
Computing 56, 1996) with the matting Laplacian's own near null space as candidates.

Cells of a next level gather 3 x 3 cells of the last; their four functions are exact combinations of the finer ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

FUNCTIONS = 4  # alpha inside a cell: a constant and one slope per colour channel
COLOUR_RIDGE = 1e-7  # variance added before whitening; far below what 8-bit rounding alone causes (1.3e-6)


@dataclass(frozen=True)
class ColourCells:
    """k cells: where they lie and how the colours of their pixels are spread.

    row, column: (k,) grid place. count: (k,) pixels inside. mean: (k, 3) colour. covariance: (k, 3, 3).
    """

    row: np.ndarray
    column: np.ndarray
    count: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray

    def whitening(self) -> np.ndarray:
        """(k, 3, 3) lower triangular C with C C^T = covariance + ridge."""
        return np.linalg.cholesky(self.covariance + COLOUR_RIDGE * np.eye(3))


def cells_of_pixels(
    row: np.ndarray, column: np.ndarray, colour: np.ndarray, size_px: int
) -> tuple[ColourCells, csr_matrix]:
    """Gather n pixels into cells of size_px; returns the cells and the (n, 4 k) prolongation.

    row, column: (n,) pixel places. colour: (n, 3) in [0, 1].
    """
    from scipy.sparse import csr_matrix

    cell, cell_row, cell_column = _number_cells(row, column, size_px)
    k, n = cell_row.size, cell.size
    count = np.bincount(cell, minlength=k).astype(np.float64)
    mean = np.stack([np.bincount(cell, colour[:, c], k) for c in range(3)], axis=1) / count[:, None]
    centred = colour - mean[cell]
    covariance = np.empty((k, 3, 3))
    for a in range(3):
        for b in range(a + 1):
            spread = np.bincount(cell, centred[:, a] * centred[:, b], k) / count
            covariance[:, a, b] = covariance[:, b, a] = spread
    cells = ColourCells(cell_row, cell_column, count, mean, covariance)

    scale = 1 / np.sqrt(count)
    unwhiten = np.linalg.inv(cells.whitening()) * scale[:, None, None]
    values = np.zeros((n, FUNCTIONS))
    values[:, 0] = scale[cell]
    for a in range(3):
        for b in range(a + 1):  # the inverse of a lower triangular matrix is one too
            values[:, 1 + a] += unwhiten[cell, a, b] * centred[:, b]
    columns = FUNCTIONS * cell[:, None] + np.arange(FUNCTIONS, dtype=np.int32)
    starts = np.arange(0, FUNCTIONS * n + 1, FUNCTIONS, dtype=np.int32)
    return cells, csr_matrix((values.ravel(), columns.ravel(), starts), (n, FUNCTIONS * k))


def cells_of_cells(fine: ColourCells, factor: int) -> tuple[ColourCells, csr_matrix]:
    """Gather k cells into groups of factor x factor; returns the coarse cells and the (4 k, 4 K) prolongation.

    A coarse function at a fine cell is C^-1 (I - m) = C^-1 (m_fine - m) + C^-1 C_fine u_fine: the first part goes to
    the fine cell's constant, the second to its colour functions.
    """
    from scipy.sparse import bsr_matrix

    cell, cell_row, cell_column = _number_cells(fine.row, fine.column, factor)
    k = cell_row.size
    count = np.bincount(cell, fine.count, k)
    mean = np.stack([np.bincount(cell, fine.count * fine.mean[:, c], k) for c in range(3)], axis=1) / count[:, None]
    apart = fine.mean - mean[cell]
    spread = fine.covariance + apart[:, :, None] * apart[:, None, :]
    covariance = np.empty((k, 3, 3))
    for a in range(3):
        for b in range(3):
            covariance[:, a, b] = np.bincount(cell, fine.count * spread[:, a, b], k) / count
    cells = ColourCells(cell_row, cell_column, count, mean, covariance)

    unwhiten = np.linalg.inv(cells.whitening())[cell]
    blocks = np.zeros((cell.size, 4, 4))
    blocks[:, 0, 0] = 1
    blocks[:, 0, 1:] = np.einsum("nij,nj->ni", unwhiten, apart)
    blocks[:, 1:, 1:] = np.einsum("nij,njk->nki", unwhiten, fine.whitening())
    blocks *= np.sqrt(fine.count / count[cell])[:, None, None]
    starts = np.arange(cell.size + 1)
    return cells, bsr_matrix((blocks, cell, starts), (4 * cell.size, 4 * k)).tocsr()


def _number_cells(row: np.ndarray, column: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The number (n,) of each item's cell, and the grid row and column (k,) of each cell that holds something."""
    cell_row, cell_column = row // size, column // size
    width = int(cell_column.max()) + 1
    key = cell_row * width + cell_column
    used = np.zeros(int(key.max()) + 1, bool)
    used[key] = True
    numbers = np.cumsum(used, dtype=np.int32) - 1
    places = np.flatnonzero(used)
    return numbers[key], places // width, places % width
