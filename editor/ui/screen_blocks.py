"""Finished pieces of the picture at one zoom, kept for the screen: 256 device pixels square, drawn one to one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import qimage2ndarray
from PySide6.QtGui import QImage

from editor.document.geometry import Rect

BLOCK_PX = 256
BlockKey = tuple[int, int]
NOTHING = Rect(0, 0, 0, 0)


@dataclass
class Block:
    """``image`` shows device pixels ``rect`` of the picture; ``stale`` is the part that must be drawn again."""

    rect: Rect
    image: QImage | None = None
    stale: Rect = NOTHING
    rough: bool = False

    @property
    def fresh(self) -> bool:
        """True when it shows the document as it is, at full sharpness."""
        return self.image is not None and self.stale.empty

    def take(self, image: QImage, rect: Rect, rough: bool) -> None:
        """Show ``image`` at device pixels ``rect``; a ``rough`` one is to be made again."""
        if rect == self.rect:
            self.image = image
        elif self.image is not None:
            part = rect.moved(-self.rect.x, -self.rect.y)
            qimage2ndarray.byte_view(self.image)[part.slices()] = qimage2ndarray.byte_view(image)
        self.rough = rough
        if not rough:
            self.stale = NOTHING


class BlockSet:
    """The blocks of a picture of ``size`` pixels drawn at ``zoom``; ``new`` until they have been painted once."""

    def __init__(self, zoom: float, size: tuple[int, int]) -> None:
        self.zoom = zoom
        self.new = True
        self.bounds = Rect(0, 0, max(1, round(size[0] * zoom)), max(1, round(size[1] * zoom)))
        self._blocks: dict[BlockKey, Block] = {}

    def keys_in(self, rect: Rect) -> list[BlockKey]:
        """Keys of the blocks that device pixels ``rect`` of the picture touch, row by row."""
        inside = rect.intersect(self.bounds)
        if inside.empty:
            return []
        rows = range(inside.y // BLOCK_PX, (inside.bottom - 1) // BLOCK_PX + 1)
        columns = range(inside.x // BLOCK_PX, (inside.right - 1) // BLOCK_PX + 1)
        return [(row, column) for row in rows for column in columns]

    def block(self, key: BlockKey) -> Block:
        """The block of that key, made empty where there is none, and now the one used last."""
        block = self._blocks.pop(key, None)
        if block is None:
            area = Rect(key[1] * BLOCK_PX, key[0] * BLOCK_PX, BLOCK_PX, BLOCK_PX).intersect(self.bounds)
            block = Block(area, stale=area)
        self._blocks[key] = block
        return block

    def shown_in(self, rect: Rect) -> Iterator[Block]:
        """The blocks in device pixels ``rect`` that have an image, fresh or not."""
        for key in self.keys_in(rect):
            block = self._blocks.get(key)
            if block is not None and block.image is not None:
                yield block

    def covers(self, rect: Rect) -> bool:
        """True when every block in device pixels ``rect`` has an image."""
        return all((block := self._blocks.get(key)) is not None and block.image for key in self.keys_in(rect))

    def mark_stale(self, rect: Rect) -> None:
        """Device pixels ``rect`` must be drawn again; until then the old ones are shown."""
        for key in self.keys_in(rect):
            block = self._blocks.get(key)
            if block is not None:
                block.stale = block.stale.union(rect.intersect(block.rect))

    def forget_beyond(self, count: int, keep: Iterable[BlockKey]) -> None:
        """Drop the blocks used longest ago until ``count`` are left, those of ``keep`` never."""
        kept = set(keep)
        for key in [key for key in self._blocks if key not in kept][: max(0, len(self._blocks) - count)]:
            del self._blocks[key]

    def __len__(self) -> int:
        return len(self._blocks)
