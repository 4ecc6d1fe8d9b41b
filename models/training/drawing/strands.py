"""Strands: many thin curves grown at once, and drawn with widths below a pixel and tapered tips."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.drawing.layer import SHIFT, Bytes, Floats, fixed, inks

Random = np.random.Generator


@dataclass(frozen=True)
class Habit:
    """How strands grow. Angles are in radians."""

    bend: float = 0.6
    """Deviation of how far a strand turns from root to tip."""
    curl: float = 0.0
    """How far its direction swings to both sides; above about 1.5 it makes loops."""
    waves: float = 2.0
    """Swings from root to tip."""
    wander: float = 0.1
    """How far chance turns it on the way."""
    droop: float = 0.0
    """How strongly weight pulls it down, 0 to about 2."""
    spread: float = 0.3
    """Deviation of the strands' directions from the one they were given."""


def grow(
    rng: Random, roots: Floats, angles: Floats, lengths: Floats, habit: Habit, lean: Floats | None = None
) -> Floats:
    """Curves (n, steps, 2) in pixels from ``roots`` (n, 2), leaving at ``angles`` (n,), ``lengths`` (n,) long.

    ``lean`` (n,) is how far each turns from root to tip before chance has its say: neighbours that share it flow.
    """
    count, steps = len(roots), int(11 + 5 * habit.curl * habit.waves)
    t = np.linspace(0, 1, steps, dtype=np.float32)
    turn = angles[:, None] + habit.spread * rng.standard_normal((count, 1), np.float32)
    turn = turn + habit.bend * rng.standard_normal((count, 1), np.float32) * t
    if lean is not None:
        turn = turn + lean[:, None] * t
    waves = habit.waves * rng.uniform(0.6, 1.4, (count, 1))
    swing = habit.curl * rng.uniform(0.4, 1.3, (count, 1)) * np.minimum(1, 3 * t)
    turn = turn + swing * np.sin(2 * np.pi * (waves * t + rng.random((count, 1))))
    turn = turn + habit.wander / np.sqrt(steps) * np.cumsum(rng.standard_normal((count, steps), np.float32), 1)
    way = np.stack([np.cos(turn), np.sin(turn) + habit.droop * t], -1)
    way /= np.linalg.norm(way, axis=-1, keepdims=True) + 1e-6
    way[:, 0] = 0
    return np.asarray(roots[:, None] + np.cumsum(way * (lengths / steps)[:, None, None], 1), np.float32)


def clump(rng: Random, curves: Floats, tightness: float, size: int) -> Floats:
    """The curves (n, steps, 2), drawn together in groups of about ``size`` towards their tips, as wet hair is."""
    guides = curves[: max(2, len(curves) // size)]
    gaps = ((curves[:, None, 0] - guides[None, :, 0]) ** 2).sum(-1)
    nearest = guides[gaps.argmin(1)]
    t = np.linspace(0, 1, curves.shape[1], dtype=np.float32)[None, :, None]
    pull = tightness * t**0.7 * rng.uniform(0.5, 1, (len(curves), 1, 1)).astype(np.float32)
    return np.asarray(curves + pull * (nearest - curves), np.float32)


def blades(paths: Floats, widest_px: NDArray[np.floating], belly: float) -> Floats:
    """The outlines (n, 2 k, 2) of blades along ``paths`` (n, k, 2): ``belly`` 0 is widest at the root, 1 halfway."""
    t = np.linspace(0, 1, paths.shape[1])
    wide = widest_px[:, None] * ((1 - belly) * (1 - t) + belly * np.sin(np.pi * t)) / 2
    ahead = np.gradient(paths, axis=1)
    ahead /= np.linalg.norm(ahead, axis=-1, keepdims=True) + 1e-6
    aside = np.stack([-ahead[..., 1], ahead[..., 0]], -1) * wide[..., None]
    return np.asarray(np.concatenate([paths + aside, (paths - aside)[:, ::-1]], 1), np.float32)


def draw(sheet: Bytes, curves: Floats, colours: Floats, widths: NDArray[np.integer], finer: int, taper: float) -> None:
    """Draw the curves (n, steps, 2) in order on the canvas, one colour (n, 3) and width (n,) each.

    Widths are in canvas pixels, so that with a canvas two or three times finer they go below a kept pixel. The last
    share ``taper`` of a curve is a step thinner.
    """
    points = fixed(curves, finer)
    cut = max(1, min(curves.shape[1] - 2, round(curves.shape[1] * (1 - taper))))
    # Four times as fine, sixteen samples make a pixel: smoothing each of them as well would only cost time.
    line = cv2.LINE_AA if finer < 4 else cv2.LINE_8
    for path, one, wide in zip(points, inks(colours), widths.tolist(), strict=True):
        if wide == 1:
            cv2.polylines(sheet, [path], False, one, 1, line, SHIFT)
            continue
        cv2.polylines(sheet, [path[cut:]], False, one, max(1, wide // 2), line, SHIFT)
        cv2.polylines(sheet, [path[: cut + 1]], False, one, wide, line, SHIFT)


def shades(rng: Random, colour: Floats, count: int, spread: float = 0.22, other: Floats | None = None) -> Floats:
    """Colours (count, 3) of strands that belong together: lighter and darker, some towards ``other``."""
    light = np.exp(spread * rng.standard_normal((count, 1)))
    mix = np.zeros((count, 1)) if other is None else rng.beta(0.7, 1.5, (count, 1))
    base = colour if other is None else (1 - mix) * colour + mix * other
    return np.asarray(np.clip(base * light + 0.02 * rng.standard_normal((count, 3)), 0, 1), np.float32)
