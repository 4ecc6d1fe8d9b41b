"""The list of networks: those that are ready, the few that matter, and, folded, all of them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QTreeWidget, QTreeWidgetItem

from editor.ui.models_commands import Entry

READY, IMPORTABLE, ALL = "Ready to use", "Can be imported", "All networks"
EMPTY = "No weights yet: import a file."
_ENTRY = Qt.ItemDataRole.UserRole


class ModelsTree(QTreeWidget):
    """``selected(entry or None)`` when another network is selected."""

    selected = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setHeaderHidden(True)
        self.setRootIsDecorated(True)
        self.setIndentation(14)
        self.setUniformRowHeights(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setAccessibleName("Networks")
        self.setToolTip("The networks that compute mattes, by what is here")
        self._groups: dict[str, QTreeWidgetItem] = {}
        self.currentItemChanged.connect(lambda *_: self.selected.emit(self.entry()))

    def entry(self) -> Entry | None:
        """The network that is selected."""
        item = self.currentItem()
        return None if item is None else item.data(0, _ENTRY)

    def show_entries(self, entries: Sequence[Entry], name: str = "") -> None:
        """Show these, and select the network called ``name``, else the one selected before, else the first."""
        before = self.entry()
        name = name or (before.row.name if before is not None else "")
        unfolded = ALL in self._groups and self._groups[ALL].isExpanded()
        blocked = self.blockSignals(True)
        self.clear()
        shelved = {
            READY: [entry for entry in entries if entry.has_weights],
            IMPORTABLE: [entry for entry in entries if entry.row.foremost and not entry.has_weights],
            ALL: list(entries),
        }
        self._groups = {title: self._add_group(title, members) for title, members in shelved.items() if members}
        if not shelved[READY]:
            self._groups[READY] = self._add_hint()
        if ALL in self._groups:
            self._groups[ALL].setExpanded(unfolded)
        self.setCurrentItem(self._find(name))
        self.blockSignals(blocked)
        self.selected.emit(self.entry())

    def filter(self, words: str) -> None:
        """Show only the networks in which every word occurs; all of them are looked through."""
        wanted = words.lower().split()
        for group in self._groups.values():
            kept = 0
            for index in range(group.childCount()):
                item = group.child(index)
                fits = all(word in _haystack(item) for word in wanted)
                item.setHidden(not fits)
                kept += fits
            group.setHidden(bool(wanted) and not kept)
        current = self.currentItem()
        if ALL in self._groups:
            group = self._groups[ALL]
            group.setExpanded(bool(wanted) or (current is not None and current.parent() is group))
        if wanted and (current is None or current.isHidden()):
            self.setCurrentItem(next((item for item in self._items() if not item.isHidden()), None))

    def shown(self) -> list[str]:
        """The titles that can be seen, for a filter, in order; each network once."""
        seen = [item.text(0) for item in self._items() if not item.isHidden() and item.parent().isExpanded()]
        return list(dict.fromkeys(seen))

    def _add_group(self, title: str, members: Sequence[Entry]) -> QTreeWidgetItem:
        count = f" ({len(members)})" if title == ALL else ""
        group = self._heading(f"{title}{count}")
        for entry in members:
            item = QTreeWidgetItem([entry.row.title])
            item.setData(0, _ENTRY, entry)
            item.setToolTip(0, f"{entry.row.title}\n{entry.row.description}")
            group.addChild(item)
        group.setExpanded(title != ALL)
        return group

    def _add_hint(self) -> QTreeWidgetItem:
        group = self._heading(READY, 0)
        hint = QTreeWidgetItem([EMPTY])
        hint.setFlags(Qt.ItemFlag.NoItemFlags)
        group.addChild(hint)
        group.setExpanded(True)
        return group

    def _heading(self, text: str, place: int | None = None) -> QTreeWidgetItem:
        heading = QTreeWidgetItem([text])
        heading.setFlags(Qt.ItemFlag.ItemIsEnabled)
        font = self.font()
        font.setWeight(font.Weight.DemiBold)
        heading.setFont(0, font)
        self.insertTopLevelItem(self.topLevelItemCount() if place is None else place, heading)
        return heading

    def _items(self) -> list[QTreeWidgetItem]:
        """The networks' items, group by group."""
        groups = [self.topLevelItem(index) for index in range(self.topLevelItemCount())]
        children = [group.child(index) for group in groups for index in range(group.childCount())]
        return [child for child in children if child.data(0, _ENTRY) is not None]

    def _find(self, name: str) -> QTreeWidgetItem | None:
        items = self._items()
        return next((item for item in items if item.data(0, _ENTRY).row.name == name), items[0] if items else None)


def _haystack(item: QTreeWidgetItem) -> str:
    entry = item.data(0, _ENTRY)
    if entry is None:
        return ""
    row = entry.row
    return f"{row.title} {row.name} {row.family} {row.description} table {row.table} {row.row}".lower()
