"""The networks on large photos: pieces against the whole photo at once, and what 2 to 24 megapixels take.

The weights mean nothing: random filters, as in ../shared/oracles. An untrained network looks further around itself than
a trained one. ``--quick`` measures IndexNet alone and leaves out the large photos; ``--networks A,B`` measures those.
Seconds are the processor's, so that other work on the machine counts little. Needs ../shared/data/eval.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.benchmarks.bench_closed_form import EVAL, read_portrait

NETWORKS = ("indexnet", "a2u", "rmat-m3", "pspm-b5")
SIZES_MP = (2.0, 6.0, 12.0, 24.0)
SMALL_MP, SMALL_UNKNOWN, LARGE_UNKNOWN = 2.0, 0.13, 0.08
FASTER, WITHIN, SHARE = 3.0, 2 / 255, 0.999
MEMORY_LIMIT_MIB = 3_000_000_000 / 1024**2
GROWTH_LIMIT = 1.5
"""How much dearer an unknown pixel may be at 24 megapixels than at 2."""


def fill(name: str, path: Path) -> None:
    """Write weights of the network ``name`` to ``path``: random filters of the variance that keeps values in range."""
    import torch
    from safetensors.torch import save_file

    import models
    from models.networks.building import build

    torch.manual_seed(1)
    state = build(models.spec(name)).state_dict()
    for value in state.values():
        if value.dim() >= 2:
            value.normal_(0, (2 / value[0].numel()) ** 0.5)
    save_file({key: value.contiguous() for key, value in state.items()}, path)


def timed(work: Callable[[], np.ndarray]) -> tuple[np.ndarray, float, float]:
    """The answer, seconds on the wall, seconds of the processor."""
    started, worked = time.perf_counter(), time.process_time()
    answer = work()
    return answer, time.perf_counter() - started, time.process_time() - worked


def at_once(predictor: object, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """Raw alpha (H, W) of the whole photo in one go."""
    from models.prepare import network_input

    H, W = trimap.shape
    spec = predictor.spec
    return predictor.predict(network_input(image, trimap if spec.channels == 4 else None, spec.stride))[-1][
        0, 0, :H, :W
    ]


def quiet(fraction: float, text: str) -> None:
    """Progress that nobody watches."""


def compare(name: str, path: Path, image: np.ndarray, trimap: np.ndarray) -> list[str]:
    """Pieces against the whole photo at once, in the same process by the same runner; what missed its limit."""
    import torch
    from safetensors.torch import load_file

    import models
    from models.networks.building import build
    from models.prepare import known_kept, network_input
    from models.tiling import matte_in_pieces

    spec = models.spec(name)
    predictor = models.load(name, path, "cpu")
    matte_in_pieces(predictor, image[:256, :256], trimap[:256, :256], quiet)  # warm
    plain = build(spec)
    plain.load_state_dict(load_file(path))
    inputs = torch.from_numpy(network_input(image, trimap if spec.channels == 4 else None, spec.stride))

    def published() -> np.ndarray:
        with torch.inference_mode():
            plain(inputs)
        return trimap

    _, _, busy_plain = timed(published)
    whole, wall_whole, busy_whole = timed(lambda: known_kept(at_once(predictor, image, trimap), trimap))
    alpha, wall, busy = timed(lambda: matte_in_pieces(predictor, image, trimap, quiet))
    moved = np.abs(alpha - whole)[trimap == 128]
    share, faster = float((moved <= WITHIN).mean()), busy_plain / busy
    print(
        f"{name:10s} as published {busy_plain:6.1f} s, whole {busy_whole:6.1f} s ({wall_whole:.1f} wall), pieces "
        f"{busy:6.1f} s ({wall:.1f} wall): {faster:.1f} x and {busy_whole / busy:.1f} x faster; within 2/255 "
        f"{100 * share:.2f} %, 99.9 % within {255 * np.quantile(moved, SHARE):.1f}/255",
        flush=True,
    )
    missed = [f"{name}: {faster:.1f} x faster than as published, not {FASTER:g} x"] if faster < FASTER else []
    if name == "indexnet" and share < SHARE:
        missed.append(f"{name}: {100 * share:.2f} % within 2/255 of the whole photo's alpha, not {100 * SHARE:g} %")
    return missed


def run_large(name: str, path: Path, megapixels: float) -> None:
    """One large photo; prints its seconds of the processor, its peak memory in MiB and its unknown pixels."""
    import resource

    import models
    from models.tiling import matte_in_pieces

    image8, trimap, _ = read_portrait(3, megapixels, LARGE_UNKNOWN)
    image = image8.astype(np.float32) / np.float32(255)
    del image8
    predictor = models.load(name, path, "cpu")
    _, _, busy = timed(lambda: matte_in_pieces(predictor, image, trimap, quiet))
    print(busy, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, (trimap == 128).sum())


def table(name: str, path: Path) -> list[str]:
    """A row for each size, each in a process of its own; what missed its limit."""
    missed: list[str] = []
    per_unknown: list[float] = []
    for megapixels in SIZES_MP:
        command = [sys.executable, "-m", "tests.benchmarks.bench_networks", "--large", name, str(path), str(megapixels)]
        result = subprocess.run(command, check=True, capture_output=True, text=True)
        busy, peak, unknown = (float(word) for word in result.stdout.split()[-3:])
        per_unknown.append(busy / unknown)
        print(
            f"{name:10s} {megapixels:4.0f} MP, 8 % unknown: {busy:7.1f} s, {1e6 * per_unknown[-1]:6.1f} us an unknown "
            f"pixel, peak {peak:5.0f} MiB",
            flush=True,
        )
        if peak > MEMORY_LIMIT_MIB:
            missed.append(f"{name}: {peak:.0f} MiB at {megapixels:.0f} megapixels, not under 3 GB")
    if per_unknown[-1] > GROWTH_LIMIT * per_unknown[0]:
        missed.append(
            f"{name}: an unknown pixel costs {per_unknown[-1] / per_unknown[0]:.1f} x as much in a large photo"
        )
    return missed


def main(words: list[str] | None = None) -> int:
    """Print both tables; 0 when every limit was kept."""
    words = sys.argv[1:] if words is None else words
    if not EVAL.is_dir():
        print(f"The photos are not there: {EVAL}")
        return 2
    if "--large" in words:
        at = words.index("--large")
        run_large(words[at + 1], Path(words[at + 2]), float(words[at + 3]))
        return 0
    names = words[words.index("--networks") + 1].split(",") if "--networks" in words else NETWORKS
    missed: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for name in names[:1] if "--quick" in words else names:
            path = Path(folder) / f"{name}.safetensors"
            image8, trimap, _ = read_portrait(3, SMALL_MP, SMALL_UNKNOWN)
            image = image8.astype(np.float32) / np.float32(255)
            fill(name, path)
            missed += compare(name, path, image, trimap)
            if "--quick" not in words:
                missed += table(name, path)
    for sentence in missed:
        print(f"missed: {sentence}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
