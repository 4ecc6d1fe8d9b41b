"""From what a decoder found to a photo: turned upright, with a profile that fits its pixels."""

from __future__ import annotations

import numpy as np

from editor.document.codec import exif
from editor.document.codec.png_chunks import Metadata
from editor.document.colour import profile_for_rgb
from editor.document.document import Photo

LIMIT_PIXELS = 400_000_000
"""More than this would need several gigabytes for the photo alone: it is refused before memory is taken."""


def photo_from(
    pixels: np.ndarray, alpha: np.ndarray | None, metadata: Metadata, kind: str, turn: int | None = None
) -> Photo:
    """A photo from RGB pixels (H, W, 3) as the file stores them, straight alpha (H, W) or None, and its metadata.

    The orientation that EXIF states (or ``turn``, where the container says it elsewhere) is applied, and reset in the
    EXIF and XMP that are kept. A grey profile becomes an RGB one of the same tones; one that fits no RGB pixels is
    dropped.
    """
    how = exif.orientation(metadata.exif) if turn is None else turn
    if how != 1:
        pixels = exif.upright(pixels, how)
        alpha = None if alpha is None else exif.upright(alpha, how)
    return Photo(
        pixels, alpha, profile_for_rgb(metadata.icc), exif.as_upright(metadata.exif),
        exif.xmp_as_upright(metadata.xmp), kind,
    )  # fmt: skip
