"""A crash loses nothing: every finished gesture is written to a journal, from which the document can be brought back.

A journal has a folder of its own with the file of frames and a lock. Each tile is written once; a state after a brush
stroke costs the tiles that the stroke touched and a few kilobytes that name the others.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from editor.document.document import DocumentState
from editor.document.journal_file import (
    BLOB,
    HEADER,
    SAVED,
    STATE,
    TILE,
    Frame,
    FrameReader,
    FrameWriter,
    pack_tile,
    unpack_tile,
    unreadable,
)
from editor.document.part_file import explained
from editor.document.process_lock import ProcessLock, is_held
from editor.document.state_record import from_record, to_record
from editor.document.tiles import Plane
from editor.errors import UserError

Progress: TypeAlias = Callable[[float, str], None]

VERSION = 1
_FILE, _NEW_FILE, _LOCK = "journal.bin", "journal.part", "alive"
_SMALL_BYTES = 256 << 20  # a journal below this is never worth rewriting
_SLACK = 2  # how many times the live bytes a larger one may hold
_FORGOTTEN_S = 3600.0  # a folder without a state is somebody's beginning for that long


class Journal:
    """Keeps the newest state of one document safe, in a folder of its own below ``root``."""

    def __init__(self, root: Path, title: str) -> None:
        """Begin a journal for the document that is called ``title``; ``UserError`` where it cannot be written."""
        self.folder = Path(root) / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}-{secrets.token_hex(3)}"
        self._title = title
        self._mutex = threading.Lock()
        self._closing = False
        try:
            self.folder.mkdir(parents=True, mode=0o700)
            self._lock = ProcessLock(self.folder / _LOCK)
            self._contents = _Contents(FrameWriter(self.folder / _FILE), title)
        except OSError as error:
            raise explained(error, self.folder) from error

    def write(self, state: DocumentState, progress: Progress | None = None) -> None:
        """Make ``state`` the one that a crash brings back; only tiles that were never written before cost anything.

        For any thread. A progress call that raises leaves the journal whole, with the state before. ``UserError``
        where the disk refuses; the next call tries again.
        """
        with self._mutex:
            if self._closing:
                return
            good = self._contents.writer.end
            try:
                if self._contents.add(state, progress, lambda: self._closing):
                    self._contents.writer.flush()
                if self._contents.writer.end > max(_SMALL_BYTES, _SLACK * self._contents.live_bytes):
                    self._rewrite(state)
            except OSError as error:
                with suppress(OSError):
                    self._contents.forget_from(good)
                raise explained(error, self.folder) from error

    def rest(self) -> None:
        """The document is on disk as it stands: until the next ``write`` a crash leaves nothing to be brought back.

        For any thread. ``UserError`` where the disk refuses.
        """
        with self._mutex:
            if self._closing:
                return
            good = self._contents.writer.end
            try:
                self._contents.writer.add(SAVED, b"")
                self._contents.writer.flush()
            except OSError as error:
                with suppress(OSError):
                    self._contents.forget_from(good)
                raise explained(error, self.folder) from error

    def close(self) -> None:
        """The document was closed with the user's consent: the journal and its folder go. For calling twice, too."""
        self._closing = True  # a write that is under way sees it, so that nobody waits long for the mutex
        with self._mutex:
            self._contents.writer.close()
            self._lock.release()
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def size_bytes(self) -> int:
        """How long the journal's file is."""
        return self._contents.writer.end

    def _rewrite(self, state: DocumentState) -> None:
        """Leave behind what no longer counts: a new file with this state alone takes the old one's place.

        Where the disk will not have it, the old file goes on as it was: it is longer than need be, but whole.
        """
        new_path = self.folder / _NEW_FILE
        try:
            fresh = _Contents(FrameWriter(new_path), self._title)
            with closing(fresh.writer):  # Windows renames no open file
                fresh.add(state, None, lambda: False)
                fresh.writer.flush()
            self._contents.writer.close()
            try:
                os.replace(new_path, self.folder / _FILE)
                self._contents = fresh
            finally:
                self._contents.writer.reopen(self.folder / _FILE)
        except OSError:
            with suppress(OSError):
                new_path.unlink(missing_ok=True)


