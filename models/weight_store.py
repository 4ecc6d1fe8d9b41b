"""The weights on this machine: the project's own, and those that the user has imported. Brings no torch.

The weights of a network are a safetensors file with a record beside it, ``NAME.json``. The record alone makes them
count: it names the file, which carries a part of its sha256 in its name, so putting a new record in the old one's place
is the one step in which new weights replace old ones. A file that no record names is nothing, and is cleared away.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import stat
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

OWN_WEIGHTS = Path(__file__).resolve().parent / "weights"
"""The weights that this project delivers, each with its model card ``NAME.md``."""

Progress = Callable[[float, str], None]

_RECORD_LIMIT_BYTES = 64 * 1024
_CHUNK_BYTES = 8 * 1024 * 1024
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Record:
    """What stands beside a file of weights."""

    network: str
    file: str
    """Its name, in the record's own folder."""
    sha256: str
    """Of the safetensors file, in hexadecimal."""
    size_bytes: int
    licence: str
    source: str
    """What it was made from: a file's name, or a training run."""
    layout: str
    """What kind of file that was, in words."""
    date: str
    """The day on which it came here: ``2026-11-22``."""


@dataclass(frozen=True)
class Weights:
    """The weights of one network as they are found. They can be used only where ``fault`` is empty."""

    network: str
    origin: str
    """``own`` or ``imported``."""
    path: Path
    record: Record | None
    """None where it cannot be read: then ``fault`` says so."""
    fault: str = ""
    """Why they cannot be used and what to do: two sentences."""

    @property
    def licence(self) -> str:
        """The weights' licence, ``unknown`` where nobody has said."""
        return self.record.licence if self.record else "unknown"


class WeightStore:
    """Finds, adds and removes weights. Quick: asking whether there are some reads a small file."""

    def __init__(self, imported: Path, own: Path = OWN_WEIGHTS) -> None:
        """``imported`` is the user's folder, made when it is first written to."""
        self.imported_folder = imported
        self.own_folder = own
        self._checked: set[tuple[str, int, int, int, str]] = set()

    def find(self, network: str) -> Weights | None:
        """The imported weights, else the project's own, else None. Never raises for what lies in the folders."""
        return self._found(network, "imported", self.imported_folder) or self._found(network, "own", self.own_folder)

    def missing(self, network: str) -> str:
        """Why there are no weights to use, and what to do; empty where there are."""
        weights = self.find(network)
        if weights is not None:
            return weights.fault
        return (
            f"There are no weights for {network}. Get its checkpoint and run `mattelier models import FILE`: "
            f"it is put into {self.imported_folder}."
        )

    def verified(self, network: str, progress: Progress | None = None) -> Weights:
        """The weights of ``network``, their sha256 compared; once for each file as long as it is not written to.

        ``ValueError`` with a sentence where there are none, or where they are not what was put there.
        """
        problem = self.missing(network)
        weights = self.find(network)
        if problem or weights is None or weights.record is None:
            raise ValueError(problem)
        try:
            facts = weights.path.stat()
            seen = (str(weights.path), facts.st_ino, facts.st_mtime_ns, facts.st_size, weights.record.sha256)
            if seen not in self._checked:
                if sha256_of(weights.path, progress) != weights.record.sha256:
                    raise ValueError(_spoiled(network))
                self._checked.add(seen)
        except OSError as error:
            raise ValueError(
                f"The weights of {network} cannot be read: {error.strerror}. Import them again."
            ) from error
        return weights

    def add(
        self, network: str, write: Callable[[Path], None], licence: str, source: str, layout: str, progress: Progress
    ) -> Weights:
        """Take over new imported weights, in the place of earlier ones.

        ``write(path)`` writes the safetensors file. Whatever goes wrong, earlier weights stay; ``OSError`` passes.
        """
        _check_name(network)
        folder = self.imported_folder
        folder.mkdir(parents=True, exist_ok=True)
        with _part(folder) as part:
            write(part)
            sha256 = sha256_of(part, progress)
            file = f"{network}-{sha256[:16]}.safetensors"
            today = datetime.now(UTC).date().isoformat()
            record = Record(network, file, sha256, part.stat().st_size, licence, source, layout, today)
            _settle(part, folder / file)
        try:
            with _part(folder) as part:
                part.write_text(json.dumps(asdict(record), indent=2), "utf-8")
                _settle(part, folder / f"{network}.json")
        finally:
            self._clear_away(network)
        return Weights(network, "imported", folder / file, record)

    def remove(self, network: str) -> None:
        """Delete imported weights. ``ValueError`` with a sentence where there are none; ``OSError`` passes."""
        imported = self._found(network, "imported", self.imported_folder)
        if imported is None:
            own = self._found(network, "own", self.own_folder)
            if own is not None:
                raise ValueError(f"The weights of {network} come with the program. Only imported ones can be removed.")
            raise ValueError(f"There are no weights for {network}. `mattelier models list` says where there are some.")
        (self.imported_folder / f"{network}.json").unlink()
        self._clear_away(network)

    def _found(self, network: str, origin: str, folder: Path) -> Weights | None:
        _check_name(network)
        place = folder / f"{network}.json"
        if not os.path.lexists(place):
            return None
        record = _read_record(place)
        if record is None or record.network != network:
            fault = f"The record of {network}'s weights, {place}, is damaged. Import the weights again."
            return Weights(network, origin, place, None, fault)
        path = folder / record.file
        return Weights(network, origin, path, record, _fault(path, record))

    def _clear_away(self, network: str) -> None:
        """Delete weights of ``network`` that its record does not name: replaced, removed, or never finished."""
        kept = self._found(network, "imported", self.imported_folder)
        mine = re.compile(re.escape(network) + r"-[0-9a-f]{16}\.safetensors")
        if kept is not None and kept.record is None:
            return
        with suppress(OSError):  # a file that is in use on Windows goes with the next import
            for path in self.imported_folder.iterdir():
                if mine.fullmatch(path.name) and (kept is None or path != kept.path):
                    path.unlink()


