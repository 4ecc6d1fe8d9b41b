"""Open, save, close: the verbs of the File menu that have to do with the document as a whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from editor.document import composite
from editor.document.document import Document, DocumentState, Photo
from editor.document.effects import problems
from editor.errors import UserError
from editor.jobs import Progress
from editor.ui import questions
from editor.ui.desk import Desk, Origin
from editor.ui.questions import PROJECT_SUFFIX

T = TypeVar("T")
_MOST_RECENT = 12
_JOB_KEY = "document"


class FileCommands:
    """Everything runs as a job; what must be asked is asked without blocking."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def open(self) -> None:
        """Ask for a photo or a project and open it."""
        desk = self._desk
        filters = questions.photo_filters(desk.registry.formats)
        self._leaving(lambda: questions.ask_open(desk.window, desk.settings, "Open", filters, self._read))

    def open_path(self, path: Path) -> None:
        """Open a photo or a project; asks first where changes would be lost."""
        self._leaving(lambda: self._read(path))

    def open_demo(self) -> None:
        """Open the photo that the program draws itself."""
        self._leaving(self._draw_demo)

    def open_photo(self, photo: Photo, title: str) -> None:
        """Open a photo that is not in a file, from the clipboard say."""
        limit = self._desk.undo_limit_bytes()
        self._leaving(lambda: self._lay(Document.from_photo(photo, limit), Origin(title)))

    def close(self) -> None:
        """Close the document; the start page is seen again."""
        if self._desk.document is not None:
            self._leaving(self._desk.clear)

    def save(self, then: Callable[[], None] | None = None) -> None:
        """Save the project where it was saved before, or ask where."""
        self._desk.require()
        project = self._desk.origin.project
        if project is None:
            self.save_as(then)
        else:
            self._write(project, then)

    def save_as(self, then: Callable[[], None] | None = None) -> None:
        """Ask where to save the project, and save it there."""
        desk = self._desk
        desk.require()
        photo = desk.origin.photo
        folder = photo.parent if photo is not None else Path(desk.settings.get("folder", "") or Path.home())
        suggestion = desk.origin.project or folder / (Path(desk.origin.title or "photo").stem + PROJECT_SUFFIX)

        def write(path: Path) -> None:
            named = path if path.suffix.lower() == PROJECT_SUFFIX else path.with_name(path.name + PROJECT_SUFFIX)
            if named != path and named.exists():  # the dialog has asked about the other name only
                questions.ask_replace(desk.window, named, lambda: self._write(named, then))
            else:
                self._write(named, then)

        questions.ask_save(desk.window, desk.settings, "Save project", questions.project_filters(), suggestion, write)

    def recent(self) -> list[Path]:
        """Files opened or saved lately that are still there, the newest first."""
        paths = [Path(text) for text in self._desk.settings.get("recent", [])]
        return [path for path in paths if path.is_file()]

    def forget_recent(self) -> None:
        """Empty the list of recent files."""
        self._desk.settings.set("recent", [])
        self._desk.titled.emit()

    def leave(self, then: Callable[[], None]) -> None:
        """Do ``then`` once nothing is unsaved any more, or the user says that it may be lost."""
        self._leaving(then)

    def _leaving(self, then: Callable[[], object]) -> None:
        """Do ``then`` at once, or ask first; after saving, what was painted meanwhile is asked for in its turn."""
        desk = self._desk
        if desk.saved:
            then()
        else:
            questions.ask_save_first(
                desk.window, desk.origin.title, lambda: self.save(lambda: self._leaving(then)), lambda: _do(then)
            )

    def replacing(self, done: Callable[[T], None]) -> Callable[[T], None]:
        """``done``, which puts another document on the desk, asking first where something is new since now.

        Opening takes a moment, and painting goes on meanwhile.
        """
        given_up = self._desk.state

        def arrive(result: T) -> None:
            if self._desk.state is given_up:
                done(result)
            else:
                self._leaving(lambda: done(result))

        return arrive

    def _read(self, path: Path) -> None:
        path = path.absolute()
        limit = self._desk.undo_limit_bytes()
        formats = self._desk.registry.formats

        def work(progress: Progress) -> Document:
            if path.suffix.lower() == PROJECT_SUFFIX:
                from editor.document.project import load_project

                return _saved_document(load_project(path, progress), limit)
            from editor.files import read_photo

            progress(0.0, "reading")
            photo = read_photo(path, formats)
            progress(0.7, "laying it out")
            return Document.from_photo(photo, limit)

        project = path if path.suffix.lower() == PROJECT_SUFFIX else None
        origin = Origin(path.name, None if project else path, project)
        done = self.replacing(lambda document: self._opened(document, origin, path))
        self._desk.jobs.submit(f"Open {path.name}", work, done, key=_JOB_KEY)

    def _draw_demo(self) -> None:
        def work(progress: Progress) -> Document:
            from editor.demo import draw_demo

            progress(0.0, "drawing")
            return Document.from_photo(draw_demo().photo, self._desk.undo_limit_bytes())

        origin = Origin("Demo photo")
        done = self.replacing(lambda document: self._lay(document, origin))
        self._desk.jobs.submit("Demo photo", work, done, key=_JOB_KEY)

    def _opened(self, document: Document, origin: Origin, path: Path) -> None:
        self._remember(path)
        self._lay(document, origin)

    def _lay(self, document: Document, origin: Origin) -> None:
        self._desk.messages.clear()
        self._desk.lay(document, origin)
        for problem in problems(document.state.layers, self._desk.registry.effects):
            self._desk.messages.say(problem)

    def _write(self, path: Path, then: Callable[[], None] | None = None) -> None:
        """Save the project as it is now; painting may go on meanwhile."""
        desk = self._desk
        document = desk.require()
        state = document.state
        effects = desk.registry.effects

        def work(progress: Progress) -> None:
            from editor.document.project import save_project

            merged = composite.flatten(state, effects, lambda part, text: progress(0.4 * part, text))
            save_project(state, path, merged, lambda part, text: progress(0.4 + 0.6 * part, text))

        def done(_: None) -> None:
            self._remember(path)
            if desk.document is not document:
                return  # another one lies here by now, and this file is none of its
            desk.origin.project, desk.origin.title = path, path.name
            desk.mark_saved(state)
            if then is not None:
                then()

        desk.write(f"Save {path.name}", work, done, key="save")

    def _remember(self, path: Path) -> None:
        kept = [text for text in self._desk.settings.get("recent", []) if text != str(path)]
        self._desk.settings.set("recent", [str(path), *kept][:_MOST_RECENT])
        self.save_settings()

    def save_settings(self) -> None:
        """Write the settings; a disk that refuses is told of, not fatal."""
        try:
            self._desk.settings.save()
        except UserError as error:
            self._desk.messages.show_error(error)


def _saved_document(state: DocumentState, limit_bytes: int) -> Document:
    """A document that is on disk as it stands."""
    document = Document(state, limit_bytes)
    document.history.mark_saved(document)
    return document


def _do(call: Callable[[], object]) -> None:
    call()
