"""What our dialogs have in common: a form, a line of explanation, and one primary button."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QFormLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from editor.ui.panel import quiet
from editor.ui.settings_form import form_label


class Dialog(QDialog):
    """Modal for its window only, and never blocking: ``open()`` it and listen to ``accepted``."""

    def __init__(self, window: QWidget, title: str, action: str, width_px: int = 440) -> None:
        """``action`` is what the primary button says; empty for a dialog that only shows something."""
        super().__init__(window)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(width_px)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(12)
        self.body = QVBoxLayout()
        self.body.setSpacing(8)
        column.addLayout(self.body, 1)
        self.note = quiet(wrap=True)
        self.note.setVisible(False)
        column.addWidget(self.note)
        self.foot = row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        self.cancel = QPushButton("Cancel" if action else "Close")
        self.cancel.setAccessibleName(self.cancel.text())
        self.cancel.setToolTip(f"{self.cancel.text()} (Esc)")
        self.cancel.clicked.connect(self.reject)
        row.addWidget(self.cancel)
        self.action = QPushButton(action)
        self.action.setProperty("primary", True)
        self.action.setAccessibleName(action)
        self.action.setToolTip(f"{action} (Return)")
        self.action.setDefault(True)
        self.action.clicked.connect(self.accept)
        self.action.setVisible(bool(action))
        row.addWidget(self.action)
        column.addLayout(row)

    def form(self) -> QFormLayout:
        """A new form in the body."""
        form = QFormLayout()
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(6)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self.body.addLayout(form)
        return form

    def row(self, form: QFormLayout, label: str, field: QWidget) -> None:
        """A labelled row."""
        form.addRow(form_label(label, field), field)

    def say(self, text: str) -> None:
        """Explain below the form; nothing hides the line."""
        self.note.setText(text)
        self.note.setVisible(bool(text))
