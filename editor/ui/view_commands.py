"""How the photo is looked at, and which parts of the window are seen."""

from __future__ import annotations

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget

from editor.document.events import Event
from editor.settings import Settings
from editor.ui import icons, theme
from editor.ui.canvas import Canvas
from editor.ui.monitor_colours import MonitorColours

DEFAULT_TINT, DEFAULT_BEHIND = 0.45, (0.5, 0.5, 0.5)


class ViewCommands:
    """The verbs of the View and Window menus."""

    def __init__(self, window: QMainWindow, canvas: Canvas, settings: Settings, monitor: MonitorColours) -> None:
        self._monitor = monitor
        self._window, self._canvas, self._settings = window, canvas, settings
        self.panels: list[QWidget] = []
        self.restyled = Event()
        self._hidden = False

    def fit(self) -> None:
        """Show all of the photo."""
        self._canvas.fit()

    def actual_size(self) -> None:
        """One pixel of the photo for one of the screen."""
        self._canvas.actual_size()

    def zoom_in(self) -> None:
        """The next round zoom."""
        self._canvas.zoom_step(1)

    def zoom_out(self) -> None:
        """The round zoom before."""
        self._canvas.zoom_step(-1)

    def next(self) -> None:
        """The next view."""
        self._canvas.next_view()

    def previous(self) -> None:
        """The view before."""
        self._canvas.next_view(back=True)

    def show(self, name: str) -> None:
        """A view by its name."""
        self._canvas.set_view(name)

    def show_cut_out(self) -> None:
        """Where the photo is looked at, which shows nothing of a new matte: the cut-out instead."""
        if self._canvas.view == "photo":
            self._canvas.set_view("checker")

    def show_trimap(self) -> None:
        """The photo with its marks, which are to be looked over: beside the cut-out where that is how one looks."""
        if self._canvas.view not in ("photo", "wipe"):
            self._canvas.set_view("photo")
        self._canvas.tint_visible = True

    def show_background(self) -> None:
        """The whole composite, where the subject is cut out and something can be seen behind it."""
        document = self._canvas.document
        if document is not None and document.state.subject_layer.mask is not None:
            self._canvas.set_view("background")

    def toggle_marks(self) -> None:
        """Show or hide the tint of the marks."""
        self._canvas.tint_visible = not self._canvas.tint_visible

    def toggle_panels(self) -> None:
        """Hide everything round the photo, or bring it back."""
        self._hidden = not self._hidden
        self.show_panels(self._canvas.document is not None)

    def show_panels(self, wanted: bool) -> None:
        """The panels, where there is something to do with them and the user has not hidden them."""
        for panel in self.panels:
            panel.setVisible(wanted and not self._hidden)

    def toggle_full_screen(self) -> None:
        """All of the screen, or a window again."""
        if self._window.isFullScreen():
            self._window.showNormal()
        else:
            self._window.showFullScreen()

    def wear(self, name: str) -> None:
        """Another theme, at once and everywhere."""
        self._settings.set("theme", name)
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        before = theme.current()
        if theme.apply(app, name) is before:
            return
        icons.retint(self._window)
        self.restyled.emit()

    def follow_preferences(self) -> None:
        """Let the canvas look as the preferences say."""
        settings, canvas = self._settings, self._canvas
        canvas.tint_strength = settings.get("tint_strength", DEFAULT_TINT)
        canvas.wheel_zooms = settings.get("wheel_zooms", True)
        colour = QColor.fromRgbF(*settings.get("behind_colour", DEFAULT_BEHIND))
        canvas.backdrop = colour if settings.get("behind", "checker") == "colour" else None
        self._monitor.follow()
