"""What must be drawn again when one state takes the place of another.

States share every plane and tile that did not change, so comparing identities is enough, and a brush stroke names
only the tiles that it touched.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields

from editor.document.document import DocumentState
from editor.document.effects import EffectTypes, margin_px, usable
from editor.document.geometry import Rect
from editor.document.layer import Layer
from editor.document.render import layer_rect
from editor.document.resample import fit_of
from editor.document.tiles import Plane
from editor.document.views import view_rect

_LOOKS = tuple(
    f.name for f in fields(Layer) if f.name not in {"name", "id", "follows_matte", "content", "mask", "foreground"}
)
"""Fields of a layer, beside its planes, that change how it looks."""


def changed_rects(
    before: DocumentState, after: DocumentState, view: str, effects: EffectTypes | None = None, level: int = 0
) -> list[Rect]:
    """Rectangles of the view, in pixels of ``level``, whose pixels may differ between the two states.

    The margins of effects are counted; without a registry of ``effects`` a layer that wears any counts as all of the
    canvas.
    """
    whole = view_rect(after, view, level)
    if before is after:
        return []
    if before.subject != after.subject or view_rect(before, view) != view_rect(after, view):
        return [whole]
    if before.dtype != after.dtype:
        return [whole]
    if view == "background":
        return _inside(_stack_changes(before, after, effects, level), whole)
    return _inside(_subject_changes(before.subject_layer, after.subject_layer, view, level), whole)


def _subject_changes(before: Layer, after: Layer, view: str, level: int) -> list[Rect]:
    """Changes of a view that shows the subject alone."""
    names = {"photo": ("content",), "alpha": ("mask",)}.get(view, ("content", "mask", "foreground"))
    everything = [Rect(0, 0, 1 << 30, 1 << 30)]
    if len(names) == 3 and (before.mask_on, before.decontaminate) != (after.mask_on, after.decontaminate):
        return everything
    tiles = _plane_changes(before, after, names)
    return everything if tiles is None else [rect.at_level(level) for rect in tiles]


def _stack_changes(
    before: DocumentState, after: DocumentState, effects: EffectTypes | None, level: int
) -> list[Rect]:
    """Changes of the composite."""
    old, new = {layer.id: layer for layer in before.layers}, {layer.id: layer for layer in after.layers}
    rects = [_reach(before, layer, effects, level) for layer in before.layers if layer.id not in new]
    rects += [_reach(after, layer, effects, level) for layer in after.layers if layer.id not in old]
    if [i for i in old if i in new] != [i for i in new if i in old]:
        return [view_rect(after, "background", level)]
    for layer in after.layers:
        if layer.id in old and old[layer.id] is not layer:
            rects += _layer_changes(before, after, layer.id, effects, level)
    return rects


def _layer_changes(
    before: DocumentState, after: DocumentState, layer_id: str, effects: EffectTypes | None, level: int
) -> list[Rect]:
    """Changes of the composite that come from one layer which both states have."""
    old, new = before.layer(layer_id), after.layer(layer_id)
    if not (_seen(old) or _seen(new)):
        return []
    tiles = _plane_changes(old, new, ("content", "mask", "foreground"))
    if tiles is None or any(getattr(old, name) != getattr(new, name) for name in _LOOKS):
        return [_reach(before, old, effects, level), _reach(after, new, effects, level)]
    margin = _margin(new, effects, level)
    if margin is None and tiles:
        return [_reach(after, new, effects, level)]
    return [_on_canvas(new, rect, level).expand(margin or 0) for rect in tiles]


def _plane_changes(before: Layer, after: Layer, names: tuple[str, ...]) -> list[Rect] | None:
    """Rectangles, in the layer's own pixels, of the tiles that differ; None when that is not enough to say."""
    found: list[Rect] = []
    for name in names:
        old, new = getattr(before, name), getattr(after, name)
        if old is new:
            continue
        if not (isinstance(old, Plane) and isinstance(new, Plane)):
            if old != new:
                return None
        elif old.size_rect != new.size_rect:
            return None
        else:
            found += _runs(new, new.changed_from(old))
    return found


def _runs(plane: Plane, keys: Iterable[tuple[int, int]]) -> list[Rect]:
    """The tiles' rectangles, neighbours in a row joined, so that a whole plane is a handful of them."""
    runs: list[Rect] = []
    for key in sorted(keys):
        rect = plane.tile_rect(key)
        if runs and runs[-1].y == rect.y and runs[-1].right == rect.x:
            runs[-1] = runs[-1].union(rect)
        else:
            runs.append(rect)
    return runs


def _on_canvas(layer: Layer, rect: Rect, level: int) -> Rect:
    """A rectangle of the layer's own pixels in those of the canvas's level, with the reach of resampling."""
    if not isinstance(layer.content, Plane):
        return rect.at_level(level)
    placed = layer.placement.canvas_rect(rect).at_level(level)
    fit = fit_of(layer.content.size_rect, layer.placement, level)
    return placed if fit.exact else placed.expand(2 + round(2 * fit.scale))


def _reach(state: DocumentState, layer: Layer, effects: EffectTypes | None, level: int) -> Rect:
    """Everything of the canvas that the layer, with its effects, can touch."""
    if not _seen(layer):
        return Rect(0, 0, 0, 0)
    margin = _margin(layer, effects, level)
    if margin is None:
        return view_rect(state, "background", level)
    return layer_rect(state, layer, level).expand(margin)


def _margin(layer: Layer, effects: EffectTypes | None, level: int) -> int | None:
    """How far the layer's effects look; None when that is not known."""
    if not any(use.on for use in layer.effects):
        return 0
    return None if effects is None else margin_px(usable(layer, effects, level))


def _seen(layer: Layer) -> bool:
    return layer.visible and layer.opacity > 0.0


def _inside(rects: list[Rect], whole: Rect) -> list[Rect]:
    """The parts within the view; each rectangle once."""
    parts = (rect.intersect(whole) for rect in rects)
    return list(dict.fromkeys(part for part in parts if not part.empty))
