"""Brings a picture into another picture's colour profile, so that a background looks as it did in its own file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtGui import QColorSpace, QImage

from editor.document.document import Photo


def converted(photo: Photo, icc: bytes | None) -> Photo:
    """The photo with its colours in the profile ``icc`` (sRGB when None), in the depth it had.

    Where one of the profiles cannot be used, the photo itself comes back, its profile with it. For any thread.
    """
    source, target = _space(photo.icc), _space(icc)
    if not source.isValid() or not target.isValid():
        return photo
    if source == target:
        return replace(photo, icc=icc)
    deep = photo.pixels.dtype == np.uint16
    height, width = photo.pixels.shape[:2]
    pixels = np.ascontiguousarray(_padded(photo.pixels) if deep else photo.pixels)
    kind = QImage.Format.Format_RGBX64 if deep else QImage.Format.Format_RGB888
    image = QImage(pixels.data, width, height, pixels.strides[0], kind)
    image.setColorSpace(source)
    image = image.convertedToColorSpace(target).convertToFormat(kind)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(height, image.bytesPerLine())
    if deep:
        result = rows[:, : 8 * width].copy().view(np.uint16).reshape(height, width, 4)[..., :3].copy()
    else:
        result = rows[:, : 3 * width].reshape(height, width, 3).copy()
    return replace(photo, pixels=result, icc=icc)


def _space(icc: bytes | None) -> QColorSpace:
    """The profile as Qt knows it; an invalid one for what is not a profile of red, green and blue."""
    if icc is None:
        return QColorSpace(QColorSpace.NamedColorSpace.SRgb)
    space = QColorSpace.fromIccProfile(icc)
    usable = space.isValid() and space.colorModel() == QColorSpace.ColorModel.Rgb
    return space if usable else QColorSpace()


def _padded(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint16 with a fourth, opaque channel."""
    height, width = pixels.shape[:2]
    padded = np.full((height, width, 4), 65535, np.uint16)
    padded[..., :3] = pixels
    return padded
