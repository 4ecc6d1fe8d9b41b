"""The project file: OpenRaster, which GIMP, Krita and MyPaint open, with all that is ours in members of its own.

``data/`` holds each layer as others should see it, its mask applied. ``mattelier/`` holds the document: a record in
JSON, and every plane as a PNG. Saved and opened again it is the same, value for value.
"""

from __future__ import annotations

import json
import zipfile
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np

from editor.document.archive import Archive, damaged, open_archive
from editor.document.codec import opencv, png_chunks
from editor.document.codec.picture import LIMIT_PIXELS
from editor.document.codec.png_chunks import Metadata
from editor.document.colour import to_8_bit
from editor.document.composite import cut_out, flatten
from editor.document.document import DocumentState, Photo
from editor.document.layer import Layer
from editor.document.openraster import STACK, read_stack, stack_xml
from editor.document.part_file import part_file
from editor.document.state_record import from_record, makes_no_sense, to_record
from editor.document.tiles import Plane
from editor.errors import UserError

Progress: TypeAlias = Callable[[float, str], None]
Member: TypeAlias = tuple[str, Callable[[], bytes]]

VERSION = 1
"""Raised when a record can no longer be read by the program as it was."""
_MIMETYPE = b"image/openraster"
_RECORD = "mattelier/document.json"
_METADATA = {"icc": "mattelier/profile.icc", "exif": "mattelier/exif.bin", "xmp": "mattelier/xmp.xml"}
_RECORD_LIMIT_BYTES = 64 << 20
_METADATA_LIMIT_BYTES = 256 << 20
_THUMBNAIL_PX = 256
_WORKERS = 2  # encoding a PNG keeps one core busy; more than two pictures at a time would cost memory


def save_project(
    state: DocumentState, path: Path, merged: Photo | None = None, progress: Progress | None = None
) -> None:
    """Write the state to ``path``, whole or not at all; what was there stays until the new file is complete.

    ``merged`` is the composite with all effects, for programs that show only that; without it, it is drawn without
    them. ``UserError`` where the disk refuses; a progress call that raises leaves the old file as it was.
    """
    tell = progress or _silent
    path = Path(path)
    members = list(_members(state, merged))
    with part_file(path) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as file:
        file.writestr(_entry("mimetype"), _MIMETYPE)
        with closing(_made_ahead(members)) as made:
            for number, (name, data) in enumerate(made, 1):
                file.writestr(_entry(name), data)
                tell(number / len(members), f"Saving {path.name}")


def load_project(path: Path, progress: Progress | None = None) -> DocumentState:
    """The document in ``path``: one of ours as it was saved, or the layers of another program's OpenRaster file.

    ``UserError`` for a file that is damaged (it names the part), made by a newer version, or out to do harm.
    """
    tell = progress or _silent
    with open_archive(Path(path)) as archive:
        if "mimetype" in archive and archive.read("mimetype", 1024).strip() != _MIMETYPE:
            raise UserError(f"{archive.name} is no OpenRaster project.", "Open a file that ends in .ora.")
        if _RECORD in archive:
            return _read_ours(archive, tell)
        if STACK in archive:
            return read_stack(archive, tell)
        raise UserError(f"{archive.name} is no OpenRaster project.", "Open a file that ends in .ora.")


def _members(state: DocumentState, merged: Photo | None) -> Iterator[Member]:
    """Name and maker of each member after the first, in the order of the file."""
    planes: dict[int, dict[str, Any]] = {}
    makers: list[Member] = []
    shown = {layer.id: f"data/layer{index}.png" for index, layer in enumerate(state.layers)}

    def refer(name: str, plane: Plane) -> dict[str, Any]:
        if id(plane) not in planes:
            layer_id, _, field = name.rpartition("/")
            seen = field == "content" and _shows_its_content(state.layer(layer_id))
            member = shown[layer_id] if seen else f"mattelier/planes/{len(planes)}.png"
            planes[id(plane)] = {"fill": plane.fill, "labels": plane.labels}
            if plane.stored() or seen:
                planes[id(plane)]["member"] = member
            else:
                planes[id(plane)]["empty"] = [plane.width, plane.height, plane.channels, plane.dtype.name]
            if plane.stored() and not seen:
                makers.append((member, lambda: opencv.encode(".png", plane.to_array(), None, png_chunks.FAST)))
        return planes[id(plane)]

    record = {"version": VERSION, "state": to_record(state, refer)}
    pictures = {layer.id: (shown[layer.id], *_corner(layer)) for layer in state.layers}
    yield STACK, lambda: stack_xml(state, pictures)
    yield _RECORD, lambda: json.dumps(record).encode()
    for field, member in _METADATA.items():
        value: bytes | None = getattr(state, field)
        if value is not None:
            yield member, lambda value=value: value
    for layer in state.layers:
        yield shown[layer.id], lambda layer=layer: _png(_picture(state, layer), state.icc)
    yield from makers
    whole = merged or flatten(state, {})
    yield "mergedimage.png", lambda: _png(whole, state.icc)
    yield "Thumbnails/thumbnail.png", lambda: _png(_thumbnail(whole), state.icc)


def _made_ahead(members: list[Member]) -> Generator[tuple[str, bytes]]:
    """Each member's name and bytes, in order, the next ones being made on other cores meanwhile."""
    with ThreadPoolExecutor(_WORKERS) as workers:
        waiting: deque[tuple[str, Future[bytes]]] = deque()
        try:
            for name, make in members:
                waiting.append((name, workers.submit(make)))
                if len(waiting) > _WORKERS:
                    ready, future = waiting.popleft()
                    yield ready, future.result()
            for ready, future in waiting:
                yield ready, future.result()
        finally:  # the caller may have had enough: cancelled, or the disk is full
            workers.shutdown(wait=True, cancel_futures=True)


