"""From the photo's colours to the monitor's: only what is drawn is converted, never the document."""

from __future__ import annotations

import numpy as np
import qimage2ndarray
from PySide6.QtGui import QColorSpace, QColorTransform, QImage

SRGB = QColorSpace(QColorSpace.NamedColorSpace.SRgb)


class ColourDisplay:
    """The way from one document's profile to one monitor's, worked out once.

    ``name`` is the profile's own name, for the status bar; ``note`` is a sentence where the profile could not be used.
    """

    def __init__(self) -> None:
        self.name, self.note = "sRGB", ""
        self._photo, self._monitor = SRGB, SRGB
        self._transform: QColorTransform | None = None

    @property
    def needed(self) -> bool:
        """False where photo and monitor agree and nothing is to be done."""
        return self._transform is not None

    def set_profile(self, icc: bytes | None) -> bool:
        """Take the photo's ICC profile (None counts as sRGB); True when the colours on the screen change by it."""
        self._photo, self.name, self.note = read_profile(icc)
        return self._renew()

    def set_monitor(self, space: QColorSpace) -> bool:
        """Take the monitor's colour space; an invalid one counts as sRGB. True when colours change by it."""
        usable = space.isValidTarget() and space.colorModel() == QColorSpace.ColorModel.Rgb
        self._monitor = space if usable else SRGB
        return self._renew()

    def convert(self, pixels: np.ndarray) -> np.ndarray:
        """(h, w, 4) uint8 premultiplied BGRA in the monitor's colours; the input itself where they agree."""
        if self._transform is None:
            return pixels
        height, width = pixels.shape[:2]
        image = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
        qimage2ndarray.byte_view(image)[:] = pixels
        image.applyColorTransform(self._transform)
        return qimage2ndarray.byte_view(image)

    def _renew(self) -> bool:
        before = self._transform
        same = self._photo == self._monitor
        transform = None if same else self._photo.transformationToColorSpace(self._monitor)
        self._transform = None if transform is None or transform.isIdentity() else transform
        return before != self._transform


def read_profile(icc: bytes | None) -> tuple[QColorSpace, str, str]:
    """The colour space of an ICC profile, its name, and a note where sRGB has to stand in for it."""
    if icc is None:
        return SRGB, "sRGB", ""
    space = QColorSpace.fromIccProfile(icc)
    name = space.description() or "unnamed profile"
    if not space.isValid():
        return SRGB, "sRGB", "The photo's colour profile cannot be read: it is shown as sRGB."
    if space.colorModel() != QColorSpace.ColorModel.Rgb:
        return SRGB, "sRGB", f"The photo's colour profile ({name}) is not one for RGB: it is shown as sRGB."
    return space, name, ""
