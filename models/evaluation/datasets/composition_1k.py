"""Composition-1k: the test set of the Adobe Deep Image Matting dataset (Xu et al. 2017; thesis, Section 2.2).

50 foregrounds, each over 20 pictures of Pascal VOC. The authors deliver foregrounds, mattes, trimaps and two lists of
names; the photos are composed by whoever has Pascal VOC too.
"""

from __future__ import annotations

from pathlib import Path

from models.evaluation.datasets.case import DataSet, home_of, missing
from models.evaluation.datasets.composed import (
    Composition,
    cases_of,
    located,
    names_in,
    not_composed,
    twenty_each,
    voc_pictures,
)

_TITLE = "Composition-1k"
_OWN = "Adobe-licensed images"
_USUAL = ("Test_set", "Combined_Dataset/Test_set", "Adobe_Deep_Matting_Dataset/Combined_Dataset/Test_set")


def read(root: Path) -> DataSet:
    """The 1000 composed photos below ``root``. Raises ValueError that says what is missing."""
    home = _home(root)
    if not (home / "merged").is_dir():
        raise not_composed(_TITLE, home)
    cases, unpaired = cases_of(home / "merged", home / _OWN / "alpha", home / _OWN / "trimaps")
    return DataSet("composition-1k", _TITLE, cases, unpaired)


def plan(root: Path, backgrounds: Path) -> list[Composition]:
    """What is to be composed from the Adobe files below ``root`` and the VOC pictures in ``backgrounds``.

    In the published order: the first name in test_fg_names.txt takes the first 20 names of test_bg_names.txt, the
    second the next 20. Raises ValueError for a list or a picture that is not there.
    """
    home = _home(root)
    lists = [home / "test_fg_names.txt", home / "test_bg_names.txt"]
    for path in lists:
        if not path.is_file():
            raise ValueError(f"The list {path.name} is not in {home}. It is part of the Adobe dataset: put it there.")
    foregrounds, wanted = (names_in(path) for path in lists)
    pairs = zip(
        located(home / _OWN / "fg", foregrounds, "foregrounds"),
        located(home / _OWN / "alpha", foregrounds, "mattes"),
        strict=True,
    )
    found = located(voc_pictures(backgrounds), wanted, "backgrounds of Pascal VOC")
    return twenty_each(list(pairs), found, home / "merged")


def _home(root: Path) -> Path:
    home = home_of(root, (f"{_OWN}/alpha",), _USUAL)
    if home is None:
        layout = f"the folder Test_set with '{_OWN}' (fg, alpha, trimaps), test_fg_names.txt and test_bg_names.txt"
        raise missing(_TITLE, root, layout, "the authors of Deep Image Matting (Adobe) give it on request")
    return home
