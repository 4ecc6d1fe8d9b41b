"""The brush that marks foreground, background and unknown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from editor.api import Document, DocumentState, param
from editor.document import trimap
from editor.document.brush import Stroke
from editor.document.tiles import Plane
from plugins.tools._stroke_tool import MOST_PX, StrokeTool


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

    label: str = param(
        "unknown", "Label", choices=tuple(trimap.LABELS), help="What the brush marks: keys 1 to 4. X swaps, Alt paints the opposite."
    )
    size_px: float = param(
        60.0, "Size", minimum=1, maximum=MOST_PX, step=1, unit=" px", scales=True, logarithmic=True,
        help="Diameter in pixels of the photo: keys [ and ].",
    )  # fmt: skip
    hardness: float = param(
        100.0, "Hardness", minimum=0, maximum=100, step=1, unit=" %",
        help="Below 100 % the soft rim of foreground and background strokes leaves unknown: keys Shift+[ and Shift+].",
    )  # fmt: skip
    spacing: float = param(
        10.0, "Spacing", minimum=2, maximum=100, step=1, unit=" %", help="Distance between two dabs, in parts of the size."
    )
    pressure: bool = param(True, "Pen pressure", help="A pen's pressure changes the size.")

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
        chosen = dict(zip("1234", trimap.LABELS, strict=True)).get(key)
        if chosen is not None:
            self.label = chosen
        elif key.upper() == "X":
            self.label = "background" if self.label == "foreground" else "foreground"
        elif key.upper() == "D":
            default = TrimapBrush()
            self.label, self.size_px, self.hardness = default.label, default.size_px, default.hardness
        else:
            return super().press_key(document, key)
        return True

    def _painting(self) -> str:
        return trimap.OPPOSITE[self.label] if self._opposite else self.label


PLUGINS = [TrimapBrush]
