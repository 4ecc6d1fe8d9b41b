"""KNN matting against PyMatting: error and time at 0.5 megapixels, ours at 24 (time, memory, longest silence).

``--photos N`` takes only the first N photos. The large photo runs in a process of its own, so that the memory told is
that run's own. Needs the photos in ../shared/data/eval; PyMatting's row stays away where it is not installed.
"""

from __future__ import annotations

import subprocess
import sys
import time
from importlib.util import find_spec

import numpy as np

from tests.benchmarks.bench_closed_form import EVAL, Matte, read_case, read_portrait, sum_of_differences


def ours(image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """KNN matting as the program does it."""
    from models.classical.knn import knn_matte

    return knn_matte(image, trimap)


def theirs(image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """KNN matting as PyMatting does it."""
    from pymatting import estimate_alpha_knn

    return estimate_alpha_knn(image.astype(np.float64), np.where(trimap == 128, 0.5, trimap / 255.0))


def compare_small(count: int) -> None:
    """Both methods on each photo in turn, so that what else the machine does meets both alike."""
    folder = EVAL / "alphamatting"
    names = sorted(path.name[:4] for path in folder.glob("GT*_image.png"))[:count]
    methods: dict[str, Matte] = {"ours": ours}
    if find_spec("pymatting"):
        methods["pymatting"] = theirs
    for method in methods.values():
        method(*read_case(folder, names[-1], 1)[:2])
    for which in (1, 2):
        rows: dict[str, list[tuple[float, float, float]]] = {label: [] for label in methods}
        for name in names:
            image, trimap, truth = read_case(folder, name, which)
            for label, method in methods.items():
                started, worked = time.perf_counter(), time.process_time()
                alpha = method(image, trimap)
                spent = time.perf_counter() - started, time.process_time() - worked
                rows[label].append((sum_of_differences(alpha, trimap, truth), *spent))
        for label, measured in rows.items():
            error, wall, busy = np.mean(measured, axis=0)
            spent_text = f"{wall:6.2f} s wall  {busy:6.2f} s processor a photo"
            print(f"0.5 MP trimap {which}  {label:10s} SAD {error:7.3f}   {spent_text}", flush=True)


def run_large() -> None:
    """One portrait of 24 megapixels, 8 % unknown; prints its row."""
    import resource

    from models.classical.knn import knn_matte

    image8, trimap, alpha = read_portrait(0, 24.0, 0.08)
    image = image8.astype(np.float32) / np.float32(255)
    del image8
    times = [time.perf_counter()]
    worked = time.process_time()
    result = knn_matte(image, trimap, lambda fraction, text: times.append(time.perf_counter()))
    busy = time.process_time() - worked
    error = sum_of_differences(result, trimap, alpha)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"24 MP, 8 % unknown  ours  SAD {error:7.2f}   {times[-1] - times[0]:6.1f} s wall  {busy:6.1f} s processor   "
        f"peak {peak:6.0f} MiB   longest silence {np.diff(times).max():.2f} s",
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
        run_large()
        return 0
    compare_small(count)
    subprocess.run([sys.executable, "-m", "tests.benchmarks.bench_knn", "--large"], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
