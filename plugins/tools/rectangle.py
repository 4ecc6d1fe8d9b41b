"""A region drawn as a rectangle."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from editor.api import PointerEvent, param
from plugins.tools._selection_tool import ACTION_HELP, ACTIONS, FIND, SelectionTool


@dataclass
class Rectangle(SelectionTool):
    """Drag a box round the subject, and it is found inside; or mark the box outright. Shift makes it a square."""

    name: ClassVar[str] = "rectangle"
    title: ClassVar[str] = "Rectangle"
    icon: ClassVar[str] = "rectangle"
    key: ClassVar[str] = "M"
    order: ClassVar[int] = 50

    action: str = param(FIND, "Do", choices=ACTIONS, help=ACTION_HELP)

    def grown(self, event: PointerEvent) -> tuple[tuple[float, float], ...]:
        """The four corners between the press and here."""
        x0, y0 = self._points[0]
        width, height = event.x - x0, event.y - y0
        if event.shift:
            side = max(abs(width), abs(height))
            width, height = math.copysign(side, width), math.copysign(side, height)
        return (x0, y0), (x0 + width, y0), (x0 + width, y0 + height), (x0, y0 + height)


PLUGINS = [Rectangle]
