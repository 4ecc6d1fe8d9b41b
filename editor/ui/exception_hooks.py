"""Where errors arrive that nobody caught: the log and a banner; the program goes on.

A ``UserError`` that a button or a menu raises comes this way too: Qt hands what a slot raises to ``sys.excepthook``.
"""

from __future__ import annotations

import logging
import platform
import sys
import threading
import traceback
from collections.abc import Callable
from types import TracebackType

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler, qVersion

_LOG = logging.getLogger("mattelier.window")
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG, QtMsgType.QtInfoMsg: logging.INFO, QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR, QtMsgType.QtFatalMsg: logging.CRITICAL,
}  # fmt: skip
# the offscreen and some remote platforms say this of every window; it tells nobody anything
_NOISE = ("This plugin does not support propagateSizeHints", "This plugin does not support raise()")


def install(show: Callable[[BaseException], None], deliver: Callable[[Callable[[], None]], None]) -> Callable[[], None]:
    """Send uncaught errors of every thread to ``show`` on the main thread, which logs them, and log what Qt says.

    The function returned puts back what was there before.
    """
    before = (sys.excepthook, threading.excepthook)

    def on_main(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            before[0](kind, error, trace)
            return
        deliver(lambda: show(error))

    def on_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
            on_main(args.exc_type, args.exc_value, args.exc_traceback)

    sys.excepthook, threading.excepthook = on_main, on_thread
    qt_before = qInstallMessageHandler(_qt_message)

    def restore() -> None:
        sys.excepthook, threading.excepthook = before
        qInstallMessageHandler(qt_before)

    return restore


def report_text(error: BaseException) -> str:
    """What a developer needs to know of an error, without the user's paths or pictures."""
    from editor import __version__

    lines = traceback.format_exception(type(error), error, error.__traceback__)
    where = f"Mattelier {__version__}, Python {platform.python_version()}, Qt {qVersion()}, {platform.platform()}"
    return where + "\n\n" + _without_home("".join(lines))


def _without_home(text: str) -> str:
    from pathlib import Path

    return text.replace(str(Path.home()), "~")


def _qt_message(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    if not any(noise in message for noise in _NOISE):
        _LOG.log(_LEVELS.get(kind, logging.WARNING), "Qt: %s", message)
