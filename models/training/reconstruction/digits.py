"""MNIST and Fashion-MNIST from .npz files: small grey pictures to train on, and others to judge by."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.reconstruction.rows import SET_TITLES

SIZE_PX = 32
FILES = {"fashion": "fashion_mnist.npz", "mnist": "mnist.npz"}
USUAL_FOLDER = Path(__file__).resolve().parents[4] / "shared" / "data" / "digits"
_PARTS = ("x_train", "x_test")


@dataclass(frozen=True)
class Digits:
    """Pictures (count, 28, 28) uint8 as the file holds them: those to train on, and those to judge by."""

    train: NDArray[np.uint8]
    test: NDArray[np.uint8]


def read_digits(folder: Path, dataset: str) -> Digits:
    """Read the set ``fashion`` or ``mnist`` from its file in ``folder``; nothing in it is run (no pickle).

    ``ValueError`` with a sentence where the file is not there, damaged, or holds something else.
    """
    place = folder / FILES[dataset]
    if not place.is_file():
        raise ValueError(
            f"{SET_TITLES[dataset]} is not there: no file {place}. Put {FILES[dataset]} (arrays x_train and x_test) "
            "into a folder, and name the folder with --data."
        )
    try:
        with np.load(place, allow_pickle=False) as held:
            train, test = (held[part] for part in _PARTS)
    except (OSError, ValueError, LookupError, EOFError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{place} cannot be read: it is damaged, or no such set. Fetch it anew.") from error
    for part in (train, test):
        if part.ndim != 3 or part.dtype != np.uint8 or not part.size:
            raise ValueError(f"{place} holds {part.dtype} {part.shape} and no grey pictures of 8 bits. Fetch it anew.")
    return Digits(train, test)


def spread(pictures: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    """``count`` of the pictures, evenly spread over the file, or all where ``count`` is 0 or more than there are.

    The sets lie sorted by class, so that the first pictures would all be of one.
    """
    if not 0 < count < len(pictures):
        return pictures
    return pictures[np.arange(count) * len(pictures) // count]


def enlarged(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Resized to 32 x 32 by bilinear interpolation, as the papers do: (count, h, w) uint8 to (count, 32, 32)."""
    made = np.empty((len(pictures), SIZE_PX, SIZE_PX), np.uint8)
    for number, picture in enumerate(pictures):
        made[number] = cv2.resize(picture, (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_LINEAR)
    return made
