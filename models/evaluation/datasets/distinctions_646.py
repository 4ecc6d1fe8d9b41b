"""Distinctions-646 (Qiao et al. 2020; thesis, Sections 4.6.3 and 5.5.3): 50 test foregrounds, 20 backgrounds each."""

from __future__ import annotations

from pathlib import Path

from models.evaluation.datasets.case import DataSet, home_of, missing, pictures
from models.evaluation.datasets.composed import (
    Composition,
    cases_of,
    located,
    names_in,
    not_composed,
    twenty_each,
    voc_pictures,
)

_TITLE = "Distinctions-646"
_USUAL = ("Test", "Distinctions-646/Test")


def read(root: Path) -> DataSet:
    """The composed photos below ``root``, with the trimaps of a folder Trimap if there is one.

    Raises ValueError that says what is missing.
    """
    home = _home(root)
    if not (home / "merged").is_dir():
        raise not_composed(_TITLE, home)
    marks = next((home / name for name in ("Trimap", "trimap", "trimaps") if (home / name).is_dir()), home / "Trimap")
    cases, unpaired = cases_of(home / "merged", home / "GT", marks)
    return DataSet("distinctions-646", _TITLE, cases, unpaired)


def plan(root: Path, backgrounds: Path) -> list[Composition]:
    """What is to be composed: the foregrounds by name, each over the next 20 names of bg_test.txt.

    Raises ValueError for a list or a picture that is not there.
    """
    home = _home(root)
    order = home / "bg_test.txt"
    if not order.is_file():
        raise ValueError(f"The list {order.name} is not in {home}. It is part of {_TITLE}: put it there.")
    foregrounds = list(pictures(home / "FG").values())
    mattes = pictures(home / "GT")
    absent = [path.name for path in foregrounds if path.stem not in mattes]
    if absent:
        raise ValueError(f"{len(absent)} foregrounds have no matte in {home / 'GT'}: {absent[0]}. Copy the set again.")
    pairs = [(path, mattes[path.stem]) for path in foregrounds]
    return twenty_each(
        pairs, located(voc_pictures(backgrounds), names_in(order), "backgrounds of Pascal VOC"), home / "merged"
    )


def _home(root: Path) -> Path:
    home = home_of(root, ("FG", "GT"), _USUAL)
    if home is None:
        layout = "the folder Test with FG, GT and bg_test.txt"
        raise missing(_TITLE, root, layout, "the authors of HAttMatting (Qiao et al. 2020) give it on request")
    return home
