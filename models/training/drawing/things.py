"""Plants, wires and plain edges: what has hard outlines, and what the lens or the movement softens."""

from __future__ import annotations

import cv2
import numpy as np

from models.training.drawing.fabric import solid
from models.training.drawing.layer import (
    SHIFT,
    Bytes,
    Floats,
    canvas,
    fill,
    fixed,
    floats,
    ink,
    inks,
    keep,
    over,
    shade,
)
from models.training.drawing.strands import Habit, blades, grow, shades
from models.training.drawing.textures import any_colour, hsv, noise

Random = np.random.Generator


def leaf_colour(rng: Random) -> Floats:
    """A colour (3,) of plants: mostly greens, some dry or autumnal."""
    hue = rng.uniform(0.16, 0.4) if rng.random() < 0.7 else rng.uniform(0.0, 0.16)
    return hsv(float(hue), float(rng.uniform(0.3, 0.9)), float(rng.uniform(0.15, 0.65)))


def _sunlit(rng: Random, layer: Floats) -> Floats:
    """The layer in uneven light."""
    size_px = len(layer)
    light = 1 + rng.uniform(0.1, 0.35) * noise(rng, size_px, 2, 24) + 0.05 * noise(rng, size_px, 32)
    return shade(layer, np.clip(light, 0.2, 2).astype(np.float32))


def grass(rng: Random, size_px: int) -> Floats:
    """Blades of grass (layer) that rise from solid ground."""
    finer, colour, other = 2, leaf_colour(rng), leaf_colour(rng)
    sheet, ground = canvas(size_px, finer), rng.uniform(0.55, 0.95) * size_px
    x = np.linspace(-5, size_px + 5, 40)
    level = ground + 0.03 * size_px * np.cumsum(rng.standard_normal(40)) / 3
    floor = np.vstack([np.stack([x, level], -1), [[size_px + 5, size_px + 9], [-5, size_px + 9]]])
    fill(sheet, floor.astype(np.float32), colour * np.float32(0.7), finer)
    count = int(rng.integers(60, 320))
    roots = np.stack([rng.uniform(-0.05, 1.05, count) * size_px, ground + rng.uniform(0, 0.15, count) * size_px], -1)
    lengths = (rng.uniform(0.1, rng.uniform(0.3, 0.8), count) * size_px).astype(np.float32)
    habit = Habit(rng.uniform(0.2, 0.8), 0, 1, 0.1, rng.uniform(0, 0.9), rng.uniform(0.15, 0.4))
    paths = grow(rng, roots.astype(np.float32), np.full(count, -np.pi / 2, np.float32), lengths, habit)
    widths = rng.uniform(0.8, rng.uniform(2, 8), count)
    outlines = fixed(blades(paths, widths, 0.2), finer)
    for outline, tint in zip(outlines, inks(shades(rng, colour, count, 0.25, other)), strict=True):
        cv2.fillPoly(sheet, [outline], tint, cv2.LINE_AA, SHIFT)
    return _sunlit(rng, keep(sheet, size_px))


def leaves(rng: Random, size_px: int) -> Floats:
    """Twigs with leaves (layer), in front of their own bush or alone."""
    finer, colour, other = 2, leaf_colour(rng), leaf_colour(rng)
    sheet = canvas(size_px, finer)
    twigs, side = int(rng.integers(5, 22)), float(rng.integers(0, 4)) * np.pi / 2
    middle = size_px * (0.5 - 0.45 * np.asarray([np.cos(side), np.sin(side)]))
    roots = middle + rng.normal(0, 0.16 * size_px, (twigs, 2))
    lengths = (rng.uniform(0.3, 0.8, twigs) * size_px).astype(np.float32)
    paths = grow(
        rng, roots.astype(np.float32), np.full(twigs, side, np.float32), lengths, Habit(0.5, 0, 1, 0.3, 0.3, 0.8)
    )
    size, belly = rng.uniform(0.03, 0.14) * size_px, rng.uniform(0.12, 0.45)
    for path in paths:
        wood = ink(shades(rng, colour * np.float32(0.5), 1)[0])
        cv2.polylines(sheet, [fixed(path, finer)], False, wood, int(rng.integers(1, 4)), cv2.LINE_AA, SHIFT)
        count = int(rng.integers(8, 22))
        places = path[rng.integers(1, len(path), count)]
        angles = side + rng.normal(0, 0.9, count)
        ribs = grow(rng, places, angles.astype(np.float32), (size * rng.uniform(0.5, 1.2, count)).astype(np.float32),
                    Habit(0.4, 0, 1, 0.05, 0.2, 0.2))  # fmt: skip
        outlines, middles = fixed(blades(ribs, np.full(count, size * belly), 1.0), finer), fixed(ribs, finer)
        tints = shades(rng, colour, count, 0.25, other)
        for outline, middle, tint, vein in zip(outlines, middles, inks(tints), inks(tints * 1.25), strict=True):
            cv2.fillPoly(sheet, [outline], tint, cv2.LINE_AA, SHIFT)
            cv2.polylines(sheet, [middle], False, vein, 1, cv2.LINE_AA, SHIFT)
    layer = _sunlit(rng, keep(sheet, size_px))
    return over(layer, solid(rng, size_px, scale=0.6)[0]) if rng.random() < 0.5 else layer


