"""People without marks: the Portrait button, choosing one of several, and what to do where nobody is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from editor.api import Engine, best_finder, check_params, params_of
from editor.document import trimap
from editor.document.events import Event
from editor.document.people import People
from editor.errors import NobodyFoundError, UserError
from editor.jobs import Progress
from editor.ui.desk import Desk
from editor.ui.matte_commands import MatteCommands
from editor.ui.messages import Button
from editor.ui.models_commands import ModelsCommands

if TYPE_CHECKING:
    from editor.document.matte import Found, MatteResult

RECTANGLE, PERSON = "rectangle", "person"
FIND = "find subject"
_TOLD = "terms_told"


@dataclass(frozen=True)
class _Known:
    """Who was found last in the photo on the desk, by whom, and who of them is shown."""

    engine: Engine
    found: Found
    person: int


class PortraitCommands:
    """``found()`` tells that a person has been marked, ``known(people or None)`` who can be chosen from.

    ``tool_asked(name)`` asks for a tool to be taken in hand. ``preferred`` names the engine that is chosen for mattes:
    where it needs no marks, it is the one that is asked.
    """

    def __init__(self, desk: Desk, mattes: MatteCommands, models: ModelsCommands) -> None:
        self._desk, self._mattes, self._models = desk, mattes, models
        self.found, self.known, self.tool_asked = Event(), Event(), Event()
        self.preferred: Callable[[], str] = lambda: ""
        self._known: _Known | None = None
        desk.opened.connect(lambda _: self._remember(None))
        mattes.taken.connect(self._taken)
        mattes.nobody_found.connect(self._say_nobody)

    def find(self) -> None:
        """Mark the largest person, and compute the matte."""
        self._find(None)

    def point(self, at: tuple[float, float]) -> None:
        """Mark the person at a point (x, y) of the photo; who was found before is not looked for again."""
        if self._known is None:
            self._find(at)
            return
        number = self._known.found.people.at(*at)
        if not number:
            self._say_nobody(
                NobodyFoundError("Nobody was found there.", "Click a person, or draw a rectangle round it.")
            )
        elif number != self._known.person:
            self._take(self._known, number)

    def engine(self) -> type[Engine] | None:
        """The engine that Portrait asks: the chosen one where it needs no marks, else the best of that kind."""
        engines = self._desk.registry.engines
        preferred = engines.get(self.preferred())
        return best_finder([preferred] if preferred else []) or best_finder(engines.values())

    def tip(self) -> str:
        """What the button does, by whom, and under what terms."""
        kind = self.engine()
        if kind is None:
            return "Find the person in the photo; no network for it has its weights here yet"
        return f"Find the person in the photo, without marks\n{kind.title}: {_terms(kind)}"

    def _find(self, at: tuple[float, float] | None) -> None:
        """Marks hold while something is unmarked; marks everywhere are taken for an earlier try, and replaced."""
        state, kind = self._desk.require().state, self.engine()
        if kind is None:
            message = "No engine here finds people by itself: none that does has its weights."
            hint = "Draw a rectangle round the subject, or import weights."
            self._desk.messages.say(message, hint, [*self._rectangle(), ("Models…", self._models.show)])
            return
        engine = self._made(kind)
        before = None if trimap.has_gaps(state.trimap) else state.trimap
        if before is not None:
            state = replace(state, trimap=trimap.empty(before.width, before.height))

        def work(progress: Progress) -> MatteResult:
            from editor.document import matte

            return matte.run_matting(state, engine, progress, at)

        self._mattes.start(engine, "Portrait", work, self.found.emit, before)

    def _take(self, known: _Known, number: int) -> None:
        """Mark another of those who were found, in the place of the one who is marked."""
        state = self._desk.require().state

        def work(progress: Progress) -> MatteResult:
            from editor.document import matte

            return matte.another_person(state, known.engine, known.found, number, progress)

        self._mattes.start(known.engine, "Another person", work, self.found.emit, state.trimap)

    def _taken(self, engine: Engine, result: MatteResult) -> None:
        """Remember who was found, and say what the user should know of it."""
        if result.found is None:
            return
        is_news = self._known is None or result.found is not self._known.found
        self._remember(_Known(engine, result.found, result.person))
        if not is_news:
            return
        self._say_terms(type(engine))
        count = result.found.people.count
        if count > 1:
            which = "the largest is marked" if result.person == 1 else "the one you pointed out is marked"
            hint = "Click another with the Person tool to take that one. People who touch count as one."
            self._desk.messages.say(f"{count} people were found: {which}.", hint, self._choosing())

    def _remember(self, known: _Known | None) -> None:
        self._known = known
        people: People | None = None if known is None else known.found.people
        self.known.emit(people)

    def _say_nobody(self, error: NobodyFoundError) -> None:
        self._desk.messages.say(error.message, error.hint, self._rectangle(), kind="error")

    def _say_terms(self, kind: type[Engine]) -> None:
        """The terms of weights that are not free for all, the first time that they are used."""
        told: dict[str, Any] = self._desk.settings.get(_TOLD, {})
        if kind.licence == "MIT" or told.get(kind.name) == kind.licence:
            return
        self._desk.settings.set(_TOLD, dict(told) | {kind.name: kind.licence})
        self._desk.messages.say(f"{kind.title}: {_terms(kind)}.", "Look at the terms before you sell what it made.")

    def _rectangle(self) -> list[Button]:
        return self._tool_button("Draw a rectangle", RECTANGLE)

    def _choosing(self) -> list[Button]:
        return self._tool_button("Choose another", PERSON)

    def _tool_button(self, text: str, tool: str) -> list[Button]:
        """A button that takes a tool in hand; none where that tool is not installed."""
        return [(text, lambda: self.tool_asked.emit(tool))] if tool in self._desk.registry.tools else []

    def _made(self, kind: type[Engine]) -> Engine:
        """The engine with the settings that were last seen in its form, as far as they are still valid."""
        kept: dict[str, Any] = self._desk.settings.get(f"engine.{kind.name}", {})
        known = params_of(kind)
        engine = kind(**{name: value for name, value in kept.items() if name in known})
        try:
            check_params(engine)
        except UserError:
            return kind()
        return engine


def _terms(kind: type[Engine]) -> str:
    return kind.licence if " " in kind.licence else f"{kind.licence} licence"
