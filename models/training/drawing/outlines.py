"""Outlines of solid things: bodies that fill a good part of the picture, often reaching out of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.training.drawing.layer import Floats

Random = np.random.Generator


@dataclass(frozen=True)
class Outline:
    """A closed curve. ``points`` (n, 2) as x, y in pixels; ``outward`` (n,) the directions that leave it, radians."""

    points: Floats
    outward: Floats

    def inset(self, depth_px: float) -> Floats:
        """The curve (n, 2) moved ``depth_px`` pixels inwards."""
        inwards = np.stack([np.cos(self.outward), np.sin(self.outward)], -1)
        return np.asarray(self.points - depth_px * inwards, np.float32)

    def at(self, rng: Random, count: int, depth: Floats) -> tuple[Floats, Floats]:
        """Random places (count, 2) ``depth`` (count,) pixels inside the curve, with the directions out (count,)."""
        chosen = rng.integers(0, len(self.points), count)
        angle = self.outward[chosen]
        inwards = -np.stack([np.cos(angle), np.sin(angle)], -1) * depth[:, None]
        return np.asarray(self.points[chosen] + inwards, np.float32), np.asarray(angle, np.float32)


def body(rng: Random, size_px: int, rough: float = 0.12, scale: float = 1.0) -> Outline:
    """A rounded body that covers a third or so of the picture; ``rough`` is how far its outline leaves a circle,
    ``scale`` makes it smaller or larger than that.

    Points lie evenly along the curve and only where the picture can see what grows there.
    """
    angle = np.linspace(0, 2 * np.pi, 360, endpoint=False, dtype=np.float32)
    radius = np.ones_like(angle)
    for order in range(1, 9):
        strength = rough * rng.standard_normal() / order**0.8
        radius += strength * np.cos(order * angle + rng.random() * 2 * np.pi)
    radius = np.maximum(radius, 0.3) * size_px * rng.uniform(0.3, 0.75) * scale
    squeeze = rng.uniform(0.6, 1, 2)
    away, side = rng.uniform(0, 0.55), rng.random() * 2 * np.pi
    centre = size_px * (0.5 + away * np.asarray([np.cos(side), np.sin(side)]))
    points = centre + np.stack([np.cos(angle), np.sin(angle)], -1) * radius[:, None] * squeeze
    return from_points(evenly(np.asarray(points, np.float32), 2.0))


def evenly(points: Floats, step_px: float) -> Floats:
    """The closed curve (n, 2) with points every ``step_px`` pixels or so."""
    closed = np.vstack([points, points[:1]])
    walked = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    marks = np.linspace(0, walked[-1], max(12, int(walked[-1] / step_px)), endpoint=False)
    return np.asarray(np.stack([np.interp(marks, walked, closed[:, i]) for i in (0, 1)], -1), np.float32)


def from_points(points: Floats) -> Outline:
    """An outline through the points (n, 2), which run round it with growing angle."""
    along = np.roll(points, -1, 0) - np.roll(points, 1, 0)
    return Outline(points, np.asarray(np.arctan2(-along[:, 0], along[:, 1]), np.float32))


def seen(outline: Outline, size_px: int, margin_px: float) -> Outline:
    """The part of the outline within ``margin_px`` of the picture, or all of it where nothing is."""
    inside = np.all((outline.points > -margin_px) & (outline.points < size_px + margin_px), axis=1)
    if not inside.any():
        return outline
    return Outline(outline.points[inside], outline.outward[inside])
