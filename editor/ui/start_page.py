"""What is seen while no photo is open: a place to drop one, Open, recent photos, the demo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QImage, QImageReader, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from editor.document.archive import open_archive
from editor.errors import UserError
from editor.jobs import JobRunner, Progress
from editor.ui import icons, theme
from editor.ui.panel import quiet
from editor.ui.thumbnails import framed

_THUMB = QSize(156, 104)
_COLUMNS, _MOST = 4, 8
_LOWEST_PX = 128
_THUMBNAIL = "Thumbnails/thumbnail.png"
_THUMBNAIL_LIMIT_BYTES = 4 << 20


class StartPage(QWidget):
    """``open_asked``, ``demo_asked``, ``recent_asked(path)``."""

    open_asked = Signal()
    demo_asked = Signal()
    recent_asked = Signal(str)

    def __init__(self, jobs: JobRunner, recent: Callable[[], list[Path]]) -> None:
        super().__init__()
        self.setObjectName("startPage")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._jobs, self._recent = jobs, recent
        self.thumbs: dict[str, QToolButton] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(32, 16, 32, 16)
        column.addStretch(2)
        column.addWidget(_DropPlace(self._head()), 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(20)
        self._heading = quiet("Recent")
        column.addWidget(self._heading, 0, Qt.AlignmentFlag.AlignHCenter)
        self._grid = QGridLayout()
        self._grid.setSpacing(12)
        middle = QHBoxLayout()
        middle.addStretch(1)
        middle.addLayout(self._grid)
        middle.addStretch(1)
        column.addLayout(middle)
        column.addStretch(3)
        self.refresh()

    def refresh(self) -> None:
        """Show the recent photos that are still there."""
        while self._grid.count():
            widget = self._grid.takeAt(0).widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.thumbs = {}
        paths = self._recent()[:_MOST]
        self._heading.setVisible(bool(paths))
        for index, path in enumerate(paths):
            button = self._thumb(path)
            self.thumbs[str(path)] = button
            self._grid.addWidget(button, index // _COLUMNS, index % _COLUMNS)
        if paths:
            self._load(paths)

    def _head(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(8)
        title = QLabel("Drop a photo here")
        title.setProperty("heading", "large")
        words = quiet("JPEG, PNG, TIFF, WebP, AVIF or a Mattelier project")
        for label in (title, words):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(label)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        self.open = QPushButton("Open…")
        self.open.setProperty("primary", True)
        self.open.setToolTip("Open a photo or a project (Ctrl+O)")
        self.open.clicked.connect(self.open_asked)
        self.demo = QPushButton("Try the demo photo")
        self.demo.setToolTip("A photo that the program draws itself, with fine hair before a busy background")
        self.demo.clicked.connect(self.demo_asked)
        for button in (self.open, self.demo):
            button.setMinimumHeight(32)
            button.setAccessibleName(button.text())
            row.addWidget(button)
        row.addStretch(1)
        column.addSpacing(8)
        column.addLayout(row)
        return column

    def _thumb(self, path: Path) -> QToolButton:
        button = QToolButton()
        button.setIconSize(_THUMB)
        button.setObjectName("thumb")
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setText(self.fontMetrics().elidedText(path.name, Qt.TextElideMode.ElideMiddle, _THUMB.width()))
        button.setToolTip(str(path))
        button.setAccessibleName(f"Open {path.name}")
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.setIcon(icons.icon("image", 24))
        # in a low window the frame above gives way, not the names
        button.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        button.clicked.connect(lambda: self.recent_asked.emit(str(path)))
        return button

    def _load(self, paths: list[Path]) -> None:
        """Read small pictures off the main thread; a file that cannot be read keeps its sign."""

        def work(progress: Progress) -> dict[str, QImage]:
            made = {}
            for index, path in enumerate(paths):
                progress(index / len(paths), path.name)
                image = small_picture(path)
                if not image.isNull():
                    made[str(path)] = image
            return made

        def done(made: dict[str, QImage]) -> None:
            for name, image in made.items():
                if name in self.thumbs:
                    self.thumbs[name].setIcon(QIcon(framed(image, _THUMB)))

        self._jobs.submit("Recent photos", work, done, lambda _: None, key="recent", quiet=True)


class _DropPlace(QWidget):
    """A dashed frame round what it holds."""

    def __init__(self, layout: QVBoxLayout) -> None:
        super().__init__()
        self.setMinimumSize(520, _LOWEST_PX)
        column = QVBoxLayout(self)
        column.setContentsMargins(32, 12, 32, 12)
        column.addStretch(1)
        column.addLayout(layout)
        column.addStretch(1)

    def sizeHint(self) -> QSize:
        """Airy where there is room."""
        return QSize(520, 210)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The frame."""
        look = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(QColor(look.secondary), max(1.5, look.line_px))
        pen.setDashPattern([4, 4])
        painter.setPen(pen)
        painter.setBrush(QColor(look.window))
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 12, 12)
        painter.end()


def small_picture(path: Path) -> QImage:
    """A small picture of a photo or a project; a null image where there is none."""
    if path.suffix.lower() == ".ora":
        try:
            with open_archive(path) as archive:
                return QImage.fromData(archive.read(_THUMBNAIL, _THUMBNAIL_LIMIT_BYTES))
        except UserError:
            return QImage()
    reader = QImageReader(str(path))
    reader.setAutoTransform(True)
    size = reader.size()
    if size.isValid():
        reader.setScaledSize(size.scaled(2 * _THUMB, Qt.AspectRatioMode.KeepAspectRatioByExpanding))
    return reader.read()
