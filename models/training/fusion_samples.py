"""Training samples for ``fusion``: drawn photos with the classical mattes of them, made once and kept in a folder.

The mattes take seconds a sample, training looks at each many times: so they are made beforehand, by as many processes
as there are, each with its own seeds, stopped and gone on with at will:

    python -m models.training.fusion_samples FOLDER --first 0 --count 500 [--cut-outs FOLDER]
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from models.fusion import expert_planes
from models.prepare import BACKGROUND, FOREGROUND, UNKNOWN
from models.training.synthetic import CutOut, Sample, cut_outs, draw_cut_out, draw_sample, make_trimap

SIZE_PX = 224
"""What is kept of a sample."""
AROUND_PX = 32
"""What the mattes see beyond it on each side, as they see the rest of a photo."""
DRAWN_PX = (320, 560)
"""The side of the drawings that samples are cut from: a photo is larger than what a sample shows of it."""
TIGHT_SHARE = 0.5
CUT_OUT_SHARE = 0.2
LEAST_UNKNOWN = 0.12
"""The share of a sample that must be unknown; the rest of it teaches nothing."""
TRIES = 24
PLANES = 11
"""Image 3, trimap, truth, and the six of ``expert_planes``."""


@dataclass(frozen=True)
class FusionSample:
    """A square part of a drawn photo, as bytes: image (h, w, 3), trimap, truth (h, w), mattes (6, h, w)."""

    image: np.ndarray
    trimap: np.ndarray
    truth: np.ndarray
    mattes: np.ndarray

    def packed(self) -> np.ndarray:
        """All planes in one array (11, h, w) uint8."""
        return np.concatenate([self.image.transpose(2, 0, 1), self.trimap[None], self.truth[None], self.mattes])

    @classmethod
    def unpacked(cls, planes: np.ndarray) -> FusionSample:
        """The sample of an array that ``packed`` made."""
        return cls(planes[:3].transpose(1, 2, 0), planes[3], planes[4], planes[5:])


def make_sample(seed: int, cutouts: Sequence[CutOut] = (), size_px: int = SIZE_PX) -> FusionSample | None:
    """The sample of that seed, with a tight or a loose trimap; None where its drawing has too little that is unknown.

    ``cutouts``: foregrounds that a fifth of the samples use; without them, all are drawn.
    """
    rng = np.random.default_rng((seed, 41))
    drawn_px = int(rng.integers(*DRAWN_PX))
    drawing = _drawing(rng, seed, drawn_px, cutouts)
    trimap = make_trimap(drawing.alpha, seed, bool(rng.random() < TIGHT_SHARE))
    place = _window(rng, trimap, size_px, min(size_px + 2 * AROUND_PX, drawn_px))
    if place is None:
        return None
    around = np.ascontiguousarray(drawing.image[place]), np.ascontiguousarray(trimap[place])
    mattes = expert_planes(*around, lambda _, text: None)
    inner = slice((around[1].shape[0] - size_px) // 2, (around[1].shape[0] + size_px) // 2)
    kept = (inner, inner)
    return FusionSample(
        _bytes(around[0][kept]), around[1][kept], _bytes(drawing.alpha[place][kept]), _bytes(mattes[:, inner, inner])
    )


def _drawing(rng: np.random.Generator, seed: int, size_px: int, cutouts: Sequence[CutOut]) -> Sample:
    if cutouts and rng.random() < CUT_OUT_SHARE:
        return draw_cut_out(tuple(cutouts), seed, size_px)
    return draw_sample(seed, size_px)


def _window(rng: np.random.Generator, trimap: np.ndarray, size_px: int, around_px: int) -> tuple[slice, slice] | None:
    """A place of ``around_px`` squared in whose middle enough is unknown, with both sides marked; of several the best.

    The share that is unknown speaks for a place, chance too: else all samples would be the hairiest part of a drawing.
    """
    best, place = 0.0, None
    edge = (around_px - size_px) // 2
    for _ in range(TRIES):
        top, left = (int(rng.integers(0, trimap.shape[0] - around_px + 1)) for _ in range(2))
        here = slice(top, top + around_px), slice(left, left + around_px)
        marks = trimap[here]
        share = float((marks[edge : edge + size_px, edge : edge + size_px] == UNKNOWN).mean())
        if share < LEAST_UNKNOWN or not ((marks == FOREGROUND).any() and (marks == BACKGROUND).any()):
            continue
        merit = min(share, 0.5) * rng.uniform(0.5, 1)
        if merit > best:
            best, place = merit, here
    return place


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(values.astype(np.float32), 0, 1) * 255 + 0.5, np.uint8)


def fill(folder: Path, seeds: Iterator[int], cutouts: Sequence[CutOut] = ()) -> None:
    """Make the samples of these seeds that the folder has not yet: ``00042.npy``; an empty one for a seed without.

    Each is written whole or not at all, so that this may be stopped at any time. ``OSError`` passes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        place = folder / f"{seed:06d}.npy"
        if place.exists():
            continue
        sample = make_sample(seed, cutouts)
        part = folder / f".{seed:06d}.{os.getpid()}.part"
        with part.open("wb") as file:
            np.save(file, np.zeros((0,), np.uint8) if sample is None else sample.packed())
        os.replace(part, place)


def main() -> None:
    """Fill a folder with samples; see the module."""
    parser = argparse.ArgumentParser(description="Make training samples for fusion.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--step", type=int, default=1, help="every n-th seed, for several processes")
    parser.add_argument("--cut-outs", type=Path, help="a folder of PNG files with transparency")
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    cutouts = cut_outs(chosen.cut_outs) if chosen.cut_outs else ()
    fill(chosen.folder, iter(range(chosen.first, chosen.first + chosen.count, chosen.step)), cutouts)


if __name__ == "__main__":
    main()
