"""The shadow that a cut-out subject throws on what lies below."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from editor.api import Effect, param
from editor.document.blend import Piece, over
from plugins.effects._convolution import gaussian, gaussian_margin_px, in_blocks

_CONTACT_REACH = 0.15
"""How far the contact shadow lies and spreads, as a share of the shadow's own distance and softness."""


@dataclass
class DropShadow(Effect):
    """A blurred, shifted copy of the layer's alpha in one colour, under the layer, and a tight one at its edge."""

    name: ClassVar[str] = "drop-shadow"
    title: ClassVar[str] = "Drop shadow"
    description: ClassVar[str] = "A soft shadow behind the subject, with a darker line where it touches the ground."
    slow: ClassVar[bool] = True

    distance_px: float = param(
        24.0, "Distance", minimum=0.0, maximum=400.0, step=1.0, unit=" px", scales=True, logarithmic=True,
        help="How far the shadow falls from the subject.",
    )  # fmt: skip
    angle_deg: float = param(
        60.0, "Falls towards", minimum=0.0, maximum=360.0, step=1.0, unit="°",
        help="0° is to the right, 90° straight down, 180° to the left, 270° up.",
    )  # fmt: skip
    softness_px: float = param(
        24.0, "Softness", minimum=0.0, maximum=200.0, step=1.0, unit=" px", scales=True, logarithmic=True,
        help="How wide the shadow's edge is.",
    )  # fmt: skip
    opacity: float = param(45.0, "Darkness", minimum=0.0, maximum=100.0, step=1.0, unit=" %", help="How dense it is.")
    contact: float = param(
        30.0, "Contact", minimum=0.0, maximum=100.0, step=1.0, unit=" %",
        help="A second, tight shadow close to the subject, as where it touches a wall or the ground.",
    )  # fmt: skip
    colour: tuple[float, float, float] = param((0.0, 0.0, 0.0), "Colour", help="Rarely black: take it from the scene.")

    def margin_px(self) -> int:
        """As far as the shadow falls and spreads."""
        return gaussian_margin_px(self._sigma_px, *self._shift)

    def apply(self, pixels: np.ndarray) -> np.ndarray:
        """The (h, w, 4) float32 straight pixels with the shadow beneath them."""
        return in_blocks(pixels, self.margin_px(), self._shadowed)

    @property
    def _sigma_px(self) -> float:
        """The edge's width from clear to dense is about four standard deviations."""
        return self.softness_px / 2.0

    @property
    def _shift(self) -> tuple[float, float]:
        angle = math.radians(self.angle_deg)
        return self.distance_px * math.cos(angle), self.distance_px * math.sin(angle)

    def _shadowed(self, pixels: np.ndarray) -> np.ndarray:
        alpha = cv2.extractChannel(pixels, 3)
        colour = np.full((*alpha.shape, 3), self.colour, np.float32)
        subject = Piece(cv2.cvtColor(pixels, cv2.COLOR_RGBA2RGB), alpha)
        joined = over(Piece(colour, self._density(alpha)), subject)
        assert joined is not None and joined.alpha is not None
        return cv2.merge([*cv2.split(np.clip(joined.colour, 0.0, 1.0)), np.clip(joined.alpha, 0.0, 1.0)])

    def _density(self, alpha: np.ndarray) -> np.ndarray:
        """The shadow's alpha: what neither of the two shadows lets through."""
        share = self.opacity / 100.0
        density = share * np.clip(gaussian(self._sigma_px, *self._shift).blur(alpha), 0.0, 1.0)
        if self.contact > 0.0:
            dx, dy = (_CONTACT_REACH * part for part in self._shift)
            near = np.clip(gaussian(_CONTACT_REACH * self._sigma_px, dx, dy).blur(alpha), 0.0, 1.0)
            density = 1.0 - (1.0 - density) * (1.0 - np.float32(self.contact / 100.0) * near)
        return density.astype(np.float32, copy=False)


PLUGINS = [DropShadow]
