"""Colours and textures: noise whose spectrum falls like that of photos, dead leaves, cloth and skin-like surfaces."""

from __future__ import annotations

import cv2
import numpy as np

from models.training.drawing.layer import SHIFT, Floats, fixed

Random = np.random.Generator


def noise(rng: Random, size_px: int, coarsest: int = 2, finest: int = 320, roughness: float = 1.0) -> Floats:
    """Smooth noise (size_px, size_px), mean about 0, deviation about 1.

    It is a sum of octaves of ``coarsest`` to ``finest`` cells across; each octave's strength falls with its frequency
    to the power ``roughness`` (1 is what photos have).
    """
    total, power, cells = np.zeros((size_px, size_px), np.float32), 0.0, coarsest
    while cells <= min(finest, size_px):
        grid = rng.standard_normal((cells + 2, cells + 2), np.float32)
        weight = float(coarsest / cells) ** roughness
        total += weight * cv2.resize(grid, (size_px, size_px), interpolation=cv2.INTER_CUBIC)
        power += weight**2
        cells *= 2
    return total / np.float32(max(power, 1e-6) ** 0.5)


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
    turns, corners = rng.random(count) * 2 * np.pi, rng.integers(3, 14, count)
    squeeze = rng.uniform(0.3, 1, count)
    for i in np.argsort(-radius + rng.normal(0, 0.08 * size_px, count)):
        angle = np.linspace(0, 2 * np.pi, 24 if corners[i] > 6 else corners[i], endpoint=False) + turns[i]
        ring = np.stack([np.cos(angle), squeeze[i] * np.sin(angle)], -1) * radius[i]
        turn = np.asarray([[np.cos(turns[i]), -np.sin(turns[i])], [np.sin(turns[i]), np.cos(turns[i])]])
        outline = np.asarray(ring @ turn + centres[i], np.float32)
        cv2.fillPoly(sheet, [fixed(outline, 1)], colours[i].tolist(), cv2.LINE_AA, SHIFT)
    picture = sheet.astype(np.float32) / 255
    texture = noise(rng, size_px, 8, 320, 0.7)
    return np.clip(picture[..., :3] * (1 + sharp * (picture[..., 3] * texture)[..., None]), 0, 1).astype(np.float32)


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
    light = 1 + rng.uniform(0.1, 0.3) * noise(rng, size_px, 2, 8) + rng.uniform(0.01, 0.15) * noise(rng, size_px, 16)
    return np.clip(picture * light[..., None], 0, 1).astype(np.float32)
