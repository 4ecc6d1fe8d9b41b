"""What a camera does to a picture: light, sensor, tone, sharpening, JPEG. None of it moves the alpha."""

from __future__ import annotations

import cv2
import numpy as np

from models.training.drawing.layer import Bytes, Floats, floats, smooth

Random = np.random.Generator


def photograph(rng: Random, picture: Floats) -> Floats:
    """The picture (H, W, 3) in [0, 1] as a camera would give it: toned, noisy, demosaiced, sharpened, compressed.

    Each step comes in some of the pictures only, and mostly weakly: what alpha says must still hold.
    """
    if rng.random() < 0.6:
        picture = tone(rng, picture)
    if rng.random() < 0.7:
        picture = grain(rng, picture)
    stored = np.asarray(np.clip(picture, 0, 1) * 255 + 0.5, np.uint8)
    if rng.random() < 0.25:
        stored = demosaic(stored)
    if rng.random() < 0.3:
        stored = sharpen(stored, rng.uniform(0.1, 0.8))
    if rng.random() < 0.5:
        stored = compress(stored, int(rng.integers(70, 99)))
    return floats(stored.astype(np.float32) * np.float32(1 / 255))


def tone(rng: Random, picture: Floats) -> Floats:
    """Exposure, white balance, contrast and saturation, each a little off."""
    gain = np.exp(rng.normal(0, 0.12) + rng.normal(0, 0.06, 3)).astype(np.float32)
    toned = floats(cv2.pow(np.clip(picture * gain, 0, 1), float(np.exp(rng.normal(0, 0.15)))))
    grey = toned.mean(-1, keepdims=True)
    toned = grey + (toned - grey) * np.float32(rng.uniform(0.7, 1.25))
    curve = np.float32(rng.uniform(-0.15, 0.3))
    return floats(np.clip(toned + curve * toned * (1 - toned) * (2 * toned - 1) * 2, 0, 1))


def grain(rng: Random, picture: Floats) -> Floats:
    """The noise of a sensor: it grows with the light's square root; in some pictures it is blotchy."""
    strength = float(rng.gamma(1.5, 0.006))
    values = rng.standard_normal(picture.shape, np.float32)
    if rng.random() < 0.3:
        values = smooth(values, 0.8) * 2
    return floats(picture + strength * np.sqrt(0.3 + np.maximum(picture, 0)) * values)


def demosaic(picture: Bytes) -> Bytes:
    """The picture (H, W, 3) uint8 seen through a Bayer pattern, one colour a pixel, and filled in again."""
    mosaic = picture[..., 1].copy()
    mosaic[::2, ::2] = picture[::2, ::2, 0]
    mosaic[1::2, 1::2] = picture[1::2, 1::2, 2]
    return np.asarray(cv2.cvtColor(mosaic, cv2.COLOR_BayerBG2BGR_EA)[..., ::-1], np.uint8)


def sharpen(picture: Bytes, strength: float) -> Bytes:
    """The picture with its details raised by ``strength``: an unsharp mask."""
    soft = cv2.GaussianBlur(picture, (0, 0), 1.0)
    return np.asarray(cv2.addWeighted(picture, 1 + strength, soft, -strength, 0), np.uint8)


def compress(picture: Bytes, quality: int) -> Bytes:
    """The picture after JPEG of that quality, 0 to 100."""
    packed = cv2.imencode(".jpg", np.ascontiguousarray(picture[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR))[..., ::-1], np.uint8)
