"""The way back from a worker to the main thread."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal


class MainThread(QObject):
    """Made on the main thread; ``deliver`` may be called on any and runs the callable on the main one, later."""

    _given = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._given.connect(self._run, Qt.ConnectionType.QueuedConnection)

    def deliver(self, call: Callable[[], None]) -> None:
        """Run ``call()`` on the main thread, in the order given."""
        try:
            self._given.emit(call)
        except RuntimeError:
            return  # the window is gone, and with it whoever waited for this

    def _run(self, call: Callable[[], None]) -> None:
        call()
