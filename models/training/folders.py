"""Folders of training data: which files belong together, and reading them; what cannot be used is named.

adobe       alpha/ and fg/ with files of the same names (Adobe's and Distinctions-646's layout), backgrounds beside
pairs       image/ and alpha/ with files of the same names: photos with their mattes
cutouts     PNG files with transparency
portraits   NAME.jpg with NAME.png, a matte or a hard mask
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from models.training.augment import Floats

PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp")
_ALPHAS = ("alpha", "alphas", "gt", "matte", "mattes", "mask")
_FOREGROUNDS = ("fg", "foreground", "foregrounds")
_IMAGES = ("image", "images", "photo", "photos", "merged")
_JPEG, _PNG = b"\xff\xd8", b"\x89PNG"
BACKGROUNDS = ("bg", "background", "backgrounds")


@dataclass(frozen=True)
class Pair:
    """Colours and matte of one thing. ``alpha`` is the same file as ``colours`` where that has transparency."""

    colours: Path
    alpha: Path


@dataclass(frozen=True)
class Found:
    """What a folder holds: pairs by name, and phrases that name files without a partner."""

    pairs: tuple[Pair, ...]
    unpaired: tuple[str, ...] = ()


def find(folder: Path, layout: str) -> Found:
    """The pairs in a folder laid out as the module says; ``ValueError`` with a sentence where there are none."""
    if not folder.is_dir():
        raise ValueError(f"There is no folder {folder}. Name the training data's with --data.")
    if layout == "cutouts":
        found = Found(tuple(Pair(file, file) for file in pictures(folder) if file.suffix.lower() == ".png"))
    elif layout == "portraits":
        found = _beside(folder)
    else:
        found = _in_two_folders(folder, _FOREGROUNDS if layout == "adobe" else _IMAGES)
    if not found.pairs:
        wanted = next(line.strip() for line in (__doc__ or "").splitlines() if line.strip().startswith(layout))
        left = f" {len(found.unpaired)} files have no partner, such as {found.unpaired[0]}." if found.unpaired else ""
        what = " ".join(wanted.split()[1:])
        raise ValueError(f"There is nothing to train on in {folder}.{left} It must hold {what}.")
    return found


def pictures(folder: Path) -> list[Path]:
    """The pictures that lie in a folder, by their names."""
    return sorted(file for file in folder.iterdir() if file.suffix.lower() in PICTURES and file.is_file())


def pictures_below(folder: Path) -> list[Path]:
    """The pictures in a folder and in its folders, by their names; ``ValueError`` where there are none."""
    if not folder.is_dir():
        raise ValueError(f"There is no folder {folder}. Name the backgrounds' with --backgrounds.")
    found = sorted(file for file in folder.rglob("*") if file.suffix.lower() in PICTURES and file.is_file())
    if not found:
        raise ValueError(f"There are no pictures in {folder}. Name the backgrounds' folder with --backgrounds.")
    return found


def subfolder(folder: Path, names: Iterable[str]) -> Path | None:
    """The folder within that bears one of these names, in any case."""
    wanted = tuple(names)
    return next((path for path in sorted(folder.iterdir()) if path.is_dir() and path.name.lower() in wanted), None)


def _in_two_folders(folder: Path, names: Iterable[str]) -> Found:
    colours, alphas = subfolder(folder, names), subfolder(folder, _ALPHAS)
    if colours is None or alphas is None:
        return Found(())
    return _paired({_name(file): file for file in pictures(colours)}, {_name(file): file for file in pictures(alphas)})


def _beside(folder: Path) -> Found:
    files = pictures(folder)
    photos = {_name(file): file for file in files if file.suffix.lower() in (".jpg", ".jpeg")}
    return _paired(photos, {_name(file): file for file in files if file.suffix.lower() == ".png"})


def _name(file: Path) -> str:
    """What partners share; some systems write an umlaut as two characters."""
    return unicodedata.normalize("NFC", file.stem)


def _paired(colours: dict[str, Path], alphas: dict[str, Path]) -> Found:
    pairs = tuple(Pair(colours[stem], alphas[stem]) for stem in sorted(colours.keys() & alphas.keys()))
    alone = [(colours | alphas)[stem] for stem in sorted(colours.keys() ^ alphas.keys())]
    return Found(pairs, tuple(f"{file.parent.name}/{file.name} has no partner" for file in alone))


class UnreadableError(Exception):
    """A picture cannot be used; the text is a phrase that names it."""


def read_picture(path: Path) -> np.ndarray:
    """As stored: (h, w), (h, w, 3) or (h, w, 4) RGB or RGBA, float32 in [0, 1]; or ``UnreadableError``."""
    try:
        content = path.read_bytes()
        read = _decoded(content) if content else None
    except (OSError, cv2.error) as error:
        raise UnreadableError(f"{path.name} cannot be read") from error
    pixels = None if read is None else np.asarray(read)
    if pixels is None:
        raise UnreadableError(f"{path.name} is damaged or no picture")
    if pixels.dtype not in (np.uint8, np.uint16) or min(pixels.shape[:2]) < 2:
        raise UnreadableError(f"{path.name} is not of 8 or 16 bits, or smaller than 2 px")
    scaled = pixels.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)
    if scaled.ndim == 3:
        scaled = scaled[..., [2, 1, 0, 3][: scaled.shape[2]]]
    return scaled


def _decoded(content: bytes) -> np.ndarray | None:
    """All that the file holds, upright as its EXIF says: OpenCV turns only pictures that it reads without alpha."""
    packed = np.frombuffer(content, np.uint8)
    if not content.startswith(_JPEG):
        whole = cv2.imdecode(packed, cv2.IMREAD_UNCHANGED)
        with_alpha = whole is not None and whole.ndim == 3 and whole.shape[2] == 4
        if whole is None or with_alpha or (content.startswith(_PNG) and b"eXIf" not in content):
            return whole
    return cv2.imdecode(packed, cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH)


def read_colours(path: Path) -> Floats:
    """(h, w, 3): grey is repeated, transparency left away."""
    read = read_picture(path)
    return np.ascontiguousarray(np.repeat(read[..., None], 3, axis=2) if read.ndim == 2 else read[..., :3])


def read_alpha(path: Path) -> Floats:
    """(h, w): the transparency of a picture that has some, else its red, which a grey picture's others equal."""
    read = read_picture(path)
    if read.ndim == 2:
        return read
    clear = read.shape[2] == 4 and bool((read[..., 3] < 1).any())
    return np.ascontiguousarray(read[..., 3 if clear else 0])


def read_cut_out(path: Path) -> tuple[Floats, Floats]:
    """Colours (h, w, 3) and transparency (h, w) of one picture; ``UnreadableError`` for one without."""
    read = read_picture(path)
    if read.ndim == 2 or read.shape[2] < 4 or not (read[..., 3] < 1).any():
        raise UnreadableError(f"{path.name} has no transparency")
    return np.ascontiguousarray(read[..., :3]), np.ascontiguousarray(read[..., 3])


class Shelf:
    """Things made of files, by number. One that cannot be made is named, and the next one stands in for it."""

    def __init__(self, count: int, make: Callable[[int], object], skipped: list[str]) -> None:
        self._count, self._make, self._skipped = count, make, skipped
        self._bad: set[int] = set()

    def take(self, number: int) -> object:
        """The thing of that number; ``ValueError`` where not one of them can be made."""
        for place in (place % self._count for place in range(number, number + self._count)):
            if place in self._bad:
                continue
            try:
                return self._make(place)
            except UnreadableError as error:
                self._bad.add(place)
                self._skipped.append(str(error))
        raise ValueError(f"None of the {self._count} files can be read. The last: {self._skipped[-1]}.")
