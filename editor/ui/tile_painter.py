"""Draws the picture in the time it is given: finished blocks first, new ones while time is left, never a hole.

What could not be made in time is drawn larger or smaller from the picture of the previous zoom or from the overview,
and counted, so that the canvas paints again at the next turn of the event loop.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QRegion

from editor.document.geometry import Rect
from editor.ui.block_renderer import OutOfTime, Source, Style, render
from editor.ui.colour_display import ColourDisplay
from editor.ui.screen_blocks import BLOCK_PX, NOTHING, Block, BlockKey, BlockSet
from editor.ui.view_transform import level_for
from editor.ui.views import Look

OVERVIEW_PX = 640
"""Longest side of the small picture of everything that stands in for blocks still to be made."""
BLOCKS_KEPT = 400
"""So many blocks, 100 MB of them, are kept at least: going back to a zoom or a view costs nothing."""
COARSER_LEVELS = 4
SetKey = tuple[Look, float]


@dataclass(frozen=True)
class Picture:
    """What is drawn: ``size`` in pixels, and where its pixels and labels come from."""

    size: tuple[int, int]
    source: Source


class TilePainter:
    """Keeps blocks by look and zoom, and paints them.

    ``clock`` returns seconds; a test may hand in its own. ``blocks_made`` counts for tests and benchmarks. Blocks near
    ``focus``, device pixels of the picture, are made first.
    """

    def __init__(self, colours: ColourDisplay, clock: Callable[[], float] = time.perf_counter) -> None:
        self.colours, self.clock = colours, clock
        self.style = Style()
        self.blocks_made = 0
        self._block_s = 0.001
        self.focus = (0.0, 0.0)
        self.hole_colour = QColor(40, 41, 44)
        self._picture: Picture | None = None
        self._sets: OrderedDict[SetKey, BlockSet] = OrderedDict()
        self._whole: dict[Look, float] = {}

    def set_picture(self, picture: Picture | None, keep: bool = False) -> None:
        """Draw another picture; ``keep`` where it is the same document in a later state (see ``mark_stale``)."""
        if not keep or picture is None or self._picture is None or picture.size != self._picture.size:
            self._sets.clear()
            self._whole.clear()
        self._picture = picture

    def set_style(self, style: Style) -> None:
        """Other tint, backdrop or device pixel ratio: everything is drawn again, the old shown meanwhile."""
        if style != self.style:
            self.style = style
            self.redraw()

    def redraw(self) -> None:
        """Draw everything again, showing the old meanwhile."""
        for blocks in self._sets.values():
            blocks.mark_stale(blocks.bounds)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture in pixels; zero where there is none."""
        return (0, 0) if self._picture is None else self._picture.size

    def mark_stale(self, rects: Iterable[Rect], look: Look) -> None:
        """Pixels ``rects`` of the picture have changed in that look; until drawn again the old ones are shown."""
        margin = 2 + self.style.tint.margin_px
        for (_, zoom), blocks in [item for item in self._sets.items() if item[0][0] == look]:
            for rect in rects:
                left, top = int(rect.x * zoom), int(rect.y * zoom)
                right, bottom = int(rect.right * zoom) + 1, int(rect.bottom * zoom) + 1
                blocks.mark_stale(Rect(left, top, right - left, bottom - top).expand(margin + int(zoom)))

    def paint(
        self, painter: QPainter, look: Look, zoom: float, origin: tuple[int, int], clip: Rect, deadline_s: float
    ) -> Rect:
        """Draw device pixels ``clip`` of the widget with the picture's corner at device pixel ``origin``.

        The painter works in device pixels. At least one block is made whatever the time. Returns the part of the widget
        for which time ran out, empty when there is none; what waits for a worker's tiles is not counted.
        """
        blocks = self._set(look, zoom)
        inside = clip.moved(-origin[0], -origin[1]).intersect(blocks.bounds)
        keys = blocks.keys_in(inside)
        wanted = [blocks.block(key) for key in keys]
        if blocks.new and self._covered(look, blocks, inside):
            late = wanted  # while the zoom runs through many values, sharp blocks of each would be made for nothing
        else:
            late = self._make(blocks, look, wanted, deadline_s)
        blocks.new = False
        holes = [block for key in keys if (block := blocks.block(key)).image is None]
        if holes:
            self._fill_holes(painter, look, blocks, holes, origin)
        elif clip.area > BLOCK_PX * BLOCK_PX or inside == blocks.bounds:
            self._whole[look] = zoom
        for block in blocks.shown_in(inside):
            assert block.image is not None
            painter.drawImage(origin[0] + block.rect.x, origin[1] + block.rect.y, block.image)
        self._forget(blocks, keys)
        pending = Rect(0, 0, 0, 0)
        for block in late:
            pending = pending.union(block.rect)
        return pending.moved(*origin).intersect(clip)

    def prepare(self, look: Look, zoom: float, rect: Rect, deadline_s: float) -> bool:
        """Make blocks of device pixels ``rect`` of the picture while time is left; False where it was not enough."""
        blocks = self._set(look, zoom)
        return not self._make(blocks, look, [blocks.block(key) for key in blocks.keys_in(rect)], deadline_s)

    def prepare_overview(self, look: Look, deadline_s: float) -> bool:
        """Make the overview while time is left; False where it was not enough."""
        zoom = self._overview_zoom()
        return self.prepare(look, zoom, self._set(look, zoom).bounds, deadline_s)

    def looks(self) -> set[Look]:
        """The looks of which there are blocks."""
        return {look for look, _ in self._sets}

    def _overview_zoom(self) -> float:
        assert self._picture is not None
        return min(1.0, OVERVIEW_PX / max(self._picture.size))

    def _set(self, look: Look, zoom: float) -> BlockSet:
        """The blocks of a look at a zoom, now the ones used last."""
        assert self._picture is not None
        blocks = self._sets.get((look, zoom))
        if blocks is None:
            blocks = self._sets[look, zoom] = BlockSet(zoom, self._picture.size)
        self._sets.move_to_end((look, zoom))
        return blocks

    def _make(self, blocks: BlockSet, look: Look, wanted: list[Block], deadline_s: float) -> list[Block]:
        """Bring blocks up to date, those without any image first, then those near ``focus``; returns the late ones."""
        assert self._picture is not None
        waiting = sorted((block for block in wanted if not block.fresh), key=self._urgency)
        self._picture.source.begin(deadline_s)
        for index, block in enumerate(waiting):
            started_s = self.clock()
            if index and started_s + self._block_s > deadline_s:
                return waiting[index:]
            try:
                self._draw(blocks, look, block)
            except OutOfTime:
                return waiting[index:]
            self._block_s += 0.3 * (self.clock() - started_s - self._block_s)
        return []

    def _urgency(self, block: Block) -> tuple[bool, float]:
        middle = block.rect.x + block.rect.w / 2, block.rect.y + block.rect.h / 2
        return block.image is not None, abs(middle[0] - self.focus[0]) + abs(middle[1] - self.focus[1])

    def _draw(self, blocks: BlockSet, look: Look, block: Block) -> None:
        """Draw what is stale of a block, from a coarser level where the right one's tiles are not there yet."""
        picture = self._picture
        assert picture is not None
        rect = block.rect if block.image is None or block.rough else block.stale
        best = level_for(blocks.zoom)
        for level in range(best, best + COARSER_LEVELS + 1):
            image = render(look, blocks.zoom, level, rect, picture.size, picture.source, self.colours, self.style)
            if image is not None:
                self.blocks_made += 1
                block.take(image, rect, rough=level > best)
                return

    def _fill_holes(
        self, painter: QPainter, look: Look, blocks: BlockSet, holes: list[Block], origin: tuple[int, int]
    ) -> None:
        """Draw blocks of other zooms, enlarged or shrunk, where there is no image."""
        stand_ins = self._stand_ins(look, blocks)
        if not stand_ins:
            self.prepare_overview(look, math.inf)
            stand_ins = self._stand_ins(look, blocks)
        left = holes
        for stand_in in stand_ins:
            ratio = blocks.zoom / stand_in.zoom
            covered = [block for block in left if stand_in.covers(_scaled(block.rect, ratio))]
            left = [block for block in left if block not in covered]
            _draw_scaled(painter, stand_in, ratio, covered, origin)
        for block in left:
            area = block.rect.moved(*origin)
            painter.fillRect(QRect(area.x, area.y, area.w, area.h), self.hole_colour)

    def _covered(self, look: Look, blocks: BlockSet, rect: Rect) -> bool:
        """True when another zoom's blocks can stand in for all of device pixels ``rect``."""
        found = self._stand_ins(look, blocks)
        return any(stand_in.covers(_scaled(rect, blocks.zoom / stand_in.zoom)) for stand_in in found)

    def _stand_ins(self, look: Look, blocks: BlockSet) -> list[BlockSet]:
        """What may be seen through holes: the zoom shown before, the overview, and last any other look's overview."""
        small = self._overview_zoom()
        wanted = [(look, self._whole.get(look, small)), (look, small), *((other, small) for other in self._whole)]
        found = [self._sets[key] for key in dict.fromkeys(wanted) if key in self._sets]
        return [stand_in for stand_in in found if stand_in is not blocks]

    def _forget(self, blocks: BlockSet, keys: list[BlockKey]) -> None:
        """Hold memory to a few screens' worth: the zooms and looks used longest ago go first, overviews stay."""
        most = max(BLOCKS_KEPT, 3 * len(keys))
        blocks.forget_beyond(most, keys)
        small = self._overview_zoom()
        for key in [key for key, others in self._sets.items() if key[1] != small and others is not blocks]:
            if sum(map(len, self._sets.values())) <= most:
                return
            del self._sets[key]