def sha256_of(path: Path, progress: Progress | None = None) -> str:
    """The sha256 of a file in hexadecimal; ``progress`` is called for every few megabytes. ``OSError`` passes."""
    digest = hashlib.sha256()
    size = max(1, path.stat().st_size)
    done = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            done += len(chunk)
            if progress is not None:
                progress(min(1.0, done / size), "Checking the weights")
    return digest.hexdigest()


def _spoiled(network: str) -> str:
    return f"The weights of {network} are not what was put there: the file has changed. Import them again."


def _check_name(network: str) -> None:
    """Names become file names; nothing else than the catalogue's kind of name may."""
    if not _NAME.fullmatch(network):
        raise ValueError(f"{network!r} is no name of a network. `mattelier models list` names them all.")


def _read_record(place: Path) -> Record | None:
    """The record, or None where it is not one: a link, too long, damaged, or naming a file elsewhere."""
    try:
        facts = place.lstat()
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > _RECORD_LIMIT_BYTES:
            return None
        read: Any = json.loads(place.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(read, dict):
        return None
    values: dict[str, Any] = {f.name: read.get(f.name) for f in fields(Record)}
    kinds_fit = all(type(value) is (int if name == "size_bytes" else str) for name, value in values.items())
    if not kinds_fit or not _SHA256.fullmatch(values["sha256"]) or not _NAME.fullmatch(values["file"]):
        return None
    return Record(**values) if values["file"].endswith(".safetensors") else None


def _fault(path: Path, record: Record) -> str:
    """What is wrong with the file, as far as can be seen without reading it; empty for nothing."""
    try:
        facts = path.lstat()
    except OSError:
        return f"The weights of {record.network} are gone: there is no {path}. Import them again."
    if not stat.S_ISREG(facts.st_mode) or facts.st_size != record.size_bytes:
        return _spoiled(record.network)
    return ""


@contextmanager
def _part(folder: Path) -> Generator[Path]:
    """A path to write to that is gone afterwards, unless the file was moved into its place."""
    part = folder / f".mattelier-{secrets.token_hex(6)}.part"
    try:
        yield part
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _settle(part: Path, place: Path) -> None:
    """Move a finished file into its place once its bytes are on the disk: a power cut must not leave half of it."""
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    os.replace(part, place)
