"""A crash loses nothing: each finished gesture is written to a journal, and offered at the start after a crash."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from editor import paths
from editor.document.document import Document
from editor.errors import UserError
from editor.jobs import Progress
from editor.ui.desk import Desk, Origin
from editor.ui.file_commands import FileCommands

if TYPE_CHECKING:
    from editor.document.recovery import CrashedSession, Journal

_KEY = "journal"


class Session:
    """Follows the desk. ``close`` ends the journal cleanly; a journal that is not ended is what a crash leaves.

    While the document is on disk as it stands, the journal rests: then a crash loses nothing and nothing is offered.
    """

    def __init__(self, desk: Desk, files: FileCommands) -> None:
        self._desk, self._files = desk, files
        self._journal: Journal | None = None
        self._resting = False
        self._complained = False
        desk.opened.connect(lambda document: self.close())
        desk.gesture_done.connect(self._write)
        desk.titled.connect(self._rest)

    def close(self) -> None:
        """The document has been closed with the user's consent: its journal is not needed any more."""
        journal, self._journal, self._resting = self._journal, None, False
        if journal is not None:
            journal.close()

    def look_for_crashes(self) -> None:
        """Offer what an earlier run could not save."""

        def work(progress: Progress) -> list[CrashedSession]:
            from editor.document.recovery import crashed_sessions

            progress(0.0, "looking for unsaved work")
            return crashed_sessions(paths.recovery_dir())

        self._desk.jobs.submit("Recovery", work, self._offer, self._complain, quiet=True)

    def _offer(self, sessions: list[CrashedSession]) -> None:
        for session in sessions[:2]:
            self._desk.messages.say(
                f"“{session.title}” was not saved when Mattelier stopped ({_when(session.when)}).",
                "Bring it back?",
                [
                    ("Recover", lambda s=session: self._files.leave(lambda: self._recover(s))),
                    ("Discard", lambda s=session: self._discard(s)),
                ],
                lasting=True,
            )

    def _recover(self, session: CrashedSession) -> None:
        limit = self._desk.undo_limit_bytes()

        def work(progress: Progress) -> Document:
            progress(0.0, "reading the journal")
            return Document(session.load(), limit)

        def done(document: Document) -> None:
            self._desk.lay(document, Origin(session.title))
            self._write(session.discard)

        self._desk.jobs.submit(f"Recover {session.title}", work, self._files.replacing(done), key="document")

    def _discard(self, session: CrashedSession) -> None:
        session.discard()

    def _write(self, then: Callable[[], None] = lambda: None) -> None:
        """Write the state as it is now; a newer one takes the place of one that is still being written."""
        document = self._desk.document
        if document is None:
            return
        if self._desk.saved:
            self._rest()
            return
        state = document.state
        self._resting = False
        if self._journal is None:
            from editor.document.recovery import Journal

            try:
                self._journal = Journal(paths.recovery_dir(), self._desk.origin.title)
            except (UserError, OSError) as error:
                self._complain(error)
                return
        journal = self._journal
        self._desk.jobs.submit(
            "Journal",
            lambda progress: journal.write(state, progress),
            lambda _: then(),
            self._complain,
            key=_KEY,
            quiet=True,
        )

    def _rest(self) -> None:
        """Tell the journal once that the document is on disk, if it is."""
        journal = self._journal
        if journal is None or self._resting or not self._desk.saved:
            return
        self._resting = True
        self._desk.jobs.submit(
            "Journal", lambda progress: journal.rest(), lambda _: None, self._complain, key=_KEY, quiet=True
        )

    def _complain(self, error: BaseException) -> None:
        """Say once that recovery does not work; more often would only be in the way."""
        if not self._complained:
            self._complained = True
            reason = error.message if isinstance(error, UserError) else str(error)
            self._desk.messages.say("Unsaved work cannot be kept safe from a crash.", reason, kind="error")


def _when(when: datetime) -> str:
    """A point in time for a sentence."""
    return when.strftime("%d %B, %H:%M")
