"""A document's state as plain values for JSON and back: for the project file and for the recovery journal.

Planes are not in it: whoever writes says how a plane is referred to, whoever reads how it is found again. What is read
may have been written by anyone; a value that makes no sense raises ``UserError``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from editor.document.codec.picture import LIMIT_PIXELS
from editor.document.document import DocumentState
from editor.document.geometry import Placement
from editor.document.layer import BLEND_MODES, EffectUse, Gradient, Layer, SolidColour
from editor.document.tiles import Plane
from editor.errors import UserError

Refer: TypeAlias = Callable[[str, Plane], Any]
"""``refer(name, plane)``: what stands for a plane in the record. Names are those of ``DocumentState.planes``."""
Find: TypeAlias = Callable[[Any], Plane]

SIDE_LIMIT_PX = 1_000_000
_TUPLE = "__tuple__"


def to_record(state: DocumentState, refer: Refer) -> dict[str, Any]:
    """The state as values that JSON knows, its planes as ``refer`` has them. Metadata are left to the caller."""
    return {
        "width": state.width,
        "height": state.height,
        "dtype": state.dtype.name,
        "subject": state.subject,
        "active": state.active,
        "trimap": refer("trimap", state.trimap),
        "layers": [_layer_record(layer, refer) for layer in state.layers],
        "notes": plain(dict(state.notes)),
    }


def from_record(record: Any, find: Find, icc: bytes | None, exif: bytes | None, xmp: bytes | None) -> DocumentState:
    """The state that :func:`to_record` was given; ``UserError`` where the record makes no sense."""
    try:
        state = DocumentState(
            _side(record["width"]), _side(record["height"]), np.dtype(_one_of(record["dtype"], ("uint8", "uint16"))),
            tuple(_layer(entry, find) for entry in record["layers"]), find(record["trimap"]), str(record["subject"]),
            str(record["active"]), icc, exif, xmp, dict(lively(record["notes"])),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise makes_no_sense() from error
    _check(state)
    known = any(layer.id == state.active for layer in state.layers)
    return state if known else replace(state, active=state.subject)


def plain(value: Any) -> Any:
    """A value for JSON: tuples are marked, so that they come back as tuples; numpy's numbers become Python's."""
    if isinstance(value, tuple):
        return {_TUPLE: [plain(item) for item in value]}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    return value.item() if isinstance(value, np.generic) else value


def lively(value: Any) -> Any:
    """What :func:`plain` was given."""
    if isinstance(value, list):
        return [lively(item) for item in value]
    if isinstance(value, dict):
        if value.keys() == {_TUPLE}:
            return tuple(lively(item) for item in value[_TUPLE])
        return {key: lively(item) for key, item in value.items()}
    return value


def makes_no_sense() -> UserError:
    """The error for a record that cannot have been written by this program."""
    return UserError("The description of the document makes no sense.", "The file is damaged: take another copy.")


def _layer_record(layer: Layer, refer: Refer) -> dict[str, Any]:
    return {
        "id": layer.id,
        "name": layer.name,
        "content": _content_record(layer, refer),
        "mask": None if layer.mask is None else refer(f"{layer.id}/mask", layer.mask),
        "mask_on": layer.mask_on,
        "foreground": None if layer.foreground is None else refer(f"{layer.id}/foreground", layer.foreground),
        "decontaminate": layer.decontaminate,
        "placement": [layer.placement.x, layer.placement.y, layer.placement.scale],
        "visible": layer.visible,
        "opacity": layer.opacity,
        "blend": layer.blend,
        "effects": [{"name": use.name, "values": plain(dict(use.values)), "on": use.on} for use in layer.effects],
        "follows_matte": layer.follows_matte,
    }


def _content_record(layer: Layer, refer: Refer) -> dict[str, Any]:
    content = layer.content
    if isinstance(content, Plane):
        return {"pixels": refer(f"{layer.id}/content", content)}
    if isinstance(content, SolidColour):
        return {"colour": list(content.rgb)}
    return {"gradient": [list(content.start), list(content.end)], "angle_deg": content.angle_deg}


def _layer(entry: Any, find: Find) -> Layer:
    x, y, scale = (_number(value) for value in entry["placement"])
    if not 0 < scale <= 1e6:
        raise ValueError("scale")
    return Layer(
        str(entry["name"]), _content(entry["content"], find), None if entry["mask"] is None else find(entry["mask"]),
        bool(entry["mask_on"]), None if entry["foreground"] is None else find(entry["foreground"]),
        _share(entry["decontaminate"]), Placement(x, y, scale), bool(entry["visible"]), _share(entry["opacity"]),
        _one_of(entry["blend"], BLEND_MODES),
        tuple(EffectUse(str(use["name"]), dict(lively(use["values"])), bool(use["on"])) for use in entry["effects"]),
        bool(entry["follows_matte"]), str(entry["id"]),
    )  # fmt: skip


def _content(entry: Any, find: Find) -> Plane | SolidColour | Gradient:
    if "pixels" in entry:
        return find(entry["pixels"])
    if "colour" in entry:
        return SolidColour(_rgb(entry["colour"]))
    start, end = entry["gradient"]
    return Gradient(_rgb(start), _rgb(end), _number(entry["angle_deg"]))


def _rgb(value: Any) -> tuple[float, float, float]:
    red, green, blue = (_share(channel) for channel in value)
    return red, green, blue


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no number")
    return value


def _share(value: Any) -> float:
    if not 0.0 <= _number(value) <= 1.0:
        raise ValueError(f"{value!r} does not lie between 0 and 1")
    return value


def _side(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= SIDE_LIMIT_PX:
        raise ValueError(f"{value!r} is no width or height")
    return value


def _one_of(value: Any, allowed: Sequence[str]) -> str:
    if value not in allowed:
        raise ValueError(f"{value!r} is none of {allowed}")
    return str(value)


def _check(state: DocumentState) -> None:
    """Raise ``UserError`` where parts do not fit together: what the rest of the program takes for granted."""
    ids = [layer.id for layer in state.layers]
    if len(set(ids)) != len(ids) or state.subject not in ids:
        raise makes_no_sense()
    if state.width * state.height > LIMIT_PIXELS:
        raise UserError(f"The canvas has {state.width} x {state.height} pixels, too many to open.", "Make it smaller.")
    for layer in state.layers:
        content = layer.content
        size = (content.width, content.height) if isinstance(content, Plane) else (state.width, state.height)
        colours_fit = all(
            plane.channels == 3 and (plane.width, plane.height) == size
            for plane in (content, layer.foreground)
            if isinstance(plane, Plane)
        )
        if not colours_fit or not _fits(layer.mask, size, np.uint16):
            raise makes_no_sense()
    subject = state.subject_layer.content
    size = (subject.width, subject.height) if isinstance(subject, Plane) else (state.width, state.height)
    if not _fits(state.trimap, size, np.uint8):
        raise makes_no_sense()


def _fits(plane: Plane | None, size: tuple[int, int], dtype: type) -> bool:
    return plane is None or (
        plane.channels == 1 and plane.dtype == np.dtype(dtype) and (plane.width, plane.height) == size
    )
