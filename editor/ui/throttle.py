"""Fewer calls: at most one in a while, and always the last one."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer


class Throttle(QObject):
    """Calls ``call()`` for the first of many askings at once and for the last of them ``interval_ms`` later."""

    def __init__(self, interval_ms: int, call: Callable[[], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._call = call
        self._asked = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(interval_ms)
        self._timer.timeout.connect(self._due)

    def ask(self) -> None:
        """Ask for a call."""
        if self._timer.isActive():
            self._asked = True
        else:
            self._timer.start()
            self._call()

    def stop(self) -> None:
        """Forget what was asked."""
        self._asked = False
        self._timer.stop()

    def _due(self) -> None:
        if self._asked:
            self._asked = False
            self._timer.start()
            self._call()
