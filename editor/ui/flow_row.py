"""A layout that fills rows from the left and begins another where one is full."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget


class FlowRow(QLayout):
    """Items keep their preferred width and are centred in rows of one height."""

    def __init__(self, parent: QWidget, row_px: int, gap_px: int = 8) -> None:
        super().__init__(parent)
        self._row_px, self._gap_px = row_px, gap_px
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(0, 0, 0, 0)

    def addItem(self, item: QLayoutItem) -> None:
        """Qt hands over what ``addWidget`` was given."""
        self._items.append(item)

    def count(self) -> int:
        """How many items there are."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        """An item, or None beyond the last."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        """Take an item out."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        """It takes what it needs and no more."""
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        """Narrow means high."""
        return True

    def heightForWidth(self, width: int) -> int:
        """The height of the rows that a width makes necessary."""
        return self._lay(QRect(0, 0, width, 0), move=False)

    def sizeHint(self) -> QSize:
        """All in one row."""
        width = sum(item.sizeHint().width() + self._gap_px for item in self._items)
        return QSize(max(0, width - self._gap_px), self._row_px)

    def minimumSize(self) -> QSize:
        """As wide as the widest item."""
        return QSize(max((item.minimumSize().width() for item in self._items), default=0), self._row_px)

    def setGeometry(self, rect: QRect) -> None:
        """Put every item in its place."""
        super().setGeometry(rect)
        self._lay(rect, move=True)

    def _lay(self, rect: QRect, move: bool) -> int:
        x, y = rect.x(), rect.y()
        for item in self._items:
            if item.isEmpty():
                continue
            size = item.sizeHint()
            if x > rect.x() and x + size.width() > rect.right() + 1:
                x, y = rect.x(), y + self._row_px
            if move:
                height = min(size.height(), self._row_px)
                item.setGeometry(QRect(QPoint(x, y + (self._row_px - height) // 2), QSize(size.width(), height)))
            x += size.width() + self._gap_px
        return y + self._row_px - rect.y()
