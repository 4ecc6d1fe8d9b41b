"""Closed-form matting: alpha as a locally affine function of colour, found by one sparse linear system.

A. Levin, D. Lischinski, Y. Weiss: "A Closed-Form Solution to Natural Image Matting", IEEE TPAMI 30(2), 2008.
Only numpy and scipy are used, nothing is compiled at run time, and memory follows the number of unknown pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from models.classical.large_region import narrowed
from models.classical.matting_laplacian import FOREGROUND, UNKNOWN, assemble
from models.classical.solver import VCycle, conjugate_gradients

BACKGROUND = 0
EPSILON = 1e-7
TOLERANCE = 5e-5
ITERATION_LIMIT = 200

Progress = Callable[[float, str], None]


def closed_form_matte(
    image: np.ndarray,
    trimap: np.ndarray,
    progress: Progress | None = None,
    *,
    start: np.ndarray | None = None,
    epsilon: float = EPSILON,
    tolerance: float = TOLERANCE,
) -> np.ndarray:
    """Matte a photo by the closed form of Levin, Lischinski and Weiss (equations 5 and 12 of the paper).

    image: (H, W, 3) float32 in [0, 1], at least 3 x 3 pixels. trimap: (H, W) uint8, exactly 0/128/255.
    progress(fraction, text) is a cancel point: what it raises goes through. start: alpha (H, W) in [0, 1] to begin
    from, such as the last result; it saves time and does not change what the result converges to.
    epsilon: the paper's regularisation for colours in [0, 1]; larger is smoother. tolerance: relative residual at
    which the solver stops. More unknown pixels than memory allows are first narrowed at half the size (large_region).

    Returns alpha (H, W) float32 in [0, 1], exactly 0 and 1 where the trimap says so. Raises ValueError when an input
    has the wrong shape, type or range, or when the trimap marks no foreground or no background.
    """
    check_inputs(image, trimap)
    check_both_marked(trimap)
    report = progress if progress is not None else _ignore

    def smaller(image: np.ndarray, trimap: np.ndarray, progress: Progress) -> np.ndarray:
        return closed_form_matte(image, trimap, progress, epsilon=epsilon, tolerance=tolerance)

    trimap, coarse = narrowed(image, trimap, smaller, report)
    if coarse is not None:
        return coarse
    return solve_laplacian(image, trimap, progress=report, start=start, epsilon=epsilon, tolerance=tolerance)


def solve_laplacian(
    image: np.ndarray,
    trimap: np.ndarray,
    prior: np.ndarray | None = None,
    weight: np.ndarray | float | None = None,
    progress: Progress | None = None,
    start: np.ndarray | None = None,
    *,
    epsilon: float = EPSILON,
    tolerance: float = TOLERANCE,
) -> np.ndarray:
    """Minimise a^T L a + sum_i weight_i (a_i - prior_i)^2 over the unknown pixels, the known ones being fixed.

    L is the matting Laplacian (not divided by anything: its diagonal is at most 9, and typically 3 to 8). Where a
    weight is well above 0.1 the prior decides, well below 0.001 the Laplacian does.

    image: (H, W, 3) float32 in [0, 1], at least 3 x 3. trimap: (H, W) uint8, exactly 0/128/255. prior: (H, W) in
    [0, 1]. weight: (H, W) or one number, not negative; prior and weight come together or not at all. progress, start,
    epsilon, tolerance: as for closed_form_matte.

    Returns alpha (H, W) float32 in [0, 1], exactly 0 and 1 at known pixels. Raises ValueError for a wrong shape, type
    or range, and when no known pixel and no weight holds the solution anywhere.
    """
    check_inputs(image, trimap)
    if start is not None:
        check_plane(start, trimap, "start")
    row, column = np.nonzero(trimap == UNKNOWN)
    alpha = (trimap == FOREGROUND).astype(np.float32)
    if row.size == 0:
        return alpha
    holding = _data_term(trimap, prior, weight, row, column)
    if row.size == trimap.size and (holding is None or not holding[0].any()):
        raise ValueError("The trimap is unknown everywhere. Mark some foreground and some background.")

    report = progress if progress is not None else _ignore
    first = np.zeros(row.size) if start is None else start[row, column].astype(np.float64)
    alpha[row, column] = _solve(image, trimap, row, column, holding, first, (epsilon, tolerance), report)
    report(1.0, "Matte is ready")
    return alpha


def _solve(
    image: np.ndarray,
    trimap: np.ndarray,
    row: np.ndarray,
    column: np.ndarray,
    holding: tuple[np.ndarray, np.ndarray] | None,
    first: np.ndarray,
    accuracy: tuple[float, float],
    report: Progress,
) -> np.ndarray:
    """Alpha (n,) of the unknown pixels, clipped to [0, 1]."""
    epsilon, tolerance = accuracy
    report(0.0, "Reading the photo")
    system = assemble(image, trimap, epsilon, lambda part: report(0.3 * part, "Reading the photo"))
    matrix, rhs = system.matrix, system.rhs
    if holding is not None:
        weights, priors = holding
        system.add_to_diagonal(weights)
        rhs = rhs + weights * priors

    fraction = [0.3]

    def tick() -> None:
        report(fraction[0], "Solving")

    def iterated(iteration: int, relative: float) -> None:
        # the residual falls by a steady factor, so its logarithm tells how far we are
        done = math.log(max(relative, 1e-30)) / math.log(tolerance) if relative < 1 else 0.0
        fraction[0] = max(fraction[0], 0.4 + 0.6 * min(done, 1.0))
        report(fraction[0], f"Solving, pass {iteration + 1}")

    cycle = VCycle(matrix, row, column, image[row, column].astype(np.float64), tick)
    solution = conjugate_gradients(matrix, rhs, first, cycle, tolerance, ITERATION_LIMIT, iterated)
    return np.clip(solution, 0, 1)


def _data_term(
    trimap: np.ndarray,
    prior: np.ndarray | None,
    weight: np.ndarray | float | None,
    row: np.ndarray,
    column: np.ndarray,
) -> tuple[np.ndarray, np.ndarray] | None:
    """The weights (n,) and priors (n,) of the unknown pixels."""
    if prior is None and weight is None:
        return None
    if prior is None or weight is None:
        raise ValueError("A prior needs a weight and a weight needs a prior.")
    check_plane(prior, trimap, "prior")
    spread = np.asarray(weight, np.float64)
    if spread.ndim and spread.shape != trimap.shape:
        raise ValueError(f"The weight has shape {spread.shape}, the trimap {trimap.shape}.")
    if not np.isfinite(spread).all() or spread.min() < 0:
        raise ValueError("The weight must be finite and not negative.")
    weights = spread[row, column] if spread.ndim else np.full(row.size, float(spread))
    return weights, prior[row, column].astype(np.float64)


def check_inputs(image: np.ndarray, trimap: np.ndarray) -> None:
    """Raise ValueError unless image is (H, W, 3) float32 in [0, 1] and trimap (H, W) uint8 of 0, 128 and 255."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.float32:
        raise ValueError(f"The image must be (H, W, 3) float32, not {image.shape} {image.dtype}.")
    if min(image.shape[:2]) < 3:
        raise ValueError(
            f"The image must be at least 3 x 3 pixels, not {image.shape[1]} x {image.shape[0]}. Choose a larger one."
        )
    low, high = float(image.min()), float(image.max())
    if not (low >= 0 and high <= 1):  # written so that NaN fails too
        raise ValueError(f"The image must lie in [0, 1], not in [{low:g}, {high:g}].")
    if trimap.shape != image.shape[:2] or trimap.dtype != np.uint8:
        raise ValueError(f"The trimap must be {image.shape[:2]} uint8, not {trimap.shape} {trimap.dtype}.")
    if np.bincount(trimap.ravel(), minlength=256)[[BACKGROUND, UNKNOWN, FOREGROUND]].sum() != trimap.size:
        raise ValueError("The trimap must hold only 0 (background), 128 (unknown) and 255 (foreground).")


def check_both_marked(trimap: np.ndarray) -> None:
    """Raise ValueError unless trimap (H, W) uint8 marks some foreground and some background."""
    if not (trimap == FOREGROUND).any():
        raise ValueError("The trimap marks no foreground. Mark a part that surely belongs to the subject.")
    if not (trimap == BACKGROUND).any():
        raise ValueError("The trimap marks no background. Mark a part that surely does not belong to the subject.")


def check_plane(plane: np.ndarray, trimap: np.ndarray, name: str) -> None:
    """Raise ValueError unless plane is floating point, of the trimap's shape, and in [0, 1]."""
    if plane.shape != trimap.shape or not np.issubdtype(plane.dtype, np.floating):
        raise ValueError(f"The {name} must be {trimap.shape} floating point, not {plane.shape} {plane.dtype}.")
    if not (plane.min() >= 0 and plane.max() <= 1):
        raise ValueError(f"The {name} must lie in [0, 1].")


def _ignore(fraction: float, text: str) -> None:
    """Stands in where nobody wants to hear of the progress."""
