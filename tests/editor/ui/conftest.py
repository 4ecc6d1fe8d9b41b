"""A window to work in: shown, with real plugins, in a home of its own, and quiet: a warning of Qt fails the test."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from editor.api import Engine, param
from editor.document import trimap
from editor.document.document import Document, Photo


@dataclass
class QuickEngine(Engine):
    """Takes the marks for the matte, in three steps."""

    name: ClassVar[str] = "quick"
    title: ClassVar[str] = "Quick"
    description: ClassVar[str] = "For tests."
    rank: ClassVar[int] = -1

    strength: float = param(0.5, "Strength", minimum=0.0, maximum=1.0)

    def run(self, image, trimap, progress, start=None):
        """Unknown is ``strength``."""
        for piece in range(3):
            progress(piece / 3, f"piece {piece + 1} of 3")
        return np.where(trimap == 128, np.float32(self.strength), trimap.astype(np.float32) / 255)


@dataclass
class EndlessEngine(Engine):
    """Runs until it is cancelled."""

    name: ClassVar[str] = "endless"
    title: ClassVar[str] = "Endless"
    rank: ClassVar[int] = -2

    def run(self, image, trimap, progress, start=None):
        """Only ``progress`` ends it."""
        while True:
            progress(0.5, "fine pass, 7 of 11 pieces")
            time.sleep(0.005)


@dataclass
class BrokenEngine(Engine):
    """Raises what no engine should."""

    name: ClassVar[str] = "broken"
    title: ClassVar[str] = "Broken"
    rank: ClassVar[int] = -3

    def run(self, image, trimap, progress, start=None):
        """A bug."""
        raise ValueError("a bug in an engine")


@dataclass
class FindingEngine(QuickEngine):
    """Needs no marks: what is light is the subject."""

    name: ClassVar[str] = "finding"
    title: ClassVar[str] = "Finding"
    rank: ClassVar[int] = -4
    finds_trimap: ClassVar[bool] = True

    def find(self, image, progress):
        """By brightness."""
        progress(0.5, "looking for the subject")
        bright = image.mean(axis=2)
        found = np.select([bright > 0.6, bright < 0.25], [255, 0], 128).astype(np.uint8)
        return found, self.run(image, found, progress)


ENGINES = {engine.name: engine for engine in (QuickEngine, EndlessEngine, BrokenEngine, FindingEngine)}


class Pump:
    """Lets the window live while a test waits."""

    def until(self, condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
        """Handle events until the condition holds; fails the test when the time is over first."""
        end = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < end, "it did not come about in time"
            self.once()
            time.sleep(0.002)
        self.once()

    def once(self, rounds: int = 3) -> None:
        """Handle what is waiting."""
        for _ in range(rounds):
            QApplication.processEvents()


class _Listener(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(self.format(record))


@pytest.fixture
def pump() -> Pump:
    """Waits without blocking the window."""
    return Pump()


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What Qt warned of and what nobody caught; whatever a test leaves in it fails it."""
    listener = _Listener()
    logger = logging.getLogger("mattelier.window")
    logger.addHandler(listener)
    yield listener.heard
    logger.removeHandler(listener)
    assert not listener.heard, "\n".join(listener.heard)


@pytest.fixture
def window(registry, home: Path, pump: Pump, complaints: list[str]) -> Iterator:
    """The window at 1280 x 720 without a photo; closed without questions at the end."""
    from editor import app

    shown = app.build([], registry=replace(registry, engines={**registry.engines, **ENGINES}))
    shown.resize(1280, 720)
    shown.show()
    pump.once()
    yield shown
    if shown.desk.document is not None:
        shown.desk.mark_saved(shown.desk.document.state)
    for widget in QApplication.topLevelWidgets():
        if widget is not shown:
            widget.close()
    shown.close()
    pump.once()
    shown.restore_hooks()
    shown.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def ball() -> tuple[np.ndarray, np.ndarray]:
    """A light disc with a soft edge before a dark ground: pixels (240, 320, 3) uint8 and a trimap plane's values."""
    y, x = np.mgrid[:240, :320]
    distance = np.hypot(x - 160, y - 120)
    alpha = np.clip((80 - distance) / 12 + 0.5, 0, 1)[..., None]
    pixels = (alpha * (230, 200, 60) + (1 - alpha) * (20, 40, 90)).astype(np.uint8)
    marks = np.full((240, 320), 128, np.uint8)
    marks[distance < 66] = 255
    marks[distance > 94] = 0
    return pixels, marks


@pytest.fixture
def photo_file(ball, tmp_path: Path) -> Path:
    """The disc as a file."""
    path = tmp_path / "disc photo.png"
    assert cv2.imwrite(str(path), ball[0][..., ::-1])
    return path


@pytest.fixture
def opened(window, photo_file: Path, pump: Pump):
    """The window with the disc open, unmarked."""
    window.files.open_path(photo_file)
    pump.until(lambda: window.desk.document is not None)
    return window


@pytest.fixture
def marked(opened, ball):
    """The window with the disc open and marked."""
    document: Document = opened.desk.document
    with document.edit("Marks"):
        document.set_trimap(trimap.from_array(ball[1]))
    return opened


@pytest.fixture
def cut(marked, ball, pump: Pump):
    """The window with a matte that is already there, without an engine having run."""
    from editor.document.tiles import Plane

    document: Document = marked.desk.document
    alpha = (ball[1].astype(np.uint16)) * np.uint16(257)
    with document.edit("Matte"):
        document.set_matte(Plane.from_array(alpha), Plane.from_array(ball[0]))
    pump.once()
    return marked


@pytest.fixture
def drag(pump: Pump) -> Callable:
    """Press, move, release on a widget, at points of it."""

    def dragged(widget, *points: tuple[float, float], button=Qt.MouseButton.LeftButton) -> None:
        places = [QPoint(round(x), round(y)) for x, y in points]
        QTest.mousePress(widget, button, pos=places[0])
        for place in places[1:]:
            _move(widget, place, button)
            pump.once(1)
        QTest.mouseRelease(widget, button, pos=places[-1])
        pump.once()

    return dragged


def _move(widget, place: QPoint, button: Qt.MouseButton) -> None:
    """A move with the button held: QTest's own carries no button."""
    event = QMouseEvent(
        QEvent.Type.MouseMove, QPointF(place), QPointF(widget.mapToGlobal(place)), Qt.MouseButton.NoButton, button,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


@pytest.fixture
def photo(ball) -> Photo:
    """The disc in memory."""
    return Photo(ball[0])
