"""What a file of weights turned out to be, and the licence that must be agreed to before it is taken over."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from editor.api import FoundWeights
from editor.ui.models_details import size_text
from editor.ui.panel import quiet
from editor.ui.plain_fields import Check

RESEARCH = "They may be used for research only: not for paid work, nor may what is made with them."
UNKNOWN = "Nobody has said what they may be used for. Ask where you got them."


class LicencePage(QWidget):
    """``agreed(bool)`` when the user ticks the box, or unticks it."""

    agreed = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        self.title, self.licence, self.meaning = QLabel(), QLabel(), QLabel()
        self.facts, self.replacing = quiet(wrap=True), QLabel()
        self.title.setProperty("heading", "large")
        self.licence.setProperty("heading", True)
        heading = quiet("Licence of these weights")
        for label in (self.title, self.facts, heading, self.licence, self.meaning, self.replacing):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            column.addWidget(label)
            if label is self.facts:
                column.addSpacing(8)
        column.addSpacing(4)
        self.box = Check("I have read this and will keep to it", False)
        self.box.name_parts(self.box.text(), "Weights are added only after this")
        self.box.toggled.connect(self.agreed.emit)
        column.addWidget(self.box)
        column.addStretch(1)

    def show_weights(self, found: FoundWeights) -> None:
        """Say what was found; the box is empty again."""
        self.title.setText(found.title)
        size = f"{found.parameters:,} parameters, {size_text(found.size_bytes)}"
        self.facts.setText(f"{found.file.name}: {found.layout}, {size}.")
        self.licence.setText(found.licence[:1].upper() + found.licence[1:])
        meaning = RESEARCH if found.research_only else UNKNOWN if found.licence == "unknown" else ""
        self.meaning.setText(meaning)
        self.meaning.setVisible(bool(meaning))
        self.replacing.setText(f"They take the place of the weights that {found.title} has now.")
        self.replacing.setVisible(found.replaces)
        self.box.setChecked(False)
        self.box.setFocus()
