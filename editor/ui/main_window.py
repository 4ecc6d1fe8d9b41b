"""The window: puts its parts together and lets each follow the document. What they do stands in their own files."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMainWindow,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from editor.document.document import Document
from editor.jobs import Job, JobRunner
from editor.plugin_loader import Registry
from editor.settings import Settings
from editor.ui import icons
from editor.ui.actions import VIEW_KEYS, Actions
from editor.ui.backdrop_commands import BackdropCommands
from editor.ui.canvas import Canvas
from editor.ui.conditions import conditions
from editor.ui.desk import Desk
from editor.ui.edit_commands import EditCommands
from editor.ui.export_commands import ExportCommands
from editor.ui.file_commands import FileCommands
from editor.ui.layer_commands import LayerCommands
from editor.ui.layer_settings_panel import LayerSettingsPanel
from editor.ui.layers_panel import LayersPanel
from editor.ui.live_edit import LiveEdit
from editor.ui.matte_commands import MatteCommands
from editor.ui.matte_panel import MattePanel
from editor.ui.menu_head import menu_bar
from editor.ui.messages import Messages
from editor.ui.models_commands import ModelsCommands
from editor.ui.monitor_colours import MonitorColours
from editor.ui.portrait_commands import FIND, RECTANGLE, PortraitCommands
from editor.ui.recent_menu import RecentMenu
from editor.ui.right_column import RightColumn
from editor.ui.session import Session
from editor.ui.start_page import StartPage
from editor.ui.status_bar import StatusBar
from editor.ui.tool_box import ToolBox
from editor.ui.tool_column import ToolColumn, in_order
from editor.ui.tool_options import ToolOptions
from editor.ui.view_commands import ViewCommands
from editor.ui.view_strip import ViewStrip
from editor.ui.window_commands import WindowCommands

SHUTDOWN_S = 10.0


class Window(QMainWindow):
    """One photo at a time."""

    def __init__(self, settings: Settings, registry: Registry, jobs: JobRunner) -> None:
        super().__init__()
        self.setWindowIcon(icons.app_icon())
        self.setAcceptDrops(True)
        self.setMinimumSize(960, 600)
        self.messages = Messages()
        self.desk = Desk(self, settings, registry, jobs, self.messages)
        self.canvas = Canvas(registry.effects, settings, jobs)
        self.monitor = MonitorColours(self.desk, self.canvas)
        self._make_commands()
        self.desk.busy = lambda: self.canvas.gesturing or self.live.active
        self.tool_box = ToolBox(self.desk, self.canvas, self.mattes)
        self._make_parts()
        self._lay_out()
        self._make_actions()
        self._connect()
        self._leaving = self._hurried = False
        self._closing_after: list[Job] = []
        self.tool_box.choose(settings.get("tool", "") or next((tool.name for tool in in_order(registry.tools)), ""))
        self.views.follow_preferences()
        self._show_document(None)

    def _make_commands(self) -> None:
        desk, canvas = self.desk, self.canvas
        self.live = LiveEdit(desk)
        self.files, self.exports = FileCommands(desk), ExportCommands(desk)
        self.mattes, self.layers = MatteCommands(desk), LayerCommands(desk, self.live)
        self.models = ModelsCommands(desk)
        self.portraits = PortraitCommands(desk, self.mattes, self.models)
        self.edits = EditCommands(desk, canvas, self.live, self.files, self.layers)
        self.views = ViewCommands(self, canvas, desk.settings, self.monitor)
        self.backdrops = BackdropCommands(desk, canvas.set_view)
        self.session = Session(desk, self.files)
        self.verbs = WindowCommands(
            desk, canvas, self.views, self.mattes, self.layers, self.exports, self.backdrops, self.models
        )

    def _make_parts(self) -> None:
        desk = self.desk
        self.options = ToolOptions()
        self.column = ToolColumn(desk.registry.tools)
        self.start_page = StartPage(desk.jobs, self.files.recent)
        self.strip = ViewStrip(self.canvas, VIEW_KEYS)
        self.matte_panel = MattePanel(desk, self.mattes, self.layers, self.models, self.portraits)
        self.layers_panel = LayersPanel(desk, self.layers)
        self.layer_panel = LayerSettingsPanel(desk, self.layers)
        self.status = StatusBar(desk.jobs)
        self.verbs.panel = self.matte_panel

    def _lay_out(self) -> None:
        self.stack = QStackedWidget()
        self.stack.addWidget(self.start_page)
        self.stack.addWidget(self.canvas)
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addWidget(self.column)
        middle.addWidget(self.stack, 1)
        self.right = RightColumn((self.matte_panel, self.layers_panel, self.layer_panel))
        middle.addWidget(self.right)
        whole = QWidget()
        rows = QVBoxLayout(whole)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self.options)
        rows.addWidget(self.messages)
        rows.addLayout(middle, 1)
        self.setCentralWidget(whole)
        self.setStatusBar(self.status)
        self.views.panels = [self.options, self.column, self.right]

    def _make_actions(self) -> None:
        owners = {
            "files": self.files, "edits": self.edits, "views": self.views, "exports": self.exports,
            "mattes": self.mattes, "layers": self.layers, "window": self.verbs, "portraits": self.portraits,
        }  # fmt: skip
        self.actions_table = Actions(self, menu_bar(self), owners, conditions(self.desk, self.mattes))
        self.actions_table.add_views(self.views.show)
        self.actions_table.add_tools(self.desk.registry.tools, self.tool_box.choose)
        effects = {effect.name: effect.title for effect in self.desk.registry.effects.values()}
        self.actions_table.add_effects(effects, self.layers.add_effect)
        self.verbs.actions = self.actions_table
        self.recent = RecentMenu(self.files)
        self.recent.put_after(self.actions_table.menus["File"], self.actions_table.by_verb["files.open"])

    def _connect(self) -> None:
        desk, canvas = self.desk, self.canvas
        desk.opened.connect(self._show_document)
        desk.titled.connect(self._show_title)
        desk.written.connect(self._written)
        desk.jobs.changed.connect(self.actions_table.refresh)
        self.mattes.computed.connect(self.views.show_cut_out)
        self.portraits.found.connect(self.views.show_trimap)
        self.portraits.known.connect(self.tool_box.show_people)
        self.portraits.tool_asked.connect(self._take_tool)
        self.tool_box.pointed.connect(self.portraits.point)
        self.views.restyled.connect(self.layers_panel.renew)
        self.views.restyled.connect(self.start_page.refresh)
        self.layers.added.connect(self.views.show_background)
        self.models.asked.connect(self.verbs.models)
        self.tool_box.chosen.connect(self._show_tool)
        self.column.chosen.connect(self.tool_box.choose)
        self.options.edited.connect(canvas.renew_marks)
        self.strip.chosen.connect(canvas.set_view)
        self.start_page.open_asked.connect(self.files.open)
        self.start_page.demo_asked.connect(self.files.open_demo)
        self.start_page.recent_asked.connect(lambda path: self.files.open_path(Path(path)))
        canvas.tool_changed.connect(self.options.refresh)
        canvas.tool_error.connect(self.messages.show_error)
        canvas.files_dropped.connect(lambda paths: self.drop([Path(path) for path in paths]))
        canvas.view_changed.connect(self.strip.show_chosen)
        canvas.zoom_changed.connect(self.status.show_zoom)
        canvas.pointer_moved.connect(self.status.show_pointer)
        canvas.pointer_left.connect(self.status.hide_pointer)
        canvas.colour_note_changed.connect(lambda note: note and self.messages.say(note))
        canvas.colour_note_changed.connect(self.status.show_note)
        self.monitor.changed.connect(self.status.show_monitor)

    def drop(self, paths: list[Path]) -> None:
        """Open the first of some dropped files."""
        if paths:
            self.files.open_path(paths[0])

    def _show_document(self, document: Document | None) -> None:
        self.canvas.set_document(document)
        self.stack.setCurrentWidget(self.start_page if document is None else self.canvas)
        self.status.show_photo(None if document is None else document.state)
        self.strip.show_chosen(self.canvas.view)
        if document is not None:
            self.status.show_zoom(self.canvas.zoom)
        self.views.show_panels(document is not None)
        if document is None:
            self.start_page.refresh()
        else:
            self.canvas.setFocus()
        self._show_title()

    def _show_title(self) -> None:
        title = self.desk.origin.title
        self.setWindowTitle(f"{title}[*] - Mattelier" if title else "Mattelier")
        self.setWindowModified(not self.desk.saved)
        history = None if self.desk.document is None else self.desk.document.history
        labels = (None, None) if history is None else (history.undo_label, history.redo_label)
        for verb, word, label in zip(("edits.undo", "edits.redo"), ("&Undo", "&Redo"), labels, strict=True):
            self.actions_table.by_verb[verb].setText(f"{word} {label[0].lower()}{label[1:]}" if label else word)
        self.actions_table.refresh()

    def _take_tool(self, name: str) -> None:
        """What a message offers: a tool in hand, the rectangle to find the subject in, where marks are seen."""
        settings = {"action": FIND} if name == RECTANGLE else {}
        self.tool_box.take(name, **settings)
        self.views.show_trimap()

    def _show_tool(self, tool: object) -> None:
        self.options.show_tool(self.tool_box.active)
        if self.tool_box.active is not None:
            self.column.show_chosen(self.tool_box.active.name)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files may be dropped anywhere."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        self.drop([Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()])

    def closeEvent(self, event: QCloseEvent) -> None:
        """Wait for files being written and ask where something is unsaved; then stop what runs, keep the settings."""
        if self.desk.writing() and not self._hurried:
            event.ignore()
            self._close_when_written()
            return
        if not self._leaving and not self.desk.saved:
            event.ignore()
            self.files.leave(self._leave)
            return
        self._say_goodbye()
        event.accept()

    def _close_when_written(self) -> None:
        self._closing_after = self.desk.writing()
        names = ", ".join(job.name for job in self._closing_after)
        self.messages.say(
            f"Not done yet: {names}.", "The window closes as soon as it is.", [("Close now", self._hurry)]
        )

    def _written(self, job: Job, well: bool) -> None:
        """Close now, if that was all the window waited for; what failed is to be read first."""
        if job not in self._closing_after:
            return
        self._closing_after = [each for each in self._closing_after if each is not job] if well else []
        if well and not self._closing_after:
            self.close()

    def _hurry(self) -> None:
        self._hurried = True
        self.close()
        self._hurried = False

    def _leave(self) -> None:
        self._leaving = True
        self.close()

    def _say_goodbye(self) -> None:
        self.desk.clear()
        self.session.close()
        self.desk.jobs.shutdown(SHUTDOWN_S)
        self.tool_box.remember()
        self.files.save_settings()
