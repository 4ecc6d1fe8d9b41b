"""The lists under Help: keys, plugins, and what this program is."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QLabel, QLineEdit, QTableWidget, QTableWidgetItem, QWidget

from editor import __version__
from editor.plugin_loader import Registry
from editor.ui import icons
from editor.ui.dialog import Dialog
from editor.ui.panel import quiet

# what the canvas and the tools do by themselves, without an action of the window
CANVAS_KEYS = (
    ("Mark foreground, background, unknown, clear", "1, 2, 3, 4"), ("Exchange foreground and background", "X"),
    ("The tool's default", "D"),
    ("Smaller or larger brush", "[ and ]"), ("Softer or harder brush", "Shift+[ and Shift+]"),
    ("The opposite label", "Alt or the right button"), ("Straight line from the last stroke", "Shift+click"),
    ("Move the photo", "Space and drag, or the middle button"), ("Zoom at the pointer", "Wheel"),
    ("Move a point by the keyboard, press there", "Ctrl+arrows, Return"), ("Reset a slider", "Double-click"),
)  # fmt: skip


class ShortcutsList(Dialog):
    """Every action with its keys, and what the canvas knows beside them; a line to search in."""

    def __init__(self, window: QWidget, actions: Sequence[QAction]) -> None:
        super().__init__(window, "Keyboard shortcuts", "", 560)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search")
        self.search.setAccessibleName("Search in the shortcuts")
        self.search.setToolTip("Type a part of a name or a key")
        self.search.textChanged.connect(self._filter)
        self.body.addWidget(self.search)
        rows = [(words_of(action), keys_of(action)) for action in actions if keys_of(action)]
        self.table = _table(("What", "Keys"), [*rows, *CANVAS_KEYS])
        self.table.setAccessibleName("Keyboard shortcuts")
        self.body.addWidget(self.table)
        self.resize(560, 520)

    def _filter(self, text: str) -> None:
        for row in range(self.table.rowCount()):
            words = " ".join(self.table.item(row, column).text() for column in (0, 1))
            self.table.setRowHidden(row, text.lower() not in words.lower())


class PluginsList(Dialog):
    """What is installed, and what could not be used and why."""

    def __init__(self, window: QWidget, registry: Registry) -> None:
        super().__init__(window, "Plugins", "", 680)
        shelves = (
            ("Engine", registry.engines), ("Effect", registry.effects),
            ("Tool", registry.tools), ("Format", registry.formats),
        )  # fmt: skip
        rows = [(kind, plugin.title, plugin.__module__) for kind, shelf in shelves for plugin in shelf.values()]
        self.table = _table(("Kind", "Name", "Module"), rows)
        self.table.setAccessibleName("Installed plugins")
        self.body.addWidget(self.table)
        if registry.failures:
            heading = QLabel("These could not be used:")
            heading.setProperty("heading", True)
            self.body.addWidget(heading)
            self.broken = _table(("Module", "Why"), [(each.module, each.error) for each in registry.failures])
            self.broken.setAccessibleName("Plugins that could not be used")
            self.body.addWidget(self.broken)
        self.resize(680, 480)


class About(Dialog):
    """Name, version, licence."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window, "About Mattelier", "", 380)
        sign = QLabel()
        sign.setPixmap(icons.pixmap("app", "#000000", 64, self.devicePixelRatioF()))
        self.body.addWidget(sign, 0, Qt.AlignmentFlag.AlignHCenter)
        for text, heading in (("Mattelier", True), (f"Version {__version__}, MIT licence", False)):
            label = QLabel(text) if heading else quiet(text)
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            if heading:
                label.setProperty("heading", "large")
            self.body.addWidget(label)
        self.body.addWidget(quiet("Nothing that you open leaves this machine."), 0, Qt.AlignmentFlag.AlignHCenter)


def words_of(action: QAction) -> str:
    """What the action does, whatever its menu text says at the moment."""
    return action.toolTip().partition(" (")[0]


def keys_of(action: QAction) -> str:
    """The action's keys as the system writes them."""
    return ", ".join(key.toString(key.SequenceFormat.NativeText) for key in action.shortcuts())


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> QTableWidget:
    table = QTableWidget(len(rows), len(heads))
    table.setHorizontalHeaderLabels(list(heads))
    table.verticalHeader().setVisible(False)
    table.setShowGrid(False)
    table.setWordWrap(True)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setTabKeyNavigation(False)
    for row, words in enumerate(rows):
        for column, word in enumerate(words):
            table.setItem(row, column, QTableWidgetItem(word))
    table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    table.horizontalHeader().setStretchLastSection(True)
    table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    return table