def _scaled(rect: Rect, ratio: float) -> Rect:
    """A rectangle in the device pixels of a set that is drawn ``ratio`` times as large."""
    left, top = math.floor(rect.x / ratio), math.floor(rect.y / ratio)
    return Rect(left, top, math.ceil(rect.right / ratio) - left, math.ceil(rect.bottom / ratio) - top)


def _draw_scaled(
    painter: QPainter, stand_in: BlockSet, ratio: float, holes: list[Block], origin: tuple[int, int]
) -> None:
    """Draw a set's blocks ``ratio`` times as large, but only in the holes."""
    if not holes:
        return
    region, area = QRegion(), NOTHING
    for hole in holes:
        region += QRegion(origin[0] + hole.rect.x, origin[1] + hole.rect.y, hole.rect.w, hole.rect.h)
        area = area.union(_scaled(hole.rect, ratio))
    painter.save()
    joining = Qt.ClipOperation.IntersectClip if painter.hasClipping() else Qt.ClipOperation.ReplaceClip
    painter.setClipRegion(region, joining)
    for block in stand_in.shown_in(area):
        assert block.image is not None
        left, top = round(block.rect.x * ratio), round(block.rect.y * ratio)
        right, bottom = round(block.rect.right * ratio), round(block.rect.bottom * ratio)
        target = QRectF(origin[0] + left, origin[1] + top, right - left, bottom - top)
        painter.drawImage(target, block.image, QRectF(QRect(0, 0, block.rect.w, block.rect.h)))
    painter.restore()
