"""Every action of the window in one table: where it stands, what it says, its keys, what it does, when it may."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QMenuBar

from editor.api import Tool
from editor.ui import icons
from editor.ui.tool_column import in_order
from editor.ui.views import VIEWS

MENUS = {
    "File": "&File", "Edit": "&Edit", "View": "&View", "Select": "&Select", "Matte": "&Matte", "Layer": "&Layer",
    "Effects": "Effe&cts", "Window": "&Window", "Help": "&Help",
}  # fmt: skip
VIEW_KEYS = dict(zip(VIEWS, (f"F{number}" for number in range(2, 2 + len(VIEWS))), strict=True))
LINE = "-"


@dataclass(frozen=True)
class Spec:
    """One action. ``does`` names a verb; ``when`` a condition; ``keys`` in Qt's portable writing."""

    menu: str
    text: str
    does: str
    keys: tuple[str, ...] = ()
    when: str = "always"
    icon: str = ""


TABLE: tuple[Spec | str, ...] = (
    Spec("File", "&Open…", "files.open", ("Ctrl+O",), icon="open"),
    Spec("File", "Open the &demo photo", "files.open_demo"),
    "File-",
    Spec("File", "&Save", "files.save", ("Ctrl+S",), "document", "save"),
    Spec("File", "Save &as…", "files.save_as", ("Ctrl+Shift+S",), "document"),
    Spec("File", "&Export…", "window.export", ("Ctrl+E",), "document", "export"),
    Spec("File", "Export the &matte…", "window.export_matte", ("Ctrl+Shift+E",), "matte"),
    "File-",
    Spec("File", "&Import a trimap…", "exports.import_trimap", ("Ctrl+I",), "document"),
    Spec("File", "Export the &trimap…", "exports.export_trimap", ("Ctrl+Shift+I",), "document"),
    "File-",
    Spec("File", "&Close", "files.close", ("Ctrl+W",), "document"),
    Spec("File", "&Quit", "window.quit", ("Ctrl+Q",)),
    Spec("Edit", "&Undo", "edits.undo", ("Ctrl+Z",), "undo", "undo"),
    Spec("Edit", "&Redo", "edits.redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "redo", "redo"),
    "Edit-",
    Spec("Edit", "&Copy the cut-out", "edits.copy", ("Ctrl+C",), "document"),
    Spec("Edit", "&Paste a picture", "edits.paste", ("Ctrl+V",)),
    "Edit-",
    Spec("Edit", "Cancel or close a message", "window.escape", ("Esc",)),
    Spec("Edit", "&Models…", "window.models", ("Ctrl+Shift+M",)),
    Spec("Edit", "&Preferences…", "window.preferences", ("Ctrl+,",), icon="settings"),
    Spec("View", "&Next view", "views.next", ("F",), "document"),
    Spec("View", "&Previous view", "views.previous", ("Shift+F",), "document"),
    "View-",
    Spec("View", "&Fit the window", "views.fit", ("Ctrl+0",), "document", "fit"),
    Spec("View", "&Actual size", "views.actual_size", ("Ctrl+1",), "document"),
    Spec("View", "Zoom &in", "views.zoom_in", ("Ctrl++", "Ctrl+="), "document"),
    Spec("View", "Zoom &out", "views.zoom_out", ("Ctrl+-",), "document"),
    "View-",
    Spec("View", "Show or hide the &marks", "views.toggle_marks", ("\\", "Q"), "document"),
    Spec("Select", "Mark the rest &background", "window.rest_background", ("Ctrl+Shift+B",), "document"),
    Spec("Select", "Mark the rest &foreground", "window.rest_foreground", ("Ctrl+Shift+F",), "document"),
    Spec("Select", "Mark the rest &unknown", "window.rest_unknown", ("Ctrl+Shift+U",), "document"),
    "Select-",
    Spec("Select", "&Exchange foreground and background", "mattes.invert_marks", ("Ctrl+Shift+X",), "document"),
    Spec("Select", "&Clear all marks", "mattes.clear_marks", ("Ctrl+D",), "document"),
    Spec("Matte", "&Compute matte", "window.compute", ("Ctrl+Return", "Ctrl+Enter"), "idle", "subject"),
    Spec("Matte", "&Portrait: find the person", "portraits.find", ("Ctrl+Shift+P",), "idle", "person"),
    Spec("Matte", "C&ancel computing", "mattes.cancel", (), "computing"),
    "Matte-",
    Spec("Matte", "&New background…", "window.new_background", ("Ctrl+B",), "matte", "image"),
    "Matte-",
    Spec("Matte", "&Remove the matte", "mattes.remove_matte", (), "matte"),
    Spec("Layer", "Add a &picture…", "layers.add_picture", ("Ctrl+Shift+N",), "document", "image"),
    Spec("Layer", "Add a &colour", "window.add_colour", (), "document", "colour"),
    Spec("Layer", "Add a &gradient", "layers.add_gradient", (), "document", "gradient"),
    "Layer-",
    Spec("Layer", "Move &up", "layers.move_up", ("Ctrl+]",), "document", "up"),
    Spec("Layer", "Move &down", "layers.move_down", ("Ctrl+[",), "document", "down"),
    Spec("Layer", "Show or &hide", "window.toggle_layer", ("Ctrl+Shift+H",), "document", "eye"),
    Spec("Layer", "Mask &on or off", "window.toggle_mask", ("Ctrl+M",), "document", "mask"),
    "Layer-",
    Spec("Layer", "D&elete", "layers.delete", ("Ctrl+Delete",), "layer", "trash"),
    Spec("Window", "Show or hide the &panels", "views.toggle_panels", ("F9",)),
    Spec("Window", "&Full screen", "views.toggle_full_screen", ("F11",)),
    Spec("Help", "&Keyboard shortcuts", "window.shortcuts", ("F1",)),
    Spec("Help", "&Plugins", "window.plugins"),
    Spec("Help", "&Where is the log?", "window.log"),
    "Help-",
    Spec("Help", "&About Mattelier", "window.about"),
)  # fmt: skip


class Actions:
    """The actions by what they do, and the menus they stand in."""

    def __init__(
        self,
        window: QMainWindow,
        bar: QMenuBar,
        verbs: Mapping[str, object],
        conditions: Mapping[str, Callable[[], bool]],
    ) -> None:
        """``verbs`` maps the part before the dot to the object that has the method; every condition is a question."""
        self._window, self._conditions = window, conditions
        self.by_verb: dict[str, QAction] = {}
        self._when: list[tuple[QAction, str]] = []
        self.menus = {name: _menu(bar, text) for name, text in MENUS.items()}
        for entry in TABLE:
            if isinstance(entry, str):
                self.menus[entry.removesuffix(LINE)].addSeparator()
                continue
            owner, _, method = entry.does.partition(".")
            self._add(entry, getattr(verbs[owner], method))
        self.refresh()

    def add_views(self, show: Callable[[str], None]) -> None:
        """One action per view, each on its key."""
        self.menus["View"].addSeparator()
        for name, view in VIEWS.items():
            spec = Spec("View", view.title, f"view.{name}", (VIEW_KEYS[name],), "document")
            self._add(spec, lambda name=name: show(name))

    def add_tools(self, tools: Mapping[str, type[Tool]], choose: Callable[[str], None]) -> None:
        """One action per tool, on the tool's own key."""
        self.menus["Select"].addSeparator()
        for tool in in_order(tools):
            icon = tool.icon if icons.exists(tool.icon) else ""
            keys = (tool.key,) if tool.key else ()
            self._add(
                Spec("Select", tool.title, f"tool.{tool.name}", keys, "always", icon), lambda n=tool.name: choose(n)
            )

    def add_effects(self, titles: Mapping[str, str], add: Callable[[str], None]) -> None:
        """One action per effect that can be put on the selected layer."""
        for name, title in titles.items():
            self._add(Spec("Effects", title, f"effect.{name}", (), "document", "effect"), lambda name=name: add(name))

    def all(self) -> Sequence[QAction]:
        """Every action, in the order of the table."""
        return tuple(self.by_verb.values())

    def refresh(self) -> None:
        """Enable what may be done now."""
        answers = {name: ask() for name, ask in self._conditions.items()}
        for action, when in self._when:
            action.setEnabled(answers.get(when, True))

    def _add(self, spec: Spec, call: Callable[[], object]) -> None:
        action = QAction(spec.text, self._window)
        action.setShortcuts([QKeySequence(key) for key in spec.keys])
        keys = ", ".join(QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText) for key in spec.keys)
        words = spec.text.replace("&", "").removesuffix("…")
        action.setToolTip(f"{words} ({keys})" if keys else words)
        action.setObjectName(spec.does)
        if spec.icon:
            icons.plan(action, spec.icon, 16)
        action.triggered.connect(lambda: call())
        self.menus[spec.menu].addAction(action)
        self._window.addAction(action)
        self.by_verb[spec.does] = action
        self._when.append((action, spec.when))


def _menu(bar: QMenuBar, text: str) -> QMenu:
    menu = bar.addMenu(text)
    menu.aboutToShow.connect(lambda: icons.draw_planned(menu))
    return menu
