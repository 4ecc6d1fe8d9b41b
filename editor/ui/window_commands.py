"""The verbs that open a dialog, and the few that belong to the window as a whole.

Dialogs are imported when they are first opened: the window must not wait for them.
"""

from __future__ import annotations

from PySide6.QtWidgets import QDialog

from editor.paths import log_file
from editor.ui.actions import Actions
from editor.ui.backdrop_commands import BackdropCommands
from editor.ui.canvas import Canvas
from editor.ui.desk import Desk
from editor.ui.export_commands import COMPOSITE, CUT_OUT, MATTE, ExportCommands
from editor.ui.layer_commands import LayerCommands
from editor.ui.matte_commands import MatteCommands
from editor.ui.matte_panel import MattePanel
from editor.ui.models_commands import ModelsCommands
from editor.ui.view_commands import ViewCommands


class WindowCommands:
    """``actions`` and ``panel`` are set once they have been made."""

    actions: Actions
    panel: MattePanel

    def __init__(
        self,
        desk: Desk,
        canvas: Canvas,
        views: ViewCommands,
        mattes: MatteCommands,
        layers: LayerCommands,
        exports: ExportCommands,
        backdrops: BackdropCommands,
        models: ModelsCommands,
    ) -> None:
        self._desk, self._canvas, self._views = desk, canvas, views
        self._mattes, self._layers = mattes, layers
        self._exports, self._backdrops, self._models = exports, backdrops, models

    def export(self) -> None:
        """The export dialog: the composite where a background is shown, else the cut-out."""
        from editor.ui.export_dialog import ExportDialog

        self._open(ExportDialog(self._desk, self._likely_export(), self._exports.export))

    def export_matte(self) -> None:
        """The export dialog, set to the matte."""
        from editor.ui.export_dialog import ExportDialog

        self._open(ExportDialog(self._desk, MATTE, self._exports.export))

    def new_background(self) -> None:
        """Ask what is to lie behind the subject."""
        from editor.ui.new_background_dialog import NewBackgroundDialog

        self._open(NewBackgroundDialog(self._desk, self._backdrops.put, self._backdrops.blur))

    def add_colour(self) -> None:
        """A layer of white, its colour to be chosen in the panel."""
        self._layers.add_colour()

    def toggle_layer(self) -> None:
        """Show or hide the selected layer."""
        self._layers.toggle_visible()

    def toggle_mask(self) -> None:
        """Switch the selected layer's mask on or off."""
        self._layers.toggle_mask()

    def compute(self) -> None:
        """Compute the matte with the engine in the panel."""
        self.panel.compute()

    def rest_background(self) -> None:
        """Mark everything unmarked as background."""
        self._mattes.mark_rest("background")

    def rest_foreground(self) -> None:
        """Mark everything unmarked as foreground."""
        self._mattes.mark_rest("foreground")

    def rest_unknown(self) -> None:
        """Mark everything unmarked as unknown."""
        self._mattes.mark_rest("unknown")

    def models(self) -> None:
        """The networks, their weights, and import from files."""
        from editor.ui.models_dialog import ModelsDialog

        self._open(ModelsDialog(self._desk, self._models))

    def preferences(self) -> None:
        """The preferences; they take effect at once."""
        from editor.ui.preferences import Preferences

        self._open(Preferences(self._desk, self.follow_preferences))

    def follow_preferences(self) -> None:
        """Let the window look as the preferences say."""
        self._views.wear(self._desk.settings.get("theme", "dark"))
        self._views.follow_preferences()

    def escape(self) -> None:
        """End the gesture under way, or else stop the running job, or else close the newest message."""
        if self._canvas.cancel_gesture():
            return
        running = self._desk.jobs.jobs()
        if running:
            running[0].cancel()
        elif not self._desk.messages.close_newest():
            self._canvas.setFocus()

    def shortcuts(self) -> None:
        """Every key."""
        from editor.ui.lists import ShortcutsList

        self._open(ShortcutsList(self._desk.window, self.actions.all()))

    def plugins(self) -> None:
        """What is installed and what is broken."""
        from editor.ui.lists import PluginsList

        self._open(PluginsList(self._desk.window, self._desk.registry))

    def about(self) -> None:
        """Name, version, licence."""
        from editor.ui.lists import About

        self._open(About(self._desk.window))

    def log(self) -> None:
        """Where the log lies."""
        self._desk.messages.say("The log lies here:", str(log_file()))

    def quit(self) -> None:
        """Close the window; it asks first where something is unsaved."""
        self._desk.window.close()

    def _likely_export(self) -> str:
        return (
            COMPOSITE if self._canvas.view == "background" and len(self._desk.require().state.layers) > 1 else CUT_OUT
        )

    def _open(self, dialog: QDialog) -> None:
        dialog.open()
