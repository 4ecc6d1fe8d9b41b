"""A layer: what it shows, where, and how it joins what lies below. Values only; a change makes a new layer."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from editor.document.geometry import Placement, Rect
from editor.document.tiles import Plane

BLEND_MODES = ("normal", "multiply", "screen", "overlay", "soft light")


@dataclass(frozen=True)
class SolidColour:
    """One colour everywhere: r, g, b in [0, 1], in the photo's own colour space."""

    rgb: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Gradient:
    """A straight run between two colours; 0 degrees runs from left to right, 90 from top to bottom."""

    start: tuple[float, float, float] = (1.0, 1.0, 1.0)
    end: tuple[float, float, float] = (0.0, 0.0, 0.0)
    angle_deg: float = 90.0


Content: TypeAlias = Plane | SolidColour | Gradient


@dataclass(frozen=True)
class EffectUse:
    """An effect as a layer wears it: the registered name, its values, and whether it is on."""

    name: str
    values: Mapping[str, Any] = field(default_factory=dict)
    on: bool = True


@dataclass(frozen=True)
class Layer:
    """One entry of the stack.

    ``content`` is a colour plane (H, W, 3) in the photo's depth, or a colour or gradient that fills the canvas.
    ``mask`` is the alpha as uint16 (65535 is opaque), of the content's size. ``foreground`` holds the subject's own
    colours (H, W, 3), straight; where it differs from the content, ``decontaminate`` (0 to 1) says how far the colours
    shown move from the content to it. ``follows_matte`` marks a clean plate: photo colours with the subject taken out,
    renewed with every new matte.
    """

    name: str
    content: Content
    mask: Plane | None = None
    mask_on: bool = True
    foreground: Plane | None = None
    decontaminate: float = 1.0
    placement: Placement = Placement()
    visible: bool = True
    opacity: float = 1.0
    blend: str = "normal"
    effects: tuple[EffectUse, ...] = ()
    follows_matte: bool = False
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])

    def changed(self, **values: Any) -> Layer:
        """The same layer (same id) with other values."""
        return replace(self, **values)

    @property
    def planes(self) -> dict[str, Plane]:
        """The layer's planes by field name; what it lacks is left out."""
        named = {"content": self.content, "mask": self.mask, "foreground": self.foreground}
        return {name: plane for name, plane in named.items() if isinstance(plane, Plane)}

    def canvas_rect(self, canvas: Rect) -> Rect:
        """The canvas pixels that the layer's content can touch, effects not counted."""
        if not isinstance(self.content, Plane):
            return canvas
        return self.placement.canvas_rect(self.content.size_rect)
