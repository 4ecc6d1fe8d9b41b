"""What is done to foregrounds, mattes and photos before they are learnt from, as chapters 3, 4 and 6 prescribe.

Colours (h, w, 3) and alpha (h, w) are float32 in [0, 1]; a ``Layer`` is both. Every function takes the random generator
first and draws from it alone. Where a paper prints no number, the one taken is named beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.evaluation.dilation import trimap_from_truth

Random = np.random.Generator
Floats = NDArray[np.float32]

INDEXNET_SCALES = (1.0, 1.5, 2.0)
"""320, 480 and 640 px, reduced to 320 (the configuration of [113], which 3.6.1 follows)."""
INDEXNET_DILATION_PX = (1, 25)
"""Not printed in the thesis."""
A2U_DILATION_PX = (1, 29)
A2U_TWO_SHARE, A2U_RESIZED_SHARE, A2U_RESIZED_PX = 0.5, 0.25, 640
AFFINE_DEGREES, AFFINE_SCALES, AFFINE_SHEAR_DEGREES = 30.0, (0.8, 1.25), 10.0
"""Not printed: 4.5 follows [60], which prints none either."""
JITTER_HUE_DEGREES, JITTER_SATURATION, JITTER_VALUE = 20.0, 0.1, 0.1
PORTRAIT_SCALES, PORTRAIT_DEGREES = (1.0, 2.0), 15.0
"""Not printed: "random scaling, rotation and flipping" (6.5.2). The photo's shorter side is so many times the crop."""
PORTRAIT_DILATION_PX = (2, 16)


@dataclass(frozen=True)
class Layer:
    """Colours (h, w, 3), straight, and alpha (h, w)."""

    colours: Floats
    alpha: Floats

    def each(self, act: Callable[[np.ndarray], np.ndarray]) -> Layer:
        """The same done to both."""
        return Layer(floats(act(self.colours)), floats(act(self.alpha)))


def floats(values: object) -> Floats:
    """As float32, cut off to [0, 1]: interpolation may leave it."""
    return np.clip(np.asarray(values, np.float32), 0, 1)


def for_indexnet(rng: Random, layer: Layer, crop_px: int) -> tuple[Layer, NDArray[np.uint8]]:
    """A crop of 1, 1.5 or 2 times ``crop_px`` about an unknown pixel, reduced; flipped; with a trimap (3.6.1)."""
    side = round(crop_px * float(rng.choice(INDEXNET_SCALES)))
    layer = _flipped(rng, resized(cropped(rng, at_least(layer, side), side), crop_px, crop_px))
    return layer, dilated_trimap(rng, layer.alpha, INDEXNET_DILATION_PX)


def for_a2u(rng: Random, layer: Layer, other: Callable[[], Layer], crop_px: int) -> tuple[Layer, NDArray[np.uint8]]:
    """Two foregrounds at 0.5, 640 x 640 at 0.25, affine, flipped, dilation 1 to 29, crop, jitter (4.5).

    ``other`` brings a second foreground when one is wanted.
    """
    if rng.random() < A2U_TWO_SHARE:
        layer = in_front_of(layer, other())
    if rng.random() < A2U_RESIZED_SHARE:
        layer = resized(layer, A2U_RESIZED_PX, A2U_RESIZED_PX)
    layer = _flipped(rng, affine(rng, layer))
    whole = at_least(layer, crop_px)
    top, left = crop_corner(rng, whole.alpha, crop_px)
    layer = _window(whole, top, left, crop_px)
    trimap = _trimap_of_window(rng, whole.alpha, top, left, crop_px)
    return Layer(jittered(rng, layer.colours), layer.alpha), trimap


def for_portrait(rng: Random, photo: Layer, crop_px: int) -> tuple[Layer, NDArray[np.uint8]]:
    """A photo and its matte scaled, turned, flipped and cropped together, with a trimap (6.5.2)."""
    height, width = photo.alpha.shape
    fitting = float(rng.uniform(*PORTRAIT_SCALES)) * crop_px / min(height, width)
    photo = resized(photo, max(crop_px, round(width * fitting)), max(crop_px, round(height * fitting)))
    photo = _flipped(rng, _turned(photo, float(rng.uniform(-PORTRAIT_DEGREES, PORTRAIT_DEGREES))))
    height, width = photo.alpha.shape
    photo = _window(photo, int(rng.integers(height - crop_px + 1)), int(rng.integers(width - crop_px + 1)), crop_px)
    return photo, dilated_trimap(rng, photo.alpha, PORTRAIT_DILATION_PX, slack=5 / 255)


def in_front_of(layer: Layer, behind: Layer) -> Layer:
    """Two foregrounds as one, the second enlarged or reduced to the first: 1 - alpha is the product of theirs."""
    height, width = layer.alpha.shape
    behind = resized(behind, width, height)
    rest = (1 - layer.alpha) * behind.alpha
    alpha = layer.alpha + rest
    shares = (layer.alpha / np.maximum(alpha, 1e-6))[..., None]
    return Layer(floats(shares * layer.colours + (1 - shares) * behind.colours), floats(alpha))


