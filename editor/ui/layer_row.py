"""One row of the Layers panel: eye, thumbnails, name, and what is special about the layer."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QToolButton, QVBoxLayout, QWidget

from editor.document.layer import Gradient, Layer, SolidColour
from editor.ui import icons
from editor.ui.panel import ElidedLabel
from editor.ui.thumbnails import SIZE, Thumbnails

ROW_HEIGHT_PX = 46


class LayerRow(QWidget):
    """Shows a layer; says what was done to it, and lets whoever listens do it."""

    eye_pressed = Signal()
    mask_pressed = Signal()
    renamed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 4, 6, 4)
        row.setSpacing(4)
        self.eye = QToolButton()
        self.eye.clicked.connect(self.eye_pressed)
        self._picture = QLabel()
        self._picture.setFixedSize(SIZE)
        self.mask = QToolButton()
        self.mask.setIconSize(SIZE)
        self.mask.clicked.connect(self.mask_pressed)
        self.name = NameEdit()
        self.name.renamed.connect(self.renamed)
        self._facts = ElidedLabel(11)
        self._facts.setContentsMargins(5, 0, 0, 0)
        words = QVBoxLayout()
        words.setContentsMargins(0, 0, 0, 0)
        words.setSpacing(1)
        words.addWidget(self.name)
        words.addWidget(self._facts)
        for part in (self.eye, self._picture, self.mask):
            row.addWidget(part)
        row.addLayout(words, 1)

    def show_layer(self, layer: Layer, pictures: Thumbnails, selected: bool) -> None:
        """Show a layer as it is now."""
        icons.put(self.eye, "eye" if layer.visible else "eye-off", 16, selected)
        self.eye.setAccessibleName(f"{'Hide' if layer.visible else 'Show'} {layer.name}")
        self.eye.setToolTip("Hide this layer" if layer.visible else "Show this layer")
        picture = pictures.get(layer.id, layer.content)
        self._picture.setPixmap(picture or QPixmap())
        self.mask.setVisible(layer.mask is not None)
        if layer.mask is not None:
            self._show_mask(layer, pictures)
        self.name.show_name(layer.name)
        self._facts.setText(facts(layer))
        self._facts.show_selected(selected)
        self.name.show_selected(selected)

    def _show_mask(self, layer: Layer, pictures: Thumbnails) -> None:
        assert layer.mask is not None
        drawn = pictures.get(f"{layer.id} mask", layer.mask)
        if drawn is None or not layer.mask_on:
            icons.put(self.mask, "mask" if layer.mask_on else "mask-off", 19)
        else:
            self.mask.setProperty("drawing", None)
            self.mask.setIconSize(SIZE)
            self.mask.setIcon(drawn)
        self.mask.setFixedSize(SIZE.width() + 2, SIZE.height() + 2)
        self.mask.setAccessibleName(f"Mask of {layer.name}: {'on' if layer.mask_on else 'off'}")
        self.mask.setToolTip("Switch the mask off" if layer.mask_on else "Switch the mask on")


class NameEdit(QLineEdit):
    """A name that a double-click (or F2) makes editable."""

    renamed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("flat", True)
        self.setReadOnly(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("Name of the layer")
        self.setToolTip("Double-click or F2 to rename")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, False)
        self._shown = ""

    def show_name(self, name: str) -> None:
        """Show the layer's name, unless it is being written anew."""
        self._shown = name
        if self.isReadOnly():
            self.setText(name)
            self.setCursorPosition(0)

    def show_selected(self, selected: bool) -> None:
        """Wear the colour of a selection, or of a row like others."""
        if self.property("selected") != selected:
            self.setProperty("selected", selected)
            self.style().unpolish(self)
            self.style().polish(self)

    def begin(self) -> None:
        """Let the name be written."""
        self.setReadOnly(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocus()
        self.selectAll()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A press selects the layer: the list below sees it."""
        if self.isReadOnly():
            event.ignore()
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Dragging is the list's."""
        if self.isReadOnly():
            event.ignore()
        else:
            super().mouseMoveEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Begin to write."""
        self.begin()

    def event(self, event: QEvent) -> bool:
        """Claim Esc before the window's own use of it."""
        overrides = event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent)
        if overrides and not self.isReadOnly() and event.key() == Qt.Key.Key_Escape:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter takes the name, Esc leaves the old one."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._end(True)
        elif event.key() == Qt.Key.Key_Escape:
            self._end(False)
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Leaving takes the name."""
        super().focusOutEvent(event)
        if not self.isReadOnly():
            self._end(True)

    def _end(self, take: bool) -> None:
        self.setReadOnly(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.deselect()
        written, before = self.text(), self._shown
        if take and written.strip() and written != before:
            self.renamed.emit(written)
        else:
            self.setText(before)


def facts(layer: Layer) -> str:
    """What is special about a layer, in a few words."""
    content = layer.content
    kind = "colour" if isinstance(content, SolidColour) else "gradient" if isinstance(content, Gradient) else "photo"
    words = [f"decontaminated, {100 * layer.decontaminate:.0f} %" if layer.foreground is not None else kind]
    if layer.blend != "normal":
        words.append(layer.blend)
    if layer.opacity < 1.0:
        words.append(f"{100 * layer.opacity:.0f} %")
    if layer.effects:
        words.append("1 effect" if len(layer.effects) == 1 else f"{len(layer.effects)} effects")
    return ", ".join(words)
