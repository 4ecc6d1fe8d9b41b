"""The canvas: a view of the document that a tool works on with mouse, pen and keys."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QPainter
from PySide6.QtWidgets import QWidget

from editor.api import Document, Effect, PointerEvent, Tool
from editor.document.geometry import Placement
from editor.errors import UserError
from editor.ui import cursors
from editor.ui.canvas_input import CanvasInput
from editor.ui.canvas_overlay import CanvasOverlay
from editor.ui.gestures import Gestures
from editor.ui.marks import WIPE_KNOB_PT
from editor.ui.picture_view import PictureView
from editor.ui.pointer import Contact, to_tool
from editor.ui.tile_feed import Runner
from editor.ui.views import placement_of

WIPE_LINE_PT = 4.0
VIEW_STRIP_PT = 44.0
"""Room for the strip of views that floats at the foot."""


class Canvas(PictureView):
    """Shows a document and hands the pointer to a tool.

    ``pointer_moved`` carries the pointer in pixels of the view's picture. ``tool_error`` carries a ``UserError`` of a
    tool or of drawing. ``tool_changed`` says that a key changed the tool's settings, ``gesture_done`` that a tool was
    released.
    """

    pointer_moved = Signal(float, float)
    pointer_left = Signal()
    files_dropped = Signal(list)
    tool_error = Signal(object)
    tool_changed = Signal()
    gesture_done = Signal()

    def __init__(
        self, effects: dict[str, type[Effect]], settings: Any, jobs: Runner | None = None, parent: QWidget | None = None
    ) -> None:
        """``settings`` needs ``get(name, default)``: ``wheel_zooms``, ``tint_strength``, ``motion`` are read."""
        super().__init__(effects, settings, jobs, parent)
        self.foot_pt = VIEW_STRIP_PT
        self.tool: Tool | None = None
        self.wheel_zooms = bool(settings.get("wheel_zooms", True))
        self._held_placement: Placement | None = None
        self.gestures = Gestures(self)
        self.overlay = CanvasOverlay(self, bool(settings.get("motion", True)))
        self.input = CanvasInput(self)
        self.drawing_failed.connect(self.report)
        self.setMouseTracking(True)
        self.setTabletTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAcceptDrops(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)  # the right button is the tool's
        self.setAccessibleName(self.tr("Photo"))
        self.setAccessibleDescription(
            self.tr("Arrows move the photo, plus and minus zoom. Ctrl and arrows move a point, Enter uses the tool.")
        )

    def set_document(self, document: Document | None) -> None:
        """Show another document, as it was looked at last, or the surround alone."""
        self.cancel_gesture()
        super().set_document(document)
        self.pointer_at(None)

    def set_view(self, name: str) -> None:
        """Look in another way; a gesture under way is cancelled, since its pixels may be others there."""
        if name != self.view:
            self.cancel_gesture()
        super().set_view(name)
        self.renew_marks()

    def set_tool(self, tool: Tool | None) -> None:
        """Use another tool; a gesture under way is cancelled first."""
        if tool is not self.tool:
            self.cancel_gesture()
            self.tool = tool
        self.renew_marks()
        self.show_cursor()

    @property
    def gesturing(self) -> bool:
        """True while a gesture goes on, or a tool is at work between two presses."""
        return bool(self.gestures.kind) or (self.tool is not None and self.tool.working())

    def cancel_gesture(self) -> bool:
        """End what goes on and leave the document as it was; False where nothing did."""
        return self.gestures.cancel()

    # what gestures ask of the canvas

    def event_at(self, contact: Contact, right: bool) -> PointerEvent:
        """The contact in the pixels of the tool's space."""
        placement = self._held_placement or self.tool_placement()
        return to_tool(contact, self.transform, self.devicePixelRatioF(), placement, right)

    def tool_placement(self) -> Placement:
        """How the tool's space lies in the view's picture."""
        assert self.document is not None
        on_canvas = self.tool is not None and self.tool.space == "canvas"
        return placement_of(self.document.state, self._view, "canvas" if on_canvas else "photo")

    def hold_placement(self, held: bool) -> None:
        """Map points as now until let go: a tool may move the very layer that they are measured in."""
        self._held_placement = self.tool_placement() if held else None

    def pointer_at(self, contact: Contact | None) -> None:
        """Show what the tool would do under the pointer, and say where that is; None when it has left."""
        if contact is None:
            self.pointer_left.emit()
        elif self.document is not None:
            x, y = self.to_picture(contact.x, contact.y)
            self.pointer_moved.emit(x, y)
            left, top = self.transform.origin
            ratio = self.devicePixelRatioF()
            self.painter.focus = contact.x * ratio - left, contact.y * ratio - top
        self.overlay.point_at(contact)

    def on_wipe(self, x: float, y: float) -> bool:
        """True on the wipe's knob, or on its line."""
        if self.document is None or not self.wipes:
            return False
        line, area = self.wipe_x(), self.overlay.wipe_span()
        on_knob = (x - line) ** 2 + (y - (area[0] + area[1]) / 2) ** 2 <= (WIPE_KNOB_PT + 2) ** 2
        return on_knob or (abs(x - line) <= WIPE_LINE_PT and area[0] <= y <= area[1])

    def wipe_x(self) -> float:
        """Where the wipe's line is, in the widget's points."""
        return self.to_widget(self.wipe * self.picture_size[0], 0)[0]

    def pull_wipe(self, x: float) -> None:
        """Put the wipe's line at a point of the widget."""
        self.wipe = self.to_picture(x, 0)[0] / self.picture_size[0]

    def show_cursor(self) -> None:
        """Give the pointer the shape of what a press would do here."""
        self.setCursor(cursors.for_gesture(self.gestures, self.overlay.contact))

    def renew_marks(self) -> None:
        """Ask the tool again what to show: its settings or the keys held have changed."""
        self.overlay.renew()

    def report(self, error: BaseException) -> None:
        """Tell the user through ``tool_error``; what is no ``UserError`` is a bug and is raised."""
        if not isinstance(error, UserError):
            raise error
        self.tool_error.emit(error)

    def hideEvent(self, event: QHideEvent) -> None:
        """Nothing walks where nobody looks."""
        super().hideEvent(event)
        self.overlay.rest()

    def paint_over(self, painter: QPainter) -> None:
        """The wipe's line, the tool's marks and the keyboard's point."""
        self.overlay.paint(painter)
