"""The monitor's profile: from the system, from a file, or sRGB; and how the photo is drawn by it."""

from __future__ import annotations

import ctypes
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QColorSpace, QGuiApplication
from PySide6.QtWidgets import QFileDialog

from editor.document.document import Document, Photo
from editor.errors import UserError
from editor.ui import monitor_profile
from editor.ui.desk import Origin
from editor.ui.preferences import Preferences

# columns: red, green, blue of each space in XYZ, adapted to D50 as in ICC profiles
SRGB_XYZ = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])
WIDE_XYZ = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])
WIDE_GAMMA = 563 / 256
DISC = (230, 200, 60)


def profile(name: str = "Wide monitor", space: bytes = b"RGB ") -> bytes:
    """An ICC profile (version 2) of a monitor with the primaries and the gamma of Adobe RGB."""
    text = name.encode("ascii") + b"\0"
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78),
        b"cprt": b"text\0\0\0\0none\0",
        b"wtpt": xyz((0.9642, 1.0, 0.8249)),
        **{key: xyz(WIDE_XYZ[:, i]) for i, key in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))},
        **{key: b"curv\0\0\0\0" + struct.pack(">IH", 1, 563) for key in (b"rTRC", b"gTRC", b"bTRC")},
    }
    table, data = struct.pack(">I", len(tags)), b""
    for key, content in tags.items():
        table += key + struct.pack(">II", 132 + 12 * len(tags) + len(data), len(content))
        data += content + bytes(-len(content) % 4)
    size = 128 + len(table) + len(data)
    head = struct.pack(">I4sI4s4s4s12x4s", size, b"none", 0x02100000, b"mntr", space, b"XYZ ", b"acsp")
    return (head + bytes(28) + xyz((0.9642, 1.0, 0.8249))[8:]).ljust(128, b"\0") + table + data


def xyz(values: object) -> bytes:
    """An XYZ tag."""
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(65536 * float(value)) for value in values))


def on_wide_monitor(rgb: tuple[int, int, int]) -> np.ndarray:
    """What an 8-bit sRGB colour must be sent as to the monitor of ``profile``, worked out by hand."""
    value = np.array(rgb) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    sent = np.linalg.solve(WIDE_XYZ, SRGB_XYZ @ linear)
    return 255 * np.clip(sent, 0, 1) ** (1 / WIDE_GAMMA)


def disc_colour(window, pump) -> tuple[int, int, int]:
    """What the canvas shows in the middle of the disc."""
    pump.once(40)
    shown = window.canvas.grab().toImage()
    x, y = window.canvas.to_widget(160, 120)
    colour = shown.pixelColor(int(x * shown.devicePixelRatio()), int(y * shown.devicePixelRatio()))
    return colour.red(), colour.green(), colour.blue()


def tip(window) -> str:
    """The tip of the photo's facts in the status bar."""
    return window.status._facts.toolTip()


@pytest.fixture
def wide_file(tmp_path: Path) -> Path:
    """The profile of a wide monitor as a file."""
    path = tmp_path / "wide.icc"
    path.write_bytes(profile())
    return path


@pytest.fixture
def preferences(opened) -> Preferences:
    """The preferences, open."""
    opened.verbs.preferences()
    return next(each for each in opened.findChildren(Preferences) if each.isVisible())


def choose(preferences: Preferences, value: str) -> None:
    """Choose in the list, as a hand would."""
    preferences.monitor.setCurrentIndex(preferences.monitor.findData(value))
    preferences.monitor.activated.emit(preferences.monitor.currentIndex())


def answer(preferences: Preferences, path: Path | None) -> None:
    """Choose a file in the dialog that is open; None cancels it."""
    dialog = next(each for each in preferences.findChildren(QFileDialog) if each.isVisible())
    if path is None:
        dialog.reject()
    else:
        dialog.fileSelected.emit(str(path))
        dialog.close()


def test_without_a_profile_of_the_system_automatic_is_srgb(opened, pump):
    assert disc_colour(opened, pump) == DISC
    assert "Monitor: sRGB (automatic)" in tip(opened)


def test_a_file_changes_the_pixels_drawn_at_once_and_srgb_brings_them_back(opened, preferences, wide_file, pump):
    folder = opened.desk.settings.get("folder", "")
    choose(preferences, "file")
    answer(preferences, wide_file)
    wanted = on_wide_monitor(DISC)
    assert np.abs(wanted - DISC).max() > 10
    assert disc_colour(opened, pump) == pytest.approx(tuple(wanted), abs=1.5)
    assert "Monitor: Wide monitor (from wide.icc)" in tip(opened)
    assert "wide.icc" in preferences.monitor.currentText() and str(wide_file) in preferences.monitor.toolTip()
    assert opened.desk.settings.get("folder", "") == folder, "photos are still looked for where they were"
    choose(preferences, "srgb")
    assert disc_colour(opened, pump) == DISC
    assert "Monitor: sRGB (chosen)" in tip(opened)


