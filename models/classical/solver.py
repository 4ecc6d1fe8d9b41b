"""Conjugate gradients with a multigrid V-cycle over colour cells, for matting systems.

Per pass the finest level costs three products with the matrix and nothing that depends on the order of threads, so the
result has the same digits on every run.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from models.classical.colour_cells import FUNCTIONS, cells_of_cells, cells_of_pixels

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

SMALL_CELL_PX, LARGE_CELL_PX = 4, 6  # small cells save passes, large ones save setting up where there is much to do
SMALL_CELL_LIMIT = 110_000  # unknown pixels
CELL_FACTOR = 2
DIRECT_LIMIT = 30_000  # unknowns that the sparse direct solver factorises in half a second
DAMPING = 1.6  # of the step that only just keeps the fastest mode from growing is 2
POWER_STEPS = 8
PROLONGATION_STEP = 1.2
ROWS_A_PIECE = 250_000

Tick = Callable[[], None]


@dataclass(frozen=True)
class Smoother:
    """Damped Jacobi steps x += omega D^-1 (b - A x), D being A's diagonal or its diagonal blocks."""

    matrix: csr_matrix
    scaling: Any  # (n,) inverse diagonal or an (n, n) block diagonal matrix
    largest: float

    @classmethod
    def of(cls, matrix: csr_matrix, block: int, tick: Tick) -> Smoother:
        """Invert the diagonal blocks (block x block) and estimate the largest eigenvalue of D^-1 A."""
        scaling = 1 / matrix.diagonal() if block == 1 else _inverse_blocks(matrix, block)
        vector = np.random.default_rng(0).standard_normal(matrix.shape[0])
        norm = 1.0
        for _ in range(POWER_STEPS):
            tick()
            vector = _apply(scaling, matrix @ vector)
            norm = math.sqrt(_dot(vector, vector))
            vector /= norm
        return cls(matrix, scaling, 1.1 * norm)

    def first(self, rhs: np.ndarray) -> np.ndarray:
        """One step from zero."""
        return _apply(self.scaling, rhs * (DAMPING / self.largest))

    def improve(self, x: np.ndarray, rhs: np.ndarray) -> None:
        """One step from x, in place."""
        x += self.first(rhs - self.matrix @ x)

    def smoothed(self, prolong: csr_matrix) -> csr_matrix:
        """The prolongation after one step on A x = 0, which wears off the jumps between its cells."""
        from scipy.sparse import diags

        scaling = diags(self.scaling) if isinstance(self.scaling, np.ndarray) else self.scaling
        return (prolong - (PROLONGATION_STEP / self.largest) * (scaling @ (self.matrix @ prolong))).tocsr()


class VCycle:
    """One multigrid V-cycle as a preconditioner: smooth, correct on the cells, smooth."""

    def __init__(self, matrix: csr_matrix, row: np.ndarray, column: np.ndarray, colour: np.ndarray, tick: Tick):
        """matrix (n, n); row, column (n,) and colour (n, 3) of its pixels; tick() is called often and may raise."""
        self.tick = tick
        self.levels: list[tuple[Smoother, csr_matrix]] = []
        size_px = SMALL_CELL_PX if row.size <= SMALL_CELL_LIMIT else LARGE_CELL_PX
        cells, prolong = cells_of_pixels(row, column, colour, size_px)
        self.levels.append((Smoother.of(matrix, 1, tick), prolong))
        matrix = _galerkin(matrix, prolong, tick)
        while matrix.shape[0] > DIRECT_LIMIT:
            smoother = Smoother.of(matrix, FUNCTIONS, tick)
            cells, prolong = cells_of_cells(cells, CELL_FACTOR)
            prolong = smoother.smoothed(prolong)
            self.levels.append((smoother, prolong))
            matrix = _galerkin(matrix, prolong, tick)
        self.direct = _factorise(matrix)

    def __call__(self, rhs: np.ndarray, level: int = 0) -> np.ndarray:
        """An approximate solution x of matrix @ x = rhs."""
        if level == len(self.levels):
            return self.direct.solve(rhs)
        smoother, prolong = self.levels[level]
        x = smoother.first(rhs)
        self.tick()
        x += prolong @ self(prolong.T @ (rhs - smoother.matrix @ x), level + 1)
        self.tick()
        smoother.improve(x, rhs)
        return x


