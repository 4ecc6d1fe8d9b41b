"""What all tests share: a home of their own, a Qt that draws into memory, and nothing left running."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

_GRACE_S = 2.0
_TORCH_S = 60.0
"""Getting an engine ready loads torch, once in a process, in a thread that ends by itself."""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings, plugins, caches and journals of a test lie in a folder of its own, never in the user's."""
    folder = tmp_path / "home"
    monkeypatch.setenv("MATTELIER_HOME", str(folder))
    return folder


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    """Fail a test that leaves a thread or a running Qt timer behind."""
    before = set(threading.enumerate())
    yield
    for thread in threading.enumerate():
        if thread.name == "torch":
            thread.join(_TORCH_S)
    deadline = time.monotonic() + _GRACE_S
    while (left := _new_threads(before)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not left, f"threads left running: {', '.join(thread.name for thread in left)}"
    timers = _running_timers()
    assert not timers, f"Qt timers left running: {', '.join(timers)}"


@pytest.fixture(scope="session")
def registry():
    """Every built-in plugin, as the program finds them."""
    from editor.plugin_loader import load_all

    return load_all()


def _new_threads(before: set[threading.Thread]) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread not in before and thread.is_alive()]


def _running_timers() -> list[str]:
    """Timers of windows that are still shown: a window that was closed may be waiting for the garbage collector."""
    widgets = sys.modules.get("PySide6.QtWidgets")
    core = sys.modules.get("PySide6.QtCore")
    if widgets is None or core is None or widgets.QApplication.instance() is None:
        return []
    shown = [widget for widget in widgets.QApplication.topLevelWidgets() if widget.isVisible()]
    timers = [timer for widget in shown for timer in widget.findChildren(core.QTimer) if timer.isActive()]
    return [timer.objectName() or type(timer.parent()).__name__ for timer in timers]
