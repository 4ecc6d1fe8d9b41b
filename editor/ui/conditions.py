"""What an action may ask before it is offered."""

from __future__ import annotations

from collections.abc import Callable

from editor.ui.desk import Desk
from editor.ui.matte_commands import MatteCommands


def conditions(desk: Desk, mattes: MatteCommands) -> dict[str, Callable[[], bool]]:
    """The questions that the table of actions names, each with its answer as things stand."""

    def undo() -> bool:
        return desk.document is not None and desk.document.history.undo_label is not None

    def redo() -> bool:
        return desk.document is not None and desk.document.history.redo_label is not None

    def matte() -> bool:
        return desk.document is not None and desk.document.state.subject_layer.mask is not None

    def layer() -> bool:
        return desk.document is not None and desk.document.state.active != desk.document.state.subject

    return {
        "document": lambda: desk.document is not None,
        "undo": undo,
        "redo": redo,
        "matte": matte,
        "layer": layer,
        "computing": mattes.running,
        "idle": lambda: desk.document is not None and not mattes.running(),
    }