def _shows_its_content(layer: Layer) -> bool:
    """True when the layer's picture holds the content's colours, so that they need not be stored twice."""
    own_colours = layer.foreground is not None and layer.foreground is not layer.content and layer.decontaminate > 0
    return layer.placement.whole_pixels and not own_colours


def _corner(layer: Layer) -> tuple[int, int]:
    """Where the layer's picture lies on the canvas: resampled ones are drawn on a canvas of their own."""
    if isinstance(layer.content, Plane) and layer.placement.whole_pixels:
        return int(layer.placement.x), int(layer.placement.y)
    return 0, 0


def _picture(state: DocumentState, layer: Layer) -> Photo:
    """The layer as another program should show it, before its opacity and blending, without effects."""
    bare = layer.changed(opacity=1.0, visible=True, blend="normal", effects=())
    alone = DocumentState(state.width, state.height, state.dtype, (bare,), state.trimap, layer.id, layer.id)
    if isinstance(layer.content, Plane) and layer.placement.whole_pixels:
        return cut_out(alone)
    return flatten(alone, {})


def _png(photo: Photo, icc: bytes | None) -> bytes:
    return png_chunks.write(photo.pixels, photo.alpha, Metadata(icc))


def _thumbnail(photo: Photo) -> Photo:
    """At most 256 pixels a side, 8 bits; made from colours weighted with alpha, so that hidden ones stay hidden."""
    height, width = photo.pixels.shape[:2]
    scale = min(1.0, _THUMBNAIL_PX / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if photo.alpha is None:
        return Photo(to_8_bit(cv2.resize(photo.pixels, size, interpolation=cv2.INTER_AREA)))
    near = (min(width, 4 * size[0]), min(height, 4 * size[1]))  # sample first: weighting a whole photo is slow
    pixels = cv2.resize(photo.pixels, near, interpolation=cv2.INTER_NEAREST).astype(np.float32)
    alpha = cv2.resize(photo.alpha, near, interpolation=cv2.INTER_NEAREST).astype(np.float32)
    weight = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
    colours = cv2.resize(pixels * alpha[..., None], size, interpolation=cv2.INTER_AREA).reshape(*weight.shape, 3)
    straight = colours / np.maximum(weight, 1e-6)[..., None]
    as_stored = photo.pixels.dtype
    return Photo(to_8_bit(np.rint(straight).astype(as_stored)), to_8_bit(np.rint(weight).astype(as_stored)))


def _read_ours(archive: Archive, tell: Progress) -> DocumentState:
    try:
        record = json.loads(archive.read(_RECORD, _RECORD_LIMIT_BYTES))
        version = record["version"]
        described = record["state"]
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise damaged(archive.name, f"{_RECORD} cannot be understood") from error
    if not isinstance(version, int) or version > VERSION:
        raise UserError(f"{archive.name} was made by a newer version of Mattelier.", "Update Mattelier to open it.")
    metadata = {
        field: archive.read(member, _METADATA_LIMIT_BYTES) if member in archive else None
        for field, member in _METADATA.items()
    }
    with ThreadPoolExecutor(_WORKERS) as workers:
        found: dict[str, Future[Plane]] = {}

        def ask(reference: Any) -> Future[Plane]:
            key = json.dumps(reference, sort_keys=True)
            if key not in found:
                found[key] = workers.submit(_plane, archive, reference)
            return found[key]

        def find(reference: Any) -> Plane:
            tell(sum(plane.done() for plane in found.values()) / max(1, len(found)), f"Opening {archive.name}")
            return ask(reference).result()

        try:
            for reference in _references(described):
                ask(reference)  # all at once, so that every core has something to do
            return from_record(described, find, metadata["icc"], metadata["exif"], metadata["xmp"])
        except UserError as error:
            if error.message == makes_no_sense().message:
                raise damaged(archive.name, f"{_RECORD} makes no sense") from error
            raise
        finally:
            workers.shutdown(wait=True, cancel_futures=True)


def _references(described: Any) -> Iterator[Any]:
    """Every reference to a plane that is somewhere in a record."""
    waiting = [described]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict) and "member" in value:
            yield value
        elif isinstance(value, (dict, list)):
            waiting += value.values() if isinstance(value, dict) else value


def _plane(archive: Archive, reference: Any) -> Plane:
    """The plane that a record's reference stands for; nonsense raises what ``from_record`` expects."""
    fill, labels = reference["fill"], bool(reference["labels"])
    if not isinstance(fill, int) or not 0 <= fill <= 65535:
        raise ValueError("fill")
    if "empty" in reference:
        width, height, channels, name = reference["empty"]
        if (
            name not in ("uint8", "uint16")
            or channels not in (1, 3)
            or min(width, height) < 1
            or width * height > LIMIT_PIXELS
        ):
            raise ValueError("an empty plane of nonsense")
        return Plane(int(width), int(height), int(channels), np.dtype(name).type, fill, labels)
    array = archive.read_plane(str(reference["member"]))
    if array.ndim == 3 and array.shape[2] == 4:
        array = cv2.cvtColor(array, cv2.COLOR_RGBA2RGB)
    return Plane.from_array(array, fill, labels)


def _entry(name: str) -> zipfile.ZipInfo:
    """A member that is stored as it is: pictures are packed already, and ``mimetype`` must not be."""
    return zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))


def _silent(fraction: float, text: str) -> None:
    """Progress for a caller who does not care."""
