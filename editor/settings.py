"""What the program remembers between two starts: a flat JSON file of names and plain values."""

from __future__ import annotations

import json
import logging
import os
import tempfile
from pathlib import Path
from typing import Any, TypeVar

from editor.errors import UserError

T = TypeVar("T")
_LOG = logging.getLogger("mattelier.settings")


class Settings:
    """Named values, read at once and written when ``save`` is called.

    A damaged file is put aside under the name in ``kept_copy`` and counts as empty: wrong settings must never keep
    the program from starting.
    """

    def __init__(self, path: Path) -> None:
        """Read ``path``; a file that is not there is an empty one."""
        self.path = path
        self.kept_copy: Path | None = None
        self._values: dict[str, Any] = self._read()

    def get(self, name: str, default: T) -> T:
        """The value of ``name``; ``default`` where there is none or one of another type (None accepts any).

        A number that was saved as 1 serves where 1.0 is the default, and a list where the default is a tuple.
        """
        value = self._values.get(name, default)
        if default is None or type(value) is type(default):
            return value  # type: ignore[no-any-return]
        if isinstance(default, float) and type(value) is int:
            return float(value)  # type: ignore[return-value]
        if isinstance(default, tuple) and isinstance(value, list):
            return tuple(value)  # type: ignore[return-value]
        return default

    def set(self, name: str, value: Any) -> None:
        """Remember a value that JSON can hold; ``TypeError`` for any other. Not yet on disk."""
        json.dumps(value)
        self._values[name] = value

    def remove(self, name: str) -> None:
        """Forget a value, if it is there."""
        self._values.pop(name, None)

    def save(self) -> None:
        """Write all values; the old file stays whole until the new one is complete. ``UserError`` where that fails."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle, part = tempfile.mkstemp(prefix=self.path.name, suffix=".part", dir=self.path.parent)
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump(self._values, file, indent=1, sort_keys=True, ensure_ascii=False)
                os.replace(part, self.path)
            finally:
                Path(part).unlink(missing_ok=True)
        except OSError as error:
            raise UserError("The settings could not be saved.", f"{self.path}: {error.strerror or error}.") from error

    def _read(self) -> dict[str, Any]:
        try:
            values = json.loads(self.path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:  # ValueError: not JSON, or not UTF-8
            return self._put_aside(str(error))
        return values if isinstance(values, dict) else self._put_aside("it holds no table of settings")

    def _put_aside(self, reason: str) -> dict[str, Any]:
        """Keep the damaged file under another name, so that nothing is lost and the next ``save`` can write."""
        copy = self.path.with_name(self.path.name + ".damaged")
        _LOG.warning("%s cannot be read (%s); the defaults are used", self.path, reason)
        try:
            os.replace(self.path, copy)
            self.kept_copy = copy
        except OSError as error:
            _LOG.warning("%s could not be put aside: %s", self.path, error)
        return {}
