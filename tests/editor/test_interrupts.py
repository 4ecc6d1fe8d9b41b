"""Ctrl-C on the command line: it comes through, never within an import, and no thread holds up the end."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from editor.cli import _interrupts_between_imports

ROOT = Path(__file__).resolve().parents[2]


def test_an_interrupt_comes_through_and_the_handler_from_before_is_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), _interrupts_between_imports():
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_within_the_import_system_it_waits_until_that_is_left() -> None:
    importing = "import signal; signal.raise_signal(signal.SIGINT)\nfor _ in range(1000): pass\nlock_given_back = True"
    seen: dict[str, object] = {}
    with pytest.raises(KeyboardInterrupt), _interrupts_between_imports():
        exec(compile(importing, "<frozen importlib._bootstrap>", "exec"), seen)
        assert seen["lock_given_back"]
        time.sleep(5)
        pytest.fail("the interrupt was lost")
    assert seen["lock_given_back"]


@pytest.mark.parametrize(("code", "waits"), [(0, True), (1, False), (130, False)])
def test_after_an_error_no_thread_is_waited_for(code: int, waits: bool) -> None:
    program = (
        "import threading, time; from editor import cli\n"
        "def main():\n"
        f"    threading.Thread(target=time.sleep, args=({2 if waits else 60},)).start()\n"
        "    print('said', end='')\n"
        f"    return {code}\n"
        "cli.main = main\n"
        "cli.run()\n"
    )
    started = time.perf_counter()
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=50)
    assert (ended.returncode, ended.stdout) == (code, "said")
    assert not waits or time.perf_counter() - started >= 2


def test_without_a_console_it_ends_as_well() -> None:
    program = (
        "import sys, threading, time; from editor import cli\n"
        "def main():\n"
        "    threading.Thread(target=time.sleep, args=(60,)).start()\n"
        "    sys.stdout = sys.stderr = None\n"
        "    return 3\n"
        "cli.main = main\n"
        "cli.run()\n"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, timeout=50).returncode == 3
