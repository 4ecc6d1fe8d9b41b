"""Cloth and what light passes through: lace, nets, knitting, veils, glass and smoke, holes."""

from __future__ import annotations

import cv2
import numpy as np

from models.training.drawing.layer import SHIFT, Floats, canvas, fill, fixed, floats, ink, keep, over, paint, shade
from models.training.drawing.outlines import body, seen
from models.training.drawing.strands import Habit, draw, grow, shades
from models.training.drawing.textures import any_colour, noise, surface

Random = np.random.Generator


def solid(rng: Random, size_px: int, rough: float = 0.12, scale: float = 1.0) -> tuple[Floats, Floats]:
    """A solid body painted with a surface (layer), and its outline (n, 2); ``scale`` as for ``body``."""
    finer, outline = 2, body(rng, size_px, rough, scale).points
    sheet = canvas(size_px, finer)
    fill(sheet, outline, np.ones(3, np.float32), finer)
    layer = paint(keep(sheet, size_px), surface(rng, size_px))
    if rng.random() < 0.35:
        # A second part: limbs and gaps between them, where one colour meets another inside.
        sheet[:] = 0
        fill(sheet, body(rng, size_px, rough, scale).points, np.ones(3, np.float32), finer)
        layer = over(layer, paint(keep(sheet, size_px), surface(rng, size_px)))
    return layer, outline


def bent(rng: Random, layer: Floats, strength_px: float) -> Floats:
    """The layer as it lies on something uneven: shifted smoothly by about ``strength_px`` pixels."""
    size_px = len(layer)
    y, x = np.mgrid[0:size_px, 0:size_px].astype(np.float32)
    dx, dy = (strength_px * noise(rng, size_px, 2, 4) for _ in range(2))
    return floats(cv2.remap(layer, x + dx, y + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101))


def _threads(rng: Random, size_px: int, finer: int) -> Floats:
    """A field of crossing threads (layer) over the whole picture: square, slanted or hexagonal."""
    sheet, colour = canvas(size_px, finer), any_colour(rng)
    gap, width = rng.uniform(4, 26), int(rng.integers(1, 6))
    turn, skew = rng.random() * np.pi, rng.uniform(0.9, 2.2)
    wave, phase = rng.choice([0.0, 0.22]) * gap, 0.0
    reach = np.arange(-0.75 * size_px, 0.75 * size_px, gap / 2 if wave else size_px / 8)
    for direction in (turn, turn + skew):
        ahead = np.asarray([np.cos(direction), np.sin(direction)])
        aside = np.asarray([-ahead[1], ahead[0]])
        for offset in np.arange(-0.75 * size_px, 0.75 * size_px, gap):
            sway = wave * np.where(np.arange(len(reach)) % 2, 1, -1)
            path = size_px / 2 + ahead * reach[:, None] + aside * (offset + sway)[:, None]
            tint = shades(rng, colour, 1, 0.08)[0]
            cv2.polylines(sheet, [fixed(path.astype(np.float32), finer)], False, ink(tint), width, cv2.LINE_AA, SHIFT)
        phase += gap
    return keep(sheet, size_px)


def net(rng: Random, size_px: int) -> Floats:
    """A net or mesh (layer) that hangs over a part of the picture, tied to something solid."""
    threads = bent(rng, _threads(rng, size_px, 2), rng.uniform(0, 0.04) * size_px)
    reach = body(rng, size_px, 0.15)
    mask = canvas(size_px, 2)
    fill(mask, reach.points, np.ones(3, np.float32), 2)
    return over(threads * keep(mask, size_px)[..., 3:], solid(rng, size_px)[0])


