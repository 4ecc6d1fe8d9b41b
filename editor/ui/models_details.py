"""One network: what it is good for, what it is, its weights and their licence, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFormLayout, QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from editor.ui.models_commands import Entry
from editor.ui.panel import quiet

_MB = 1e6


class ModelDetails(QScrollArea):
    """``use_asked``, ``import_asked`` and ``remove_asked`` for the network that is shown."""

    use_asked = Signal()
    import_asked = Signal()
    remove_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(10)
        self.title, self.about, self.problem = QLabel(), QLabel(), QLabel()
        self.title.setProperty("heading", "large")
        for label in (self.title, self.about, self.problem):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            column.addWidget(label)
        self._facts = QFormLayout()
        self._facts.setHorizontalSpacing(16)
        self._facts.setVerticalSpacing(6)
        column.addLayout(self._facts)
        column.addLayout(self._buttons())
        column.addStretch(1)
        self.setWidget(page)
        for ground in (self.viewport(), page):
            ground.setAutoFillBackground(False)  # the dialog's own is seen
        self.show_entry(None, "", False)

    def show_entry(self, entry: Entry | None, problem: str, busy: bool) -> None:
        """Show a network; ``problem`` says why it cannot be used, ``busy`` that something is under way."""
        while self._facts.rowCount():
            self._facts.removeRow(0)
        self.title.setText("" if entry is None else entry.row.title)
        self.about.setText("" if entry is None else entry.row.description)
        shown_problem = problem if entry is not None and entry.has_weights else ""
        self.problem.setText(shown_problem)
        self.problem.setVisible(bool(shown_problem))
        if entry is not None:
            for name, value in facts_of(entry):
                self._add_fact(name, value)
        self.use.setVisible(entry is not None and entry.has_weights)
        self.use.setEnabled(not problem and not busy)
        self.take.setVisible(entry is not None)
        self.take.setEnabled(not busy)
        removable = entry is not None and entry.row.weights in ("imported", "damaged")
        self.remove.setVisible(removable)
        self.remove.setEnabled(not busy)

    def facts(self) -> dict[str, str]:
        """What is shown, name and value."""
        found = {}
        for row in range(self._facts.rowCount()):
            label = self._facts.itemAt(row, QFormLayout.ItemRole.LabelRole).widget()
            field = self._facts.itemAt(row, QFormLayout.ItemRole.FieldRole).widget()
            if isinstance(label, QLabel) and isinstance(field, QLabel):
                found[label.text()] = field.text()
        return found

    def _add_fact(self, name: str, value: str) -> None:
        words = QLabel(value)
        words.setTextFormat(Qt.TextFormat.PlainText)
        words.setWordWrap(True)
        words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        words.setAccessibleName(f"{name}: {value}")
        label = quiet(name)
        label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._facts.addRow(label, words)

    def _buttons(self) -> QHBoxLayout:
        self.use = _button("Use it", "Choose this engine in the Matte panel", self.use_asked)
        self.take = _button(
            "Import for this network…", "Import weights for this network from a file", self.import_asked
        )
        self.remove = _button("Remove…", "Delete the imported weights of this network", self.remove_asked)
        row = QHBoxLayout()
        row.setContentsMargins(0, 6, 0, 0)
        row.setSpacing(8)
        for button in (self.use, self.take, self.remove):
            row.addWidget(button)
        row.addStretch(1)
        return row


def facts_of(entry: Entry) -> list[tuple[str, str]]:
    """What is to be known of a network: name and value, the weights first."""
    row = entry.row
    facts = [("Weights", _weights_of(entry))]
    if entry.has_weights:
        facts.append(("Licence", row.licence or "unknown"))
        facts.append(("Made from", row.source))
    facts.append(("Needs", "No marks: it finds the subject by itself" if row.finds_trimap else "Marks (a trimap)"))
    facts.append(("Size", _size_of(entry)))
    facts.append(("Described in", f"The thesis, Table {row.table}, row {row.row}" if row.table else ""))
    if not entry.has_weights and row.accepts:
        facts.append(("Can be imported", "\n".join(row.accepts)))
    facts.append(("Code's licence", row.code_licence))
    if row.note:
        facts.append(("Note", row.note))
    return [(name, value) for name, value in facts if value]


def size_text(size_bytes: int) -> str:
    """A file's size as it is read."""
    return f"{size_bytes / _MB:.1f} MB"


def _weights_of(entry: Entry) -> str:
    row = entry.row
    if row.weights == "none":
        return "None here"
    if row.weights == "damaged":
        return row.fault or "Damaged"
    came = "Come with the program" if row.weights == "own" else f"Imported on {row.imported}"
    return f"{came}, {size_text(row.size_bytes)}"


def _size_of(entry: Entry) -> str:
    row = entry.row
    if row.parameters is not None:
        return f"{row.parameters / 1e6:.2f} million parameters"
    return f"{row.paper_parameters_m:g} million parameters" if row.paper_parameters_m is not None else ""


def _button(text: str, tip: str, signal: object) -> QPushButton:
    button = QPushButton(text)
    button.setAccessibleName(text.removesuffix("…"))
    button.setToolTip(tip)
    button.setAutoDefault(False)
    button.clicked.connect(lambda: signal.emit())  # type: ignore[attr-defined]
    return button