def test_a_bad_file_is_a_sentence_and_what_was_chosen_stays(opened, preferences, tmp_path, pump):
    choose(preferences, "srgb")
    bad = tmp_path / "notes.icc"
    bad.write_bytes(b"no profile at all" * 20)
    choose(preferences, "file")
    answer(preferences, bad)
    assert opened.messages.banners()[-1].message == "“notes.icc” is no colour profile, or a damaged one."
    assert preferences.monitor.value() == "srgb" and opened.desk.settings.get("monitor_profile", "") == "srgb"
    assert disc_colour(opened, pump) == DISC


def test_asking_for_a_file_and_cancelling_changes_nothing(opened, preferences):
    choose(preferences, "file")
    answer(preferences, None)
    assert preferences.monitor.value() == "automatic"
    assert opened.desk.settings.get("monitor_profile", "automatic") == "automatic"


def test_a_file_that_has_gone_is_told_of_once_and_srgb_stands_in(opened, wide_file, pump):
    opened.desk.settings.set("monitor_profile", "file")
    opened.desk.settings.set("monitor_profile_file", str(wide_file))
    opened.verbs.follow_preferences()
    assert disc_colour(opened, pump) != DISC
    wide_file.unlink()
    opened.verbs.follow_preferences()
    assert "“wide.icc” cannot be read: No such file" in opened.messages.banners()[-1].message
    assert disc_colour(opened, pump) == DISC and "wide.icc cannot be used" in tip(opened)
    opened.messages.clear()
    opened.verbs.follow_preferences()
    assert opened.messages.banners() == []


def test_another_screen_is_drawn_for_as_soon_as_the_window_is_there(opened, monkeypatch, pump):
    wide = monitor_profile.parse(profile())
    monkeypatch.setattr(monitor_profile, "profile_of", lambda _window: wide)
    assert disc_colour(opened, pump) == DISC
    opened.windowHandle().screenChanged.emit(QGuiApplication.primaryScreen())
    assert disc_colour(opened, pump) == pytest.approx(tuple(on_wide_monitor(DISC)), abs=1.5)
    assert "Monitor: Wide monitor (automatic)" in tip(opened)


def test_the_monitor_profile_has_a_name_and_a_tip(preferences):
    assert preferences.monitor.accessibleName() == "Monitor profile"
    assert "screen" in preferences.monitor.toolTip()
    assert preferences.monitor.focusPolicy().name == "StrongFocus"


def test_the_status_bar_says_what_was_done_about_a_photos_profile(opened, photo, pump):
    assert opened.status._note.text() == ""
    white = QColorSpace(QColorSpace.NamedColorSpace.SRgb).whitePoint()
    grey = QColorSpace(white, QColorSpace.TransferFunction.SRgb).iccProfile().data()
    opened.desk.lay(Document.from_photo(Photo(photo.pixels, icc=grey)), Origin("grey"))
    pump.once()
    note = opened.canvas.colour_note
    assert "shown as sRGB" in note
    assert opened.status._note.text() == note and opened.status._note.toolTip() == note
    assert opened.status._note.width() > 200
    opened.desk.lay(Document.from_photo(photo), Origin("plain"))
    assert opened.status._note.text() == ""


def damaged(change: Callable[[bytearray], None]) -> bytes:
    """The profile with something done to its bytes."""
    icc = bytearray(profile())
    change(icc)
    return bytes(icc)


@pytest.mark.parametrize(
    "icc",
    [
        None,
        b"",
        b"\xff" * 600,
        profile()[:300],
        profile(space=b"CMYK"),
        profile(space=b"GRAY"),
        damaged(lambda icc: icc.__setitem__(slice(136, 140), b"\xff" * 4)),
        damaged(lambda icc: icc.__setitem__(slice(0, 4), bytes(4))),
    ],
)
def test_a_profile_that_is_damaged_or_not_for_rgb_counts_as_none(icc):
    assert monitor_profile.parse(icc) is None


def test_a_whole_profile_is_taken_and_has_its_name():
    space = monitor_profile.parse(profile())
    assert space is not None and space.description() == "Wide monitor"
    assert space.isValidTarget() and space != QColorSpace(QColorSpace.NamedColorSpace.SRgb)


@pytest.mark.parametrize(
    ("content", "said"),
    [(profile(space=b"CMYK"), "not one for RGB"), (profile()[:200], "damaged"), (b"", "damaged")],
)
def test_a_file_that_cannot_serve_says_why(tmp_path, content, said):
    path = tmp_path / "bad.icm"
    path.write_bytes(content)
    with pytest.raises(UserError, match=said) as raised:
        monitor_profile.read_profile_file(path)
    assert "“bad.icm”" in raised.value.message and ".icc or .icm" in raised.value.hint


