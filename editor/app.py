"""The one place where the window's parts meet: settings, plugins, jobs and the window, made in this order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from editor import paths
from editor.plugin_loader import Registry, load_all
from editor.settings import Settings

DEMO = "--demo"
"""Instead of a photo's name: the photo that our own code draws."""

if TYPE_CHECKING:
    from editor.ui.main_window import Window


def build(argv: Sequence[str], settings: Settings | None = None, registry: Registry | None = None) -> Window:
    """A window, not yet shown, that will open the first word of ``argv`` if there is one: a path, or ``DEMO``.

    Makes the Qt application where there is none. ``settings`` and ``registry`` are the user's own unless given.
    """
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from editor.jobs import JobRunner
    from editor.ui import exception_hooks, theme
    from editor.ui.main_thread import MainThread
    from editor.ui.main_window import Window

    app = QApplication.instance() or QApplication(["mattelier"])
    assert isinstance(app, QApplication)
    app.setApplicationName("Mattelier")
    app.setDesktopFileName("mattelier")
    settings = settings or Settings(paths.config_dir() / "settings.json")
    registry = registry if registry is not None else load_all(paths.plugin_dir())
    theme.apply(app, settings.get("theme", "dark"))
    main_thread = MainThread()
    jobs = JobRunner(main_thread.deliver, on_error=lambda error: window.messages.show_error(error))
    window = Window(settings, registry, jobs)
    main_thread.setParent(window)
    window.restore_hooks = exception_hooks.install(window.messages.show_error, main_thread.deliver)
    window.resize(*_first_size(app))
    QTimer.singleShot(0, window, lambda: _begin(window, list(argv)))
    return window


def run(argv: Sequence[str]) -> int:
    """Open the window and stay until it is closed; the exit code."""
    from PySide6.QtWidgets import QApplication

    window = build(argv)
    window.show()
    app = QApplication.instance()
    assert app is not None
    code = app.exec()
    window.restore_hooks()
    return code


def _begin(window: Window, words: list[str]) -> None:
    """What is done once the window stands: nothing of it may hold up its first picture."""
    if window.desk.settings.kept_copy is not None:
        window.messages.say(
            "The settings were damaged; the defaults are used.", f"Kept: {window.desk.settings.kept_copy}"
        )
    failures = window.desk.registry.failures
    if failures:
        some = "A plugin" if len(failures) == 1 else f"{len(failures)} plugins"
        window.messages.say(f"{some} could not be used.", failures[0].module, [("Show", window.verbs.plugins)])
    window.session.look_for_crashes()
    if words == [DEMO]:
        window.files.open_demo()
    elif words:
        window.files.open_path(Path(words[0]))


def _first_size(app: object) -> tuple[int, int]:
    """1600 x 1000, or nine tenths of a smaller screen."""
    screen = app.primaryScreen()  # type: ignore[attr-defined]
    if screen is None:
        return 1600, 1000
    room = screen.availableGeometry()
    return min(1600, round(0.9 * room.width())), min(1000, round(0.9 * room.height()))
