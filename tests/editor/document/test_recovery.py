"""After a crash the last finished gesture is there again, exactly; a window that runs is not taken for a crash."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from skimage import data

from editor.document import recovery
from editor.document.document import Document, DocumentState, Photo
from editor.document.journal_file import STATE, FrameReader
from editor.document.layer import EffectUse, Gradient, Layer
from editor.document.process_lock import ProcessLock, is_held
from editor.document.recovery import CrashedSession, Journal, crashed_sessions
from editor.document.tiles import Plane
from editor.errors import Cancelled, UserError


def document(dtype: type = np.uint8) -> DocumentState:
    """A document with every kind of plane."""
    colours = data.astronaut().astype(dtype)
    made = Document.from_photo(Photo(colours, None, b"profile", b"exif", b"<x/>"))
    mask = np.zeros(colours.shape[:2], np.uint16)
    mask[100:400, 100:400] = np.arange(90_000, dtype=np.uint32).reshape(300, 300) % 65536
    made.set_matte(Plane.from_array(mask), Plane.from_array(colours[::-1]))
    made.add_layer(Layer("Run", Gradient(), effects=(EffectUse("blur", {"colour": (1.0, 0.0, 0.5)}),)), 0)
    return replace(made.state, notes={"engine": "classic"})


def stroke(state: DocumentState, x: int, y: int, value: int) -> DocumentState:
    """The state after a brush stroke on trimap and matte."""
    layer = state.subject_layer
    assert layer.mask is not None
    patch = np.full((60, 60), value, np.uint16)
    state = state.with_layer(layer.changed(mask=layer.mask.paste(x, y, patch)))
    return replace(state, trimap=state.trimap.paste(x, y, np.full((60, 60), 128, np.uint8)))


def assert_equal(before: DocumentState, after: DocumentState) -> None:
    """Value for value and plane for plane."""
    for name in ("width", "height", "dtype", "subject", "active", "icc", "exif", "xmp", "notes"):
        assert getattr(before, name) == getattr(after, name), name
    assert before.planes().keys() == after.planes().keys()
    for name, plane in before.planes().items():
        other = after.planes()[name]
        assert (plane.fill, plane.labels) == (other.fill, other.labels)
        assert np.array_equal(plane.to_array(), other.to_array()), name
    bare = {"content": None, "mask": None, "foreground": None}
    assert [replace(layer, **bare) for layer in before.layers] == [replace(layer, **bare) for layer in after.layers]


def crash(journal: Journal) -> None:
    """End a journal as a dying process does: the system closes its files and lets go of its lock."""
    journal._contents.writer.close()
    journal._lock.release()


def only(root: Path) -> CrashedSession:
    """The one crashed session there is."""
    (session,) = crashed_sessions(root)
    return session


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_last_state_comes_back_exactly(dtype, tmp_path):
    journal = Journal(tmp_path, "Zoë")
    state = document(dtype)
    journal.write(state)
    for step in range(5):
        state = stroke(state, 40 * step, 30 * step, 9000 * step)
        journal.write(state)
    crash(journal)
    session = only(tmp_path)
    assert session.title == "Zoë" and abs(session.when.timestamp() - time.time()) < 60
    assert_equal(state, session.load())
    session.discard()
    session.discard()
    assert crashed_sessions(tmp_path) == [] and not list(tmp_path.iterdir())


def test_a_clean_end_leaves_nothing(tmp_path):
    journal = Journal(tmp_path, "a")
    journal.write(document())
    journal.close()
    journal.close()
    journal.write(document())  # a job that comes late does no harm
    assert not list(tmp_path.iterdir())


def test_a_stroke_costs_only_the_tiles_it_touched(tmp_path):
    journal = Journal(tmp_path, "a")
    state = document()
    journal.write(state)
    whole = journal.size_bytes
    journal.write(stroke(state, 10, 10, 7))  # within one tile of each plane
    assert journal.size_bytes - whole < 60_000 < whole / 20
    grown = journal.size_bytes
    journal.write(state)  # undo: all of it was written before
    assert journal.size_bytes - grown < 5_000
    journal.close()


def test_equal_tiles_that_were_made_anew_are_not_written_again(tmp_path):
    journal = Journal(tmp_path, "a")
    state = document()
    journal.write(state)
    before = journal.size_bytes
    content = state.subject_layer.content
    assert isinstance(content, Plane)
    journal.write(state.with_layer(state.subject_layer.changed(content=Plane.from_array(content.to_array()))))
    assert journal.size_bytes - before < 5_000
    journal.close()


def test_the_journal_keeps_no_pixels_alive(tmp_path):
    import gc
    import weakref

    journal = Journal(tmp_path, "a")
    state = document()
    journal.write(state)
    tile = weakref.ref(
        next(iter(state.trimap.stored().values()), next(iter(state.subject_layer.mask.stored().values())))
    )
    del state
    gc.collect()
    assert tile() is None
    journal.close()


@pytest.mark.parametrize("lost", [1, 7, 100, 1000, 20_000])
def test_a_damaged_tail_falls_back_to_the_last_whole_state(lost, tmp_path):
    journal = Journal(tmp_path, "a")
    states = [document()]
    journal.write(states[0])
    ends = [journal.size_bytes]
    for step in range(1, 30):
        states.append(stroke(states[-1], 11 * step, 7 * step, 1000 * step))
        journal.write(states[-1])
        ends.append(journal.size_bytes)
    crash(journal)
    path = only(tmp_path).folder / "journal.bin"
    content = path.read_bytes()
    path.write_bytes(content[:-lost])
    expected = max(index for index, end in enumerate(ends) if end <= len(content) - lost)
    assert_equal(states[expected], only(tmp_path).load())
    path.write_bytes(content[:-lost] + os.urandom(lost))  # what a disk may hold where nothing was written
    assert_equal(states[expected], only(tmp_path).load())


def test_a_damaged_tile_costs_only_the_states_that_need_it(tmp_path):
    journal = Journal(tmp_path, "a")
    first = document()
    journal.write(first)
    end = journal.size_bytes
    journal.write(stroke(first, 10, 10, 7))
    crash(journal)
    path = only(tmp_path).folder / "journal.bin"
    content = bytearray(path.read_bytes())
    content[end + 40] ^= 0xFF  # within the first tile of the stroke
    path.write_bytes(content)
    assert_equal(first, only(tmp_path).load())


def test_a_journal_with_nothing_whole_is_refused_in_a_sentence(tmp_path):
    journal = Journal(tmp_path, "a")
    journal.write(document())
    crash(journal)
    session = only(tmp_path)
    path = session.folder / "journal.bin"
    reader = FrameReader(path)
    frame = next(frame for frame in reader.frames if frame.kind == STATE)
    reader.close()
    content = bytearray(path.read_bytes())
    content[frame.at + 5] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(UserError, match="journal is damaged"):
        session.load()
    path.write_bytes(b"")
    assert crashed_sessions(tmp_path) == []


def test_a_window_that_runs_is_not_taken_for_a_crash(tmp_path):
    one, two = Journal(tmp_path, "one"), Journal(tmp_path, "two")
    one.write(document())
    two.write(document())
    assert crashed_sessions(tmp_path) == []
    crash(one)
    assert only(tmp_path).title == "one"
    two.close()


def test_a_process_that_is_killed_leaves_a_session_and_one_that_runs_does_not(tmp_path):
    script = (
        "import sys, numpy as np; from pathlib import Path\n"
        "from editor.document.document import Document, Photo; from editor.document.recovery import Journal\n"
        "journal = Journal(Path(sys.argv[1]), 'killed')\n"
        "journal.write(Document.from_photo(Photo(np.full((300, 300, 3), 77, np.uint8))).state)\n"
        "print('written', flush=True); sys.stdin.read()\n"
    )
    root = Path(__file__).resolve().parents[3]
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root
    )
    with child:
        assert child.stdout is not None and child.stdout.readline().strip() == b"written"
        assert crashed_sessions(tmp_path) == []
        child.kill()
        child.wait(30)
    state = only(tmp_path).load()
    assert isinstance(state.subject_layer.content, Plane) and (state.subject_layer.content.to_array() == 77).all()


def test_a_lock_is_held_until_it_is_released_and_only_by_one(tmp_path, monkeypatch):
    monkeypatch.setattr("editor.document.process_lock._PATIENCE_S", 0.05)
    lock = ProcessLock(tmp_path / "alive")
    assert is_held(tmp_path / "alive") and (tmp_path / "alive").read_text() == str(os.getpid())
    with pytest.raises(OSError):
        ProcessLock(tmp_path / "alive")
    lock.release()
    lock.release()
    assert not is_held(tmp_path / "alive") and not is_held(tmp_path / "nothing")


def test_a_beginning_without_a_state_is_left_alone_and_removed_when_old(tmp_path):
    journal = Journal(tmp_path, "a")
    crash(journal)
    assert crashed_sessions(tmp_path) == [] and journal.folder.exists()
    long_ago = time.time() - 7200
    os.utime(journal.folder / "journal.bin", (long_ago, long_ago))
    assert crashed_sessions(tmp_path) == [] and not journal.folder.exists()


def test_cancelled_half_way_the_state_before_is_still_there_and_the_next_write_completes(tmp_path):
    journal = Journal(tmp_path, "a")
    first = document()
    journal.write(first)
    second = first.with_layer(first.subject_layer.changed(foreground=Plane.from_array(data.astronaut()[:, ::-1])))
    calls = 0

    def progress(fraction: float, text: str) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        journal.write(second, progress)
    grown = journal.size_bytes
    journal.write(second)
    assert journal.size_bytes > grown
    crash(journal)
    assert_equal(second, only(tmp_path).load())


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a file's size are POSIX's")
def test_a_full_disk_costs_nothing_that_was_safe(tmp_path):
    import resource

    journal = Journal(tmp_path, "a")
    first = document()
    journal.write(first)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (journal.size_bytes + 30_000, hard))
    second = first.with_layer(first.subject_layer.changed(foreground=Plane.from_array(data.astronaut()[:, ::-1])))
    try:
        with pytest.raises(UserError, match="room on the disk"):
            journal.write(second)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert_equal(first, CrashedSession("", recovery.datetime.now(), journal.folder).load())
    journal.write(second)
    crash(journal)
    assert_equal(second, only(tmp_path).load())


def test_a_long_session_does_not_fill_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(recovery, "_SMALL_BYTES", 1 << 20)
    journal = Journal(tmp_path, "a")
    state = document()
    random = np.random.default_rng(0)
    for _ in range(40):
        noise = random.integers(0, 65536, (512, 512)).astype(np.uint16)  # half a megabyte that does not pack
        state = state.with_layer(state.subject_layer.changed(mask=Plane.from_array(noise)))
        journal.write(state)
    assert journal.size_bytes < 8 << 20
    assert (journal.folder / "journal.bin").stat().st_size == journal.size_bytes
    state = stroke(state, 5, 5, 5)
    journal.write(state)  # the file that took the old one's place goes on
    crash(journal)
    assert_equal(state, only(tmp_path).load())


def test_closing_does_not_wait_for_a_long_write(tmp_path):
    journal = Journal(tmp_path, "a")
    started = threading.Event()

    def progress(fraction: float, text: str) -> None:
        started.set()
        time.sleep(0.05)

    writer = threading.Thread(target=lambda: journal.write(document(), progress))
    writer.start()
    assert started.wait(10)
    start = time.perf_counter()
    journal.close()
    assert time.perf_counter() - start < 0.6  # all tiles would have taken more than a second
    writer.join()
    assert not list(tmp_path.iterdir())


def test_a_stroke_on_24_megapixels_is_journalled_without_delay(tmp_path):
    content = Plane.from_array(np.random.default_rng(0).integers(0, 256, (4000, 6000, 3), dtype=np.uint8))
    mask = Plane.from_array(np.full((4000, 6000), 65535, np.uint16))
    layer = Layer("Subject", content, mask)
    trimap = Plane(6000, 4000, 1, np.uint8, 1, labels=True)
    state = DocumentState(6000, 4000, np.dtype(np.uint8), (layer,), trimap, layer.id, layer.id)
    journal = Journal(tmp_path, "a")
    journal.write(state)
    taken: list[float] = []
    for step in range(9):
        layer = state.subject_layer
        patch = np.full((200, 200), step, np.uint16)
        state = state.with_layer(layer.changed(mask=mask.paste(500 * step, 400 * step, patch)))
        start = time.perf_counter()
        journal.write(state)
        taken.append(time.perf_counter() - start)
    journal.close()
    assert statistics.median(taken) < 0.25  # 20 ms on a free machine; a copy of the whole would take a second
