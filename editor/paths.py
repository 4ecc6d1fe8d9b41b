"""Where the program's own files lie: settings, data, caches, the user's plugins, and what is delivered with it.

The environment variable ``MATTELIER_HOME`` puts all of the user's folders under one of its own: for tests, and for a
program that is carried on a stick.
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

_APP = "mattelier"


def config_dir() -> Path:
    """The folder of the settings; it exists when this returns. ``OSError`` where it cannot be made."""
    return _made(_home("config") or Path(platformdirs.user_config_dir(_APP, appauthor=False, roaming=True)))


def data_dir() -> Path:
    """The folder for what must not be lost: plugins, recovery, the log. It exists when this returns."""
    return _made(_data())


def cache_dir() -> Path:
    """The folder for what can be made or fetched again; made by whoever writes there."""
    return _home("cache") or Path(platformdirs.user_cache_dir(_APP, appauthor=False))


def recovery_dir() -> Path:
    """The folder of the journals from which a crashed session is brought back. It exists when this returns."""
    return _made(data_dir() / "recovery")


def plugin_dir() -> Path:
    """The folder that is searched for the user's own plugins. It exists when this returns."""
    return _made(data_dir() / "plugins")


def models_dir() -> Path:
    """The folder of the weights that the user has imported; made by whoever writes there.

    Every engine asks here whether it has weights, and a home that cannot be written must not stop those that need none.
    """
    return _data() / "models"


def log_file() -> Path:
    """The log; its folder exists when this returns, the file not necessarily."""
    return data_dir() / "mattelier.log"


def resource(name: str) -> Path:
    """A file or folder below resources/: ``resource("icons/brush.svg")``. Not checked for being there.

    In a checkout, in an installed wheel and in a frozen bundle alike, resources/ lies beside the package ``editor``.
    """
    return Path(__file__).resolve().parent.parent / "resources" / name


def _data() -> Path:
    return _home("data") or Path(platformdirs.user_data_dir(_APP, appauthor=False))


def _home(part: str) -> Path | None:
    """The part's folder below MATTELIER_HOME, if that is set."""
    home = os.environ.get("MATTELIER_HOME")
    return Path(home).absolute() / part if home else None


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
