"""Photos of people for a network that learns from a few thousand of them: each is shown ever differently.

A photo and its matte are taken from a file once, reduced, and kept in memory as bytes. An example is a window of one,
turned, mirrored and in other colours; or the person alone, cut out by its matte and put before another photo whose own
person is gone, so that its place does not betray it. Shapes change from step to step, and the first steps
may take smaller pictures.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.augment import dilated_trimap, floats
from models.training.batch import Example
from models.training.folders import Found, Pair, Shelf, UnreadableError, read_alpha, read_colours
from models.training.ordering import JUDGED_FROM, Order
from models.training.recipes import Recipe
from models.training.soft_masks import SoftMattes

Random = np.random.Generator
Bytes = NDArray[np.uint8]

LONGER_PX = 320
"""The longer side of what is kept of a photo: 220 kB each, and enough for windows of 224 px."""
KEPT_BACK = 100
OFTENER = 3
"""At most so often does a photo of a rare kind come for each time that one of the commonest kind comes."""
MOVED = 0.35
"""The share of examples in which the person is put before another background."""
DEGREES, ASPECT, SIDES = 12.0, 0.12, (0.55, 1.1)
"""How far a window is turned and stretched, and its size beside the photo's."""
BAND_SHARE = (0.012, 0.03)
"""Half the width of the unknown band, of the window's side."""
SLACK = 5 / 255
FILLED_PX = 12
MIRRORED = 1.4
"""How far a window of another shape than the photo may reach beyond it, where the photo goes on mirrored."""


@dataclass(frozen=True)
class Portrait:
    """A photo (h, w, 3) and its matte (h, w), bytes, and the borders that the person reaches beyond."""

    colours: Bytes
    alpha: Bytes
    left: bool
    top: bool
    right: bool
    bottom: bool

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.alpha.shape[1], self.alpha.shape[0]


