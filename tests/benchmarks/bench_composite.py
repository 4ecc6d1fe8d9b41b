"""What drawing costs: tiles of every kind, the cache, and the whole picture at 24 megapixels."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil

from editor.document.composite import CompositeCache, changed_rects, flatten, view_pixels
from editor.document.document import Document, DocumentState, Photo
from editor.document.geometry import Placement, Rect
from editor.document.layer import Layer
from editor.document.tiles import Plane

WIDTH, HEIGHT = 6000, 4000
TILE = Rect(1536, 1024, 256, 256)
TARGET_TILE_MS, TARGET_EXTRA_MB = 3.0, 1500


def main() -> None:
    """Print two tables: milliseconds a tile, and seconds and megabytes for the whole."""
    print(f"{'one tile of 256 x 256':44s} {'8 bit ms':>9s} {'16 bit ms':>9s}")
    states = [documents(dtype) for dtype in (np.uint8, np.uint16)]
    for name in states[0]:
        view, level = VIEWS_OF.get(name, ("background", 0))
        costs = [median_ms(lambda s=both[name], v=view, n=level: view_pixels(s, v, TILE, n, {})) for both in states]
        mark = f"   (target {TARGET_TILE_MS:g})" if name == "photo under the masked subject" else ""
        print(f"{name:44s} {costs[0]:9.2f} {costs[1]:9.2f}{mark}")
    _cache_table(states[0]["photo under the masked subject"])
    print(f"\n{'the whole, 24 megapixels':44s} {'seconds':>9s} {'extra MB':>9s}")
    for bits, both in zip((8, 16), states, strict=True):
        for name in ("the photo as it is", "photo under the masked subject", "picture shrunk under the subject"):
            seconds, extra = whole(both[name])
            print(f"{f'{name}, {bits} bit':44s} {seconds:9.2f} {extra:9.0f}   (target {TARGET_EXTRA_MB} MB)")


VIEWS_OF = {
    "view: photo": ("photo", 0), "view: matte": ("alpha", 0), "view: cut-out": ("checker", 0),
    "photo under the masked subject, level 2": ("background", 1),
}  # fmt: skip


def documents(dtype: type) -> dict[str, DocumentState]:
    """States of 24 megapixels by what is measured on them."""
    plain = Document.from_photo(Photo(_noise(dtype, 1)))
    cut = Document(plain.state)
    cut.set_matte(Plane.from_array(_mask()), Plane.from_array(_noise(dtype, 2)))
    below = Layer("Below", Plane.from_array(_noise(dtype, 3)))
    cut.add_layer(below, 0)
    both = cut.state
    subject = both.subject_layer

    def under(placement: Placement) -> DocumentState:
        return both.with_layer(below.changed(placement=placement))

    return {
        "view: photo": both, "view: matte": both, "view: cut-out": both,
        "the photo as it is": plain.state,
        "photo under the masked subject": both,
        "photo under the masked subject, level 2": both,
        "the same, half decontaminated": both.with_layer(subject.changed(decontaminate=0.5)),
        "picture enlarged under the subject": under(Placement(-1800.3, -1200.2, 1.6)),
        "picture shrunk under the subject": under(Placement(-10.5, -7.5, 0.61)),
        "subject between pixels": both.with_layer(subject.changed(placement=Placement(0.5, 0.25))),
        "subject in soft light": both.with_layer(subject.changed(blend="soft light")),
    }  # fmt: skip


def median_ms(work: Callable[[], object], times: int = 25) -> float:
    """The median cost of a call in milliseconds, after one to warm up."""
    work()
    costs = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        costs.append(1000 * (time.perf_counter() - started))
    return statistics.median(costs)


def whole(state: DocumentState) -> tuple[float, float]:
    """Seconds to flatten, and the most megabytes in use beyond what was there before."""
    process = psutil.Process(os.getpid())
    before, most = process.memory_info().rss, 0

    def watch(fraction: float, text: str) -> None:
        nonlocal most
        most = max(most, process.memory_info().rss - before)

    started = time.perf_counter()
    flatten(state, {}, watch)
    return time.perf_counter() - started, most / 1e6


def _cache_table(state: DocumentState) -> None:
    """What the cache costs while panning and after a stroke."""
    cache = CompositeCache(1 << 30)
    keys = [(row, column) for row in range(8) for column in range(12)]
    for key in keys:
        cache.tile(state, "background", 0, key, {})
    hit = median_ms(lambda: [cache.tile(state, "background", 0, key, {}) for key in keys])
    mask = state.subject_layer.mask
    assert mask is not None
    stroke = mask.paste(1600, 1100, np.full((200, 200), 9, np.uint16))
    after = state.with_layer(state.subject_layer.changed(mask=stroke))
    print(f"{'96 tiles from the cache':44s} {hit:9.2f}")
    compare = median_ms(lambda: changed_rects(state, after, "background"))
    print(f"{'what a stroke of 200 px changed':44s} {compare:9.2f}")


def _noise(dtype: type, seed: int) -> np.ndarray:
    top = np.iinfo(dtype).max
    tile = np.random.default_rng(seed).integers(0, top, (400, 600, 3)).astype(dtype)
    return np.tile(tile, (HEIGHT // 400, WIDTH // 600, 1))


def _mask() -> np.ndarray:
    """Soft everywhere in the measured tile, empty at the border, opaque in the middle."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    away = np.hypot(x - WIDTH / 2, (y - HEIGHT / 2) * 1.2)
    return np.rint(np.clip((2100 - away) / 1500, 0, 1) * 65535).astype(np.uint16)


if __name__ == "__main__":
    print(f"{Path(__file__).stem}, {os.cpu_count()} cores")
    main()
