"""From marks to a matte: finding the subject, the unknown band, running an engine, refreshing colours.

What computes is imported when it is first needed: the window must not wait for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from editor.api import Engine
from editor.document import trimap
from editor.document.colour import to_8_bit
from editor.document.document import Document, DocumentState
from editor.document.events import Event
from editor.document.geometry import Rect
from editor.document.selection import Selection
from editor.document.tiles import Plane
from editor.errors import NobodyFoundError, UserError
from editor.jobs import Job, Progress
from editor.ui.desk import Desk

if TYPE_CHECKING:
    from editor.document.matte import MatteResult
    from editor.document.rough import EdgeBand

MATTE_KEY, ROUGH_KEY, BAND_KEY, COLOUR_KEY, PLATE_KEY = "matte", "rough", "band", "colours", "plate"
DEFAULT_BAND = 50.0
_BAND_STEP = "Unknown band"
_FREE = "MIT"
_BETWEEN = "; "
_MARKS_TERMS = "marks licence"
"""The note that tells under which terms an engine found the marks; brushes correct them and do not change that."""


class MatteCommands:
    """The verbs of the Matte and Select menus and of the Matte panel.

    ``computed()`` tells that the matte has come that Compute was pressed for, ``taken(engine, result)`` that any has,
    ``nobody_found(error)`` that an engine that needs no marks does need some.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.computed, self.taken, self.nobody_found = Event(), Event(), Event()
        self._band_state: DocumentState | None = None
        self._stale = Rect(0, 0, 0, 0)
        self._edge: EdgeBand | None = None
        self._laid: np.ndarray | None = None
        desk.opened.connect(lambda _: self._forget())

    def compute(self, engine: Engine) -> Job:
        """Run an engine on the marks as they are; the matte is one undo step when it comes.

        An engine that finds its own trimap needs none; what it finds comes in the same step, under the marks.
        """
        state = self._desk.require().state

        def work(progress: Progress) -> MatteResult:
            from editor.document import matte

            return matte.run_matting(state, engine, progress)

        return self.start(engine, f"Matte ({engine.title})", work, lambda: self.computed.emit())

    def start(
        self,
        engine: Engine,
        step: str,
        work: Callable[[Progress], MatteResult],
        ended: Callable[[], None],
        before: Plane | None = None,
    ) -> Job:
        """Submit ``work`` and take its matte over as one step; ``before`` are marks that what it found replaces."""
        document = self._desk.require()

        def done(result: MatteResult) -> None:
            from editor.document import matte

            with document.edit(step):
                now = document.state.trimap
                matte.take_over(document, result)
                if before is not None and result.trimap is not None:
                    document.set_trimap(_replaced(result.trimap, before, now))
                document.show(replace(document.state, notes=_noted(document.state, engine, result, before is None)))
            if result.trimap is not None:
                self._edge, self._laid = None, None  # an earlier band has nothing to do with the new marks
            if result.plate is None:
                self._refresh_plate(document)  # a blurred background may have been laid meanwhile
            ended()
            self.taken.emit(engine, result)

        def failed(error: BaseException) -> None:
            if isinstance(error, NobodyFoundError):
                self.nobody_found.emit(error)
                return
            if not isinstance(error, (UserError, MemoryError)):
                words = f"{engine.title} stopped with an error: {type(error).__name__}: {error}."
                error = UserError(words, "Choose another engine; the log holds the details (Help).")
            self._desk.messages.show_error(error)

        return self._desk.run("Matte", work, done, key=MATTE_KEY, failed=failed)

    def running(self) -> bool:
        """True while a matte is being computed."""
        return any(job.key == MATTE_KEY for job in self._desk.jobs.jobs())

    def stopping(self) -> bool:
        """True while a matte that was cancelled has not come to its next cancel point."""
        return any(job.key == MATTE_KEY and job.cancelled for job in self._desk.jobs.jobs())

    def cancel(self) -> None:
        """Stop computing the matte."""
        for job in self._desk.jobs.jobs():
            if job.key == MATTE_KEY:
                job.cancel()

    def find_subject(self, selection: Selection) -> None:
        """Find the subject in a region and mark it, with an unknown band along its edge: one step."""
        document = self._desk.require()
        state, band = document.state, self.band()

        def work(progress: Progress) -> tuple[EdgeBand, np.ndarray, Plane]:
            from editor.document import rough

            image = _image_8_bit(state)
            mask = rough.subject_mask(image, selection, lambda part, text: progress(0.8 * part, text))
            progress(0.8, "fitting the unknown band")
            edge = rough.EdgeBand(image, mask)
            marks = edge.trimap(band)
            return edge, marks, trimap.from_array(marks)

        def done(found: tuple[EdgeBand, np.ndarray, Plane]) -> None:
            self._edge, self._laid = found[:2]
            marks, now = found[2], document.state.trimap
            if now is not state.trimap:  # marked by hand meanwhile
                marks = trimap.from_array(_with_corrections(found[1], state.trimap.to_array(), now))
            with document.edit("Find subject"):
                document.set_trimap(marks)
                forget_terms(document)

        self._desk.run("Find subject", work, done, key=ROUGH_KEY)

    def band(self) -> float:
        """The width of the unknown band, 0 to 100, as last set for this document."""
        document = self._desk.document
        noted = None if document is None else document.state.notes.get("band")
        usable = isinstance(noted, (int, float)) and 0.0 <= noted <= 100.0  # a project may say anything
        return float(noted) if usable else DEFAULT_BAND

    def can_set_band(self) -> bool:
        """True where a subject is known that the band can follow."""
        document = self._desk.document
        return document is not None and (self._edge is not None or document.state.subject_layer.mask is not None)

    def set_band(self, band: float, final: bool) -> None:
        """Lay the unknown band anew along the subject's edge; the moves of one drag are one step.

        What was painted since the band was laid last stays as it was painted.
        """
        document = self._desk.require()
        state, known, laid = document.state, self._edge, self._laid

        def work(progress: Progress) -> tuple[EdgeBand, np.ndarray, np.ndarray]:
            from editor.document import rough

            progress(0.0, "fitting the unknown band")
            edge = rough.EdgeBand(_image_8_bit(state), _mask_of(state)) if known is None else known
            progress(0.8, "fitting the unknown band")
            made = edge.trimap(band)
            return edge, made, _with_corrections(made, laid, state.trimap)

        def done(made: tuple[EdgeBand, np.ndarray, np.ndarray]) -> None:
            self._edge = made[0]
            if document.state.trimap is not state.trimap:  # marked by hand meanwhile: once more, with that
                self._laid = state.trimap.to_array() if laid is None else laid
                self.set_band(band, final)
                return
            self._laid = made[1]
            self._show_band(document, made[2], band)
            if final:
                self._band_state = None

        self._desk.run(_BAND_STEP, work, done, key=BAND_KEY, quiet=not final)

    def mark_rest(self, label: str) -> None:
        """Give everything that nobody has marked a label."""
        document = self._desk.require()
        with document.edit(f"Mark the rest {label}"):
            document.set_trimap(trimap.mark_rest(document.state.trimap, trimap.LABELS[label]))

    def invert_marks(self) -> None:
        """Exchange foreground and background."""
        document = self._desk.require()
        with document.edit("Exchange foreground and background"):
            document.set_trimap(trimap.invert(document.state.trimap))

    def clear_marks(self) -> None:
        """Take all marks away."""
        document = self._desk.require()
        plane = document.state.trimap
        with document.edit("Clear all marks"):
            document.set_trimap(trimap.empty(plane.width, plane.height))
            forget_terms(document)

    def remove_matte(self) -> None:
        """Take the matte away; the marks stay."""
        document = self._desk.require()
        with document.edit("Remove matte"):
            document.set_matte(None, None)

    def refresh_colours(self, rect: Rect) -> None:
        """Estimate the subject's own colours again where its matte was painted; joins the step that painted."""
        document = self._desk.require()
        self._stale = self._stale.union(rect)
        state, stale = document.state, self._stale
        painted = state.subject_layer

        def done(foreground: Plane) -> None:
            layer = document.state.subject_layer
            if layer.mask is not painted.mask or layer.foreground is not painted.foreground:
                return  # painted again meanwhile: that stroke's own refresh covers this place too
            self._stale = Rect(0, 0, 0, 0)
            document.show(document.state.with_layer(layer.changed(foreground=foreground)))
            document.amend()
            self._refresh_plate(document)

        def work(progress: Progress) -> Plane:
            from editor.document import matte

            return matte.refresh_colours(state, stale, progress)

        self._desk.run("Colours", work, done, key=COLOUR_KEY, quiet=True)

    def _refresh_plate(self, document: Document) -> None:
        """Take the subject out of a blurred background anew, by the matte as it is now; joins the newest step."""
        state = document.state
        if not any(layer.follows_matte for layer in state.layers):
            return

        def work(progress: Progress) -> Plane | None:
            from editor.document import matte

            return matte.refresh_plate(state, progress)

        def done(plate: Plane | None) -> None:
            from editor.document import matte

            if plate is not None and document.state.subject_layer.mask is state.subject_layer.mask:
                matte.show_plate(document, plate)
                document.amend()

        self._desk.run("Background", work, done, key=PLATE_KEY, quiet=True)

    def _show_band(self, document: Document, marks: np.ndarray, band: float) -> None:
        """A step of its own, or the last one made longer while the slider is still being dragged."""
        amending = self._band_state is not None and self._band_state is document.state
        state = replace(
            document.state,
            trimap=document.state.trimap.paste(0, 0, marks),
            notes=dict(document.state.notes) | {"band": band},
        )
        if amending:
            document.show(state)
            document.amend()
        else:
            with document.edit(_BAND_STEP):
                document.show(state)
        self._band_state = document.state

    def _forget(self) -> None:
        self._band_state, self._stale = None, Rect(0, 0, 0, 0)
        self._edge, self._laid = None, None


