"""Predictors without a network, whose answers can be reckoned: for tests of what is done around one."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from models.catalogue.spec import ModelSpec, PaperRow


def spec_of(**facts: object) -> ModelSpec:
    """A catalogue entry that names no network."""
    given = {"family": "a2u", "stride": 32, "margin_px": 64, "channels": 4, **facts}
    return ModelSpec("test", "Test", description="For tests.", code="none:none", paper=PaperRow("0", "0"), **given)


class Blurring:
    """Answers with the red channel, blurred within ``reach_px``, plus the mean of the whole if it has seen one."""

    device, reason, precision = "cpu", "CPU, float32: a test", "float32"

    def __init__(self, spec: ModelSpec | None = None, reach_px: int = 20, most_pixels: int = 256 * 256) -> None:
        self.spec = spec or spec_of()
        self.tick: Callable[[float], None] | None = None
        self.reach_px = reach_px
        self.room = most_pixels
        self.seen: list[tuple[int, ...]] = []
        self.wholes: list[tuple[int, ...] | None] = []
        self.limits: list[int] = []

    def predict(self, inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        self.seen.append(inputs.shape)
        assert inputs.dtype == np.float32 and inputs.shape[1] in self.spec.takes
        assert inputs.shape[2] % self.spec.stride == 0 == inputs.shape[3] % self.spec.stride
        if inputs.shape[2] * inputs.shape[3] > self.room:
            raise MemoryError
        for share in (0.5, 1.0):
            if self.tick is not None:
                self.tick(share)
        side = 2 * self.reach_px + 1
        red = cv2.blur(inputs[0, 0], (side, side), borderType=cv2.BORDER_CONSTANT)
        return (red[None, None] * np.float32(0.1) + np.float32(0.5),)

    def remember_whole(self, inputs: np.ndarray | None) -> None:
        self.wholes.append(None if inputs is None else inputs.shape)

    def most_pixels(self, limit_bytes: int) -> int:
        self.limits.append(limit_bytes)
        return limit_bytes or self.room


def ringed_photo(height: int, width: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A noisy image (H, W, 3) float32 and a trimap (H, W) uint8: a disc with an unknown ring round it."""
    rng = np.random.default_rng(seed)
    image = rng.random((height, width, 3), dtype=np.float32)
    y, x = np.mgrid[0:height, 0:width]
    radius = np.hypot((y - height / 2) / height, (x - width / 2) / width)
    trimap = np.where(radius < 0.3, 255, np.where(radius > 0.36, 0, 128)).astype(np.uint8)
    return image, trimap


def silent(fraction: float, text: str) -> None:
    """Progress that nobody watches."""