class _Contents:
    """What a journal's file holds, so that nothing is written to it twice."""

    def __init__(self, writer: FrameWriter, title: str) -> None:
        self.writer = writer
        self.live_bytes = 0
        self._by_identity: dict[int, tuple[weakref.ref[np.ndarray], int]] = {}
        self._by_digest: dict[bytes, int] = {}
        self._places: list[int] = []  # where each numbered frame starts
        self._lengths: list[int] = []
        writer.add(HEADER, json.dumps({"version": VERSION, "title": title}).encode())

    def add(self, state: DocumentState, progress: Progress | None, stop: Callable[[], bool]) -> bool:
        """Write what is new of ``state``; False where ``stop`` said so before it was complete."""
        planes: dict[int, int] = {}
        described: list[dict[str, Any]] = []
        used: set[int] = set()
        stopped = False

        def refer(name: str, plane: Plane) -> int:
            nonlocal stopped
            if id(plane) not in planes:
                planes[id(plane)] = len(planes)
                flat: list[int] = []
                for (row, column), tile in plane.stored().items():
                    stopped = stopped or stop()
                    if stopped:
                        break
                    number = self._number(tile, progress)
                    used.add(number)
                    flat += (row, column, number)
                size = [plane.width, plane.height, plane.channels, plane.dtype.name, plane.fill, plane.labels]
                described.append({"plane": size, "tiles": flat})
            return planes[id(plane)]

        record = to_record(state, refer)
        if stopped:
            return False
        blobs = {name: self._blob(value) for name in ("icc", "exif", "xmp") if (value := getattr(state, name))}
        used.update(blobs.values())
        whole = {"state": record, "planes": described, "blobs": blobs}
        self.writer.add(STATE, json.dumps(whole, separators=(",", ":")).encode())
        self.live_bytes = sum(self._lengths[number] for number in used)
        return True

    def forget_from(self, end: int) -> None:
        """Cut off, and forget, all that was written from ``end`` on."""
        self.writer.rewind(end)
        kept = sum(1 for place in self._places if place < end)
        del self._places[kept:], self._lengths[kept:]
        self._by_digest = {digest: number for digest, number in self._by_digest.items() if number < kept}
        self._by_identity = {key: found for key, found in self._by_identity.items() if found[1] < kept}

    def _number(self, tile: np.ndarray, progress: Progress | None) -> int:
        """The number of a tile, written now if neither it nor its equal was written before."""
        known = self._by_identity.get(id(tile))
        if known is not None and known[0]() is tile:
            return known[1]
        if progress is not None:
            progress(0.5, "Keeping your work safe")
        head = f"{tile.shape} {tile.dtype}".encode()
        digest = hashlib.blake2b(tile.tobytes(), digest_size=16, key=head).digest()
        number = self._by_digest.get(digest)
        if number is None:
            number = self._added(TILE, pack_tile(tile), digest)
        # the reference is weak: the journal must not keep alive what undo has let go
        self._by_identity[id(tile)] = (weakref.ref(tile, self._forgetter(id(tile))), number)
        return number

    def _forgetter(self, key: int) -> Callable[[object], None]:
        """Take a tile's identity out of the list once the tile is gone."""
        known = self._by_identity

        def forget(reference: object) -> None:
            found = known.get(key)
            if found is not None and found[0] is reference:
                del known[key]

        return forget

    def _blob(self, value: bytes) -> int:
        digest = hashlib.blake2b(value, digest_size=16, key=b"blob").digest()
        number = self._by_digest.get(digest)
        return self._added(BLOB, value, digest) if number is None else number

    def _added(self, kind: int, content: bytes, digest: bytes) -> int:
        self._places.append(self.writer.end)
        self._lengths.append(self.writer.add(kind, content))
        self._by_digest[digest] = len(self._places) - 1
        return len(self._places) - 1


