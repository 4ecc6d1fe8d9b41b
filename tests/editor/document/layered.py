"""Documents with several layers, and effects simple enough to foretell, for the tests of drawing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from editor.api import Effect, param
from editor.document.document import Document, DocumentState, Photo
from editor.document.geometry import Rect
from editor.document.layer import Layer
from editor.document.tiles import Plane

WIDTH, HEIGHT = 610, 530


@dataclass
class Shift(Effect):
    """Moves the layer to the right by whole pixels: what it gives is known exactly."""

    name: ClassVar[str] = "shift"
    title: ClassVar[str] = "Shift"
    reach_px: int = param(16, "Reach", minimum=0, maximum=64, unit=" px", scales=True)

    def margin_px(self) -> int:
        """As far as it moves."""
        return int(self.reach_px)

    def apply(self, pixels: np.ndarray) -> np.ndarray:
        """The pixels moved; what comes in from the left is empty."""
        moved = np.zeros_like(pixels)
        moved[:, self.margin_px() :] = pixels[:, : pixels.shape[1] - self.margin_px()]
        return moved


@dataclass
class BoxBlur(Effect):
    """A mean over a square, weighted by alpha."""

    name: ClassVar[str] = "box"
    title: ClassVar[str] = "Box"
    slow: ClassVar[bool] = True
    reach_px: int = param(8, "Reach", minimum=0, maximum=64, unit=" px", scales=True)

    def margin_px(self) -> int:
        """Half the square."""
        return int(self.reach_px)

    def apply(self, pixels: np.ndarray) -> np.ndarray:
        """The mean of premultiplied colours, divided again."""
        side = 2 * self.margin_px() + 1
        weighted = pixels.copy()
        weighted[..., :3] *= pixels[..., 3:]
        mean = cv2.blur(weighted, (side, side), borderType=cv2.BORDER_CONSTANT)
        share = np.divide(1, mean[..., 3:], out=np.zeros_like(mean[..., 3:]), where=mean[..., 3:] > 1e-5)
        return np.clip(np.concatenate([mean[..., :3] * share, mean[..., 3:]], axis=2), 0, 1)


@dataclass
class Glare(Effect):
    """Breaks its promise: values beyond one."""

    name: ClassVar[str] = "glare"
    title: ClassVar[str] = "Glare"

    def margin_px(self) -> int:
        """None."""
        return 0

    def apply(self, pixels: np.ndarray) -> np.ndarray:
        """Far too bright."""
        return pixels * 3


@dataclass
class Crop(Glare):
    """Breaks its promise: another shape."""

    name: ClassVar[str] = "crop"
    title: ClassVar[str] = "Crop"

    def apply(self, pixels: np.ndarray) -> np.ndarray:
        """A row less."""
        return pixels[1:]


EFFECTS: dict[str, type[Effect]] = {"shift": Shift, "box": BoxBlur}


def picture(dtype: type, width: int = WIDTH, height: int = HEIGHT, seed: int = 1) -> np.ndarray:
    """Noise over a ramp (H, W, 3): every pixel of its own colour."""
    generator = np.random.default_rng(seed)
    top = np.iinfo(dtype).max
    ramp = np.linspace(0, top * 0.6, width)[None, :, None] + np.zeros((height, 1, 3))
    return np.clip(ramp + generator.random((height, width, 3)) * top * 0.4, 0, top).astype(dtype)


def disc(width: int = WIDTH, height: int = HEIGHT, radius_px: float = 120, soft_px: float = 40) -> np.ndarray:
    """A soft disc as mask (H, W) uint16: 65535 in the middle, 0 outside."""
    y, x = np.mgrid[:height, :width]
    away = np.hypot(x - width / 2, y - height / 2)
    return np.rint(np.clip((radius_px - away) / soft_px, 0, 1) * 65535).astype(np.uint16)


def cut_document(dtype: type = np.uint8) -> Document:
    """A photo with a soft disc as matte and colours of its own under it."""
    document = Document.from_photo(Photo(picture(dtype), icc=b"profile", exif=b"exif"))
    document.set_matte(Plane.from_array(disc()), Plane.from_array(picture(dtype, seed=2)))
    return document


def with_background(document: Document, seed: int = 3) -> Layer:
    """Put a picture of the canvas's size under everything and give its layer back."""
    state = document.state
    layer = Layer("Below", Plane.from_array(picture(state.dtype.type, state.width, state.height, seed)))
    document.add_layer(layer, 0)
    return layer


def brush(state: DocumentState, rect: Rect, value: int = 30000) -> DocumentState:
    """The state after a stroke that sets the subject's mask in ``rect``."""
    mask = state.subject_layer.mask
    assert mask is not None
    patch = np.full((rect.h, rect.w), value, np.uint16)
    return state.with_layer(state.subject_layer.changed(mask=mask.paste(rect.x, rect.y, patch)))
