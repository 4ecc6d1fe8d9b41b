"""What lasso and rectangle do once they have a region.

Leave it for the window to find the subject in, or mark it at once.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace

from editor.api import Document, PointerEvent, Ring, Shape, Tool
from editor.document import trimap
from editor.document.selection import Selection

FIND = "find subject"
ACTIONS = (FIND, "mark foreground", "mark background", "mark unknown")
ACTION_HELP = "Find the subject inside and mark it, or give all that lies inside one label."
LEAST_SIDE_PX = 3


class SelectionTool(Tool):
    """A tool with the field ``action``, one of ``ACTIONS``, that draws a region from press to release.

    With "find subject" the release changes nothing and makes no step: the region waits in ``pending``, and whoever
    holds the tool takes it with ``take_pending`` and starts a job (``editor.document.rough``), since that takes
    seconds.
    """

    action: str

    pending: Selection | None = None
    _points: tuple[tuple[float, float], ...] = ()
    _opposite: bool = False
    _down: bool = False

    @abstractmethod
    def grown(self, event: PointerEvent) -> tuple[tuple[float, float], ...]:
        """The region's points with the pointer at the event; ``self._points`` holds those from before."""

    def take_pending(self) -> Selection | None:
        """The region in which the subject is to be found, once; None when there is none."""
        selection, self.pending = self.pending, None
        return selection

    def press(self, document: Document, event: PointerEvent) -> None:
        """Begin a region."""
        self.pending = None
        self._opposite = event.alt or event.right or event.erase
        self._points, self._down = ((event.x, event.y),), True

    def move(self, document: Document, event: PointerEvent) -> None:
        """Draw on to here."""
        if self._down:
            self._points = self.grown(event)

    def release(self, document: Document, event: PointerEvent) -> None:
        """Close the region and use it; one that is smaller than a few pixels counts as a slip of the hand."""
        if not self._down:
            return
        self.move(document, event)
        selection = self._clipped(document)
        self._points, self._down = (), False
        if selection is None:
            return
        if self.action == FIND:
            self.pending = selection
        else:
            self._mark(document, selection)

    def cancel(self, document: Document) -> None:
        """Forget the region."""
        self._points, self._down, self.pending = (), False, None

    def working(self) -> bool:
        """True while a region is being drawn."""
        return self._down

    def preview(self, document: Document, event: PointerEvent) -> list[Ring | Shape]:
        """The region so far."""
        return [Shape(self._points)] if len(self._points) > 1 else []

    def press_key(self, document: Document, key: str) -> bool:
        """1, 2 and 3 choose what is marked, D finds the subject."""
        chosen = {"1": ACTIONS[1], "2": ACTIONS[2], "3": ACTIONS[3], "D": FIND}.get(key.upper())
        if chosen is None:
            return False
        self.action = chosen
        return True

    def _clipped(self, document: Document) -> Selection | None:
        """The region with its points drawn into the photo; None where next to nothing is left."""
        plane = document.state.trimap
        points = tuple(
            (min(max(x, 0.0), plane.width - 1.0), min(max(y, 0.0), plane.height - 1.0)) for x, y in self._points
        )
        selection = Selection(points)
        return None if min(selection.rect.w, selection.rect.h) < LEAST_SIDE_PX else selection

    def _mark(self, document: Document, selection: Selection) -> None:
        label = self.action.removeprefix("mark ")
        label = trimap.OPPOSITE[label] if self._opposite else label
        plane = trimap.fill_selection(document.state.trimap, selection, trimap.LABELS[label])
        if plane is document.state.trimap:
            return
        with document.edit("Clear region" if label == "clear" else f"Mark region {label}"):
            document.show(replace(document.state, trimap=plane))
