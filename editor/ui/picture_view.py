"""A document seen through one of its views: colours, tint, backdrop, wipe. What the pointer does is the canvas's."""

from __future__ import annotations

import time
from typing import Any
from weakref import WeakKeyDictionary

from PySide6.QtCore import QEvent, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QColorSpace, QPainter, QPaintEvent, QPalette, QRegion
from PySide6.QtWidgets import QWidget

from editor.api import Document, DocumentState, Effect
from editor.document.geometry import Rect
from editor.ui.block_renderer import Style
from editor.ui.colour_display import ColourDisplay
from editor.ui.document_watch import stale_rects
from editor.ui.overlay import TintStyle
from editor.ui.tile_feed import Runner, TileFeed
from editor.ui.tile_painter import Picture, TilePainter
from editor.ui.view_transform import ViewTransform
from editor.ui.views import VIEWS, next_view, picture_size, placement_of
from editor.ui.zoom_pane import ZoomPane

PAINT_BUDGET_S = 0.008
"""Time to make blocks in one paint; the rest follows at the next turn of the event loop."""
IDLE_BUDGET_S = 0.004
NOTHING = Rect(0, 0, 0, 0)


class PictureView(ZoomPane):
    """Paints a document. Its surround is the palette's ``Dark`` colour.

    ``view_changed`` carries the view's name, ``wipe_changed`` the line's place, ``colour_note_changed`` a sentence
    where the photo's profile cannot be used (else empty), ``drawing_failed`` what a worker raised.
    """

    view_changed = Signal(str)
    wipe_changed = Signal(float)
    colour_note_changed = Signal(str)
    drawing_failed = Signal(object)

    def __init__(
        self, effects: dict[str, type[Effect]], settings: Any, jobs: Runner | None = None, parent: QWidget | None = None
    ) -> None:
        """``settings`` needs ``get(name, default)``; ``jobs`` draws what is slow off the main thread."""
        super().__init__(parent)
        self.document: Document | None = None
        self.colours = ColourDisplay()
        self.painter = TilePainter(self.colours)
        self.feed = TileFeed(effects, jobs, self)
        self._effects = effects
        self._view = VIEWS["photo"]
        self._remembered: WeakKeyDictionary[Document, tuple[str, ViewTransform]] = WeakKeyDictionary()
        self._wipe = 0.5
        self._tint_strength, self._tint_visible = float(settings.get("tint_strength", 0.45)), True
        self._backdrop: QColor | None = None
        self._pending = NOTHING
        self._disconnect = lambda: None
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(self._go_on)
        self.feed.arrived.connect(self.update)
        self.feed.warmed.connect(self._redraw)
        self.feed.failed.connect(self.drawing_failed)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    @property
    def picture_size(self) -> tuple[int, int]:
        """Width and height, in pixels, of what the view shows."""
        return (1, 1) if self.document is None else picture_size(self.document.state, self._view)

    # the document and its view

    def set_document(self, document: Document | None) -> None:
        """Show another document, as it was looked at last, or the surround alone."""
        self._disconnect()
        if self.document is not None:
            self._remembered[self.document] = self._view.name, self._transform
        self.document = document
        state = document.state if document else None
        self._disconnect = document.changed.connect(self._follow) if document else lambda: None
        self.feed.set_state(state, same_document=False)
        self.colours.set_profile(state.icc if state else None)
        self.colour_note_changed.emit(self.colours.note)
        name, transform = (self._remembered.get(document) if document else None) or (_noted_view(state), None)
        self._take_view(name)
        self._renew_picture(keep=False)
        self.fit() if transform is None or transform.fitted else self.set_transform(transform)
        self.zoom_changed.emit(self.zoom)  # also where it is by chance the zoom of before
        self.update()

    @property
    def view(self) -> str:
        """The name of the view shown."""
        return self._view.name

    def set_view(self, name: str) -> None:
        """Look in another way; what is seen stays where it is. ``KeyError`` for a name that is not in ``VIEWS``."""
        before, shown = self._view, VIEWS[name]
        if shown is before:
            return
        self._take_view(name)
        self._renew_picture(keep=True)
        if self.document is not None and before.in_canvas_space != shown.in_canvas_space:
            placed = placement_of(self.document.state, shown, "canvas" if before.in_canvas_space else "photo")
            zoom = self.zoom / placed.scale
            there = ViewTransform(zoom, self._transform.x - placed.x * zoom, self._transform.y - placed.y * zoom)
            self.fit() if self.fitted else self.set_transform(there)
        self.update()

    def next_view(self, back: bool = False) -> None:
        """The next view in order, or the one before."""
        self.set_view(next_view(self._view.name, back))

    def _take_view(self, name: str) -> None:
        if name != self._view.name:
            self._view = VIEWS[name]
            self.view_changed.emit(name)

    # looks

    @property
    def tint_strength(self) -> float:
        """How strong the trimap's tint is, 0 to 1."""
        return self._tint_strength

    @tint_strength.setter
    def tint_strength(self, strength: float) -> None:
        self._tint_strength = min(1.0, max(0.0, strength))
        self._renew_style()

    @property
    def tint_visible(self) -> bool:
        """False while the trimap is hidden, outlines too."""
        return self._tint_visible

    @tint_visible.setter
    def tint_visible(self, visible: bool) -> None:
        self._tint_visible = visible
        self._renew_style()

    @property
    def backdrop(self) -> QColor | None:
        """The colour behind transparency in place of the checkerboard, or None."""
        return self._backdrop

    @backdrop.setter
    def backdrop(self, colour: QColor | None) -> None:
        self._backdrop = colour
        self._renew_style()

    @property
    def wipes(self) -> bool:
        """True where the view has a line between before and after."""
        return self._view.wipes

    @property
    def wipe(self) -> float:
        """Where before ends and after begins, as a part of the picture's width."""
        return self._wipe

    @wipe.setter
    def wipe(self, part: float) -> None:
        self._wipe = min(1.0, max(0.0, part))
        self.wipe_changed.emit(self._wipe)
        self.update()

    @property
    def colour_note(self) -> str:
        """A sentence where the photo's profile could not be used, else empty."""
        return self.colours.note

    def set_monitor_colours(self, space: QColorSpace) -> None:
        """Show colours for a monitor of this colour space; an invalid one counts as sRGB."""
        if self.colours.set_monitor(space):
            self._redraw()

    def _renew_style(self) -> None:
        unit = self.devicePixelRatioF()
        tint = TintStyle(self._tint_strength, unit) if self._tint_visible else TintStyle(0.0, unit, outlines=False)
        self.painter.set_style(Style(tint, self._backdrop, unit))
        self.update()

    def _redraw(self) -> None:
        self.painter.redraw()
        self.update()

    # what changes

    def _follow(self, before: DocumentState, after: DocumentState) -> None:
        """The document shows another state: only what differs is drawn again."""
        self.feed.set_state(after, same_document=True)
        if before.icc != after.icc:
            self._take_profile(after.icc)
        size = self.painter.size
        self._renew_picture(keep=True)
        if size != self.picture_size:
            self.fit() if self.fitted else self.update()
        shown = set(self._view.looks)
        for look in self.painter.looks() | shown:
            rects = stale_rects(before, after, look, self._effects)
            self.painter.mark_stale(rects, look)
            if look in shown:
                for rect in rects:
                    self.update_device(self._transform.device_rect(rect).expand(8))

    def _take_profile(self, icc: bytes | None) -> None:
        if self.colours.set_profile(icc):
            self.painter.redraw()
        self.colour_note_changed.emit(self.colours.note)

    def _renew_picture(self, keep: bool) -> None:
        state = self.document.state if self.document else None
        picture = None if state is None else Picture(self.picture_size, self.feed)
        self.painter.set_picture(picture, keep)

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the surround, the picture as far as time allows, and what lies over it."""
        started_s = time.perf_counter()
        painter = QPainter(self)
        ratio = self.devicePixelRatioF()
        clip = _device_rect(event.rect(), ratio)
        painter.save()
        painter.scale(1 / ratio, 1 / ratio)
        late = self._paint_picture(painter, clip, started_s + PAINT_BUDGET_S)
        painter.restore()
        self.paint_over(painter)
        painter.end()
        self.feed.request()
        self._pending = self._pending.union(late)
        self._later.start()

    def paint_over(self, painter: QPainter) -> None:
        """Draw what lies over the picture, in the widget's points."""

    def _paint_picture(self, painter: QPainter, clip: Rect, deadline_s: float) -> Rect:
        """Draw device pixels ``clip``; returns what was not ready in time."""
        surround = self.palette().color(QPalette.ColorRole.Dark)
        if self.document is None:
            painter.fillRect(QRect(clip.x, clip.y, clip.w, clip.h), surround)
            return NOTHING
        left, top = self._transform.origin
        width, height = (max(1, round(side * self.zoom)) for side in self.picture_size)
        around = QRegion(clip.x, clip.y, clip.w, clip.h).subtracted(QRegion(left, top, width, height))
        painter.setClipRegion(around)
        painter.fillRect(around.boundingRect(), surround)
        painter.setClipping(False)
        self.painter.hole_colour = surround.lighter(130)
        line = left + round(width * self._wipe)
        late = NOTHING
        for index, look in enumerate(self._view.looks):
            part = clip
            if self._view.wipes:
                left_edge, right_edge = (clip.x, line) if index == 0 else (line, clip.right)
                part = clip.intersect(Rect(left_edge, clip.y, right_edge - left_edge, clip.h))
            if not part.empty:
                painter.setClipRect(part.x, part.y, part.w, part.h)
                late = late.union(self.painter.paint(painter, look, self.zoom, (left, top), part, deadline_s))
        return late

    def _go_on(self) -> None:
        """The event loop is at leisure: paint what was late, or make ready what may be wanted next."""
        pending, self._pending = self._pending, NOTHING
        if not pending.empty:
            self.update_device(pending)
        elif self.document is not None and self.isVisible() and not self._prepare(time.perf_counter() + IDLE_BUDGET_S):
            self._later.start()

    def _prepare(self, deadline_s: float) -> bool:
        """Make the overview, and the blocks just outside the widget; False while there is more to do."""
        left, top = self._transform.origin
        width, height = self.device_size
        near = Rect(-left, -top, width, height).expand(256)
        return all(
            self.painter.prepare_overview(look, deadline_s) and self.painter.prepare(look, self.zoom, near, deadline_s)
            for look in self._view.looks
        )

    def event(self, event: QEvent) -> bool:
        """Follow the screen: its density changes the sizes of hatching and checkerboard."""
        if event.type() in (QEvent.Type.DevicePixelRatioChange, QEvent.Type.Show, QEvent.Type.ScreenChangeInternal):
            self._renew_style()
        return super().event(event)


def _noted_view(state: DocumentState | None) -> str:
    """The view that a document wants to be seen in at first."""
    noted = state.notes.get("view") if state is not None else None
    return noted if noted in VIEWS else "photo"


def _device_rect(rect: QRect, ratio: float) -> Rect:
    """The device pixels that a rectangle of the widget touches."""
    left, top = int(rect.x() * ratio), int(rect.y() * ratio)
    right, bottom = -int(-(rect.x() + rect.width()) * ratio // 1), -int(-(rect.y() + rect.height()) * ratio // 1)
    return Rect(left, top, right - left, bottom - top)
