"""What the window's parts share: the document that is open, and the services round it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from editor.document.document import Document, DocumentState
from editor.document.events import Event
from editor.errors import UserError
from editor.jobs import Job, JobRunner, Progress
from editor.plugin_loader import Registry
from editor.settings import Settings
from editor.ui.messages import Messages

T = TypeVar("T")
DEFAULT_UNDO_MB = 1024
_TRY_AGAIN_MS = 30


@dataclass
class Origin:
    """Where the document came from: its name in the title, its photo's file and its project's (None: no such file)."""

    title: str
    photo: Path | None = None
    project: Path | None = None


@dataclass(frozen=True)
class _Kept:
    """A state in the place of a document, for telling the history which one is on disk."""

    state: DocumentState

    def show(self, state: DocumentState) -> None:
        """Nothing to show: this state is only compared with."""


class Desk:
    """One photo at a time lies on it.

    ``opened(document or None)`` tells of another document, ``changed(before, after)`` of another state of it,
    ``gesture_done()`` of a finished step, ``titled()`` that its name or its unsaved mark may have changed.
    ``written(job, well)`` tells that a job of ``write`` ended. ``busy()`` is True while a tool is in the middle of a
    gesture.
    """

    def __init__(
        self, window: QWidget, settings: Settings, registry: Registry, jobs: JobRunner, messages: Messages
    ) -> None:
        self.window, self.settings, self.registry = window, settings, registry
        self.jobs, self.messages = jobs, messages
        self.document: Document | None = None
        self.origin = Origin("")
        self.opened, self.changed, self.gesture_done, self.titled = Event(), Event(), Event(), Event()
        self.written = Event()
        self.busy: Callable[[], bool] = lambda: False
        self._listening: list[Callable[[], None]] = []
        self._running: list[Job] = []
        self._writing: list[Job] = []

    def lay(self, document: Document, origin: Origin) -> None:
        """Put another document on the desk, in the place of the one there."""
        self._leave()
        self.document, self.origin = document, origin
        self._listening = [
            document.changed.connect(self.changed.emit),
            document.gesture_done.connect(self.gesture_done.emit),
            document.history.changed.connect(self.titled.emit),
        ]
        self.opened.emit(document)
        self.titled.emit()

    def clear(self) -> None:
        """Take the document away; the start page is seen again."""
        self._leave()
        self.document, self.origin = None, Origin("")
        self.opened.emit(None)
        self.titled.emit()

    def require(self) -> Document:
        """The document; ``UserError`` where none is open."""
        if self.document is None:
            raise UserError("No photo is open.", "Open one with Ctrl+O, or drop one onto the window.")
        return self.document

    def run(
        self,
        name: str,
        work: Callable[[Progress], T],
        done: Callable[[T], None],
        key: str | None = None,
        quiet: bool = False,
        failed: Callable[[BaseException], None] | None = None,
    ) -> Job:
        """Submit a job that belongs to the document: it is cancelled when the document goes (see ``when_free``)."""
        job = self.jobs.submit(name, work, self.when_free(done), failed, key=key, quiet=quiet)
        self._running = [each for each in self._running if each.state in ("waiting", "running")] + [job]
        return job

    def write(self, name: str, work: Callable[[Progress], T], done: Callable[[T], None], key: str | None = None) -> Job:
        """Submit a job that writes a file the user wants: it outlives the document, and the window waits for it."""

        def finished(result: T) -> None:
            self._writing.remove(job)
            done(result)
            self.written.emit(job, True)

        def failed(error: BaseException) -> None:
            self._writing.remove(job)
            self.messages.show_error(error)
            self.written.emit(job, False)

        job = self.jobs.submit(name, work, finished, failed, key=key)
        self._writing = [*self.writing(), job]
        return job

    def writing(self) -> list[Job]:
        """The jobs of ``write`` whose end has not been told of and that were not cancelled."""
        return [job for job in self._writing if not job.cancelled]

    def when_free(self, done: Callable[[T], None]) -> Callable[[T], None]:
        """``done``, put off until no gesture is under way: a step within a step would come undone with it.

        A result that arrives after its document has gone is dropped.
        """
        document = self.document

        def arrive(result: T) -> None:
            if self.document is not document:
                return
            if self.busy():
                QTimer.singleShot(_TRY_AGAIN_MS, self.window, lambda: arrive(result))
            else:
                done(result)

        return arrive

    @property
    def state(self) -> DocumentState | None:
        """The state that is seen; None where no document is open."""
        return None if self.document is None else self.document.state

    @property
    def saved(self) -> bool:
        """True when closing loses nothing."""
        return self.document is None or self.document.history.is_saved(self.document)

    def mark_saved(self, state: DocumentState) -> None:
        """Remember that ``state`` (which may be older than the one seen) is on disk."""
        if self.document is not None:
            self.document.history.mark_saved(_Kept(state))

    def undo_limit_bytes(self) -> int:
        """How much undo may keep, from the preferences."""
        return max(64, self.settings.get("undo_mb", DEFAULT_UNDO_MB)) << 20

    def _leave(self) -> None:
        """Stop everything that has to do with the document that goes."""
        for stop in self._listening:
            stop()
        self._listening = []
        for job in self._running:
            job.cancel()
        self._running = []
