"""Sharing samples among neighbours: each pixel averages the pairs that explain it best of all those found nearby.

One pixel's own rays see little, and the best of many far-fetched pairs is often wrong; but each neighbour's pair won
its own contest over a patch, so the ones that also explain this pixel are good, and their mean is better than any.
Section 4.2 of the paper that `sampling` names.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.classical.sampling import Band, Tick, pair_fit
from models.side_by_side import side_by_side

REACH_PX = 6.2
NEIGHBOURS = 130  # places strewn over that disk, with repetitions: nearly all of its 121 pixels
KEPT_PAIRS = 3
GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))
NEVER = 1e3  # a residual that no pair of colours reaches


@dataclass(frozen=True)
class Estimate:
    """What sampling thinks of n pixels.

    foreground, background: (n, 3) colours. alpha: (n,) in [0, 1]. residual: (n,) the length of the colour difference
    that alpha, foreground and background leave. separation: (n,) the length of foreground - background.
    """

    foreground: np.ndarray
    background: np.ndarray
    alpha: np.ndarray
    residual: np.ndarray
    separation: np.ndarray

    @classmethod
    def of(cls, colour: np.ndarray, foreground: np.ndarray, background: np.ndarray) -> Estimate:
        """Fit alpha to `colour`, `foreground` and `background`, (n, 3) float32 each."""
        f, b = foreground - colour, background - colour
        ff, bb, fb = ((p * q).sum(axis=1) for p, q in ((f, f), (b, b), (f, b)))
        alpha, square = pair_fit(ff, bb, fb)
        separation = np.sqrt(np.maximum(ff + bb - 2 * fb, 0))
        return cls(foreground, background, alpha, np.sqrt(square), separation)


def share_pairs(band: Band, foreground: np.ndarray, background: np.ndarray, tick: Tick) -> Estimate:
    """Return the estimate of each pixel from the mean of its neighbourhood's three best pairs.

    foreground, background: (n, 3) float32, the pair that each pixel of `band` found. tick(fraction) is called for each
    piece and may raise to cancel.
    """
    offsets = _strewn_offsets()
    shared_f, shared_b = np.empty_like(foreground), np.empty_like(background)

    def work(piece: slice) -> None:
        number = _neighbour_numbers(band, piece, offsets)
        f = foreground[number] - band.colour[piece, None]
        b = background[number] - band.colour[piece, None]
        ff, bb, fb = (np.einsum("mkc,mkc->mk", p, q) for p, q in ((f, f), (b, b), (f, b)))
        residual = pair_fit(ff, bb, fb)[1]
        residual[number < 0] = NEVER
        best = np.argpartition(residual, KEPT_PAIRS, axis=1)[:, :KEPT_PAIRS]
        # A lonely pixel has fewer than three neighbours: places without one weigh nothing.
        weight = (np.take_along_axis(residual, best, axis=1) < NEVER).astype(np.float32)
        weight = (weight / weight.sum(axis=1, keepdims=True))[..., None]
        number = np.take_along_axis(number, best, axis=1)
        shared_f[piece] = (weight * foreground[number]).sum(axis=1)
        shared_b[piece] = (weight * background[number]).sum(axis=1)

    side_by_side(work, band.pieces(), tick)
    return Estimate.of(band.colour, shared_f, shared_b)


def _strewn_offsets() -> np.ndarray:
    """(k, 2) whole-pixel offsets over the disk, evenly strewn in a sunflower's spiral; the pixel itself is first."""
    seed = np.arange(NEIGHBOURS) + 0.5
    radius, angle = REACH_PX * np.sqrt(seed / NEIGHBOURS), seed * GOLDEN_ANGLE
    places = np.rint(np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1)).astype(np.int32)
    places = np.unique(places, axis=0)
    return np.concatenate([[[0, 0]], places[(places != 0).any(axis=1)]]).astype(np.int32)


def _neighbour_numbers(band: Band, piece: slice, offsets: np.ndarray) -> np.ndarray:
    """(m, k) numbers of the unknown pixels at `offsets` from the m pixels of `piece`; -1 where there is none."""
    height, width = band.number.shape
    y, x = band.row[piece, None] + offsets[:, 0], band.column[piece, None] + offsets[:, 1]
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    return np.where(inside, band.number[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)], -1)
