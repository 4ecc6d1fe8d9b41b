"""The log: what a bug report needs and the user does not want to read."""

from __future__ import annotations

import logging
import platform
import sys
from pathlib import Path

from editor import __version__, paths

_LIMIT_BYTES = 1_000_000
_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


def start(debug: bool = False) -> Path | None:
    """Write the program's messages to ``paths.log_file()``, to stderr as well when ``debug``; the file's path.

    None where the file cannot be written: a full disk must not keep the program from starting.
    """
    root = logging.getLogger("mattelier")
    root.setLevel(logging.DEBUG if debug else logging.INFO)
    root.propagate = False
    stop()
    if debug:
        root.addHandler(_formatted(logging.StreamHandler(sys.stderr)))
    try:
        file = paths.log_file()
        _make_room(file)
        root.addHandler(_formatted(logging.FileHandler(file, encoding="utf-8", delay=False)))
    except OSError as error:
        root.addHandler(logging.NullHandler())
        root.debug("no log file: %s", error)
        return None
    root.info("mattelier %s, Python %s, %s", __version__, platform.python_version(), platform.platform())
    return file


def stop() -> None:
    """Close what ``start`` opened."""
    root = logging.getLogger("mattelier")
    for handler in tuple(root.handlers):
        root.removeHandler(handler)
        handler.close()


def _formatted(handler: logging.Handler) -> logging.Handler:
    handler.setFormatter(logging.Formatter(_FORMAT))
    return handler


def _make_room(file: Path) -> None:
    """Keep one older log beside the current one, and neither without bound."""
    if file.exists() and file.stat().st_size > _LIMIT_BYTES:
        file.replace(file.with_suffix(".old.log"))
