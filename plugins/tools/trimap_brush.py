"""The brush that marks foreground, background and unknown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from editor.api import Document, DocumentState, param
from editor.document import trimap
from editor.document.brush import Stroke
from editor.document.tiles import Plane
from plugins.tools._labels import LABEL_HELP, label_for_key
from plugins.tools._stroke_tool import MOST_PX, PRESSURE_HELP, SIZE_HELP, SPACING_HELP, StrokeTool


@dataclass
class TrimapBrush(StrokeTool):
    """Paints one of the four labels; Alt, the right button and the pen's other end paint the opposite one.

    Keys: 1 foreground, 2 background, 3 unknown, 4 clear; X exchanges foreground and background; D goes back to
    unknown at the default size and hardness; [ and ] change the size, { and } the hardness.
    """

    name: ClassVar[str] = "trimap-brush"
    title: ClassVar[str] = "Trimap brush"
    icon: ClassVar[str] = "brush"
    key: ClassVar[str] = "B"
    order: ClassVar[int] = 10

    label: str = param("unknown", "Label", choices=tuple(trimap.LABELS), help=LABEL_HELP)
    size_px: float = param(
        60.0, "Size", minimum=1, maximum=MOST_PX, step=1, unit=" px", scales=True, logarithmic=True, help=SIZE_HELP
    )
    hardness: float = param(
        100.0, "Hardness", minimum=0, maximum=100, step=1, unit=" %",
        help="Below 100 % the soft rim of foreground and background strokes leaves unknown: keys Shift+[ and Shift+].",
    )  # fmt: skip
    spacing: float = param(10.0, "Spacing", minimum=2, maximum=100, step=1, unit=" %", help=SPACING_HELP)
    pressure: bool = param(True, "Pen pressure", help=PRESSURE_HELP)

    def plane(self, state: DocumentState) -> Plane:
        """The trimap."""
        return state.trimap

    def with_plane(self, state: DocumentState, plane: Plane) -> DocumentState:
        """The state with another trimap."""
        return replace(state, trimap=plane)

    def laid(self, current: Plane, base: Plane, stroke: Stroke) -> Plane:
        """The label where the stroke covers at least half; a soft brush leaves a rim of unknown."""
        return trimap.paint(current, base, stroke, trimap.LABELS[self._painting()], rim=self.hardness < 100)

    def step_label(self) -> str:
        """The label by its name."""
        painting = self._painting()
        return "Clear marks" if painting == "clear" else f"Mark {painting}"

    def press_key(self, document: Document, key: str) -> bool:
        """Labels, the swap, the defaults, and what every brush knows."""
        label = label_for_key(key, self.label)
        if label is not None:
            self.label = label
        elif key.upper() == "D":
            default = TrimapBrush()
            self.label, self.size_px, self.hardness = default.label, default.size_px, default.hardness
        else:
            return super().press_key(document, key)
        return True

    def _painting(self) -> str:
        return trimap.OPPOSITE[self.label] if self._opposite else self.label


PLUGINS = [TrimapBrush]
