"""The foot of the window: facts of the photo, zoom and pointer; to the right what runs, and memory."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QTimer
from PySide6.QtGui import QColorSpace
from PySide6.QtWidgets import QStatusBar

from editor.document.document import DocumentState
from editor.jobs import JobRunner
from editor.ui.jobs_bar import JobsBar
from editor.ui.memory import used_bytes
from editor.ui.panel import ElidedLabel, quiet

_MEMORY_EVERY_MS = 2000


class StatusBar(QStatusBar):
    """Quiet words; widths that do not jump while the pointer moves."""

    def __init__(self, jobs: JobRunner) -> None:
        super().__init__()
        self.setSizeGripEnabled(False)
        self.setContentsMargins(8, 0, 8, 0)
        self._facts, self._zoom, self._pointer, self._memory = quiet(), quiet(), quiet(), quiet()
        self._note = ElidedLabel()
        for label, name in (
            (self._facts, "Size, depth and colour profile of the photo"), (self._zoom, "Zoom"),
            (self._pointer, "Pointer in pixels of the photo"), (self._memory, "Memory in use by the program"),
        ):  # fmt: skip
            label.setAccessibleName(name)
            label.setToolTip(name)
            label.setContentsMargins(4, 0, 12, 0)
        self.jobs_bar = JobsBar(jobs)
        for label in (self._facts, self._zoom, self._pointer):
            self.addWidget(label)
        self._note.setAccessibleName("What was done about the photo's colour profile")
        self.addWidget(self._note, 1)
        self.show_monitor("Monitor: sRGB (automatic)")
        self.addPermanentWidget(self.jobs_bar)
        self.addPermanentWidget(self._memory)
        self._timer = QTimer(self)
        self._timer.setInterval(_MEMORY_EVERY_MS)
        self._timer.timeout.connect(self._show_memory)
        self._timer.start()
        self._show_memory()

    def show_photo(self, state: DocumentState | None) -> None:
        """Size, depth, profile."""
        self._facts.setText("" if state is None else facts(state))
        if state is None:
            self._zoom.setText("")
            self._pointer.setText("")

    def show_note(self, note: str) -> None:
        """A sentence on the photo's colour profile; dots where there is no room for all of it, empty for none."""
        self._note.setText(note)

    def show_monitor(self, words: str) -> None:
        """Which profile of the monitor is in use, in the tip of the photo's facts."""
        self._facts.setToolTip(f"{self._facts.accessibleName()}\n{words}")
        self._facts.setAccessibleDescription(words)

    def show_zoom(self, zoom: float) -> None:
        """The zoom, 1.0 is 100 %."""
        percent = 100 * zoom
        self._zoom.setText(f"{percent:.0f} %" if percent >= 10 else f"{percent:.1f} %")

    def show_pointer(self, x: float, y: float) -> None:
        """Where the pointer is, in whole pixels."""
        self._pointer.setText(f"x {int(np.floor(x))}, y {int(np.floor(y))}")

    def hide_pointer(self) -> None:
        """The pointer is not over the photo."""
        self._pointer.setText("")

    def _show_memory(self) -> None:
        used = used_bytes()
        self._memory.setText(f"{used / 1e9:.1f} GB" if used else "")


def facts(state: DocumentState) -> str:
    """``6048 × 4024, 16 bit, Adobe RGB``."""
    depth = f"{8 * np.dtype(state.dtype).itemsize} bit"
    return f"{state.trimap.width} × {state.trimap.height}, {depth}, {profile_name(state.icc)}"


def profile_name(icc: bytes | None) -> str:
    """The colour profile in words; without one a photo is taken as sRGB."""
    if not icc:
        return "sRGB (no profile)"
    space = QColorSpace.fromIccProfile(icc)
    return space.description() or "own profile" if space.isValid() else "unreadable profile"