def wires(rng: Random, size_px: int) -> Floats:
    """Spokes, cables, fences and bars (layer), fixed to something solid."""
    finer = 3 if rng.random() < 0.4 else 2
    sheet, colour = canvas(size_px, finer), any_colour(rng)
    if rng.random() < 0.45:
        _wheel(rng, sheet, size_px, finer, colour)
    for _ in range(int(rng.integers(3, 16))):
        ends = rng.uniform(-0.2, 1.2, (2, 2)) * size_px
        t = np.linspace(0, 1, 16)[:, None]
        sag = np.asarray([[0, 1]]) * 4 * t * (1 - t) * rng.uniform(0, 0.15) * size_px
        path = ends[0] * (1 - t) + ends[1] * t + sag
        width = int(min(14, rng.geometric(0.3)))
        tint = ink(shades(rng, colour, 1, 0.3)[0])
        cv2.polylines(sheet, [fixed(path.astype(np.float32), finer)], False, tint, width, cv2.LINE_AA, SHIFT)
    return over(solid(rng, size_px, scale=0.6)[0], _sunlit(rng, keep(sheet, size_px)))


def _wheel(rng: Random, sheet: Bytes, size_px: int, finer: int, colour: Floats) -> None:
    """A wheel's hub, spokes and rim on the canvas."""
    centre, radius = rng.uniform(0.2, 0.8, 2) * size_px, rng.uniform(0.25, 0.6) * size_px
    turns = np.linspace(0, 2 * np.pi, int(rng.integers(10, 40)), endpoint=False)
    width = int(rng.integers(1, 4))
    for turn in turns:
        lean = turn + rng.choice([-0.3, 0.3])
        ends = [[np.cos(lean) * 0.06, np.sin(lean) * 0.06], [np.cos(turn), np.sin(turn)]]
        path = centre + np.asarray(ends) * radius
        tint = ink(shades(rng, colour, 1, 0.2)[0])
        cv2.polylines(sheet, [fixed(path.astype(np.float32), finer)], False, tint, width, cv2.LINE_AA, SHIFT)
    x, y = (int(v) for v in fixed(centre.astype(np.float32), finer))
    for share, thick in ((1.0, int(rng.integers(3, 16))), (0.07, -1)):
        cv2.circle(sheet, (x, y), int(radius * share * finer * (1 << SHIFT)), ink(colour), thick, cv2.LINE_AA, SHIFT)


def defocused(rng: Random, size_px: int) -> Floats:
    """A plain thing (layer) whose edge lies out of focus, here more and there less."""
    layer, _ = solid(rng, size_px, rough=rng.uniform(0.05, 0.25))
    far = _through_lens(layer, rng.uniform(2, 0.03 * size_px + 3))
    where = np.clip(noise(rng, size_px, 2, 4) * 0.6 + rng.uniform(-0.2, 1), 0, 1)[..., None].astype(np.float32)
    return floats(where * far + (1 - where) * layer)


def _through_lens(layer: Floats, radius_px: float) -> Floats:
    """The layer out of focus: every point a disc."""
    reach = int(np.ceil(radius_px))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float32)
    disc = np.clip(radius_px + 0.5 - np.hypot(x, y), 0, 1)
    return floats(cv2.filter2D(layer, -1, disc / disc.sum(), borderType=cv2.BORDER_REPLICATE))


def moving(rng: Random, size_px: int) -> Floats:
    """A thing (layer) that moved while the shutter was open."""
    layer = solid(rng, size_px, rough=0.2)[0] if rng.random() < 0.6 else wires(rng, size_px)
    reach = int(rng.integers(3, max(4, round(0.06 * size_px)) + 1))
    trail = np.zeros((2 * reach + 1, 2 * reach + 1), np.uint8)
    turn = rng.random() * np.pi
    dx, dy = reach * np.cos(turn), reach * np.sin(turn)
    ends = np.asarray([[reach - dx, reach - dy], [reach + dx, reach + dy]], np.float32)
    cv2.polylines(trail, [fixed(ends, 1)], False, (255,), 1, cv2.LINE_AA, SHIFT)
    path = trail.astype(np.float32)
    return floats(cv2.filter2D(layer, -1, path / path.sum(), borderType=cv2.BORDER_REPLICATE))
