"""Where training examples come from: foregrounds composed on the fly, photos with mattes, and what the program draws.

An example is a function of its number and the recipe's seed, so the order of calls and the number of workers do not
matter. Some of the files are kept back to judge by.
"""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Protocol, cast

import cv2
import numpy as np

from models.prepare import BACKGROUND, FOREGROUND, UNKNOWN
from models.training import augment, strong
from models.training.augment import Floats, Layer, Random
from models.training.batch import Example
from models.training.drawing.backgrounds import background as drawn_background
from models.training.edges import EdgeSource
from models.training.folders import (
    BACKGROUNDS,
    Found,
    Shelf,
    UnreadableError,
    find,
    pictures_below,
    read_alpha,
    read_colours,
    read_cut_out,
    subfolder,
)
from models.training.fusion_source import FusionSource
from models.training.loading import Source
from models.training.ordering import JUDGED_FROM, Order
from models.training.people import PeopleSource
from models.training.recipes import Recipe
from models.training.soft_masks import SoftMattes
from models.training.synthetic import Sample, cut_outs, draw_cut_out, draw_sample, make_trimap

CUTS, IN_TURN = 8, 32
"""How many pictures are cut from a drawing, which is dear, and from how many in turn."""
REDUCED = 3.0
"""Up to how many times the side of a cut is reduced."""
TRIES, SHOWN = 6, 0.05
"""Of so many squares the first is cut that shows such a share of each of background, unknown and foreground."""
CUT_OUT_SHARE = 0.2
"""Of the drawn examples, where a folder of cut-outs is named."""


def open_source(recipe: Recipe, data: Path | None, backgrounds: Path | None, cache: Path) -> Source:
    """The source that a recipe asks for; ``ValueError`` with a sentence where the folders do not hold what it needs.

    data: the folder, not needed for drawn examples (there it may hold cut-outs besides). backgrounds: a folder of
    photos; without it the data's own ``backgrounds`` are taken, else they are drawn. cache: where soft mattes made
    from hard masks are kept.
    """
    _check_settings(recipe, backgrounds)
    if recipe.data == "drawn":
        return DrawnSource(recipe, data)
    if data is None:
        raise ValueError(f"The recipe {recipe.name} needs data. Name their folder with --data.")
    if recipe.data == "samples":
        return FusionSource(recipe, data)
    found = find(data, recipe.data)
    if recipe.data in ("adobe", "cutouts"):
        if recipe.augmentation not in ("indexnet", "a2u"):
            raise ValueError(f"Foregrounds are composed by augmentation indexnet or a2u, not {recipe.augmentation}.")
        own = backgrounds or subfolder(data, BACKGROUNDS)
        return ComposedSource(recipe, found, pictures_below(own) if own else [])
    if recipe.augmentation in ("people", "edges"):
        return (PeopleSource if recipe.augmentation == "people" else EdgeSource)(recipe, found, cache)
    if recipe.augmentation != "portrait":
        raise ValueError(
            f"Photos with mattes are augmented by portrait, people or edges, not {recipe.augmentation}: "
            "set augmentation."
        )
    return PhotoSource(recipe, found, cache)


def _check_settings(recipe: Recipe, backgrounds: Path | None) -> None:
    """Refuse what would do nothing."""
    if recipe.data in ("drawn", "samples") and recipe.augmentation != "drawn":
        raise ValueError(f"Drawn pictures are not augmented by {recipe.augmentation}. Set augmentation=drawn, or data.")
    if recipe.data == "samples" and (recipe.network != "fusion" or set(recipe.losses) != {"alpha"}):
        raise ValueError("Samples are single pixels, for the network fusion and the loss alpha. Set data, or these.")
    if recipe.strong != "none" and recipe.data not in ("adobe", "cutouts"):
        raise ValueError(f"Strong augmentation is for data adobe or cutouts, not {recipe.data}. Set strong=none.")
    if backgrounds is not None and recipe.data not in ("adobe", "cutouts"):
        raise ValueError(f"Backgrounds are for data adobe or cutouts, not {recipe.data}. Leave --backgrounds out.")


class _Making(Protocol):
    def example(self, number: int) -> Example: ...


def _judged(source: _Making, count: int) -> list[Example]:
    return [source.example(JUDGED_FROM + number) for number in range(count)]


