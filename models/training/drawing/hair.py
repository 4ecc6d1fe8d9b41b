"""Hair, fur and feathers: strands out of a solid body, with an alpha known strand by strand."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.drawing.fabric import solid
from models.training.drawing.layer import SHIFT, Bytes, Floats, canvas, fill, fixed, inks, keep, over, shade, smooth
from models.training.drawing.outlines import Outline, body, seen
from models.training.drawing.strands import Habit, blades, clump, draw, grow, shades
from models.training.drawing.textures import any_colour, hsv, noise, surface

Random = np.random.Generator


@dataclass(frozen=True)
class Coat:
    """What grows on a body: how, how long (a share of the picture's width), how many per pixel of outline."""

    habit: Habit
    length: tuple[float, float]
    density: float
    combed: float = 0.0
    """0: strands leave the body straight out; 1: all run one way."""
    wet: float = 0.0
    """How strongly strands stick together, 0 to 1."""
    flyaway: float = 0.12
    """The share of strands that go their own way, longer and fainter."""
    backlit: float = 0.0
    """How much brighter thin parts are, as hair before a lamp."""
    tufted: float = 0.25
    """How likely the coat is a tuft: strands with no skin behind them for a good part of their length."""


def natural_hair(rng: Random) -> Floats:
    """A hair colour (3,): black to blond, red, grey, now and then dyed."""
    style = rng.random()
    if style < 0.2:
        return any_colour(rng)
    if style < 0.35:
        return hsv(0.1, float(rng.uniform(0, 0.15)), float(rng.uniform(0.4, 0.95)))
    value = float(rng.uniform(0.06, 0.85))
    return hsv(float(rng.uniform(0.02, 0.12)), float(rng.uniform(0.3, 0.8)), value)


def loose_hair(rng: Random, size_px: int) -> Floats:
    """Straight to wavy hair (layer), long, some of it flying."""
    habit = Habit(
        bend=rng.uniform(0.2, 0.9),
        curl=rng.uniform(0, 0.5),
        waves=rng.uniform(0.5, 2),
        wander=rng.uniform(0.05, 0.35),
        droop=rng.uniform(0, 1.2),
        spread=rng.uniform(0.1, 0.5),
    )
    return _coated(
        rng,
        size_px,
        Coat(
            habit,
            (0.1, rng.uniform(0.25, 0.7)),
            rng.uniform(0.5, 1.6),
            combed=rng.uniform(0, 1),
            wet=rng.uniform(0, 0.5),
            flyaway=rng.uniform(0, 0.3),
        ),
    )


def curly_hair(rng: Random, size_px: int) -> Floats:
    """Curls and loops (layer)."""
    habit = Habit(
        bend=0.6,
        curl=rng.uniform(0.8, 2.2),
        waves=rng.uniform(1.5, 3.5),
        wander=0.3,
        droop=rng.uniform(0, 0.6),
        spread=0.5,
    )
    return _coated(
        rng,
        size_px,
        Coat(
            habit,
            (0.1, rng.uniform(0.25, 0.6)),
            rng.uniform(0.4, 0.9),
            combed=rng.uniform(0, 0.6),
            wet=rng.uniform(0, 0.8),
            flyaway=0.2,
        ),
    )


def hanging_hair(rng: Random, size_px: int) -> Floats:
    """Long dense hair that flows one way and lets the light through for most of its length (layer)."""
    habit = Habit(
        bend=rng.uniform(0.1, 0.4),
        curl=rng.uniform(0, 0.6),
        waves=rng.uniform(0.5, 2.5),
        wander=rng.uniform(0.05, 0.3),
        droop=rng.uniform(0, 0.8),
        spread=rng.uniform(0.05, 0.25),
    )
    lengths = rng.uniform(0.15, 0.4), rng.uniform(0.5, 1.0)
    coat = Coat(habit, lengths, 3, rng.uniform(0.6, 1), wet=rng.uniform(0, 0.7), flyaway=0.15, tufted=0.8)
    return _coated(rng, size_px, coat)


def wet_hair(rng: Random, size_px: int) -> Floats:
    """Hair that sticks together in pointed clumps (layer)."""
    habit = Habit(bend=0.5, curl=rng.uniform(0, 0.6), waves=1.5, wander=0.15, droop=rng.uniform(0, 1.5), spread=0.35)
    return _coated(
        rng,
        size_px,
        Coat(
            habit,
            (0.1, rng.uniform(0.2, 0.5)),
            rng.uniform(0.8, 1.6),
            combed=rng.uniform(0.2, 0.9),
            wet=rng.uniform(0.75, 1),
            flyaway=0.05,
        ),
    )


def backlit_hair(rng: Random, size_px: int) -> Floats:
    """Hair before a light: its thin parts glow (layer)."""
    habit = Habit(bend=0.7, curl=rng.uniform(0, 0.8), waves=2, wander=0.3, droop=rng.uniform(0, 0.6), spread=0.5)
    return _coated(
        rng,
        size_px,
        Coat(
            habit,
            (0.05, rng.uniform(0.15, 0.45)),
            rng.uniform(0.5, 1.2),
            combed=rng.uniform(0, 0.5),
            wet=0.2,
            flyaway=0.3,
            backlit=rng.uniform(0.5, 1.5),
        ),
    )


def fur(rng: Random, size_px: int) -> Floats:
    """Short dense strands all round (layer): plush, coats, towels."""
    curly = rng.random() < 0.3
    habit = Habit(
        bend=0.4,
        curl=1.6 if curly else rng.uniform(0, 0.3),
        waves=1.2 if curly else 1,
        wander=0.15,
        droop=rng.uniform(0, 0.4),
        spread=rng.uniform(0.2, 0.5),
    )
    longest = rng.uniform(0.03, 0.16)
    return _coated(
        rng,
        size_px,
        Coat(
            habit,
            (0.4 * longest, longest),
            rng.uniform(1.2, 2.6),
            combed=rng.uniform(0, 0.7),
            wet=rng.uniform(0, 0.7),
            flyaway=0.04,
        ),
    )


def _coated(rng: Random, size_px: int, coat: Coat) -> Floats:
    """A body with its coat: the skin, the hair close to it, then what flies away over and under it."""
    fine = rng.random() < 0.65
    finer = 4 if fine else 2
    colour, other = natural_hair(rng), natural_hair(rng) if rng.random() < 0.4 else None
    outline = body(rng, size_px, rng.uniform(0.05, 0.16))
    near = seen(outline, size_px, coat.length[1] * size_px * 0.6)
    count = int(np.clip(coat.density * len(near.points) * (8 if fine else 2), 80, 2200 if fine else 900))
    wild = int(count * coat.flyaway * 0.5)
    sheet, faint = canvas(size_px, finer), canvas(size_px, finer)
    longest = coat.length[1] * size_px
    # Under a tuft the skin lies deep, and the light comes through between strands; under a coat it lies close.
    tuft = rng.random() < coat.tufted
    inset = rng.uniform(0.03, 0.15) * size_px if tuft else rng.uniform(0, 0.12) * longest
    fill(sheet, outline.inset(inset), colour * np.float32(rng.uniform(0.4, 0.9)), finer)
    inside = rng.random(count, np.float32) ** (1.0 if tuft else 1.5) * np.float32(
        0.2 * longest + 0.06 * size_px + inset
    )
    if not tuft:
        # Drawn first, and all over: what is seen of a coat is mostly its inside.
        inside[: count // 3] = rng.random(count // 3, np.float32) * np.float32(0.45 * size_px)
    flow = _Flow(float(rng.random() * 2 * np.pi), 0.5 * noise(rng, size_px, 2, 16), noise(rng, size_px, 2, 16))
    if rng.random() < 0.55:
        _locks(rng, sheet, near, colour * np.float32(0.8), coat, flow)
    curves = _strands(rng, near.at(rng, count, inside), size_px, coat, flow)
    draw(
        sheet, curves, shades(rng, colour, count, rng.uniform(0.08, 0.35), other), _widths(rng, count, coat), finer, 0.4
    )
    if wild:
        loose = Coat(
            Habit(1.2, coat.habit.curl * 1.2 + 0.2, coat.habit.waves, 0.5, coat.habit.droop, 0.7),
            coat.length,
            1,
            coat.combed * 0.5,
        )
        curves = _strands(rng, near.at(rng, wild, inside[:wild]), size_px, loose, flow)
        draw(faint, curves, shades(rng, colour, wild, 0.25, other), np.ones(wild, np.int64), finer, 0.4)
    layer = over(keep(faint, size_px) * np.float32(rng.uniform(0.35, 1)), keep(sheet, size_px))
    layer = _lit(rng, _dressed(rng, layer, outline.points), coat)
    beside = rng.random()
    if beside < 0.3:
        part = solid(rng, size_px, scale=0.6)[0]
        layer = over(part, layer) if beside < 0.12 else over(layer, part)
    return layer


def _locks(rng: Random, sheet: Bytes, near: Outline, colour: Floats, coat: Coat, flow: _Flow) -> None:
    """Draw whole locks under the strands: pointed masses between whose hairs no light comes through."""
    size_px = len(flow.lean)
    count = int(min(200, len(near.points) * rng.uniform(0.3, 1)))
    shorter = replace(coat, length=(0.5 * coat.length[0], 0.6 * coat.length[1]), wet=0.0)
    depth = rng.random(count, np.float32) * np.float32(0.15 * coat.length[1] * size_px)
    curves = _strands(rng, near.at(rng, count, depth), size_px, shorter, flow)
    finer = len(sheet) // size_px
    outlines = fixed(blades(curves, rng.uniform(1.5, 4 + 0.06 * coat.length[1] * size_px, count), 0.3), finer)
    for outline, tint in zip(outlines, inks(shades(rng, colour, count, 0.15)), strict=True):
        cv2.fillPoly(sheet, [outline], tint, cv2.LINE_AA, SHIFT)


def _widths(rng: Random, count: int, coat: Coat) -> NDArray[np.integer]:
    """Widths (count,) in canvas pixels: mostly one, how mostly differs from head to head; clumps are thicker."""
    return np.minimum(rng.geometric(rng.uniform(0.4, 0.9) if coat.wet < 0.7 else 0.35, count), 4)


@dataclass(frozen=True)
class _Flow:
    """What neighbouring strands share: the ``wind`` they are combed with, and how they ``turn`` and ``lean`` (H, W)."""

    wind: float
    turn: Floats
    lean: Floats

    def at(self, field: Floats, places: Floats) -> Floats:
        """The field's values (n,) at places (n, 2) given as x, y."""
        x, y = np.clip(places, 0, len(field) - 1).astype(np.intp).T
        return field[y, x]


def _strands(rng: Random, place: tuple[Floats, Floats], size_px: int, coat: Coat, flow: _Flow) -> Floats:
    """Curves (n, steps, 2) from places and directions, combed, flowing and clumped; long ones are rare."""
    roots, angles = place
    east = (1 - coat.combed) * np.cos(angles) + coat.combed * np.cos(flow.wind)
    south = (1 - coat.combed) * np.sin(angles) + coat.combed * np.sin(flow.wind)
    shortest, longest = coat.length
    share = rng.random(len(roots), np.float32) ** 1.6
    lengths = np.float32(size_px) * (np.float32(shortest) + np.float32(longest - shortest) * share)
    ahead = np.arctan2(south, east) + flow.at(flow.turn, roots)
    lean = flow.at(flow.lean, roots) * np.float32(min(1.0, 0.3 + coat.habit.bend))
    curves = grow(rng, roots, ahead, lengths, coat.habit, lean)
    return clump(rng, curves, coat.wet, int(rng.integers(8, 60))) if coat.wet > 0.1 else curves


def _dressed(rng: Random, layer: Floats, outline: Floats) -> Floats:
    """The layer with something else than hair well inside the body in half of the cases: a face, cloth."""
    size_px = len(layer)
    if rng.random() < 0.5:
        return layer
    sheet = canvas(size_px, 1)
    centre = outline.mean(0) + rng.normal(0, 0.05 * size_px, 2)
    fill(sheet, np.asarray(centre + (outline - centre) * rng.uniform(0.4, 0.75), np.float32), np.ones(3, np.float32), 1)
    mask = cv2.GaussianBlur(sheet[..., 3], (0, 0), rng.uniform(0.6, 4)).astype(np.float32)[..., None] / 255
    mask = mask * (layer[..., 3:] > 0.999)
    layer = layer.copy()
    layer[..., :3] = mask * surface(rng, size_px) * layer[..., 3:] + (1 - mask) * layer[..., :3]
    return layer


def _lit(rng: Random, layer: Floats, coat: Coat) -> Floats:
    """Light over the strands: soft shadows, a sheen that changes their colour along the way, and a glow from behind."""
    size_px = len(layer)
    light = 1 + rng.uniform(0.05, 0.3) * noise(rng, size_px, 2, 16) + rng.uniform(0, 0.12) * noise(rng, size_px, 32)
    if coat.backlit:
        thin = 1 - smooth(layer[..., 3], 0.02 * size_px)
        light = light * (1 + coat.backlit * 2 * np.clip(thin, 0, 1))
    return shade(layer, np.clip(light, 0.15, 4).astype(np.float32))


def feathers(rng: Random, size_px: int) -> Floats:
    """Feathers (layer): shafts with barbs on both sides, parted here and there, over a body."""
    finer = 2
    outline = body(rng, size_px)
    near = seen(outline, size_px, 0.05 * size_px)
    count = int(rng.integers(8, 22))
    colour, other = any_colour(rng), any_colour(rng)
    sheet = canvas(size_px, finer)
    fill(sheet, outline.points, colour, finer)
    roots, angles = near.at(rng, count, np.full(count, 0.06 * size_px, np.float32))
    lengths = (rng.uniform(0.12, 0.4, count) * size_px).astype(np.float32)
    shafts = grow(rng, roots, angles, lengths, Habit(0.5, 0, 1, 0.05, 0, 0.4))
    for shaft, tint in zip(shafts, shades(rng, colour, count, 0.2, other), strict=True):
        barbs = int(np.linalg.norm(shaft[-1] - shaft[0]) * 1.3) + 8
        t = np.sort(rng.uniform(0.12, 1, barbs))
        place = np.stack([np.interp(t, np.linspace(0, 1, len(shaft)), shaft[:, i]) for i in (0, 1)], -1)
        ahead = shaft[-1] - shaft[0]
        angle = np.arctan2(ahead[1], ahead[0]) + np.where(np.arange(barbs) % 2, 1, -1) * rng.uniform(0.5, 0.9)
        angle = angle + 0.12 * np.round(3 * np.sin(9 * t))
        length = 0.1 * size_px * np.sin(np.pi * np.clip(t * 0.85 + 0.12, 0, 1)) ** 0.7 * rng.uniform(0.8, 1.1, barbs)
        curves = grow(
            rng,
            place.astype(np.float32),
            angle.astype(np.float32),
            length.astype(np.float32),
            Habit(0.15, 0, 1, 0.05, 0, 0.04),
        )
        draw(
            sheet,
            curves,
            shades(rng, tint, barbs, 0.12),
            np.ones(barbs, np.int64) * int(rng.integers(1, 3)),
            finer,
            0.5,
        )
        draw(sheet, shaft[None], tint[None] * 1.2, np.asarray([3]), finer, 0.5)
    return _lit(rng, keep(sheet, size_px), Coat(Habit(), (0, 0), 0))
