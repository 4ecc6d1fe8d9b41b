"""One of the people in the photo, by a click."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from editor.api import Document, PointerEvent, Ring, Shape, Tool
from editor.document.people import People


@dataclass
class Person(Tool):
    """Click a person to have them found and marked; of several who were found, click another to take that one."""

    name: ClassVar[str] = "person"
    title: ClassVar[str] = "Person"
    icon: ClassVar[str] = "person"
    key: ClassVar[str] = "P"
    order: ClassVar[int] = 55

    pending: tuple[float, float] | None = None
    _down: bool = False
    _people: People | None = None

    def show_people(self, people: People | None) -> None:
        """Who can be chosen from, as whoever holds the tool knows it; None where nobody has been looked for."""
        self._people = people

    def take_point(self) -> tuple[float, float] | None:
        """The point (x, y) of the photo at which a person is to be found, once; None when there is none."""
        point, self.pending = self.pending, None
        return point

    def press(self, document: Document, event: PointerEvent) -> None:
        """Nothing is chosen before the release."""
        self.pending, self._down = None, True

    def move(self, document: Document, event: PointerEvent) -> None:
        """Where the pointer is let go counts."""

    def release(self, document: Document, event: PointerEvent) -> None:
        """Leave the point for a job, since finding people takes seconds; a point beside the photo is a slip."""
        plane = document.state.trimap
        if self._down and 0 <= event.x < plane.width and 0 <= event.y < plane.height:
            self.pending = event.x, event.y
        self._down = False

    def cancel(self, document: Document) -> None:
        """Forget the point."""
        self.pending, self._down = None, False

    def working(self) -> bool:
        """True between press and release."""
        return self._down

    def preview(self, document: Document, event: PointerEvent) -> list[Ring | Shape]:
        """The outline of the person under the pointer, where people have been found."""
        number = 0 if self._people is None else self._people.at(event.x, event.y)
        return [] if self._people is None else [Shape(points) for points in self._people.outlines(number)]


PLUGINS = [Person]
