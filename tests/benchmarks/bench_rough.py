"""From a loose outline to a trimap: how much of what is truly soft the band holds, at what cost, and how long it
takes.

"Held" is the share of pixels with 0.02 < alpha < 0.98 that the band covers, "unknown" the band's share of the photo,
"wrong" the share that is marked known and is not. Needs the photos in ../shared/data/eval; the times need nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import cv2
import numpy as np

from editor.demo import draw_demo
from editor.document.edge_band import EdgeBand
from editor.document.geometry import Rect
from editor.document.rough import subject_mask
from editor.document.selection import Selection
from editor.errors import UserError
from tests.benchmarks.bench_closed_form import EVAL

TARGET_S = 3.0


def photos() -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Set, photo (H, W, 3) uint8 and alpha (H, W) uint8 of all portraits and all photos of alphamatting.com."""
    for folder, ending in (("portraits", "_image.jpg"), ("alphamatting", "_image.png")):
        for path in sorted((EVAL / folder).glob(f"*{ending}")):
            alpha = cv2.imread(str(path).replace(ending, "_alpha.png"), cv2.IMREAD_GRAYSCALE)
            yield folder, cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB), alpha


def outline(alpha: np.ndarray, kind: str) -> Selection:
    """What a hurried hand draws: the box round the subject with 3 % to spare, or its convex hull with 2.5 %."""
    seen = (alpha > 25).astype(np.uint8)
    if kind == "rectangle":
        whole = Rect(0, 0, alpha.shape[1], alpha.shape[0])
        return Selection.of_rect(Rect(*cv2.boundingRect(seen)).expand(int(0.03 * max(alpha.shape))).intersect(whole))
    reach = int(0.025 * max(alpha.shape))
    grown = cv2.dilate(seen, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1)))
    hull = cv2.convexHull(cv2.findNonZero(grown)).reshape(-1, 2)
    return Selection(tuple((float(x), float(y)) for x, y in hull))


def facts(marks: np.ndarray, alpha: np.ndarray) -> tuple[float, float, float]:
    """Held, unknown and wrong, each a share."""
    unknown, soft = marks == 128, (alpha > 5) & (alpha < 250)
    wrong = ((marks == 255) & (alpha < 128)) | ((marks == 0) & (alpha > 127))
    return float(unknown[soft].mean()), float(unknown.mean()), float(wrong.mean())


def measure(kind: str, bands: tuple[float, ...]) -> dict[tuple[str, float], list[tuple[float, float, float]]]:
    """The facts by set and band, for masks that are true or found in an outline; photos it fails on are left out."""
    found: dict[tuple[str, float], list[tuple[float, float, float]]] = {}
    for folder, photo, alpha in photos():
        try:
            mask = alpha > 127 if kind == "true mask" else subject_mask(photo, outline(alpha, kind), lambda *_: None)
        except UserError:
            continue
        measured = EdgeBand(photo, mask)
        for band in bands:
            found.setdefault((folder, band), []).append(facts(measured.trimap(band), alpha))
    return found


def seconds_at_24_megapixels() -> tuple[float, float, float]:
    """Finding the subject, measuring its edge, and the band at another width."""
    demo = draw_demo(6000, 4000)
    photo, mask = demo.photo.pixels, demo.alpha > 0.5
    selection = Selection.of_rect(Rect(*cv2.boundingRect(mask.view(np.uint8))).expand(120))
    times = [time.perf_counter()]
    found = subject_mask(photo, selection, lambda *_: None)
    times.append(time.perf_counter())
    band = EdgeBand(photo, found)
    times.append(time.perf_counter())
    band.trimap(60)
    times.append(time.perf_counter())
    first, second, third = np.diff(times)
    return float(first), float(second), float(third)


def main() -> int:
    """Print the figures; 1 when 24 megapixels take longer than they may."""
    for kind, bands in (("true mask", (25, 40, 50, 60, 75)), ("rectangle", (40, 60)), ("lasso", (40, 60))):
        for (folder, band), values in sorted(measure(kind, bands).items(), reverse=True):
            held, unknown, wrong = np.mean(values, axis=0)
            print(
                f"{kind:10s} {folder:12s} band {band:3.0f}: held {held:.3f}, unknown {unknown:.3f}, wrong {wrong:.4f} "
                f"({len(values)} photos)"
            )
    best = min((seconds_at_24_megapixels() for _ in range(3)), key=sum)
    print(f"24 MP: subject {best[0]:.2f} s, edge {best[1]:.2f} s, band {best[2]:.2f} s; target {TARGET_S:.0f} s in all")
    return int(sum(best) > TARGET_S)


if __name__ == "__main__":
    raise SystemExit(main())
