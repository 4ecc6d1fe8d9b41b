"""File, Open recent: the photos and projects opened lately."""

from __future__ import annotations

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from editor.ui.file_commands import FileCommands


class RecentMenu(QMenu):
    """Filled each time it is about to be seen."""

    def __init__(self, files: FileCommands) -> None:
        super().__init__("Open &recent")
        self._files = files
        self.aboutToShow.connect(self.fill)

    def put_after(self, menu: QMenu, action: QAction) -> None:
        """Take a place in a menu."""
        actions = menu.actions()
        menu.insertMenu(actions[actions.index(action) + 1], self)

    def fill(self) -> None:
        """One entry per file that is still there, and one to forget them."""
        self.clear()
        for path in self._files.recent():
            entry = self.addAction(path.name.replace("&", "&&"), lambda path=path: self._files.open_path(path))
            entry.setToolTip(str(path))
        if self.isEmpty():
            self.addAction("None yet").setEnabled(False)
        else:
            self.addSeparator()
            self.addAction("Forget these", self._files.forget_recent)