def lace(rng: Random, size_px: int) -> Floats:
    """Lace (layer): a fine mesh with rosettes, and a scalloped edge along solid cloth."""
    finer, colour = 2, any_colour(rng) * np.float32(0.4) + np.float32(rng.uniform(0, 0.55))
    cloth, outline = solid(rng, size_px)
    sheet, width = canvas(size_px, finer), int(rng.integers(1, 4))
    middle = outline.mean(0)
    for ring, grow_by in enumerate(np.arange(1.0, 1.0 + rng.uniform(0.12, 0.4), 0.035)):
        petals = outline[:: max(1, int(rng.integers(3, 9)))]
        swell = 1 + 0.02 * (np.arange(len(petals)) % 2)
        path = middle + (petals - middle) * grow_by * swell[:, None]
        tint = ink(shades(rng, colour, 1, 0.08)[0])
        cv2.polylines(sheet, [fixed(path.astype(np.float32), finer)], True, tint, width, cv2.LINE_AA, SHIFT)
        if ring % 2:
            for point in path[::2]:
                centre = fixed(point, finer)
                size = int(rng.uniform(1.5, 6) * finer * (1 << SHIFT))
                thick = -1 if rng.random() < 0.4 else width
                cv2.circle(sheet, (int(centre[0]), int(centre[1])), size, tint, thick, cv2.LINE_AA, SHIFT)
    mesh = _threads(rng, size_px, finer) * np.float32(rng.uniform(0.5, 1))
    hem = canvas(size_px, finer)
    fill(
        hem,
        np.asarray(middle + (outline - middle) * rng.uniform(1.05, 1.25), np.float32),
        np.ones(3, np.float32),
        finer,
    )
    mesh = paint(mesh * keep(hem, size_px)[..., 3:], np.broadcast_to(colour, (size_px, size_px, 3)))
    return over(cloth, over(bent(rng, keep(sheet, size_px), 2), mesh))


def knitting(rng: Random, size_px: int) -> Floats:
    """Knitted wool (layer): stitches on the body, loops along its edge and fine fuzz standing off."""
    finer, colour = 2, any_colour(rng)
    outline = body(rng, size_px)
    sheet, step = canvas(size_px, finer), rng.uniform(3, 8)
    fill(sheet, outline.points, colour, finer)
    near = seen(outline, size_px, 10)
    for point in near.points[:: max(1, int(step))]:
        x, y = (int(v) for v in fixed(point, finer))
        cv2.circle(sheet, (x, y), int(rng.uniform(0.5, 1) * step * finer * 16), ink(shades(rng, colour, 1)[0]), -1,
                   cv2.LINE_AA, SHIFT)  # fmt: skip
    count = int(min(900, len(near.points) * rng.uniform(0.8, 3)))
    place = near.at(rng, count, rng.uniform(0, 0.1 * size_px, count).astype(np.float32))
    lengths = rng.uniform(3, 3 + 0.05 * size_px, count).astype(np.float32)
    fuzz = grow(rng, *place, lengths, Habit(0.8, rng.uniform(0.5, 2), 1.0, 0.4, 0, 0.7))
    draw(sheet, fuzz, shades(rng, colour, count, 0.2), np.ones(count, np.int64), finer, 0.3)
    y, x = np.mgrid[0:size_px, 0:size_px].astype(np.float32)
    bend = 0.2 * step * noise(rng, size_px, 2, 8)
    rows = np.cos(np.pi * (x + bend) / step) * np.cos(np.pi * (y + bend + np.abs((x % (2 * step)) - step)) / step)
    return shade(
        keep(sheet, size_px), (0.85 + 0.25 * rows + 0.05 * noise(rng, size_px, 32)).clip(0.2, 1.4).astype(np.float32)
    )


