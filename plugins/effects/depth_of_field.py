"""The blur of a lens that is focused elsewhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import cv2
import numpy as np

from editor.api import Effect, param
from editor.document.blend import shares
from plugins.effects._convolution import Kernel, in_blocks

_MOST_GAIN = 31.0
"""At the full amount a clipped highlight counts as one that is five stops above white."""


@dataclass
class DepthOfField(Effect):
    """Each point becomes the image of the aperture: a disc or a polygon, added up as light adds up.

    Colours are taken from sRGB's curve to linear light and back, and weighted by alpha, so that hidden pixels never
    bleed.
    """

    name: ClassVar[str] = "depth-of-field"
    title: ClassVar[str] = "Depth of field"
    description: ClassVar[str] = "Out of focus as by a fast lens: discs of light, highlights that bloom."
    slow: ClassVar[bool] = True

    radius_px: float = param(
        24.0, "Blur", minimum=0.0, maximum=150.0, step=0.5, unit=" px", scales=True, logarithmic=True,
        help="Radius of the disc that a point of light becomes. More is a faster lens or a background further off.",
    )  # fmt: skip
    aperture: str = param(
        "round", "Aperture", choices=("round", "5 blades", "6 blades", "7 blades", "8 blades", "9 blades"),
        help="The shape that highlights take: round as wide open, or a polygon as of a stopped-down lens.",
    )  # fmt: skip
    rotation_deg: float = param(
        0.0, "Turn", minimum=0.0, maximum=90.0, step=1.0, unit="°", help="Turns the polygon of the blades."
    )
    highlights: float = param(
        30.0, "Highlights", minimum=0.0, maximum=100.0, step=1.0, unit=" %",
        help="How far lights outshine what lies round them, as the sun's glitter and lamps do.",
    )  # fmt: skip
    threshold: float = param(
        90.0, "Highlights from", minimum=0.0, maximum=99.0, step=1.0, unit=" %",
        help="The brightness at which a place begins to count as a highlight.",
    )  # fmt: skip

    def margin_px(self) -> int:
        """The disc's radius and its soft edge."""
        return 0 if self.radius_px <= 0.0 else math.ceil(self.radius_px) + 1

    def apply(self, pixels: np.ndarray) -> np.ndarray:
        """The (h, w, 4) float32 straight pixels out of focus."""
        if self.radius_px <= 0.0:
            return pixels.copy()
        return in_blocks(pixels, self.margin_px(), self._defocused)

    def _defocused(self, pixels: np.ndarray) -> np.ndarray:
        kernel = aperture_kernel(round(self.radius_px, 3), self._blades, self.rotation_deg)
        *colours, alpha = cv2.split(pixels)
        spread = np.clip(kernel.blur(alpha), 0.0, 1.0)
        weight, share = alpha, shares(spread)
        gain = self._gain(colours)
        if gain is not None:
            weight = cv2.multiply(alpha, gain)
            share = shares(np.maximum(kernel.blur(weight), 0.0))
        blurred = (kernel.blur(cv2.multiply(decode(colour), weight)) for colour in colours)
        return cv2.merge([*(encode(np.clip(cv2.multiply(light, share), 0.0, 1.0)) for light in blurred), spread])

    def _gain(self, colours: Sequence[np.ndarray]) -> np.ndarray | None:
        """How much more than others each pixel counts: 1 + gain t^2, t from the threshold to white; None for all 1.

        Light is averaged with these weights, so that a lamp outshines the dark round it, and a bright wall, all of
        which counts more, stays as bright as it is.
        """
        start = self.threshold / 100.0
        brightest = np.maximum(np.maximum(colours[0], colours[1]), colours[2])
        above = np.clip((brightest - np.float32(start)) * np.float32(1.0 / (1.0 - start)), 0.0, 1.0)
        if self.highlights <= 0.0 or not above.any():
            return None
        return np.float32(1.0) + np.float32(_MOST_GAIN * self.highlights / 100.0) * above * above

    @property
    def _blades(self) -> int:
        """0 for a round aperture."""
        return 0 if self.aperture == "round" else int(self.aperture.split()[0])


@lru_cache(maxsize=16)
def aperture_kernel(radius_px: float, blades: int, rotation_deg: float) -> Kernel:
    """The image of a point: a disc (``blades`` 0) or a polygon with its corners on that circle, its edge smooth."""
    margin = math.ceil(radius_px) + 1
    y, x = np.mgrid[-margin : margin + 1, -margin : margin + 1].astype(np.float64)
    inside = radius_px - np.hypot(x, y)
    if blades:
        turn = math.radians(rotation_deg - 90.0)
        apothem = radius_px * math.cos(math.pi / blades)
        for i in range(blades):
            angle = turn + (2 * i + 1) * math.pi / blades
            inside = np.minimum(inside, apothem - x * math.cos(angle) - y * math.sin(angle))
    return Kernel(np.clip(inside + 0.5, 0.0, 1.0))


def decode(colour: np.ndarray) -> np.ndarray:
    """sRGB values (h, w) to linear light (IEC 61966-2-1), float32 in [0, 1]."""
    curved = (colour + np.float32(0.055)) * np.float32(1.0 / 1.055)
    curved = cv2.pow(curved, 2.4, dst=curved)
    dark = (colour <= np.float32(0.04045)).view(np.uint8)
    return cv2.copyTo(colour * np.float32(1.0 / 12.92), dark, curved)


def encode(light: np.ndarray) -> np.ndarray:
    """Linear light (h, w) to sRGB values, float32 in [0, 1]."""
    curved = cv2.pow(light, 1.0 / 2.4)
    curved *= np.float32(1.055)
    curved -= np.float32(0.055)
    dark = (light <= np.float32(0.0031308)).view(np.uint8)
    return cv2.copyTo(light * np.float32(12.92), dark, curved)


PLUGINS = [DepthOfField]
