"""Asks what is to lie behind the subject: a picture, a colour, a gradient, or the old background out of focus."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QSizePolicy, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from editor.api import Param
from editor.document import backdrop
from editor.document.layer import Gradient, SolidColour
from editor.ui import icons, questions
from editor.ui.desk import Desk
from editor.ui.dialog import Dialog
from editor.ui.fields import SliderField
from editor.ui.panel import quiet
from editor.ui.plain_fields import ColourField
from editor.ui.settings_form import form_label

_ANGLE = Param("Angle", -180.0, 180.0, 1.0, "°")
_KINDS = (
    ("picture", "Picture…", "image"),
    ("colour", "Colour", "colour"),
    ("gradient", "Gradient", "gradient"),
    ("blur", "Blur", "blur"),
)


class NewBackgroundDialog(Dialog):
    """``chosen(choice or path)``, or ``blur()``, once the primary button is pressed."""

    def __init__(self, desk: Desk, chosen: Callable[[backdrop.Choice | Path], None], blur: Callable[[], None]) -> None:
        super().__init__(desk.window, "New background", "Put it under the subject", 420)
        self._desk, self._chosen, self._blur = desk, chosen, blur
        self.kind = "colour"
        self.buttons: dict[str, QToolButton] = {}
        self.body.addLayout(self._kinds())
        self._pages = QStackedWidget()
        self.colour = ColourField((1.0, 1.0, 1.0))
        self.start, self.end = ColourField((0.93, 0.94, 0.96)), ColourField((0.45, 0.50, 0.58))
        self.angle = SliderField(_ANGLE, 90.0, whole=False)
        self._add_pages()
        self.body.addWidget(self._pages)
        self.accepted.connect(self._done)
        self._show("colour")

    def _kinds(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(8)
        group = QButtonGroup(self)
        for column, (name, text, icon) in enumerate(_KINDS):
            button = QToolButton()
            button.setObjectName("choice")
            button.setCheckable(True)
            icons.put(button, icon, 24)
            button.setText(text)
            button.setIconSize(QSize(24, 24))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.setAccessibleName(f"Background: {text}")
            button.setToolTip(text)
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            button.clicked.connect(lambda _=False, name=name: self._press(name))
            group.addButton(button)
            self.buttons[name] = button
            grid.addWidget(button, 0, column)
        return grid

    def _add_pages(self) -> None:
        self.colour.name_parts("Colour of the background", "Colour of the background")
        self.start.name_parts("Colour at the start", "Colour at the start of the gradient")
        self.end.name_parts("Colour at the end", "Colour at the end of the gradient")
        self.angle.name_parts("Angle of the gradient", "0° runs from left to right, 90° from top to bottom")
        self._page((("Colour", self.colour),))
        self._page((("From", self.start), ("To", self.end), ("Angle", self.angle)))
        page = QWidget()
        words = quiet(
            "The photo's own background, filled in behind the subject and out of focus. How much is set afterwards.",
            wrap=True,
        )
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(words)
        column.addStretch(1)
        self._pages.addWidget(page)

    def _page(self, rows: tuple[tuple[str, QWidget], ...]) -> None:
        page = QWidget()
        grid = QGridLayout(page)
        grid.setContentsMargins(0, 0, 0, 0)
        for index, (label, field) in enumerate(rows):
            grid.addWidget(form_label(label, field), index, 0)
            grid.addWidget(field, index, 1)
        grid.setColumnStretch(1, 1)
        grid.setRowStretch(len(rows), 1)
        self._pages.addWidget(page)

    def _press(self, name: str) -> None:
        if name != "picture":
            self._show(name)
            return
        self.buttons[self.kind].setChecked(True)
        filters = questions.photo_filters(self._desk.registry.formats, project=False)
        questions.ask_open(self, self._desk.settings, "Background picture", filters, self._take_picture)

    def _take_picture(self, path: Path) -> None:
        self.kind = "none"
        self.done(self.DialogCode.Rejected)
        self._chosen(path)

    def _show(self, name: str) -> None:
        self.kind = name
        self.buttons[name].setChecked(True)
        self._pages.setCurrentIndex({"colour": 0, "gradient": 1, "blur": 2}[name])

    def _done(self) -> None:
        if self.kind == "colour":
            self._chosen(SolidColour(self.colour.value()))
        elif self.kind == "gradient":
            self._chosen(Gradient(self.start.value(), self.end.value(), float(self.angle.value())))
        elif self.kind == "blur":
            self._blur()
