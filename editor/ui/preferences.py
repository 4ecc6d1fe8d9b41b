"""Preferences: each takes effect at once."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QPushButton

from editor.api import Param
from editor.paths import plugin_dir
from editor.ui.desk import DEFAULT_UNDO_MB, Desk
from editor.ui.dialog import Dialog
from editor.ui.fields import Choice, SliderField
from editor.ui.monitor_choice import LABEL as MONITOR_LABEL
from editor.ui.monitor_choice import MonitorChoice
from editor.ui.plain_fields import Check, ColourField
from editor.ui.theme import THEMES
from editor.ui.view_commands import DEFAULT_BEHIND, DEFAULT_TINT

_TINT = Param("Tint strength", 0.0, 100.0, 1.0, "%")
_UNDO = Param("Undo memory", 64.0, 8192.0, 64.0, "MB", logarithmic=True)
_BEHIND = {"checker": "Checkerboard", "colour": "One colour"}


class Preferences(Dialog):
    """``changed()`` after every change, so that the window follows."""

    def __init__(self, desk: Desk, changed: Callable[[], None]) -> None:
        super().__init__(desk.window, "Preferences", "", 460)
        self._desk, self._changed = desk, changed
        form = self.form()
        settings = desk.settings
        self.theme = Choice({theme.name: theme.title for theme in THEMES.values()}, settings.get("theme", "dark"))
        self.tint = SliderField(_TINT, 100 * DEFAULT_TINT, whole=False)
        self.tint.show_value(100 * settings.get("tint_strength", DEFAULT_TINT))
        self.behind = Choice(_BEHIND, settings.get("behind", "checker"))
        self.behind_colour = ColourField(tuple(settings.get("behind_colour", DEFAULT_BEHIND)))
        self.undo = SliderField(_UNDO, DEFAULT_UNDO_MB, whole=True)
        self.undo.show_value(settings.get("undo_mb", DEFAULT_UNDO_MB))
        self.monitor = MonitorChoice(desk, changed)
        self.wheel = Check(
            "The wheel zooms (off: it scrolls, and Ctrl with the wheel zooms)", settings.get("wheel_zooms", True)
        )
        self.hidden = Check(
            "Keep colour under full transparency when exporting", settings.get("keep_hidden_colour", False)
        )
        self._wire(form)
        self._add_folder()

    def _wire(self, form: object) -> None:
        rows = (
            ("theme", "Theme", self.theme, "Colours of the window", None),
            ("tint_strength", "Tint of the marks", self.tint, "How strongly the marks colour the photo", 0.01),
            ("behind", "Behind transparency", self.behind, "What is seen behind the cut-out", None),
            ("behind_colour", "Its colour", self.behind_colour, "The colour behind the cut-out", None),
            ("undo_mb", "Undo memory", self.undo, "How much memory undo may take; from the next photo on", None),
        )
        for name, label, field, tip, factor in rows:
            field.name_parts(label, tip)
            self.row(form, label, field)  # type: ignore[arg-type]
            self._follow(name, field, factor)
        self.row(form, MONITOR_LABEL, self.monitor)  # type: ignore[arg-type]
        for name, check in (("wheel_zooms", self.wheel), ("keep_hidden_colour", self.hidden)):
            check.name_parts(check.text(), check.text())
            form.addRow(check)  # type: ignore[attr-defined]
            self._follow(name, check, None)

    def _follow(self, name: str, field: object, factor: float | None) -> None:
        def take(value: object) -> None:
            stored = value * factor if factor is not None else list(value) if isinstance(value, tuple) else value  # type: ignore[operator]
            self._desk.settings.set(name, stored)
            self._changed()

        field.done.connect(take)  # type: ignore[attr-defined]
        if factor is not None:
            field.changing.connect(take)  # type: ignore[attr-defined]

    def _add_folder(self) -> None:
        folder = QPushButton("Open the plugin folder")
        folder.setAccessibleName(folder.text())
        folder.setToolTip(str(plugin_dir()))
        folder.setAutoDefault(False)
        folder.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(plugin_dir()))))
        self.body.addWidget(folder)
        self.say("Plugins are read at the next start.")
