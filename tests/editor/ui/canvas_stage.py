"""A canvas on the offscreen platform, and hands for it: mouse, wheel, pen, keys, and a look at single pixels."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPalette, QPointingDevice, QTabletEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from editor.api import Document, Photo, PointerEvent, Ring, Shape, Tool, UserError
from editor.document.document import UNMARKED
from editor.document.tiles import Plane
from editor.ui.canvas import Canvas
from editor.ui.main_thread import MainThread

SURROUND = QColor(23, 24, 26)
NONE, CTRL, SHIFT, ALT = (
    Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier,
)  # fmt: skip


class Defaults:
    """Settings by name; what is not named has its default."""

    def __init__(self, **values: object) -> None:
        self.values = values

    def get(self, name: str, default: object) -> Any:
        """The value or the default."""
        return self.values.get(name, default)


@dataclass
class Recorder(Tool):
    """A tool that writes down what it is told, and does what a test wants done at a press."""

    name: ClassVar[str] = "recorder"
    title: ClassVar[str] = "Recorder"
    icon: ClassVar[str] = "hand"

    def __post_init__(self) -> None:
        self.space_wanted = "photo"
        self.told: list[tuple[str, PointerEvent]] = []
        self.keys: list[str] = []
        self.takes: set[str] = set()
        self.marks: list[Ring | Shape] = []
        self.on_press: Callable[[Document], None] | None = None
        self.cancelled = 0

    @property
    def space(self) -> str:  # type: ignore[override]
        """The space that the test wants."""
        return self.space_wanted

    def press(self, document: Document, event: PointerEvent) -> None:
        """Write it down."""
        self.told.append(("press", event))
        if self.on_press is not None:
            self.on_press(document)

    def move(self, document: Document, event: PointerEvent) -> None:
        """Write it down."""
        self.told.append(("move", event))

    def release(self, document: Document, event: PointerEvent) -> None:
        """Write it down."""
        self.told.append(("release", event))

    def cancel(self, document: Document) -> None:
        """Count it."""
        self.cancelled += 1

    def preview(self, document: Document, event: PointerEvent) -> list[Ring | Shape]:
        """The marks that the test wants."""
        return self.marks

    def press_key(self, document: Document, key: str) -> bool:
        """Write it down; only what the test named is taken."""
        self.keys.append(key)
        return key in self.takes

    @property
    def names(self) -> list[str]:
        """What it was told, in order."""
        return [name for name, _ in self.told]


class Stage:
    """A shown canvas and what one does with it; places are the widget's points."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self.pump()

    @property
    def document(self) -> Document:
        """The document that is shown."""
        assert self.canvas.document is not None
        return self.canvas.document

    def pump(self, rounds: int = 40) -> None:
        """Let everything be drawn that is under way."""
        for _ in range(rounds):
            QApplication.processEvents()

    def until(self, condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
        """Handle events until the condition holds."""
        end_s = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < end_s, "it did not come about in time"
            self.pump(1)
            time.sleep(0.001)

    def picture(self) -> QImage:
        """What the canvas shows now."""
        self.pump()
        return self.canvas.grab().toImage()

    def colour(self, x: float, y: float) -> tuple[int, int, int]:
        """Red, green, blue that is shown for the picture's point (x, y)."""
        at = self.canvas.to_widget(x, y)
        shown = self.picture()
        ratio = shown.devicePixelRatio()
        colour = shown.pixelColor(int(at[0] * ratio), int(at[1] * ratio))
        return colour.red(), colour.green(), colour.blue()

    def place(self, x: float, y: float) -> tuple[float, float]:
        """The widget's point over the picture's point."""
        return self.canvas.to_widget(x, y)

    def mouse(
        self, kind: str, x: float, y: float,
        button: Qt.MouseButton = Qt.MouseButton.LeftButton, held: Qt.KeyboardModifier = NONE, down: bool = True,
    ) -> None:  # fmt: skip
        """A press, move or release; ``down`` is False for a move without a button."""
        types = {
            "press": QEvent.Type.MouseButtonPress, "move": QEvent.Type.MouseMove,
            "release": QEvent.Type.MouseButtonRelease,
        }  # fmt: skip
        nothing = Qt.MouseButton.NoButton
        buttons = nothing if kind == "release" or not down else button
        point = QPointF(x, y)
        event = QMouseEvent(
            types[kind], point, QPointF(self.canvas.mapToGlobal(QPoint(0, 0))) + point,
            nothing if kind == "move" else button, buttons, held,
        )  # fmt: skip
        QApplication.sendEvent(self.canvas, event)

    def drag(self, *points: tuple[float, float], button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
        """Press at the first point, move through the others, release at the last."""
        self.mouse("press", *points[0], button=button)
        for point in points[1:]:
            self.mouse("move", *point, button=button)
        self.mouse("release", *points[-1], button=button)

    def wheel(
        self, x: float, y: float, notches: float, held: Qt.KeyboardModifier = NONE,
        pixels: tuple[int, int] = (0, 0), phase: Qt.ScrollPhase = Qt.ScrollPhase.NoScrollPhase,
    ) -> None:  # fmt: skip
        """Turn the wheel, or with ``pixels`` and a phase two fingers on a touchpad."""
        point, turned = QPointF(x, y), QPoint(0, round(120 * notches))
        event = QWheelEvent(
            point, QPointF(self.canvas.mapToGlobal(QPoint(0, 0))) + point, QPoint(*pixels), turned,
            Qt.MouseButton.NoButton, held, phase, False,
        )  # fmt: skip
        QApplication.sendEvent(self.canvas, event)

    def pen(self, kind: str, x: float, y: float, pressure: float, eraser: bool = False) -> bool:
        """A pen's event; True when it was accepted."""
        types = {
            "press": QEvent.Type.TabletPress, "move": QEvent.Type.TabletMove, "release": QEvent.Type.TabletRelease,
        }  # fmt: skip
        pointer = QPointingDevice.PointerType
        device = QPointingDevice(
            "pen", 1, QPointingDevice.DeviceType.Stylus, pointer.Eraser if eraser else pointer.Pen,
            QPointingDevice.Capability.Pressure, 1, 2,
        )  # fmt: skip
        left, nothing = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        event = QTabletEvent(
            types[kind], device, QPointF(x, y), QPointF(x, y), pressure, 0, 0, 0, 0, 0, NONE,
            nothing if kind == "move" else left, nothing if kind == "release" else left,
        )  # fmt: skip
        QApplication.sendEvent(self.canvas, event)
        return event.isAccepted()


def quarters(width: int = 400, height: int = 300, dtype: type = np.uint8) -> np.ndarray:
    """A photo of four colours: red, green, blue and grey from the top left, in reading order."""
    top = np.iinfo(dtype).max
    pixels = np.zeros((height, width, 3), dtype)
    pixels[: height // 2, : width // 2, 0] = top
    pixels[: height // 2, width // 2 :, 1] = top
    pixels[height // 2 :, : width // 2, 2] = top
    pixels[height // 2 :, width // 2 :] = round(top * 128 / 255)
    return pixels


def mark(document: Document, labels: np.ndarray) -> None:
    """Give the document a trimap of 0, 128, 255 and 1 for unmarked."""
    with document.edit("Marks"):
        document.set_trimap(Plane.from_array(labels, UNMARKED, labels=True))


def cut(document: Document, alpha: np.ndarray) -> None:
    """Give the subject a mask of 8-bit values."""
    with document.edit("Matte"):
        document.set_matte(Plane.from_array(alpha.astype(np.uint16) * np.uint16(257)), None)


@contextmanager
def stage(
    pixels: np.ndarray | None = None, *, icc: bytes | None = None, jobs: Any = None, effects: Any = None,
    size: tuple[int, int] = (800, 600), **settings: object,
) -> Iterator[Stage]:  # fmt: skip
    """A shown canvas with a photo of four colours, or another, in it."""
    application = QApplication.instance() or QApplication([])
    canvas = Canvas(effects or {}, Defaults(motion=False, **settings), jobs)
    palette = canvas.palette()
    palette.setColor(QPalette.ColorRole.Dark, SURROUND)
    canvas.setPalette(palette)
    canvas.resize(*size)
    canvas.show()
    canvas.set_document(Document.from_photo(Photo(quarters() if pixels is None else pixels, icc=icc)))
    try:
        yield Stage(canvas)
    finally:
        canvas.set_document(None)
        canvas.close()
        canvas.deleteLater()
        application.processEvents()


@contextmanager
def runner() -> Iterator[Any]:
    """A job runner that delivers through the event loop."""
    from editor.jobs import JobRunner

    _application = QApplication.instance() or QApplication([])
    deliverer = MainThread()
    jobs = JobRunner(deliverer.deliver)
    try:
        yield jobs
    finally:
        assert jobs.shutdown()


def fails(message: str) -> Callable[[Document], None]:
    """Something for a tool to do: raise a ``UserError``."""

    def fail(_document: Document) -> None:
        raise UserError(message, "Try elsewhere.")

    return fail
