"""The brush that widens or narrows the unknown band where one paints."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from editor.api import Document, DocumentState, param
from editor.document.band import BandBrush as Band
from editor.document.brush import Stroke
from editor.document.tiles import Plane
from plugins.tools._stroke_tool import HARDNESS_HELP, MOST_PX, PRESSURE_HELP, SIZE_HELP, SPACING_HELP, StrokeTool


@dataclass
class BandBrush(StrokeTool):
    """Sweep along an edge with a generous brush: the band grows by a fixed width there and nowhere else.

    Alt narrows it.
    """

    name: ClassVar[str] = "band-brush"
    title: ClassVar[str] = "Unknown band brush"
    icon: ClassVar[str] = "band"
    key: ClassVar[str] = "W"
    order: ClassVar[int] = 20

    size_px: float = param(
        160.0, "Size", minimum=1, maximum=MOST_PX, step=1, unit=" px", scales=True, logarithmic=True, help=SIZE_HELP
    )
    widen_px: float = param(
        12.0, "Widen by", minimum=1, maximum=200, step=1, unit=" px", scales=True, logarithmic=True,
        help="How far one stroke moves the band's edge. Alt or the right button narrows instead.",
    )  # fmt: skip
    hardness: float = param(100.0, "Hardness", minimum=0, maximum=100, step=1, unit=" %", help=HARDNESS_HELP)
    spacing: float = param(10.0, "Spacing", minimum=2, maximum=100, step=1, unit=" %", help=SPACING_HELP)
    pressure: bool = param(True, "Pen pressure", help=PRESSURE_HELP)

    def begun(self, document: Document) -> None:
        """Measure distances from the band as it is at the press."""
        self._band = Band(document.state.trimap, self.widen_px, narrow=self._opposite)

    def plane(self, state: DocumentState) -> Plane:
        """The trimap."""
        return state.trimap

    def with_plane(self, state: DocumentState, plane: Plane) -> DocumentState:
        """The state with another trimap."""
        return replace(state, trimap=plane)

    def laid(self, current: Plane, base: Plane, stroke: Stroke) -> Plane:
        """The band moved where the stroke covers at least half."""
        return stroke.merge(current, base, self._band.mix)

    def step_label(self) -> str:
        """Which way the band's edge goes."""
        return "Narrow unknown band" if self._opposite else "Widen unknown band"


PLUGINS = [BandBrush]
