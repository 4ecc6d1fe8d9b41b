"""The background swap in one gesture: a picture, a colour, a gradient or blur becomes what lies under the subject."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from editor.document import backdrop
from editor.document.document import Photo
from editor.jobs import Progress
from editor.ui.desk import Desk


class BackdropCommands:
    """``show_view(name)`` is called once the background stands, so that it is seen."""

    def __init__(self, desk: Desk, show_view: Callable[[str], None]) -> None:
        self._desk, self._show_view = desk, show_view

    def put(self, choice: backdrop.Choice | Path) -> None:
        """Put a new background under the subject: one undo step, made off the main thread."""
        desk, document = self._desk, self._desk.require()
        state = document.state

        def work(progress: Progress) -> backdrop.Backdrop:
            found = self._picture(choice, progress) if isinstance(choice, Path) else choice
            return backdrop.prepare(state, found, progress=progress)

        def done(made: backdrop.Backdrop) -> None:
            backdrop.put_under(document, made)
            self._show_view("background")
            if made.remark:
                desk.messages.say(made.remark)

        desk.run("New background", work, done, key="backdrop")

    def blur(self) -> None:
        """The photo's own background out of focus, with the subject taken out of it first."""
        self.put(backdrop.Blur())

    def _picture(self, path: Path, progress: Progress) -> Photo:
        from editor.files import read_photo

        progress(0.0, "reading")
        return read_photo(path, self._desk.registry.formats)
