"""What a checkpoint of ``torch.save`` declares to hold, found without running or loading any of it.

A pickle is a program. This reads one with an unpickler that knows the few words a checkpoint needs and turns tensors
into notes of their shapes; any other word, and any tensor that is not wholly in the file, is refused before torch sees
the file and before memory is taken. Python's own unpickler in Python is used, not the one in C: it takes no memory on a
pickle's mere word.
"""

from __future__ import annotations

import io
import mmap
import pickle
import struct
import zipfile
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

_ZIP_HEAD = b"PK\x03\x04"
_OLD_HEAD = pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2)
_PICKLE_LIMIT_BYTES = 64 * 1024 * 1024
_ENTRIES_LIMIT = 100_000
_CHUNK_BYTES = 1024 * 1024
_ITEM_BYTES = {
    "DoubleStorage": 8, "FloatStorage": 4, "HalfStorage": 2, "BFloat16Storage": 2, "LongStorage": 8, "IntStorage": 4,
    "ShortStorage": 2, "CharStorage": 1, "ByteStorage": 1, "BoolStorage": 1,
}  # fmt: skip
# What a strange pickle makes Python's unpickler raise; none of it says more than that the file is damaged or made up.
ANYTHING_WRONG = (
    pickle.UnpicklingError, EOFError, KeyError, IndexError, AttributeError, ValueError, TypeError, OverflowError,
    RecursionError, struct.error, NotImplementedError,
)  # fmt: skip


class CheckpointError(ValueError):
    """A file that is no checkpoint, or not one to be trusted; the words say which, without the file's name."""


# The notes are tuples: a pickle may ask to set an object's attributes, and theirs cannot be set.


class TensorNote(NamedTuple):
    """A tensor as a checkpoint declares it."""

    shape: tuple[int, ...]


def is_torch_file(head: bytes) -> bool:
    """True for the first bytes of a file by ``torch.save``: of today (a zip) or from before 2020."""
    return head.startswith((_ZIP_HEAD, _OLD_HEAD))


def is_zip(head: bytes) -> bool:
    """True for the first bytes of a zip, ``torch.save``'s form since 2020."""
    return head.startswith(_ZIP_HEAD)


def declared(path: Path) -> object:
    """What ``torch.save`` was given, with :class:`TensorNote` for tensors. Raises ``CheckpointError``.

    No code of the file runs; memory is taken for its pickle alone. ``OSError`` passes.
    """
    with path.open("rb") as file:
        head = file.read(len(_OLD_HEAD))
    try:
        return _in_zip(path) if is_zip(head) else _in_old_file(path)
    except CheckpointError:
        raise
    except (*ANYTHING_WRONG, zipfile.BadZipFile, RuntimeError) as error:
        raise CheckpointError("it is damaged or was not copied whole") from error


def _in_zip(path: Path) -> object:
    with zipfile.ZipFile(path) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        _check_entries(archive, entries, path.stat().st_size)
        places = [name for name in entries if name.count("/") == 1 and name.endswith("/data.pkl")]
        if len(places) != 1:
            raise CheckpointError("it is a zip, but none that torch.save has written")
        root = places[0].removesuffix("data.pkl")
        if f"{root}constants.pkl" in entries:
            raise CheckpointError("it holds a program (TorchScript) and not only numbers")
        if f"{root}byteorder" in entries and archive.read(f"{root}byteorder") != b"little":
            raise CheckpointError("it was written on a machine of another byte order")
        reader = _ShapeReader(io.BytesIO(archive.read(places[0])))
        found = reader.load()
        for key, size in reader.storages.items():
            entry = entries.get(f"{root}data/{key}")
            if entry is None or entry.file_size < size:
                raise CheckpointError("it declares more numbers than it holds")
            _check_sum(archive, entry)
    return found


