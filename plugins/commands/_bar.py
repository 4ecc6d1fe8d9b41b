"""A progress bar on a terminal, shared by the commands that take long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_CELLS = 30


class Bar:
    """A progress bar on a terminal; nothing where stderr is no terminal."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._shown = ""

    def part(self, low: float, high: float) -> Callable[[float, str], None]:
        """A progress callable for one stage of the work, from ``low`` to ``high`` of the whole."""

        def progress(fraction: float, text: str) -> None:
            self._show(low + (high - low) * min(1.0, max(0.0, fraction)), text)

        return progress

    def clear(self) -> None:
        """Take the bar off the screen."""
        if self._shown:
            self._stream.write("\r" + " " * len(self._shown) + "\r")
            self._stream.flush()

    def _show(self, fraction: float, text: str) -> None:
        if not self._stream.isatty():
            return
        full = round(fraction * _CELLS)
        line = f"[{'#' * full}{'.' * (_CELLS - full)}] {fraction:4.0%} {text}"[:78]
        if line != self._shown:
            self._stream.write("\r" + line.ljust(len(self._shown)))
            self._stream.flush()
            self._shown = line
