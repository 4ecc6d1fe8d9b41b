"""Keeps the canvas in the colours of the monitor: as the preference says, and of the screen the window is on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QColorSpace, QWindow

from editor.document.events import Event
from editor.errors import UserError
from editor.ui import monitor_profile
from editor.ui.colour_display import SRGB
from editor.ui.desk import Desk
from editor.ui.picture_view import PictureView

CHOICES = {"automatic": "Automatic", "srgb": "sRGB", "file": "From a file…"}
CHOICE, FILE = "monitor_profile", "monitor_profile_file"
"""Names in the settings: one of ``CHOICES``, and the path of the file."""


@dataclass(frozen=True)
class Found:
    """A monitor's colours, and in words whose they are."""

    space: QColorSpace
    words: str


class MonitorColours(QObject):
    """``changed(words)`` when other colours are used, or the same for another reason."""

    def __init__(self, desk: Desk, canvas: PictureView) -> None:
        """Made before the window is first shown."""
        super().__init__(desk.window)
        monitor_profile.tag_surfaces()
        self._desk, self._canvas = desk, canvas
        self.changed = Event()
        self._found = Found(SRGB, "Monitor: sRGB (automatic)")
        self._from_file: tuple[tuple[str, int], Found] | None = None
        self._handle: QWindow | None = None
        desk.window.installEventFilter(self)

    @property
    def words(self) -> str:
        """``Monitor: sRGB (automatic)``."""
        return self._found.words

    def follow(self) -> None:
        """Use what the preference and the screen say now; a file that cannot be used is told of, once."""
        found = self._find()
        if found == self._found:
            return
        self._found = found
        self._canvas.set_monitor_colours(found.space)
        self.changed.emit(found.words)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Look again when the window is shown, and when one comes back to it: the profile may be another by then."""
        if event.type() == QEvent.Type.Show:
            self._watch_screen()
        if event.type() in (QEvent.Type.Show, QEvent.Type.WindowActivate):
            self.follow()
        return False

    def _watch_screen(self) -> None:
        handle = self._desk.window.windowHandle()
        if handle is not None and handle is not self._handle:
            self._handle = handle
            handle.screenChanged.connect(lambda _: self.follow())

    def _find(self) -> Found:
        choice = self._desk.settings.get(CHOICE, "automatic")
        if choice == "srgb":
            return Found(SRGB, "Monitor: sRGB (chosen)")
        path = self._desk.settings.get(FILE, "")
        if choice == "file" and path:
            return self._read_once(Path(path))
        space = monitor_profile.profile_of(self._desk.window.windowHandle())
        return Found(space or SRGB, f"Monitor: {named(space)} (automatic)")

    def _read_once(self, path: Path) -> Found:
        """The file's colours, read again only where it has changed: a slider in the preferences asks often."""
        key = str(path), _changed_ns(path)
        if self._from_file is None or self._from_file[0] != key:
            self._from_file = key, self._read(path)
        return self._from_file[1]

    def _read(self, path: Path) -> Found:
        try:
            space = monitor_profile.read_profile_file(path)
        except UserError as error:
            self._desk.messages.show_error(error)
            return Found(SRGB, f"Monitor: sRGB ({path.name} cannot be used)")
        return Found(space, f"Monitor: {named(space)} (from {path.name})")


def named(space: QColorSpace | None) -> str:
    """A monitor's colours by their own name; None is sRGB."""
    return "sRGB" if space is None else space.description() or "profile without a name"


def _changed_ns(path: Path) -> int:
    """When the file was last written; -1 where it cannot be seen."""
    try:
        return path.stat().st_mtime_ns
    except (OSError, ValueError):  # ValueError: a path with a null character, from settings edited by hand
        return -1
