"""Contact sheets of mattes, to look at: photo, truth, and what each engine makes of it.

    python -m tests.matte_sheets alphamatting ROOT --engines classic fusion --out sheet.png

An engine that needs no trimap is asked for one; the others get the data set's first.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from editor.api import Engine, UserError
from editor.files import read_alpha, read_photo, read_trimap
from editor.plugin_loader import Registry, load_all
from models.evaluation.datasets import open_dataset
from models.evaluation.datasets.case import Case

TILE_PX = 300


def tile(picture: np.ndarray, words: str = "") -> np.ndarray:
    """A picture (H, W) or (H, W, 3) in [0, 1], red first, in ``TILE_PX`` squared, uint8, blue first, with words."""
    colours = np.repeat(picture[..., None], 3, 2) if picture.ndim == 2 else picture[..., ::-1]
    scale = TILE_PX / max(colours.shape[:2])
    small = cv2.resize(
        np.ascontiguousarray(colours, np.float32), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA
    )
    made = np.full((TILE_PX, TILE_PX, 3), 40, np.uint8)
    made[: small.shape[0], : small.shape[1]] = np.clip(small * 255 + 0.5, 0, 255)
    cv2.putText(made, words, (4, TILE_PX - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (80, 200, 255), 1, cv2.LINE_AA)
    return made


def row(case: Case, engines: list[Engine], registry: Registry) -> np.ndarray:
    """The photo, the truth and every engine's matte side by side, each with its mean error in thousandths."""
    pixels = read_photo(case.image, registry.formats).pixels
    image = pixels[..., :3].astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)
    size = image.shape[1], image.shape[0]
    truth = read_alpha(case.truth, registry.formats, size=size)
    trimap = read_trimap(case.trimaps[0][1], size, registry.formats)[0] if case.trimaps else None
    judged = np.ones(truth.shape, bool) if trimap is None else trimap == 128
    tiles = [tile(image, case.name), tile(truth, "truth")]
    for engine in engines:
        try:
            made = engine.find(image, silent)[1] if trimap is None else engine.run(image, trimap, silent)
        except UserError as reason:
            tiles.append(tile(np.zeros((2, 2), np.float32), f"{engine.name}: {reason}"[:40]))
            continue
        tiles.append(tile(made, f"{engine.name} {1000 * float(np.abs(made - truth)[judged].mean()):.0f}"))
    return np.hstack(tiles)


def silent(fraction: float, text: str) -> None:
    """Nobody waits."""


def main() -> None:
    """Make the mattes and write the sheet."""
    parser = argparse.ArgumentParser(description="Mattes of every engine beside the truth.")
    parser.add_argument("dataset")
    parser.add_argument("root", type=Path)
    parser.add_argument("--engines", nargs="+", default=["classic", "closed-form", "knn", "fusion"])
    parser.add_argument("--limit", type=int)
    parser.add_argument("--columns", type=int, default=1, help="so many photos beside each other")
    parser.add_argument("--out", type=Path, default=Path("mattes.png"))
    asked = parser.parse_args()
    registry = load_all()
    engines = [registry.engines[name]() for name in asked.engines]
    rows = [row(case, engines, registry) for case in open_dataset(asked.dataset, asked.root).cases[: asked.limit]]
    rows += [np.zeros_like(rows[0])] * (-len(rows) % asked.columns)
    lines = [np.hstack(rows[start : start + asked.columns]) for start in range(0, len(rows), asked.columns)]
    cv2.imwrite(str(asked.out), np.vstack(lines))
    print(f"{len(rows)} rows in {asked.out}; numbers: mean error in thousandths where the trimap is unknown")


if __name__ == "__main__":
    main()