def affine(rng: Random, layer: Layer) -> Layer:
    """Turned, scaled and sheared about the middle; beyond the layer it is clear. As it was where nothing would stay."""
    height, width = layer.alpha.shape
    angle = np.deg2rad(rng.uniform(-AFFINE_DEGREES, AFFINE_DEGREES))
    shear = np.tan(np.deg2rad(rng.uniform(-AFFINE_SHEAR_DEGREES, AFFINE_SHEAR_DEGREES)))
    scale_x, scale_y = rng.uniform(*AFFINE_SCALES, size=2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ np.array([[1, shear], [0, 1]]) @ np.diag((scale_x, scale_y))
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    matrix = np.column_stack((linear, middle - linear @ middle))
    colours = cv2.warpAffine(layer.colours, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101)
    alpha = floats(cv2.warpAffine(layer.alpha, matrix, (width, height), borderMode=cv2.BORDER_CONSTANT))
    return Layer(floats(colours), alpha) if alpha.any() else layer


def jittered(rng: Random, colours: Floats) -> Floats:
    """Colours with another hue, saturation and value, by as much everywhere."""
    hsv = cv2.cvtColor(colours, cv2.COLOR_RGB2HSV)
    hue = rng.uniform(-JITTER_HUE_DEGREES, JITTER_HUE_DEGREES)
    more = (rng.uniform(-JITTER_SATURATION, JITTER_SATURATION), rng.uniform(-JITTER_VALUE, JITTER_VALUE))
    return recoloured(hsv, float(hue), more[0], more[1])


def recoloured(hsv: np.ndarray, hue_degrees: float, saturation: float, value: float) -> Floats:
    """OpenCV's HSV (h, w, 3), hue in degrees, with something added to each; back in RGB."""
    changed = np.empty_like(hsv)
    changed[..., 0] = (hsv[..., 0] + hue_degrees) % 360
    changed[..., 1] = np.clip(hsv[..., 1] + saturation * (hsv[..., 1] > 0), 0, 1)  # grey has no hue to bring out
    changed[..., 2] = np.clip(hsv[..., 2] + value, 0, 1)
    return floats(cv2.cvtColor(changed, cv2.COLOR_HSV2RGB))


def dilated_trimap(rng: Random, alpha: Floats, distances_px: tuple[int, int], slack: float = 0.0) -> NDArray[np.uint8]:
    """The trimap of a matte whose unknown band is widened by a random whole distance of that range."""
    return trimap_from_truth(alpha, int(rng.integers(distances_px[0], distances_px[1], endpoint=True)), slack)


def _trimap_of_window(rng: Random, alpha: Floats, top: int, left: int, side_px: int) -> NDArray[np.uint8]:
    """A2U's trimap, dilated before it is cropped: what lies beyond the window's border reaches into it."""
    reach = A2U_DILATION_PX[1] + 1
    above, before = min(top, reach), min(left, reach)
    around = alpha[top - above : top + side_px + reach, left - before : left + side_px + reach]
    trimap = dilated_trimap(rng, around, A2U_DILATION_PX)
    return np.ascontiguousarray(trimap[above : above + side_px, before : before + side_px])


def cropped(rng: Random, layer: Layer, side_px: int) -> Layer:
    """A square of a layer that is at least that large; see ``crop_corner``."""
    return _window(layer, *crop_corner(rng, layer.alpha, side_px), side_px)


def crop_corner(rng: Random, alpha: Floats, side_px: int) -> tuple[int, int]:
    """Top and left of a square about a pixel that is neither clear nor opaque, if there is one."""
    height, width = alpha.shape
    soft = np.flatnonzero((alpha > 0) & (alpha < 1))
    place = int(rng.choice(soft)) if len(soft) else int(rng.integers(height * width))
    row, column = divmod(place, width)
    top = int(np.clip(row - side_px // 2, 0, height - side_px))
    left = int(np.clip(column - side_px // 2, 0, width - side_px))
    return top, left


def at_least(layer: Layer, side_px: int) -> Layer:
    """Enlarged, in proportion, so that neither side is shorter than that."""
    height, width = layer.alpha.shape
    scale = side_px / min(height, width)
    if scale <= 1:
        return layer
    return resized(layer, max(side_px, round(width * scale)), max(side_px, round(height * scale)))


def resized(layer: Layer, width: int, height: int) -> Layer:
    """At another size: averaged over areas where it shrinks."""
    if layer.alpha.shape == (height, width):
        return layer
    return layer.each(lambda plane: picture_at(plane, width, height))


def picture_at(picture: np.ndarray, width: int, height: int) -> Floats:
    """One picture (h, w) or (h, w, 3) at another size."""
    smaller = width * height < picture.shape[0] * picture.shape[1]
    return floats(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR))


def behind(rng: Random, background: Floats, side_px: int) -> Floats:
    """A square of a background (h, w, 3): a random part of at least half its shorter side, flipped or not."""
    height, width = background.shape[:2]
    shortest = min(height, width)
    side = int(rng.integers(max(1, min(shortest, max(side_px, shortest // 2))), shortest, endpoint=True))
    top, left = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
    part = background[top : top + side, left : left + side]
    return picture_at(part[:, ::-1] if rng.random() < 0.5 else part, side_px, side_px)


def composed(layer: Layer, background: Floats) -> Floats:
    """Equation (5.1): alpha F + (1 - alpha) B."""
    alpha = layer.alpha[..., None]
    return floats(alpha * layer.colours + (1 - alpha) * background)


def _window(layer: Layer, top: int, left: int, side_px: int) -> Layer:
    return layer.each(lambda plane: plane[top : top + side_px, left : left + side_px])


def _flipped(rng: Random, layer: Layer) -> Layer:
    return layer.each(lambda plane: np.ascontiguousarray(plane[:, ::-1])) if rng.random() < 0.5 else layer


def _turned(photo: Layer, degrees: float) -> Layer:
    """About the middle, enlarged as far as needed to leave no empty corner."""
    height, width = photo.alpha.shape
    sine, cosine = abs(np.sin(np.deg2rad(degrees))), abs(np.cos(np.deg2rad(degrees)))
    scale = max(cosine + sine * height / width, cosine + sine * width / height)
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, float(scale))
    return photo.each(lambda plane: cv2.warpAffine(plane, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101))
