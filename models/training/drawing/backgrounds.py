"""What lies behind: pictures with the statistics of photos, mostly out of focus, some deliberately like the front."""

from __future__ import annotations

import cv2
import numpy as np

from models.training.drawing.layer import SHIFT, Floats, floats
from models.training.drawing.textures import any_colour, dead_leaves, noise, palette, stripes

Random = np.random.Generator


def background(rng: Random, size_px: int) -> Floats:
    """A picture (size_px, size_px, 3) in [0, 1] to lie behind a foreground."""
    styles = (_leaves, _leaves, _scene, _gradient, _lights, _clouds, _bands)
    picture = styles[int(rng.integers(len(styles)))](rng, size_px)
    if rng.random() < 0.8:
        picture = cv2.GaussianBlur(picture, (0, 0), float(rng.gamma(1.5, 0.011 * size_px)) + 0.3)
    return np.clip(picture, 0, 1).astype(np.float32)


def _leaves(rng: Random, size_px: int) -> Floats:
    return dead_leaves(rng, size_px, int(rng.integers(60, 500)), rng.uniform(0, 0.4))


def _scene(rng: Random, size_px: int) -> Floats:
    """Sky above, something rough below, as landscapes and rooms have it."""
    sky, ground = _gradient(rng, size_px), _leaves(rng, size_px)
    if rng.random() < 0.5:
        ground = np.clip(ground * 0.5 + 0.5 * any_colour(rng) * (1 + 0.3 * noise(rng, size_px, 8)[..., None]), 0, 1)
    y = np.linspace(0, 1, size_px, dtype=np.float32)[:, None]
    skyline = rng.uniform(0.2, 0.8) + 0.06 * noise(rng, size_px, 4, 64)[0][None]
    share = np.clip((y - skyline) * size_px / rng.uniform(1, 6) + 0.5, 0, 1)[..., None].astype(np.float32)
    return share * ground + (1 - share) * sky


def _gradient(rng: Random, size_px: int) -> Floats:
    """A plain wall or sky: two colours flowing into each other, hardly any grain."""
    x = np.linspace(0, 1, size_px, dtype=np.float32)
    turn = rng.random() * 2 * np.pi
    along = np.cos(turn) * (x[None] - 0.5) + np.sin(turn) * (x[:, None] - 0.5) + 0.5
    along = np.clip(along + 0.05 * noise(rng, size_px, 2, 4), 0, 1)[..., None]
    first = any_colour(rng)
    second = any_colour(rng) if rng.random() < 0.3 else np.clip(first * rng.uniform(0.4, 1.6), 0, 1)
    grain = rng.uniform(0, 0.03) * noise(rng, size_px, 8, 320, 0.6)[..., None]
    return (along * first + (1 - along) * second + grain).astype(np.float32)


def _lights(rng: Random, size_px: int) -> Floats:
    """Lights out of focus before a darker blur: discs that add up."""
    count = int(rng.integers(10, 90))
    sheet = np.zeros((size_px, size_px, 3), np.float32)
    radius, colours = rng.uniform(0.01, 0.07) * size_px, palette(rng, count)
    for colour, (x, y) in zip(colours, rng.random((count, 2)) * size_px, strict=True):
        disc = np.zeros((size_px, size_px), np.uint8)
        reach = radius * rng.uniform(0.6, 1.3)
        cv2.circle(disc, (int(x * 16), int(y * 16)), int(reach * 16), (255,), -1, cv2.LINE_AA, SHIFT)
        left, top = max(0, int(x - reach - 2)), max(0, int(y - reach - 2))
        part = np.s_[top : int(y + reach + 2), left : int(x + reach + 2)]
        sheet[part] += disc[part][..., None] * (colour * np.float32(rng.uniform(0.2, 1.2) / 255))
    behind = cv2.GaussianBlur(_leaves(rng, size_px), (0, 0), 0.04 * size_px)
    return np.clip(behind * np.float32(rng.uniform(0.2, 0.9)) + sheet, 0, 1)


def _clouds(rng: Random, size_px: int) -> Floats:
    """Noise like a photo's spectrum between a few colours: rock, plaster, foliage far off."""
    share = np.clip(0.5 + 0.4 * noise(rng, size_px, 2, 320, rng.uniform(0.6, 1.3)), 0, 1)[..., None]
    fine = rng.uniform(0.02, 0.2) * noise(rng, size_px, 8, 320, 0.7)[..., None]
    return ((share * any_colour(rng) + (1 - share) * any_colour(rng)) * (1 + fine)).astype(np.float32)


def _bands(rng: Random, size_px: int) -> Floats:
    """Regular structure: shutters, bricks, cloth."""
    bands = stripes(rng, size_px) if rng.random() < 0.5 else stripes(rng, size_px) * stripes(rng, size_px)
    share = np.clip(bands * rng.uniform(0.5, 6), -1, 1)[..., None] * 0.5 + 0.5
    light = 1 + 0.15 * noise(rng, size_px, 2, 16)[..., None]
    return ((share * any_colour(rng) + (1 - share) * any_colour(rng)) * light).astype(np.float32)


def like(picture: Floats, colours: Floats, alpha: Floats, share: float) -> Floats:
    """The picture (H, W, 3) with its colours' mean and spread moved towards those of ``colours`` where alpha covers.

    So that colour alone does not tell the front from what is behind. ``share`` 0 leaves the picture, 1 moves it fully.
    """
    weight, flat = alpha.ravel() / max(float(alpha.sum()), 1e-3), colours.reshape(-1, 3)
    mean = weight @ flat
    spread = np.sqrt(np.maximum(weight @ flat**2 - mean**2, 0)) + 0.02
    own_mean, own_spread = cv2.meanStdDev(picture)
    stretch = np.clip(spread / (own_spread[:, 0] + 0.02), 0.3, 2.5)
    moved = picture * floats(stretch) + floats(mean - own_mean[:, 0] * stretch)
    return np.clip(share * moved + (1 - share) * picture, 0, 1).astype(np.float32)
