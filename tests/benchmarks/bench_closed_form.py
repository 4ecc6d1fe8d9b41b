"""Closed-form matting against PyMatting: error and time at 0.5 megapixels, time and memory at 6, cost at 24.

``--photos N`` takes only the first N photos. Each large photo runs in a process of its own, so that the memory told is
that run's own. Needs the photos in ../shared/data/eval; PyMatting's columns stay empty where it is not installed.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np

EVAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "eval"
LARGE = [(6.0, 0.12, "ours"), (6.0, 0.12, "pymatting"), (24.0, 0.08, "ours")]
Matte = Callable[[np.ndarray, np.ndarray], np.ndarray]


def read_case(folder: Path, name: str, which: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """image float32 RGB in [0, 1], trimap 0/128/255 and true alpha uint8 of one alphamatting.com photo."""
    image = cv2.imread(str(folder / f"{name}_image.png"))[..., ::-1]
    truth = cv2.imread(str(folder / f"{name}_alpha.png"), cv2.IMREAD_GRAYSCALE)
    trimap = cv2.imread(str(folder / f"{name}_trimap{which}.png"), cv2.IMREAD_GRAYSCALE)
    trimap[(trimap != 0) & (trimap != 255)] = 128
    return image.astype(np.float32) / np.float32(255), trimap, truth


def sum_of_differences(alpha: np.ndarray, trimap: np.ndarray, truth: np.ndarray) -> float:
    """Sum of absolute differences over the unknown pixels in thousands, alpha rounded to eight bits."""
    rounded = np.round(255 * np.clip(alpha, 0, 1).astype(np.float64))
    return float(np.abs(rounded - truth)[trimap == 128].sum()) / 255 / 1000


def read_portrait(index: int, megapixels: float, unknown: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """image uint8 RGB, trimap and alpha of a portrait brought to a size and to a share of unknown pixels."""
    path = sorted((EVAL / "portraits").glob("*_image.jpg"))[index]
    image = cv2.imread(str(path))[..., ::-1]
    alpha = cv2.imread(str(path).replace("_image.jpg", "_alpha.png"), cv2.IMREAD_GRAYSCALE)
    scale = (megapixels * 1e6 / alpha.size) ** 0.5
    size = (round(alpha.shape[1] * scale), round(alpha.shape[0] * scale))
    image, alpha = (cv2.resize(plane, size, interpolation=cv2.INTER_CUBIC) for plane in (image, alpha))
    hard = ((alpha <= 5) | (alpha >= 250)).astype(np.uint8)
    distance = cv2.distanceTransform(hard, cv2.DIST_L2, 3)
    trimap = np.where(distance <= np.quantile(distance, unknown), 128, np.where(alpha > 127, 255, 0))
    return np.ascontiguousarray(image), trimap.astype(np.uint8), alpha


def ours(image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """Closed-form matting as the program does it."""
    from models.classical.closed_form import closed_form_matte

    return closed_form_matte(image, trimap)


def theirs(image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """Closed-form matting as PyMatting does it."""
    from pymatting import estimate_alpha_cf

    return estimate_alpha_cf(image.astype(np.float64), np.where(trimap == 128, 0.5, trimap / 255.0))


def compare_small(count: int) -> None:
    """Error and time on the alphamatting.com photos, one after the other in this process, PyMatting warmed up."""
    folder = EVAL / "alphamatting"
    names = sorted(path.name[:4] for path in folder.glob("GT*_image.png"))[:count]
    methods: dict[str, Matte] = {"ours": ours}
    if find_spec("pymatting"):
        methods["pymatting"] = theirs
    for method in methods.values():
        method(*read_case(folder, names[-1], 1)[:2])
    for which in (1, 2):
        for label, method in methods.items():
            errors, seconds, busy = [], [], []
            for name in names:
                image, trimap, truth = read_case(folder, name, which)
                started, worked = time.perf_counter(), time.process_time()
                alpha = method(image, trimap)
                seconds.append(time.perf_counter() - started)
                busy.append(time.process_time() - worked)
                errors.append(sum_of_differences(alpha, trimap, truth))
            spent = f"{np.mean(seconds):6.2f} s wall  {np.mean(busy):6.2f} s processor a photo"
            print(f"0.5 MP trimap {which}  {label:10s} SAD {np.mean(errors):7.3f}   {spent}", flush=True)


def run_large(index: int, megapixels: float, unknown: float, label: str) -> None:
    """One large photo; prints its row."""
    import resource

    image8, trimap, alpha = read_portrait(index, megapixels, unknown)
    if label == "pymatting":
        theirs(*read_case(EVAL / "alphamatting", "GT14", 1)[:2])
    image = image8.astype(np.float32) / np.float32(255)
    del image8
    started, worked = time.perf_counter(), time.process_time()
    result = (ours if label == "ours" else theirs)(image, trimap)
    wall, busy = time.perf_counter() - started, time.process_time() - worked
    error = sum_of_differences(result, trimap, alpha)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    share = 100 * float((trimap == 128).mean())
    print(
        f"{megapixels:4.0f} MP, {share:.0f} % unknown  {label:10s} SAD {error:7.2f}   {wall:6.1f} s wall  "
        f"{busy:6.1f} s processor   peak {peak:6.0f} MiB",
        flush=True,
    )


def main(words: list[str] | None = None) -> int:
    """Print the table; 0 when it could be measured."""
    words = sys.argv[1:] if words is None else words
    count = int(words[words.index("--photos") + 1]) if "--photos" in words else 14
    if not EVAL.is_dir():
        print(f"The photos are not there: {EVAL}")
        return 2
    if "--large" in words:
        at = words.index("--large")
        run_large(int(words[at + 1]), float(words[at + 2]), float(words[at + 3]), words[at + 4])
        return 0
    compare_small(count)
    for megapixels, unknown, label in LARGE:
        if label == "pymatting" and not find_spec("pymatting"):
            continue
        for index in (0, 3)[: max(1, count // 7)]:
            arguments = ["--large", str(index), str(megapixels), str(unknown), label]
            subprocess.run([sys.executable, "-m", "tests.benchmarks.bench_closed_form", *arguments], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
