"""The colour profile of the screen that a window is on, as the system keeps it; and profiles in files.

No system offers this through Qt, so each is asked in its own way. What cannot be found out is None: colours are then
shown as for sRGB, which is what most screens are made for.
"""

from __future__ import annotations

import ctypes
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

from PySide6.QtGui import QColorSpace, QGuiApplication, QScreen, QSurfaceFormat, QWindow

from editor.errors import UserError

HEADER_BYTES = 128
MOST_BYTES = 32 << 20
"""Profiles of screens have some kilobytes to some megabytes; what is larger is none."""
_PATH_CHARS = 32768
_NEAREST_MONITOR = 2
_HINT = "Choose an .icc or .icm file that describes an RGB screen."


def profile_of(window: QWindow | None) -> QColorSpace | None:
    """The colours of the screen that ``window`` is on; None where the system names no usable RGB profile for it.

    None on Wayland, whose compositors keep the screen's profile to themselves and take our pixels as sRGB, and on
    macOS: its windows say that they are sRGB (see :func:`tag_surfaces`) and the system converts from there.
    """
    if window is None or window.screen() is None:
        return None
    try:
        if sys.platform == "win32":
            return parse(_windows_profile(window))
        if QGuiApplication.platformName() == "xcb":
            return parse(x11_profile(_place_of(window.screen())))
    except (OSError, ValueError, AttributeError):  # no such library, function, file or window: as if no profile
        return None
    return None


def tag_surfaces() -> None:
    """On macOS, let windows made from now on say that they are sRGB; elsewhere nothing.

    Without this a window there counts as being in the screen's own colours, and the system converts nothing.
    Not yet run: no such machine was at hand.
    """
    if QGuiApplication.platformName() != "cocoa":
        return
    wanted = QSurfaceFormat.defaultFormat()
    wanted.setColorSpace(QColorSpace(QColorSpace.NamedColorSpace.SRgb))
    QSurfaceFormat.setDefaultFormat(wanted)


@lru_cache(2)  # asked again and again for the same screen, and Qt logs every damaged profile
def parse(icc: bytes | None) -> QColorSpace | None:
    """The colour space of an ICC profile that colours can be converted to; None where it is damaged or not RGB."""
    if icc is None or not looks_whole(icc) or icc[16:20] != b"RGB ":
        return None
    space = QColorSpace.fromIccProfile(icc)
    usable = space.isValid() and space.isValidTarget() and space.colorModel() == QColorSpace.ColorModel.Rgb
    return space if usable else None


def looks_whole(icc: bytes) -> bool:
    """True where the header is one of a profile and all the bytes it promises are there."""
    return (
        len(icc) > HEADER_BYTES and icc[36:40] == b"acsp" and HEADER_BYTES < int.from_bytes(icc[:4], "big") <= len(icc)
    )


def read_profile_file(path: Path) -> QColorSpace:
    """The colours of the screen that an ``.icc`` or ``.icm`` file describes; ``UserError`` where it does not."""
    try:
        icc = _read(path)
    except (OSError, ValueError) as error:  # ValueError: a path that no file can have, from settings edited by hand
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(f"The monitor profile “{path.name}” cannot be read: {reason}.", _HINT) from error
    if not looks_whole(icc):
        raise UserError(f"“{path.name}” is no colour profile, or a damaged one.", _HINT)
    if icc[16:20] != b"RGB ":
        raise UserError(f"The colour profile “{path.name}” is not one for RGB.", _HINT)
    space = parse(icc)
    if space is None:
        raise UserError(f"The colour profile “{path.name}” cannot be used for a screen.", _HINT)
    return space


def _read(path: Path) -> bytes:
    """The file, or as much of it as shows that it is too large to be a profile."""
    with path.open("rb") as file:
        return file.read(MOST_BYTES)


def _place_of(screen: QScreen) -> int:
    """Which screen of the desktop it is, the primary one being 0: X11 numbers them in the same way."""
    return QGuiApplication.screens().index(screen)


def x11_profile(place: int) -> bytes | None:
    """The ICC profile that the X server at ``DISPLAY`` keeps for its screen number ``place``.

    ``OSError`` without libX11. By convention it is a property of the root window, ``_ICC_PROFILE`` for the first
    screen and ``_ICC_PROFILE_1`` and so on for the others. A connection of our own, since Qt's belongs to Qt.
    """
    x11 = _x11()
    display = x11.XOpenDisplay(None)
    if not display:
        return None
    try:
        atom = x11.XInternAtom(display, b"_ICC_PROFILE" + (b"_%d" % place if place else b""), True)
        return _root_property(x11, display, atom) if atom else None
    finally:
        x11.XCloseDisplay(display)


