"""A plain signal: who connects is called, in order, on the thread that emits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Event:
    """A list of listeners. Emitting while a listener connects or leaves is safe."""

    def __init__(self) -> None:
        self._listeners: list[Callable[..., Any]] = []

    def connect(self, listener: Callable[..., Any]) -> Callable[[], None]:
        """Add a listener; the function returned removes it again."""
        self._listeners.append(listener)

        def disconnect() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return disconnect

    def emit(self, *values: Any) -> None:
        """Call every listener with ``values``."""
        for listener in tuple(self._listeners):
            listener(*values)
