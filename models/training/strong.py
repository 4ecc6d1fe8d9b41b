"""RMat's strong augmentation (thesis 5.4.2, 5.5.3, 5.7.3): AF, AFB and AC, with every operation and probability; and
DA, the usual one that it is set against (5.4.1, Table 5.1).

Operations take the random generator and a picture (h, w, 3) float32 in [0, 1], and answer such a picture. How strong
each may be is not printed; the ranges here keep a picture recognisable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from models.training.augment import Floats, Random, floats, picture_at, recoloured

Operation = Callable[[Random, Floats], Floats]

ALONE, BOTH, COMPOSED = 0.5, 0.25, 0.1
"""The probability of AF or AFB where one is used alone; of each where both are; of AC where neither happened."""
DEGRADED = 0.25
"""The probability of each of DA's two operations (5.4.1)."""
KINDS = ("linear", "nonlinear", "region")
BEFORE_COMPOSING = (0.8, 0.1, 0.1)
AFTER_COMPOSING = (0.2, 0.4, 0.4)


@dataclass(frozen=True)
class Changed:
    """What is to be composed, and what happened: ``af``, ``afb`` or nothing."""

    foreground: Floats
    background: Floats
    what: str = ""


def change_parts(rng: Random, strong: str, foreground: Floats, background: Floats) -> Changed:
    """AF changes the foreground, AFB foreground and background each by itself, before they are composed.

    ``strong`` is one of ``recipes.STRONG``. The composition equation holds afterwards, so alpha stays.
    """
    ways = strong.split("+")
    chance = BOTH if "af" in ways and "afb" in ways else ALONE
    drawn = rng.random()
    if "af" in ways and drawn < chance:
        return Changed(changed(rng, foreground, BEFORE_COMPOSING)[0], background, "af")
    past = chance if "af" in ways else 0.0
    if "afb" in ways and past <= drawn < past + chance:
        front, back = (changed(rng, part, BEFORE_COMPOSING)[0] for part in (foreground, background))
        return Changed(front, back, "afb")
    return Changed(foreground, background)


def change_composed(rng: Random, strong: str, before: Changed, image: Floats) -> tuple[Floats, str]:
    """AC: changes the composed image where neither AF nor AFB happened; the image, and the kind of change or nothing.

    After a linear pixel-wise change alpha still holds (5.2); after the others it is to be answered anew.
    """
    if "ac" not in strong.split("+") or before.what or rng.random() >= COMPOSED:
        return image, ""
    return changed(rng, image, AFTER_COMPOSING)


def degraded(rng: Random, strong: str, image: Floats, alpha: Floats) -> tuple[Floats, Floats]:
    """DA of Table 5.1: blur and JPEG, each by itself now and then; the image and its alpha (h, w).

    ``da`` leaves alpha as it was; ``da+alpha`` does to it what was done to the image. Others change nothing.
    """
    ways = strong.split("+")
    for operation in (gaussian_blur, jpeg_compression) if "da" in ways else ():
        if rng.random() < DEGRADED:
            seed = int(rng.integers(1 << 62))
            image = operation(np.random.default_rng(seed), image)
            if "alpha" in ways:
                grey = np.repeat(alpha[..., None], 3, axis=2)
                alpha = np.ascontiguousarray(operation(np.random.default_rng(seed), grey)[..., 0])
    return image, alpha


def changed(rng: Random, picture: Floats, chances: tuple[float, ...]) -> tuple[Floats, str]:
    """One operation, its kind chosen by ``chances``, itself evenly among its kind; the picture and the kind."""
    kind = KINDS[int(rng.choice(len(KINDS), p=chances))]
    operations = list(OPERATIONS[kind].values())
    return operations[int(rng.integers(len(operations)))](rng, picture), kind


def linear_contrast(rng: Random, picture: Floats) -> Floats:
    """Away from or towards middle grey."""
    return floats(0.5 + rng.uniform(0.5, 1.6) * (picture - 0.5))


def brightness(rng: Random, picture: Floats) -> Floats:
    """The same added everywhere."""
    return floats(picture + rng.uniform(-0.25, 0.25))


def channel_inversion(rng: Random, picture: Floats) -> Floats:
    """1 - v in one to three of the channels."""
    inverted = rng.permutation(3)[: int(rng.integers(1, 4))]
    made = picture.copy()
    made[..., inverted] = 1 - made[..., inverted]
    return made


