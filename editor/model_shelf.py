"""Where networks and their weights stand, for the window and the command line. Plugins import it by editor.api."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar


@dataclass(frozen=True)
class ModelRow:
    """One network as a list shows it: what it is, what it costs beside what its paper prints, which weights are here.

    ``parameters``, ``gflops`` (the paper's convention) and ``macs`` (true multiply-accumulates) are counted at
    224 x 224; None until ``ModelShelf.count`` has run, but for parameters that are known beforehand. The paper's own
    figures are None where it prints none.
    """

    name: str
    title: str
    family: str
    description: str
    table: str
    """The paper's tables in which it is a row."""
    row: str
    note: str
    """What the paper's figures cannot be met in; empty where they are met."""
    channels: int
    stride: int
    finds_trimap: bool
    code_licence: str
    accepts: tuple[str, ...] = ()
    """The files that can be imported for it, in words."""
    paper_parameters_m: float | None = None
    paper_gflops: float | None = None
    parameters: int | None = None
    gflops: float | None = None
    macs: int | None = None
    weights: str = "none"
    """``none``, ``own`` (of this project), ``imported``, or ``damaged``: then ``fault`` says what and what to do."""
    fault: str = ""
    licence: str = ""
    """Of the weights; empty where there are none."""
    source: str = ""
    """What the weights were made from: a file's name, or a training run."""
    imported: str = ""
    """The day of the import: ``2026-11-22``."""
    sha256: str = ""
    file: Path | None = None
    size_bytes: int = 0
    foremost: bool = False
    """True for the one network of a paper that a photographer would want; the others are for comparison."""


@dataclass(frozen=True)
class FoundWeights:
    """What a file of weights turned out to be; nothing has been changed yet. ``ModelShelf.add`` takes it over."""

    file: Path
    name: str
    """The network that it fits."""
    title: str
    layout: str
    """What kind of file it is, in words: ``checkpoint as its authors published it``."""
    licence: str
    """The weights' licence: to be shown, and agreed to, before they are taken over."""
    research_only: bool
    """True where the licence forbids commercial use."""
    parameters: int
    size_bytes: int
    replaces: bool
    """True where weights were imported for this network before: they would give way."""
    sha256: str
    """Of the file as it was looked at; ``add`` refuses a file that has changed since."""


class ModelShelf(ABC):
    """Where networks and their weights stand, for the window and the command line. Made without arguments.

    Every method may be called off the main thread, and takes its time: call them from a job. ``UserError`` says what
    the user can mend; nothing has changed then.
    """

    name: ClassVar[str]
    title: ClassVar[str]

    @abstractmethod
    def rows(self) -> tuple[ModelRow, ...]:
        """Every network, in the order of the papers' tables. Quick: torch is not imported."""

    @abstractmethod
    def count(self, progress: Callable[[float, str], None], name: str | None = None) -> None:
        """Count what ``rows`` still shows without figures, or the network ``name`` alone.

        Half a second for each at the first call; kept for the next start.
        """

    @abstractmethod
    def examine(self, file: Path, network: str | None, progress: Callable[[float, str], None]) -> FoundWeights:
        """Find out which network a file of weights fits; ``network`` decides where it fits several. Changes nothing."""

    @abstractmethod
    def add(self, found: FoundWeights, progress: Callable[[float, str], None]) -> ModelRow:
        """Take over weights that were examined, and whose licence the user agreed to; earlier ones give way."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Delete a network's imported weights; those of this project stay."""
