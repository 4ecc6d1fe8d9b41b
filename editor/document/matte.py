"""From marks to a matte: what an engine is given, what is asked of its answer, and how the document takes it over."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

import cv2
import numpy as np

from editor.document import trimap
from editor.document.blend import as_float
from editor.document.clean_plate import clean_plate
from editor.document.document import UNMARKED, Document, DocumentState
from editor.document.foreground import estimate_colours, estimate_foreground, estimate_foreground_in
from editor.document.geometry import Rect
from editor.document.people import People, people_in
from editor.document.tiles import TILE_PX, Key, Plane
from editor.errors import NobodyFoundError, UserError

Progress: TypeAlias = Callable[[float, str], None]
OPAQUE = 65535
ENGINE_SHARE = 0.8
"""The part of the progress that is the engine's; the rest goes to colours."""
AGAIN = 0.5
"""The part of the engine's progress that is kept for asking it again, where marks may make that needed."""
_FAULT = "Choose another engine; this one has a fault that its author should hear of."
COLOUR_MARGIN_PX = 24
NOBODY = "Mark the subject yourself, or draw a rectangle round it."


class MattingEngine(Protocol):
    """What is needed of an engine here; ``editor.api.Engine`` is its promise to plugins."""

    title: str
    finds_trimap: bool
    """True where it has ``find`` too, and so needs no marks."""

    def run(
        self, image: np.ndarray, trimap: np.ndarray, progress: Progress, start: np.ndarray | None = None
    ) -> np.ndarray:
        """Alpha (H, W) float32 in [0, 1] of a photo (H, W, 3) float32 and its trimap (H, W) uint8."""
        ...

    def find(self, image: np.ndarray, progress: Progress) -> tuple[np.ndarray, np.ndarray]:
        """Trimap (H, W) uint8 and alpha (H, W) float32 in [0, 1] of a photo (H, W, 3) float32 alone."""
        ...

    def device(self) -> str:
        """Where it runs."""
        ...


@dataclass(frozen=True)
class Found:
    """What an engine found in a photo, of all people in it, kept so that another of them can be taken.

    ``trimap`` (H, W) uint8, ``mask`` (H, W) uint16; ``marks`` are those that there were before.
    """

    trimap: np.ndarray
    mask: np.ndarray
    people: People
    marks: Plane


@dataclass(frozen=True)
class MatteResult:
    """What a run leaves: the planes, and how they came about.

    ``mask`` is uint16. ``foreground`` holds the subject's own colours in the photo's depth and shares with the photo
    every tile without soft pixels; ``plate`` the colours behind it, or None where no layer wants them. ``trimap`` is
    what the engine found where nothing was marked, ``found`` all that it found, and ``person`` whom of that it shows;
    None and 0 where it went by marks alone.
    """

    mask: Plane
    foreground: Plane
    plate: Plane | None
    seconds: float
    engine: str
    device: str
    trimap: Plane | None = None
    found: Found | None = None
    person: int = 0


Point: TypeAlias = tuple[float, float]


def run_matting(
    state: DocumentState, engine: MattingEngine, progress: Progress, at: Point | None = None
) -> MatteResult:
    """Compute the subject's matte and colours from the marks of ``state``; meant for a worker, nothing is changed.

    Starts from the matte that is there, if there is one. An engine that finds its own trimap is asked for it where
    something is still unmarked; what is marked holds. Of several people it is the one ``at`` a point (x, y) of the
    photo, or on whom foreground is marked, or else the largest. Raises ``UserError`` for marks that leave nothing to go
    by and for an engine whose answer is no matte, ``NobodyFoundError`` where nobody is at the point; what the engine
    itself raises passes through.
    """
    started = time.perf_counter()
    finding = engine.finds_trimap and trimap.has_gaps(state.trimap)
    marks = trimap.for_engine(state.trimap)
    if not finding:
        trimap.check(marks)
    content = photo_of(state)
    progress(0.0, "preparing the photo")

    def engine_progress(share: float, text: str) -> None:
        progress(ENGINE_SHARE * share, text)

    if finding:
        share = 1 - AGAIN if (state.trimap.to_array() == trimap.UNKNOWN).any() else 1.0
        found = _found(state, engine, content, lambda part, text: engine_progress(share * part, text))
        return _of_person(state, engine, found, _wanted(found, at), progress, started)
    alpha = _computed(state, engine, content, marks, engine_progress)
    mask = Plane.from_array(as_mask(keep_known(alpha, marks)))
    del alpha, marks
    foreground, plate = _coloured(state, content, mask, lambda part, text: progress(_after(part), text))
    progress(1.0, "done")
    return MatteResult(mask, foreground, plate, time.perf_counter() - started, engine.title, engine.device())


def another_person(
    state: DocumentState, engine: MattingEngine, found: Found, number: int, progress: Progress
) -> MatteResult:
    """The same for another of the people that ``run_matting`` found in this photo, without looking for them again."""
    return _of_person(replace(state, trimap=found.marks), engine, found, number, progress, time.perf_counter())


