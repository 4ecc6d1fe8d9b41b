"""What a press, its moves and its release mean: painting with a tool, panning, zooming, or pulling the wipe's line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from editor.api import Document, PointerEvent, Tool
from editor.errors import UserError
from editor.ui.pointer import Contact

CLICK_PT = 4.0
"""A press that moves less than this is a click."""
SCRUB_PT = 120.0
"""Dragging the zoom tool so far to the right doubles the zoom."""


class Stage(Protocol):
    """What gestures move: the canvas."""

    document: Document | None
    tool: Tool | None
    gesture_done: Any

    def pan_by(self, dx: float, dy: float) -> None:
        """Move the picture by points."""

    def zoom_by(self, factor: float, anchor: tuple[float, float] | None = None) -> None:
        """Zoom about a point."""

    def zoom_step(self, steps: int, anchor: tuple[float, float] | None = None) -> None:
        """Go through the round zooms."""

    def on_wipe(self, x: float, y: float) -> bool:
        """True on the wipe's knob or line."""
        ...

    def pull_wipe(self, x: float) -> None:
        """Put the wipe's line at a point."""

    def hold_placement(self, held: bool) -> None:
        """Map points as at the press from now on: a tool may move the very layer that they are measured in."""

    def event_at(self, contact: Contact, right: bool) -> PointerEvent:
        """The contact in the tool's space."""
        ...

    def pointer_at(self, contact: Contact | None) -> None:
        """Show what the tool would do there; None when nothing points."""

    def show_cursor(self) -> None:
        """Renew the pointer's shape."""

    def report(self, error: UserError) -> None:
        """Tell the user."""


class Gestures:
    """One gesture at a time. ``kind`` is tool, pan, zoom, wipe or none; ``hand`` is True while Space is held."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.kind = ""
        self.hand = False
        self._button = ""
        self._start = self._last = Contact(0, 0)

    def kind_for(self, contact: Contact) -> str:
        """What a press here would begin."""
        tool = self.stage.tool
        if contact.button == "middle" or self.hand:
            return "pan"
        if contact.button != "right" and self.stage.on_wipe(contact.x, contact.y):
            return "wipe"
        if tool is None or tool.space == "view":
            return "zoom" if tool is not None and tool.name == "zoom" else "pan"
        return "tool"

    def press(self, contact: Contact) -> None:
        """A button or pen goes down; further buttons during a gesture count for nothing."""
        if self.kind or self.stage.document is None:
            return
        self.kind, self._button = self.kind_for(contact), contact.button
        self.stage.hold_placement(self.kind == "tool")
        self._start = self._last = contact
        if self.kind == "tool" and self.stage.tool is not None:
            self._tell(self.stage.tool.press, contact)
        self.stage.show_cursor()
        self.stage.pointer_at(contact)

    def move(self, contact: Contact) -> None:
        """The pointer moves, with or without a gesture."""
        last, self._last = self._last, contact
        if self.kind == "pan":
            self.stage.pan_by(contact.x - last.x, contact.y - last.y)
        elif self.kind == "wipe":
            self.stage.pull_wipe(contact.x)
        elif self.kind == "zoom" and self._far(contact):
            self.stage.zoom_by(2 ** ((contact.x - last.x) / SCRUB_PT), (self._start.x, self._start.y))
        elif self.kind == "tool" and self.stage.tool is not None:
            self._tell(self.stage.tool.move, contact)
        if not self.kind:
            self.stage.show_cursor()
        self.stage.pointer_at(contact)

    def release(self, contact: Contact) -> None:
        """The button that began the gesture comes up."""
        if not self.kind or contact.button not in (self._button, ""):
            return
        if self.kind == "zoom" and not self._far(contact):
            out = contact.alt or self._button == "right"
            self.stage.zoom_step(-1 if out else 1, (contact.x, contact.y))
        tool = self.stage.tool if self.kind == "tool" else None
        finished = tool is not None and self._tell(tool.release, contact)
        self._end()
        self.stage.show_cursor()
        self.stage.pointer_at(contact)
        if finished:
            self.stage.gesture_done.emit()

    def cancel(self) -> bool:
        """End what goes on without a trace; False where nothing did. A tool may be at work between two presses."""
        tool, document = self.stage.tool, self.stage.document
        at_work = tool is not None and (self.kind == "tool" or tool.working())
        ended = bool(self.kind) or at_work
        self._end()
        if at_work and tool is not None and document is not None:
            tool.cancel(document)
        if ended:
            self.stage.show_cursor()
        return ended

    def hold_hand(self, held: bool) -> None:
        """Space goes down or up; a pan under way goes on to its release."""
        self.hand = held
        self.stage.show_cursor()

    def _end(self) -> None:
        self.kind = ""
        self.stage.hold_placement(False)

    def _far(self, contact: Contact) -> bool:
        return max(abs(contact.x - self._start.x), abs(contact.y - self._start.y)) >= CLICK_PT

    def _tell(self, act: Callable[[Document, PointerEvent], None], contact: Contact) -> bool:
        """Let the tool act; whatever it raises ends the gesture first, and makes this False."""
        document = self.stage.document
        assert document is not None
        done = False
        try:
            act(document, self.stage.event_at(contact, self._button == "right"))
            done = True
        except UserError as error:
            self.stage.report(error)
        finally:
            if not done:
                self.cancel()
        return done
