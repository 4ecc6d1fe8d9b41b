"""Pieces worked off some at a time: all of them, told of one by one, and none after an end."""

from __future__ import annotations

import threading

import pytest

from models import side_by_side as module
from models.side_by_side import side_by_side


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
