"""The classic matte: sampling and propagation together, the engine that needs no network.

Sampling says for each pixel alone which mixture of nearby colours it is, and how sure that is; propagation (the
matting Laplacian of the closed form) says how alpha runs within a neighbourhood. Alone the first is noisy and the
second leaks through thin structures. Together they minimise

    a^T L a + sum_i w_i (a_i - p_i)^2

where p is the sampled alpha and w how far to trust it. The steps: widen the trimap (trimap_expansion), find colour
pairs (sampling), let neighbours share them (pair_sharing), solve (matting_laplacian, solver).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.classical.closed_form import check_both_marked, check_inputs, check_plane
from models.classical.large_region import narrowed
from models.classical.matting_laplacian import FOREGROUND, UNKNOWN, assemble
from models.classical.pair_sharing import Estimate, share_pairs
from models.classical.sampling import Band, gather_pairs
from models.classical.solver import conjugate_gradients
from models.classical.trimap_expansion import expand_trimap

BACKGROUND = 0
EPSILON = 1e-7  # the Laplacian's regularisation, for colours in [0, 1]
WIDENED_TRUST = 0.2  # weight of a pixel that widening the trimap calls known; L's diagonal is about 5
SAMPLED_TRUST = 0.003  # weight of a sampled alpha that explains its pixel exactly
RESIDUAL_SCALE = 0.05  # a colour residual of this length lowers that trust by a factor e
HAZE = 0.02  # an alpha this close to 0 or 1 is taken for noise
LEAST_WEIGHT = 1e-6  # keeps the system definite
TOLERANCE = 1e-4
ITERATION_LIMIT = 300
SAMPLED_LIMIT = 400_000  # unknown pixels that are sampled at full size; more are sampled on a smaller photo

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Stages:
    """What the classic matte passes through, planes (H, W) float32 in [0, 1].

    alpha: the matte itself. sampled: the alpha that the sampled colours suggest, before propagation. trust: how well
    they explain their pixel, 1 where exactly, and where the alpha is known. contrast: how far foreground and background
    colour are apart, 1 for black and white, and where the alpha is known.
    """

    alpha: np.ndarray
    sampled: np.ndarray
    trust: np.ndarray
    contrast: np.ndarray


@dataclass(frozen=True)
class _Prior:
    """For each of the n unknown pixels what sampling says (n,): alpha, the weight it deserves, the contrast."""

    alpha: np.ndarray
    weight: np.ndarray
    contrast: np.ndarray


def classic_matte(
    image: np.ndarray, trimap: np.ndarray, progress: Progress | None = None, *, start: np.ndarray | None = None
) -> np.ndarray:
    """Matte a photo by shared sampling and the closed form together.

    image: (H, W, 3) float32 in [0, 1], at least 3 x 3 pixels. trimap: (H, W) uint8, exactly 0/128/255.
    progress(fraction, text) is a cancel point: what it raises goes through. start: alpha (H, W) in [0, 1] from which
    the solver begins, such as the last result; without it, it begins from the sampled alpha.

    Returns alpha (H, W) float32 in [0, 1], exactly 0 and 1 where the trimap says so. Raises ValueError when an input
    has the wrong shape, type or range, or when the trimap marks no foreground or no background.
    """
    return classic_stages(image, trimap, progress, start=start).alpha


def classic_stages(
    image: np.ndarray, trimap: np.ndarray, progress: Progress | None = None, *, start: np.ndarray | None = None
) -> Stages:
    """The classic matte with what led to it, for those who weigh it anew (models/fusion.py).

    Arguments and errors are those of ``classic_matte``. Where so much is unknown that it was settled on a smaller photo
    (large_region), all that is known of a pixel is its alpha.
    """
    _check(image, trimap, start)
    report = progress if progress is not None else _ignore
    trimap, coarse = narrowed(image, trimap, classic_matte, report)
    sure = np.ones(trimap.shape, np.float32)
    if coarse is not None:
        return Stages(coarse, coarse, sure, sure)
    alpha = (trimap == FOREGROUND).astype(np.float32)
    stages = Stages(alpha, alpha.copy(), sure, sure.copy())
    row, column = np.nonzero(trimap == UNKNOWN)
    if row.size:
        prior = _sampled_prior(image, trimap, row, column, report)
        first = prior.alpha if start is None else start[row, column].astype(np.float64)
        stages.alpha[row, column] = _without_haze(_propagate(image, trimap, prior, first, report))
        stages.sampled[row, column] = prior.alpha
        stages.trust[row, column] = np.minimum(prior.weight / SAMPLED_TRUST, 1)
        stages.contrast[row, column] = prior.contrast
    report(1.0, "Matte is ready")
    return stages


def _check(image: np.ndarray, trimap: np.ndarray, start: np.ndarray | None) -> None:
    check_inputs(image, trimap)
    check_both_marked(trimap)
    if start is not None:
        check_plane(start, trimap, "start")


def _sampled_prior(
    image: np.ndarray, trimap: np.ndarray, row: np.ndarray, column: np.ndarray, report: Progress
) -> _Prior:
    """Return what sampling says of each of the n unknown pixels."""
    report(0.0, "Widening the trimap")
    widened = expand_trimap(image, trimap, lambda part: report(0.1 * part, "Widening the trimap"))
    mark = widened[row, column]
    prior = (mark == FOREGROUND).astype(np.float64)
    weight = np.full(row.size, WIDENED_TRUST)
    contrast = np.ones(row.size)
    still_open = mark == UNKNOWN
    if still_open.any():
        band = Band.of(image, widened)
        report(0.1, "Sampling")
        estimate = _sample(image, widened, band, report)
        prior[still_open] = estimate.alpha
        weight[still_open] = SAMPLED_TRUST * np.exp(-estimate.residual / RESIDUAL_SCALE) + LEAST_WEIGHT
        contrast[still_open] = estimate.separation / math.sqrt(3)
    return _Prior(prior, weight, contrast)


def _without_haze(alpha: np.ndarray) -> np.ndarray:
    return np.clip((alpha - HAZE) / (1 - 2 * HAZE), 0, 1)


def _sample(image: np.ndarray, trimap: np.ndarray, band: Band, report: Progress) -> Estimate:
    """Estimate the colours and alpha of the unknown pixels; where they are many, find the colours on a small photo."""
    factor = math.ceil(math.sqrt(band.row.size / SAMPLED_LIMIT))
    small_trimap = _shrink_trimap(trimap, factor)
    while factor > 1 and not ((small_trimap == FOREGROUND).any() and (small_trimap == BACKGROUND).any()):
        factor -= 1  # thin marks would be lost
        small_trimap = _shrink_trimap(trimap, factor)
    if factor == 1:
        return _sample_here(image, trimap, band, report)
    report(0.1, "Sampling")
    small_image = _shrink_image(image, factor)
    small = Band.of(small_image, small_trimap)
    colours = _sample_here(small_image, small_trimap, small, report)
    # Colours vary slowly over a photo where alpha does not: so they are enlarged and alpha is fitted afresh.
    foreground, background = _enlarge(small, colours, band, factor, lambda: report(0.6, "Comparing samples"))
    return Estimate.of(band.colour, foreground, background)


def _sample_here(image: np.ndarray, trimap: np.ndarray, band: Band, report: Progress) -> Estimate:
    pieces = len(band.pieces())

    def told(first: float, last: float, doing: str) -> Callable[[float], None]:
        def tell(part: float) -> None:
            number = min(round(part * pieces) + 1, pieces)
            report((1 - part) * first + part * last, f"{doing}, {number} of {pieces} pieces")

        return tell

    pairs = gather_pairs(image, trimap, band, told(0.1, 0.4, "Sampling"))
    return share_pairs(band, *pairs, told(0.4, 0.6, "Comparing samples"))


def _shrink_trimap(trimap: np.ndarray, factor: int) -> np.ndarray:
    """Return the trimap smaller by a whole `factor`; a small pixel is known only if all its pixels agree."""
    if factor == 1:
        return trimap
    padded = _pad_to_multiple(trimap, factor)
    small = padded[::factor, ::factor].copy()
    for dy in range(factor):
        for dx in range(factor):
            small[small != padded[dy::factor, dx::factor]] = UNKNOWN
    return small


def _shrink_image(image: np.ndarray, factor: int) -> np.ndarray:
    """Return the photo smaller by a whole `factor`, each pixel the mean of those it stands for."""
    import cv2

    padded = _pad_to_multiple(image, factor)
    size = (padded.shape[1] // factor, padded.shape[0] // factor)
    return cv2.resize(padded, size, interpolation=cv2.INTER_AREA)


def _pad_to_multiple(plane: np.ndarray, factor: int) -> np.ndarray:
    import cv2

    down, right = -plane.shape[0] % factor, -plane.shape[1] % factor
    return cv2.copyMakeBorder(plane, 0, down, 0, right, cv2.BORDER_REPLICATE) if down or right else plane


def _enlarge(
    small: Band, colours: Estimate, band: Band, factor: int, tick: Callable[[], None]
) -> tuple[np.ndarray, np.ndarray]:
    """Return foreground and background (n, 3) at the pixels of `band`, bilinear among the small unknown pixels."""
    height, width = small.number.shape
    y, x = ((axis + np.float32(0.5)) / factor - np.float32(0.5) for axis in (band.row, band.column))
    top, left = np.floor(y).astype(np.int32), np.floor(x).astype(np.int32)
    total = np.zeros((band.row.size, 1), np.float32)
    foreground, background = np.zeros_like(band.colour), np.zeros_like(band.colour)
    for dy in (0, 1):
        for dx in (0, 1):
            tick()
            number = small.number[np.clip(top + dy, 0, height - 1), np.clip(left + dx, 0, width - 1)]
            weight = (1 - np.abs(y - top - dy)) * (1 - np.abs(x - left - dx)) * (number >= 0)
            total += weight[:, None]
            foreground += weight[:, None] * colours.foreground[number]
            background += weight[:, None] * colours.background[number]
    return foreground / total, background / total


def _propagate(image: np.ndarray, trimap: np.ndarray, prior: _Prior, first: np.ndarray, report: Progress) -> np.ndarray:
    """Return the alpha (n,) of the unknown pixels that minimises the sum at the head of this file, from `first`."""
    system = assemble(image, trimap, EPSILON, lambda part: report(0.6 + 0.1 * part, "Reading the photo"))
    system.add_to_diagonal(prior.weight)
    rhs = system.rhs + prior.weight * prior.alpha
    # Diagonal scaling is enough: the weights bound the condition number, which they do not in the closed form alone.
    scaling = 1 / system.matrix.diagonal()

    done = 0.0

    def told(iteration: int, relative: float) -> None:
        nonlocal done  # the residual does not fall at every pass, what is done never shrinks
        done = max(done, min(math.log(max(relative, 1e-30)) / math.log(TOLERANCE), 1.0))
        report(0.7 + 0.3 * done, f"Solving, pass {iteration + 1}")

    def precondition(residual: np.ndarray) -> np.ndarray:
        return scaling * residual

    return conjugate_gradients(system.matrix, rhs, first, precondition, TOLERANCE, ITERATION_LIMIT, told)


def _ignore(fraction: float, text: str) -> None:
    """Stands in where nobody wants to hear of the progress."""
