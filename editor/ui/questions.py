"""What must be asked: paths, and whether to save first. Everything answers through a callback; nothing blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from editor.api import FileFormat
from editor.settings import Settings

PROJECT_SUFFIX = ".ora"
_PROJECT_FILTER = "Mattelier project (*.ora)"


def ask_open(
    window: QWidget, settings: Settings, title: str, filters: list[str], then: Callable[[Path], None],
    folder_key: str = "folder",
) -> QFileDialog:  # fmt: skip
    """Ask for a file that is there; the settings keep its folder under ``folder_key``."""
    dialog = QFileDialog(window, title, settings.get(folder_key, ""))
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setNameFilters(filters)
    return _show(dialog, settings, then, folder_key)


def ask_save(
    window: QWidget, settings: Settings, title: str, filters: list[str], suggestion: Path, then: Callable[[Path], None]
) -> QFileDialog:
    """Ask where to write; the dialog itself asks before an existing file is taken."""
    dialog = QFileDialog(window, title, str(suggestion.parent))
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setNameFilters(filters)
    dialog.setDefaultSuffix(suggestion.suffix.removeprefix("."))
    dialog.selectFile(suggestion.name)
    return _show(dialog, settings, then)


def ask_save_first(window: QWidget, title: str, save: Callable[[], None], discard: Callable[[], None]) -> QMessageBox:
    """Ask whether changes are to be saved; Cancel and Esc do nothing."""
    box = QMessageBox(window)
    box.setIcon(QMessageBox.Icon.NoIcon)
    box.setWindowTitle("Save first?")
    box.setText(f"“{title}” has changes that are not saved.")
    box.setInformativeText("Without saving they are lost.")
    buttons = QMessageBox.StandardButton
    box.setStandardButtons(buttons.Save | buttons.Discard | buttons.Cancel)
    box.setDefaultButton(buttons.Save)
    box.button(buttons.Save).setProperty("primary", True)
    answers = {buttons.Save: save, buttons.Discard: discard}

    def answered(code: int) -> None:
        box.deleteLater()
        answer = answers.get(buttons(code))
        if answer is not None:
            answer()

    box.finished.connect(answered)
    box.open()
    return box


def ask_replace(window: QWidget, path: Path, then: Callable[[], None]) -> QMessageBox:
    """Ask whether a file that is there may be replaced; anything but Replace does nothing."""
    text = f"“{path.name}” is there already."
    return ask_before(window, "Replace", text, "Replacing it cannot be undone.", then, title="Replace it?")


def ask_before(
    window: QWidget, verb: str, text: str, consequence: str, then: Callable[[], None], *, title: str
) -> QMessageBox:
    """Ask before something that cannot be undone; ``then`` is called for the button ``verb`` alone."""
    box = QMessageBox(window)
    box.setIcon(QMessageBox.Icon.NoIcon)
    box.setWindowTitle(title)
    box.setText(text)
    box.setInformativeText(consequence)
    button = box.addButton(verb, QMessageBox.ButtonRole.AcceptRole)
    box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
    button.clicked.connect(then)
    box.finished.connect(lambda _: box.deleteLater())
    box.open()
    return box


def photo_filters(formats: Mapping[str, type[FileFormat]], project: bool = True) -> list[str]:
    """Name filters: all that can be opened, then each format by itself."""
    suffixes = [suffix for fmt in formats.values() for suffix in fmt.suffixes]
    every = [*suffixes, PROJECT_SUFFIX] if project else suffixes
    filters = [f"Photos{' and projects' if project else ''} ({_stars(every)})"]
    filters += [_PROJECT_FILTER] if project else []
    return filters + [f"{fmt.title} ({_stars(fmt.suffixes)})" for fmt in formats.values()] + ["All files (*)"]


def project_filters() -> list[str]:
    """The one filter for saving."""
    return [_PROJECT_FILTER]


def _stars(suffixes: list[str] | tuple[str, ...]) -> str:
    """Both cases, since some systems tell them apart."""
    return " ".join(f"*{suffix} *{suffix.upper()}" for suffix in suffixes)


def _show(
    dialog: QFileDialog, settings: Settings, then: Callable[[Path], None], folder_key: str = "folder"
) -> QFileDialog:
    def chosen(text: str) -> None:
        settings.set(folder_key, str(Path(text).parent))
        then(Path(text))

    dialog.fileSelected.connect(chosen)
    dialog.finished.connect(lambda _: dialog.deleteLater())
    dialog.open()
    return dialog
