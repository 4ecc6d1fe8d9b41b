"""Finished tiles for the screen, kept by bytes and dropped only where a new state looks different."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from editor.document.changes import changed_rects
from editor.document.document import DocumentState
from editor.document.effects import EffectTypes
from editor.document.geometry import Rect
from editor.document.tiles import TILE_PX, Key
from editor.document.views import PICTURES, tile_rect, view_pixels

Name: TypeAlias = tuple[str, int, int, int]
"""Picture, level, row, column."""


@dataclass
class _Entry:
    """A finished tile; ``fresh`` until a state that looks different there has been seen."""

    pixels: np.ndarray
    fresh: bool = True


class CompositeCache:
    """Tiles of 256 of any views and levels; at most ``limit_bytes`` of them, the longest unused going first.

    May be called from several threads at once: tiles are drawn outside the lock, and one that was drawn of a state
    which is no longer the newest is kept only where it looks the same. The checker, black, white and wipe views share
    their tiles.
    """

    def __init__(self, limit_bytes: int = 512 << 20) -> None:
        self.limit_bytes = limit_bytes
        self._entries: OrderedDict[Name, _Entry] = OrderedDict()
        self._seen: dict[str, DocumentState] = {}
        self._size_bytes = 0
        self._lock = threading.Lock()

    @property
    def size_bytes(self) -> int:
        """Bytes of the tiles that are kept."""
        return self._size_bytes

    def tile(self, state: DocumentState, view: str, level: int, key: Key, effects: EffectTypes) -> np.ndarray:
        """The tile ``key`` (row, column) of a view at ``level``: read-only straight (h, w, 4), drawn now if need be.

        Tiles at the right and bottom edge are smaller; past the edge they are empty.
        """
        name = _name(view, level, key)
        with self._lock:
            self._follow(state, name[0], effects)
            found = self._fresh(name)
        if found is not None:
            return found
        rect = tile_rect(state, view, level, key)
        pixels = view_pixels(state, view, rect, level, effects)
        pixels.flags.writeable = False
        with self._lock:
            if self._still_right(state, name[0], rect, level, effects):
                self._keep(name, pixels)
        return pixels

    def peek(
        self, state: DocumentState, view: str, level: int, key: Key, effects: EffectTypes, stale: bool = False
    ) -> np.ndarray | None:
        """The tile if it is there, without drawing; with ``stale`` also one of an earlier state, to bridge the wait."""
        name = _name(view, level, key)
        with self._lock:
            self._follow(state, name[0], effects)
            entry = self._entries.get(name)
            return entry.pixels if entry is not None and stale else self._fresh(name)

    def clear(self) -> None:
        """Forget everything: another document, or another set of effects."""
        with self._lock:
            self._entries.clear()
            self._seen.clear()
            self._size_bytes = 0

    def _fresh(self, name: Name) -> np.ndarray | None:
        entry = self._entries.get(name)
        if entry is None or not entry.fresh:
            return None
        self._entries.move_to_end(name)
        return entry.pixels

    def _follow(self, state: DocumentState, picture: str, effects: EffectTypes) -> None:
        """Mark the tiles of the picture that look different in ``state`` from the state seen last."""
        before = self._seen.get(picture)
        self._seen[picture] = state
        if before is None or before is state:
            return
        mine = [name for name in self._entries if name[0] == picture]
        for level in {name[1] for name in mine}:
            rects = changed_rects(before, state, _view_of(picture), effects, level)
            for name in mine:
                if name[1] == level and _touches(name, rects):
                    self._entries[name].fresh = False
                    self._entries.move_to_end(name, last=False)

    def _still_right(
        self, state: DocumentState, picture: str, rect: Rect, level: int, effects: EffectTypes
    ) -> bool:
        """True when the newest state looks the same as ``state`` in ``rect``."""
        newest = self._seen.get(picture)
        if newest is None or newest is state:
            return newest is state
        changed = changed_rects(state, newest, _view_of(picture), effects, level)
        return all(part.intersect(rect).empty for part in changed)

    def _keep(self, name: Name, pixels: np.ndarray) -> None:
        """Put a tile in and let the oldest go beyond the limit."""
        self._drop(name)
        self._entries[name] = _Entry(pixels)
        self._size_bytes += pixels.nbytes
        while self._size_bytes > self.limit_bytes and len(self._entries) > 1:
            self._drop(next(iter(self._entries)))

    def _drop(self, name: Name) -> None:
        entry = self._entries.pop(name, None)
        if entry is not None:
            self._size_bytes -= entry.pixels.nbytes


def _name(view: str, level: int, key: Key) -> Name:
    return PICTURES.get(view, view), level, key[0], key[1]


def _view_of(picture: str) -> str:
    """A view that shows the picture."""
    return next((view for view, shown in PICTURES.items() if shown == picture), picture)


def _touches(name: Name, rects: list[Rect]) -> bool:
    place = Rect(name[3] * TILE_PX, name[2] * TILE_PX, TILE_PX, TILE_PX)
    return any(not place.intersect(rect).empty for rect in rects)
