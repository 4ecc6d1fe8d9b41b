"""Composite pixels for the screen: at once where that is quick, from a worker thread where it is not.

Two things are slow: layers with slow effects, and the first half-size copies of planes that are new as a whole. For
both the feed says "not yet" and sends word when there is something to draw.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from PySide6.QtCore import QObject, Signal

from editor.document.composite import CompositeCache, is_slow
from editor.document.document import DocumentState
from editor.document.effects import EffectTypes
from editor.document.geometry import Rect
from editor.document.tiles import TILE_PX, Key, Plane
from editor.ui.block_renderer import OutOfTime
from editor.ui.mip_warmer import MipWarmer
from editor.ui.views import Look

CACHE_BYTES = 256 << 20
COARSE_STEPS = 2
"""How many levels coarser the first pass over slow tiles is."""
Progress = Callable[[float, str], None]


class Runner(Protocol):
    """What is needed of ``editor.jobs.JobRunner``."""

    def submit(
        self,
        name: str,
        work: Callable[[Progress], Any],
        done: Callable[[Any], None],
        failed: Callable[[BaseException], None] | None = None,
        key: str | None = None,
        quiet: bool = False,
    ) -> Any:
        """Run ``work`` on a worker, ``done`` on the main thread."""
        ...


@dataclass(frozen=True, order=True)
class Wish:
    """A tile that is to be made: coarser levels sort first."""

    minus_level: int
    view: str
    key: Key


class TileFeed(QObject):
    """Reads regions of composite pixels of one state at a time.

    ``arrived`` is emitted when tiles that were missing are there, ``warmed`` when all is to be drawn anew; ``failed``
    carries the exception of a worker.
    """

    arrived = Signal()
    warmed = Signal()
    failed = Signal(object)

    def __init__(self, effects: EffectTypes, runner: Runner | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.effects = effects
        self._runner = runner
        self._cache = CompositeCache(CACHE_BYTES)
        self._state: DocumentState | None = None
        self._wishes: set[Wish] = set()
        self._job: Any = None
        self._attempt: tuple[DocumentState, str] | None = None
        self._hopeless: tuple[DocumentState, str] | None = None
        self._previews: dict[Wish, np.ndarray] = {}
        self._generation = 0
        self._deadline_s, self._free = math.inf, True
        self._warmer = MipWarmer(runner, self)
        self._warmer.warmed.connect(self.warmed)

    def set_state(self, state: DocumentState | None, same_document: bool) -> None:
        """Read from another state; tiles that look the same in it are kept within one document."""
        if not same_document or state is None or self._state is None or _sizes(state) != _sizes(self._state):
            self._cache.clear()
            self._previews, self._generation = {}, self._generation + 1
        self._state = state
        self._wishes.clear()
        self._warmer.follow(state)

    def begin(self, deadline_s: float) -> None:
        """Make tiles until ``deadline_s`` and raise ``OutOfTime`` for further ones; the first is made in any case."""
        self._deadline_s, self._free = deadline_s, True

    def labels(self, level: int, rect: Rect) -> np.ndarray:
        """The trimap's labels (h, w) for ``rect`` of a level."""
        assert self._state is not None
        trimap = self._state.trimap
        if self._warmer.cold:  # halving a trimap takes every second label, so this is the same
            return strided(trimap, level, rect)[:, :, 0]
        return trimap.at_level(level).read(rect)

    def region(self, look: Look, level: int, rect: Rect) -> np.ndarray | None:
        """Straight (h, w, 4) pixels of ``rect`` of a level, of the state's depth; None while they are not there.

        Tiles that are missed are wished for; :meth:`request` has them made.
        """
        state = self._state
        if state is None or (state, look.pixels) in (self._hopeless, self._attempt):
            return None
        keys = _keys_of(rect)
        if self._warmer.cold and level > 0:
            return self._strided(state, look, level, rect)
        tiles = self._tiles(state, look, level, keys)
        if tiles is None:
            return None
        if len(tiles) == 1:
            area = Rect(keys[0][1] * TILE_PX, keys[0][0] * TILE_PX, TILE_PX, TILE_PX)
            return tiles[0][rect.moved(-area.x, -area.y).slices()]
        out = np.empty((rect.h, rect.w, 4), state.dtype)
        for key, tile in zip(keys, tiles, strict=True):
            area = Rect(key[1] * TILE_PX, key[0] * TILE_PX, tile.shape[1], tile.shape[0])
            part = area.intersect(rect)
            out[part.moved(-rect.x, -rect.y).slices()] = tile[part.moved(-area.x, -area.y).slices()]
        return out

    def request(self) -> None:
        """Have the tiles made that were missed since the last call."""
        if self._runner is None or not self._wishes or (self._job is not None and not self._job.cancelled):
            return
        state = self._state
        assert state is not None
        wishes, self._wishes = self._wishes, set()
        first = sorted({_coarser(wish) for wish in wishes})
        self._job = self._runner.submit(
            "Draw", lambda progress: self._work(state, first, sorted(wishes), progress),
            self._done, lambda error: self._broken(error, (state, first[0].view)), key=f"tiles-{id(self)}", quiet=True,
        )  # fmt: skip

    def _tiles(self, state: DocumentState, look: Look, level: int, keys: list[Key]) -> list[np.ndarray] | None:
        found = [self._cache.peek(state, look.pixels, level, key, self.effects) for key in keys]
        if self._runner is None or not is_slow(state, look.pixels, self.effects):
            pairs = zip(keys, found, strict=True)
            return [self._made(state, look, level, key) if tile is None else tile for key, tile in pairs]
        missing = {Wish(-level, look.pixels, key) for key, tile in zip(keys, found, strict=True) if tile is None}
        if not missing:
            return [tile for tile in found if tile is not None]
        self._wishes |= missing
        previews = [self._previews.get(Wish(-level, look.pixels, key)) for key in keys]
        return None if any(tile is None for tile in previews) else [tile for tile in previews if tile is not None]

    def _made(self, state: DocumentState, look: Look, level: int, key: Key) -> np.ndarray:
        """A tile made here and now, while there is time."""
        if not self._free and time.perf_counter() > self._deadline_s:
            raise OutOfTime
        self._free = False
        self._attempt = state, look.pixels  # stays where drawing raises, so that a bug is met once, not at each paint
        tile = self._cache.tile(state, look.pixels, level, key, self.effects)
        self._attempt = None
        return tile

    def _work(self, state: DocumentState, first: list[Wish], then: list[Wish], progress: Progress) -> None:
        """On a worker: coarse tiles always, so that a moving slider shows something; fine ones while in time."""
        previews: dict[Wish, np.ndarray] = {}
        generation = self._generation
        for wish in first:
            progress(0.0, "")
            previews[wish] = self._cache.tile(state, wish.view, -wish.minus_level, wish.key, self.effects)
        if generation == self._generation:
            self._previews = previews  # shown even if the document has moved on: the newest there is
        self.arrived.emit()
        for count, wish in enumerate(then, 1):
            progress(count / len(then), "")
            if state is not self._state:
                return
            self._cache.tile(state, wish.view, -wish.minus_level, wish.key, self.effects)
            if count % 8 == 0:
                self.arrived.emit()

    def _done(self, _nothing: object) -> None:
        self._job = None
        self.arrived.emit()

    def _broken(self, error: BaseException, where: tuple[DocumentState, str]) -> None:
        """A worker failed: what it was to draw is not tried again until the document changes."""
        self._job, self._hopeless = None, where
        self._wishes.clear()
        self.failed.emit(error)

    def _strided(self, state: DocumentState, look: Look, level: int, rect: Rect) -> np.ndarray | None:
        """A photo that has just been opened, by every so manieth pixel, until its half-size copies are made."""
        plane = state.subject_layer.content
        if look.pixels != "photo" or not isinstance(plane, Plane):
            return None
        colours = strided(plane, level, rect)
        opaque = np.full((rect.h, rect.w, 1), plane.top_value, plane.dtype)
        return np.concatenate([colours, opaque], axis=2)


