"""Conjugate gradients with a multigrid V-cycle over colour cells, for matting systems.

The smoother is a Chebyshev polynomial in the Jacobi-scaled matrix: nothing but products with the matrix, so it is as
fast as scipy's sparse product, gives the same digits on every run, and is symmetric, as conjugate gradients need.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from models.classical.colour_cells import cells_of_cells, cells_of_pixels

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

FINE_CELL_PX = 6
CELL_FACTOR = 3
DIRECT_LIMIT = 12_000  # unknowns that the sparse direct solver takes in a fraction of a second
SMOOTHER_DEGREE = 2
SMOOTHED_BAND = 4.0  # the smoother works on the upper part of the spectrum, [largest / band, largest]
ROWS_A_PIECE = 262_144

Tick = Callable[[], None]


@dataclass(frozen=True)
class Smoother:
    """A few Chebyshev steps on D^-1 A, D being A's diagonal."""

    matrix: csr_matrix
    inverse_diagonal: np.ndarray
    largest: float

    @classmethod
    def of(cls, matrix: csr_matrix) -> Smoother:
        """Estimate the largest eigenvalue of D^-1 A by power iteration from a fixed start."""
        inverse = 1 / matrix.diagonal()
        vector = np.random.default_rng(0).random(matrix.shape[0])
        norm = 1.0
        for _ in range(10):
            vector = inverse * (matrix @ vector)
            norm = float(np.linalg.norm(vector))
            vector /= norm
        return cls(matrix, inverse, 1.1 * norm)

    def __call__(self, rhs: np.ndarray, start: np.ndarray | None = None) -> np.ndarray:
        """Improve start (zero when None) towards matrix @ x = rhs; returns a new array."""
        low = self.largest / SMOOTHED_BAND
        centre, half = (self.largest + low) / 2, (self.largest - low) / 2
        sigma = centre / half
        rho = 1 / sigma
        residual = rhs if start is None else rhs - self.matrix @ start
        step = self.inverse_diagonal * residual / centre
        x = step.copy() if start is None else start + step
        for _ in range(SMOOTHER_DEGREE - 1):
            residual = residual - self.matrix @ step
            rho_next = 1 / (2 * sigma - rho)
            step = rho_next * rho * step + (2 * rho_next / half) * (self.inverse_diagonal * residual)
            x += step
            rho = rho_next
        return x


class VCycle:
    """One multigrid V-cycle as a preconditioner: smooth, correct on the cells, smooth."""

    def __init__(self, matrix: csr_matrix, row: np.ndarray, column: np.ndarray, colour: np.ndarray, tick: Tick):
        """matrix (n, n); row, column (n,) and colour (n, 3) of its pixels; tick() is called often and may raise."""
        self.tick = tick
        self.levels: list[tuple[Smoother, csr_matrix]] = []
        cells, prolong = cells_of_pixels(row, column, colour, FINE_CELL_PX)
        while True:
            tick()
            self.levels.append((Smoother.of(matrix), prolong))
            matrix = _galerkin(matrix, prolong, tick)
            if matrix.shape[0] <= DIRECT_LIMIT or cells.count.size == 1:
                break
            cells, prolong = cells_of_cells(cells, CELL_FACTOR)
        self.direct = _factorise(matrix)

    def __call__(self, rhs: np.ndarray, level: int = 0) -> np.ndarray:
        """An approximate solution x of matrix @ x = rhs."""
        if level == len(self.levels):
            return self.direct.solve(rhs)
        self.tick()
        smooth, prolong = self.levels[level]
        x = smooth(rhs)
        x += prolong @ self(prolong.T @ (rhs - smooth.matrix @ x), level + 1)
        return smooth(rhs, x)


def _galerkin(matrix: csr_matrix, prolong: csr_matrix, tick: Tick) -> csr_matrix:
    """prolong^T matrix prolong, in pieces, so that the product in between never stands whole in memory."""
    from scipy.sparse import identity

    coarse: Any = 0
    for top in range(0, matrix.shape[0], ROWS_A_PIECE):
        rows = slice(top, top + ROWS_A_PIECE)
        coarse = coarse + prolong[rows].T.tocsr() @ (matrix[rows] @ prolong)
        tick()
    # a cell of one pixel or one colour has empty functions; this keeps their rows from being zero
    return (coarse + 1e-9 * coarse.diagonal().max() * identity(coarse.shape[0])).tocsr()


def _factorise(matrix: csr_matrix) -> Any:
    from scipy.sparse.linalg import splu

    symmetric = {"SymmetricMode": True}
    return splu(matrix.tocsc(), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=symmetric)


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
    scale = float(np.linalg.norm(rhs))
    if scale == 0:
        return np.zeros_like(rhs)
    residual = rhs - matrix @ x
    direction: np.ndarray | None = None
    last = 1.0
    for iteration in range(limit):
        relative = float(np.linalg.norm(residual)) / scale
        report(iteration, relative)
        if relative <= tolerance:
            break
        z = precondition(residual)
        energy = float(residual @ z)
        direction = z if direction is None else z + (energy / last) * direction
        last = energy
        product = matrix @ direction
        length = energy / float(direction @ product)
        x += length * direction
        residual -= length * product
    return x
