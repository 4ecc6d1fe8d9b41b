"""Training samples that we draw: a photo, its exact alpha, and what was in front and behind.

Everything follows from the seed, so a data set is a range of numbers and nothing is stored. Colours meet in sRGB, as
published photos with alpha do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from models.training.drawing import fabric, hair, things
from models.training.drawing.backgrounds import background, like
from models.training.drawing.camera import photograph
from models.training.drawing.layer import Bytes, Floats, floats, over, paint, shade, smooth, straight
from models.training.drawing.textures import any_colour, noise
from models.training.drawing.trimaps import make_trimap
from models.training.folders import UnreadableError, find, read_cut_out

__all__ = ["KINDS", "CutOut", "Sample", "cut_outs", "draw_cut_out", "draw_sample", "make_trimap", "read_cut_outs"]

Random = np.random.Generator

KINDS: dict[str, tuple[Callable[[Random, int], Floats], float]] = {
    "loose hair": (hair.loose_hair, 3.5),
    "hanging hair": (hair.hanging_hair, 2.5),
    "curly hair": (hair.curly_hair, 2),
    "wet hair": (hair.wet_hair, 1),
    "backlit hair": (hair.backlit_hair, 1.5),
    "fur": (hair.fur, 4),
    "feathers": (hair.feathers, 1),
    "grass": (things.grass, 1),
    "leaves": (things.leaves, 1.5),
    "lace": (fabric.lace, 0.7),
    "net": (fabric.net, 0.8),
    "knitting": (fabric.knitting, 1),
    "veil": (fabric.veil, 0.8),
    "glass": (fabric.glass, 0.5),
    "smoke": (fabric.smoke, 0.5),
    "wires": (things.wires, 1),
    "defocused": (things.defocused, 1.5),
    "moving": (things.moving, 0.8),
    "holes": (fabric.holes, 1),
}
"""What can be drawn: the function that draws it, and how often it comes beside the others."""

ALIKE = 0.35
"""The share of samples whose background takes over the foreground's colours."""


@dataclass(frozen=True)
class Sample:
    """One training sample, square. Colours are sRGB in [0, 1], float32, red first."""

    image: Floats
    """(H, W, 3): what the camera gives."""
    alpha: Floats
    """(H, W): how much of each pixel the foreground covers, exact."""
    foreground: Floats
    """(H, W, 3): the foreground's colours everywhere, before the camera."""
    background: Floats
    """(H, W, 3): what lies behind, before the camera."""
    kind: str
    """A name of ``KINDS``, or ``cut-out``."""


def draw_sample(
    seed: int, size_px: int, kinds: tuple[str, ...] | None = None, camera: bool = True, behind: Floats | None = None
) -> Sample:
    """The sample of that seed, ``size_px`` wide and high: the same every time.

    ``kinds`` limits what is drawn (names of ``KINDS``; ValueError for others). Without ``camera`` the image is exactly
    alpha * foreground + (1 - alpha) * background. ``behind`` (size_px, size_px, 3) in [0, 1] takes the place of a
    drawn background.
    """
    names = tuple(KINDS) if kinds is None else kinds
    for name in names:
        if name not in KINDS:
            raise ValueError(f"There is no kind {name!r} to draw. Choose from: {', '.join(KINDS)}.")
    rng = np.random.default_rng((seed, 20))
    weights = np.asarray([KINDS[name][1] for name in names])
    kind = names[int(rng.choice(len(names), p=weights / weights.sum()))]
    layer = _turned(rng, KINDS[kind][0](rng, size_px))
    if rng.random() < 0.85:
        layer = smooth(layer, rng.uniform(0.3, 0.85))  # no lens is sharper than that
    return _composed(rng, layer, kind, camera, behind)


def _turned(rng: Random, layer: Floats) -> Floats:
    """The layer mirrored or not, and now and then lying on its side."""
    if rng.random() < 0.5:
        layer = layer[:, ::-1]
    return np.ascontiguousarray(np.rot90(layer, int(rng.choice([0, 0, 0, 1, 2, 3]))))


def _composed(rng: Random, layer: Floats, kind: str, camera: bool, behind: Floats | None) -> Sample:
    """The layer over a background, seen by the camera if there is one."""
    size_px = len(layer)
    if rng.random() < 0.5:
        # One lamp lights all of the foreground; without it every drawing would be as bright as its paint.
        layer = shade(layer, np.exp(0.15 * noise(rng, size_px, 2, 4) + rng.normal(-0.1, 0.3)).astype(np.float32))
    foreground, alpha = straight(layer)
    behind = background(rng, size_px) if behind is None else behind
    if rng.random() < ALIKE:
        behind = like(behind, foreground, alpha, rng.uniform(0.5, 1))
    image = floats(alpha[..., None] * foreground + (1 - alpha[..., None]) * behind)
    return Sample(photograph(rng, image) if camera else image, alpha, foreground, behind, kind)


