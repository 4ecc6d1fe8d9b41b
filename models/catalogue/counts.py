"""What the networks of the catalogue cost. Brings no torch until it has to count.

``counts.json`` beside this holds every network's counts, so that listing them takes no building; a test counts each
network again and compares. ``python -m models.catalogue.counts`` writes it anew. What is not in it, a network that is
being written, is counted when it is asked for and kept in the user's cache.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import secrets
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.catalogue import every_spec
from models.catalogue.spec import ModelSpec

_FILE = "model-counts.json"
_SHIPPED = Path(__file__).resolve().with_name("counts.json")
_NETWORKS = Path(__file__).resolve().parent.parent / "networks"


@dataclass(frozen=True)
class Counted:
    """A network's cost at 224 x 224: parameter elements, the paper's GFLOPs, true multiply-accumulates."""

    parameters: int
    gflops: float
    macs: int


class Counts:
    """Counts by network, of which those that still hold are kept between runs of the program."""

    def __init__(self, folder: Path) -> None:
        """``folder`` is where the file lies or will lie; it need not be there, or be writable."""
        self._file = folder / _FILE
        self._shipped = _read(_SHIPPED)
        self._code = _fingerprint_of_code()
        self._kept = _read(self._file)

    def of(self, spec: ModelSpec) -> Counted | None:
        """The cost of ``spec``; None where it has not been counted yet."""
        entry = self._shipped.get(_fingerprint(spec, "")) or self._kept.get(_fingerprint(spec, self._code))
        if not isinstance(entry, list) or [type(value) for value in entry] != [int, float, int]:
            return None
        return Counted(*entry)

    def count_all(self, progress: Callable[[float, str], None], name: str | None = None) -> None:
        """Count what is not counted yet, a fraction of a second each, and keep it; ``name``: that network alone."""
        specs = list(every_spec().values())
        missing = [spec for spec in specs if self.of(spec) is None and name in (None, spec.name)]
        try:
            for number, spec in enumerate(missing):
                progress(number / len(missing), f"Counting {spec.title}")
                counted = count(spec)
                self._kept[_fingerprint(spec, self._code)] = [counted.parameters, counted.gflops, counted.macs]
        finally:
            if missing:
                current = {_fingerprint(spec, self._code) for spec in specs}
                self._kept = {key: value for key, value in self._kept.items() if key in current}
                self._write()
        progress(1.0, "Counted")

    def _write(self) -> None:
        """Keep the counts; where that cannot be, they are counted again next time."""
        part = self._file.with_name(f".mattelier-{secrets.token_hex(6)}.part")
        with suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(self._kept), "utf-8")
            os.replace(part, self._file)
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _read(file: Path) -> dict[str, Any]:
    """Counts by fingerprint; empty where the file is missing or damaged."""
    try:
        read: Any = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def count(spec: ModelSpec) -> Counted:
    """Build ``spec`` on the meta device and count it (models/networks/counting.py)."""
    building = importlib.import_module("models.networks.building")
    counting = importlib.import_module("models.networks.counting")
    cost = counting.count(building.build(spec, "meta"), spec.channels, spec.gflops_of)
    return Counted(cost.parameters, float(cost.paper_gflops), cost.macs)


def _fingerprint(spec: ModelSpec, code: str) -> str:
    """What a count depends on: the entry, and the code of all networks (empty: whatever that is)."""
    options = sorted((key, repr(value)) for key, value in spec.options.items())
    text = repr((spec.code, options, spec.channels, spec.gflops_of, code))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:32]


def _fingerprint_of_code() -> str:
    """Of the networks' source; a frozen program has none to read, and is known by the time of its making."""
    digest = hashlib.sha256()
    if getattr(sys, "frozen", False):
        digest.update(str(Path(sys.executable).stat().st_mtime_ns).encode())
    for file in sorted(_NETWORKS.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def main() -> None:
    """Count every network and write the file that is shipped."""
    counted = {_fingerprint(spec, ""): count(spec) for spec in every_spec().values()}
    rows = (f'"{key}": {json.dumps([cost.parameters, cost.gflops, cost.macs])}' for key, cost in counted.items())
    _SHIPPED.write_text("{\n" + ",\n".join(rows) + "\n}\n", "utf-8")


if __name__ == "__main__":
    main()
