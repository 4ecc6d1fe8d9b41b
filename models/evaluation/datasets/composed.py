"""Test sets that are composed: one foreground before many backgrounds, stored as ``merged/<foreground>_<k>.png``.

The rule and the order are those that Xu et al. published with Deep Image Matting (thesis, reference 113): the k-th of
20 backgrounds of a foreground is the next in a list of names, and the mattes are shared by all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.evaluation.datasets.case import Case, pictures

BACKGROUNDS_EACH = 20


@dataclass(frozen=True)
class Composition:
    """A picture to be made: ``foreground`` and ``alpha`` over ``background`` become ``output``.

    With ``longest_px`` foreground and matte are first reduced to that many pixels along the longer side, and the
    reduced matte is written to ``alpha_output``.
    """

    foreground: Path
    alpha: Path
    background: Path
    output: Path
    longest_px: int = 0
    alpha_output: Path | None = None


def names_in(path: Path) -> list[str]:
    """The lines of a list of file names, without the line ends of any system and without empty ones."""
    return [line.strip() for line in path.read_text("utf-8", errors="replace").splitlines() if line.strip()]


def twenty_each(
    foregrounds: Sequence[tuple[Path, Path]],
    backgrounds: Sequence[Path],
    folder: Path,
    longest_px: int = 0,
    alpha_folder: Path | None = None,
) -> list[Composition]:
    """The compositions of (foreground, alpha) pairs, the i-th over backgrounds 20 i to 20 i + 19, into ``folder``.

    Raises ValueError where there are fewer backgrounds than that takes.
    """
    wanted = BACKGROUNDS_EACH * len(foregrounds)
    if len(backgrounds) < wanted:
        raise ValueError(
            f"{len(foregrounds)} foregrounds take {wanted} backgrounds, but there are {len(backgrounds)}. "
            "Take the whole Pascal VOC set."
        )
    made: list[Composition] = []
    for index, (foreground, alpha) in enumerate(foregrounds):
        alpha_output = alpha_folder / f"{foreground.stem}.png" if alpha_folder else None
        for k in range(BACKGROUNDS_EACH):
            output = folder / f"{foreground.stem}_{k}.png"
            background = backgrounds[BACKGROUNDS_EACH * index + k]
            made.append(Composition(foreground, alpha, background, output, longest_px, alpha_output))
    return made


def cases_of(merged: Path, alphas: Path, trimaps: Path) -> tuple[tuple[Case, ...], tuple[str, ...]]:
    """Cases of a folder of composed pictures: ``name_k`` takes the matte ``name`` and, if there is one, trimap
    ``name_k`` or else ``name``; and a phrase for each file that is left over.
    """
    images, truths, marks = pictures(merged), pictures(alphas), pictures(trimaps)
    cases: list[Case] = []
    left: list[str] = []
    for stem in sorted(images, key=_by_number):
        foreground = stem.rpartition("_")[0]
        if foreground not in truths:
            left.append(f"{images[stem].name}: no matte")
            continue
        own = marks.get(stem) or marks.get(foreground)
        if marks and own is None:
            left.append(f"{images[stem].name}: no trimap")
        cases.append(Case(stem, images[stem], truths[foreground], (("trimap", own),) if own else ()))
    used = {stem.rpartition("_")[0] for stem in images}
    left += [f"{path.name}: no photo" for stem, path in truths.items() if stem not in used]
    left += [f"{path.name}: no photo" for stem, path in marks.items() if stem not in images and stem not in used]
    return tuple(cases), tuple(left)


def not_composed(title: str, home: Path) -> ValueError:
    """The error for a set whose photos have not been made yet."""
    return ValueError(
        f"The photos of {title} are not composed yet in {home}. Compose them once: add --compose and --backgrounds "
        "with the folder of Pascal VOC's pictures."
    )


def voc_pictures(backgrounds: Path) -> Path:
    """The folder of Pascal VOC's pictures: ``backgrounds`` itself, or its JPEGImages, at any of the usual depths."""
    inner = (
        "JPEGImages",
        *(f"{devkit}VOC{year}/JPEGImages" for devkit in ("", "VOCdevkit/") for year in (2012, 2008, 2007)),
    )
    return next((backgrounds / name for name in inner if (backgrounds / name).is_dir()), backgrounds)


def located(folder: Path, names: Sequence[str], what: str) -> list[Path]:
    """The paths of ``names`` in ``folder``. Raises ValueError that counts and names those that are not there."""
    paths = [folder / name for name in names]
    absent = [path.name for path in paths if not path.is_file()]
    if absent:
        named = ", ".join(absent[:3]) + (", ..." if len(absent) > 3 else "")
        raise ValueError(f"{len(absent)} {what} are not in {folder}: {named}. Put them there under these names.")
    return paths


def _by_number(stem: str) -> tuple[str, int, str]:
    """A key that puts name_2 before name_10."""
    name, _, number = stem.rpartition("_")
    return name, int(number) if number.isdecimal() else -1, stem
