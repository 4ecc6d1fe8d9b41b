"""A part of the right column: a heading that folds what is below it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from editor.settings import Settings
from editor.ui import icons, theme


class Panel(QWidget):
    """``body`` is the layout for what the panel holds; ``head`` takes buttons to the right of the title."""

    def __init__(self, name: str, title: str, settings: Settings) -> None:
        """``name`` is what the fold is remembered under."""
        super().__init__()
        self._name, self._settings = name, settings
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 8, 14, 12)
        column.setSpacing(4)
        self.head = QHBoxLayout()
        self.head.setSpacing(2)
        self.title = QPushButton(title)
        self.title.setObjectName("panelTitle")
        self.title.setProperty("quiet", True)
        self.title.setAccessibleName(f"{title} panel")
        self.title.setToolTip(f"Fold or unfold {title}")
        self.title.clicked.connect(lambda: self.fold(not self.folded))
        self.head.addWidget(self.title)
        self.head.addStretch(1)
        column.addLayout(self.head)
        self._content = QWidget()
        self.body = QVBoxLayout(self._content)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(6)
        column.addWidget(self._content)
        self.folded = False
        self.fold(settings.get(f"folded.{name}", False))

    def fold(self, folded: bool) -> None:
        """Hide or show what is below the heading."""
        self.folded = folded
        self._content.setVisible(not folded)
        icons.put(self.title, "chevron-right" if folded else "chevron-down", 14)
        self._settings.set(f"folded.{self._name}", folded)

    def set_title(self, title: str) -> None:
        """Another heading."""
        self.title.setText(title)


class ElidedLabel(QLabel):
    """A quiet line that ends in dots where there is no room for all of it; its tip holds the whole."""

    def __init__(self, size_px: int = theme.PANEL_TEXT_PX) -> None:
        super().__init__()
        self._size_px, self._selected = size_px, False
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_selected(self, selected: bool) -> None:
        """Wear the colour of a selection, or of a row like others."""
        self._selected = selected
        self.update()

    def setText(self, text: str) -> None:
        """Show a text, and the whole of it as the tip."""
        super().setText(text)
        self.setToolTip(text)

    def paintEvent(self, event: QPaintEvent) -> None:
        """As much as fits."""
        painter = QPainter(self)
        area = self.contentsRect()
        look = theme.current()
        font = self.font()
        font.setPixelSize(self._size_px)
        painter.setFont(font)
        painter.setPen(QColor(look.selected_secondary if self._selected else look.secondary))
        shown = painter.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), shown)
        painter.end()


def line(name: str = "panelLine") -> QFrame:
    """A thin line between two panels."""
    drawn = QFrame()
    drawn.setObjectName(name)
    drawn.setFrameShape(QFrame.Shape.NoFrame)
    return drawn


def quiet(text: str = "", wrap: bool = False) -> QLabel:
    """A label in the secondary colour."""
    label = QLabel(text)
    label.setProperty("quiet", True)
    label.setWordWrap(wrap)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label
