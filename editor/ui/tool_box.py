"""The tools at hand: one of each kind, its settings remembered, and what follows when a gesture of theirs is over."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, QObject, QTimer

from editor.api import Tool, UserError, check_params, params_of
from editor.document.events import Event
from editor.ui.canvas import Canvas
from editor.ui.desk import Desk
from editor.ui.matte_commands import MatteCommands

_ENDS = (QEvent.Type.MouseButtonRelease, QEvent.Type.TabletRelease, QEvent.Type.KeyRelease)


class ToolBox(QObject):
    """``chosen(tool)`` tells of another active tool, ``pointed((x, y))`` that a person is to be found at a point.

    A tool that leaves work behind says so in ``take_pending`` (a region in which the subject is to be found),
    ``take_point`` (a point of the photo at which a person is) or ``take_stale`` (a rectangle whose colours are out of
    date); they are asked for after each gesture.
    """

    def __init__(self, desk: Desk, canvas: Canvas, matte: MatteCommands) -> None:
        super().__init__(canvas)
        self._desk, self._canvas, self._matte = desk, canvas, matte
        self.tools: dict[str, Tool] = {name: self._remembered(kind) for name, kind in desk.registry.tools.items()}
        self.active: Tool | None = None
        self.chosen, self.pointed = Event(), Event()
        canvas.installEventFilter(self)

    def choose(self, name: str) -> None:
        """Make a tool the active one."""
        tool = self.tools.get(name)
        if tool is None or tool is self.active:
            return
        self.active = tool
        self._canvas.set_tool(tool)
        self._desk.settings.set("tool", name)
        self.chosen.emit(tool)

    def take(self, name: str, **settings: Any) -> None:
        """Make a tool the active one with some of its settings changed, and give the canvas the keyboard."""
        tool = self.tools.get(name)
        for field, value in settings.items():
            if tool is not None and field in params_of(tool):
                setattr(tool, field, value)
        if tool is self.active:
            self.chosen.emit(tool)
        self.choose(name)
        self._canvas.setFocus()

    def show_people(self, people: object) -> None:
        """Tell those tools that point at people who there are."""
        for tool in self.tools.values():
            shown: Any = getattr(tool, "show_people", None)
            if shown is not None:
                shown(people)
        self._canvas.renew_marks()

    def remember(self) -> None:
        """Put every tool's settings into the program's."""
        for name, tool in self.tools.items():
            self._desk.settings.set(f"tool.{name}", {field: getattr(tool, field) for field in params_of(tool)})

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Look after each gesture whether it left something to do; the canvas acts on the event first."""
        if event.type() in _ENDS:
            QTimer.singleShot(0, self.follow_up)
        return False

    def follow_up(self) -> None:
        """Start the jobs that the active tool left to do."""
        tool, document = self.active, self._desk.document
        if tool is None or document is None:
            return
        pending: Any = getattr(tool, "take_pending", lambda: None)()
        if pending is not None:
            self._matte.find_subject(pending)
        point: Any = getattr(tool, "take_point", lambda: None)()
        if point is not None:
            self.pointed.emit(point)
        stale: Any = getattr(tool, "take_stale", lambda: None)()
        if stale is not None:
            self._matte.refresh_colours(stale)

    def _remembered(self, kind: type[Tool]) -> Tool:
        """A tool with the settings of last time, as far as they are still valid."""
        kept = self._desk.settings.get(f"tool.{kind.name}", {})
        known = params_of(kind)
        tool = kind()
        for name, value in kept.items():
            if name in known and type(value) is type(getattr(tool, name)):
                setattr(tool, name, value)
        try:
            check_params(tool)
        except UserError:
            return kind()
        return tool
