"""Colours and textures: noise whose spectrum falls like that of photos, dead leaves, cloth and skin-like surfaces."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.drawing.layer import SHIFT, Floats, fixed, floats

Random = np.random.Generator


def noise(rng: Random, size_px: int, coarsest: int = 2, finest: int = 320, roughness: float = 1.0) -> Floats:
    """Smooth noise (size_px, size_px), mean about 0, deviation about 1.

    It is a sum of octaves of ``coarsest`` to ``finest`` cells across; each octave's strength falls with its frequency
    to the power ``roughness`` (1 is what photos have).
    """
    total, power, weight, cells = np.zeros((2, 2), np.float32), 0.0, 1.0, coarsest
    while cells <= min(finest, size_px):
        # The sum grows with its cells, so that only the last octave has the picture's size.
        total = cv2.resize(total, (cells + 2, cells + 2), interpolation=cv2.INTER_CUBIC)
        total += np.float32(weight) * rng.standard_normal((cells + 2, cells + 2), np.float32)
        power, weight, cells = power + weight**2, weight / 2**roughness, cells * 2
    whole = cv2.resize(total, (size_px, size_px), interpolation=cv2.INTER_CUBIC)
    return floats(whole * np.float32(1 / max(power, 1e-6) ** 0.5))


def hsv(hue: float, saturation: float, value: float) -> Floats:
    """A colour (3,) in [0, 1] from hue in turns, saturation and value in [0, 1]."""
    steps = (np.asarray([0, 2 / 3, 1 / 3]) + hue) % 1 * 6
    ramp = np.clip(np.abs(steps - 3) - 1, 0, 1)
    return np.asarray(value * (1 - saturation * (1 - ramp)), np.float32)


def any_colour(rng: Random) -> Floats:
    """A colour (3,) as things have them: mostly muted, now and then vivid, oftener warm than not."""
    hue = rng.normal(0.09, 0.06) if rng.random() < 0.45 else rng.random()
    return hsv(float(hue), float(rng.beta(1.6, 2.2)), float(rng.beta(2.2, 1.8)))


def palette(rng: Random, count: int) -> Floats:
    """Colours (count, 3) that go together: shades of a few."""
    bases = np.stack([any_colour(rng) for _ in range(int(rng.integers(2, 6)))])
    chosen = bases[rng.integers(0, len(bases), count)]
    grey = bases.mean(-1, keepdims=True)[rng.integers(0, len(bases), count)]
    muted = rng.uniform(0, 0.8)
    chosen = muted * grey + (1 - muted) * chosen
    light = np.exp(rng.normal(0, 0.35, (count, 1)))
    return np.asarray(np.clip(chosen * light + rng.normal(0, 0.04, (count, 3)), 0, 1), np.float32)


def dead_leaves(rng: Random, size_px: int, count: int, sharp: float = 0.12) -> Floats:
    """A picture (size_px, size_px, 3) in [0, 1] of shapes that hide one another, their sizes falling as a power law.

    Occlusion at every scale is what gives photos their edges and their spectrum. Each shape has a colour and, in a
    fourth plane, how strongly the finest texture shows on it; ``sharp`` bounds that.
    """
    sheet = np.zeros((size_px, size_px, 4), np.uint8)
    colours = np.dstack([palette(rng, count)[None], rng.random((1, count, 1), np.float32)])[0] * 255
    sheet[:] = colours[0]
    smallest, largest = 0.008 * size_px, 0.45 * size_px
    radius = smallest / (1 - rng.random(count) * (1 - (smallest / largest) ** 1.6)) ** (1 / 1.6)
    centres = rng.random((count, 2)) * size_px
    outlines = fixed(_shapes(rng, radius, centres), 1)
    inks = colours.tolist()
    for i in np.argsort(-radius + rng.normal(0, 0.08 * size_px, count)):
        cv2.fillPoly(sheet, [outlines[i]], inks[i], cv2.LINE_AA, SHIFT)
    picture = sheet.astype(np.float32) / 255
    texture = noise(rng, size_px, 8, 320, 0.7)
    return np.clip(picture[..., :3] * (1 + sharp * (picture[..., 3] * texture)[..., None]), 0, 1).astype(np.float32)


def _shapes(rng: Random, radius: NDArray[np.floating], centres: NDArray[np.floating]) -> Floats:
    """Ellipses and irregular corners (n, 16, 2) of those radii (n,) in pixels about those centres (n, 2)."""
    count = len(radius)
    corners = rng.choice([16, 3, 4, 5], (count, 1), p=[0.6, 0.1, 0.2, 0.1])
    # One turn in sixteen steps; with fewer corners some steps stay where they are.
    angle = np.arange(16)[None] * corners // 16 * (2 * np.pi / corners)
    turns, squeeze = rng.random((count, 1)) * 2 * np.pi, rng.uniform(0.3, 1, (count, 1))
    x, y = np.cos(angle), squeeze * np.sin(angle)
    turned = np.stack([np.cos(turns) * x - np.sin(turns) * y, np.sin(turns) * x + np.cos(turns) * y], -1)
    return floats(turned * radius[:, None, None] + centres[:, None])


def stripes(rng: Random, size_px: int) -> Floats:
    """Waves (size_px, size_px) in [-1, 1] that run across in bent bands, as cloth, wood and brick show them."""
    y, x = np.mgrid[0:size_px, 0:size_px].astype(np.float32) / size_px
    turn, bands = rng.random() * np.pi, rng.uniform(4, 40)
    along = np.cos(turn) * x + np.sin(turn) * y + 0.04 * rng.random() * noise(rng, size_px, 2, 8)
    return np.sin(2 * np.pi * bands * along).astype(np.float32)


def surface(rng: Random, size_px: int, colour: Floats | None = None) -> Floats:
    """A surface (size_px, size_px, 3) in [0, 1]: one colour or leaves of several, with light, grain and perhaps bands.

    It is what solid things in front are painted with: toys, cloth, skin, wood.
    """
    base = any_colour(rng) if colour is None else colour
    picture = np.broadcast_to(base, (size_px, size_px, 3)).astype(np.float32)
    style = rng.random()
    if style < 0.3:
        leaves = dead_leaves(rng, size_px, int(rng.integers(20, 120)))
        share = rng.uniform(0.3, 1)
        picture = share * leaves + (1 - share) * picture
    elif style < 0.5:
        other, bands = any_colour(rng), stripes(rng, size_px)
        if rng.random() < 0.4:
            bands = bands * stripes(rng, size_px)
        mix = np.clip(bands * rng.uniform(0.5, 4), -1, 1)[..., None] * 0.5 + 0.5
        picture = mix * picture + (1 - mix) * other
    light = (
        1
        + rng.uniform(0.1, 0.3) * noise(rng, size_px, 2, 8)
        + rng.uniform(0.01, 0.12) * noise(rng, size_px, 64, 320, 0.6)
    )
    return np.clip(picture * light[..., None], 0, 1).astype(np.float32)