def conjugate_gradients(
    matrix: csr_matrix,
    rhs: np.ndarray,
    start: np.ndarray,
    precondition: Callable[[np.ndarray], np.ndarray],
    tolerance: float,
    limit: int,
    report: Callable[[int, float], None],
) -> np.ndarray:
    """Solve matrix @ x = rhs until |rhs - matrix @ x| <= tolerance * |rhs| or after limit iterations.

    rhs, start: (n,) float64. report(iteration, relative_residual) is called at every iteration and may raise.
    """
    x = start.copy()
    scale = math.sqrt(_dot(rhs, rhs))
    if scale == 0:
        return np.zeros_like(rhs)
    residual = rhs - matrix @ x
    direction = np.zeros_like(rhs)
    last = np.inf
    for iteration in range(limit):
        relative = math.sqrt(_dot(residual, residual)) / scale
        report(iteration, relative)
        if relative <= tolerance:
            break
        z = precondition(residual)
        energy = _dot(residual, z)
        direction *= energy / last
        direction += z
        last = energy
        product = matrix @ direction
        length = energy / _dot(direction, product)
        x += length * direction
        residual -= length * product
    return x


def _dot(a: np.ndarray, b: np.ndarray) -> float:
    """The scalar product without BLAS: its threads cost more than they bring here, and reorder the sum."""
    return float(np.einsum("i,i->", a, b))


def _apply(scaling: Any, vector: np.ndarray) -> np.ndarray:
    return scaling * vector if isinstance(scaling, np.ndarray) else scaling @ vector


def _inverse_blocks(matrix: csr_matrix, block: int) -> csr_matrix:
    """The inverse of the block diagonal of matrix."""
    from scipy.sparse import bsr_matrix

    blocked = matrix.tobsr((block, block))
    count = matrix.shape[0] // block
    block_row = np.repeat(np.arange(count), np.diff(blocked.indptr))
    on_diagonal = blocked.indices == block_row
    inverse = np.linalg.inv(blocked.data[on_diagonal])
    return bsr_matrix((inverse, np.arange(count), np.arange(count + 1)), matrix.shape).tocsr()


def _galerkin(matrix: csr_matrix, prolong: csr_matrix, tick: Tick) -> csr_matrix:
    """prolong^T matrix prolong, in pieces, so that the product in between never stands whole in memory."""
    from scipy.sparse import identity

    coarse: Any = 0
    for top in range(0, matrix.shape[0], ROWS_A_PIECE):
        bottom = min(top + ROWS_A_PIECE, matrix.shape[0])
        coarse = coarse + _rows(prolong, top, bottom).T.tocsr() @ (_rows(matrix, top, bottom) @ prolong)
        tick()
    # a cell of one pixel or of one colour has empty functions; this keeps their rows from being zero
    return (coarse + 1e-9 * coarse.diagonal().max() * identity(coarse.shape[0])).tocsr()


def _rows(matrix: csr_matrix, top: int, bottom: int) -> csr_matrix:
    """matrix[top:bottom] without copying its entries."""
    from scipy.sparse import csr_matrix

    starts = matrix.indptr[top : bottom + 1]
    part = slice(int(starts[0]), int(starts[-1]))
    return csr_matrix((matrix.data[part], matrix.indices[part], starts - starts[0]), (bottom - top, matrix.shape[1]))


def _factorise(matrix: csr_matrix) -> Any:
    from scipy.sparse.linalg import splu

    symmetric = {"SymmetricMode": True}
    return splu(matrix.tocsc(), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=symmetric)