class ComposedSource:
    """Foregrounds with mattes over random backgrounds, made on the fly (3.6.1, 4.5, 5.5.1)."""

    def __init__(self, recipe: Recipe, found: Found, backgrounds: list[Path]) -> None:
        """Without ``backgrounds`` they are drawn."""
        self.skipped: list[str] = list(found.unpaired)
        self._recipe, self._pairs, self._backgrounds = recipe, found.pairs, backgrounds
        self._order = Order(len(found.pairs), recipe.seed)
        self._layers = Shelf(len(found.pairs), self._read, self.skipped)
        self._behind = Shelf(len(backgrounds), self._read_background, self.skipped)

    def example(self, number: int) -> Example:
        """See ``Source``."""
        rng = np.random.default_rng((self._recipe.seed, 3, number))
        layer = self._layer(self._order.place(number))
        crop_px = self._recipe.crop_px
        if self._recipe.augmentation == "indexnet":
            layer, trimap = augment.for_indexnet(rng, layer, crop_px)
        else:
            layer, trimap = augment.for_a2u(rng, layer, lambda: self._another(rng, number), crop_px)
        ways = self._recipe.strong if number < JUDGED_FROM else "none"
        parts = strong.change_parts(rng, ways, layer.colours, self._background(rng))
        image = augment.composed(Layer(parts.foreground, layer.alpha), parts.background)
        image, kind = strong.change_composed(rng, ways, parts, image)
        image, alpha = strong.degraded(rng, ways, image, layer.alpha)
        pseudo = kind in ("nonlinear", "region")
        return Example(image, alpha, trimap, parts.foreground, parts.background, pseudo)

    @property
    def sizes(self) -> tuple[int, int]:
        """How many foregrounds are learnt from, and how many are judged by alone."""
        return self._order.sizes

    def held_out(self, count: int) -> list[Example]:
        """See ``Source``; without strong augmentation, so that recipes with it and without are judged by the same."""
        return _judged(self, count)

    def _layer(self, place: int) -> Layer:
        return cast(Layer, self._layers.take(place))

    def _another(self, rng: Random, number: int) -> Layer:
        """A second foreground, of those kept back where the first is."""
        places = self._order.judged if number >= JUDGED_FROM else self._order.learnt
        return self._layer(int(rng.choice(places)))

    def _background(self, rng: Random) -> Floats:
        crop_px = self._recipe.crop_px
        if not self._backgrounds:
            return drawn_background(rng, crop_px)
        picture = cast(Floats, self._behind.take(int(rng.integers(len(self._backgrounds)))))
        return augment.behind(rng, picture, crop_px)

    def _read_background(self, place: int) -> Floats:
        return read_colours(self._backgrounds[place])

    def _read(self, place: int) -> Layer:
        pair = self._pairs[place]
        if pair.alpha == pair.colours:
            colours, alpha = read_cut_out(pair.colours)
        else:
            colours, alpha = read_colours(pair.colours), read_alpha(pair.alpha)
        if colours.shape[:2] != alpha.shape:
            raise UnreadableError(f"{pair.colours.name} and its matte are of different sizes")
        if not alpha.any():
            raise UnreadableError(f"{pair.alpha.name} shows nothing to cut out")
        return Layer(spread_colours(colours, alpha) if pair.alpha == pair.colours else colours, alpha)


