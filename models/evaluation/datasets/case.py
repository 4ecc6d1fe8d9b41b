"""One photo of a data set with its true matte, and how the files of a folder are paired into such cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp")


@dataclass(frozen=True)
class Case:
    """A photo and its true matte; ``trimaps`` are its own, each with the word by which results are told apart."""

    name: str
    image: Path
    truth: Path
    trimaps: tuple[tuple[str, Path], ...] = ()


@dataclass(frozen=True)
class DataSet:
    """The cases of a data set, in the order in which they are measured.

    ``unpaired`` names, a phrase each, the files that miss their partner. ``portraits`` marks the sets on which engines
    that need no trimap are given none.
    """

    name: str
    title: str
    cases: tuple[Case, ...]
    unpaired: tuple[str, ...] = ()
    portraits: bool = False


def pictures(folder: Path, ending: str = "") -> dict[str, Path]:
    """The pictures of ``folder`` by stem, sorted; with ``ending`` only those whose stem ends so, by what precedes it.

    Of two files with one stem the first by name counts. A folder that is not there has none.
    """
    found: dict[str, Path] = {}
    if not folder.is_dir():
        return found
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in PICTURES and not path.name.startswith(".") and path.stem.endswith(ending):
            found.setdefault(path.stem[: len(path.stem) - len(ending)], path)
    return found


def pair(
    images: Mapping[str, Path], truths: Mapping[str, Path], trimaps: Mapping[str, Mapping[str, Path]], prefix: str = ""
) -> tuple[tuple[Case, ...], tuple[str, ...]]:
    """Cases for every stem that has a photo and a matte, and a phrase for each file that is left over.

    ``trimaps`` maps a label to its files by stem. Where a label has files at all, a photo without one of them is
    named, and measured with those it has. ``prefix`` is put before each case's name.
    """
    labels = {label: files for label, files in trimaps.items() if files}
    cases = tuple(
        Case(prefix + stem, images[stem], truths[stem], _own(stem, labels)) for stem in sorted(images) if stem in truths
    )
    left = [f"{path.name}: no matte" for stem, path in images.items() if stem not in truths]
    left += [f"{path.name}: no photo" for stem, path in truths.items() if stem not in images]
    for label, files in labels.items():
        left += [f"{path.name}: no photo" for stem, path in files.items() if stem not in images]
        left += [f"{images[stem].name}: no {label}" for stem in images if stem in truths and stem not in files]
    return cases, tuple(left)


def _own(stem: str, labels: Mapping[str, Mapping[str, Path]]) -> tuple[tuple[str, Path], ...]:
    return tuple((label, files[stem]) for label, files in labels.items() if stem in files)


def home_of(root: Path, needed: Sequence[str], usual: Sequence[str] = ()) -> Path | None:
    """The folder that holds all the sub-folders ``needed``: ``root`` or one of its folders ``usual``; None if none."""
    for folder in (root, *(root / name for name in usual)):
        if all((folder / name).is_dir() for name in needed):
            return folder
    return None


def missing(title: str, root: Path, layout: str, source: str) -> ValueError:
    """The error for a data set that is not below ``root``: what to put where, and whom to ask for it."""
    return ValueError(f"{title} is not in {root}. Put {layout} there; {source}.")
