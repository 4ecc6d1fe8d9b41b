"""SIMD, the set of Semantic Image Matting (Sun et al. 2021), and SIMD_our, which the thesis composes from it (5.5.3).

The authors deliver foregrounds and mattes by class. Their own script writes photos, mattes and trimaps beside each
other per class; the thesis composes by Deep Image Matting's rule, at most 2000 pixels along the longer side.
"""

from __future__ import annotations

from pathlib import Path

from models.evaluation.datasets.case import Case, DataSet, missing, pair, pictures
from models.evaluation.datasets.composed import (
    Composition,
    cases_of,
    located,
    names_in,
    not_composed,
    twenty_each,
    voc_pictures,
)

LONGEST_PX = 2000
_TITLE = "SIMD"
_OURS = "SIMD_our"
_LIST = "SIMD_composition_test_filelist.txt"
_SOURCE = "the authors of Semantic Image Matting (Sun, Tang and Tai 2021) give it on request"


def read(root: Path) -> DataSet:
    """SIMD_our where it has been composed below ``root``, else the photos that SIMD's own script made, class by class.

    Raises ValueError that says what is missing.
    """
    ours = root / _OURS
    if (ours / "merged").is_dir():
        cases, unpaired = cases_of(ours / "merged", ours / "alpha", ours / "trimap")
        return DataSet("simd", _OURS, cases, unpaired)
    classes = [folder for folder in _classes(root) if (folder / "merged").is_dir()]
    if not classes:
        if any((folder / "fg").is_dir() for folder in _classes(root)):
            raise not_composed(_TITLE, root)
        raise missing(_TITLE, root, "its class folders (defocus, fire, fur, ...), each with fg and alpha,", _SOURCE)
    found: list[Case] = []
    left: list[str] = []
    for folder in classes:
        trimaps = {"trimap": pictures(folder / "trimap")}
        cases, unpaired = pair(
            pictures(folder / "merged"), pictures(folder / "alpha"), trimaps, prefix=f"{folder.name}/"
        )
        found += cases
        left += [f"{folder.name}/{phrase}" for phrase in unpaired]
    return DataSet("simd", _TITLE, tuple(found), tuple(left))


def plan(root: Path, backgrounds: Path) -> list[Composition]:
    """What is to be composed for SIMD_our, into ``root``/SIMD_our.

    The thesis names no list of backgrounds. With the authors' list of tests (class:foreground:background) below
    ``root`` its pairs are taken; without it every foreground, by class and name, over the next 20 of VOC's pictures by
    name. Raises ValueError for files that are not there.
    """
    voc = voc_pictures(backgrounds)
    if (root / _LIST).is_file():
        return _listed(root, voc)
    pairs: list[tuple[Path, Path]] = []
    for folder in _classes(root):
        mattes = pictures(folder / "alpha")
        pairs += [(path, mattes[stem]) for stem, path in pictures(folder / "fg").items() if stem in mattes]
    if not pairs:
        raise missing(_TITLE, root, "its class folders (defocus, fire, fur, ...), each with fg and alpha,", _SOURCE)
    ours = root / _OURS
    return twenty_each(pairs, list(pictures(voc).values()), ours / "merged", LONGEST_PX, ours / "alpha")


def _listed(root: Path, voc: Path) -> list[Composition]:
    lines = [tuple(line.split(":")) for line in names_in(root / _LIST)]
    if any(len(line) != 3 for line in lines):
        raise ValueError(f"{_LIST} holds a line that is not class:foreground:background. Copy it again.")
    home = _home(root)
    foregrounds = located(home, [f"{name}/fg/{file}" for name, file, _ in lines], "foregrounds")
    mattes = located(home, [f"{name}/alpha/{file}" for name, file, _ in lines], "mattes")
    behind = located(voc, [background for _, _, background in lines], "backgrounds of Pascal VOC")
    ours, taken, made = root / _OURS, dict[str, int](), list[Composition]()
    for (name, _, _), foreground, alpha, background in zip(lines, foregrounds, mattes, behind, strict=True):
        stem = f"{name}_{foreground.stem}"
        taken[stem] = taken.get(stem, -1) + 1
        output, matte = ours / "merged" / f"{stem}_{taken[stem]}.png", ours / "alpha" / f"{stem}.png"
        made.append(Composition(foreground, alpha, background, output, LONGEST_PX, matte))
    return made


def _home(root: Path) -> Path:
    """Where the class folders lie: ``root``, or its folder test where the set was unpacked so."""
    return root / "test" if (root / "test").is_dir() else root


def _classes(root: Path) -> list[Path]:
    home = _home(root)
    return sorted(folder for folder in home.iterdir() if folder.is_dir()) if home.is_dir() else []
