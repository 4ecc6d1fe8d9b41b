"""The preference for the monitor's profile; a file is asked for, and looked into before it is taken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from editor.errors import UserError
from editor.ui import questions
from editor.ui.desk import Desk
from editor.ui.fields import Choice
from editor.ui.monitor_colours import CHOICE, CHOICES, FILE
from editor.ui.monitor_profile import read_profile_file

FILTERS = ["Colour profiles (*.icc *.icm *.ICC *.ICM)", "All files (*)"]
LABEL = "Monitor profile"
_TIP = "The colour profile of your monitor. Automatic: the one the system has for the screen the window is on"


class MonitorChoice(Choice):
    """Automatic, sRGB, or a file; ``changed()`` once the settings hold another."""

    def __init__(self, desk: Desk, changed: Callable[[], None]) -> None:
        super().__init__(CHOICES, desk.settings.get(CHOICE, "automatic"))
        self._desk, self._changed = desk, changed
        self.done.connect(self._take)
        self._show_stored()

    def _take(self, choice: str) -> None:
        if choice != "file":
            self._store(choice)
            return
        dialog = questions.ask_open(
            self, self._desk.settings, LABEL, FILTERS, self._take_file, folder_key="profile_folder"
        )
        dialog.rejected.connect(self._show_stored)

    def _take_file(self, path: Path) -> None:
        try:
            read_profile_file(path)
        except UserError as error:
            self._desk.messages.show_error(error)
            self._show_stored()
            return
        self._desk.settings.set(FILE, str(path))
        self._store("file")

    def _store(self, choice: str) -> None:
        self._desk.settings.set(CHOICE, choice)
        self._show_stored()
        self._changed()

    def _show_stored(self) -> None:
        """What the settings hold, with the file's name where one was chosen."""
        settings = self._desk.settings
        path = settings.get(FILE, "")
        text = f"{CHOICES['file']} ({Path(path).name})" if path else CHOICES["file"]
        self.setItemText(self.findData("file"), text)
        self.show_value(settings.get(CHOICE, "automatic"))
        self.name_parts(LABEL, f"{_TIP}\n{path}" if path else _TIP)