def veil(rng: Random, size_px: int) -> Floats:
    """A veil (layer): cloth that lets a steady share of light through, in folds, over or beside something solid."""
    sheer, _ = solid(rng, size_px)
    folds = noise(rng, size_px, 2, 32, 1.2)
    stretch = int(rng.integers(8, max(9, size_px // 6)))
    folds = cv2.blur(folds, (1, stretch)) if rng.random() < 0.5 else cv2.blur(folds, (stretch, 1))
    density = np.clip(rng.uniform(0.2, 0.8) + rng.uniform(0.02, 0.2) * folds, 0.08, 0.95)
    if rng.random() < 0.5:
        density = density * (0.75 + 0.25 * _threads(rng, size_px, 2)[..., 3])
    tint = any_colour(rng) * np.float32(0.5) + np.float32(rng.uniform(0.1, 0.5))
    colours = tint * (1 + 0.15 * folds[..., None]) if rng.random() < 0.7 else sheer[..., :3]
    film = paint(sheer, colours) * density[..., None].astype(np.float32)
    return over(film, solid(rng, size_px)[0])


def glass(rng: Random, size_px: int) -> Floats:
    """Glass (layer): thin in the middle, denser towards its rim, with highlights, beside something solid."""
    shape, _ = solid(rng, size_px, rough=0.06)
    depth = cv2.distanceTransform((shape[..., 3] > 0.5).astype(np.uint8), cv2.DIST_L2, 3)
    rim = np.exp(-depth / (rng.uniform(0.01, 0.06) * size_px))
    density = rng.uniform(0.15, 0.5) + rng.uniform(0.2, 0.5) * rim + 0.03 * noise(rng, size_px, 2, 16)
    light = np.clip(noise(rng, size_px, 3, 12) * 3 - rng.uniform(4, 6), 0, 1)
    density = np.clip(density + light, 0.05, 1)
    tint = any_colour(rng) * np.float32(0.6) + np.float32(0.2)
    film = paint(shape, tint + light[..., None]) * density[..., None].astype(np.float32)
    back = solid(rng, size_px)[0]
    return over(film, back) if rng.random() < 0.5 else over(back, film)


def smoke(rng: Random, size_px: int) -> Floats:
    """Smoke, steam or mist (layer) round something solid."""
    wisps = bent(rng, noise(rng, size_px, 2, 64, rng.uniform(0.8, 1.3))[..., None], 0.06 * size_px)
    wisps = wisps.reshape(size_px, size_px)
    y, x = np.mgrid[0:size_px, 0:size_px].astype(np.float32) / size_px
    turn = rng.random() * 2 * np.pi
    fade = np.clip((np.cos(turn) * (x - 0.5) + np.sin(turn) * (y - 0.5)) * rng.uniform(1, 3) + 0.5, 0, 1)
    density = np.clip((0.25 + 0.35 * wisps) * rng.uniform(0.6, 1.5), 0, 0.95) * fade
    grey = np.float32(rng.uniform(0.3, 0.95)) + 0.2 * (any_colour(rng) - 0.5)
    colours = np.clip(grey * (1 + 0.06 * wisps[..., None]), 0, 1)
    whole = np.ones((size_px, size_px, 4), np.float32)
    return over(paint(whole, colours) * density[..., None].astype(np.float32), solid(rng, size_px)[0])


def holes(rng: Random, size_px: int) -> Floats:
    """A solid thing pierced by many holes (layer), as wicker, leaves eaten away, or stencils are."""
    finer = 2
    layer, _ = solid(rng, size_px)
    sheet = canvas(size_px, finer)
    count = int(rng.integers(10, 70))
    for centre, radius in zip(rng.random((count, 2)) * size_px, rng.gamma(2, 0.012 * size_px, count), strict=True):
        angle = np.linspace(0, 2 * np.pi, int(rng.integers(3, 10)), endpoint=False) + rng.random()
        ring = np.stack([np.cos(angle), np.sin(angle) * rng.uniform(0.4, 1)], -1) * (radius + 1)
        ring *= rng.uniform(0.6, 1.3, (len(angle), 1))
        fill(sheet, np.asarray(centre + ring, np.float32), np.ones(3, np.float32), finer)
    open_part = keep(sheet, size_px)[..., 3]
    shadow = 1 - 0.5 * cv2.GaussianBlur(open_part, (0, 0), rng.uniform(1, 4))
    return shade(layer * (1 - open_part[..., None]), shadow)
