"""Weights on disk: record and file together or not at all, and nothing strange is taken for weights."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from models.weight_store import WeightStore, sha256_of

FACTS = {"licence": "CC-BY-4.0", "source": "seen.pth", "layout": "a checkpoint"}


@pytest.fixture
def store(tmp_path: Path) -> WeightStore:
    return WeightStore(tmp_path / "imported", tmp_path / "own")


def quiet(fraction: float, text: str) -> None:
    assert 0 <= fraction <= 1 and text


def add(store: WeightStore, content: bytes = b"numbers", network: str = "net-a"):
    return store.add(network, lambda path: path.write_bytes(content) and None, progress=quiet, **FACTS)


def names(store: WeightStore) -> list[str]:
    return sorted(path.name for path in store.imported_folder.iterdir())


def put_own(store: WeightStore, network: str = "net-a", content: bytes = b"own numbers") -> None:
    store.own_folder.mkdir(exist_ok=True)
    (store.own_folder / f"{network}.safetensors").write_bytes(content)
    record = {
        "network": network, "file": f"{network}.safetensors", "sha256": hashlib.sha256(content).hexdigest(),
        "size_bytes": len(content), "licence": "MIT", "source": "training", "layout": "own", "date": "2026-01-02",
    }  # fmt: skip
    (store.own_folder / f"{network}.json").write_text(json.dumps(record))


def test_what_is_added_is_found_with_its_sum_licence_and_source(store):
    added = add(store)
    found = store.find("net-a")
    assert found == added and found.origin == "imported" and not found.fault
    assert found.path.read_bytes() == b"numbers"
    assert found.record.sha256 == hashlib.sha256(b"numbers").hexdigest() == sha256_of(found.path)
    assert (found.record.licence, found.record.source, found.record.size_bytes) == ("CC-BY-4.0", "seen.pth", 7)
    assert store.missing("net-a") == "" and store.verified("net-a") == found
    assert len(names(store)) == 2


def test_where_nothing_is_the_sentence_names_command_and_folder(store):
    assert store.find("net-a") is None
    assert "models import" in store.missing("net-a") and str(store.imported_folder) in store.missing("net-a")
    with pytest.raises(ValueError, match="There are no weights for net-a"):
        store.verified("net-a")
    with pytest.raises(ValueError, match="There are no weights for net-a"):
        store.remove("net-a")
    assert not store.imported_folder.exists()


def test_new_weights_take_the_old_ones_place_and_leave_nothing_behind(store):
    old = add(store)
    other = add(store, b"others", "net-a-b")
    new = add(store, b"better numbers")
    assert store.find("net-a") == new and not old.path.exists()
    assert store.find("net-a-b") == other and other.path.exists()
    assert len(names(store)) == 4


@pytest.mark.parametrize("failing", ["write", "progress"])
def test_whatever_fails_while_adding_the_old_weights_stay_whole(store, failing):
    old = add(store)
    before = names(store)

    def write(path: Path) -> None:
        path.write_bytes(b"half")
        if failing == "write":
            raise OSError(28, "No space left on device")

    def progress(fraction: float, text: str) -> None:
        if failing == "progress":
            raise KeyboardInterrupt

    with pytest.raises((OSError, KeyboardInterrupt)):
        store.add("net-a", write, progress=progress, **FACTS)
    assert store.verified("net-a") == old and names(store) == before


def test_where_only_the_record_cannot_be_written_the_new_file_goes_too(store, monkeypatch):
    old = add(store)
    before = names(store)
    write_text = Path.write_text

    def full(path: Path, *args: object) -> int:
        if path.parent == store.imported_folder:
            raise OSError(28, "No space left on device")
        return write_text(path, *args)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space"):
        add(store, b"better numbers")
    assert store.verified("net-a") == old and names(store) == before


def test_a_crash_between_file_and_record_leaves_the_old_weights_and_is_cleared_away_later(store):
    old = add(store)
    stray = store.imported_folder / f"net-a-{'0' * 16}.safetensors"
    stray.write_bytes(b"never recorded")
    assert store.find("net-a") == old
    add(store, b"better numbers")
    assert not stray.exists()


def test_removing_deletes_imported_weights_alone(store):
    put_own(store)
    assert store.find("net-a").origin == "own"
    add(store)
    assert store.find("net-a").origin == "imported"
    store.remove("net-a")
    assert names(store) == [] and store.find("net-a").origin == "own" and store.verified("net-a").licence == "MIT"
    with pytest.raises(ValueError, match="come with the program"):
        store.remove("net-a")
    assert store.find("net-a") is not None


def test_a_changed_file_is_noticed_before_it_is_used(store):
    added = add(store)
    added.path.write_bytes(b"NUMBERS")  # as long as before
    assert not store.find("net-a").fault
    with pytest.raises(ValueError, match="has changed"):
        store.verified("net-a")
    added.path.write_bytes(b"shorter")
    added.path.write_bytes(b"short")
    assert "has changed" in store.find("net-a").fault
    added.path.unlink()
    assert "are gone" in store.missing("net-a")


def test_the_sum_is_taken_once_until_the_file_is_written_to(store, monkeypatch):
    added = add(store)
    sums = []
    monkeypatch.setattr(
        "models.weight_store.sha256_of", lambda path, progress=None: sums.append(path) or sha256_of(path)
    )
    store.verified("net-a")
    store.verified("net-a")
    assert len(sums) == 1
    os.utime(added.path, ns=(1, 1))
    store.verified("net-a")
    assert len(sums) == 2


@pytest.mark.parametrize(
    "spoil",
    [
        lambda record: "{",
        lambda record: "[" * 100_000,
        lambda record: json.dumps([record]),
        lambda record: json.dumps(record | {"sha256": "no"}),
        lambda record: json.dumps(record | {"file": "../../elsewhere.safetensors"}),
        lambda record: json.dumps(record | {"file": "/etc/passwd"}),
        lambda record: json.dumps(record | {"network": "net-b"}),
        lambda record: json.dumps(record | {"size_bytes": True}),
        lambda record: json.dumps(record | {"licence": None}),
        lambda record: json.dumps(record) + " " * 70_000,
    ],
)
def test_a_record_that_is_none_is_said_to_be_damaged_and_can_be_replaced(store, spoil):
    add(store)
    place = store.imported_folder / "net-a.json"
    place.write_text(spoil(json.loads(place.read_text())))
    assert "damaged" in store.find("net-a").fault and store.find("net-a").licence == "unknown"
    with pytest.raises(ValueError, match="damaged"):
        store.verified("net-a")
    add(store, b"again")
    assert store.verified("net-a").path.read_bytes() == b"again"


@pytest.mark.skipif(os.name != "posix", reason="making links needs rights on Windows")
def test_links_are_neither_followed_nor_written_through(store, tmp_path):
    outside = tmp_path / "outside"
    outside.write_bytes(b"numbers")
    added = add(store)
    added.path.unlink()
    added.path.symlink_to(outside)
    assert "has changed" in store.find("net-a").fault
    again = add(store)
    assert not again.path.is_symlink() and outside.read_bytes() == b"numbers"
    record = store.imported_folder / "net-a.json"
    outside.write_text(record.read_text())
    record.unlink()
    record.symlink_to(outside)
    assert "damaged" in store.find("net-a").fault
    store.remove("net-a")
    assert outside.exists() and names(store) == []


@pytest.mark.parametrize("name", ["../net", "a/b", "", ".hidden", "net\n", "net a"])
def test_names_that_are_no_file_names_are_refused(store, name):
    with pytest.raises(ValueError, match="no name of a network"):
        add(store, network=name)
    assert not store.imported_folder.exists()
