"""A new background under the subject, in one gesture: a picture, a colour, a gradient, or the old one out of focus.

What takes time (:func:`prepare`) works on a state, on any thread; taking it over (:func:`put_under`) is one undo step
on the main thread. A backdrop made here is remembered in the state's notes, so that the next one takes its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np

from editor.document.blend import as_float
from editor.document.clean_plate import clean_plate
from editor.document.colour import to_8_bit, to_16_bit
from editor.document.document import Document, DocumentState, Photo
from editor.document.foreground import estimate_colours
from editor.document.geometry import Placement, Rect
from editor.document.layer import EffectUse, Gradient, Layer, SolidColour
from editor.document.rgb_profiles import convert_colour, convert_pixels
from editor.document.tiles import Plane
from editor.errors import UserError

Progress: TypeAlias = Callable[[float, str], None]
Colours: TypeAlias = Callable[[np.ndarray, np.ndarray, Progress], tuple[np.ndarray, np.ndarray]]
"""Image (H, W, 3) in its depth, alpha (H, W) float32 in [0, 1] -> the subject's colours, the ground's colours."""

NOTE = "backdrop"
"""Under this word the state's notes keep the id of the layer that was made here."""
DEPTH_OF_FIELD = "depth-of-field"
OTHER_PROFILE = "The picture has another colour profile than the photo; its colour values were taken as they are."
UNKNOWN_COLOURS = "The photo's colour profile is of a kind that is not calculated with; the colour may look different."


@dataclass(frozen=True)
class Blur:
    """The photo's own background out of focus; ``values`` are settings of the depth of field effect.

    ``ground`` holds the estimated colours behind the subject, in the photo's size and depth, where a matting run has
    left them.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    ground: Plane | None = None


Choice: TypeAlias = Photo | SolidColour | Gradient | Blur


@dataclass(frozen=True)
class Backdrop:
    """A layer that is ready to be put under the subject, the name of the undo step, and a remark for the user or ""."""

    layer: Layer
    label: str
    remark: str = ""


def new_background(
    document: Document,
    choice: Choice,
    *,
    colours: Colours = estimate_colours,
    progress: Progress | None = None,
) -> str:
    """Prepare and put under in one go, for the command line and tests; the remark for the user, or ""."""
    backdrop = prepare(document.state, choice, colours=colours, progress=progress)
    put_under(document, backdrop)
    return backdrop.remark


def prepare(
    state: DocumentState,
    choice: Choice,
    *,
    colours: Colours = estimate_colours,
    progress: Progress | None = None,
) -> Backdrop:
    """Make the layer for ``choice``; slow for a picture or a blur, and free to run on a worker thread.

    A picture is brought into the document's colour profile, and so are colours, which are meant in sRGB. ``colours``
    estimates the ground for a :class:`Blur` that brings none. Raises ``UserError`` while the subject has no matte,
    since nothing would be seen.
    """
    if state.subject_layer.mask is None:
        raise UserError("The subject has no matte yet.", "Compute the matte first; the new background goes under it.")
    if isinstance(choice, SolidColour):
        rgb, remark = _meant(choice.rgb, state.icc)
        return Backdrop(Layer("Colour", replace(choice, rgb=rgb)), "New background (colour)", remark)
    if isinstance(choice, Gradient):
        (start, remark), (end, other) = (_meant(rgb, state.icc) for rgb in (choice.start, choice.end))
        layer = Layer("Gradient", replace(choice, start=start, end=end))
        return Backdrop(layer, "New background (gradient)", remark or other)
    if isinstance(choice, Photo):
        return _picture(state, choice, progress or _silent)
    return _blurred(state, choice, colours, progress or _silent)


def put_under(document: Document, backdrop: Backdrop) -> None:
    """Put a prepared backdrop beneath the subject, in place of an earlier one: one undo step.

    The subject is shown with its mask on.
    """
    state = document.state
    earlier = current(state)
    subject = state.subject_layer.changed(visible=True, mask_on=True)
    layers = [subject if layer.id == subject.id else layer for layer in state.layers]
    if earlier is not None:
        layers = [layer for layer in layers if layer.id != earlier.id]
    layers.insert(layers.index(subject), backdrop.layer)
    notes = {**state.notes, NOTE: backdrop.layer.id}
    with document.edit(backdrop.label):
        document.show(replace(state, layers=tuple(layers), active=backdrop.layer.id, notes=notes))


def current(state: DocumentState) -> Layer | None:
    """The layer that was put under the subject here, while it is there."""
    wanted = state.notes.get(NOTE)
    return next((layer for layer in state.layers if layer.id == wanted and layer.id != state.subject), None)


def cover(width: int, height: int, canvas: Rect) -> Placement:
    """The placement that lets a picture of that size just cover the canvas, its middle on the canvas's middle."""
    scale = max(canvas.w / width, canvas.h / height)
    x, y = (canvas.w - width * scale) / 2, (canvas.h - height * scale) / 2
    return Placement(round(x), round(y), 1.0) if scale == 1.0 else Placement(x, y, scale)


