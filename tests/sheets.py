"""Contact sheets of drawn samples, to look at: photo, alpha, trimap. ``python -m tests.sheets --out sheet.png``."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from models.training.synthetic import KINDS, Sample, cut_outs, draw_cut_out, draw_sample, make_trimap

CUT_OUTS = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "train" / "cutouts"


def strip(sample: Sample, seed: int) -> np.ndarray:
    """Photo, alpha and trimap (tight for even seeds) side by side (H, 3 W, 3), uint8, blue first, with the kind."""
    photo = np.ascontiguousarray((sample.image[..., ::-1] * 255).astype(np.uint8))
    cv2.putText(
        photo, f"{seed} {sample.kind}", (4, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255), 1, cv2.LINE_AA
    )
    planes = (sample.alpha * 255).astype(np.uint8), make_trimap(sample.alpha, seed, seed % 2 == 0)
    return np.hstack([photo, *(cv2.cvtColor(plane, cv2.COLOR_GRAY2BGR) for plane in planes)])


def sheet(samples: list[tuple[int, Sample]], columns: int) -> np.ndarray:
    """The samples' strips in rows of ``columns``; what is left of the last row stays black."""
    strips = [strip(sample, seed) for seed, sample in samples]
    strips += [np.zeros_like(strips[0])] * (-len(strips) % columns)
    return np.vstack([np.hstack(strips[i : i + columns]) for i in range(0, len(strips), columns)])


def main() -> None:
    """Draw the samples asked for and write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("sheet.png"))
    parser.add_argument("--seed", type=int, default=0, help="the first sample's")
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--columns", type=int, default=3)
    parser.add_argument("--kinds", nargs="*", choices=list(KINDS), help="only these; each in turn")
    parser.add_argument("--cut-outs", action="store_true", help="the cut-outs of ../shared/data/train instead")
    asked = parser.parse_args()
    seeds = range(asked.seed, asked.seed + asked.count)
    if asked.cut_outs:
        cutouts = cut_outs(CUT_OUTS)
        samples = [(seed, draw_cut_out(cutouts, seed, asked.size)) for seed in seeds]
    elif asked.kinds:
        samples = [(s, draw_sample(s, asked.size, (asked.kinds[i % len(asked.kinds)],))) for i, s in enumerate(seeds)]
    else:
        samples = [(seed, draw_sample(seed, asked.size)) for seed in seeds]
    cv2.imwrite(str(asked.out), sheet(samples, asked.columns))
    print(f"{len(samples)} samples in {asked.out}")


if __name__ == "__main__":
    main()
