"""A matte that is nearly right, settled: each pixel keeps to its alpha, and neighbours run as the photo's colours do.

What judges each pixel alone leaves noise. The alpha that minimises

    a^T L a + sum_i w_i (a_i - p_i)^2

is the given alpha p without it: L is the matting Laplacian, whose diagonal is about 5, and the weights w hold a pixel
the tighter the plainer it is, since what seems plain mostly is, and what is soft runs with its neighbours. A pixel
feels others ten pixels away and hardly further, so a photo of any size is settled tile by tile.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.classical.closed_form import EPSILON, check_inputs, check_plane
from models.classical.matting_laplacian import FOREGROUND, UNKNOWN, assemble
from models.classical.solver import conjugate_gradients

HOLD = 0.05
"""The weight of a soft alpha. From 0.05 to 0.2 the errors of ``fusion`` were much the same, on photos and drawings."""
PLAIN_HOLD = 0.45
"""What is added to it for an alpha of 0 or 1, ..."""
PLAIN = 0.05
"""... and a factor e less of it for each such step away from there."""
HAZE = 0.01
"""An alpha this close to 0 or 1 is taken for noise."""
TILE_PX = 768
AROUND_PX = 64
"""How much a tile sees around itself: on plain colour, where alpha runs furthest, 0.3 % is felt from there."""
TOLERANCE = 1e-4
ITERATION_LIMIT = 60

Progress = Callable[[float, str], None]


def settled_matte(image: np.ndarray, trimap: np.ndarray, alpha: np.ndarray, progress: Progress) -> np.ndarray:
    """Alpha (H, W) float32 in [0, 1] near the given one, exactly 0 and 1 where the trimap says so.

    image: (H, W, 3) float32 in [0, 1], at least 3 x 3 pixels; trimap: (H, W) uint8, exactly 0, 128, 255; alpha: (H, W)
    floats in [0, 1]. ``progress`` is a cancel point: what it raises comes out. ``ValueError`` for a wrong shape, type
    or range.
    """
    check_inputs(image, trimap)
    check_plane(alpha, trimap, "alpha")
    unknown = trimap == UNKNOWN
    result = (trimap == FOREGROUND).astype(np.float32)
    height, width = trimap.shape
    corners = [(y, x) for y in range(0, height, TILE_PX) for x in range(0, width, TILE_PX)]
    corners = [(y, x) for y, x in corners if unknown[y : y + TILE_PX, x : x + TILE_PX].any()]
    for number, (y, x) in enumerate(corners):

        def told(part: float, number: int = number) -> None:
            progress((number + part) / len(corners), "Settling")

        top, left = max(0, y - AROUND_PX), max(0, x - AROUND_PX)
        seen = slice(top, y + TILE_PX + AROUND_PX), slice(left, x + TILE_PX + AROUND_PX)
        core = slice(y, y + TILE_PX), slice(x, x + TILE_PX)
        settled = _settled(image[seen], trimap[seen], alpha[seen], told)
        settled = settled[y - top : y - top + TILE_PX, x - left : x - left + TILE_PX]
        result[core][unknown[core]] = settled[unknown[core]]
    progress(1.0, "Matte is ready")
    return result


def _settled(image: np.ndarray, trimap: np.ndarray, alpha: np.ndarray, told: Callable[[float], None]) -> np.ndarray:
    """Of one tile (h, w); only what it gives for unknown pixels counts."""
    unknown = trimap == UNKNOWN
    given = np.clip((alpha[unknown].astype(np.float64) - HAZE) / (1 - 2 * HAZE), 0, 1)
    hold = hold_of(given)
    system = assemble(image, trimap, EPSILON, lambda part: told(0.5 * part))
    system.add_to_diagonal(hold)
    scaling = 1 / system.matrix.diagonal()  # enough: the hold bounds the condition number
    found = conjugate_gradients(
        system.matrix,
        system.rhs + hold * given,
        given,
        lambda residual: scaling * residual,
        TOLERANCE,
        ITERATION_LIMIT,
        lambda iteration, relative: told(0.5 + 0.5 * min(iteration / ITERATION_LIMIT, 1.0)),
    )
    result = np.zeros(trimap.shape, np.float32)
    result[unknown] = np.clip(found, 0, 1)
    return result


def hold_of(alpha: np.ndarray) -> np.ndarray:
    """The weights (n,) of given alphas (n,) in [0, 1]: the larger the nearer a pixel stays."""
    return HOLD + PLAIN_HOLD * np.exp(-np.minimum(alpha, 1 - alpha) / PLAIN)
