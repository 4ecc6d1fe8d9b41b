"""The networks on large photos: pieces against the whole photo at once, and what 2 to 24 megapixels take.

The weights mean nothing: random filters, as in ../shared/oracles. An untrained network looks further around itself than
a trained one. Such filters would drive A2U and RMat far out of alpha's range, where clipping hides every difference: of
all but IndexNet, the norms are set to what the photo shows and the answers are scaled to the range of alpha.

``--quick`` measures IndexNet alone and leaves out the large photos; ``--networks A,B`` measures those. Seconds are the
processor's, of two cores together, so that other work on the machine counts little. Needs ../shared/data/eval.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from models.catalogue.spec import ModelSpec
from models.running import Predictor
from tests.benchmarks.bench_closed_form import EVAL, read_portrait

NETWORKS = ("indexnet", "a2u", "rmat-m3", "pspm-b5")
SIZES_MP = (2.0, 6.0, 12.0, 24.0)
SMALL_MP, SMALL_UNKNOWN, LARGE_UNKNOWN = 2.0, 0.13, 0.08
SMALLER_MP = {"rmat-m3": 0.7}
"""Where one go at 2 megapixels takes minutes: the attention of LFA grows with the square of what it sees."""
SAME_AREA = (24.0, LARGE_UNKNOWN * 6 / 24)
"""As many unknown pixels as the row of 6 megapixels has, in a photo four times as large."""
AS_IT_IS = ("indexnet",)
"""Whose filled weights answer within alpha's range without more."""
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