def test_a_path_that_no_file_can_have_is_a_sentence_too():
    with pytest.raises(UserError, match="cannot be read"):
        monitor_profile.read_profile_file(Path("a\0b.icc"))


def test_off_the_screen_there_is_no_profile(opened):
    assert monitor_profile.profile_of(opened.windowHandle()) is None
    assert monitor_profile.profile_of(None) is None


@pytest.mark.parametrize("error", [OSError("no such library"), ValueError("no such screen"), AttributeError("gone")])
def test_whatever_is_missing_in_the_system_there_is_just_no_profile(opened, monkeypatch, error):
    def missing(_place: int) -> bytes:
        raise error

    monkeypatch.setattr(QGuiApplication, "platformName", staticmethod(lambda: "xcb"))
    monkeypatch.setattr(monitor_profile, "x11_profile", missing)
    assert monitor_profile.profile_of(opened.windowHandle()) is None


# on a real X server


@pytest.fixture
def x_display(monkeypatch) -> Iterator[str]:
    """An X server of our own, as ``DISPLAY``."""
    server = shutil.which("Xvfb")
    if server is None:
        pytest.skip("Xvfb is not installed: there is no X server to ask")
    try:
        ctypes.CDLL("libX11.so.6")
    except OSError:
        pytest.skip("libX11 is not installed")
    reader, writer = os.pipe()
    command = [server, "-displayfd", str(writer), "-screen", "0", "640x480x24", "-noreset", "-nolisten", "tcp"]
    process = subprocess.Popen(command, pass_fds=[writer], stderr=subprocess.DEVNULL)
    os.close(writer)
    with os.fdopen(reader) as told:
        number = told.readline().strip()
    try:
        if not number:
            pytest.skip("Xvfb does not start here")
        monkeypatch.setenv("DISPLAY", f":{number}")
        yield f":{number}"
    finally:
        process.terminate()
        process.wait(20)


def put_property(name: bytes, data: bytes, bits: int = 8) -> None:
    """Set a property of the root window, as a colour daemon does."""
    x11 = monitor_profile._x11()
    display = x11.XOpenDisplay(None)
    assert display
    number = ctypes.c_ulong
    x11.XChangeProperty.argtypes = [
        ctypes.c_void_p, number, number, number, ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int,
    ]  # fmt: skip
    atom, cardinal, replace = x11.XInternAtom(display, name, False), 6, 0
    count = len(data) if bits == 8 else len(data) // 8  # Xlib takes 32-bit values as long
    x11.XChangeProperty(display, x11.XDefaultRootWindow(display), atom, cardinal, bits, replace, data, count)
    x11.XCloseDisplay(display)


def test_x11_keeps_the_profiles_of_its_screens_at_the_root_window(x_display):
    assert monitor_profile.x11_profile(0) is None
    first, second = profile("First"), profile("Second")
    put_property(b"_ICC_PROFILE", first)
    assert monitor_profile.x11_profile(0) == first and monitor_profile.x11_profile(1) is None
    put_property(b"_ICC_PROFILE_1", second)
    assert (monitor_profile.x11_profile(0), monitor_profile.x11_profile(1)) == (first, second)


def test_a_property_of_another_kind_is_no_profile(x_display):
    put_property(b"_ICC_PROFILE", bytes(64), bits=32)
    assert monitor_profile.x11_profile(0) is None


def test_without_an_x_server_there_is_no_profile(x_display, monkeypatch):
    monkeypatch.setenv("DISPLAY", ":4711")
    assert monitor_profile.x11_profile(0) is None


_SHOW = """
from PySide6.QtWidgets import QApplication, QWidget
from editor.ui.monitor_profile import profile_of
application = QApplication([])
window = QWidget()
window.show()
space = profile_of(window.windowHandle())
print("found:", application.platformName(), space and space.description())
"""


def test_a_window_on_x11_finds_the_profile_of_its_screen(x_display):
    put_property(b"_ICC_PROFILE", profile("On the root window"))
    environment = {**os.environ, "QT_QPA_PLATFORM": "xcb"}
    root = Path(__file__).parents[3]
    ran = subprocess.run(
        [sys.executable, "-c", _SHOW], env=environment, cwd=root, capture_output=True, text=True, timeout=60
    )
    if "could not load the Qt platform plugin" in ran.stderr.replace("Could", "could"):
        pytest.skip("Qt's xcb platform lacks a library here")
    assert ran.stdout.strip() == "found: xcb On the root window", ran.stderr
