"""A shelf of networks without networks: what it was asked, and weights that come and go."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from editor.api import Engine, FoundWeights, ModelRow, ModelShelf, Progress, UserError

RESEARCH = "non-commercial (research only)"


def row(name: str, title: str, description: str, **more: object) -> ModelRow:
    """A row of a list."""
    facts = {
        "family": name.partition("-")[0], "table": "3.4", "row": title, "note": "", "channels": 4, "stride": 32,
        "finds_trimap": False, "code_licence": "MIT", "paper_parameters_m": 5.95,
        "accepts": ("torch.save checkpoints as IndexNet's published code writes them, with or without module.",),
    } | more  # fmt: skip
    return ModelRow(name=name, title=title, description=description, **facts)  # type: ignore[arg-type]


def first_rows() -> dict[str, ModelRow]:
    """Four that matter, one of them delivered with the program, and many for comparison."""
    rows = [
        row("indexnet", "IndexNet", "Fine hair and soft edges from a trimap.", foremost=True),
        row("a2u", "A2U", "Hair and see-through cloth with few parameters.", foremost=True, table="4.2"),
        row("rmat-m3", "RMat M3", "Difficult subjects and rough trimaps.", foremost=True, table="5.2", accepts=()),
        row(
            "pspm-b5", "PSPM B5", "Portraits without any marks.", foremost=True, finds_trimap=True, table="6.4",
            weights="own", licence="MIT", source="our own training", size_bytes=9_400_000,
        ),
    ]  # fmt: skip
    rows += [row(f"indexnet-b{n}", f"B{n}: for comparison", "A baseline of the paper.") for n in range(1, 31)]
    return {each.name: each for each in rows}


class FakeShelf(ModelShelf):
    """One set of weights for all objects of the class; a test makes a class of its own with ``fresh_shelf``."""

    name: ClassVar[str] = "fake"
    title: ClassVar[str] = "Fake networks"
    rows_now: ClassVar[dict[str, ModelRow]]
    asked: ClassVar[list[tuple[str, object]]]
    gate: ClassVar[threading.Event]
    """While it is not set, ``examine`` goes on for ever."""

    def rows(self) -> tuple[ModelRow, ...]:
        """As they stand."""
        return tuple(self.rows_now.values())

    def count(self, progress: Progress) -> None:
        """Nothing to count."""

    def examine(self, file: Path, network: str | None, progress: Progress) -> FoundWeights:
        """By the file's name: ``bad``, ``several`` or a network's."""
        self.asked.append(("examine", network))
        while not self.gate.wait(0.005):
            progress(0.4, f"Reading {file.name}")
        progress(0.5, f"Reading {file.name}")
        if "bad" in file.name:
            raise UserError(f"{file.name} cannot be imported: it is damaged.", "Get it again.")
        if "several" in file.name and network is None:
            raise UserError("It fits several networks: a, b.", "Say which with --network NAME.")
        name = network or file.stem
        known = self.rows_now[name]
        research = name != "rmat-m3"
        return FoundWeights(
            file=file, name=name, title=known.title, layout="checkpoint as its authors published it",
            licence=RESEARCH if research else "MIT", research_only=research, parameters=5_953_515,
            size_bytes=23_800_000, replaces=known.weights == "imported", sha256="0" * 64,
        )  # fmt: skip

    def add(self, found: FoundWeights, progress: Progress) -> ModelRow:
        """It is here from now on."""
        progress(0.5, "Writing the weights")
        self.asked.append(("add", found.name))
        facts = {"weights": "imported", "licence": found.licence, "source": found.file.name, "imported": "2026-11-22"}
        self.rows_now[found.name] = replace(self.rows_now[found.name], **facts, size_bytes=found.size_bytes)
        return self.rows_now[found.name]

    def remove(self, name: str) -> None:
        """Gone again."""
        self.asked.append(("remove", name))
        self.rows_now[name] = first_rows()[name]


def fresh_shelf() -> type[FakeShelf]:
    """A shelf of its own for one test, its gate open."""
    gate = threading.Event()
    gate.set()
    return type("Shelf", (FakeShelf,), {"rows_now": first_rows(), "asked": [], "gate": gate})


def engines_of(shelf: type[FakeShelf]) -> dict[str, type[Engine]]:
    """The engines of some of its networks: they can run where the shelf has weights for them."""
    return {name: _engine(shelf, shelf.rows_now[name]) for name in ("indexnet", "a2u", "rmat-m3", "pspm-b5")}


def _engine(shelf: type[FakeShelf], network: ModelRow) -> type[Engine]:
    class NetworkEngine(Engine):
        name: ClassVar[str] = network.name
        title: ClassVar[str] = network.title
        description: ClassVar[str] = network.description

        @classmethod
        def missing(cls) -> str:
            """Until the shelf has weights."""
            has = shelf.rows_now[cls.name].weights != "none"
            return "" if has else f"{cls.title} has no weights here. Import them under Models."

        def run(self, image, trimap, progress, start=None):
            """The marks."""
            return trimap.astype(np.float32) / 255

    from dataclasses import dataclass

    return dataclass(NetworkEngine)
