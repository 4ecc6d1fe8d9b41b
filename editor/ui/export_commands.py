"""Flat pictures out, trimaps in and out, the clipboard."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from editor.api import WriteOptions
from editor.document import composite, trimap
from editor.document.document import Photo
from editor.document.tiles import Plane
from editor.jobs import Progress
from editor.ui import questions
from editor.ui.desk import Desk
from editor.ui.matte_commands import forget_terms

CUT_OUT, COMPOSITE, MATTE = "cut-out", "composite", "matte"


@dataclass(frozen=True)
class ExportWish:
    """What is to be written where, and how; ``overwrite`` says that the user agreed to replace the file."""

    what: str
    path: Path
    options: WriteOptions
    overwrite: bool = False


class ExportCommands:
    """The verbs for files that are not the project."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def export(self, wish: ExportWish) -> None:
        """Write a flat picture; the document stays as unsaved as it was."""
        desk = self._desk
        state = desk.require().state
        formats, effects = desk.registry.formats, desk.registry.effects

        def work(progress: Progress) -> tuple[str, ...]:
            from editor.files import write_photo

            if wish.what == MATTE:
                photo = composite.matte_picture(state)
            elif wish.what == CUT_OUT:
                photo = composite.cut_out(state, lambda part, text: progress(0.7 * part, text))
            else:
                photo = composite.flatten(state, effects, lambda part, text: progress(0.7 * part, text))
            progress(0.7, "writing")
            return tuple(write_photo(wish.path, photo, formats, wish.options, wish.overwrite) or ())

        def done(lost: tuple[str, ...]) -> None:
            desk.messages.say(f"Exported {wish.path.name}.", " ".join(lost))

        desk.write(f"Export {wish.path.name}", work, done)

    def export_trimap(self) -> None:
        """Ask where to, and write the marks as a grey picture: 0, 128, 255."""
        desk = self._desk
        state = desk.require().state
        suggestion = suggested(desk, "_trimap", ".png")

        def write(path: Path) -> None:
            def work(progress: Progress) -> None:
                from editor.files import write_photo

                progress(0.0, "writing")
                marks = trimap.for_engine(state.trimap)
                write_photo(path, Photo(np.dstack([marks] * 3)), desk.registry.formats, WriteOptions(), True)

            desk.write(f"Export {path.name}", work, lambda _: desk.messages.say(f"Exported {path.name}."))

        filters = [
            name for name in questions.photo_filters(desk.registry.formats, project=False) if "png" in name.lower()
        ]
        questions.ask_save(desk.window, desk.settings, "Export trimap", filters or ["PNG (*.png)"], suggestion, write)

    def import_trimap(self) -> None:
        """Ask for a trimap and take it over; what had to be interpreted is told."""
        desk = self._desk
        desk.require()
        filters = questions.photo_filters(desk.registry.formats, project=False)
        questions.ask_open(desk.window, desk.settings, "Import trimap", filters, self.import_trimap_from)

    def import_trimap_from(self, path: Path) -> None:
        """Read a trimap of the photo's size: one undo step."""
        desk, document = self._desk, self._desk.require()
        plane = document.state.trimap

        def work(progress: Progress) -> tuple[Plane, tuple[str, ...]]:
            from editor.files import read_trimap

            progress(0.0, "reading")
            marks, remarks = read_trimap(path, (plane.width, plane.height), desk.registry.formats)
            return trimap.from_array(marks), remarks

        def done(read: tuple[Plane, tuple[str, ...]]) -> None:
            with document.edit("Import trimap"):
                document.set_trimap(read[0])
                forget_terms(document)
            if read[1]:
                desk.messages.say(f"{path.name} was taken as a trimap.", " ".join(read[1]))

        desk.run(f"Import {path.name}", work, done)


def suggested(desk: Desk, ending: str, suffix: str) -> Path:
    """A file name beside the photo that is not the photo's own."""
    photo = desk.origin.photo or desk.origin.project
    folder = photo.parent if photo is not None else Path(desk.settings.get("folder", "") or Path.home())
    stem = Path(desk.origin.title or "photo").stem
    return folder / f"{stem}{ending}{suffix}"