@dataclass(frozen=True)
class CutOut:
    """A foreground from a file: its ``pixels`` (H, W, 4) uint8, red first, alpha last, and the file's ``name``."""

    pixels: Bytes
    name: str

    def layer(self) -> Floats:
        """The foreground as (H, W, 4) float32 in [0, 1] with premultiplied colour."""
        layer = self.pixels.astype(np.float32) * np.float32(1 / 255)
        layer[..., :3] *= layer[..., 3:]
        return layer


def read_cut_outs(folder: Path, skipped: list[str] | None = None) -> Iterator[CutOut]:
    """The cut-outs of a folder of PNG files with alpha, in the order of their names.

    Files that cannot be read or have no alpha are passed over, and named in ``skipped``. ValueError where none is left.
    """
    found = False
    for pair in find(folder, "cutouts").pairs:
        try:
            colours, alpha = read_cut_out(pair.colours)
        except UnreadableError as error:
            if skipped is not None:
                skipped.append(str(error))
            continue
        found = True
        yield CutOut(np.round(np.dstack([colours, alpha]) * 255).astype(np.uint8), pair.colours.stem)
    if not found:
        raise ValueError(f"No cut-out with an alpha was found in {folder}. Put PNG files with transparency there.")


def cut_outs(folder: Path, skipped: list[str] | None = None) -> tuple[CutOut, ...]:
    """All cut-outs of the folder, read once; hand them to ``draw_cut_out``. As ``read_cut_outs`` else."""
    return tuple(read_cut_outs(folder, skipped))


def draw_cut_out(
    cutouts: tuple[CutOut, ...], seed: int, size_px: int, camera: bool = True, behind: Floats | None = None
) -> Sample:
    """The sample of that seed with one of the cut-outs in front: turned, scaled, mirrored and recoloured.

    Half of them stand before something solid that belongs to the foreground, so that sure foreground is there.
    """
    rng = np.random.default_rng((seed, 21))
    picture = cutouts[int(rng.integers(len(cutouts)))].layer()
    layer = _placed(rng, picture, size_px)
    for _ in range(8):
        if float(layer[..., 3].mean()) > 0.04:
            break
        layer = _placed(rng, picture, size_px)
    if rng.random() < 0.5:
        layer = _recoloured(rng, layer)
    if rng.random() < 0.5:
        body = fabric.solid(rng, size_px, scale=0.6)[0]
        layer = over(layer, body)
    return _composed(rng, layer, "cut-out", camera, behind)


def _placed(rng: Random, picture: Floats, size_px: int) -> Floats:
    """A square part of the picture, ``size_px`` wide, turned and scaled; averaged where it shrinks."""
    height, width = picture.shape[:2]
    scale = size_px / max(height, width) * float(np.exp(rng.uniform(-0.2, 1.1)))
    scale = min(scale, 1.5)
    if scale < 0.7:
        picture = floats(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
        height, width, scale = *picture.shape[:2], 1.0
    turn = float(rng.normal(0, 25)) if rng.random() < 0.7 else float(rng.uniform(0, 360))
    move = cv2.getRotationMatrix2D((width * rng.uniform(0.25, 0.75), height * rng.uniform(0.25, 0.75)), turn, scale)
    centre = np.asarray([width / 2, height / 2]) + rng.normal(0, 0.1, 2) * [width, height]
    move[:, 2] += size_px / 2 - (move[:, :2] @ centre + move[:, 2])
    layer = floats(cv2.warpAffine(picture, move, (size_px, size_px), flags=cv2.INTER_LINEAR))
    return np.ascontiguousarray(layer[:, ::-1]) if rng.random() < 0.5 else layer


def _recoloured(rng: Random, layer: Floats) -> Floats:
    """The layer in other colours: its light and dark, tinted; its alpha as it was."""
    colours, _ = straight(layer)
    grey = colours.mean(-1, keepdims=True)
    tint = any_colour(rng)
    share = rng.uniform(0.3, 1)
    new = share * grey / max(float(grey.mean()), 0.05) * tint + (1 - share) * colours[..., rng.permutation(3)]
    return paint(layer, new.astype(np.float32))