def set_norms(name: str, path: Path, image: np.ndarray, trimap: np.ndarray) -> None:
    """Set the mean and variance of every norm in ``path`` to what the photo, reduced, shows at its place."""
    import cv2
    import torch
    from safetensors.torch import load_file, save_file

    import models
    from models.networks.building import build
    from models.prepare import network_input

    spec = models.spec(name)
    network = build(spec)
    network.load_state_dict(load_file(path))

    def follow(norm: torch.nn.Module, inputs: tuple[torch.Tensor]) -> None:
        if inputs[0][0, 0].numel() > 1:
            variance, mean = torch.var_mean(inputs[0], (0, 2, 3), correction=0)
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(variance)

    for module in network.eval().modules():
        if hasattr(module, "running_mean"):
            module.register_forward_pre_hook(follow)
    scale = 448 / max(trimap.shape)
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    marks = cv2.resize(trimap, small.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    with torch.no_grad():
        network(torch.from_numpy(network_input(small, marks if spec.channels == 4 else None, spec.stride)))
    save_file({key: value.contiguous() for key, value in network.state_dict().items()}, path)


class Scaled:
    """A predictor whose last answer is brought to alpha's range: from ``low`` to ``high`` becomes 0 to 1."""

    def __init__(self, predictor: Predictor, low: float, high: float) -> None:
        self.predictor, self.low, self.high = predictor, low, high
        self.spec, self.most_pixels = predictor.spec, predictor.most_pixels
        self.remember_whole = predictor.remember_whole

    @property
    def tick(self) -> Callable[[float], None] | None:
        """The predictor's own."""
        return self.predictor.tick

    @tick.setter
    def tick(self, tick: Callable[[float], None] | None) -> None:
        self.predictor.tick = tick

    def predict(self, inputs: np.ndarray, *more: object) -> tuple[np.ndarray, ...]:
        """As the predictor's."""
        *others, raw = self.predictor.predict(inputs, *more)
        return *others, (raw - np.float32(self.low)) / np.float32(self.high - self.low)


def timed(work: Callable[[], np.ndarray]) -> tuple[np.ndarray, float, float]:
    """The answer, seconds on the wall, seconds of the processor."""
    started, worked = time.perf_counter(), time.process_time()
    answer = work()
    return answer, time.perf_counter() - started, time.process_time() - worked


def inputs_for(spec: ModelSpec, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """What the network is shown of the whole photo, as it is shown its pieces."""
    from models.prepare import class_channels, network_input, padded

    inputs = network_input(image, trimap if spec.channels == 4 else None, spec.stride)
    if not spec.finds_trimap:
        return inputs
    return np.concatenate([inputs, padded(class_channels(trimap), spec.stride)[None]], axis=1)


def at_once(predictor: Predictor, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """Raw alpha (H, W) of the whole photo in one go."""
    H, W = trimap.shape
    return predictor.predict(inputs_for(predictor.spec, image, trimap))[-1][0, 0, :H, :W]


def quiet(fraction: float, text: str) -> None:
    """Progress that nobody watches."""


def compare(name: str, path: Path, image: np.ndarray, trimap: np.ndarray) -> list[str]:
    """Pieces against the whole photo at once, in the same process by the same runner; what missed its limit."""
    import torch
    from safetensors.torch import load_file

    import models
    from models.networks.building import build
    from models.prepare import known_kept
    from models.tiling import matte_in_pieces

    spec = models.spec(name)
    predictor = models.load(name, path, "cpu")
    matte_in_pieces(predictor, image[:256, :256], trimap[:256, :256], quiet)  # warm
    plain = build(spec)
    plain.load_state_dict(load_file(path))
    inputs = torch.from_numpy(inputs_for(spec, image, trimap))

    def published() -> np.ndarray:
        with torch.inference_mode():
            plain(inputs)
        return trimap

    _, _, busy_plain = timed(published)
    raw, wall_whole, busy_whole = timed(lambda: at_once(predictor, image, trimap))
    if name not in AS_IT_IS:
        low, high = (float(level) for level in np.quantile(raw[trimap == 128], (0.05, 0.95)))
        predictor, raw = Scaled(predictor, low, high), (raw - low) / (high - low)
    whole = known_kept(raw.astype(np.float32), trimap)
    alpha, wall, busy = timed(lambda: matte_in_pieces(predictor, image, trimap, quiet))
    moved = np.abs(alpha - whole)[trimap == 128]
    share, faster = float((moved <= WITHIN).mean()), busy_plain / busy
    print(
        f"{name:10s} as published {busy_plain:6.1f} s, whole {busy_whole:6.1f} s ({wall_whole:.1f} wall), pieces "
        f"{busy:6.1f} s ({wall:.1f} wall): {faster:.1f} x and {busy_whole / busy:.1f} x faster; within 2/255 "
        f"{100 * share:.2f} %, half within {255 * np.median(moved):.1f}, 99 % {255 * np.quantile(moved, 0.99):.1f}, "
        f"99.9 % {255 * np.quantile(moved, SHARE):.1f} of 255 levels",
        flush=True,
    )
    missed = [f"{name}: {faster:.1f} x faster than as published, not {FASTER:g} x"] if faster < FASTER else []
    if name == "indexnet" and share < SHARE:
        missed.append(f"{name}: {100 * share:.2f} % within 2/255 of the whole photo's alpha, not {100 * SHARE:g} %")
    return missed


def run_large(name: str, path: Path, megapixels: float, unknown: float) -> None:
    """One large photo; prints its seconds of the processor, the longest of them between two calls of progress, its
    peak memory in MiB and its unknown pixels.
    """
    import resource

    import models
    from models.tiling import matte_in_pieces

    image8, trimap, _ = read_portrait(3, megapixels, unknown)
    image = image8.astype(np.float32) / np.float32(255)
    del image8
    predictor = models.load(name, path, "cpu")
    calls = [time.process_time()]

    def noted(fraction: float, text: str) -> None:
        calls.append(time.process_time())

    _, _, busy = timed(lambda: matte_in_pieces(predictor, image, trimap, noted))
    print(busy, np.diff(calls).max(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, (trimap == 128).sum())


def table(name: str, path: Path) -> list[str]:
    """A row for each size, each in a process of its own; what missed its limit."""
    missed: list[str] = []
    per_unknown: list[float] = []
    for megapixels, share in (SAME_AREA, *((size, LARGE_UNKNOWN) for size in SIZES_MP)):
        words = ["--large", name, str(path), str(megapixels), str(share)]
        command = [sys.executable, "-m", "tests.benchmarks.bench_networks", *words]
        result = subprocess.run(command, check=True, capture_output=True, text=True)
        busy, longest, peak, unknown = (float(word) for word in result.stdout.split()[-4:])
        per_unknown.append(busy / unknown)
        print(
            f"{name:10s} {megapixels:4.0f} MP, {unknown / 1e6:.2f} MP unknown: {busy:7.1f} s, "
            f"{1e6 * per_unknown[-1]:6.1f} us an unknown pixel, at most {longest:.1f} s between chances to stop, "
            f"peak {peak:5.0f} MiB",
            flush=True,
        )
        if peak > MEMORY_LIMIT_MIB:
            missed.append(f"{name}: {peak:.0f} MiB at {megapixels:.0f} megapixels, not under 3 GB")
    if per_unknown[-1] > GROWTH_LIMIT * per_unknown[1]:
        missed.append(
            f"{name}: an unknown pixel costs {per_unknown[-1] / per_unknown[1]:.1f} x as much in a large photo"
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
        run_large(words[at + 1], Path(words[at + 2]), float(words[at + 3]), float(words[at + 4]))
        return 0
    names = words[words.index("--networks") + 1].split(",") if "--networks" in words else NETWORKS
    missed: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for name in names[:1] if "--quick" in words else names:
            path = Path(folder) / f"{name}.safetensors"
            image8, trimap, _ = read_portrait(3, SMALLER_MP.get(name, SMALL_MP), SMALL_UNKNOWN)
            image = image8.astype(np.float32) / np.float32(255)
            fill(name, path)
            if name not in AS_IT_IS:
                set_norms(name, path, image, trimap)
            missed += compare(name, path, image, trimap)
            if "--quick" not in words:
                missed += table(name, path)
    for sentence in missed:
        print(f"missed: {sentence}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
