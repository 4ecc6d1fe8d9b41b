"""The authors' own way of running their networks: the whole photo in one go. What the oracles are checked against."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from models.free_memory import free_bytes
from models.prepare import known_kept, network_input, normalised, trimap_channel
from models.running import Predictor
from models.tiling import ticking

_SHARE_OF_FREE = 0.8
"""Of the machine's free memory: it may end a program that takes more than there is, instead of refusing."""

Progress = Callable[[float, str], None]


def matte_as_published(predictor: Predictor, image: np.ndarray, trimap: np.ndarray, progress: Progress) -> np.ndarray:
    """Alpha (H, W) float32 in [0, 1] of the whole photo at once, clipped, known pixels as marked.

    image: (H, W, 3) float32 sRGB in [0, 1]; trimap: (H, W) uint8 of 0, 128, 255. IndexNet's photo is enlarged to
    multiples of its stride and alpha brought back; the others' is continued by reflection and alpha cut. Memory grows
    with the photo: ``MemoryError`` where it does not suffice.
    """

    def tick(share: float) -> None:
        progress(share, "The whole photo at once")

    tick(0.0)
    if predictor.device == "cpu" and trimap.size > predictor.most_pixels(int(_SHARE_OF_FREE * free_bytes())):
        raise MemoryError("The whole photo at once is more than the memory holds.")
    with ticking(predictor, tick):
        if predictor.spec.family == "indexnet":
            alpha = _enlarged_and_back(predictor, image, trimap)
        else:
            alpha = _continued_and_cut(predictor, image, trimap)
    progress(1.0, "Matte is ready")
    return known_kept(alpha, trimap)


def _enlarged_and_back(predictor: Predictor, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """IndexNet's: normalised, then cubic (RGB) and nearest (trimap) up to multiples of 32; alpha cubic back."""
    H, W = trimap.shape
    stride = predictor.spec.stride
    size = (W + -W % stride, H + -H % stride)
    colours = cv2.resize(normalised(image), size, interpolation=cv2.INTER_CUBIC)
    marks = cv2.resize(trimap_channel(trimap), size, interpolation=cv2.INTER_NEAREST)
    planes = np.concatenate([colours.transpose(2, 0, 1), marks[None]])
    raw = predictor.predict(np.ascontiguousarray(planes[None], np.float32))[-1][0, 0]
    return cv2.resize(raw, (W, H), interpolation=cv2.INTER_CUBIC)


def _continued_and_cut(predictor: Predictor, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """A2U's: reflection at the right and the bottom up to multiples of 16; alpha is cut to the photo's size."""
    H, W = trimap.shape
    inputs = network_input(image, trimap if predictor.spec.channels == 4 else None, predictor.spec.stride)
    return predictor.predict(inputs)[-1][0, 0, :H, :W]
