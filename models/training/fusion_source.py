"""The samples of fusion_samples.py as a source of examples: their pixels to learn from, some of them whole to judge."""

from __future__ import annotations

import math
from itertools import islice
from pathlib import Path

import numpy as np

from models.catalogue import every_spec
from models.networks.sights import COUNT, MATTES
from models.prepare import UNKNOWN
from models.training.batch import Example
from models.training.fusion_pixels import EXPERTS, HELD_BACK, IMAGE, TRIMAP, TRUTH, Pixels, is_learnt, packed_sample
from models.training.recipes import Recipe
from models.training.wording import in_number

USUAL_ERROR = 0.04
"""Classic's mean error on photos. Drawings are harder: the further beyond that, the less a sample counts."""
FIRST_LOOK = "first."
"""A recipe that leaves these weights of the network as they are trains the second look."""
MAKE = "Make some with python -m models.training.fusion_samples."


class FusionSource:
    """An example is a square of pixels from anywhere, ``crop_px`` a side; see ``loading.Source``.

    All pixels are held in memory, 360 bytes each. Samples that come later are not looked at.
    """

    def __init__(self, recipe: Recipe, folder: Path) -> None:
        """``ValueError`` with a sentence where the folder holds nothing to learn from."""
        self.skipped: list[str] = []
        self._recipe = recipe
        places = sorted(folder.glob("*.npz")) if folder.is_dir() else []
        found = [pixels for place in places if is_learnt(place) and (pixels := self._read(place)) is not None]
        if not found:
            raise ValueError(self._why_none(folder, places))
        _check_look(recipe, folder, found)
        self.samples = len(found)
        counts = [pixels.truth.size for pixels in found]
        weights = np.repeat([weight_of(float(pixels.error)) for pixels in found], counts)
        self._reached = np.cumsum(weights) / weights.sum()
        self._mattes, self._truth = (np.concatenate([getattr(p, name) for p in found]) for name in ("mattes", "truth"))
        self._sights = np.empty((sum(counts), COUNT), np.float16)
        end = self.pixels
        while found:  # from the last: what is copied is let go
            pixels = found.pop()
            self._sights[end - pixels.truth.size : end] = pixels.sights
            end -= pixels.truth.size
        self._judged = [place.with_suffix(".npy") for place in places if not is_learnt(place)]

    def _why_none(self, folder: Path, places: list[Path]) -> str:
        """Why there is nothing to learn from, and what to do."""
        if not folder.is_dir():
            return f"There is no folder {folder}. {MAKE}"
        why = f" Each seed that {HELD_BACK} divides is kept back to judge by." if places else ""
        if self.skipped:
            why = f" {in_number(len(self.skipped), 'file was', 'files were')} left out: {self.skipped[0]}."
        return f"There are no samples to learn from in {folder}.{why} {MAKE}"

    @property
    def pixels(self) -> int:
        """How many there are to learn from."""
        return self._truth.size

    @property
    def kept_back(self) -> int:
        """How many samples there are to judge by."""
        return len(self._judged)

    def example(self, number: int) -> Example:
        """See ``Source``: pixels of the harder samples come less often. There is no picture that they belong to."""
        rng = np.random.default_rng((self._recipe.seed, 6, number))
        side = self._recipe.crop_px
        rows = np.minimum(np.searchsorted(self._reached, rng.random(side * side), side="right"), self.pixels - 1)
        mattes, truth = (plane[rows].astype(np.float32) / np.float32(255) for plane in (self._mattes, self._truth))
        seen = np.concatenate([mattes, self._sights[rows].astype(np.float32)], axis=1)
        more = np.ascontiguousarray(seen.T.reshape(-1, side, side))
        unknown = np.full((side, side), UNKNOWN, np.uint8)
        return Example(np.zeros((side, side, 3), np.float32), truth.reshape(side, side), unknown, more=more)

    def held_out(self, count: int) -> list[Example]:
        """See ``Source``: the middle of samples that are held back, so much of it as the network takes in one piece."""
        judged = (planes for place in self._judged if (planes := self._middle(place)) is not None)
        return [_unpacked(planes) for planes in islice(judged, count)]

    def _read(self, place: Path) -> Pixels | None:
        try:
            pixels = Pixels.load(place)
        except ValueError as error:
            self.skipped.append(str(error).rstrip("."))
            return None
        return pixels if pixels.truth.size else None

    def _middle(self, place: Path) -> np.ndarray | None:
        """The middle of a packed sample; None, and named, where the file is none."""
        try:
            planes = packed_sample(place)
        except ValueError as error:
            self.skipped.append(str(error).split(". ", maxsplit=1)[0])
            return None
        if planes is None:
            return None
        spec = every_spec()[self._recipe.network]
        most = math.isqrt(spec.cpu_pixels)
        high, wide = (min(side, most) // spec.stride * spec.stride for side in planes.shape[1:])
        top, left = ((side - kept) // 2 for side, kept in zip(planes.shape[1:], (high, wide), strict=True))
        return planes[:, top : top + high, left : left + wide]


def _check_look(recipe: Recipe, folder: Path, found: list[Pixels]) -> None:
    """Refuse samples of the other look than the recipe's, and a second look without the first one's weights."""
    second = FIRST_LOOK.startswith(recipe.frozen)
    if any(pixels.mattes.shape[1] != (MATTES + 1 if second else MATTES) for pixels in found):
        raise ValueError(
            f"{folder} holds samples of the other look. The first look's are where models.training.fusion_samples "
            "made them, the second one's in the folder beside it whose name ends in -second."
        )
    if second and not recipe.start:
        raise ValueError(
            "The second look learns from what the first one answers. Name the weights that the samples were made "
            "with: --set start=FILE."
        )


def weight_of(error: float) -> float:
    """How much a sample counts on which the classic matte errs so much: less the harder it is than photos."""
    return min(1.0, USUAL_ERROR / max(error, 1e-4))


def _unpacked(packed: np.ndarray) -> Example:
    planes = packed.astype(np.float32) / np.float32(255)
    image = np.ascontiguousarray(planes[IMAGE].transpose(1, 2, 0))
    return Example(image, planes[TRUTH], np.ascontiguousarray(packed[TRIMAP]), more=planes[EXPERTS])
