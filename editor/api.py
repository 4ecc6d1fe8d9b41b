"""All that a plugin may import: what is promised here stays.

A plugin is a module in ``plugins/<kind>/`` (or the user's plugin folder, or the entry-point group
``mattelier.plugins``) with a list ``PLUGINS = [Class, ...]`` at its end. Engines, effects and tools are dataclasses:
each field made with :func:`param` becomes a control in the window and an option on the command line.
"""

from __future__ import annotations

import argparse
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import numpy as np

from editor.document.document import Document, DocumentState, Photo
from editor.document.effects import check_value
from editor.document.geometry import Placement, Rect
from editor.errors import Cancelled, NobodyFoundError, UserError
from editor.model_shelf import FoundWeights, ModelRow, ModelShelf
from editor.paths import cache_dir, models_dir

__all__ = [
    "Cancelled", "Command", "Document", "DocumentState", "Effect", "Engine", "FileFormat", "FoundWeights", "ModelRow",
    "ModelShelf", "NobodyFoundError", "Param", "Photo", "Placement", "PointerEvent", "Progress", "Rect", "Ring",
    "Services", "Shape", "Tool", "UserError", "WriteOptions", "best_finder", "cache_dir", "check_params", "models_dir",
    "param", "params_of",
]  # fmt: skip

Progress: TypeAlias = Callable[[float, str], None]
"""``progress(fraction in [0, 1], what is being done)``; raises ``Cancelled`` once the user has cancelled."""


@dataclass(frozen=True)
class Param:
    """What a form needs to know of one setting: a label in the photographer's words, range, unit, choices, help.

    ``least`` is what the minimum is called where it is no amount: ``automatic``.
    """

    label: str
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    unit: str = ""
    choices: tuple[str, ...] = ()
    help: str = ""
    scales: bool = False
    logarithmic: bool = False
    least: str = ""


def param(default: Any, label: str, **facts: Any) -> Any:
    """A dataclass field that a form can show; ``facts`` are the other fields of :class:`Param`.

    The default's type (bool, int, float, str) decides the control; a ``str`` with choices becomes a list; a tuple of
    three floats is a colour in [0, 1]. ``scales=True`` says that the value is a length in pixels, which shrinks with a
    preview.
    """
    return field(default=default, metadata={"param": Param(label, **facts)})


def params_of(plugin: type | object) -> dict[str, tuple[Field[Any], Param]]:
    """The settings of a plugin class or object, by field name, in the order they are written."""
    return {f.name: (f, f.metadata["param"]) for f in fields(plugin) if "param" in f.metadata}  # type: ignore[arg-type]


def check_params(plugin: object) -> None:
    """Raise ``UserError`` where a setting has the wrong type or lies outside its range or choices."""
    for name, (f, fact) in params_of(plugin).items():
        value = getattr(plugin, name)
        check_value(value, value if f.default is MISSING else f.default, fact)


class Engine(ABC):
    """Computes alpha from a photo and a trimap. Subclasses are dataclasses with ``param`` fields."""

    name: ClassVar[str]
    """A short word for the command line and for project files: ``closed-form``."""
    title: ClassVar[str]
    """The name in the window."""
    description: ClassVar[str] = ""
    """One sentence: what it is good at."""
    licence: ClassVar[str] = "MIT"
    rank: ClassVar[int] = 0
    """The available engine of the highest rank is the default."""
    finds_trimap: ClassVar[bool] = False
    """True for an engine that needs no marks: it has ``find`` as well."""

    @classmethod
    def missing(cls) -> str:
        """Why it cannot run here as things are: one sentence and what to do; empty when it can. Quick, never raises."""
        return ""

    def get_ready(self) -> None:
        """Told that it will run soon: what takes long to load may load meanwhile. Returns at once, never raises."""
        return

    @abstractmethod
    def run(
        self, image: np.ndarray, trimap: np.ndarray, progress: Progress, start: np.ndarray | None = None
    ) -> np.ndarray:
        """Return alpha (H, W) float32 in [0, 1].

        ``image`` (H, W, 3) float32 sRGB in [0, 1] and ``trimap`` (H, W) uint8 (0, 128, 255) are read-only; ``start`` is
        an earlier alpha of the same photo that may be used as a first guess. Known pixels must come out exactly as
        marked. ``progress`` is to be called at least once a second. ``UserError`` says what the user can mend.
        """

    def find(self, image: np.ndarray, progress: Progress) -> tuple[np.ndarray, np.ndarray]:
        """Return trimap (H, W) uint8 (0, 128, 255) and alpha (H, W) float32 of a photo that bears no marks.

        Asked only where ``finds_trimap``. All people are to be found: which of them is wanted, the program chooses.
        Alpha equals the trimap where that is known. ``NobodyFoundError``, a ``UserError``, where nobody is there or
        it is not sure: the program then says how else the subject can be marked.
        """
        raise NotImplementedError

    def device(self) -> str:
        """Where it runs, in words for the user."""
        return "CPU"


