"""Portraits without a trimap: the whole photo at the size that networks are trained at, then its edge at full size.

What is subject shows in the whole photo reduced; what is hair shows in pieces of the photo as it is. A network that
finds its own trimap (``ModelSpec.finds_trimap``) does both: first it is shown the photo reduced, and answers trimap and
alpha; then it is shown pieces along the unknown region, and told what it found in the whole.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from models.portrait_certainty import check_share, check_trimap
from models.portrait_colours import mended
from models.portrait_edge import edge_matte
from models.prepare import BACKGROUND, FOREGROUND, UNKNOWN, check_image, known_kept, normalised
from models.running import Predictor
from models.tiling import Progress, matte_in_pieces, ticking

WORKING_PX = 640
"""The longer side of the photo when its subject is looked for: about the scale of the crops that chapter 6 trains on
(6.5.2). More than ``tiling.WHOLE_PX``, a look from which only means are kept."""
SMALLEST_PX = WORKING_PX // 4
"""Where memory does not suffice for the photo at this size, it will not for the network."""
MENDING_PX = 320
"""The photo's longer side where its colours mend what small looks saw."""
UNSURE = 0.1
"""Of several looks and colours together: a share of foreground between this and 1 less it is unknown."""
NEAR = 0.02
"""Within such a part of the longer side of the outline, the matte decides."""
COMPARING = 0.2
"""The part of what follows the looks that comparing colours takes."""
LOOKING = 0.2
"""The part of the progress that goes into the reduced photo where pieces follow."""


