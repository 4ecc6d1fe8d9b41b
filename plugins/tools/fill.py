"""Fills a closed region of the trimap: draw the outline as unknown, then fill inside and outside."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from editor.api import Document, PointerEvent, Ring, Shape, Tool, param
from editor.document import trimap
from editor.document.document import Gesture
from editor.document.fill_preview import FillPreview
from plugins.tools._labels import LABEL_HELP, label_for_key


@dataclass
class Fill(Tool):
    """Gives the region under the pointer, as far as it bears one label, another label."""

    name: ClassVar[str] = "fill"
    title: ClassVar[str] = "Fill region"
    icon: ClassVar[str] = "fill"
    key: ClassVar[str] = "G"
    order: ClassVar[int] = 30

    label: str = param("foreground", "Label", choices=tuple(trimap.LABELS), help=LABEL_HELP)

    def __post_init__(self) -> None:
        self._gesture: Gesture | None = None
        self._preview = FillPreview()

    def press(self, document: Document, event: PointerEvent) -> None:
        """Fill the region under the pointer."""
        if self._gesture is not None:
            self.cancel(document)
        label = trimap.OPPOSITE[self.label] if event.alt or event.right or event.erase else self.label
        self._gesture = document.begin("Clear region" if label == "clear" else f"Fill with {label}")
        plane = document.state.trimap
        filled = trimap.fill_region(plane, math.floor(event.x), math.floor(event.y), trimap.LABELS[label])
        if filled is not plane:
            document.set_trimap(filled)

    def move(self, document: Document, event: PointerEvent) -> None:
        """Dragging does nothing more."""

    def release(self, document: Document, event: PointerEvent) -> None:
        """Keep the fill as one step."""
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            gesture.finish()

    def cancel(self, document: Document) -> None:
        """Take the fill back."""
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            gesture.cancel()

    def working(self) -> bool:
        """True while the button is down."""
        return self._gesture is not None

    def preview(self, document: Document, event: PointerEvent) -> list[Ring | Shape]:
        """The outline of the region that a press would take."""
        if self.working():
            return []
        return [Shape(points) for points in self._preview.outlines(document.state.trimap, event.x, event.y)]

    def press_key(self, document: Document, key: str) -> bool:
        """Labels from the keyboard; D goes back to foreground."""
        label = "foreground" if key.upper() == "D" else label_for_key(key, self.label)
        if label is None:
            return False
        self.label = label
        return True


PLUGINS = [Fill]