def channel_shuffling(rng: Random, picture: Floats) -> Floats:
    """The channels in another order."""
    orders = [(0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]
    return np.ascontiguousarray(picture[..., orders[int(rng.integers(len(orders)))]])


def gaussian_noise(rng: Random, picture: Floats) -> Floats:
    """In each channel by itself, or the same in all."""
    shape = (*picture.shape[:2], 3 if rng.random() < 0.5 else 1)
    return floats(picture + rng.normal(0, rng.uniform(0.01, 0.08), shape))


def poisson_noise(rng: Random, picture: Floats) -> Floats:
    """As of so many photons at white."""
    photons = float(np.exp(rng.uniform(np.log(60), np.log(1500))))
    return floats(rng.poisson(picture * photons) / photons)


def dropout(rng: Random, picture: Floats) -> Floats:
    """Pixels or small squares turned black."""
    return floats(picture * (_spots(rng, picture.shape[:2]) >= rng.uniform(0.01, 0.1))[..., None])


def clouds(rng: Random, picture: Floats) -> Floats:
    """A veil of white that is thick in places."""
    height, width = picture.shape[:2]
    veil = np.zeros((height, width), np.float32)
    for cells, weight in ((2, 0.5), (4, 0.3), (9, 0.2)):
        veil += weight * picture_at(rng.random((cells, cells), np.float32), width, height)
    thickness = np.clip((veil - rng.uniform(0.3, 0.5)) * 3, 0, 1) * rng.uniform(0.3, 0.8)
    return floats(picture + thickness[..., None] * (rng.uniform(0.85, 1.0) - picture))


def snow(rng: Random, picture: Floats) -> Floats:
    """White flakes, drawn out by the wind."""
    flakes = (rng.random(picture.shape[:2]) < rng.uniform(0.003, 0.015)).astype(np.float32)
    length = int(rng.integers(3, 9))
    fall = np.zeros((length, length), np.float32)
    cv2.line(fall, (int(rng.integers(length)), 0), (int(rng.integers(length)), length - 1), 1.0)
    drawn_out = floats(cv2.filter2D(flakes, -1, fall) * rng.uniform(0.6, 1.0))
    return floats(picture + drawn_out[..., None] * (1 - picture))


def multiply(rng: Random, picture: Floats) -> Floats:
    """By one number, or by one in each channel."""
    return floats(picture * rng.uniform(0.6, 1.4, 3 if rng.random() < 0.5 else 1))


def salt_and_pepper(rng: Random, picture: Floats) -> Floats:
    """Pixels turned white or black."""
    drawn, share = rng.random(picture.shape[:2]), rng.uniform(0.005, 0.05)
    made = picture.copy()
    made[drawn < share / 2] = 0
    made[drawn > 1 - share / 2] = 1
    return made


def gamma_contrast(rng: Random, picture: Floats) -> Floats:
    """v to the power of gamma."""
    return floats(picture ** np.float32(np.exp(rng.uniform(np.log(0.5), np.log(2)))))


def hue_and_saturation(rng: Random, picture: Floats) -> Floats:
    """Something added to both."""
    hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)
    return recoloured(hsv, float(rng.uniform(-60, 60)), float(rng.uniform(-0.3, 0.3)), 0.0)


def histogram_equalisation(rng: Random, picture: Floats) -> Floats:
    """Of the lightness, to a random share: values become their ranks."""
    lightness = picture.max(axis=2)
    levels = np.round(lightness * 255).astype(np.uint8)
    ranks = np.cumsum(np.bincount(levels.ravel(), minlength=256)) / levels.size
    share = rng.uniform(0.5, 1.0)
    wanted = (1 - share) * lightness + share * ranks[levels]
    return floats(picture * (wanted / np.maximum(lightness, 1 / 255))[..., None])


def gaussian_blur(rng: Random, picture: Floats) -> Floats:
    """By a third of a pixel to 2 pixels."""
    return floats(cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.3, 2.0))))


def jpeg_compression(rng: Random, picture: Floats) -> Floats:
    """Written as JPEG of quality 25 to 90 and read again."""
    levels = np.ascontiguousarray(np.round(picture[..., ::-1] * 255).astype(np.uint8))
    done, content = cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 91))])
    read = cv2.imdecode(content, cv2.IMREAD_COLOR) if done else None
    return picture if read is None else floats(np.asarray(read)[..., ::-1].astype(np.float32) / 255)


OPERATIONS: Mapping[str, Mapping[str, Operation]] = {
    "linear": {
        "linear contrast": linear_contrast,
        "brightness adjustment": brightness,
        "channel inversion": channel_inversion,
        "channel shuffling": channel_shuffling,
        "gaussian noise": gaussian_noise,
        "poisson noise": poisson_noise,
        "random dropout": dropout,
        "cloud": clouds,
        "snow": snow,
        "multiply": multiply,
        "salt and pepper": salt_and_pepper,
    },
    "nonlinear": {
        "gamma contrast": gamma_contrast,
        "hue and saturation": hue_and_saturation,
        "histogram equalization": histogram_equalisation,
    },
    "region": {"gaussian blur": gaussian_blur, "jpeg compression": jpeg_compression},
}
"""The options of 5.5.3 by their names there."""


def _spots(rng: Random, shape: tuple[int, ...]) -> Floats:
    """Random numbers in [0, 1), each for a pixel or for a square of 2 to 6."""
    cell = int(rng.integers(1, 7))
    small = rng.random((-(-shape[0] // cell), -(-shape[1] // cell)), np.float32)
    return small.repeat(cell, axis=0).repeat(cell, axis=1)[: shape[0], : shape[1]]
