"""The parts of the closed-form solver: the assembled system, the colour cells and the V-cycle."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from models.classical import matting_laplacian, solver
from models.classical.colour_cells import cells_of_cells, cells_of_pixels
from models.classical.matting_laplacian import assemble
from models.classical.solver import VCycle, conjugate_gradients
from tests.models.classical.matting_cases import dense_laplacian, soft_disc


def nothing() -> None:
    """A tick that does not cancel."""


@pytest.mark.parametrize("shape", [(3, 3), (3, 17), (23, 4), (19, 22)])
@pytest.mark.parametrize("tile_px", [1, 2, 5, 96])
def test_the_system_is_the_same_however_the_photo_is_cut(
    shape: tuple[int, int], tile_px: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(11)
    image = rng.random((*shape, 3)).astype(np.float32)
    trimap = rng.choice(np.array([0, 128, 128, 255], np.uint8), shape)
    trimap[0, 0] = 128
    monkeypatch.setattr(matting_laplacian, "TILE_PX", tile_px)
    system = assemble(image, trimap, 1e-6)
    laplacian, unknown = dense_laplacian(image, 1e-6), (trimap == 128).ravel()
    np.testing.assert_allclose(system.matrix.toarray(), laplacian[np.ix_(unknown, unknown)], atol=1e-9)
    np.testing.assert_allclose(system.rhs, -(laplacian @ (trimap == 255).ravel())[unknown], atol=1e-9)


def test_cells_reproduce_every_alpha_that_is_affine_in_colour() -> None:
    rng = np.random.default_rng(5)
    row, column = (part.ravel() for part in np.mgrid[:24, :24])
    colour = rng.random((row.size, 3))
    fine, prolong = cells_of_pixels(row, column, colour, 4)
    _, coarser = cells_of_cells(fine, 2)
    wanted = 0.3 + colour @ np.array([0.5, -0.2, 0.1])
    for basis in (prolong, prolong @ coarser):
        dense = basis.toarray()
        best = dense @ np.linalg.lstsq(dense, wanted, rcond=None)[0]
        np.testing.assert_allclose(best, wanted, atol=1e-6)


@pytest.fixture
def rim_system() -> tuple[csr_matrix, np.ndarray, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """A matting system and the places and colours of its unknown pixels."""
    image, _, trimap = soft_disc(140, 140, 42)
    system = assemble(image, trimap, 1e-7)
    row, column = np.nonzero(trimap == 128)
    return system.matrix, system.rhs, (row, column, image[row, column].astype(np.float64))


@pytest.mark.parametrize("direct_limit", [30_000, 400, 60])
def test_the_v_cycle_is_symmetric_and_positive_at_any_depth(
    direct_limit: int, rim_system: tuple, monkeypatch: pytest.MonkeyPatch
) -> None:
    matrix, rhs, pixels = rim_system
    monkeypatch.setattr(solver, "DIRECT_LIMIT", direct_limit)
    cycle = VCycle(matrix, *pixels, nothing)
    first, second = np.random.default_rng(2).standard_normal((2, rhs.size))
    assert first @ cycle(second) == pytest.approx(second @ cycle(first), rel=1e-6)
    assert first @ cycle(first) > 0 and second @ cycle(second) > 0


@pytest.mark.parametrize("direct_limit", [30_000, 400])
def test_few_passes_suffice_where_plain_conjugate_gradients_need_hundreds(
    direct_limit: int, rim_system: tuple, monkeypatch: pytest.MonkeyPatch
) -> None:
    matrix, rhs, pixels = rim_system
    monkeypatch.setattr(solver, "DIRECT_LIMIT", direct_limit)
    passes: list[float] = []
    cycle = VCycle(matrix, *pixels, nothing)
    x = conjugate_gradients(matrix, rhs, np.zeros_like(rhs), cycle, 1e-6, 100, lambda i, left: passes.append(left))
    assert np.linalg.norm(rhs - matrix @ x) <= 1.1e-6 * np.linalg.norm(rhs)
    assert len(passes) < 40


def test_cells_of_one_pixel_or_one_colour_do_no_harm() -> None:
    image = np.full((30, 30, 3), 0.5, np.float32)
    image[:, 15:] = 0.2
    trimap = np.full((30, 30), 128, np.uint8)
    trimap[:, :4], trimap[:, 26:] = 255, 0
    trimap[::2, ::2] = np.where(np.arange(15) < 8, 255, 0)
    trimap[10:20, 10:20] = 128
    system = assemble(image, trimap, 1e-7)
    row, column = np.nonzero(trimap == 128)
    cycle = VCycle(system.matrix, row, column, image[row, column].astype(np.float64), nothing)
    exact = np.linalg.solve(system.matrix.toarray(), system.rhs)
    x = conjugate_gradients(
        system.matrix, system.rhs, np.zeros(row.size), cycle, 1e-10, 200, lambda iteration, left: None
    )
    np.testing.assert_allclose(x, exact, atol=1e-6)


def test_a_right_hand_side_of_zero_has_the_solution_zero() -> None:
    matrix = csr_matrix(np.eye(3))
    start = np.ones(3)
    x = conjugate_gradients(matrix, np.zeros(3), start, lambda r: r, 1e-6, 10, lambda iteration, left: None)
    assert (x == 0).all() and (start == 1).all()