def portrait_matte(
    predictor: Predictor, image: np.ndarray, progress: Progress, *, limit_bytes: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Trimap (H, W) uint8 of 0, 128, 255 and alpha (H, W) float32 in [0, 1], equal to the trimap where that is known.

    image: (H, W, 3) float32 sRGB in [0, 1], of any size. ``limit_bytes`` is what a piece may take of the device's
    memory (0: by what is free). ``progress`` is called between the network's layers; what it raises comes out at once.
    ``NotSureError``, a ``ValueError``, where there is nobody, or nothing but somebody, or it is not sure who;
    ``MemoryError`` where even little does not fit.
    """
    check_image(image)

    def looking(share: float) -> None:
        progress(LOOKING * share, "Looking for the subject")

    def refining(share: float, text: str) -> None:
        progress(LOOKING + (1 - LOOKING) * share, text)

    looking(0.0)
    classes, alpha = _looked_at(predictor, image, looking)
    # Judged is what decides: alpha of a network that looks several times, the classes of one that goes on in pieces,
    # whose alpha may mean nothing where it is known who is there (6.1).
    check_share(np.clip(alpha, 0, 1) if predictor.spec.looks_px else classes[2] + classes[1] / 2)
    if predictor.spec.looks_px:
        return _mended(image, classes, alpha, refining)
    trimap = enlarged_trimap(_found(classes), image.shape[:2])
    if alpha.shape != trimap.shape:
        return trimap, matte_in_pieces(predictor, image, trimap, refining, limit_bytes=limit_bytes)
    refining(1.0, "Matte is ready")
    return trimap, known_kept(alpha, trimap)


def marked_matte(
    predictor: Predictor, image: np.ndarray, trimap: np.ndarray, progress: Progress, *, limit_bytes: int = 0
) -> np.ndarray:
    """Alpha (H, W) float32 in [0, 1] for a photo whose marks are there, exactly 0 and 1 where they say so.

    trimap: (H, W) uint8 of 0, 128, 255. The network decides what is unknown, in pieces; a small one that has only
    learnt who is where leaves that to the classic matte. The rest is as for ``portrait_matte``.
    """
    if not predictor.spec.looks_px:
        return matte_in_pieces(predictor, image, trimap, progress, limit_bytes=limit_bytes)
    _, alpha = edge_matte(image, lambda shape: enlarged_trimap(trimap, shape), progress)
    progress(1.0, "Matte is ready")
    return known_kept(alpha, trimap)


def _mended(
    image: np.ndarray, classes: np.ndarray, alpha: np.ndarray, progress: Progress
) -> tuple[np.ndarray, np.ndarray]:
    """Trimap and alpha of the photo from what several small looks saw, corrected by its own colours; classic matte."""
    progress(0.0, "Comparing colours")
    scale = min(1.0, MENDING_PX / max(image.shape[:2]))
    size = tuple(max(1, round(side * scale)) for side in image.shape[1::-1])
    small = np.clip(cv2.resize(image, size, interpolation=cv2.INTER_AREA), 0, 1, dtype=np.float32)
    edge, share = _resized(np.stack((classes[1], alpha)), small.shape[:2])
    share = mended(small, np.clip(share, 0, 1))
    inside, outside = ((side > 1 - UNSURE) & (edge < 0.5) for side in (share, 1 - share))
    found = _found(np.stack((outside, ~(inside | outside), inside)).astype(np.float32))

    def part(share: float, text: str) -> None:
        progress(COMPARING + (1 - COMPARING) * share, text)

    trimap, alpha = edge_matte(image, lambda shape: enlarged_trimap(found, shape), part)
    _leave_open(trimap, alpha, share)
    return trimap, alpha


def _leave_open(trimap: np.ndarray, alpha: np.ndarray, share: np.ndarray) -> None:
    """Where colours left it open who it is, and far from any outline, leave it open in trimap and alpha, both (H, W).

    There the matte has no edge to go by and takes a side nevertheless. Half of what it says and half of ``share``
    (h, w) errs less, and that the trimap stays unknown shows where marks are wanted.
    """
    inside = (share > 0.5).astype(np.uint8)
    side = 2 * max(1, round(NEAR * max(share.shape))) + 1
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    far = cv2.dilate(inside, around) == cv2.erode(inside, around)
    left_open = far & (share > UNSURE) & (share < 1 - UNSURE)
    if not left_open.any():
        return
    size = trimap.shape[::-1]
    doubtful = cv2.resize(left_open.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > 0.5
    trimap[doubtful] = UNKNOWN
    alpha[doubtful] += (cv2.resize(share, size, interpolation=cv2.INTER_LINEAR)[doubtful] - alpha[doubtful]) / 2


def enlarged_trimap(small: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A trimap (h, w) at another size (H, W), its outlines smooth: known where one of the two prevails all round."""
    trimap = np.full(shape, UNKNOWN, np.uint8)
    for value in (BACKGROUND, FOREGROUND):
        share = cv2.resize((small == value).astype(np.float32), shape[::-1], interpolation=cv2.INTER_LINEAR)
        trimap[share > 0.5] = value
    return trimap


def _looked_at(predictor: Predictor, image: np.ndarray, tick: Callable[[float], None]) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (3, h, w) and raw alpha (h, w) of the photo reduced: further where memory does not suffice."""
    looks = predictor.spec.looks_px or (WORKING_PX,)
    while True:
        try:
            return _mean_look(predictor, image, looks, tick)
        except MemoryError:
            if max(looks) <= SMALLEST_PX:
                raise
            looks = tuple(longer // 2 for longer in looks)


def _mean_look(
    predictor: Predictor, image: np.ndarray, looks: tuple[int, ...], tick: Callable[[float], None]
) -> tuple[np.ndarray, np.ndarray]:
    """The mean of what is seen in the photo and in its mirror image at these sizes, at the largest of them."""
    ways = (1, -1)
    seen: list[np.ndarray] = []
    for number, longer in enumerate(sorted(looks, reverse=True)):
        inputs = _reduced(image, longer, predictor.spec.stride)
        for place, way in enumerate(ways):
            done = (number * len(ways) + place) / (len(looks) * len(ways))

            def ticks(share: float, done: float = done) -> None:
                tick(done + share / (len(looks) * len(ways)))

            with ticking(predictor, ticks):
                logits, alpha = predictor.predict(inputs[..., ::way])
            planes = np.concatenate((_probabilities(logits[0]), alpha[0]))[..., ::way]
            seen.append(planes if not seen else _resized(planes, seen[0].shape[1:]))
    mean = np.mean(seen, axis=0)
    return mean[:-1], mean[-1]


def _probabilities(logits: np.ndarray) -> np.ndarray:
    """Equation (6.2): logits (3, h, w) to what sums to 1 in every pixel."""
    powers = np.exp(logits - logits.max(axis=0))
    return powers / powers.sum(axis=0)


def _resized(planes: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Planes (k, h, w) at another height and width."""
    size = shape[::-1]
    return np.stack([cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR) for plane in planes.astype(np.float32)])


def _reduced(image: np.ndarray, longer: int, stride: int) -> np.ndarray:
    """The input (1, 3, h, w) for all of the photo: sides to the nearest multiples of ``stride``, hardly enlarged."""
    H, W = image.shape[:2]
    scale = min(1.0, longer / max(H, W))
    h, w = (max(stride, round(side * scale / stride) * stride) for side in (H, W))
    small = image
    if (h, w) != (H, W):
        small = cv2.resize(image, (w, h), interpolation=cv2.INTER_AREA if h * w < H * W else cv2.INTER_LINEAR)
    return np.ascontiguousarray(normalised(small).transpose(2, 0, 1))[None]


def _found(classes: np.ndarray) -> np.ndarray:
    """Trimap (h, w): known where one class is likelier than all else; ``NotSureError`` where that says too little.

    Where foreground touches background, the pixels on both sides become unknown: an edge is never known to the pixel.
    """
    trimap = np.full(classes.shape[1:], UNKNOWN, np.uint8)
    trimap[classes[0] > 0.5] = BACKGROUND
    trimap[classes[2] > 0.5] = FOREGROUND
    around = np.ones((3, 3), np.uint8)
    near_subject, near_ground = (
        cv2.dilate((trimap == value).astype(np.uint8), around) > 0 for value in (FOREGROUND, BACKGROUND)
    )
    trimap[near_subject & near_ground] = UNKNOWN
    check_trimap(trimap)
    return trimap
