"""A region drawn freehand."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from editor.api import PointerEvent, param
from plugins.tools._selection_tool import ACTION_HELP, ACTIONS, FIND, SelectionTool


@dataclass
class Lasso(SelectionTool):
    """Draw loosely round the subject, and it is found inside; or mark the region outright."""

    name: ClassVar[str] = "lasso"
    title: ClassVar[str] = "Lasso"
    icon: ClassVar[str] = "lasso"
    key: ClassVar[str] = "L"
    order: ClassVar[int] = 40

    action: str = param(FIND, "Do", choices=ACTIONS, help=ACTION_HELP)

    def grown(self, event: PointerEvent) -> tuple[tuple[float, float], ...]:
        """One point more, unless it lies within a screen pixel of the last."""
        x, y = self._points[-1]
        if math.hypot(event.x - x, event.y - y) < event.screen_px:
            return self._points
        return (*self._points, (event.x, event.y))


PLUGINS = [Lasso]
