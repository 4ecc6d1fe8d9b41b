"""Soft mattes from hard masks: our own matting in a band round the edge, kept on disk once it is made."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np

from models.classical.closed_form import closed_form_matte
from models.training.augment import Floats
from models.training.checkpointing import put_file
from models.training.folders import UnreadableError, read_alpha

BAND_SHARE = 0.02
"""How far the band reaches to each side of the edge, of the photo's shorter side: hair lies outside a hard mask."""


class SoftMattes:
    """Makes them, and finds those that were made before. Several processes may share its folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def soft(self, image: Floats, alpha: Floats, file: Path) -> Floats:
        """The matte for a photo (h, w, 3): ``alpha`` (h, w) itself if it is soft, else one made from it.

        ``file`` names it in a sentence. ``UnreadableError`` for a mask that is all foreground or all background.
        """
        if not is_hard(alpha):
            return alpha
        name = hashlib.sha256(f"{BAND_SHARE} {image.shape}".encode())
        name.update(alpha.tobytes())
        name.update(image.tobytes())
        place = self._folder / f"{name.hexdigest()[:24]}.png"
        if place.exists():
            return read_alpha(place)
        made = softened(image, alpha, file.name)
        done, content = cv2.imencode(".png", np.round(made * 255).astype(np.uint8))
        if done:
            self._folder.mkdir(parents=True, exist_ok=True)
            put_file(place, content.tobytes())
        return made


def is_hard(alpha: Floats) -> bool:
    """Whether hardly a pixel lies between clear and opaque."""
    return float(((alpha > 0.05) & (alpha < 0.95)).mean()) < 0.001


def softened(image: Floats, mask: Floats, name: str) -> Floats:
    """Closed-form matting in a band round the edge of a hard mask (h, w)."""
    trimap = band(mask)
    if not (trimap == 0).any() or not (trimap == 255).any():
        raise UnreadableError(f"{name} marks everything or nothing")
    made = closed_form_matte(image, trimap)
    return np.round(made * 255).astype(np.float32) / np.float32(255)  # as it will be read from disk


def band(mask: Floats) -> np.ndarray:
    """The trimap (h, w) uint8 that leaves a band round the mask's edge unknown."""
    inside = (mask > 0.5).astype(np.uint8)
    reach = max(2.0, BAND_SHARE * min(mask.shape))
    trimap = np.full(mask.shape, 128, np.uint8)
    for value, sure in ((255, inside), (0, 1 - inside)):
        if sure.all():
            return np.full(mask.shape, value, np.uint8)
        trimap[cv2.distanceTransform(sure, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) > reach] = value
    return trimap
