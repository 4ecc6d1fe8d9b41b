"""Between a photo and a network's input: normalisation, the trimap as a channel, padding to the network's stride."""

from __future__ import annotations

import numpy as np

BACKGROUND, UNKNOWN, FOREGROUND = 0, 128, 255
MEAN = np.array((0.485, 0.456, 0.406), np.float32)
"""Of ImageNet's photos, whose backbones the networks stand on, for R, G, B in [0, 1]."""
DEVIATION = np.array((0.229, 0.224, 0.225), np.float32)


def network_input(image: np.ndarray, trimap: np.ndarray | None, stride: int) -> np.ndarray:
    """What a network takes: (1, 3 or 4, h, w) float32, h and w rounded up to multiples of ``stride``.

    image: (H, W, 3) float32 sRGB in [0, 1]; trimap: (H, W) uint8, or None for a network that takes no trimap. Pixels
    are added by reflection at the right and at the bottom: the answer's [:H, :W] is the photo's.
    """
    H, W = image.shape[:2]
    planes = np.empty((3 if trimap is None else 4, H, W), np.float32)
    planes[:3] = normalised(image).transpose(2, 0, 1)
    if trimap is not None:
        planes[3] = trimap_channel(trimap)
    return padded(planes, stride)[None]


def normalised(image: np.ndarray) -> np.ndarray:
    """(H, W, 3) float32: each channel less ImageNet's mean, divided by its deviation."""
    return (image - MEAN) / DEVIATION


def trimap_channel(trimap: np.ndarray) -> np.ndarray:
    """(H, W) float32: the trimap divided by 255 and nothing more, as the authors feed it."""
    return trimap.astype(np.float32) / np.float32(255)


def class_channels(trimap: np.ndarray) -> np.ndarray:
    """(3, H, W) float32, 1 where the trimap (H, W) says background, unknown, foreground, else 0.

    So a network that finds its own trimap is told what is known already (``ModelSpec``).
    """
    return np.stack([trimap == value for value in (BACKGROUND, UNKNOWN, FOREGROUND)]).astype(np.float32)


def padded(planes: np.ndarray, stride: int) -> np.ndarray:
    """Planes (C, H, W) continued by reflection at the right and bottom to multiples of ``stride``."""
    H, W = planes.shape[-2:]
    more = (-H % stride, -W % stride)
    if more == (0, 0):
        return planes
    return np.pad(planes, ((0, 0), (0, more[0]), (0, more[1])), mode="reflect")


def known_kept(alpha: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """Alpha (H, W) float32 in [0, 1]: clipped, and exactly 0 or 1 where the trimap says so."""
    alpha = np.clip(alpha, 0, 1, dtype=np.float32)
    alpha[trimap == BACKGROUND] = 0
    alpha[trimap == FOREGROUND] = 1
    return alpha


def check_marks(image: np.ndarray, trimap: np.ndarray) -> None:
    """Raise ``ValueError`` unless image is (H, W, 3) float32 in [0, 1] and trimap (H, W) uint8 of 0, 128 and 255.

    Also where the trimap marks no foreground or no background: a network would answer, but to another question.
    """
    check_image(image)
    if trimap.shape != image.shape[:2] or trimap.dtype != np.uint8:
        raise ValueError(f"The trimap must be {image.shape[:2]} uint8, not {trimap.shape} {trimap.dtype}.")
    counts = np.bincount(trimap.ravel(), minlength=256)[[BACKGROUND, UNKNOWN, FOREGROUND]]
    if counts.sum() != trimap.size:
        raise ValueError("The trimap must hold only 0 (background), 128 (unknown) and 255 (foreground).")
    if not counts[2]:
        raise ValueError("The trimap marks no foreground. Mark a part that surely belongs to the subject.")
    if not counts[0]:
        raise ValueError("The trimap marks no background. Mark a part that surely does not belong to the subject.")


def check_image(image: np.ndarray) -> None:
    """Raise ``ValueError`` unless image is (H, W, 3) float32 in [0, 1], at least a pixel each way."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.float32 or image.size == 0:
        raise ValueError(f"The image must be (H, W, 3) float32, not {image.shape} {image.dtype}.")
    low, high = float(image.min()), float(image.max())
    if not (low >= 0 and high <= 1):  # written so that NaN fails too
        raise ValueError(f"The image must lie in [0, 1], not in [{low:g}, {high:g}].")
