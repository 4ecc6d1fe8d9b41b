"""Many small changes while a control is dragged, one undo step when it is let go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from editor.document.document import Document, DocumentState, Gesture
from editor.ui.desk import Desk

Change = Callable[[DocumentState], DocumentState]


class LiveEdit:
    """``change`` shows a new state at once; what belongs to one drag (the same label) becomes one step."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._gesture: Gesture | None = None
        desk.opened.connect(lambda _: self._drop())

    @property
    def active(self) -> bool:
        """True while a control is held."""
        return self._gesture is not None

    def change(self, label: str, change: Change, final: bool) -> None:
        """Show ``change(state)``; ``final`` ends the step."""
        document = self._desk.require()
        if self._gesture is not None and self._gesture.label != label:
            self.finish()
        if self._gesture is None:
            self._gesture = document.begin(label)
        document.show(change(document.state))
        if final:
            self.finish()

    def finish(self) -> None:
        """End the step that is open, if there is one; equal states leave none."""
        gesture, self._gesture = self._gesture, None
        if gesture is None:
            return
        if same(gesture.before, gesture.document):
            gesture.cancel()
        else:
            gesture.finish()

    def _drop(self) -> None:
        self._gesture = None


def same(before: DocumentState, document: Document) -> bool:
    """True where the document's state equals ``before`` in all its values (planes by identity)."""
    now = document.state
    return replace(before, notes={}) == replace(now, notes={}) and dict(before.notes) == dict(now.notes)