def best_finder(engines: Iterable[type[Engine]]) -> type[Engine] | None:
    """The engine of the highest rank that needs no marks and can run here; None where there is none."""
    finders = [engine for engine in engines if engine.finds_trimap and not engine.missing()]
    return max(finders, key=lambda engine: engine.rank, default=None)


class Effect(ABC):
    """Changes a layer's pixels; works on any part of them. Subclasses are dataclasses with ``param`` fields."""

    name: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str] = ""
    slow: ClassVar[bool] = False
    """True when a tile takes more than a few milliseconds: such layers are drawn off the main thread."""

    @abstractmethod
    def margin_px(self) -> int:
        """How far beyond a rectangle's edge the effect looks."""

    @abstractmethod
    def apply(self, pixels: np.ndarray) -> np.ndarray:
        """Return the changed (h, w, 4) float32 straight pixels in [0, 1]; the input is not written to.

        A result for a part, away from its edge by ``margin_px``, equals the same place of the result for the whole.
        """


@dataclass(frozen=True)
class PointerEvent:
    """Where the pointer is, in the pixels of the space the tool works in, and how it is held.

    ``pressure`` lies in [0, 1] (1 for a mouse). ``erase`` is the pen's other end. ``screen_px`` is how many of these
    pixels one screen pixel covers.
    """

    x: float
    y: float
    pressure: float = 1.0
    shift: bool = False
    ctrl: bool = False
    alt: bool = False
    right: bool = False
    erase: bool = False
    screen_px: float = 1.0


@dataclass(frozen=True)
class Ring:
    """A circle that shows what a brush would touch: centre, radius and the radius of its hard core, in pixels."""

    x: float
    y: float
    radius_px: float
    core_px: float


@dataclass(frozen=True)
class Shape:
    """An outline in pixels, ((x, y), ...); closed ones join their ends."""

    points: tuple[tuple[float, float], ...]
    closed: bool = True
    handles: bool = False
    """True where each point is drawn as a square to be taken hold of."""


class Tool(ABC):
    """What the pointer does on the canvas. Subclasses are dataclasses with ``param`` fields (the options bar).

    From press to release is exactly one undo step, made with ``document.begin(label)``; ``cancel`` ends a gesture
    without one.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    icon: ClassVar[str]
    """The file name of its icon in resources/icons, without the suffix."""
    key: ClassVar[str] = ""
    order: ClassVar[int] = 100
    group: ClassVar[str] = "mark"
    """Tools of one group stand together: mark, matte, layer, view."""
    space: ClassVar[str] = "photo"
    """``photo``: the subject's own pixels; ``canvas``: the composite; ``view``: the window moves, not the document."""

    @abstractmethod
    def press(self, document: Document, event: PointerEvent) -> None:
        """The button or pen goes down."""

    @abstractmethod
    def move(self, document: Document, event: PointerEvent) -> None:
        """The pointer moves while it is down."""

    @abstractmethod
    def release(self, document: Document, event: PointerEvent) -> None:
        """The button or pen comes up: the gesture is done."""

    def cancel(self, document: Document) -> None:
        """Esc: end the gesture and leave the document as it was."""

    def preview(self, document: Document, event: PointerEvent) -> list[Ring | Shape]:
        """What the tool would do here, to be drawn over the photo."""
        return []

    def working(self) -> bool:
        """True between press and release."""
        return False

    def press_key(self, document: Document, key: str) -> bool:
        """A key while the tool is active, as Qt names it (``1``, ``[``, ``X``); True when it was meant for the tool."""
        return False


