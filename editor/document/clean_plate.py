"""The photo with the subject taken out: what a lens would see behind it, good enough to be thrown out of focus.

Close to the subject an estimate of the ground's colours is poorly founded, and a faint rim of the subject is often
left outside the matte; both would glow once they are blurred. So only what is well known is kept, and the rest is
filled from round it, from coarse to fine (pull and push, as Gortler et al. 1996, "The Lumigraph", section 3.4, fill
holes).
"""

from __future__ import annotations

import cv2
import numpy as np

from editor.document.blend import as_float, as_stored, three


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
    base = photo if ground is None else ground
    small = _pulled(as_float(base), trust)
    fill = _pushed(small)
    plate = photo.copy()
    step = 512
    for y in range(0, photo.shape[0], step):
        rows = slice(y, min(y + step, photo.shape[0]))
        plate[rows] = as_stored(_joined(as_float(base[rows]), trust[rows], fill, y), photo.dtype)
    return cv2.copyTo(photo, ((trust >= 1.0) & (alpha <= 0.0)).view(np.uint8), plate)


def _trust(alpha: np.ndarray, estimated: bool) -> np.ndarray:
    """How far each pixel's colour is known to be the ground's: float32 (H, W) in [0, 1], drawn in from the subject."""
    clear = np.clip(1.0 - 2.0 * alpha, 0.0, 1.0)
    known = clear * clear if estimated else (alpha <= 0.0).astype(np.float32)
    reach = max(1, round(max(alpha.shape) / 1500))
    return cv2.erode(known, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1)))


def _pulled(colour: np.ndarray, trust: np.ndarray) -> np.ndarray:
    """Colours times trust, and trust, at half the size: (h, w, 4) float32."""
    height, width = trust.shape
    size = ((width + 1) // 2, (height + 1) // 2)
    weighted = cv2.resize(cv2.multiply(colour, three(trust)), size, interpolation=cv2.INTER_AREA)
    return cv2.merge([*cv2.split(weighted), cv2.resize(trust, size, interpolation=cv2.INTER_AREA)])


def _pushed(weighted: np.ndarray) -> np.ndarray:
    """Colours (h, w, 3) for every pixel of (h, w, 4): its own as far as known, the rest from the coarser level."""
    height, width = weighted.shape[:2]
    trust = weighted[..., 3].copy()
    own = cv2.multiply(
        cv2.cvtColor(weighted, cv2.COLOR_RGBA2RGB),
        three(np.divide(1.0, trust, out=np.zeros_like(trust), where=trust > 1e-6)),
    )
    if max(height, width) <= 1:
        return own
    sure = np.minimum(1.0, 4.0 * trust)
    size = ((width + 1) // 2, (height + 1) // 2)
    again = cv2.merge([*cv2.split(cv2.multiply(own, three(sure))), sure])
    coarse = _pushed(cv2.resize(again, size, interpolation=cv2.INTER_AREA))
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