def _meant(rgb: tuple[float, float, float], icc: bytes | None) -> tuple[tuple[float, float, float], str]:
    """A colour of sRGB in the profile ``icc``, and a remark where it had to be taken as it is; black and white may."""
    found = convert_colour(rgb, None, icc)
    if found is None:
        return rgb, "" if rgb in ((0, 0, 0), (1, 1, 1)) else UNKNOWN_COLOURS
    return found, ""


def _picture(state: DocumentState, photo: Photo, progress: Progress) -> Backdrop:
    """A layer of the picture's pixels, in the document's depth and, where its profile can be read, in its colours."""
    deep = state.dtype == np.uint16
    own = to_16_bit(photo.pixels) if deep else photo.pixels  # the deeper of the two is the one that is converted
    found = convert_pixels(own, photo.icc, state.icc, progress)
    remark = OTHER_PROFILE if found is None else ""
    pixels = own if found is None else found
    pixels = pixels if deep else to_8_bit(pixels)
    height, width = pixels.shape[:2]
    alpha = None if photo.alpha is None else Plane.from_array(to_16_bit(photo.alpha))
    layer = Layer(
        "Background", Plane.from_array(pixels), mask=alpha,
        placement=cover(width, height, state.canvas),
    )  # fmt: skip
    return Backdrop(layer, "New background (picture)", remark)


def _blurred(state: DocumentState, choice: Blur, colours: Colours, progress: Progress) -> Backdrop:
    """The clean plate, lying where the subject lies, behind the lens."""
    plate = plate_of(state, choice.ground, colours, progress)
    values = {"radius_px": fitting_radius_px(state), **choice.values}
    layer = Layer(
        "Blurred background", plate, placement=state.subject_layer.placement,
        effects=(EffectUse(DEPTH_OF_FIELD, values),), follows_matte=True,
    )  # fmt: skip
    return Backdrop(layer, "New background (blur)")


def plate_of(
    state: DocumentState,
    ground: Plane | None = None,
    colours: Colours = estimate_colours,
    progress: Progress | None = None,
) -> Plane:
    """The photo with the subject taken out, a plane of the photo's size and depth; see :mod:`~.clean_plate`.

    ``ground`` holds estimated colours of the background where a matting run has left them; else ``colours`` estimates
    them.
    """
    layer = state.subject_layer
    content, mask = layer.content, layer.mask
    assert isinstance(content, Plane) and mask is not None
    photo, alpha = content.to_array(), as_float(mask.to_array())
    behind = colours(photo, alpha, progress or _silent)[1] if ground is None else ground.to_array()
    return Plane.from_array(clean_plate(photo, alpha, behind))


def fitting_radius_px(state: DocumentState) -> float:
    """A blur that looks the same on photos of any size: 1 % of the longer side."""
    return float(min(150, max(2, round(max(state.width, state.height) / 100))))


def _silent(fraction: float, text: str) -> None:
    """Progress that nobody watches."""
