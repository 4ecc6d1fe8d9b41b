"""``app.build``: a window from settings, plugins and jobs, and what it does with its arguments."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from editor import app
from editor.plugin_loader import Failure
from editor.settings import Settings


@pytest.fixture
def build(registry):
    """Builds windows, and closes them at the end."""
    made = []

    def built(words=(), **more):
        window = app.build(list(words), registry=replace(registry, failures=more.pop("failures", [])), **more)
        window.show()
        made.append(window)
        return window

    yield built
    for window in made:
        window.close()
        window.restore_hooks()
        window.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def wait(condition) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        QApplication.processEvents()
        time.sleep(0.002)


def test_a_photo_named_as_argument_is_opened(build, tmp_path):
    path = tmp_path / "Grüße aus 北京.png"
    cv2.imencode(".png", np.full((30, 40, 3), 77, np.uint8))[1].tofile(path)
    window = build([str(path)])
    wait(lambda: window.desk.document is not None)
    assert window.windowTitle().startswith("Grüße aus 北京.png")


def test_an_argument_that_is_not_there_is_told_of(build):
    window = build(["nowhere/at all.jpg"])
    wait(lambda: bool(window.messages.banners()))
    assert "is not there" in window.messages.banners()[-1].message


def test_damaged_settings_are_told_of_and_the_window_opens(build, tmp_path):
    path = tmp_path / "settings.json"
    path.write_text("{ no json")
    window = build(settings=Settings(path))
    wait(lambda: bool(window.messages.banners()))
    assert "settings were damaged" in window.messages.banners()[-1].message


def test_a_plugin_that_failed_is_told_of_with_a_way_to_the_list(build):
    window = build(failures=[Failure("sparkle", "ImportError: no glitter")])
    wait(lambda: bool(window.messages.banners()))
    banner = window.messages.banners()[-1]
    assert (banner.message, banner.hint) == ("A plugin could not be used.", "sparkle")


def test_closing_puts_the_hooks_back_and_leaves_no_thread(build):
    before = (sys.excepthook, threading.excepthook)
    window = build()
    assert sys.excepthook is not before[0]
    window.close()
    window.restore_hooks()
    assert (sys.excepthook, threading.excepthook) == before
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("job-")]


def test_the_theme_chosen_last_is_worn_at_the_next_start(build, tmp_path):
    settings = Settings(tmp_path / "settings.json")
    settings.set("theme", "light")
    build(settings=settings)
    assert QApplication.instance().property("theme") == "light"


def test_settings_are_on_disk_after_closing(build, tmp_path):
    path = tmp_path / "settings.json"
    window = build(settings=Settings(path))
    window.tool_box.choose("lasso")
    window.close()
    assert Settings(path).get("tool", "") == "lasso"


def test_work_on_another_thread_comes_back_to_the_main_one_in_order(build):
    from editor.ui.main_thread import MainThread

    build()
    back, arrived = MainThread(), []
    thread = threading.Thread(
        target=lambda: [back.deliver(lambda n=n: arrived.append((n, threading.current_thread()))) for n in range(5)]
    )
    thread.start()
    thread.join()
    assert arrived == []
    wait(lambda: len(arrived) == 5)
    assert [n for n, _ in arrived] == list(range(5))
    assert {at for _, at in arrived} == {threading.main_thread()}


def test_the_report_of_a_bug_names_no_home_folder():
    from editor.ui.exception_hooks import report_text

    try:
        (Path.home() / "private" / "photo.png").read_bytes()
    except OSError as error:
        report = report_text(error)
    assert str(Path.home()) not in report and "photo.png" in report
    assert "Mattelier" in report
