"""Pieces worked off some at a time: all of them, told of one by one, and none after an end."""

from __future__ import annotations

import contextlib
import gc
import threading
import time
import weakref
from collections.abc import Callable

import numpy as np
import pytest

from models import side_by_side as module
from models.side_by_side import Progress, both, both_told, side_by_side


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("count", [0, 1, 7])
def test_every_piece_is_done_once_and_the_share_rises_to_one(monkeypatch, threads: int, count: int) -> None:
    monkeypatch.setattr(module, "MOST_THREADS", threads)
    done: list[int] = []
    shares: list[float] = []
    side_by_side(done.append, range(count), shares.append)
    assert sorted(done) == list(range(count))
    assert shares == sorted(shares)
    if count:
        assert shares[0] == 0 and shares[-1] == 1


def test_the_share_is_told_by_the_thread_that_asked(monkeypatch) -> None:
    monkeypatch.setattr(module.os, "cpu_count", lambda: 4)
    tellers: set[str] = set()
    workers: set[str] = set()
    side_by_side(
        lambda piece: workers.add(threading.current_thread().name),
        range(8),
        lambda share: tellers.add(threading.current_thread().name),
    )
    assert tellers == {threading.current_thread().name} and not workers & tellers


@pytest.mark.parametrize("cores", [1, 2])
def test_what_a_piece_raises_comes_out(monkeypatch, cores: int) -> None:
    monkeypatch.setattr(module.os, "cpu_count", lambda: cores)

    def work(piece: int) -> None:
        if piece == 3:
            raise MemoryError("piece 3")

    with pytest.raises(MemoryError, match="piece 3"):
        side_by_side(work, range(6), lambda share: None)


@pytest.mark.parametrize("cores", [1, 2])
def test_a_cancel_begins_no_further_piece_and_waits_for_those_under_way(monkeypatch, cores: int) -> None:
    monkeypatch.setattr(module.os, "cpu_count", lambda: cores)
    begun: list[int] = []
    ended: list[int] = []
    told = threading.Event()

    def work(piece: int) -> None:
        begun.append(piece)
        if piece > 0:
            told.wait(5)
        ended.append(piece)

    def tick(share: float) -> None:
        if share > 0:
            told.set()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        side_by_side(work, range(50), tick)
    assert sorted(begun) == sorted(ended) and len(begun) < 50


def test_both_give_what_they_give_and_what_either_raises_comes_out() -> None:
    assert both(lambda: 1, lambda: "2") == (1, "2")
    for ways in ((lambda: 1 // 0, lambda: 2), (lambda: 2, lambda: 1 // 0)):
        with pytest.raises(ZeroDivisionError):
            both(*ways)


def steps(count: int, pause_s: float, name: str, ended: list[str]) -> Callable[[Progress], str]:
    """Work of so many steps, each told; notes in ``ended`` that it is over, however it ended."""

    def work(report: Progress) -> str:
        try:
            for step in range(count):
                report(step / count, name)
                time.sleep(pause_s)
            report(1.0, name)
            return name
        finally:
            ended.append(name)

    return work


@pytest.mark.parametrize("longer", ["one", "other"])
def test_two_are_told_as_one_by_the_thread_that_asked(longer: str) -> None:
    ended: list[str] = []
    told: list[tuple[float, str, str]] = []

    def progress(share: float, text: str) -> None:
        told.append((share, text, threading.current_thread().name))

    one = steps(3 if longer == "other" else 60, 0.01, "one", ended)
    other = steps(3 if longer == "one" else 60, 0.01, "other", ended)
    assert both_told(one, other, progress, 0.7) == ("one", "other")
    shares = [share for share, _, _ in told]
    assert shares == sorted(shares) and shares[0] >= 0 and shares[-1] <= 1 + 1e-9
    assert {thread for _, _, thread in told} == {threading.current_thread().name}
    assert ("other" in {text for _, text, _ in told}) == (longer == "other")
    assert sorted(ended) == ["one", "other"]


@pytest.mark.parametrize("while_one_works", [True, False])
def test_a_cancel_ends_both_soon(while_one_works: bool) -> None:
    ended: list[str] = []
    started = time.perf_counter()

    def progress(share: float, text: str) -> None:
        if (text == "one") == while_one_works:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        one = steps(1000 if while_one_works else 2, 0.01, "one", ended)
        both_told(one, steps(1000, 0.01, "other", ended), progress, 0.5)
    assert "other" in ended and time.perf_counter() - started < 5


@pytest.mark.parametrize("faulty", ["one", "other"])
def test_an_error_of_either_ends_the_other_and_comes_out(faulty: str) -> None:
    ended: list[str] = []
    started = time.perf_counter()

    def fails(report: Progress) -> str:
        report(0.0, faulty)
        time.sleep(0.05)
        raise MemoryError(faulty)

    sound = steps(1000, 0.01, "sound", ended)
    with pytest.raises(MemoryError, match=faulty):
        both_told(*((fails, sound) if faulty == "one" else (sound, fails)), lambda share, text: None, 0.5)
    assert ended == ["sound"] and time.perf_counter() - started < 5


@pytest.mark.parametrize("way", ["side_by_side", "both", "both_told"])
def test_what_an_error_leaves_behind_is_let_go_at_once(monkeypatch, way: str) -> None:
    """Who goes on with less after a MemoryError needs the memory of the first attempt, not after the next search."""
    monkeypatch.setattr(module.os, "cpu_count", lambda: 2)
    held: list[weakref.ref[np.ndarray]] = []

    def fails(*_: object) -> None:
        array = np.zeros(1000)
        held.append(weakref.ref(array))
        raise MemoryError

    calls = {
        "side_by_side": lambda: side_by_side(fails, range(3), lambda share: None),
        "both": lambda: both(lambda: 1, fails),
        "both_told": lambda: both_told(lambda report: 1, fails, lambda share, text: None, 0.5),
    }
    gc.disable()
    try:
        with contextlib.suppress(MemoryError):
            calls[way]()
        assert held and not any(ref() is not None for ref in held)
    finally:
        gc.enable()
