"""What can be done to layers and to the effects they wear."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from editor.document.backdrop import OTHER_PROFILE, cover
from editor.document.colour import to_8_bit, to_16_bit
from editor.document.document import Document, DocumentState, Photo
from editor.document.events import Event
from editor.document.layer import EffectUse, Gradient, Layer, SolidColour
from editor.document.rgb_profiles import converted, same_profile
from editor.document.tiles import Plane
from editor.jobs import Progress
from editor.ui import questions
from editor.ui.desk import Desk
from editor.ui.live_edit import LiveEdit


class LayerCommands:
    """The verbs of the Layer and Effects menus and of the panels for them. ``added()`` tells of a new layer."""

    def __init__(self, desk: Desk, live: LiveEdit) -> None:
        self._desk, self._live = desk, live
        self.added = Event()

    # the stack

    def select(self, layer_id: str) -> None:
        """Make a layer the active one; that alone leaves nothing to save."""
        desk, document = self._desk, self._desk.require()
        if document.state.active == layer_id:
            return
        self._live.finish()
        saved = desk.saved
        document.select_layer(layer_id)
        if saved:
            desk.mark_saved(document.state)

    def add_picture(self) -> None:
        """Ask for a picture and put it under the subject."""
        desk = self._desk
        desk.require()
        filters = questions.photo_filters(desk.registry.formats, project=False)
        questions.ask_open(desk.window, desk.settings, "Add a picture as layer", filters, self.add_picture_from)

    def add_picture_from(self, path: Path) -> None:
        """Read a picture and put it under the subject, in the document's depth."""
        icc = self._desk.require().state.icc

        def work(progress: Progress) -> Photo:
            from editor.files import read_photo

            progress(0.0, "reading")
            return converted(read_photo(path, self._desk.registry.formats), icc, progress)

        self._desk.run(f"Add {path.name}", work, lambda photo: self.add_photo(photo, path.stem))

    def add_photo(self, photo: Photo, name: str) -> None:
        """Put a picture under the subject, in the document's depth, so that it covers the canvas.

        Its colours are taken to be in the document's profile; that they are not is said.
        """
        document = self._desk.require()
        if not same_profile(photo.icc, document.state.icc):
            self._desk.messages.say(OTHER_PROFILE)
        deep = document.state.dtype.itemsize == 2
        plane = Plane.from_array(to_16_bit(photo.pixels) if deep else to_8_bit(photo.pixels))
        mask = None if photo.alpha is None else Plane.from_array(to_16_bit(photo.alpha))
        self._add(document, Layer(name, plane, mask, placement=cover(plane.width, plane.height, document.state.canvas)))

    def add_colour(self, rgb: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> None:
        """Put a layer of one colour under the subject."""
        self._add(self._desk.require(), Layer("Colour", SolidColour(rgb)))

    def add_gradient(self) -> None:
        """Put a layer with a run between two colours under the subject."""
        self._add(self._desk.require(), Layer("Gradient", Gradient()))

    def delete(self) -> None:
        """Take the active layer out."""
        document = self._desk.require()
        with document.edit("Delete layer"):
            document.remove_layer(document.state.active)

    def move_up(self) -> None:
        """Bring the active layer one up."""
        self._move(1)

    def move_down(self) -> None:
        """Bring the active layer one down."""
        self._move(-1)

    def reorder(self, layer_id: str, index: int) -> None:
        """Put a layer at ``index`` from the bottom."""
        document = self._desk.require()
        layers = [layer.id for layer in document.state.layers]
        if layers.index(layer_id) != index:
            with document.edit("Reorder layers"):
                document.move_layer(layer_id, index)

    # one layer

    def rename(self, layer_id: str, name: str) -> None:
        """Give a layer another name; an empty one is left as it was."""
        name = name.strip()
        document = self._desk.require()
        if name and name != document.state.layer(layer_id).name:
            with document.edit("Rename layer"):
                document.change_layer(layer_id, name=name)

    def toggle_visible(self, layer_id: str | None = None) -> None:
        """Show or hide a layer (the active one by default)."""
        document = self._desk.require()
        layer = document.state.layer(layer_id or document.state.active)
        with document.edit("Hide layer" if layer.visible else "Show layer"):
            document.change_layer(layer.id, visible=not layer.visible)

    def toggle_mask(self, layer_id: str | None = None) -> None:
        """Switch a layer's mask on or off."""
        document = self._desk.require()
        layer = document.state.layer(layer_id or document.state.active)
        if layer.mask is not None:
            with document.edit("Mask off" if layer.mask_on else "Mask on"):
                document.change_layer(layer.id, mask_on=not layer.mask_on)

    def change(self, what: str, final: bool, **values: Any) -> None:
        """Give the active layer other values; ``what`` names the step, ``final`` ends it."""
        layer_id = self._desk.require().state.active
        self._live.change(what, lambda state: state.with_layer(state.layer(layer_id).changed(**values)), final)

    def place(self, final: bool, **values: float) -> None:
        """Move or scale the active layer: ``x``, ``y`` in canvas pixels, ``scale``."""
        document = self._desk.require()
        layer = document.state.layer(document.state.active)
        self.change("Place layer", final, placement=replace(layer.placement, **values))

    def decontaminate(self, share: float, final: bool) -> None:
        """How far the subject's colours move from the photo to its own, 0 to 1."""
        subject = self._desk.require().state.subject

        def change(state: DocumentState) -> DocumentState:
            return state.with_layer(state.layer(subject).changed(decontaminate=share))

        self._live.change("Decontaminate", change, final)

    # effects of the active layer

    def add_effect(self, name: str) -> None:
        """Put an effect on the active layer, with its default values."""
        effect = self._desk.registry.effects[name]
        self._set_effects(f"Add {effect.title}", lambda uses: (*uses, EffectUse(name)), True)

    def remove_effect(self, index: int) -> None:
        """Take an effect off."""
        self._set_effects("Remove effect", lambda uses: uses[:index] + uses[index + 1 :], True)

    def move_effect(self, index: int, by: int) -> None:
        """Let an effect act earlier (-1) or later (+1)."""

        def moved(uses: tuple[EffectUse, ...]) -> tuple[EffectUse, ...]:
            target = min(len(uses) - 1, max(0, index + by))
            rest = list(uses[:index] + uses[index + 1 :])
            rest.insert(target, uses[index])
            return tuple(rest)

        self._set_effects("Reorder effects", moved, True)

    def toggle_effect(self, index: int) -> None:
        """Switch an effect on or off."""
        self._change_effect("Effect on or off", index, True, lambda use: replace(use, on=not use.on))

    def set_effect_value(self, index: int, title: str, name: str, value: Any, final: bool) -> None:
        """Give an effect another value; shown at once, one step per drag."""
        self._change_effect(title, index, final, lambda use: replace(use, values={**use.values, name: value}))

    def _change_effect(self, label: str, index: int, final: bool, change: Any) -> None:
        self._set_effects(label, lambda uses: (*uses[:index], change(uses[index]), *uses[index + 1 :]), final)

    def _set_effects(self, label: str, change: Any, final: bool) -> None:
        layer_id = self._desk.require().state.active

        def shown(state: DocumentState) -> DocumentState:
            layer = state.layer(layer_id)
            return state.with_layer(layer.changed(effects=change(layer.effects)))

        self._live.change(label, shown, final)

    def _add(self, document: Document, layer: Layer) -> None:
        """Put a layer right under the subject."""
        index = [each.id for each in document.state.layers].index(document.state.subject)
        with document.edit(f"Add {layer.name}"):
            document.add_layer(layer, index)
        self.added.emit()

    def _move(self, by: int) -> None:
        document = self._desk.require()
        order = [layer.id for layer in document.state.layers]
        index = order.index(document.state.active)
        self.reorder(document.state.active, min(len(order) - 1, max(0, index + by)))
