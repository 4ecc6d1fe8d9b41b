"""Ink to light: CMYK photos as sRGB, through their own profile where they have one."""

from __future__ import annotations

from io import BytesIO

import numpy as np

from editor.document.colour import profile_space


def to_srgb(ink: np.ndarray, icc: bytes | None) -> np.ndarray:
    """(H, W, 3) uint8 sRGB of (H, W, 4) uint8 CMYK, where 255 is full ink.

    With a CMYK profile: relative colorimetric with black point compensation, as printers proof. Without one, or with
    one that cannot be used, each colour is what its ink and black leave of white.
    """
    if profile_space(icc) == "CMYK":
        converted = _through_profile(ink, icc or b"")
        if converted is not None:
            return converted
    left = 255 - ink.astype(np.uint32)
    return ((left[..., :3] * left[..., 3:] + 127) // 255).astype(np.uint8)


def _through_profile(ink: np.ndarray, icc: bytes) -> np.ndarray | None:
    from PIL import Image, ImageCms

    try:
        converted = ImageCms.profileToProfile(
            Image.fromarray(np.ascontiguousarray(ink), "CMYK"), ImageCms.ImageCmsProfile(BytesIO(icc)),
            ImageCms.createProfile("sRGB"), renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC, outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )  # fmt: skip
    except (ImageCms.PyCMSError, OSError):  # a damaged profile
        return None
    return None if converted is None else np.array(converted)