def take_over(document: Document, result: MatteResult) -> None:
    """Show the result: mask and colours on the subject, the plate on every layer that follows the matte.

    A trimap that was found comes to lie under the marks, those made meanwhile included. Call it inside
    ``document.edit``: it is one step.
    """
    if result.trimap is not None:
        document.set_trimap(trimap.laid_under(result.trimap, document.state.trimap))
    document.set_matte(result.mask, result.foreground)
    if result.plate is not None:
        show_plate(document, result.plate)


def show_plate(document: Document, plate: Plane) -> None:
    """Put a new plate on every layer that follows the matte."""
    for layer in document.state.layers:
        if layer.follows_matte:
            document.change_layer(layer.id, content=plate)


def keep_known(alpha: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """Alpha (H, W) float32, exactly 0 where ``marks`` say background and exactly 1 where they say foreground."""
    return np.where(marks == trimap.UNKNOWN, alpha, (marks == trimap.FOREGROUND).astype(np.float32))


def as_mask(alpha: np.ndarray) -> np.ndarray:
    """Alpha in [0, 1] rounded to uint16; 0 and 1 become exactly 0 and 65535."""
    scaled = alpha * np.float32(OPAQUE)
    scaled += np.float32(0.5)
    return scaled.astype(np.uint16)


def refresh_colours(state: DocumentState, rect: Rect, progress: Progress) -> Plane:
    """The subject's colours estimated again inside ``rect``, for a mask that was painted there; a foreground plane.

    Without colours from an earlier run all of the photo is estimated.
    """
    layer, content = state.subject_layer, photo_of(state)
    if layer.mask is None:
        return content
    progress(0.0, "estimating colours")
    if layer.foreground is None:
        return _only_soft(content, estimate_foreground(content.to_array(), _alpha_of(layer.mask), progress), layer.mask)
    inside = rect.intersect(content.size_rect)
    if inside.empty:
        return layer.foreground
    around = inside.expand(COLOUR_MARGIN_PX).intersect(content.size_rect)
    image, mask = content.read(around), layer.mask.read(around)
    part = inside.moved(-around.x, -around.y)
    colours = estimate_foreground_in(image, as_float(mask), part, COLOUR_MARGIN_PX)
    soft = _soft(mask[part.slices()])
    progress(1.0, "colours are up to date")
    return layer.foreground.paste(inside.x, inside.y, np.where(soft[..., None], colours, image[part.slices()]))


def refresh_plate(state: DocumentState, progress: Progress) -> Plane | None:
    """What lies behind the subject by the mask as it is now; None where no layer shows it or there is no mask."""
    layer = state.subject_layer
    if layer.mask is None or not any(other.follows_matte for other in state.layers):
        return None
    return _coloured(state, photo_of(state), layer.mask, progress)[1]


def photo_of(state: DocumentState) -> Plane:
    """The plane of the subject's photo; ``UserError`` where the subject is a colour or a gradient."""
    content = state.subject_layer.content
    if not isinstance(content, Plane):
        raise UserError("The subject layer holds no photo.", "Open a photo first.")
    return content


def _computed(
    state: DocumentState, engine: MattingEngine, content: Plane, marks: np.ndarray, progress: Progress
) -> np.ndarray:
    """The engine's alpha, looked over. The engine sees arrays that cannot be written to."""
    image = _locked(as_float(content.to_array()))
    mask = state.subject_layer.mask
    start = None if mask is None else _locked(_alpha_of(mask))
    alpha = engine.run(image, _locked(marks), progress, start)
    return _looked_over(alpha, marks.shape, engine.title)


def _found(state: DocumentState, engine: MattingEngine, content: Plane, progress: Progress) -> Found:
    """The trimap that the engine finds, and its alpha, looked over; ``NobodyFoundError`` where nobody is."""
    trimap_found, alpha = engine.find(_locked(as_float(content.to_array())), progress)
    shape = (state.trimap.height, state.trimap.width)
    _check_found(trimap_found, shape, engine.title)
    alpha = _looked_over(alpha, shape, engine.title)
    people = people_in(trimap_found)
    if not people.count:
        raise NobodyFoundError("Nobody was found in this photo.", NOBODY)
    return Found(trimap_found, as_mask(keep_known(alpha, trimap_found)), people, state.trimap)


def _wanted(found: Found, at: Point | None) -> int:
    """The number of the person at a point, or on whom foreground is marked, or of the largest."""
    if at is None:
        return found.people.under(found.marks.to_array() == trimap.FOREGROUND) or 1
    number = found.people.at(*at)
    if not number:
        who = "one person was" if found.people.count == 1 else f"{found.people.count} people were"
        message = f"Nobody was found at {at[0]:.0f}, {at[1]:.0f}; elsewhere {who}."
        raise NobodyFoundError(message, "Point at a person, or draw a rectangle round the subject.")
    return number


def _of_person(
    state: DocumentState, engine: MattingEngine, found: Found, number: int, progress: Progress, started: float
) -> MatteResult:
    """One person's matte and colours, with the marks of ``state`` laid over what was found.

    Where a mark says unknown and the engine saw no doubt, it has given no opacities: it is asked again, with the marks.
    """
    content, own = photo_of(state), state.trimap.to_array()
    theirs, mask = found.people.only(number, found.trimap, found.mask)
    marks = np.where(own == UNMARKED, theirs, own)
    if ((own == trimap.UNKNOWN) & (theirs != trimap.UNKNOWN)).any():
        image, start = _locked(as_float(content.to_array())), _locked(as_float(mask))

        def report(part: float, text: str) -> None:
            progress(ENGINE_SHARE * (1 - AGAIN + AGAIN * part), text)

        again = engine.run(image, _locked(marks), report, start)
        mask = as_mask(_looked_over(again, own.shape, engine.title))
    plane = Plane.from_array(np.where(marks == trimap.UNKNOWN, mask, (marks == trimap.FOREGROUND) * np.uint16(OPAQUE)))
    foreground, plate = _coloured(state, content, plane, lambda part, text: progress(_after(part), text))
    progress(1.0, "done")
    seconds = time.perf_counter() - started
    whole = trimap.from_array(marks)
    return MatteResult(plane, foreground, plate, seconds, engine.title, engine.device(), whole, found, number)


def _locked(array: np.ndarray) -> np.ndarray:
    """The same array, from now on not to be written to."""
    array.flags.writeable = False
    return array


def _check_found(found: object, shape: tuple[int, ...], title: str) -> None:
    """Raise a ``UserError`` that names the engine where what it found is no trimap of ``shape``."""
    if not isinstance(found, np.ndarray) or found.shape != shape or found.dtype != np.uint8:
        raise UserError(f"The engine “{title}” found something that is no trimap of {shape}.", _FAULT)
    counts = np.bincount(found.reshape(-1), minlength=256)
    if counts[[trimap.BACKGROUND, trimap.UNKNOWN, trimap.FOREGROUND]].sum() != found.size:
        raise UserError(f"The engine “{title}” found a trimap with other values than 0, 128 and 255.", _FAULT)


def _looked_over(alpha: object, shape: tuple[int, ...], title: str) -> np.ndarray:
    """The engine's answer as float32 in [0, 1], or a ``UserError`` that names the engine.

    Rounding errors are forgiven.
    """
    if not isinstance(alpha, np.ndarray) or alpha.shape != shape:
        found = f"an array of {alpha.shape}" if isinstance(alpha, np.ndarray) else type(alpha).__name__
        raise UserError(f"The engine “{title}” answered with {found} instead of a matte of {shape}.", _FAULT)
    if alpha.dtype.kind != "f" or not np.isfinite(alpha).all():
        raise UserError(f"The engine “{title}” answered with values that are no numbers.", _FAULT)
    if alpha.min() < -1e-3 or alpha.max() > 1 + 1e-3:
        raise UserError(f"The engine “{title}” answered with opacities outside 0 to 1.", _FAULT)
    return np.clip(alpha, 0.0, 1.0).astype(np.float32, copy=False)


def _coloured(state: DocumentState, content: Plane, mask: Plane, progress: Progress) -> tuple[Plane, Plane | None]:
    """The foreground plane, and the plate of what lies behind where some layer follows the matte."""
    image, alpha = content.to_array(), _alpha_of(mask)
    if any(layer.follows_matte for layer in state.layers):
        fore, back = estimate_colours(image, alpha, progress)
        return _only_soft(content, fore, mask), Plane.from_array(clean_plate(image, alpha, back))
    return _only_soft(content, estimate_foreground(image, alpha, progress), mask), None


def _only_soft(content: Plane, colours: np.ndarray, mask: Plane) -> Plane:
    """The photo with ``colours`` (H, W, 3) where the mask is neither 0 nor full; other tiles are the photo's own."""
    changed: dict[Key, np.ndarray | None] = {}
    for key, tile in mask.stored().items():
        soft = _soft(tile)
        if not soft.any():
            continue
        area = mask.tile_rect(key)
        changed[key] = cv2.copyTo(colours[area.slices()], soft.view(np.uint8), content.read(area))
    return content.with_tiles(changed) if changed else content


def _soft(mask: np.ndarray) -> np.ndarray:
    return (mask > 0) & (mask < OPAQUE)


def _alpha_of(mask: Plane) -> np.ndarray:
    """A mask plane as alpha (H, W) float32, made tile by tile so that no second whole array is needed."""
    alpha = np.empty((mask.height, mask.width), np.float32)
    for top in range(0, mask.height, TILE_PX):
        rows = Rect(0, top, mask.width, min(TILE_PX, mask.height - top))
        alpha[rows.slices()] = as_float(mask.read(rows))
    return alpha


def _after(part: float) -> float:
    return ENGINE_SHARE + (1 - ENGINE_SHARE) * part
