"""The photo with the subject taken out: what a lens would see behind it, good enough to be thrown out of focus.

Close to the subject an estimate of the ground's colours is poorly founded, and a faint rim of the subject is often
left outside the matte; both would glow once they are blurred. So only what is well known is kept, and the rest is
filled from round it, from coarse to fine (pull and push, as Gortler et al. 1996, "The Lumigraph", section 3.4, fill
holes).
"""

from __future__ import annotations

import cv2
import numpy as np

from editor.document.blend import as_float, as_stored, premultiplied, shares, three
from editor.document.geometry import Rect

_AROUND_PX = 64
_ROWS = 512


def clean_plate(photo: np.ndarray, alpha: np.ndarray, ground: np.ndarray | None = None) -> np.ndarray:
    """(H, W, 3) in the photo's depth (uint8 or uint16) without the subject, whose alpha (H, W) is float32 in [0, 1].

    ``ground`` (H, W, 3), the estimated colours behind soft edges (float32 in [0, 1] or the photo's depth), is trusted
    by (1 - 2 alpha)^2 up to an alpha of a half; without it only the photo's own clear pixels count. Where those end,
    a pixel or two round the subject included, colours come from the nearest ones. The photo itself where nothing is
    clear.
    """
    trust = _trust(alpha, ground is not None)
    if not trust.any():
        return photo
    hidden = cv2.boundingRect((trust < 1.0).view(np.uint8))
    box = Rect(*hidden).expand(_AROUND_PX).intersect(Rect(0, 0, photo.shape[1], photo.shape[0])).slices()
    plate = photo.copy()
    plate[box] = _filled((photo if ground is None else ground)[box], trust[box], photo.dtype)
    return cv2.copyTo(photo, ((trust >= 1.0) & (alpha <= 0.0)).view(np.uint8), plate)


def _filled(base: np.ndarray, trust: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The known colours with the rest filled in, (h, w, 3) of ``dtype``; the fill is made at half the size."""
    fill = _pushed(_pulled(base, trust))
    plate = np.empty(base.shape, dtype)
    for y in range(0, base.shape[0], _ROWS):
        rows = slice(y, min(y + _ROWS, base.shape[0]))
        plate[rows] = as_stored(_joined(as_float(base[rows]), trust[rows], fill, y), dtype)
    return plate


def _trust(alpha: np.ndarray, estimated: bool) -> np.ndarray:
    """How far each pixel's colour is known to be the ground's: float32 (H, W) in [0, 1], drawn in from the subject."""
    clear = np.clip(1.0 - 2.0 * alpha, 0.0, 1.0)
    known = clear * clear if estimated else (alpha <= 0.0).astype(np.float32)
    reach = max(1, round(max(alpha.shape) / 1500))
    return cv2.erode(known, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1)))


def _pulled(colour: np.ndarray, trust: np.ndarray) -> np.ndarray:
    """Colours times trust, and trust, at half the size: (h, w, 4) float32."""
    height, width = trust.shape
    half = np.empty(((height + 1) // 2, (width + 1) // 2, 4), np.float32)
    for y in range(0, height, _ROWS):
        rows = slice(y, min(y + _ROWS, height))
        weighted = premultiplied(as_float(colour[rows]), trust[rows])
        size = (half.shape[1], (weighted.shape[0] + 1) // 2)
        half[y // 2 : y // 2 + size[1]] = cv2.resize(weighted, size, interpolation=cv2.INTER_AREA)
    return half


def _pushed(weighted: np.ndarray) -> np.ndarray:
    """Colours (h, w, 3) for every pixel of (h, w, 4): its own as far as known, the rest from the coarser level."""
    height, width = weighted.shape[:2]
    trust = cv2.extractChannel(weighted, 3)
    own = cv2.multiply(cv2.cvtColor(weighted, cv2.COLOR_RGBA2RGB), three(shares(trust)))
    if max(height, width) <= 1:
        return own
    sure = np.minimum(1.0, 4.0 * trust)
    size = ((width + 1) // 2, (height + 1) // 2)
    coarse = _pushed(cv2.resize(premultiplied(own, sure), size, interpolation=cv2.INTER_AREA))
    around = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return around + cv2.multiply(cv2.subtract(own, around), three(sure))


def _joined(base: np.ndarray, trust: np.ndarray, fill: np.ndarray, y: int) -> np.ndarray:
    """fill + trust (base - fill) for rows from ``y`` on; the half-size fill is enlarged for just those rows."""
    rows, width = trust.shape
    top = max(0, y // 2 - 2)
    bottom = min(fill.shape[0], (y + rows + 1) // 2 + 2)
    part = fill[top:bottom]
    large = cv2.resize(part, (2 * part.shape[1], 2 * part.shape[0]), interpolation=cv2.INTER_LINEAR)
    large = np.ascontiguousarray(large[y - 2 * top : y - 2 * top + rows, :width])
    return np.clip(large + cv2.multiply(cv2.subtract(base, large), three(trust)), 0.0, 1.0)
