"""The document: one immutable state at a time, a history of states, and word to the window of what changed.

A state is shared freely with worker threads, since nothing in it ever changes.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from editor.document.events import Event
from editor.document.geometry import Rect
from editor.document.history import History
from editor.document.layer import Layer
from editor.document.tiles import Plane
from editor.errors import UserError

UNMARKED = 1
"""A pixel of the trimap plane that nobody has marked yet; it counts as unknown for an engine."""


@dataclass(frozen=True)
class Photo:
    """A photo as its file holds it, upright.

    ``pixels`` is (H, W, 3) uint8 or uint16, straight; ``alpha`` (H, W) of the same type or None. ``icc`` and ``exif``
    are the file's own bytes (EXIF with its orientation reset to 1), ``kind`` the format's name. ``grey`` marks one
    whose three channels are equal, a matte say, and are to be written as one where the format can.
    """

    pixels: np.ndarray
    alpha: np.ndarray | None = None
    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    kind: str = ""
    grey: bool = False


@dataclass(frozen=True)
class DocumentState:
    """Everything that undo brings back.

    ``layers`` lie bottom first. ``trimap`` is a plane of the photo's size with 0, 128, 255 and ``UNMARKED``; it belongs
    to the layer ``subject`` (its id), in that layer's pixels. ``active`` is the id of the layer that is selected.
    ``notes`` are settings kept with the document (engine, band width, view), plain JSON values.
    """

    width: int
    height: int
    dtype: np.dtype
    layers: tuple[Layer, ...]
    trimap: Plane
    subject: str
    active: str
    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def canvas(self) -> Rect:
        """The whole canvas."""
        return Rect(0, 0, self.width, self.height)

    @property
    def subject_layer(self) -> Layer:
        """The layer whose content is the photo that is being cut out."""
        return self.layer(self.subject)

    def layer(self, layer_id: str) -> Layer:
        """The layer of that id; raises ``KeyError`` for one that is not there."""
        for layer in self.layers:
            if layer.id == layer_id:
                return layer
        raise KeyError(layer_id)

    def with_layer(self, layer: Layer) -> DocumentState:
        """The state with the layer of the same id replaced."""
        return replace(self, layers=tuple(layer if old.id == layer.id else old for old in self.layers))

    def planes(self) -> dict[str, Plane]:
        """Every plane by a name that stays the same from state to state."""
        named = {"trimap": self.trimap}
        for layer in self.layers:
            named.update({f"{layer.id}/{name}": plane for name, plane in layer.planes.items()})
        return named

    def bytes_beside(self, other: DocumentState) -> int:
        """Bytes of tiles that ``other`` does not share."""
        theirs = other.planes()
        return sum(plane.bytes_beside(theirs.get(name)) for name, plane in self.planes().items())


class Document:
    """A state that is seen, its history, and events.

    ``changed(before, after)`` follows every new state; ``gesture_done()`` follows every finished or amended step, undo
    and redo, and is what the journal listens to.
    """

    def __init__(self, state: DocumentState, undo_limit_bytes: int = 1 << 30) -> None:
        self._state = state
        self.history = History(undo_limit_bytes)
        self.changed = Event()
        self.gesture_done = Event()

    @classmethod
    def from_photo(cls, photo: Photo, undo_limit_bytes: int = 1 << 30) -> Document:
        """One layer with the photo, its own alpha as mask where it has one, and an unmarked trimap."""
        height, width = photo.pixels.shape[:2]
        mask = None if photo.alpha is None else Plane.from_array(_as_mask(photo.alpha))
        layer = Layer("Subject", Plane.from_array(photo.pixels), mask=mask)
        state = DocumentState(
            width, height, photo.pixels.dtype, (layer,), Plane(width, height, 1, np.uint8, UNMARKED, labels=True),
            layer.id, layer.id, photo.icc, photo.exif, photo.xmp,
        )  # fmt: skip
        document = cls(state, undo_limit_bytes)
        document.history.mark_saved(document)
        return document

    @property
    def state(self) -> DocumentState:
        """The state that is seen."""
        return self._state

    def show(self, state: DocumentState) -> None:
        """See another state; no undo step by itself."""
        before, self._state = self._state, state
        if before is not state:
            self.changed.emit(before, state)

    @contextmanager
    def edit(self, label: str) -> Generator[None]:
        """One undo step round the block; an exception restores what was there."""
        with self.history.edit(label, self):
            yield
        self.gesture_done.emit()

    def begin(self, label: str) -> Gesture:
        """Open an undo step that lives over several events, a brush stroke say."""
        return Gesture(self, label)

    def undo(self) -> str | None:
        """Take the newest step back; its label or None."""
        label = self.history.undo(self)
        if label is not None:
            self.gesture_done.emit()
        return label

    def redo(self) -> str | None:
        """Make the step again that was taken back last; its label or None."""
        label = self.history.redo(self)
        if label is not None:
            self.gesture_done.emit()
        return label

    def amend(self) -> None:
        """Let the newest step end at the state now: for what belongs to a gesture but came a moment later."""
        self.history.amend(self)
        self.gesture_done.emit()

    # changes that are one line for a caller; wrap them in ``edit``

    def set_trimap(self, plane: Plane) -> None:
        """Show another trimap; must have the photo's size."""
        if (plane.width, plane.height) != (self.state.trimap.width, self.state.trimap.height):
            raise UserError("The trimap has another size than the photo.", "Make it again at the photo's size.")
        self.show(replace(self.state, trimap=plane))

    def set_matte(self, mask: Plane | None, foreground: Plane | None) -> None:
        """Give the subject its mask and its own colours, and switch the mask on."""
        layer = self.state.subject_layer.changed(mask=mask, foreground=foreground, mask_on=True)
        self.show(self.state.with_layer(layer))

    def change_layer(self, layer_id: str, **values: Any) -> None:
        """Show the layer with other values (see :class:`Layer`)."""
        self.show(self.state.with_layer(self.state.layer(layer_id).changed(**values)))

    def add_layer(self, layer: Layer, index: int | None = None) -> None:
        """Put a layer in at ``index`` from the bottom (the top when None) and select it."""
        layers = list(self.state.layers)
        layers.insert(len(layers) if index is None else index, layer)
        self.show(replace(self.state, layers=tuple(layers), active=layer.id))

    def remove_layer(self, layer_id: str) -> None:
        """Take a layer out; the subject stays."""
        if layer_id == self.state.subject:
            raise UserError("The subject layer cannot be removed.", "Hide it with the eye beside its name instead.")
        layers = tuple(layer for layer in self.state.layers if layer.id != layer_id)
        active = self.state.active if self.state.active != layer_id else self.state.subject
        self.show(replace(self.state, layers=layers, active=active))

    def move_layer(self, layer_id: str, index: int) -> None:
        """Put a layer at ``index`` from the bottom."""
        layers = [layer for layer in self.state.layers if layer.id != layer_id]
        layers.insert(index, self.state.layer(layer_id))
        self.show(replace(self.state, layers=tuple(layers)))

    def select_layer(self, layer_id: str) -> None:
        """Make a layer the active one; not an undo step."""
        self.show(replace(self.state, active=self.state.layer(layer_id).id))


class Gesture:
    """An undo step in the making: show as many states as the gesture needs, then ``finish`` or ``cancel``."""

    def __init__(self, document: Document, label: str) -> None:
        self.document, self.label = document, label
        self.before = document.state

    def finish(self) -> bool:
        """Record the step; False where nothing changed."""
        recorded = self.document.history.record(self.label, self.before, self.document.state)
        if recorded:
            self.document.gesture_done.emit()
        return recorded

    def cancel(self) -> None:
        """Put back the state from before the gesture."""
        self.document.show(self.before)


def _as_mask(alpha: np.ndarray) -> np.ndarray:
    """An alpha of 8 or 16 bits as uint16; 8-bit values come back exactly from ``value // 257``."""
    return alpha.astype(np.uint16) * np.uint16(257) if alpha.dtype == np.uint8 else alpha
