"""Start-up: the window shows in under a second, and what is slow to import is not imported for it.

The time that counts is the processor's own, since these tests run beside others; where the machine is idle, the clock
on the wall is held to the same second.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LIMIT_S = 1.0
ATTEMPTS, MOST_ATTEMPTS = 3, 8
HEAVY = ("torch", "scipy", "tifffile", "skimage", "PIL", "matplotlib")

# Runs in a fresh Python. The clock is the system's, so that the parent's time of starting it counts as well.
SHOW = """
import json, sys, time
from editor import app
window = app.build([])
from PySide6.QtCore import QObject, QEvent, QTimer
from PySide6.QtWidgets import QApplication

class FirstPaint(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint:
            watched.removeEventFilter(self)
            QTimer.singleShot(0, self.painted)
        return False

    def painted(self):
        facts = {"shown": time.time(), "cpu": time.process_time(), "visible": window.isVisible()}
        facts["slow"] = [name for name in HEAVY if name in sys.modules]
        print(json.dumps(facts), flush=True)
        window.close()
        QApplication.quit()

watch = FirstPaint()
window.centralWidget().installEventFilter(watch)
window.show()
QApplication.exec()
"""

HELP = """
import time
from editor.cli import main
try:
    main(["--help"])
except SystemExit:
    print(time.process_time())
"""


def run_python(code: str, home: Path) -> str:
    """A fresh Python's last line; it may keep its compiled modules, as any user's does."""
    changes = {"QT_QPA_PLATFORM": "offscreen", "MATTELIER_HOME": str(home), "PYTHONDONTWRITEBYTECODE": ""}
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **changes},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip().splitlines()[-1]


def show_window(home: Path) -> dict:
    """Show the window and close it; ``wall`` counts from before Python started, ``cpu`` only this process's work."""
    started = time.time()
    facts = json.loads(run_python(f"HEAVY = {HEAVY!r}\n{SHOW}", home))
    return {**facts, "wall": facts["shown"] - started}


@pytest.fixture(scope="module")
def starts(tmp_path_factory) -> list[dict]:
    """Several starts, until one was quick enough: the first ones compile, and other work can only slow them down."""
    home, found = tmp_path_factory.mktemp("home"), []
    while len(found) < MOST_ATTEMPTS and not any(start["wall"] < LIMIT_S for start in found):
        found.append(show_window(home))
        if len(found) >= ATTEMPTS and any(start["cpu"] < LIMIT_S for start in found):
            break
    return found


def test_the_window_is_painted_after_less_than_a_second(starts):
    """By the clock; or, where other work takes the processor away, after less than a second of this one's."""
    best = min(min(start["wall"], start["cpu"]) for start in starts)
    assert all(start["visible"] for start in starts)
    assert best < LIMIT_S, f"best of {len(starts)}: {best:.2f} s"


def test_the_window_is_painted_within_a_second_of_the_start_on_an_idle_machine(starts):
    best = min(start["wall"] for start in starts)
    busy = os.getloadavg()[0] / (os.cpu_count() or 1) if hasattr(os, "getloadavg") else 0.0
    if best >= LIMIT_S and busy > 0.5:
        pytest.skip(f"the machine is busy ({busy:.1f} processes a core): best of {len(starts)} is {best:.2f} s")
    assert best < LIMIT_S, f"best of {len(starts)}: {best:.2f} s"


def test_showing_the_window_imports_neither_torch_nor_scipy_nor_anything_else_slow(starts):
    assert starts[0]["slow"] == []


def test_help_is_there_at_once(tmp_path):
    best = min(float(run_python(HELP, tmp_path)) for _ in range(3))
    assert best < 0.8, f"{best:.2f} s"


def test_the_demo_is_opened_where_it_is_asked_for(tmp_path):
    code = """
import time
from editor import app
window = app.build([app.DEMO])
from PySide6.QtWidgets import QApplication
end = time.monotonic() + 40
while window.desk.document is None and time.monotonic() < end:
    QApplication.processEvents()
    time.sleep(0.01)
print(window.desk.document is not None and window.desk.document.state.width)
window.close()
"""
    assert run_python(code, tmp_path) == "1600"
