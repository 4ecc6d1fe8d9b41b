"""The brush that paints into the matte itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from editor.api import Document, DocumentState, Rect, param
from editor.document.brush import FULL, Stroke, mix_amount
from editor.document.tiles import Plane
from plugins.tools._stroke_tool import HARDNESS_HELP, MOST_PX, PRESSURE_HELP, SIZE_HELP, SPACING_HELP, StrokeTool


@dataclass
class AlphaBrush(StrokeTool):
    """Paints opacity from 0 to 100 % into the subject's matte; Alt paints the opposite. X turns the value round, D
    makes it 100 %.

    After a stroke over soft edges the subject's own colours there are out of date: ``take_stale`` says where, and
    ``editor.document.matte.refresh_colours`` mends them.
    """

    name: ClassVar[str] = "alpha-brush"
    title: ClassVar[str] = "Matte brush"
    icon: ClassVar[str] = "matte"
    key: ClassVar[str] = "A"
    order: ClassVar[int] = 60
    group: ClassVar[str] = "matte"

    value: float = param(
        100.0, "Opacity", minimum=0, maximum=100, step=1, unit=" %",
        help="What is painted: 100 % is subject, 0 % is see-through. X turns it round.",
    )  # fmt: skip
    size_px: float = param(
        40.0, "Size", minimum=1, maximum=MOST_PX, step=1, unit=" px", scales=True, logarithmic=True, help=SIZE_HELP
    )
    hardness: float = param(50.0, "Hardness", minimum=0, maximum=100, step=1, unit=" %", help=HARDNESS_HELP)
    spacing: float = param(8.0, "Spacing", minimum=2, maximum=100, step=1, unit=" %", help=SPACING_HELP)
    pressure: bool = param(True, "Pen pressure", help=PRESSURE_HELP)

    stale: Rect | None = None

    def take_stale(self) -> Rect | None:
        """Where the last stroke left colours out of date, once; None when nowhere."""
        stale, self.stale = self.stale, None
        return stale

    def plane(self, state: DocumentState) -> Plane:
        """The subject's mask; before there is one, all of the photo is opaque."""
        mask = state.subject_layer.mask
        return Plane(state.trimap.width, state.trimap.height, 1, np.uint16, FULL) if mask is None else mask

    def with_plane(self, state: DocumentState, plane: Plane) -> DocumentState:
        """The state with another mask, switched on."""
        return state.with_layer(state.subject_layer.changed(mask=plane, mask_on=True))

    def laid(self, current: Plane, base: Plane, stroke: Stroke) -> Plane:
        """The mask moved towards the value as far as the stroke covers."""
        value = 100 - self.value if self._opposite else self.value
        return stroke.merge(current, base, mix_amount(round(value / 100 * FULL)))

    def step_label(self) -> str:
        """One name for all values, so that the list of steps stays short."""
        return "Paint matte"

    def done(self, document: Document, stroke: Stroke) -> None:
        """Remember where colours are to be estimated again."""
        if document.state.subject_layer.foreground is not None:
            self.stale = stroke.rect if self.stale is None else self.stale.union(stroke.rect)

    def press_key(self, document: Document, key: str) -> bool:
        """The value's turn and default, and what every brush knows."""
        if key.upper() == "X":
            self.value = 100 - self.value
        elif key.upper() == "D":
            self.value = 100.0
        else:
            return super().press_key(document, key)
        return True


PLUGINS = [AlphaBrush]
