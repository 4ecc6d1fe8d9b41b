"""The samples of fusion_samples.py as a source of examples: drawn photos with the classical mattes of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.prepare import UNKNOWN
from models.training.batch import Example
from models.training.fusion_samples import PLANES
from models.training.fusion_training import HARDEST, HELD_BACK, matte_error, turned
from models.training.recipes import Recipe

PLACES = 4
"""Of so many parts of a sample, the one with the most unknown pixels is taken."""
REFUSALS = 8
"""So many parts that are too hard are refused in a row at most."""
_IMAGE, _TRIMAP, _TRUTH = slice(0, 3), 3, 4
_MATTES = slice(5, PLANES)


class FusionSource:
    """Parts of the samples in a folder; see ``loading.Source``. Samples that come later are not looked at."""

    def __init__(self, recipe: Recipe, folder: Path) -> None:
        """``ValueError`` with a sentence where the folder holds no samples."""
        self.skipped: list[str] = []
        self._recipe = recipe
        files = [file for file in sorted(folder.glob("*.npy")) if self._sound(file)] if folder.is_dir() else []
        self._judged = [file for file in files if int(file.stem) % HELD_BACK == 0]
        self._learnt = [file for file in files if int(file.stem) % HELD_BACK]
        if not self._learnt:
            bad = f" {len(self.skipped)} files are damaged, such as {self.skipped[0]}." if self.skipped else ""
            raise ValueError(
                f"There are no samples in {folder}.{bad} Make some with python -m models.training.fusion_samples."
            )

    def example(self, number: int) -> Example:
        """See ``Source``."""
        rng = np.random.default_rng((self._recipe.seed, 6, number))
        return _unpacked(part_of(self._learnt, self._recipe.crop_px, rng))

    def held_out(self, count: int) -> list[Example]:
        """See ``Source``: whole samples, as many as are held back."""
        return [_unpacked(np.load(file)) for file in self._judged[:count]]

    def _sound(self, file: Path) -> bool:
        """Whether it holds a sample large enough; an empty one is that of a seed which gave none, and no fault."""
        try:
            planes = np.load(file, mmap_mode="r")
            number = int(file.stem)
        except (OSError, ValueError):
            self.skipped.append(f"{file.name} is damaged or no sample")
            return False
        if not planes.size:
            return False
        sound = number >= 0 and planes.ndim == 3 and len(planes) == PLANES and planes.dtype == np.uint8
        if not sound or min(planes.shape[1:]) < self._recipe.crop_px:
            self.skipped.append(f"{file.name} is no sample of {self._recipe.crop_px} px")
            return False
        return True


def _unpacked(packed: np.ndarray) -> Example:
    planes = packed.astype(np.float32) / np.float32(255)
    image = np.ascontiguousarray(planes[_IMAGE].transpose(1, 2, 0))
    return Example(image, planes[_TRUTH], np.ascontiguousarray(packed[_TRIMAP]), more=planes[_MATTES])


def part_of(files: Sequence[Path], crop_px: int, rng: np.random.Generator) -> np.ndarray:
    """A part (11, crop_px, crop_px) uint8 of one of the packed samples, turned, hardly ever harder than photos are."""
    part = _part(files, crop_px, rng)
    for _ in range(REFUSALS):
        if matte_error(part) < HARDEST:
            break
        part = _part(files, crop_px, rng)
    return part


def _part(files: Sequence[Path], crop_px: int, rng: np.random.Generator) -> np.ndarray:
    planes = np.load(files[int(rng.integers(len(files)))], mmap_mode="r")
    best, count = planes, -1
    for _ in range(PLACES):
        top, left = (int(rng.integers(0, side - crop_px + 1)) for side in planes.shape[1:])
        part = planes[:, top : top + crop_px, left : left + crop_px]
        unknown = int(np.count_nonzero(part[_TRIMAP] == UNKNOWN))
        if unknown > count:
            best, count = part, unknown
    return turned(best, rng)
