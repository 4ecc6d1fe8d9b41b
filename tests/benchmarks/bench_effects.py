"""What effects cost: a tile on the screen at several levels, and the whole picture at 24 megapixels."""

from __future__ import annotations

import os
import statistics
import threading
import time
from pathlib import Path

import numpy as np
import psutil

from editor.document.backdrop import Blur, prepare, put_under
from editor.document.composite import flatten, view_pixels
from editor.document.document import Document, Photo
from editor.document.geometry import Rect
from editor.document.layer import EffectUse
from editor.document.tiles import Plane
from editor.plugin_loader import load_all

WIDTH, HEIGHT = 6000, 4000
EFFECTS = load_all().effects
TARGET_S, TARGET_MB = 20, 3000


class PeakMemory:
    """The most memory the process holds while the block runs, in megabytes."""

    def __enter__(self) -> PeakMemory:
        """Begin to watch."""
        self.megabytes = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *what: object) -> None:
        """Stop watching."""
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        process = psutil.Process(os.getpid())
        while not self._done.wait(0.01):
            self.megabytes = max(self.megabytes, process.memory_info().rss / 1e6)


def document(dtype: type) -> Document:
    """24 megapixels of noise and lights with a soft disc cut out."""
    top = np.iinfo(dtype).max
    tile = (np.random.default_rng(1).random((500, 600, 3)) ** 3 * top).astype(dtype)
    made = Document.from_photo(Photo(np.tile(tile, (HEIGHT // 500, WIDTH // 600, 1))))
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    alpha = np.clip((1100 - np.hypot(x - WIDTH / 2, y - HEIGHT / 2)) / 150, 0, 1)
    made.set_matte(Plane.from_array(np.rint(alpha * 65535).astype(np.uint16)), None)
    return made


def main() -> None:
    """Print the tables."""
    made = document(np.uint8)
    _tiles(made)
    print(f"\n{'24 megapixels':44s} {'seconds':>9s} {'CPU s':>9s} {'peak MB':>9s}")
    for dtype in (np.uint8, np.uint16):
        made = document(dtype)
        bits = np.dtype(dtype).itemsize * 8
        _timed(f"clean plate, {bits} bit", lambda made=made: put_under(made, prepare(made.state, Blur())))
        for radius in (10.0, 40.0, 150.0):
            use = EffectUse("depth-of-field", {"radius_px": radius})
            made.change_layer(made.state.layers[0].id, effects=(use,))
            _timed(f"depth of field {radius:g} px, {bits} bit", lambda made=made: flatten(made.state, EFFECTS))
    for name in ("drop-shadow", "gaussian-blur"):
        made = document(np.uint8)
        made.change_layer(made.state.subject, effects=(EffectUse(name),))
        _timed(f"{name}, 8 bit", lambda made=made: flatten(made.state, EFFECTS))


def _tiles(made: Document) -> None:
    """A tile of each effect at the levels that a screen shows."""
    print(f"{'one tile of 256 x 256, ms':44s} {'level 0':>9s} {'level 1':>9s} {'level 2':>9s}")
    uses = [EffectUse("depth-of-field", {"radius_px": radius}) for radius in (10.0, 40.0, 150.0)]
    for use in (*uses, EffectUse("drop-shadow"), EffectUse("gaussian-blur")):
        made.change_layer(made.state.subject, effects=(use,))
        row = []
        for level in (0, 1, 2):
            rect = Rect(WIDTH // 2 - 1000, HEIGHT // 2 - 500, 256, 256).at_level(level)
            rect = Rect(rect.x, rect.y, 256, 256)
            costs = []
            for _ in range(7):
                started = time.perf_counter()
                view_pixels(made.state, "background", rect, level, EFFECTS)
                costs.append(1000 * (time.perf_counter() - started))
            row.append(statistics.median(costs))
        label = f"{use.name} {use.values.get('radius_px', '')}"
        print(f"{label:44s} {row[0]:9.1f} {row[1]:9.1f} {row[2]:9.1f}")


def _timed(name: str, work: object) -> None:
    assert callable(work)
    with PeakMemory() as peak:
        started, cpu = time.perf_counter(), time.process_time()
        work()
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    target = f"   (target {TARGET_S} s, {TARGET_MB} MB)" if "field 40" in name else ""
    print(f"{name:44s} {seconds:9.2f} {cpu:9.2f} {peak.megabytes:9.0f}{target}")


if __name__ == "__main__":
    print(f"{Path(__file__).stem}, {os.cpu_count()} cores")
    main()