def spread_colours(colours: Floats, alpha: Floats) -> Floats:
    """The colours (h, w, 3) of a cut-out continued to where it is all but clear: files hold black or white there."""
    seen = alpha > min(0.1, float(alpha.max()) / 2)
    found = cv2.distanceTransformWithLabels(
        (~seen).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    labels = np.asarray(found[1], np.int64)  # of the nearest pixel that is seen
    by_label = np.zeros((int(labels.max()) + 1, 3), np.float32)
    by_label[labels[seen]] = colours[seen]
    return np.where(seen[..., None], colours, by_label[labels]).astype(np.float32)


class PhotoSource:
    """Photos with their mattes (6.5.1), scaled, turned, flipped and cropped together. Hard masks are made soft."""

    def __init__(self, recipe: Recipe, found: Found, cache: Path) -> None:
        self.skipped: list[str] = list(found.unpaired)
        self._recipe, self._pairs = recipe, found.pairs
        self._order = Order(len(found.pairs), recipe.seed)
        self._photos = Shelf(len(found.pairs), self._read, self.skipped)
        self._mattes = SoftMattes(cache)

    def example(self, number: int) -> Example:
        """See ``Source``."""
        rng = np.random.default_rng((self._recipe.seed, 4, number))
        photo = cast(Layer, self._photos.take(self._order.place(number)))
        photo, trimap = augment.for_portrait(rng, photo, self._recipe.crop_px)
        return Example(photo.colours, photo.alpha, trimap)

    @property
    def sizes(self) -> tuple[int, int]:
        """How many photos are learnt from, and how many are judged by alone."""
        return self._order.sizes

    def held_out(self, count: int) -> list[Example]:
        """See ``Source``."""
        return _judged(self, count)

    def _read(self, place: int) -> Layer:
        pair = self._pairs[place]
        image, alpha = read_colours(pair.colours), read_alpha(pair.alpha)
        if image.shape[:2] != alpha.shape:
            raise UnreadableError(f"{pair.colours.name} and its matte are of different sizes")
        return Layer(image, self._mattes.soft(image, alpha, pair.alpha))


class DrawnSource:
    """What the program draws itself, and cut-outs from a folder among it.

    Where the recipe has ``drawn_px``, pictures are squares cut from drawings of that side, and reduced. Of each
    ``CUTS`` * ``IN_TURN`` numbers, one after the other, every ``IN_TURN``-th is cut from the same drawing, so that a
    batch shows many. So many drawings are held, 10 MB each at 512 px, in each process and worker; and more than 4
    workers draw most of them several times.
    """

    def __init__(self, recipe: Recipe, cutouts: Path | None = None) -> None:
        self.skipped: list[str] = []
        self._recipe = recipe
        self._cutouts = () if cutouts is None else cut_outs(cutouts, self.skipped)
        self._drawings: OrderedDict[int, Example] = OrderedDict()

    def example(self, number: int) -> Example:
        """See ``Source``; the trimap is tight or loose, each half of the time."""
        judged = number >= JUDGED_FROM
        side_px = self._recipe.crop_px if judged else self._recipe.side_px(number // self._recipe.batch)
        if not self._recipe.drawn_px:
            return self._drawing(number, side_px)
        turn = number // (CUTS * IN_TURN) * IN_TURN + number % IN_TURN
        whole = self._drawing(number, self._recipe.drawn_px) if judged else self._kept(turn)
        return cut_from(np.random.default_rng((self._recipe.seed, 9, number)), whole, side_px)

    def held_out(self, count: int) -> list[Example]:
        """See ``Source``."""
        return _judged(self, count)

    def _kept(self, number: int) -> Example:
        """The drawing of that number. The last few are kept."""
        if number not in self._drawings:
            while len(self._drawings) >= IN_TURN:
                self._drawings.popitem(last=False)
            self._drawings[number] = self._drawing(number, self._recipe.drawn_px)
        return self._drawings[number]

    def _drawing(self, number: int, side_px: int) -> Example:
        rng = np.random.default_rng((self._recipe.seed, 5, number))
        seed = int(rng.integers(1 << 62))
        sample = self._sample(rng, seed, side_px)
        trimap = make_trimap(sample.alpha, seed, bool(rng.random() < 0.5))
        return Example(sample.image, sample.alpha, trimap, sample.foreground, sample.background)

    def _sample(self, rng: Random, seed: int, side_px: int) -> Sample:
        if self._cutouts and rng.random() < CUT_OUT_SHARE:
            return draw_cut_out(self._cutouts, seed, side_px)
        return draw_sample(seed, side_px)


def cut_from(rng: Random, whole: Example, side_px: int) -> Example:
    """A square of an example with colours, ``side_px`` a side: cut out, reduced by averaging, turned, mirrored.

    The square lies round an unknown pixel where there is one. Of ``TRIES`` it is the first that shows as much as
    ``SHOWN`` of each of background, unknown and foreground, else the one nearest to that: nobody can say what is in
    front where nothing is marked.
    """
    unknown = np.argwhere(whole.trimap == UNKNOWN)

    def shown(place: tuple[slice, slice]) -> float:
        marks = whole.trimap[place]
        return min(SHOWN, *(float((marks == value).mean()) for value in (BACKGROUND, UNKNOWN, FOREGROUND)))

    best = max((_square(rng, whole.trimap.shape, unknown, side_px) for _ in range(TRIES)), key=shown)
    quarters, mirrored = int(rng.integers(4)), bool(rng.random() < 0.5)

    def cut(plane: np.ndarray, how: int = cv2.INTER_AREA) -> np.ndarray:
        part = cv2.resize(plane[best], (side_px, side_px), interpolation=how)
        part = np.rot90(np.minimum(part, plane[best].max()), quarters)  # means may come out above what they are of
        return np.ascontiguousarray(part[:, ::-1] if mirrored else part)

    assert whole.foreground is not None and whole.background is not None
    trimap = cut(whole.trimap, cv2.INTER_NEAREST)
    return Example(cut(whole.image), cut(whole.alpha), trimap, cut(whole.foreground), cut(whole.background))


def _square(rng: Random, shape: tuple[int, ...], unknown: np.ndarray, side_px: int) -> tuple[slice, slice]:
    """A square of ``side_px`` or more within (H, W), with one of the pixels ``unknown`` (n, 2) in it."""
    height, width = shape
    side = min(height, width, round(side_px * REDUCED ** float(rng.random())))
    y, x = unknown[int(rng.integers(len(unknown)))] if len(unknown) else (height // 2, width // 2)
    top = int(np.clip(y - rng.integers(side), 0, height - side))
    left = int(np.clip(x - rng.integers(side), 0, width - side))
    return slice(top, top + side), slice(left, left + side)
