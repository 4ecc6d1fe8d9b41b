"""Undo and redo as whole states: each step keeps the state before and after, which share all that did not change."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from editor.document.events import Event


class State(Protocol):
    """What the history keeps: immutable, and able to say what it weighs beside another."""

    def bytes_beside(self, other: Any) -> int:
        """Bytes that ``other`` does not share."""
        ...


class Store(Protocol):
    """What the history works on: something with a replaceable state."""

    @property
    def state(self) -> State:
        """The state now."""
        ...

    def show(self, state: Any) -> None:
        """Make ``state`` the one that is seen."""
        ...


@dataclass(frozen=True)
class Step:
    """One undo step: its name for the menu, the states around it and the bytes it keeps alive."""

    label: str
    before: State
    after: State
    size_bytes: int


class History:
    """A stack of steps bounded by bytes, not by number."""

    def __init__(self, limit_bytes: int = 1 << 30) -> None:
        self.limit_bytes = limit_bytes
        self.changed = Event()
        self._done: list[Step] = []
        self._undone: list[Step] = []
        self._saved_state: State | None = None

    @contextmanager
    def edit(self, label: str, store: Store) -> Generator[None]:
        """One undo step round the block; an exception puts the state from before back and passes on."""
        before = store.state
        try:
            yield
        except BaseException:
            store.show(before)
            raise
        self.record(label, before, store.state)

    def record(self, label: str, before: State, after: State) -> bool:
        """Add a step that has already been made; False (and no step) where nothing changed."""
        if before is after:
            return False
        size = before.bytes_beside(after) + after.bytes_beside(before)
        self._done.append(Step(label, before, after, size))
        self._undone.clear()
        self._trim()
        self.changed.emit()
        return True

    def amend(self, store: Store) -> None:
        """Let the newest step end at the store's state now: for what belongs to a gesture but came a moment later."""
        if self._done:
            step = self._done.pop()
            size = step.before.bytes_beside(store.state) + store.state.bytes_beside(step.before)
            self._done.append(Step(step.label, step.before, store.state, size))
            self.changed.emit()

    def undo(self, store: Store) -> str | None:
        """Take the newest step back; its label, or None when there is nothing to undo."""
        if not self._done:
            return None
        step = self._done.pop()
        self._undone.append(step)
        store.show(step.before)
        self.changed.emit()
        return step.label

    def redo(self, store: Store) -> str | None:
        """Make the step again that was taken back last; its label, or None."""
        if not self._undone:
            return None
        step = self._undone.pop()
        self._done.append(step)
        store.show(step.after)
        self.changed.emit()
        return step.label

    @property
    def undo_label(self) -> str | None:
        """The name of what undo would take back."""
        return self._done[-1].label if self._done else None

    @property
    def redo_label(self) -> str | None:
        """The name of what redo would make again."""
        return self._undone[-1].label if self._undone else None

    @property
    def size_bytes(self) -> int:
        """Bytes that the steps keep alive beside the state that is seen."""
        return sum(step.size_bytes for step in (*self._done, *self._undone))

    def mark_saved(self, store: Store) -> None:
        """Remember the state now as the one on disk."""
        self._saved_state = store.state
        self.changed.emit()

    def is_saved(self, store: Store) -> bool:
        """True while the state seen is the one on disk."""
        return store.state is self._saved_state

    def _trim(self) -> None:
        """Forget the oldest steps beyond the limit; the newest always stays."""
        total = self.size_bytes
        while total > self.limit_bytes and len(self._done) > 1:
            total -= self._done.pop(0).size_bytes
