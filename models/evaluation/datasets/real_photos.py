"""Data sets of real photos: AIM-500, alphamatting.com, Portrait-2k, PPM-100, and any folder laid out plainly."""

from __future__ import annotations

from pathlib import Path

from models.evaluation.datasets.case import Case, DataSet, home_of, missing, pair, pictures

_IMAGES = ("images", "image", "photos", "original", "input", "merged", "img")
_TRUTHS = ("alphas", "alpha", "mattes", "matte", "masks", "mask", "gt", "truth")
_NUMBERED = ("trimap1", "trimap2", "trimap3")


def read_aim_500(root: Path) -> DataSet:
    """AIM-500 (Li et al. 2021; thesis, Sections 5.5.3 and 5.7.2): folders original, mask and trimap.

    Raises ValueError that says what is missing.
    """
    home = home_of(root, ("original", "mask"), ("AIM-500",))
    if home is None:
        layout = "its folders original, mask and trimap"
        raise missing("AIM-500", root, layout, "the authors of Deep Automatic Natural Image Matting publish it")
    marks = {"trimap": pictures(home / "trimap")}
    return DataSet("aim-500", "AIM-500", *pair(pictures(home / "original"), pictures(home / "mask"), marks))


def read_alphamatting(root: Path) -> DataSet:
    """The training photos of alphamatting.com (Rhemann et al. 2009) with trimaps 1 and 2, tight and loose.

    As the archives unpack (input_training_lowres, gt_training_lowres, trimap_training_lowres/Trimap1 and Trimap2, or
    the same with highres), or flat (GT01_image, GT01_alpha, GT01_trimap1, GT01_trimap2). Raises ValueError that says
    what is missing.
    """
    for size in ("lowres", "highres"):
        home = home_of(root, (f"input_training_{size}", f"gt_training_{size}"), ("alphamatting", "High_Resolution"))
        if home is not None:
            marks = {f"trimap{n}": pictures(home / f"trimap_training_{size}" / f"Trimap{n}") for n in (1, 2)}
            found = pair(pictures(home / f"input_training_{size}"), pictures(home / f"gt_training_{size}"), marks)
            return DataSet("alphamatting", "alphamatting.com", *found)
    for home in (root, root / "alphamatting"):
        cases, unpaired = by_ending(home)
        if cases:
            return DataSet("alphamatting", "alphamatting.com", cases, unpaired)
    layout = "its unpacked archives input_training_lowres, gt_training_lowres and trimap_training_lowres"
    raise missing("The training set of alphamatting.com", root, layout, "the project alphamatting.com publishes it")


def read_portrait_2k(root: Path) -> DataSet:
    """Portrait-2k, the test split (Shen et al. 2016; thesis, Section 6.5.1): NNNNN.png and NNNNN_matte.png, no trimaps.

    Raises ValueError that says what is missing.
    """
    for home in (root / "testing", root / "Data" / "testing", root):
        truths = pictures(home, "_matte")
        if truths:
            images = {stem: path for stem, path in pictures(home).items() if not stem.endswith("_matte")}
            return DataSet("portrait-2k", "Portrait-2k", *pair(images, truths, {}), portraits=True)
    layout = "its folder testing (00001.png, 00001_matte.png, ...)"
    raise missing("Portrait-2k", root, layout, "the authors of Deep Automatic Portrait Matting give it on request")


def read_ppm_100(root: Path) -> DataSet:
    """PPM-100 (Ke et al. 2022): folders image and matte, no trimaps; or flat, NAME_image and NAME_alpha.

    Raises ValueError that says what is missing.
    """
    home = home_of(root, ("image", "matte"), ("PPM-100", "val"))
    cases, unpaired = pair(pictures(home / "image"), pictures(home / "matte"), {}) if home else by_ending(root)
    if not cases:
        raise missing("PPM-100", root, "its folders image and matte", "the authors of MODNet publish it")
    return DataSet("ppm-100", "PPM-100", cases, unpaired, portraits=True)


def read_folder(root: Path) -> DataSet:
    """Any folder: sub-folders images, alphas, trimaps and their like, or endings NAME_image, NAME_alpha, NAME_trimap.

    A folder without trimaps counts as portraits: engines that need none are given none. Raises ValueError where no
    photo with a matte is found.
    """
    images, truths = _first(root, _IMAGES), _first(root, _TRUTHS)
    if images and truths:
        marks = {"trimap": _first(root, ("trimaps", "trimap"))}
        marks |= {name: pictures(root / name) for name in _NUMBERED}
        cases, unpaired = pair(images, truths, marks)
    else:
        cases, unpaired = by_ending(root)
    if not cases:
        raise ValueError(
            f"{root} holds no photos with mattes. Put them into its folders images, alphas and (if you have them) "
            "trimaps under equal names, or name them NAME_image, NAME_alpha and NAME_trimap."
        )
    portraits = not any(case.trimaps for case in cases)
    return DataSet(root.resolve().name, root.resolve().name, cases, unpaired, portraits)


def by_ending(root: Path) -> tuple[tuple[Case, ...], tuple[str, ...]]:
    """Cases of a flat folder by the endings _image, _alpha (or _matte) and _trimap, _trimap1, ...; and what is left."""
    truths = pictures(root, "_matte") | pictures(root, "_alpha")
    marks = {name: pictures(root, f"_{name}") for name in ("trimap", *_NUMBERED)}
    return pair(pictures(root, "_image"), truths, marks)


def _first(root: Path, names: tuple[str, ...]) -> dict[str, Path]:
    return next((found for name in names if (found := pictures(root / name))), {})