@dataclass(frozen=True)
class WriteOptions:
    """How to write: quality for lossy formats, lossless where there is a choice, what becomes of hidden colour."""

    quality: int = 92
    lossless: bool = True
    keep_hidden_colour: bool = False


class FileFormat(ABC):
    """Reads and writes one kind of flat picture file."""

    name: ClassVar[str]
    title: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]]
    """Lower case with the dot; the first is the one that is written."""
    writes_alpha: ClassVar[bool] = True
    writes_16_bit: ClassVar[bool] = True
    writes_grey: ClassVar[bool] = False
    """True when ``write`` takes a photo whose pixels are (H, W): it gets a matte so, not as three equal channels."""

    @abstractmethod
    def matches(self, head: bytes) -> bool:
        """True when a file that begins with these (up to 64) bytes is of this format."""

    @abstractmethod
    def read_size(self, path: Path) -> tuple[int, int]:
        """Width and height from the header alone, before memory is taken; ``UserError`` for a broken one."""

    @abstractmethod
    def read(self, path: Path) -> Photo:
        """The photo, upright. ``UserError`` for a damaged file."""

    @abstractmethod
    def write(self, path: Path, photo: Photo, options: WriteOptions) -> None:
        """Write to exactly ``path`` (a part file that the caller renames). Straight alpha is written straight."""

    def losses(self, photo: Photo, options: WriteOptions) -> tuple[str, ...]:
        """What this format cannot hold of ``photo`` (metadata too long, say; not depth and alpha): a sentence each."""
        return ()


@dataclass(frozen=True)
class Services:
    """What a command may ask of the program; it imports nothing but this module.

    ``engines``, ``effects``, ``tools``, ``formats``, ``shelves`` map names to classes. ``read_photo``, ``read_trimap``,
    ``read_alpha`` and ``write_photo`` are those of ``editor.files``, ``draw_demo`` that of ``editor.demo``.
    ``failures`` names, a line each, the plugins that could not be loaded.
    """

    engines: dict[str, type[Engine]]
    effects: dict[str, type[Effect]]
    tools: dict[str, type[Tool]]
    formats: dict[str, type[FileFormat]]
    read_photo: Callable[..., Photo]
    write_photo: Callable[..., tuple[str, ...]]
    read_trimap: Callable[..., tuple[np.ndarray, tuple[str, ...]]]
    read_alpha: Callable[..., np.ndarray]
    draw_demo: Callable[..., Any]
    failures: tuple[str, ...] = ()
    shelves: dict[str, type[ModelShelf]] = field(default_factory=dict)

    def portrait_engine(self) -> type[Engine] | None:
        """The one that finds people by itself best among those that can run here; None where none can."""
        return best_finder(self.engines.values())

    def default_engine(self) -> type[Engine]:
        """The engine of the highest rank among those that can run here."""
        ready = [engine for engine in self.engines.values() if not engine.missing()]
        return max(ready or self.engines.values(), key=lambda engine: engine.rank)


class Command(ABC):
    """A subcommand of ``mattelier``."""

    name: ClassVar[str]
    help: ClassVar[str]

    @abstractmethod
    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add this command's arguments."""

    @abstractmethod
    def run(self, args: argparse.Namespace, services: Services) -> int:
        """Do it; the exit code (0 done). ``UserError`` becomes a sentence on stderr and exit code 1."""