def _with_corrections(made: np.ndarray, laid: np.ndarray | None, plane: Plane) -> np.ndarray:
    """A newly laid band with what the user changed in the one that was laid before."""
    if laid is None:
        return made
    shown = plane.to_array()
    return np.where(shown == laid, made, shown)


def _noted(state: DocumentState, engine: Engine, result: MatteResult, adds: bool) -> dict[str, object]:
    """The document's notes with the engine and the terms of what the matte was made with: the marks count, too.

    Where the engine ``adds`` marks to those that are there, the terms of both hold.
    """
    notes = dict(state.notes)
    marks = set(str(notes.get(_MARKS_TERMS, _FREE)).split(_BETWEEN))
    if result.trimap is not None:
        marks = {engine.licence} | (marks if adds else set())
        notes[_MARKS_TERMS] = _joined(marks)
    return notes | {"engine": engine.name, "licence": _joined(marks | {engine.licence})}


def _joined(terms: set[str]) -> str:
    return _BETWEEN.join(sorted(terms - {_FREE})) or _FREE


def forget_terms(document: Document) -> None:
    """All marks are new, or gone: what an engine had found of them plays no part any more."""
    notes = {name: value for name, value in document.state.notes.items() if name != _MARKS_TERMS}
    document.show(replace(document.state, notes=notes))


def _replaced(found: Plane, before: Plane, now: Plane) -> Plane:
    """A new trimap with what was painted over the one ``before`` it while it was being found."""
    if now is before:
        return found
    painted = now.to_array()
    return trimap.from_array(np.where(painted == before.to_array(), found.to_array(), painted))


def _image_8_bit(state: DocumentState) -> np.ndarray:
    """The photo (H, W, 3) as uint8."""
    content = state.subject_layer.content
    if not isinstance(content, Plane):
        raise UserError("The subject layer holds no photo.", "Open the photo again.")
    return to_8_bit(content.to_array())


def _mask_of(state: DocumentState) -> np.ndarray:
    """The subject as the matte has it, (H, W) bool."""
    mask = state.subject_layer.mask
    if mask is None:
        raise UserError("No subject is known yet.", "Draw round it with the lasso, or compute a matte.")
    return mask.to_array() >= 32768
