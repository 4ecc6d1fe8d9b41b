"""The data sets of the papers as they lie on disk: which photo belongs to which matte and trimap.

Nothing is opened here but folders and lists of names; who measures reads the pictures.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from models.evaluation.datasets import composition_1k, distinctions_646, real_photos, simd
from models.evaluation.datasets.case import DataSet
from models.evaluation.datasets.composed import Composition

_READERS: dict[str, Callable[[Path], DataSet]] = {
    "composition-1k": composition_1k.read,
    "distinctions-646": distinctions_646.read,
    "simd": simd.read,
    "aim-500": real_photos.read_aim_500,
    "alphamatting": real_photos.read_alphamatting,
    "portrait-2k": real_photos.read_portrait_2k,
    "ppm-100": real_photos.read_ppm_100,
}
_PLANS: dict[str, Callable[[Path, Path], list[Composition]]] = {
    "composition-1k": composition_1k.plan,
    "distinctions-646": distinctions_646.plan,
    "simd": simd.plan,
}


def names() -> tuple[str, ...]:
    """The data sets that are known by name."""
    return tuple(_READERS)


def composable() -> tuple[str, ...]:
    """Those of them whose photos are composed from foregrounds and Pascal VOC."""
    return tuple(_PLANS)


def open_dataset(name: str, root: Path) -> DataSet:
    """The data set ``name`` below ``root``, or the plain folder ``name`` (relative to ``root`` if it is there).

    Raises ValueError for a set that is not there, with what to put where, and for a name that is neither.
    """
    if name.lower() in _READERS:
        return _READERS[name.lower()](root)
    folder = root / name if (root / name).is_dir() else Path(name)
    if not folder.is_dir():
        raise ValueError(f"{name} is neither a data set nor a folder. The data sets are {', '.join(_READERS)}.")
    return real_photos.read_folder(folder)


def composition_plan(name: str, root: Path, backgrounds: Path) -> list[Composition]:
    """What is to be composed for the data set ``name``; raises ValueError for files that are not there."""
    if name.lower() not in _PLANS:
        raise ValueError(f"{name} is not composed. Those that are: {', '.join(_PLANS)}.")
    return _PLANS[name.lower()](root, backgrounds)