@dataclass(frozen=True)
class CrashedSession:
    """Work that a crash left unsaved: what it was called, when it was last written, and where its journal lies."""

    title: str
    when: datetime
    folder: Path

    def load(self) -> DocumentState:
        """The newest state that is whole, an older one where the end is damaged; ``UserError`` where there is none."""
        try:
            reader = FrameReader(self.folder / _FILE)
        except OSError as error:
            raise unreadable() from error
        try:
            for frame in reversed(reader.frames):
                if frame.kind == STATE:
                    with suppress(ValueError, LookupError, TypeError, UserError):
                        return _state_in(reader, frame)
        finally:
            reader.close()
        raise unreadable()

    def discard(self) -> None:
        """Remove the journal; a second call does nothing."""
        shutil.rmtree(self.folder, ignore_errors=True)


def crashed_sessions(root: Path) -> list[CrashedSession]:
    """Sessions below ``root`` that ended without ``Journal.close`` and hold an unsaved state, the newest first.

    Those of windows that still run are left alone; a folder in which no state was ever completed is removed after an
    hour, one whose document had been saved at once.
    """
    found: list[CrashedSession] = []
    for folder in Path(root).iterdir() if Path(root).is_dir() else ():
        if not (folder / _LOCK).exists() or is_held(folder / _LOCK):
            continue
        session = _session_in(folder)
        if session is not None:
            found.append(session)
    return sorted(found, key=lambda session: session.when, reverse=True)


def _session_in(folder: Path) -> CrashedSession | None:
    try:
        written = (folder / _FILE).stat().st_mtime
        reader = FrameReader(folder / _FILE)
    except OSError:
        return None
    try:
        header = json.loads(reader.content(reader.frames[0]))
        if header["version"] > VERSION:  # a newer program's: it will bring it back itself
            return None
        title = str(header["title"])
        ends = [frame.kind for frame in reader.frames if frame.kind in (STATE, SAVED)]
    except (ValueError, LookupError, TypeError):
        ends, title = [], ""
    finally:
        reader.close()
    if ends and ends[-1] == STATE:
        return CrashedSession(title, datetime.fromtimestamp(written), folder)
    if ends or time.time() - written > _FORGOTTEN_S:
        shutil.rmtree(folder, ignore_errors=True)
    return None


def _state_in(reader: FrameReader, frame: Frame) -> DocumentState:
    """The state of one frame; ``ValueError``, ``LookupError`` or ``TypeError`` where a part of it is damaged."""
    whole = json.loads(reader.content(frame))
    numbered = [other for other in reader.frames if other.kind in (TILE, BLOB)]
    planes = [_plane(reader, numbered, described) for described in whole["planes"]]
    blobs = {name: reader.content(numbered[number]) for name, number in whole["blobs"].items()}
    return from_record(whole["state"], planes.__getitem__, blobs.get("icc"), blobs.get("exif"), blobs.get("xmp"))


def _plane(reader: FrameReader, numbered: list[Frame], described: dict[str, Any]) -> Plane:
    width, height, channels, dtype, fill, labels = described["plane"]
    plane = Plane(width, height, channels, np.dtype(dtype).type, fill, labels)
    flat = described["tiles"]
    tiles: dict[tuple[int, int], np.ndarray | None] = {}
    for row, column, number in zip(flat[::3], flat[1::3], flat[2::3], strict=True):
        tile = unpack_tile(reader.content(numbered[number]))
        area = plane.tile_rect((row, column))
        if tile.shape[:2] != (area.h, area.w) or tile.dtype != plane.dtype:
            raise ValueError("a tile of another size")
        tiles[row, column] = tile
    return plane.with_tiles(tiles)