def _check_sum(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """Numbers must be those that were written: torch does not look, and a few bad bytes would be a bad matte."""
    if not entry.CRC:  # torch.save can be told to leave the sum away
        return
    with archive.open(entry) as opened:
        while opened.read(_CHUNK_BYTES):  # at its end Python compares the sum, and raises BadZipFile
            pass


def _check_entries(archive: zipfile.ZipFile, entries: Mapping[str, zipfile.ZipInfo], size: int) -> None:
    """Entries lie in the file as they are, so that reading one takes no more memory than the file is long."""
    infos = archive.infolist()
    if len(entries) != len(infos) or len(infos) > _ENTRIES_LIMIT:
        raise CheckpointError("it is a zip, but none that torch.save has written")
    packed = any(i.compress_type != zipfile.ZIP_STORED or i.file_size != i.compress_size for i in infos)
    if packed or sum(i.file_size for i in infos) > size or any(i.flag_bits & 1 for i in infos):
        raise CheckpointError("it is packed, and torch.save packs nothing: unpacked it might fill the memory")
    if any(name.startswith("/") or "\\" in name or ".." in name.split("/") for name in entries):
        raise CheckpointError("it names files outside itself")
    if any(name.endswith("data.pkl") and entry.file_size > _PICKLE_LIMIT_BYTES for name, entry in entries.items()):
        raise CheckpointError("its list of tensors is far longer than any network's")


def _in_old_file(path: Path) -> object:
    """The form before 2020: five pickles (magic number, version, machine, content, keys), then the numbers."""
    size = path.stat().st_size
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        _ShapeReader(view).load()
        if _ShapeReader(view).load() != 1001:
            raise CheckpointError("it was written by a torch that nobody here knows")
        machine = _ShapeReader(view).load()
        if not isinstance(machine, dict) or machine.get("little_endian") is not True:
            raise CheckpointError("it was written on a machine of another byte order")
        reader = _ShapeReader(view)
        found = reader.load()
        keys = _ShapeReader(view).load()
        if not isinstance(keys, list) or set(map(str, keys)) != set(reader.storages):
            raise CheckpointError("it is damaged or was not copied whole")
        if view.tell() + sum(reader.storages.values()) + 8 * len(reader.storages) > size:
            raise CheckpointError("it declares more numbers than it holds")
    return found


class _Storage(NamedTuple):
    items: int


class _StorageKind(NamedTuple):
    """Stands for ``torch.FloatStorage`` and its like, which a checkpoint only names."""

    item_bytes: int


class _Nothing:
    """Stands for numbers and words that are not weights: numpy's scalars in a trainer's records, types of numbers."""

    __slots__ = ()

    def __init__(self, *_: object) -> None:
        """Takes whatever the pickle hands over."""

    def __call__(self, *_: object) -> _Nothing:
        """Called as a function, gives another nothing."""
        return self

    def __setstate__(self, state: object) -> None:
        """Nothing is kept."""


def _note(storage: object, offset: object, size: object, stride: object, *_: object) -> TensorNote:
    """A tensor over a storage, as ``torch._utils._rebuild_tensor_v2`` would make it, if it lies wholly within."""
    shape, steps = _whole_numbers(size), _whole_numbers(stride)
    if not isinstance(storage, _Storage) or type(offset) is not int or offset < 0 or len(shape) != len(steps):
        raise CheckpointError("it is damaged or was not copied whole")
    items, last = 1, offset
    for length, step in zip(shape, steps, strict=True):
        items *= length
        last += (length - 1) * step
    if items > storage.items or (items and last >= storage.items):
        raise CheckpointError("it declares more numbers than it holds")
    return TensorNote(shape)


def _whole_numbers(values: object) -> tuple[int, ...]:
    if not isinstance(values, tuple) or len(values) > 8 or any(type(v) is not int or v < 0 for v in values):
        raise CheckpointError("it is damaged or was not copied whole")
    return values


def _parameter(note: object, *_: object) -> object:
    return note


class _Function(NamedTuple):
    """A function of ours under the name of one of torch's."""

    call: Callable[..., object]

    def __call__(self, *arguments: object) -> object:
        """Call it."""
        return self.call(*arguments)


def _known_words() -> dict[tuple[str, str], object]:
    """All that a checkpoint may name, with what stands for it here."""
    words: dict[tuple[str, str], object] = {("torch", name): _StorageKind(size) for name, size in _ITEM_BYTES.items()}
    words |= {
        ("collections", "OrderedDict"): OrderedDict,
        ("collections", "Counter"): Counter,
        ("torch._utils", "_rebuild_tensor_v2"): _Function(_note),
        ("torch._utils", "_rebuild_parameter"): _Function(_parameter),
    }
    nothing = [("torch", "Size"), ("torch", "device"), ("numpy", "dtype"), ("_codecs", "encode")]
    nothing += [(f"numpy.{core}.multiarray", "scalar") for core in ("core", "_core")]
    return words | {word: _Nothing() for word in nothing}


class _ShapeReader(pickle._Unpickler):  # type: ignore[misc, name-defined]  # pyright: ignore
    """An unpickler that knows no words but a checkpoint's."""

    def __init__(self, stream: Any) -> None:
        super().__init__(stream, encoding="latin-1")
        self.storages: dict[str, int] = {}
        """The bytes that each storage is declared to hold, by key."""
        self._words = _known_words()

    def find_class(self, module: str, name: str) -> object:
        """What stands for a word of the pickle; ``CheckpointError`` for a word that no checkpoint needs."""
        if (module, name) not in self._words:
            raise CheckpointError(f"it asks to run {_plain(module)}.{_plain(name)}, which weights have no need of")
        return self._words[module, name]

    def persistent_load(self, pid: object) -> object:
        """The note of a storage: ("storage", kind, key, where it was, items, view)."""
        if not isinstance(pid, tuple) or len(pid) not in (5, 6) or pid[0] != "storage" or pid[5:] not in ((), (None,)):
            raise CheckpointError("it is laid out in a way that torch no longer writes")
        _, kind, key, _, items = pid[:5]
        if not isinstance(kind, _StorageKind) or not isinstance(key, str) or type(items) is not int or items < 0:
            raise CheckpointError("it is damaged or was not copied whole")
        size = items * kind.item_bytes
        if self.storages.setdefault(key, size) != size:
            raise CheckpointError("it is damaged or was not copied whole")
        return _Storage(items)


def _plain(word: object) -> str:
    """A stranger's word, short and without anything that a terminal would obey."""
    return "".join(c if c.isprintable() else "?" for c in str(word))[:60]