def _root_property(x11: Any, display: int, atom: int) -> bytes | None:
    """The bytes of a property of the root window; None where there is none, or one of another kind."""
    kind, count, left = ctypes.c_ulong(), ctypes.c_ulong(), ctypes.c_ulong()
    bits, data = ctypes.c_int(), ctypes.c_void_p()
    failed = x11.XGetWindowProperty(
        display, x11.XDefaultRootWindow(display), atom, 0, MOST_BYTES // 4, False, 0,
        ctypes.byref(kind), ctypes.byref(bits), ctypes.byref(count), ctypes.byref(left), ctypes.byref(data),
    )  # fmt: skip
    if failed or not data.value:
        return None
    try:
        return ctypes.string_at(data.value, count.value) if bits.value == 8 and not left.value else None
    finally:
        x11.XFree(data)


def _x11() -> Any:
    """libX11 with the types of what is called in it; it comes with Qt's xcb platform. ``OSError`` without it."""
    x11 = ctypes.CDLL("libX11.so.6")
    number, pointer = ctypes.c_ulong, ctypes.c_void_p
    x11.XOpenDisplay.restype, x11.XOpenDisplay.argtypes = pointer, [ctypes.c_char_p]
    x11.XCloseDisplay.argtypes = [pointer]
    x11.XInternAtom.restype, x11.XInternAtom.argtypes = number, [pointer, ctypes.c_char_p, ctypes.c_int]
    x11.XDefaultRootWindow.restype, x11.XDefaultRootWindow.argtypes = number, [pointer]
    x11.XGetWindowProperty.argtypes = [
        pointer, number, number, ctypes.c_long, ctypes.c_long, ctypes.c_int, number, *[pointer] * 5,
    ]  # fmt: skip
    x11.XFree.argtypes = [pointer]
    return x11


class _MonitorInfo(ctypes.Structure):
    """What Windows tells of a monitor: MONITORINFOEXW."""

    _fields_ = (
        ("size", ctypes.c_uint32),
        ("monitor", ctypes.c_int32 * 4),
        ("work", ctypes.c_int32 * 4),
        ("flags", ctypes.c_uint32),
        ("device", ctypes.c_wchar * 32),
    )


def _windows_profile(window: QWindow) -> bytes | None:
    """The ICC profile that Windows has for the monitor under ``window``.

    ``OSError`` where the file cannot be read, ``AttributeError`` on other systems. Not yet run: no such machine was
    at hand.
    """
    user, gdi = ctypes.WinDLL("user32"), ctypes.WinDLL("gdi32")  # type: ignore[attr-defined]
    pointer = ctypes.c_void_p
    user.MonitorFromWindow.restype, user.MonitorFromWindow.argtypes = pointer, [pointer, ctypes.c_uint32]
    user.GetMonitorInfoW.argtypes = [pointer, pointer]
    gdi.CreateDCW.restype, gdi.CreateDCW.argtypes = pointer, [ctypes.c_wchar_p, ctypes.c_wchar_p, pointer, pointer]
    gdi.GetICMProfileW.argtypes = [pointer, pointer, ctypes.c_wchar_p]
    gdi.DeleteDC.argtypes = [pointer]
    info = _MonitorInfo(size=ctypes.sizeof(_MonitorInfo))
    # by the window's handle: Qt's name for a screen is the maker's, not the one that CreateDCW wants
    monitor = user.MonitorFromWindow(int(window.winId()), _NEAREST_MONITOR)
    if not monitor or not user.GetMonitorInfoW(monitor, ctypes.byref(info)):
        return None
    context = gdi.CreateDCW("DISPLAY", info.device, None, None)
    if not context:
        return None
    try:
        length, path = ctypes.c_uint32(_PATH_CHARS), ctypes.create_unicode_buffer(_PATH_CHARS)
        found = gdi.GetICMProfileW(context, ctypes.byref(length), path)
    finally:
        gdi.DeleteDC(context)
    return _read(Path(path.value)) if found and path.value else None
