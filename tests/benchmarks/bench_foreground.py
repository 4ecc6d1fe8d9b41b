"""Colour estimation: error beside PyMatting's multi-level method, time and memory at 6 and 24 megapixels, a brush dab.

The error is alpha |F - F*| over the mixed pixels of composites whose two pictures are known (in thousandths): what a
new background would show. Needs the photos in ../shared/data/eval.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec

import cv2
import numpy as np

from editor.document.foreground import estimate_colours, estimate_foreground, estimate_foreground_in
from editor.document.geometry import Rect
from tests.benchmarks.bench_closed_form import EVAL, read_case, read_portrait

SIZES = [(6.0, "float32"), (6.0, "uint8"), (24.0, "uint8")]


def composites() -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """image, alpha and true foreground: each alphamatting.com matte with two of the other photos."""
    folder = EVAL / "alphamatting"
    names = sorted(path.name[:4] for path in folder.glob("GT*_image.png"))
    for index, name in enumerate(names):
        truth = read_case(folder, name, 1)[2]
        alpha = truth.astype(np.float32) / np.float32(255)
        size = truth.shape[::-1]
        others = [read_case(folder, names[(index + shift) % len(names)], 1)[0] for shift in (3, 8)]
        subject, ground = (cv2.resize(other, size) for other in others)
        mixed = alpha[..., None] * subject + (1 - alpha[..., None]) * ground
        yield np.round(mixed * 255).astype(np.float32) / np.float32(255), alpha, subject


def ours(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The foreground as the program estimates it."""
    return estimate_foreground(image, alpha)


def theirs(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The foreground as PyMatting estimates it."""
    from pymatting import estimate_foreground_ml

    return estimate_foreground_ml(image.astype(np.float64), alpha.astype(np.float64))


def compare_errors() -> None:
    """Error and time of both methods on the same composites."""
    methods = {"ours": ours} | ({"pymatting": theirs} if find_spec("pymatting") else {})
    for label, method in methods.items():
        errors, seconds = [], []
        for image, alpha, subject in composites():
            started = time.perf_counter()
            found = method(image, alpha)
            seconds.append(time.perf_counter() - started)
            mixed = (alpha > 0) & (alpha < 1)
            errors.append(float((alpha[..., None] * np.abs(found - subject))[mixed].mean()) * 1000)
        # the first photo warms things up
        print(f"0.5 MP  {label:10s} error {np.mean(errors):6.2f}   {np.median(seconds[1:]):6.3f} s a photo")


def run_large(megapixels: float, dtype: str) -> None:
    """Time and peak memory of one size; prints a row for each function, and one for a dab of 300 x 300."""
    import resource

    image, _, alpha8 = read_portrait(0, megapixels, 0.08)
    alpha = alpha8.astype(np.float32) / np.float32(255)
    if dtype == "float32":
        image = image.astype(np.float32) / np.float32(255)
    for function in (estimate_foreground, estimate_colours):
        started, worked = time.perf_counter(), time.process_time()
        function(image, alpha)
        wall, busy = time.perf_counter() - started, time.process_time() - worked
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        name = function.__name__
        row = f"{megapixels:4.0f} MP {dtype:8s} {name:20s} {wall:6.2f} s wall {busy:6.2f} s processor"
        print(f"{row}   peak {peak:6.0f} MiB", flush=True)
    rows, columns = np.nonzero((alpha > 0.3) & (alpha < 0.7))
    middle = rows.size // 2
    around = Rect(int(columns[middle]) - 150, int(rows[middle]) - 150, 300, 300)
    rect = around.intersect(Rect(0, 0, alpha.shape[1], alpha.shape[0]))
    times = []
    for _ in range(15):
        started, worked = time.perf_counter(), time.process_time()
        estimate_foreground_in(image, alpha, rect)
        times.append((1000 * (time.perf_counter() - started), 1000 * (time.process_time() - worked)))
    wall, busy = np.median(times, axis=0)
    size = f"a dab of {rect.w} x {rect.h}"
    print(f"{megapixels:4.0f} MP {dtype:8s} {size:20s} {wall:6.1f} ms wall {busy:6.1f} ms processor", flush=True)


def main(words: list[str] | None = None) -> int:
    """Print the table; 0 when it could be measured."""
    words = sys.argv[1:] if words is None else words
    if not EVAL.is_dir():
        print(f"The photos are not there: {EVAL}")
        return 2
    if "--large" in words:
        at = words.index("--large")
        run_large(float(words[at + 1]), words[at + 2])
        return 0
    compare_errors()
    for megapixels, dtype in SIZES:
        arguments = ["--large", str(megapixels), dtype]
        subprocess.run([sys.executable, "-m", "tests.benchmarks.bench_foreground", *arguments], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