class PeopleSource:
    """Windows of photos, and people put elsewhere; see the module."""

    longer_px = LONGER_PX

    def __init__(self, recipe: Recipe, found: Found, cache: Path) -> None:
        self.skipped: list[str] = list(found.unpaired)
        self._recipe, self._pairs = recipe, found.pairs
        self._order = Order(len(found.pairs), recipe.seed, KEPT_BACK, times_of([pair.colours for pair in found.pairs]))
        self._files = Shelf(len(found.pairs), self._portrait, self.skipped)
        self._mattes = SoftMattes(cache)
        self._kept: dict[int, Portrait] = {}

    def example(self, number: int) -> Example:
        """See ``Source``."""
        if number >= JUDGED_FROM:
            return self._whole(number)
        width, height = self._shape(number // self._recipe.batch)
        rng = np.random.default_rng((self._recipe.seed, 6, number))
        person = self._take(self._order.place(number))
        if rng.random() < MOVED:
            behind = self._take(int(rng.choice(self._order.learnt)))
            image, alpha = moved(rng, person, behind, width, height)
        else:
            image, alpha = window(rng, person, width, height)
        image = recoloured(rng, image)
        return _example(rng, image, alpha)

    def held_out(self, count: int) -> list[Example]:
        """See ``Source``: whole photos, as they are."""
        return [self.example(JUDGED_FROM + number) for number in range(count)]

    def _shape(self, step: int) -> tuple[int, int]:
        """Width and height of all pictures of a step: square, upright or wide, of about the same area."""
        recipe = self._recipe
        side = recipe.side_px(step)
        rng = np.random.default_rng((recipe.seed, 7, step))
        wider = 32 * int(rng.choice((-1, 0, 1), p=(0.4, 0.3, 0.3)))
        return side + wider, side - wider

    def _whole(self, number: int) -> Example:
        person = self._take(self._order.place(number))
        width, height = person.size
        share = self._recipe.crop_px / max(width, height)
        size = (max(32, 32 * round(width * share / 32)), max(32, 32 * round(height * share / 32)))
        image, alpha = (_reduced(plane, size) for plane in (person.colours, person.alpha))
        return _example(np.random.default_rng((self._recipe.seed, 8, number)), image, alpha)

    def _take(self, place: int) -> Portrait:
        return cast(Portrait, self._files.take(place))

    def _portrait(self, place: int) -> Portrait:
        if place not in self._kept:
            self._kept[place] = self._read(self._pairs[place])
        return self._kept[place]

    def _read(self, pair: Pair) -> Portrait:
        image, alpha = read_colours(pair.colours), read_alpha(pair.alpha)
        if image.shape[:2] != alpha.shape:
            raise UnreadableError(f"{pair.colours.name} and its matte are of different sizes")
        alpha = self._mattes.soft(image, alpha, pair.alpha)
        share = min(1.0, self.longer_px / max(alpha.shape))
        size = (max(1, round(alpha.shape[1] * share)), max(1, round(alpha.shape[0] * share)))
        colours, matte = (_bytes(cv2.resize(plane, size, interpolation=cv2.INTER_AREA)) for plane in (image, alpha))
        edges = (matte[:, 0], matte[0], matte[:, -1], matte[-1])
        left, top, right, bottom = ((edge > 127).mean() > 0.03 for edge in edges)
        return Portrait(colours, matte, bool(left), bool(top), bool(right), bool(bottom))


def times_of(files: list[Path]) -> list[int]:
    """How often each photo comes in a round; its kind is what its name has before the first underscore."""
    kinds = Counter(file.stem.partition("_")[0] for file in files)
    most = max(kinds.values())
    # In a folder that names its photos one by one, each would be a kind: then all come once.
    often = {kind: min(OFTENER, round(most / count)) for kind, count in kinds.items()}
    return [often[file.stem.partition("_")[0]] for file in files]


def window(rng: Random, person: Portrait, width: int, height: int) -> tuple[Bytes, Bytes]:
    """A part of the photo, colours (height, width, 3) and matte (height, width); beyond its border it is mirrored."""
    w, h = person.size
    least, most = sorted((w / width, h / height))
    scale = least * min(most / least, MIRRORED) ** float(rng.random()) * float(rng.uniform(*SIDES))
    half_w, half_h = width * scale / 2, height * scale / 2
    x = rng.uniform(min(half_w, w / 2), max(w - half_w, w / 2))
    y = rng.uniform(min(half_h, h / 2), max(h - half_h, h / 2))
    return laid_out(
        person, matrix_of(rng, 1 / scale, (x, y), (width / 2, height / 2)), width, height, cv2.BORDER_REFLECT
    )


def moved(rng: Random, person: Portrait, behind: Portrait, width: int, height: int) -> tuple[Bytes, Bytes]:
    """The person before a part of another photo; borders that the photo cut it off at lie at the picture's, too."""
    w, h = person.size
    scale = float(rng.uniform(0.6, 1.25)) * height / h
    scale = max(scale, width / w) if person.left and person.right else scale
    scale = max(scale, height / h) if person.top and person.bottom else scale
    x = _place(rng, w * scale, width, person.left, person.right)
    y = _place(rng, h * scale, height, person.top, person.bottom)
    turned = rng.random() < 0.3 and not (person.left or person.right or person.top)
    matrix = matrix_of(rng, scale, (w / 2, h), (x + w * scale / 2, y + h * scale), DEGREES / 2 if turned else 0.0)
    colours, alpha = laid_out(person, matrix, width, height, cv2.BORDER_CONSTANT)
    share = alpha[..., None].astype(np.float32) / 255
    light = rng.normal(1, 0.15, (2, 1, 1, 3)).astype(np.float32)
    ground = without_person(rng, behind, width, height)
    image = share * (colours * light[0]) + (1 - share) * (ground * light[1])
    return np.clip(image, 0, 255).astype(np.uint8), alpha


def without_person(rng: Random, photo: Portrait, width: int, height: int) -> Bytes:
    """(height, width, 3) of another photo, its person filled with the colours round about, without any detail."""
    part, alpha = window(rng, photo, width, height)
    around = 1 - np.asarray(cv2.dilate(alpha, np.ones((5, 5), np.uint8)), np.float32) / 255
    # What is seen of the ground, with its share as a fourth channel: averaged and blurred, both spread alike.
    seen: np.ndarray = np.dstack((part * around[..., None], around)) + 1e-4 * np.append(part.mean((0, 1)), 1)
    coarse = cv2.resize(np.asarray(seen, np.float32), (FILLED_PX, FILLED_PX), interpolation=cv2.INTER_AREA)
    coarse = np.asarray(cv2.GaussianBlur(coarse, (0, 0), 1.2), np.float32)
    filling = cv2.resize(coarse[..., :3] / coarse[..., 3:], (width, height), interpolation=cv2.INTER_CUBIC)
    share = around[..., None]
    made = np.clip(share * part + (1 - share) * filling, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(made[:, ::-1]) if rng.random() < 0.5 else made


def recoloured(rng: Random, image: Bytes) -> Bytes:
    """Other light, contrast, saturation and tint; now and then grey, out of focus or with grain."""
    grey = 1.0 if rng.random() < 0.12 else float(np.clip(rng.normal(0, 0.25), -0.5, 0.8))
    mix = (1 - grey) * np.eye(3) + grey * np.array([0.299, 0.587, 0.114])
    mix = mix * (np.exp(rng.normal(0, 0.07, 3))[:, None] if grey < 1 else 1.0)
    image = np.asarray(cv2.transform(image, mix), np.uint8)
    tones = (np.arange(256) / 255) ** float(np.exp(rng.normal(0, 0.25)))
    tones = (tones - 0.5) * float(np.exp(rng.normal(0, 0.2))) + 0.5 + float(rng.normal(0, 0.06))
    image = np.asarray(cv2.LUT(image, _bytes(tones)), np.uint8)
    if rng.random() < 0.12:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.4, 1.6))), np.uint8)
    if rng.random() < 0.12:
        grain = rng.normal(0, rng.uniform(2, 14), image.shape).astype(np.float32)
        image = np.clip(image + grain, 0, 255).astype(np.uint8)
    return image


