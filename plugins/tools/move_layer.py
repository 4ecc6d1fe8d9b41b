"""Moves and scales the selected layer on the canvas."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from editor.api import Document, Placement, PointerEvent, Ring, Shape, Tool, UserError
from editor.document.document import Gesture
from editor.document.layer import Layer
from editor.document.tiles import Plane

HANDLE_SCREEN_PX = 10.0
LEAST_SCALE, MOST_SCALE = 0.01, 100.0
ARROWS = {"Left": (-1, 0), "Right": (1, 0), "Up": (0, -1), "Down": (0, 1)}


@dataclass
class MoveLayer(Tool):
    """Drag to move; drag a corner to scale, Alt from the middle; Shift keeps a move level or upright.

    Arrow keys move by a pixel.
    """

    name: ClassVar[str] = "move"
    title: ClassVar[str] = "Move and scale"
    icon: ClassVar[str] = "move"
    key: ClassVar[str] = "V"
    order: ClassVar[int] = 70
    group: ClassVar[str] = "layer"
    space: ClassVar[str] = "canvas"

    def __post_init__(self) -> None:
        self._gesture: Gesture | None = None
        self._from = (0.0, 0.0)
        self._corner: int | None = None

    def press(self, document: Document, event: PointerEvent) -> None:
        """Take hold of the selected layer, or of the corner under the pointer."""
        if self._gesture is not None:
            self.cancel(document)
        layer = _movable(document)
        self._from = (event.x, event.y)
        self._corner = _corner_at(layer, event)
        self._gesture = document.begin("Move layer" if self._corner is None else "Scale layer")

    def move(self, document: Document, event: PointerEvent) -> None:
        """Carry the layer along."""
        if self._gesture is None:
            return
        layer = self._gesture.before.layer(self._gesture.before.active)
        placement = self._moved(layer, event) if self._corner is None else self._scaled(layer, self._corner, event)
        if placement != document.state.layer(layer.id).placement:
            document.change_layer(layer.id, placement=placement)

    def release(self, document: Document, event: PointerEvent) -> None:
        """Leave the layer here: one step, or none where it lies as before."""
        gesture, self._gesture = self._gesture, None
        if gesture is None:
            return
        before = gesture.before
        if before.layer(before.active).placement == document.state.layer(before.active).placement:
            gesture.cancel()
        else:
            gesture.finish()

    def cancel(self, document: Document) -> None:
        """Put the layer back."""
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            gesture.cancel()

    def working(self) -> bool:
        """True while a layer is held."""
        return self._gesture is not None

    def preview(self, document: Document, event: PointerEvent) -> list[Ring | Shape]:
        """The layer's outline with its corners to take hold of."""
        layer = document.state.layer(document.state.active)
        return [Shape(_corners(layer), handles=True)] if isinstance(layer.content, Plane) else []

    def press_key(self, document: Document, key: str) -> bool:
        """The arrows move by one pixel, each a step."""
        if key not in ARROWS or self.working():
            return False
        layer = _movable(document)
        dx, dy = ARROWS[key]
        at = layer.placement
        with document.edit("Move layer"):
            document.change_layer(layer.id, placement=Placement(at.x + dx, at.y + dy, at.scale))
        return True

    def _moved(self, layer: Layer, event: PointerEvent) -> Placement:
        """Moved by whole pixels, so that a layer at its own size is not resampled."""
        dx, dy = event.x - self._from[0], event.y - self._from[1]
        if event.shift:
            dx, dy = (dx, 0.0) if abs(dx) >= abs(dy) else (0.0, dy)
        at = layer.placement
        return Placement(at.x + round(dx), at.y + round(dy), at.scale)

    def _scaled(self, layer: Layer, corner: int, event: PointerEvent) -> Placement:
        """Scaled so that the corner follows the pointer, about the opposite corner or, with Alt, the middle."""
        corners = _corners(layer)
        held, opposite = corners[corner], corners[(corner + 2) % 4]
        fixed = ((held[0] + opposite[0]) / 2, (held[1] + opposite[1]) / 2) if event.alt else opposite
        ax, ay = held[0] - fixed[0], held[1] - fixed[1]
        bx, by = ax + event.x - self._from[0], ay + event.y - self._from[1]
        share = (ax * bx + ay * by) / (ax * ax + ay * ay)
        at = layer.placement
        scale = min(MOST_SCALE, max(LEAST_SCALE, at.scale * share))
        share = scale / at.scale
        return Placement(fixed[0] + (at.x - fixed[0]) * share, fixed[1] + (at.y - fixed[1]) * share, scale)


def _movable(document: Document) -> Layer:
    """The selected layer; ``UserError`` where it has no size of its own."""
    layer = document.state.layer(document.state.active)
    if not isinstance(layer.content, Plane):
        raise UserError(f"“{layer.name}” fills the whole canvas.", "Select a layer that holds a picture, then move it.")
    return layer


def _corners(layer: Layer) -> tuple[tuple[float, float], ...]:
    """The layer's corners on the canvas, clockwise from the top left."""
    assert isinstance(layer.content, Plane)
    width, height = layer.content.width, layer.content.height
    place = layer.placement.to_canvas
    return place(0, 0), place(width, 0), place(width, height), place(0, height)


def _corner_at(layer: Layer, event: PointerEvent) -> int | None:
    """The corner within reach of the pointer, if one is."""
    reach = HANDLE_SCREEN_PX * event.screen_px
    for number, (x, y) in enumerate(_corners(layer)):
        if math.hypot(event.x - x, event.y - y) <= reach:
            return number
    return None


PLUGINS = [MoveLayer]
