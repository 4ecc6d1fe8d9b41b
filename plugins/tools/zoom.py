"""Zooms the view at the pointer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from editor.api import Document, PointerEvent, Tool

FACTOR = 1.5


@dataclass
class Zoom(Tool):
    """Click to zoom in at the pointer, Alt or the right button to zoom out. The canvas does it, by ``factor``."""

    name: ClassVar[str] = "zoom"
    title: ClassVar[str] = "Zoom"
    icon: ClassVar[str] = "zoom"
    key: ClassVar[str] = "Z"
    order: ClassVar[int] = 90
    group: ClassVar[str] = "view"
    space: ClassVar[str] = "view"

    def press(self, document: Document, event: PointerEvent) -> None:
        """The canvas zooms."""

    def move(self, document: Document, event: PointerEvent) -> None:
        """Nothing more."""

    def release(self, document: Document, event: PointerEvent) -> None:
        """Nothing more."""

    def factor(self, event: PointerEvent) -> float:
        """By how much a click there enlarges the view; below 1 it makes it smaller."""
        return 1 / FACTOR if event.alt or event.right or event.erase else FACTOR


PLUGINS = [Zoom]
