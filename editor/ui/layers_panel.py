"""The Layers panel: the stack, top first, and what can be done to the one that is selected."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QFormLayout, QListWidget, QListWidgetItem, QMenu, QToolButton

from editor.api import Param
from editor.document.document import DocumentState
from editor.document.layer import BLEND_MODES
from editor.ui import icons
from editor.ui.desk import Desk
from editor.ui.fields import Choice, SliderField
from editor.ui.layer_commands import LayerCommands
from editor.ui.layer_row import ROW_HEIGHT_PX, LayerRow
from editor.ui.panel import Panel
from editor.ui.settings_form import form_label
from editor.ui.thumbnails import Thumbnails

_OPACITY = Param("Opacity", 0.0, 100.0, 1.0, "%")
_ID = Qt.ItemDataRole.UserRole


class LayersPanel(Panel):
    """Rows can be dragged; Space hides, F2 renames, Delete removes."""

    def __init__(self, desk: Desk, layers: LayerCommands) -> None:
        super().__init__("layers", "Layers", desk.settings)
        self._desk, self._layers = desk, layers
        self._pictures = Thumbnails(desk.jobs, self.renew, self)
        self._filling = False
        self._add_buttons()
        self._add_list()
        self._add_blending()
        desk.changed.connect(lambda before, after: self._follow(before, after))
        desk.opened.connect(lambda document: self._opened())
        self.renew()

    def _add_buttons(self) -> None:
        self.add = self._tool("plus", "Add a layer", lambda: None)
        menu = QMenu(self.add)
        menu.addAction("Picture from a file…", self._layers.add_picture)
        menu.addAction("Colour", lambda: self._layers.add_colour())
        menu.addAction("Gradient", lambda: self._layers.add_gradient())
        self.add.setMenu(menu)
        self.add.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.up = self._tool("up", "Move the layer up (Ctrl+])", self._layers.move_up)
        self.down = self._tool("down", "Move the layer down (Ctrl+[)", self._layers.move_down)
        self.trash = self._tool("trash", "Delete the layer (Delete)", self._layers.delete)

    def _tool(self, icon: str, tip: str, call: object) -> QToolButton:
        button = QToolButton()
        icons.put(button, icon, 16)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.setToolTip(tip)
        button.setAccessibleName(tip.partition(" (")[0])
        button.clicked.connect(lambda: call())  # type: ignore[operator]
        self.head.addWidget(button)
        return button

    def _add_list(self) -> None:
        self.list = QListWidget()
        self.list.setAccessibleName("Layers, top first")
        self.list.setToolTip("Drag to reorder; Space hides, F2 renames")
        self.list.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setSpacing(1)
        self.list.currentItemChanged.connect(self._selected)
        self.list.model().rowsMoved.connect(lambda *_: QTimer.singleShot(0, self._dropped))
        self.list.installEventFilter(self)
        self.body.addWidget(self.list)

    def _add_blending(self) -> None:
        form = QFormLayout()
        form.setContentsMargins(0, 2, 0, 0)
        form.setHorizontalSpacing(8)
        form.setVerticalSpacing(2)
        self.opacity = SliderField(_OPACITY, 100.0, whole=False)
        self.opacity.name_parts("Opacity of the layer", "Opacity of the selected layer\nDouble-click for the default.")
        self.opacity.changing.connect(lambda value: self._layers.change("Opacity", False, opacity=value / 100))
        self.opacity.done.connect(lambda value: self._layers.change("Opacity", True, opacity=value / 100))
        self.blend = Choice(BLEND_MODES, "normal")
        self.blend.name_parts("Blend mode of the layer", "How the selected layer joins what lies below it")
        self.blend.done.connect(lambda mode: self._layers.change("Blend mode", True, blend=mode))
        form.addRow(form_label("Opacity", self.opacity), self.opacity)
        form.addRow(form_label("Blend", self.blend), self.blend)
        self.body.addLayout(form)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys of the list."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and self._desk.document is not None:
            if event.key() == Qt.Key.Key_Space:
                self._layers.toggle_visible()
                return True
            if event.key() == Qt.Key.Key_F2:
                self._row(self.list.currentRow()).name.begin()
                return True
            if event.key() == Qt.Key.Key_Delete:
                self._layers.delete()
                return True
        return False

    def _opened(self) -> None:
        self._pictures.forget()
        self.renew()

    def _follow(self, before: DocumentState, after: DocumentState) -> None:
        """Renew only where layers changed: a brush stroke on the trimap changes none."""
        if before.layers != after.layers or before.active != after.active:
            self.renew()

    def renew(self) -> None:
        """Show the stack as it is: rows are kept where the order is the same."""
        document = self._desk.document
        state = None if document is None else document.state
        layers = [] if state is None else list(reversed(state.layers))
        self._filling = True
        if [layer.id for layer in layers] != self._ids():
            self._make_rows([layer.id for layer in layers])
        for index, layer in enumerate(layers):
            assert state is not None
            self._row(index).show_layer(layer, self._pictures, layer.id == state.active)
            if layer.id == state.active:
                self.list.setCurrentRow(index)
        self._filling = False
        self._show_active(state)

    def _show_active(self, state: DocumentState | None) -> None:
        for part in (self.add, self.up, self.down, self.trash, self.opacity, self.blend, self.list):
            part.setEnabled(state is not None)
        if state is None:
            return
        layer = state.layer(state.active)
        index = [each.id for each in state.layers].index(layer.id)
        self.up.setEnabled(index < len(state.layers) - 1)
        self.down.setEnabled(index > 0)
        self.trash.setEnabled(layer.id != state.subject)
        self.blend.show_value(layer.blend)
        if not self.opacity.slider.isSliderDown():
            self.opacity.show_value(round(100 * layer.opacity))

    def _make_rows(self, ids: list[str]) -> None:
        self.list.clear()
        for layer_id in ids:
            item = QListWidgetItem()
            item.setData(_ID, layer_id)
            item.setSizeHint(QSize(100, ROW_HEIGHT_PX))
            row = LayerRow()
            row.eye_pressed.connect(lambda layer_id=layer_id: self._layers.toggle_visible(layer_id))
            row.mask_pressed.connect(lambda layer_id=layer_id: self._layers.toggle_mask(layer_id))
            row.renamed.connect(lambda name, layer_id=layer_id: self._layers.rename(layer_id, name))
            self.list.addItem(item)
            self.list.setItemWidget(item, row)
        rows = min(6, max(1, len(ids)))
        self.list.setFixedHeight(rows * (ROW_HEIGHT_PX + 2) + 2)

    def _ids(self) -> list[str]:
        """Layer ids as the rows stand; empty where a dragged row lost its widget."""
        items = [self.list.item(i) for i in range(self.list.count())]
        if any(self.list.itemWidget(item) is None for item in items):
            return []
        return [item.data(_ID) for item in items]

    def _row(self, index: int) -> LayerRow:
        row = self.list.itemWidget(self.list.item(index))
        assert isinstance(row, LayerRow)
        return row

    def _selected(self, item: QListWidgetItem | None) -> None:
        if not self._filling and item is not None:
            self._layers.select(item.data(_ID))

    def _dropped(self) -> None:
        """A row was dragged: give the document the new order of that one layer."""
        document = self._desk.document
        if document is None:
            return
        shown = [self.list.item(i).data(_ID) for i in range(self.list.count())]
        wanted = list(reversed(shown))
        current = [layer.id for layer in document.state.layers]
        moved = self.list.currentItem().data(_ID) if self.list.currentItem() is not None else None
        if sorted(wanted) == sorted(current) and wanted != current and moved is not None:
            self._layers.reorder(moved, wanted.index(moved))
        self.list.clear()
        self.renew()
