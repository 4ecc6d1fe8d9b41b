"""KNN matting: pixels of like colour have like alpha, wherever in the photo they lie.

Q. Chen, D. Li, C.-K. Tang: "KNN Matting", IEEE TPAMI 35(9), 2013 (reference [11] of the thesis). In the paper's words
and signs: every pixel has a feature vector X, made of its colour and its weighted place; A is the affinity of each
pixel to its K nearest neighbours in that space, D the sums of A's rows, and alpha solves

    (L + lambda M) alpha = lambda m,    L = D - A,

M and m being what the user marked. Three things differ. The marks are kept exactly (lambda without end), so that only
unknown pixels are solved for. The kernel 1 - |X_i - X_j| / C, which is nearly 1 among nearest neighbours, is taken for
1. And the hue is not a part of X by itself but turned by the saturation, (s cos h, s sin h, v) for the paper's
(cos h, sin h, s, v): the hue of a grey pixel is noise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.classical.closed_form import check_both_marked, check_inputs, check_plane
from models.classical.large_region import narrowed
from models.classical.matting_laplacian import FOREGROUND, UNKNOWN
from models.classical.solver import conjugate_gradients
from models.side_by_side import both

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

BACKGROUND = 0
SEARCHES = ((10, 2.0), (5, 0.1))
"""(K, weight of the place): the paper's K = 10 nearby, and a few from anywhere. The photo's longer side counts as 1."""
BAND_PX = 32  # known pixels this near to an unknown one are candidates
PIECE_PIXELS = 250_000  # candidates in one search tree, which is built within half a second
MARGIN_PX = 96  # how far beyond its piece a pixel may find neighbours
ROWS_A_PIECE = 250_000  # of the system, set up between two cancel points
QUERIES = 16_384  # pixels looked up between two cancel points
KNOWN_WEIGHT = 2.0  # of a tie to a known pixel: between two unknown ones a tie may be found from both ends
ANCHOR = 1e-4  # a weak pull to the marks around; holds pixels that have no tie to any known one
TOLERANCE = 3e-4
ITERATION_LIMIT = 500
AT_ONCE = 50_000  # of so many pixels a product takes longer than starting a thread for half of it

Progress = Callable[[float, str], None]
Tick = Callable[[], None]
Piece = tuple[int, int, int, int]  # top, left, bottom, right


def knn_matte(
    image: np.ndarray, trimap: np.ndarray, progress: Progress | None = None, *, start: np.ndarray | None = None
) -> np.ndarray:
    """Matte a photo by the k nearest neighbours of its pixels (Chen, Li and Tang 2013).

    image: (H, W, 3) float32 in [0, 1], at least 3 x 3 pixels. trimap: (H, W) uint8, exactly 0/128/255.
    progress(fraction, text) is a cancel point: what it raises goes through. start: alpha (H, W) in [0, 1] from which
    the solver begins, such as the last result. More unknown pixels than memory allows are first narrowed at half the
    size (large_region).

    Returns alpha (H, W) float32 in [0, 1], exactly 0 and 1 where the trimap says so. Raises ValueError when an input
    has the wrong shape, type or range, or when the trimap marks no foreground or no background.
    """
    check_inputs(image, trimap)
    check_both_marked(trimap)
    if start is not None:
        check_plane(start, trimap, "start")
    report = progress if progress is not None else _ignore
    trimap, coarse = narrowed(image, trimap, knn_matte, report)
    if coarse is not None:
        return coarse
    alpha = (trimap == FOREGROUND).astype(np.float32)
    row, column = np.nonzero(trimap == UNKNOWN)
    if row.size:
        report(0.0, "Finding pixels of like colour")
        neighbours = find_neighbours(image, trimap, lambda part: report(0.7 * part, "Finding pixels of like colour"))
        report(0.7, "Solving")
        guess = _between_the_marks(trimap, row, column)
        report(0.7, "Solving")
        first = guess if start is None else start[row, column].astype(np.float64)
        alpha[row, column] = _solve(neighbours, guess, first, report)
    report(1.0, "Matte is ready")
    return alpha


def find_neighbours(image: np.ndarray, trimap: np.ndarray, tick: Callable[[float], None]) -> np.ndarray:
    """The nearest pixels of every unknown pixel in the feature space (the paper's "Computing A using KNN").

    image: (H, W, 3) float32 in [0, 1]; trimap: (H, W) uint8, 0/128/255, with n unknown pixels. tick(fraction) is
    called several times a second and may raise to cancel.

    Returns (n, K) int32, the unknown pixels numbered from 0 in reading order; n stands for a known background pixel,
    n + 1 for a known foreground pixel. Where a photo has fewer than K pixels, a pixel's own number fills the row.
    """
    import cv2

    unknown = trimap == UNKNOWN
    count = int(unknown.sum(dtype=np.int64))
    number = np.where(trimap == FOREGROUND, np.int32(count + 1), np.int32(count))
    number[unknown] = np.arange(count, dtype=np.int32)
    tick(0.0)
    reach = np.ones((2 * BAND_PX + 1, 2 * BAND_PX + 1), np.uint8)
    candidates = cv2.dilate(unknown.view(np.uint8), reach).view(bool)
    result = np.empty((count, sum(k for k, _ in SEARCHES)), np.int32)
    done = 0

    def breathe() -> None:
        tick(done / count)

    breathe()
    for piece in _pieces(candidates, (0, 0, *trimap.shape)):
        for asking, found in _search(image, number, candidates, piece, count, breathe):
            result[asking] = found
            done += asking.size
            breathe()
    return result


def _pieces(candidates: np.ndarray, piece: Piece) -> Iterator[Piece]:
    """Cut the photo in two until no piece holds too many candidates; pieces without any are left out."""
    top, left, bottom, right = piece
    inside = int(candidates[top:bottom, left:right].sum(dtype=np.int64))
    if inside <= PIECE_PIXELS:
        if inside:
            yield piece
    elif bottom - top > right - left:
        middle = (top + bottom) // 2
        yield from _pieces(candidates, (top, left, middle, right))
        yield from _pieces(candidates, (middle, left, bottom, right))
    else:
        middle = (left + right) // 2
        yield from _pieces(candidates, (top, left, bottom, middle))
        yield from _pieces(candidates, (top, middle, bottom, right))


def _search(
    image: np.ndarray, number: np.ndarray, candidates: np.ndarray, piece: Piece, count: int, tick: Tick
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield numbers (m,) of some of the piece's unknown pixels and those of their neighbours, (m, K), until all are
    done."""
    from scipy.spatial import cKDTree

    top, left, bottom, right = piece
    height, width = number.shape
    y0, x0 = max(top - MARGIN_PX, 0), max(left - MARGIN_PX, 0)
    around = slice(y0, min(bottom + MARGIN_PX, height)), slice(x0, min(right + MARGIN_PX, width))
    row, column = np.nonzero(candidates[around])
    numbers = number[around][row, column]
    inner = (row >= top - y0) & (row < bottom - y0) & (column >= left - x0) & (column < right - x0)
    asking = np.flatnonzero(inner & (numbers < count))
    if asking.size == 0:
        return
    colour = colour_features(image[around][row, column])
    place = np.stack([row, column], axis=1) / max(height, width)
    features = [np.concatenate([colour, weight * place], axis=1) for _, weight in SEARCHES]
    trees: list[cKDTree] = []
    for feature in features:
        tick()
        trees.append(cKDTree(feature, balanced_tree=False, compact_nodes=False))
    tick()
    for first in range(0, asking.size, QUERIES):
        some = asking[first : first + QUERIES]
        found = []
        for (k, _), feature, tree in zip(SEARCHES, features, trees, strict=True):
            _, nearest = tree.query(feature[some], k=k + 1, workers=-1)
            nearest = nearest[:, 1:]  # the first is the pixel itself
            found.append(numbers[np.where(nearest == row.size, some[:, None], nearest)])
        yield numbers[some], np.concatenate(found, axis=1)


def colour_features(colour: np.ndarray) -> np.ndarray:
    """(m, 3) float64 of (m, 3) float32 colours in [0, 1]: s cos h, s sin h and v of hue, saturation and value.

    The paper's "Feature vector X with or without spatial coordinates", with the hue turned by the saturation.
    """
    import cv2

    hue, saturation, value = cv2.cvtColor(colour[None], cv2.COLOR_RGB2HSV)[0].astype(np.float64).T
    angle = np.deg2rad(hue)
    return np.stack([saturation * np.cos(angle), saturation * np.sin(angle), value], axis=1)


@dataclass(frozen=True)
class NeighbourLaplacian:
    """L = D - A of n unknown pixels, A = N + N^T, plus a diagonal: kept as N alone, which halves the memory.

    towards: (n, n), N_ij = 1 where j is among the nearest of i. diagonal: (n,).
    """

    towards: csr_matrix
    diagonal: np.ndarray

    def __matmul__(self, vector: np.ndarray) -> np.ndarray:
        """The product (n,) with a vector (n,)."""
        ways = (lambda: self.towards @ vector), (lambda: self.towards.T @ vector)
        towards, back = both(*ways) if vector.size >= AT_ONCE else (way() for way in ways)
        result = self.diagonal * vector
        result -= towards
        result -= back
        return result


def laplacian_of(neighbours: np.ndarray, tick: Tick) -> tuple[NeighbourLaplacian, np.ndarray]:
    """The system of (n, K) neighbours as find_neighbours gives them: its matrix and its right-hand side (n,)."""
    from scipy.sparse import csr_matrix

    count, width = neighbours.shape
    columns, ties = np.empty(neighbours.shape, np.int32), np.empty(neighbours.shape)
    diagonal, rhs = np.zeros(count), np.empty(count)
    for top in range(0, count, ROWS_A_PIECE):
        rows = slice(top, min(top + ROWS_A_PIECE, count))
        known = neighbours[rows] >= count
        own = np.arange(rows.start, rows.stop, dtype=np.int32)[:, None]
        columns[rows] = np.where(known, own, neighbours[rows])  # of weight 0
        ties[rows] = ~known
        diagonal[rows] += np.where(known, KNOWN_WEIGHT, 1.0).sum(axis=1)
        tick()
        diagonal += np.bincount(columns[rows].ravel(), ties[rows].ravel(), count)
        rhs[rows] = KNOWN_WEIGHT * np.count_nonzero(neighbours[rows] == count + 1, axis=1)
        tick()
    starts = np.arange(0, count * width + 1, width)
    towards = csr_matrix((ties.ravel(), columns.ravel(), starts), (count, count))
    return NeighbourLaplacian(towards, diagonal), rhs


def _solve(neighbours: np.ndarray, guess: np.ndarray, first: np.ndarray, report: Progress) -> np.ndarray:
    """Alpha (n,) of the unknown pixels, clipped to [0, 1] ("Closed-Form Solution with Fast Numerics")."""
    matrix, rhs = laplacian_of(neighbours, lambda: report(0.7, "Solving"))
    matrix = NeighbourLaplacian(matrix.towards, matrix.diagonal + ANCHOR)
    rhs = rhs + ANCHOR * guess
    scaling = 1 / matrix.diagonal
    done = 0.0

    def told(iteration: int, relative: float) -> None:
        nonlocal done  # the residual does not fall at every pass, what is done never shrinks
        done = max(done, min(math.log(max(relative, 1e-30)) / math.log(TOLERANCE), 1.0))
        report(0.7 + 0.3 * done, f"Solving, pass {iteration + 1}")

    def precondition(residual: np.ndarray) -> np.ndarray:
        return scaling * residual

    solution = conjugate_gradients(matrix, rhs, first, precondition, TOLERANCE, ITERATION_LIMIT, told)
    return np.clip(solution, 0, 1)


def _between_the_marks(trimap: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """(n,) float64 in [0, 1]: how much nearer each unknown pixel lies to the foreground than to the background."""
    import cv2

    outside, inside = (
        cv2.distanceTransform((trimap != mark).view(np.uint8), cv2.DIST_L2, 3)[row, column].astype(np.float64)
        for mark in (FOREGROUND, BACKGROUND)
    )
    return inside / (inside + outside)


def _ignore(fraction: float, text: str) -> None:
    """Stands in where nobody wants to hear of the progress."""
