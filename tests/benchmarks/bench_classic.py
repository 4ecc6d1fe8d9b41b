"""The classic engine beside the methods it must beat: SAD, MSE, gradient, connectivity and seconds.

Measured over the unknown pixels, known ones restored, alpha rounded to eight bits, in the papers' units (metrics.py).
The photos lie in ../shared/data/eval; PyMatting's rows are left out where it is not installed.

``--photos N`` takes only the first N photos of a set, ``--slow`` adds PyMatting's shared and KNN matting,
``--large`` measures one photo of 24 megapixels with 8 % unknown instead, in a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np

from models.evaluation.metrics import evaluate
from tests.benchmarks.bench_closed_form import read_case, read_portrait, theirs

EVAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "eval"
TARGETS = {1: (3.50, 2.30), 2: (5.30, 3.30)}  # SAD and gradient of the classic engine, by trimap
PORTRAITS, PORTRAIT_MP, PORTRAIT_UNKNOWN = 8, 0.6, 0.12
LARGE_MP, LARGE_UNKNOWN, LARGE_LIMIT_S, LARGE_LIMIT_MIB = 24.0, 0.08, 180.0, 3072.0

Case = tuple[np.ndarray, np.ndarray, np.ndarray]  # image float32, trimap, true alpha uint8
Matte = Callable[[np.ndarray, np.ndarray], np.ndarray]


def alphamatting(which: int, count: int) -> Iterator[Case]:
    """The photos of alphamatting.com with trimap 1 or 2."""
    folder = EVAL / "alphamatting"
    for path in sorted(folder.glob("GT*_image.png"))[:count]:
        yield read_case(folder, path.name[:4], which)


def lemur(_count: int) -> Iterator[Case]:
    """PyMatting's example; its alpha was itself made by closed-form matting."""
    image, alpha, trimap = (
        cv2.imread(str(EVAL / "lemur" / f"lemur_{part}.png"), flag)
        for part, flag in (("image", 1), ("alpha", 0), ("trimap", 0))
    )
    trimap[(trimap != 0) & (trimap != 255)] = 128
    yield np.ascontiguousarray(image[..., ::-1]).astype(np.float32) / np.float32(255), trimap, alpha


def portraits(count: int) -> Iterator[Case]:
    """Portraits with a band of unknown pixels as wide as makes up a given share of the photo."""
    for index in range(min(count, PORTRAITS)):
        image, trimap, alpha = read_portrait(index, PORTRAIT_MP, PORTRAIT_UNKNOWN)
        yield image.astype(np.float32) / np.float32(255), trimap, alpha


def _pymatting(name: str) -> Matte:
    def matte(image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        import pymatting

        method = getattr(pymatting, f"estimate_alpha_{name}")
        return method(image.astype(np.float64), np.where(trimap == 128, 0.5, trimap / 255.0))

    return matte


def methods(slow: bool) -> dict[str, Matte]:
    """The engines to compare, by the name in the table."""
    from models.classical.classic import classic_matte
    from models.classical.closed_form import closed_form_matte

    found: dict[str, Matte] = {"classic": classic_matte, "closed form": closed_form_matte}
    if find_spec("pymatting"):
        found["PyMatting closed form"] = theirs
        if slow:
            found["PyMatting shared"] = _pymatting("sm")
            found["PyMatting KNN"] = _pymatting("knn")
    return found


def scores(matte: Matte, case: Case) -> tuple[float, float, float, float, float]:
    """SAD, MSE, gradient, connectivity and processor seconds of one photo."""
    image, trimap, truth = case
    started = time.process_time()
    alpha = matte(image, trimap)
    busy_s = time.process_time() - started
    rounded = (np.round(255 * np.clip(alpha, 0, 1)) / 255).astype(np.float32)
    rounded[trimap == 0], rounded[trimap == 255] = 0, 1
    found = evaluate(rounded, truth.astype(np.float32) / np.float32(255), trimap)
    return found.sad, found.mse, found.grad, found.conn, busy_s


def compare(title: str, cases: Callable[[], Iterator[Case]], engines: dict[str, Matte]) -> dict[str, np.ndarray]:
    """Print the mean scores of each engine over a set of photos and return them."""
    means = {}
    for name, matte in engines.items():
        rows = np.array([scores(matte, case) for case in cases()])
        means[name] = rows.mean(axis=0)
        sad, mse, grad, conn, busy_s = means[name]
        print(f"{title:16s} {name:22s} {sad:7.3f} {mse:8.4f} {grad:7.3f} {conn:7.3f} {busy_s:8.2f}", flush=True)
    return means


def measure_large() -> int:
    """One photo of 24 megapixels: seconds and peak memory; 1 when a limit is missed."""
    import resource

    image, trimap, truth = read_portrait(0, LARGE_MP, LARGE_UNKNOWN)
    image = image.astype(np.float32) / np.float32(255)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    started = time.perf_counter()
    sad = scores(methods(False)["classic"], (image, trimap, truth))[0]
    wall_s, peak = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{LARGE_MP:.0f} MP, {100 * LARGE_UNKNOWN:.0f} % unknown: SAD {sad:.1f}, {wall_s:.0f} s "
        f"(limit {LARGE_LIMIT_S:.0f}), peak {peak:.0f} MiB (limit {LARGE_LIMIT_MIB:.0f}; before {before:.0f})"
    )
    return int(wall_s > LARGE_LIMIT_S or peak > LARGE_LIMIT_MIB)


def main(words: list[str] | None = None) -> int:
    """Print the table; 1 when the classic engine misses a target, 2 when the photos are not there."""
    words = sys.argv[1:] if words is None else words
    if not EVAL.is_dir():
        print(f"The photos are not there: {EVAL}")
        return 2
    if "--large" in words:
        return measure_large()
    count = int(words[words.index("--photos") + 1]) if "--photos" in words else 14
    engines = methods("--slow" in words)
    for matte in engines.values():  # what is compiled or imported at first use is not what we measure
        matte(*next(alphamatting(1, 1))[:2])
    print(f"{'photos':16s} {'engine':22s} {'SAD':>7s} {'MSE':>8s} {'Grad':>7s} {'Conn':>7s} {'CPU s':>8s}")
    missed = 0
    for which, (sad, grad) in TARGETS.items():
        means = compare(f"trimap {which}", lambda which=which: alphamatting(which, count), engines)["classic"]
        missed += means[0] > sad or means[2] > grad
        print(f"{f'trimap {which}':16s} {'the aim for classic':22s} {sad:7.3f} {'':8s} {grad:7.3f}")
    compare("lemur", lambda: lemur(count), engines)
    compare("portraits", lambda: portraits(count), engines)
    if len(words) == 0:
        missed += subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.bench_classic", "--large"], check=False
        ).returncode
    return int(missed > 0)


if __name__ == "__main__":
    raise SystemExit(main())
