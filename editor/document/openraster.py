"""OpenRaster's stack of layers (its baseline): written for other programs, and read from them."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from xml.parsers import expat

import numpy as np

from editor.document.archive import Archive, damaged
from editor.document.codec.picture import LIMIT_PIXELS
from editor.document.colour import profile_for_rgb, to_16_bit
from editor.document.document import UNMARKED, DocumentState
from editor.document.geometry import Placement
from editor.document.layer import Layer
from editor.document.state_record import SIDE_LIMIT_PX
from editor.document.tiles import Plane
from editor.errors import UserError

STACK = "stack.xml"
_XML_LIMIT_BYTES = 4 << 20
_DEPTH_LIMIT = 50
_OPERATIONS = {
    "normal": "svg:src-over", "multiply": "svg:multiply", "screen": "svg:screen", "overlay": "svg:overlay",
    "soft light": "svg:soft-light",
}  # fmt: skip
_BLENDS = {operation: blend for blend, operation in _OPERATIONS.items()}
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class _Entry:
    """A layer of another program's stack, its groups' offset, opacity and visibility worked in."""

    name: str
    member: str
    x: int
    y: int
    opacity: float
    visible: bool
    blend: str


def stack_xml(state: DocumentState, pictures: dict[str, tuple[str, int, int]]) -> bytes:
    """stack.xml for the state; ``pictures`` tells per layer id its member and where its corner lies on the canvas."""
    image = ET.Element("image", version="0.0.5", w=str(state.width), h=str(state.height), xres="72", yres="72")
    stack = ET.SubElement(image, "stack")
    for layer in reversed(state.layers):  # the topmost comes first
        member, x, y = pictures[layer.id]
        ET.SubElement(
            stack, "layer", {
                "name": _NOT_IN_XML.sub("", layer.name), "src": member, "x": str(x), "y": str(y),
                "opacity": f"{layer.opacity:.6g}", "visibility": "visible" if layer.visible else "hidden",
                "composite-op": _OPERATIONS[layer.blend],
            },
        )  # fmt: skip
    return ET.tostring(image, encoding="utf-8", xml_declaration=True)


def read_stack(archive: Archive, progress: Callable[[float, str], None]) -> DocumentState:
    """The state that another program's OpenRaster file amounts to: its topmost visible picture is the subject.

    Groups are laid flat, and ways of blending that are unknown here count as normal. ``UserError`` where nothing can
    be shown.
    """
    image = _parsed(archive)
    width, height = _side(archive, image, "w"), _side(archive, image, "h")
    if width * height > LIMIT_PIXELS:
        raise UserError(f"{archive.name} is {width} x {height} pixels, too many to open.", "Make it smaller.")
    stack = image.find("stack")
    entries = [] if stack is None else _entries(archive, stack, 0, 0, 1.0, True, _DEPTH_LIMIT)
    pictures = [entry for entry in reversed(entries) if entry.member.lower().endswith(".png")]
    if not pictures:
        raise UserError(f"{archive.name} holds no layer with pixels.", "Open it in the program it comes from.")
    layers: list[Layer] = []
    icc = None
    for index, entry in enumerate(pictures):
        progress(index / len(pictures), f"Reading {entry.name}")
        layer, profile = _layer(archive, entry)
        layers.append(layer)
        icc = profile or icc
    layers = _of_one_depth(layers)
    subject = next((layer for layer in reversed(layers) if layer.visible), layers[-1])
    content = subject.content
    assert isinstance(content, Plane)
    trimap = Plane(content.width, content.height, 1, np.uint8, UNMARKED, labels=True)
    return DocumentState(width, height, content.dtype, tuple(layers), trimap, subject.id, subject.id, icc)


def _parsed(archive: Archive) -> ET.Element:
    """The root of stack.xml; a document type, and with it every kind of entity, is refused."""
    data = archive.read(STACK, _XML_LIMIT_BYTES)
    scout = expat.ParserCreate()

    def refuse(*_: object) -> None:
        raise UserError(f"{archive.name}: {STACK} defines entities.", "Do not open it: it was made to do harm.")

    scout.StartDoctypeDeclHandler = refuse
    try:
        scout.Parse(data, True)
        return ET.fromstring(data)
    except (expat.ExpatError, ET.ParseError, RecursionError, LookupError, ValueError) as error:
        raise damaged(archive.name, f"{STACK} cannot be understood") from error


def _entries(
    archive: Archive, stack: ET.Element, x: int, y: int, opacity: float, visible: bool, depth: int
) -> list[_Entry]:
    """All layers of a group, topmost first, with what the group does to them."""
    if not depth:
        raise damaged(archive.name, "its groups are nested too deeply")
    found: list[_Entry] = []
    for child in stack:
        here_x, here_y = x + _whole(child, "x"), y + _whole(child, "y")
        here_opacity = opacity * _opacity(child)
        here_visible = visible and child.get("visibility", "visible") != "hidden"
        if child.tag == "stack":
            found += _entries(archive, child, here_x, here_y, here_opacity, here_visible, depth - 1)
        elif child.tag == "layer" and child.get("src"):
            blend = _BLENDS.get(child.get("composite-op", ""), "normal")
            name, member = child.get("name") or "Layer", child.get("src", "")
            found.append(_Entry(name, member, here_x, here_y, here_opacity, here_visible, blend))
    return found


def _layer(archive: Archive, entry: _Entry) -> tuple[Layer, bytes | None]:
    """A layer with its alpha as mask, and the profile of its picture."""
    pixels, alpha, metadata = archive.read_png(entry.member)
    mask = None if alpha is None else Plane.from_array(to_16_bit(alpha))
    layer = Layer(
        entry.name, Plane.from_array(pixels), mask, placement=Placement(float(entry.x), float(entry.y)),
        visible=entry.visible, opacity=entry.opacity, blend=entry.blend,
    )  # fmt: skip
    return layer, profile_for_rgb(metadata.icc)


def _of_one_depth(layers: list[Layer]) -> list[Layer]:
    """All layers in 16 bits where one of them is."""
    contents = [layer.content for layer in layers if isinstance(layer.content, Plane)]
    if len({content.dtype for content in contents}) == 1:
        return layers
    return [
        layer.changed(content=Plane.from_array(to_16_bit(content.to_array())))
        for layer, content in zip(layers, contents, strict=True)
    ]


def _side(archive: Archive, image: ET.Element, name: str) -> int:
    text = image.get(name, "")
    if not text.isascii() or not text.isdigit() or len(text) > 8 or not 0 < int(text) <= SIDE_LIMIT_PX:
        raise damaged(archive.name, "it does not say how large it is")
    return int(text)


def _whole(element: ET.Element, name: str) -> int:
    """An offset in whole pixels; 0 where there is none or no sense in it."""
    text = element.get(name, "0")
    return int(text) if re.fullmatch(r"[+-]?[0-9]{1,7}", text) else 0


def _opacity(element: ET.Element) -> float:
    try:
        value = float(element.get("opacity", "1"))
    except ValueError:
        return 1.0
    return min(1.0, max(0.0, value)) if math.isfinite(value) else 1.0
