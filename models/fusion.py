"""Several classical mattes of one photo, weighed by a small network: the engine that no classical method reaches.

Each classical method fails in its own way: the closed form leaks through thin structures, KNN mistakes a likeness of
colour for a likeness of alpha, sampling is noisy. Where they disagree, the photo and what sampling thinks of itself
tell which is right. Semi-deep methods, section 2.1.2 of the thesis, after its reference [17]. The network judges each
pixel alone, looks at what came out, and judges again; what noise that leaves, the matting Laplacian takes out.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.classical.classic import Stages, classic_stages
from models.classical.closed_form import closed_form_matte
from models.classical.knn import knn_matte
from models.classical.settling import settled_matte
from models.prepare import UNKNOWN
from models.running import Predictor
from models.side_by_side import both_told
from models.tiling import matte_in_pieces

MATTES = ("classic", "closed form", "KNN", "sampled")
"""The mattes that are weighed, in the order of their planes."""
SIGNS = ("trust", "contrast")
"""What sampling thinks of itself, after the mattes."""
AT_ONCE = 1_000_000
"""So many unknown pixels at most are matted by two methods at once, which takes some 900 bytes more for each."""
LARGEST_AT_ONCE = 32_000_000
"""The pixels of the largest photo where they are: each method keeps planes of the photo's size."""
EXPERT_SHARE = 0.65
"""The part of the time that the mattes take on a CPU."""
SETTLING_SHARE = 0.05
"""The part of settling, which is the last; the network has the rest."""

Progress = Callable[[float, str], None]


def expert_planes(
    image: np.ndarray, trimap: np.ndarray, progress: Progress, stages: Stages | None = None
) -> np.ndarray:
    """The mattes and the signs of trust, (6, H, W) float16 in [0, 1], in the order of ``MATTES`` and ``SIGNS``.

    image: (H, W, 3) float32 sRGB in [0, 1], at least 3 x 3 pixels; trimap: (H, W) uint8, 0, 128, 255. ``progress`` is a
    cancel point; what it raises comes out at once. ``stages``: the classic matte's, if they are there already.
    ``ValueError`` as the classical methods raise it. float16, since a photo of 24 megapixels has 150 million of these
    values.
    """

    def by_colours(report: Progress) -> np.ndarray:
        return knn_matte(image, trimap, _part(report, 0.0, 1.0, "KNN"))

    def others(report: Progress) -> np.ndarray:
        return _sampled_planes(image, trimap, report, stages)

    if trimap.size <= LARGEST_AT_ONCE and np.count_nonzero(trimap == UNKNOWN) <= AT_ONCE:
        planes, knn = both_told(others, by_colours, progress, 0.7)
    else:
        planes, knn = others(_part(progress, 0.0, 0.7, "")), by_colours(_part(progress, 0.7, 1.0, ""))
    planes[2] = knn
    return planes


def _sampled_planes(image: np.ndarray, trimap: np.ndarray, report: Progress, stages: Stages | None) -> np.ndarray:
    """All planes but KNN's, which is left open: the classic matte's, and the closed form, which starts from it."""
    if stages is None:
        stages = classic_stages(image, trimap, _part(report, 0.0, 0.4, "Sampling"))
    planes = np.empty((len(MATTES) + len(SIGNS), *trimap.shape), np.float16)
    planes[0] = stages.alpha
    planes[3], planes[4], planes[5] = stages.sampled, stages.trust, stages.contrast
    planes[1] = closed_form_matte(image, trimap, _part(report, 0.4, 1.0, "Closed form"), start=stages.alpha)
    return planes


def fused_matte(
    predictor: Predictor, image: np.ndarray, trimap: np.ndarray, progress: Progress, *, limit_bytes: int = 0
) -> np.ndarray:
    """Alpha (H, W) float32 in [0, 1], exactly 0 and 1 where the trimap says so.

    image and trimap as for ``expert_planes``; ``limit_bytes`` and ``MemoryError`` as for ``matte_in_pieces``.
    ``progress`` is a cancel point; what it raises comes out at once.
    """
    mattes = _part(progress, 0.0, EXPERT_SHARE, "")
    weighed = _part(progress, EXPERT_SHARE, 1 - SETTLING_SHARE, "")
    # Handed over, not held: the second look takes other planes in the place of these.
    alpha = fused(predictor, image, trimap, expert_planes(image, trimap, mattes), weighed, limit_bytes=limit_bytes)
    return settled_matte(image, trimap, alpha, _part(progress, 1 - SETTLING_SHARE, 1.0, ""))


def fused(
    predictor: Predictor,
    image: np.ndarray,
    trimap: np.ndarray,
    planes: np.ndarray,
    progress: Progress,
    *,
    limit_bytes: int = 0,
) -> np.ndarray:
    """What the network makes of mattes that are there already, in two looks, not settled.

    ``planes`` as ``expert_planes`` gives them.
    """
    look, again = _part(progress, 0.0, 0.5, "Weighing"), _part(progress, 0.5, 1.0, "Weighing again")
    alpha = matte_in_pieces(predictor, image, trimap, look, more=planes, limit_bytes=limit_bytes)
    planes = np.concatenate((alpha[None].astype(np.float16), planes))
    del alpha
    return matte_in_pieces(predictor, image, trimap, again, more=planes, limit_bytes=limit_bytes)


def _part(progress: Progress, start: float, end: float, doing: str) -> Progress:
    """Progress from 0 to 1 as a part of the whole, said with what is being done."""
    return lambda fraction, text: progress(start + (end - start) * fraction, f"{doing}: {text}" if doing else text)
