"""What all brushes do alike: a stroke is one step, Shift draws straight, keys change the tip."""

from __future__ import annotations

from abc import abstractmethod

from editor.api import Document, DocumentState, PointerEvent, Ring, Shape, Tool
from editor.document.brush import Brush, Stroke
from editor.document.document import Gesture
from editor.document.tiles import Plane

SIZE_STEP = 1.15
"""How much one press of [ or ] changes the size."""
HARDNESS_STEP_PERCENT = 10.0
MOST_PX = 1000.0
SIZE_HELP = "Diameter in pixels of the photo: keys [ and ]."
HARDNESS_HELP = "How sharp the tip's edge is: keys Shift+[ and Shift+]."
SPACING_HELP = "Distance between two dabs, in parts of the size."
PRESSURE_HELP = "A pen's pressure changes the size."


class StrokeTool(Tool):
    """A tool with the fields ``size_px``, ``hardness`` and ``spacing`` (per cent) and ``pressure``."""

    size_px: float
    hardness: float
    spacing: float
    pressure: bool

    _gesture: Gesture | None = None
    _stroke: Stroke | None = None
    _last_end: tuple[float, float] | None = None
    _opposite: bool = False

    @abstractmethod
    def plane(self, state: DocumentState) -> Plane:
        """The plane that is painted on."""

    @abstractmethod
    def with_plane(self, state: DocumentState, plane: Plane) -> DocumentState:
        """The state with another such plane."""

    @abstractmethod
    def laid(self, current: Plane, base: Plane, stroke: Stroke) -> Plane:
        """``current`` with the newest part of the stroke laid over ``base``, the plane at the press."""

    @abstractmethod
    def step_label(self) -> str:
        """The name of the undo step that is being made."""

    def begun(self, document: Document) -> None:
        """Called at the press, before the first dab: a place to make ready."""

    def done(self, document: Document, stroke: Stroke) -> None:
        """Called at the release, before the step is recorded."""

    def brush(self) -> Brush:
        """The tip that the settings describe."""
        return Brush(self.size_px, self.hardness / 100, self.spacing / 100, self.pressure)

    def press(self, document: Document, event: PointerEvent) -> None:
        """Begin a stroke, or with Shift draw straight from where the last one ended."""
        if self._gesture is not None:
            self.cancel(document)
        self._opposite = event.alt or event.right or event.erase
        self.begun(document)
        plane = self.plane(document.state)
        self._stroke = Stroke(self.brush(), plane.width, plane.height)
        self._gesture = document.begin(self.step_label())
        if event.shift and self._last_end is not None:
            self._stroke.start(*self._last_end, event.pressure)
            self._stroke.to(event.x, event.y, event.pressure)
        else:
            self._stroke.start(event.x, event.y, event.pressure)
        self._lay(document)

    def move(self, document: Document, event: PointerEvent) -> None:
        """Paint on to here."""
        if self._stroke is not None:
            self._stroke.to(event.x, event.y, event.pressure)
            self._lay(document)

    def release(self, document: Document, event: PointerEvent) -> None:
        """End the stroke as one step."""
        if self._stroke is None or self._gesture is None:
            return
        gesture, stroke = self._gesture, self._stroke
        self._gesture = self._stroke = None
        self._last_end = stroke.end
        self.done(document, stroke)
        gesture.finish()

    def cancel(self, document: Document) -> None:
        """Take the stroke back as if it had never begun."""
        if self._gesture is not None:
            self._gesture.cancel()
        self._gesture = self._stroke = None

    def working(self) -> bool:
        """True during a stroke."""
        return self._gesture is not None

    def preview(self, document: Document, event: PointerEvent) -> list[Ring | Shape]:
        """The ring at half coverage, its core, and with Shift the straight line that a press would draw."""
        brush = self.brush()
        marks: list[Ring | Shape] = [Ring(event.x, event.y, brush.size_px / 2, brush.core_px)]
        if event.shift and self._last_end is not None and not self.working():
            marks.append(Shape((self._last_end, (event.x, event.y)), closed=False))
        return marks

    def press_key(self, document: Document, key: str) -> bool:
        """[ and ] change the size, { and } the hardness."""
        if key in ("[", "]"):
            self.size_px = min(MOST_PX, max(1.0, self.size_px * (SIZE_STEP if key == "]" else 1 / SIZE_STEP)))
        elif key in ("{", "}"):
            change = HARDNESS_STEP_PERCENT if key == "}" else -HARDNESS_STEP_PERCENT
            self.hardness = min(100.0, max(0.0, self.hardness + change))
        else:
            return False
        return True

    def _lay(self, document: Document) -> None:
        if self._stroke is None or self._gesture is None:
            return
        current = self.plane(document.state)
        plane = self.laid(current, self.plane(self._gesture.before), self._stroke)
        if plane is not current:
            document.show(self.with_plane(document.state, plane))
