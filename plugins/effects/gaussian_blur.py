"""A soft, even blur."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from editor.api import Effect, param
from plugins.effects._convolution import blur_colours, gaussian, gaussian_margin_px, in_blocks


@dataclass
class GaussianBlur(Effect):
    """A Gaussian over the colours as they are stored, weighted by alpha; the layer's edge softens with it."""

    name: ClassVar[str] = "gaussian-blur"
    title: ClassVar[str] = "Gaussian blur"
    description: ClassVar[str] = "A soft, even blur of the whole layer, its edge included."
    slow: ClassVar[bool] = True

    radius_px: float = param(
        8.0, "Radius", minimum=0.0, maximum=100.0, step=0.5, unit=" px", scales=True, logarithmic=True,
        help="How far each point spreads (the standard deviation of the bell curve).",
    )  # fmt: skip

    def margin_px(self) -> int:
        """Three standard deviations."""
        return 0 if self.radius_px <= 0.0 else gaussian_margin_px(self.radius_px)

    def apply(self, pixels: np.ndarray) -> np.ndarray:
        """Blurred (h, w, 4) float32 straight pixels."""
        if self.radius_px <= 0.0:
            return pixels.copy()
        kernel = gaussian(self.radius_px)
        return in_blocks(pixels, self.margin_px(), lambda part: blur_colours(part, kernel))


PLUGINS = [GaussianBlur]
