"""Models: the networks, the weights that are here, and import from a file. Nothing here holds up the window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from editor.api import ModelRow, UserError
from editor.jobs import Job
from editor.ui import questions
from editor.ui.desk import Desk
from editor.ui.dialog import Dialog
from editor.ui.messages import Messages
from editor.ui.models_commands import Entry, Finding, ModelsCommands
from editor.ui.models_details import ModelDetails
from editor.ui.models_licence_page import LicencePage
from editor.ui.models_tree import ModelsTree
from editor.ui.panel import ElidedLabel

FILTERS = ["Weights (*.pth *.pt *.ckpt *.bin *.tar *.safetensors)", "All files (*)"]
FOLDER_KEY = "models_folder"
_LIST_PX = 350
_AS_A_COMMAND = "--network"


class ModelsDialog(Dialog):
    """Two pages: the list with its details, and, for a file that was examined, its licence."""

    def __init__(self, desk: Desk, models: ModelsCommands) -> None:
        super().__init__(desk.window, "Models", "Add", 920)
        self._desk, self._models = desk, models
        self._job: Job | None = None
        self._finding: Finding | None = None
        self._closed = False
        self.messages = Messages()
        self.body.addWidget(self.messages)
        self.pages = QStackedWidget()
        self.tree, self.details, self.licence = ModelsTree(), ModelDetails(), LicencePage()
        self.pages.addWidget(self._list_page())
        self.pages.addWidget(self.licence)
        self.body.addWidget(self.pages, 1)
        self._fill_foot()
        self._connect()
        self.resize(920, 560)
        self.tree.setFocus()
        self.renew()

    def renew(self, name: str = "") -> None:
        """Read the list anew; the network called ``name`` is selected then."""

        def done(entries: tuple[Entry, ...]) -> None:
            self.tree.show_entries(entries, name)
            self.tree.filter(self.search.text())

        self._models.fetch(self._while_open(done), self._while_open(self._failed))

    def import_file(self, file: Path, entry: Entry | None = None) -> None:
        """Examine a file; its licence is shown then, and nothing is added before that is agreed to."""
        self.messages.clear()
        self._follow(self._models.examine(file, entry, self._while_open(self._found), self._while_open(self._failed)))

    def reject(self) -> None:
        """Esc goes back a page, stops what runs, or closes, whichever is there to be done."""
        if self._job is not None:
            self.cancel_job()
        else:
            self._leave()

    def accept(self) -> None:
        """Take the weights over on the licence's page; close on the other."""
        if self.pages.currentWidget() is self.licence:
            self._add()
        else:
            super().accept()

    def done(self, code: int) -> None:
        """Closing leaves nothing running."""
        self._closed = True
        self._stop_listening()
        if self._job is not None:
            self._job.cancel()
        super().done(code)

    def cancel_job(self) -> None:
        """Stop what runs; nothing has changed then."""
        if self._job is not None:
            self._job.cancel()
            self._ended()

    def _list_page(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        middle = QHBoxLayout()
        middle.setSpacing(20)
        left = QVBoxLayout()
        left.setSpacing(8)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Filter")
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName("Filter the networks")
        self.search.setToolTip("Type a part of a name, a table or a word")
        left.addWidget(self.search)
        left.addWidget(self.tree, 1)
        holder = QWidget()
        holder.setLayout(left)
        left.setContentsMargins(0, 0, 0, 0)
        holder.setFixedWidth(_LIST_PX)
        middle.addWidget(holder)
        middle.addWidget(self.details, 1)
        column.addLayout(middle, 1)
        return page

    def _fill_foot(self) -> None:
        """Import, and how far it is, to the left of Close."""
        self.take = QPushButton("Import from file…")
        self.take.setProperty("primary", True)
        self.take.setAccessibleName("Import weights from a file")
        self.take.setToolTip("Find out which network a file of weights is for, and add it")
        self.take.setAutoDefault(False)
        self.words = ElidedLabel()
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setFixedWidth(140)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress")
        self.stop = QPushButton("Stop")
        self.stop.setAccessibleName("Stop importing")
        self.stop.setToolTip("Stop; nothing is changed (Esc)")
        self.stop.setAutoDefault(False)
        for place, part in enumerate((self.take, self.words, self.bar, self.stop)):
            self.foot.insertWidget(place, part)
        self.foot.setStretchFactor(self.words, 1000)

    def _connect(self) -> None:
        self._stop_listening = self._desk.jobs.changed.connect(self._show_job)
        self.search.textChanged.connect(self.tree.filter)
        self.tree.selected.connect(lambda _: self._show_details())
        self.take.clicked.connect(lambda: self._ask_file(None))
        self.stop.clicked.connect(self.cancel_job)
        self.details.import_asked.connect(lambda: self._ask_file(self.tree.entry()))
        self.details.remove_asked.connect(self._ask_remove)
        self.details.use_asked.connect(self._use)
        self.licence.agreed.connect(self.action.setEnabled)
        self.cancel.clicked.disconnect()
        self.cancel.clicked.connect(self._leave)
        self.action.setToolTip("Add these weights to this computer's networks (Return)")
        self._turn_to(0)

    def _show_details(self) -> None:
        entry = self.tree.entry()
        problem = "" if entry is None else self._models.problem(entry.row.name)
        self.details.show_entry(entry, problem, self._job is not None)

    def _ask_file(self, entry: Entry | None) -> None:
        title = "Import weights" if entry is None else f"Import weights for {entry.row.title}"
        questions.ask_open(
            self, self._desk.settings, title, FILTERS, lambda path: self.import_file(path, entry), FOLDER_KEY
        )

    def _found(self, finding: Finding) -> None:
        self._ended()
        self._finding = finding
        self._turn_to(1)
        self.licence.show_weights(finding.weights)

    def _add(self) -> None:
        finding, self._finding = self._finding, None
        self._turn_to(0)
        if finding is not None:
            self._follow(self._models.add(finding, self._while_open(self._added), self._while_open(self._failed)))

    def _added(self, row: ModelRow) -> None:
        self._ended()
        self.renew(row.name)
        problem = self._models.problem(row.name)
        self.messages.say(f"{row.title} is here.", problem or "Choose it in the Matte panel, or press Use it.")

    def _ask_remove(self) -> None:
        entry = self.tree.entry()
        if entry is None:
            return
        text = f"Remove the weights of {entry.row.title}?"
        consequence = "They are deleted from this computer. The file they came from stays."
        questions.ask_before(
            self, "Remove", text, consequence, lambda: self._remove(entry), title="Remove the weights?"
        )

    def _remove(self, entry: Entry) -> None:
        def removed() -> None:
            self._ended()
            self.renew()

        self.messages.clear()
        self._follow(self._models.remove(entry, self._while_open(removed), self._while_open(self._failed)))

    def _use(self) -> None:
        entry = self.tree.entry()
        if entry is not None:
            self._models.chosen.emit(entry.row.name)
            self.accept()

    def _back(self) -> None:
        self._finding = None
        self._turn_to(0)
        self.tree.setFocus()

    def _leave(self) -> None:
        """What Close does, and Back in its place; closing stops what runs."""
        if self.pages.currentWidget() is self.licence:
            self._back()
        else:
            super().reject()

    def _turn_to(self, page: int) -> None:
        """Show a page with the buttons that belong to it."""
        self.pages.setCurrentIndex(page)
        word = "Back" if page else "Close"
        self.cancel.setText(word)
        self.cancel.setAccessibleName(word)
        self.cancel.setToolTip("Back to the list; nothing is changed (Esc)" if page else "Close (Esc)")
        self.action.setVisible(bool(page))
        self.action.setEnabled(False)
        self.take.setVisible(not page)
        self._show_job()

    def _failed(self, error: BaseException) -> None:
        self._ended()
        if isinstance(error, UserError) and _AS_A_COMMAND in error.hint:
            error = UserError(
                error.message, "Select one of them under All networks and choose “Import for this network…”."
            )
        self.messages.show_error(error)

    def _follow(self, job: Job) -> None:
        self._job = job
        self._show_job()
        self._show_details()

    def _ended(self) -> None:
        self._job = None
        self._show_job()
        self._show_details()

    def _show_job(self) -> None:
        job = self._job
        self.take.setEnabled(job is None)
        for part in (self.bar, self.stop):
            part.setVisible(job is not None)
        self.words.setText("" if job is None else job.text or job.name)
        self.bar.setValue(0 if job is None else round(1000 * job.fraction))

    def _while_open(self, call: Callable) -> Callable:
        """``call``, but for a dialog that has been closed meanwhile nothing."""

        def arrive(*results: object) -> None:
            if not self._closed:
                call(*results)

        return arrive
