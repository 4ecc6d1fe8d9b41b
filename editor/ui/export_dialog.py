"""Export: what is written, where, in which format, and what is lost on the way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QWidget

from editor.api import FileFormat, Param, WriteOptions
from editor.ui import questions
from editor.ui.desk import Desk
from editor.ui.dialog import Dialog
from editor.ui.export_commands import COMPOSITE, CUT_OUT, MATTE, ExportWish, suggested
from editor.ui.fields import Choice, SliderField
from editor.ui.plain_fields import Check

_QUALITY = Param("Quality", 1.0, 100.0, 1.0, "%")
_LOSSY = (".jpg", ".jpeg", ".webp", ".avif")
_EITHER = (".webp", ".avif")
_ENDINGS = {CUT_OUT: "_cutout", COMPOSITE: "_composite", MATTE: "_mask"}
_WHATS = {
    CUT_OUT: "Cut-out, transparent behind it", COMPOSITE: "Picture with its background", MATTE: "Matte in grey",
}  # fmt: skip


class ExportDialog(Dialog):
    """``wished(wish)`` once the primary button is pressed."""

    def __init__(self, desk: Desk, what: str, wished: Callable[[ExportWish], None]) -> None:
        super().__init__(desk.window, "Export", "Export", 520)
        self._desk, self._wished = desk, wished
        form = self.form()
        self.what = Choice(_WHATS, what)
        self.what.name_parts("What to export", "What is written")
        self.what.done.connect(lambda _: self._propose())
        self.row(form, "What", self.what)
        self.path = QLineEdit()
        self.path.setAccessibleName("File to write")
        self.path.setToolTip("Where it is written; the name's ending says in which format")
        self.path.textChanged.connect(lambda _: self._refresh())
        self.row(form, "File", self._file_row())
        suffixes = {fmt.suffixes[0]: fmt.title for fmt in desk.registry.formats.values()}
        self.format = Choice(suffixes, next(iter(suffixes), ".png"))
        self.format.name_parts("File format", "Follows the ending of the file's name")
        self.format.done.connect(self._take_format)
        self.row(form, "Format", self.format)
        self.quality = SliderField(_QUALITY, 92, whole=True)
        self.quality.name_parts("Quality", "Quality of lossy formats\nDouble-click for the default.")
        self.row(form, "Quality", self.quality)
        self._quality_label = form.labelForField(self.quality)
        self.lossless = Check("Lossless", True)
        self.lossless.name_parts("Lossless", "Keep every pixel exactly")
        self.lossless.done.connect(lambda _: self._refresh())
        self.hidden = Check("Keep colour under full transparency", desk.settings.get("keep_hidden_colour", False))
        self.hidden.name_parts(
            self.hidden.text(), "The removed background stays in the file, invisible. Off, it is erased."
        )
        for check in (self.lossless, self.hidden):
            form.addRow(check)
        self.accepted.connect(self._done)
        self._propose()

    def _file_row(self) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        browse = QPushButton("Browse…")
        browse.setAccessibleName("Browse for a file")
        browse.setToolTip("Choose the folder and the name")
        browse.setAutoDefault(False)
        browse.clicked.connect(self._browse)
        row.addWidget(self.path, 1)
        row.addWidget(browse)
        holder.setFocusProxy(self.path)
        return holder

    def _propose(self) -> None:
        """A name that fits what is exported; what can hold transparency is PNG at first."""
        what = self.what.value()
        suffix = self._desk.settings.get(f"export_suffix.{what}", ".png")
        self.path.setText(str(suggested(self._desk, _ENDINGS[what], suffix)))
        self._refresh()

    def _take_format(self, suffix: str) -> None:
        self.path.setText(str(Path(self.path.text()).with_suffix(suffix)))

    def _browse(self) -> None:
        filters = questions.photo_filters(self._desk.registry.formats, project=False)
        chosen = lambda path: self.path.setText(str(path))  # noqa: E731 - one line, used once
        questions.ask_save(self, self._desk.settings, "Export", filters, Path(self.path.text()), chosen)

    def _format(self) -> type[FileFormat] | None:
        suffix = Path(self.path.text()).suffix.lower()
        return next((fmt for fmt in self._desk.registry.formats.values() if suffix in fmt.suffixes), None)

    def _refresh(self) -> None:
        """Show only what has a meaning for this format, and say what it loses."""
        path, fmt = Path(self.path.text()), self._format()
        suffix = path.suffix.lower()
        self.lossless.setVisible(suffix in _EITHER)
        lossy = suffix in _LOSSY and not (suffix in _EITHER and self.lossless.value())
        self.quality.setVisible(lossy)
        if self._quality_label is not None:
            self._quality_label.setVisible(lossy)
        self.hidden.setVisible(self.what.value() != MATTE and fmt is not None and fmt.writes_alpha)
        if fmt is not None:
            self.format.show_value(fmt.suffixes[0])
        replacing = path.is_file()
        self.action.setText("Replace" if replacing else "Export")
        self.action.setEnabled(fmt is not None and not self._forbidden(fmt))
        self.say(" ".join(self._remarks(fmt, path, replacing)))

    def _forbidden(self, fmt: type[FileFormat]) -> bool:
        return self.what.value() == CUT_OUT and not fmt.writes_alpha

    def _remarks(self, fmt: type[FileFormat] | None, path: Path, replacing: bool) -> list[str]:
        """What is lost or in the way, a sentence each."""
        if fmt is None:
            return ["The name needs an ending that says the format, .png for example."]
        remarks = []
        if self._forbidden(fmt):
            remarks.append(
                f"{fmt.title} cannot hold transparency: choose PNG, TIFF or WebP, or the picture with its background."
            )
        state = self._desk.require().state
        if np.dtype(state.dtype) == np.uint16 and not fmt.writes_16_bit:
            remarks.append(f"{fmt.title} holds 8 bits a colour: the 16 bits of this photo are rounded.")
        if replacing:
            remarks.append(f"{path.name} is there already and will be replaced.")
        if replacing and self._desk.origin.photo is not None and path == self._desk.origin.photo:
            remarks.append("It is the photo that you opened!")
        remarks.append("Layers, marks and effects are kept only in the project (Save).")
        return remarks

    def _done(self) -> None:
        path = Path(self.path.text())
        what = self.what.value()
        self._desk.settings.set(f"export_suffix.{what}", path.suffix.lower())
        options = WriteOptions(int(self.quality.value()), self.lossless.value(), self.hidden.value())
        self._wished(ExportWish(what, path, options, overwrite=path.is_file()))
