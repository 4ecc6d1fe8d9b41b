"""Very large unknown regions: what is plain at half the size is settled there, so that memory stays bounded.

A solver keeps some 600 bytes for each unknown pixel. Where a photo is marked with a few scribbles, most of it is
unknown, yet most of that is plainly one side or the other.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.classical.matting_laplacian import FOREGROUND, UNKNOWN

LIMIT = 4_000_000
"""Unknown pixels that are solved at once: about 2.4 GB."""
PLAIN = 0.02
"""Alpha this near to 0 or 1 all round is taken for it."""
AROUND_PX = 9

Progress = Callable[[float, str], None]
Matte = Callable[[np.ndarray, np.ndarray, Progress], np.ndarray]


def narrowed(
    image: np.ndarray, trimap: np.ndarray, matte: Matte, progress: Progress, limit: int = LIMIT
) -> tuple[np.ndarray, np.ndarray | None]:
    """A trimap with at most ``limit`` unknown pixels, and alpha (H, W) for what had to be left to the small photo.

    ``image`` (H, W, 3) float32 in [0, 1], ``trimap`` (H, W) uint8, 0/128/255; ``matte(image, trimap, progress)`` is the
    method itself. A trimap within the limit comes back as it is, with None. The alpha is None, too, where narrowing
    was enough; else it holds the enlarged matte of the half-size photo, and its trimap is known everywhere.
    """
    if int((trimap == UNKNOWN).sum(dtype=np.int64)) <= limit:
        return trimap, None
    import cv2

    height, width = trimap.shape
    size = ((width + 1) // 2, (height + 1) // 2)
    small_image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    blocks = np.pad(trimap, ((0, height % 2), (0, width % 2)), mode="edge").reshape(size[1], 2, size[0], 2)
    subject, ground = (blocks == FOREGROUND).any(axis=(1, 3)), (blocks == 0).any(axis=(1, 3))
    small_trimap = np.full(subject.shape, UNKNOWN, np.uint8)  # a mark wins over unknown: scribbles may be thin
    small_trimap[subject & ~ground], small_trimap[ground & ~subject] = FOREGROUND, 0
    small = matte(small_image, small_trimap, lambda part, _: progress(part / 2, "Solving at half the size"))
    coarse = np.clip(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), 0, 1)
    coarse[trimap != UNKNOWN] = (trimap[trimap != UNKNOWN] == FOREGROUND).astype(np.float32)
    around = np.ones((AROUND_PX, AROUND_PX), np.uint8)
    result = trimap.copy()
    result[(trimap == UNKNOWN) & (cv2.dilate(coarse, around) < PLAIN)] = 0
    result[(trimap == UNKNOWN) & (cv2.erode(coarse, around) > 1 - PLAIN)] = FOREGROUND
    if int((result == UNKNOWN).sum(dtype=np.int64)) <= limit:
        return result, None
    return np.where(coarse >= 0.5, FOREGROUND, 0).astype(np.uint8), coarse