def _place(rng: Random, size: float, whole: int, first: bool, last: bool) -> float:
    """Where something so long begins, cut off at its first, its last, both or neither end."""
    if first and last:
        return float(rng.uniform(min(0.0, whole - size), 0))
    if first:
        return float(-rng.uniform(0, 0.15) * size)
    if last:
        return float(whole - size * rng.uniform(0.6, 1))
    return float(rng.uniform(-0.25, 1.25) * (whole - size)) if size < whole else float(rng.uniform(whole - size, 0))


def matrix_of(
    rng: Random, scale: float, here: tuple[float, float], there: tuple[float, float], degrees: float = DEGREES
) -> NDArray[np.float64]:
    """2 x 3: brings one point to another; turned and stretched at random."""
    angle = np.deg2rad(rng.uniform(-degrees, degrees) * float(rng.random()))
    stretch = float(np.exp(rng.normal(0, ASPECT) / 2))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn @ np.diag((scale * stretch, scale / stretch))
    return np.column_stack((linear, np.asarray(there) - linear @ np.asarray(here)))


def laid_out(
    person: Portrait, matrix: NDArray[np.float64], width: int, height: int, border: int
) -> tuple[Bytes, Bytes]:
    """Colours and matte (height, width), of the photo laid out by ``matrix``; reduced by averaging first."""
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    colours, alpha = person.colours, person.alpha
    if scale < 0.75:
        share = min(1.0, scale * 1.1)
        size = (max(1, round(alpha.shape[1] * share)), max(1, round(alpha.shape[0] * share)))
        matrix = matrix @ np.diag((person.size[0] / size[0], person.size[1] / size[1], 1.0))
        colours, alpha = (_reduced(plane, size) for plane in (colours, alpha))
    alpha = cv2.warpAffine(alpha, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=border)
    around = cv2.BORDER_REPLICATE if border == cv2.BORDER_CONSTANT else border
    colours = cv2.warpAffine(colours, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=around)
    return np.asarray(colours, np.uint8), np.asarray(alpha, np.uint8)


def _reduced(plane: Bytes, size: tuple[int, int]) -> Bytes:
    """At another width and height, averaged."""
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.uint8)


def _example(rng: Random, image: Bytes, alpha: Bytes) -> Example:
    if rng.random() < 0.5:
        image, alpha = image[:, ::-1], alpha[:, ::-1]
    matte = floats(alpha / np.float32(255))
    side = float(np.sqrt(matte.size))
    reach = (max(1, round(BAND_SHARE[0] * side)), max(2, round(BAND_SHARE[1] * side)))
    return Example(floats(image / np.float32(255)), matte, dilated_trimap(rng, matte, reach, SLACK))


def _bytes(values: np.ndarray) -> Bytes:
    return np.clip(np.round(values * 255), 0, 255).astype(np.uint8)