def _sizes(state: DocumentState) -> tuple[int, int, int, int, str]:
    """What must stay the same for tiles of an earlier state to fit."""
    return state.width, state.height, state.trimap.width, state.trimap.height, str(state.dtype)


def strided(plane: Plane, level: int, rect: Rect) -> np.ndarray:
    """Pixels ``rect`` of a plane's level, (h, w, C): one pixel of level 0 for each, none of the halves being made."""
    step = 1 << level
    out = np.full((rect.h, rect.w, plane.channels), plane.fill, plane.dtype)
    cover = Rect(rect.x * step, rect.y * step, rect.w * step, rect.h * step).intersect(plane.size_rect)
    for key in _keys_of(cover):
        tile = plane.tile(key)
        if tile is None:
            continue
        area = plane.tile_rect(key)
        part = Rect(area.x, area.y, area.w, area.h).intersect(cover)
        x, y = -(-part.x // step), -(-part.y // step)
        few = (tile if tile.ndim == 3 else tile[:, :, None])[
            y * step - area.y : part.bottom - area.y : step, x * step - area.x : part.right - area.x : step
        ]
        out[y - rect.y : y - rect.y + few.shape[0], x - rect.x : x - rect.x + few.shape[1]] = few
    return out


def _keys_of(rect: Rect) -> list[Key]:
    rows = range(rect.y // TILE_PX, (rect.bottom - 1) // TILE_PX + 1)
    return [(row, column) for row in rows for column in range(rect.x // TILE_PX, (rect.right - 1) // TILE_PX + 1)]


def _coarser(wish: Wish) -> Wish:
    key = wish.key[0] >> COARSE_STEPS, wish.key[1] >> COARSE_STEPS
    return Wish(wish.minus_level - COARSE_STEPS, wish.view, key)
