"""Moves the view, not the document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from editor.api import Document, PointerEvent, Tool


@dataclass
class Hand(Tool):
    """Drag to pan. The canvas does it for every tool of the space ``view``; this one says which."""

    name: ClassVar[str] = "hand"
    title: ClassVar[str] = "Hand"
    icon: ClassVar[str] = "hand"
    key: ClassVar[str] = "H"
    order: ClassVar[int] = 80
    group: ClassVar[str] = "view"
    space: ClassVar[str] = "view"

    def press(self, document: Document, event: PointerEvent) -> None:
        """The canvas begins to pan."""

    def move(self, document: Document, event: PointerEvent) -> None:
        """The canvas pans."""

    def release(self, document: Document, event: PointerEvent) -> None:
        """The canvas stays where it is."""


PLUGINS = [Hand]
