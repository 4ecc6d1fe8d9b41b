"""The default engine beside what it weighs, on the photos of alphamatting.com: before and after it is settled.

Measured as bench_classic measures: over the unknown pixels, known ones restored, alpha rounded to eight bits, in the
papers' units. Classic, KNN and closed form are those that fusion weighs, so all stand side by side in one run. Seconds
are the processor's, of all cores together. ``--photos N`` takes only the first N photos. Without it one photo of 24
megapixels with 8 % unknown follows, in a process of its own; ``--large`` measures that alone.
"""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np

import models
from models.classical.settling import settled_matte
from models.fusion import MATTES, expert_planes, fused, fused_matte
from models.running import Predictor
from models.weight_store import OWN_WEIGHTS, WeightStore
from tests.benchmarks.bench_classic import EVAL, LARGE_LIMIT_MIB, LARGE_MP, LARGE_UNKNOWN, Case, alphamatting, scores
from tests.benchmarks.bench_closed_form import read_portrait

TARGETS = {1: (2.8, 1.9), 2: (3.5, 2.6)}  # SAD and gradient of the engine, by trimap
OTHERS = "the crude fusion: 3.34, 2.49 and 4.04, 3.31"
LARGE_LIMIT_S = 300.0
WEIGHED, SETTLED = "fusion, not settled", "fusion"


def main(words: list[str] | None = None) -> int:
    """Print the table; 1 when a target is missed, 2 when the photos are not there."""
    words = sys.argv[1:] if words is None else words
    if not EVAL.is_dir():
        print(f"The photos are not there: {EVAL}")
        return 2
    network = _network()
    if "--large" in words:
        return measure_large(network)
    count = int(words[words.index("--photos") + 1]) if "--photos" in words else 14
    print(f"{'photos':10s} {'matte':20s} {'SAD':>7s} {'MSE':>8s} {'Grad':>7s} {'Conn':>7s} {'CPU s':>8s}")
    missed = 0
    for which, (sad, grad) in TARGETS.items():
        rows = [_measured(network, case) for case in alphamatting(which, count)]
        for name in rows[0]:
            mean = np.mean([row[name] for row in rows], axis=0)
            busy_s = f"{mean[4]:8.2f}" if mean[4] else ""
            print(f"trimap {which:3d} {name:20s} {mean[0]:7.3f} {mean[1]:8.4f} {mean[2]:7.3f} {mean[3]:7.3f} {busy_s}")
        mean = np.mean([row[SETTLED] for row in rows], axis=0)
        missed += mean[0] > sad or mean[2] > grad
        print(f"trimap {which:3d} {'the aim':20s} {sad:7.3f} {'':8s} {grad:7.3f}  ({OTHERS})", flush=True)
    if len(words) == 0:
        large = subprocess.run([sys.executable, "-m", "tests.benchmarks.bench_fusion", "--large"], check=False)
        missed += large.returncode
    return int(missed > 0)


def _network() -> Predictor:
    return models.load("fusion", WeightStore(OWN_WEIGHTS).verified("fusion").path, "cpu")


def _measured(network: Predictor, case: Case) -> dict[str, tuple[float, ...]]:
    """SAD, MSE, gradient, connectivity and processor seconds of every matte; seconds only of the engine's own."""
    image, trimap, _ = case
    started = time.process_time()
    planes = expert_planes(image, trimap, _silent)
    weighed = fused(network, image, trimap, planes, _silent)
    settled = settled_matte(image, trimap, weighed, _silent)
    busy_s = time.process_time() - started
    found = {name: planes[place].astype(np.float32) for place, name in enumerate(MATTES)}
    mattes = found | {WEIGHED: weighed, SETTLED: settled}
    errors_of = {name: scores(lambda *_, alpha=alpha: alpha, case)[:4] for name, alpha in mattes.items()}
    return {name: (*errors, busy_s if name == SETTLED else 0.0) for name, errors in errors_of.items()}


def measure_large(network: Predictor) -> int:
    """One photo of 24 megapixels: seconds and peak memory; 1 when a limit is missed."""
    import resource

    image, trimap, _ = read_portrait(0, LARGE_MP, LARGE_UNKNOWN)
    image = image.astype(np.float32) / np.float32(255)
    started, busy = time.perf_counter(), time.process_time()
    fused_matte(network, image, trimap, _silent)
    wall_s, busy_s = time.perf_counter() - started, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{LARGE_MP:.0f} MP, {100 * LARGE_UNKNOWN:.0f} % unknown: {wall_s:.0f} s (limit {LARGE_LIMIT_S:.0f}; "
        f"{busy_s:.0f} s of the processor), peak {peak:.0f} MiB (limit {LARGE_LIMIT_MIB:.0f})"
    )
    return int(wall_s > LARGE_LIMIT_S or peak > LARGE_LIMIT_MIB)


def _silent(fraction: float, text: str) -> None:
    """Nobody watches a benchmark's photo."""


if __name__ == "__main__":
    raise SystemExit(main())
