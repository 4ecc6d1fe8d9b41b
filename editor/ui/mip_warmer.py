"""Makes the half-size copies of new planes on a worker, so that the first look at a large photo need not wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from editor.document.document import DocumentState
from editor.document.tiles import Plane

COLD_PIXELS = 3 << 20
"""Smaller planes are halved in the blink of an eye, when they are first drawn."""
COLD_TILES = 40
"""When so many tiles change at once, the plane counts as new."""
START_MS = 30
"""The first, rough picture is painted before a worker begins to compete for the processor."""
SMALLEST_PX = 200
"""Levels smaller than this need no help."""


class MipWarmer(QObject):
    """Follows the states of a document; ``cold`` while the copies of a plane in it are still being made."""

    warmed = Signal()

    def __init__(self, runner: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._warm: dict[str, Plane] = {}
        self._job: Any = None
        self._new: list[Plane] = []
        self._warming: list[Plane] = []
        self._start = QTimer(self, singleShot=True, interval=START_MS)
        self._start.timeout.connect(self._submit)

    @property
    def cold(self) -> bool:
        """True while half-size copies are still to be made by a worker."""
        return bool(self._new) or (self._job is not None and not self._job.cancelled)

    def follow(self, state: DocumentState | None) -> None:
        """Look at a state's planes and have the new ones' copies made; without a runner they are made when drawn."""
        planes = {} if state is None else state.planes()
        new = [plane for name, plane in planes.items() if not self._is_warm(name, plane)]
        self._warm = planes
        if self._runner is not None and (new or not planes):
            self._new = [*self._new, *new]
            if not planes:
                self._new, self._warming = [], []
            self._start.start()

    def _submit(self) -> None:
        planes, self._new = [*self._warming, *self._new], []
        self._warming = planes
        if planes and self._runner is not None:
            self._job = self._runner.submit(
                "Draw", lambda progress: warm(planes, progress), self._done, self._failed,
                key=f"mips-{id(self)}", quiet=True,
            )  # fmt: skip

    def _is_warm(self, name: str, plane: Plane) -> bool:
        old = self._warm.get(name)
        if old is plane or plane.width * plane.height < COLD_PIXELS:
            return True
        if old is None or old.size_rect != plane.size_rect:
            return not plane.stored()
        return len(plane.changed_from(old)) < COLD_TILES

    def _done(self, _nothing: object) -> None:
        self._job, self._warming = None, []
        self.warmed.emit()

    def _failed(self, error: BaseException) -> None:
        self._job, self._warming = None, []
        raise error


def warm(planes: list[Plane], progress: Callable[[float, str], None]) -> None:
    """Make every half-size copy of the planes down to a thumbnail; each progress call is a cancel point."""
    for done, plane in enumerate(planes):
        while max(plane.width, plane.height) > SMALLEST_PX:
            plane = plane.half()
            for key in plane.keys():
                plane.tile(key)
            progress(done / len(planes), "")
