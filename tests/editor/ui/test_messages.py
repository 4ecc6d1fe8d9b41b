"""Messages: a user's mistake in its own words, a bug as a bug, nothing that must be clicked away."""

from __future__ import annotations

import threading

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton

from editor.errors import Cancelled, UserError


def test_a_users_mistake_is_a_banner_with_a_sentence_and_a_hint(window):
    window.messages.show_error(UserError("The photo is empty.", "Take another copy."))
    banner = window.messages.banners()[-1]
    assert (banner.message, banner.hint) == ("The photo is empty.", "Take another copy.")
    assert window.messages.isVisible()
    assert banner.accessibleName() == "The photo is empty. Take another copy."


def test_too_little_memory_is_no_bug(window):
    window.messages.show_error(MemoryError())
    assert window.messages.banners()[-1].message == "There is not enough memory for this."


def test_a_banners_sign_is_seen_in_the_theme_that_comes_after_it(window, pump):
    window.views.wear("dark")
    sign = next(label for label in window.messages.say("Look.").findChildren(QLabel) if not label.pixmap().isNull())
    window.views.wear("light")
    pump.once()
    drawn = sign.pixmap().toImage()
    inks = [drawn.pixelColor(x, y) for x in range(drawn.width()) for y in range(drawn.height())]
    solid = [ink.lightness() for ink in inks if ink.alpha() > 200]
    assert solid and max(solid) < 128, "dark ink on a light ground"


def test_cancelling_is_met_with_silence(window):
    window.messages.show_error(Cancelled())
    assert window.messages.banners() == []


def test_esc_closes_the_newest_message(window, pump):
    window.messages.say("First.")
    window.messages.say("Second.")
    window.setFocus()
    QTest.keyClick(window, Qt.Key.Key_Escape)
    pump.once()
    assert [banner.message for banner in window.messages.banners()] == ["First."]


def test_the_same_words_are_not_shown_twice(window):
    for _ in range(3):
        window.messages.say("The disk is full.")
    assert len(window.messages.banners()) == 1


def test_a_button_in_a_banner_acts_and_closes_it(window, pump):
    pressed = []
    banner = window.messages.say("Bring it back?", "", [("Recover", lambda: pressed.append(1))])
    QTest.mouseClick(banner.findChild(QPushButton), Qt.MouseButton.LeftButton)
    pump.once()
    assert pressed == [1]
    assert window.messages.banners() == []


def test_a_bug_is_called_a_bug_and_its_report_can_be_copied(window, complaints):
    window.messages.show_error(ZeroDivisionError("on purpose"))
    banner = window.messages.banners()[-1]
    assert banner.message == "This is a bug in Mattelier."
    button = next(button for button in banner.findChildren(QPushButton) if button.text() == "Copy report")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert "ZeroDivisionError: on purpose" in QGuiApplication.clipboard().text()
    assert len(complaints) == 1
    complaints.clear()


def test_an_error_in_a_slot_becomes_a_banner_and_the_window_lives_on(window, pump, complaints):
    button = QPushButton()
    button.clicked.connect(lambda: 1 / 0)
    button.click()
    pump.once()
    assert window.messages.banners()[-1].message == "This is a bug in Mattelier."
    complaints.clear()


def test_an_error_in_a_thread_becomes_a_banner(window, pump, complaints):
    def work() -> None:
        raise UserError("The thread met a user's mistake.", "Try again.")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    pump.until(lambda: bool(window.messages.banners()), 5)
    assert window.messages.banners()[-1].message == "The thread met a user's mistake."


def test_qts_warnings_reach_the_log(window, complaints):
    from PySide6.QtCore import qWarning

    qWarning("something is odd")
    assert complaints == ["Qt: something is odd"]
    complaints.clear()
