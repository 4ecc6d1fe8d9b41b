"""Networks and their weights: what is there, and taking weights over or away. What takes time runs as a job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from editor.api import Engine, FoundWeights, ModelRow, ModelShelf, Progress, UserError
from editor.document.events import Event
from editor.jobs import Job
from editor.ui.desk import Desk

T = TypeVar("T")
Failed = Callable[[BaseException], None]
MODELS_KEY, LIST_KEY = "models", "models list"


@dataclass(frozen=True)
class Entry:
    """One network and the shelf it stands on."""

    shelf: ModelShelf
    row: ModelRow

    @property
    def has_weights(self) -> bool:
        """True where weights lie here, even damaged ones."""
        return self.row.weights != "none"


@dataclass(frozen=True)
class Finding:
    """What a file turned out to be, and the shelf that knew it."""

    shelf: ModelShelf
    weights: FoundWeights


class ModelsCommands:
    """``changed()`` when weights came or went, ``chosen(name)`` when an engine is picked, ``asked()`` for a dialog."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.changed, self.chosen, self.asked = Event(), Event(), Event()
        self._shelves: tuple[ModelShelf, ...] | None = None

    def show(self) -> None:
        """Ask for the dialog."""
        self.asked.emit()

    def problem(self, name: str) -> str:
        """Why the engine of a network cannot be used here; empty where it can, or where there is no such engine."""
        engine: type[Engine] | None = self._desk.registry.engines.get(name)
        return "" if engine is None else engine.missing()

    def fetch(self, done: Callable[[tuple[Entry, ...]], None], failed: Failed) -> Job:
        """Every network of every shelf, in the shelves' order."""

        def work(progress: Progress) -> tuple[Entry, ...]:
            progress(0.0, "Reading the list of networks")
            return tuple(Entry(shelf, row) for shelf in self._all_shelves() for row in shelf.rows())

        return self._desk.jobs.submit("Models", work, done, failed, key=LIST_KEY, quiet=True)

    def examine(self, file: Path, entry: Entry | None, done: Callable[[Finding], None], failed: Failed) -> Job:
        """Find out what a file of weights is; ``entry`` says for which network it is meant. Changes nothing."""

        def work(progress: Progress) -> Finding:
            shelves = self._all_shelves() if entry is None else (entry.shelf,)
            refusals: list[UserError] = []
            for shelf in shelves:
                try:
                    return Finding(shelf, shelf.examine(file, None if entry is None else entry.row.name, progress))
                except UserError as error:
                    refusals.append(error)
            raise refusals[0] if refusals else UserError("No shelf of networks is installed.", "See Help, Plugins.")

        return self._submit(f"Import {file.name}", work, done, failed)

    def add(self, finding: Finding, done: Callable[[ModelRow], None], failed: Failed) -> Job:
        """Take over weights whose licence has been agreed to."""

        def added(row: ModelRow) -> None:
            self.changed.emit()
            done(row)

        name = f"Import {finding.weights.file.name}"
        return self._submit(name, lambda progress: finding.shelf.add(finding.weights, progress), added, failed)

    def remove(self, entry: Entry, done: Callable[[], None], failed: Failed) -> Job:
        """Delete a network's imported weights."""

        def work(progress: Progress) -> None:
            progress(0.0, f"Removing the weights of {entry.row.title}")
            entry.shelf.remove(entry.row.name)

        def removed(_: None) -> None:
            self.changed.emit()
            done()

        return self._submit(f"Remove {entry.row.title}", work, removed, failed)

    def _submit(self, name: str, work: Callable[[Progress], T], done: Callable[[T], None], failed: Failed) -> Job:
        return self._desk.jobs.submit(name, work, done, failed, key=MODELS_KEY)

    def _all_shelves(self) -> tuple[ModelShelf, ...]:
        if self._shelves is None:
            self._shelves = tuple(kind() for kind in self._desk.registry.shelves.values())
        return self._shelves
