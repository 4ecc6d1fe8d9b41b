"""Pieces of a photo worked off some at a time: numpy leaves Python's lock while it computes, so two cores do two.

The end of the program waits for what is under way; who ends it cancels first.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed, wait
from threading import Event
from typing import TypeVar

MOST_THREADS = 4
"""More of them wait for memory, and each holds a piece's tables."""

Piece = TypeVar("Piece")
One = TypeVar("One")
Other = TypeVar("Other")
Progress = Callable[[float, str], None]
_WAIT_S = 0.1


def both(one: Callable[[], One], other: Callable[[], Other]) -> tuple[One, Other]:
    """What both give, worked out at once; worth it from a millisecond on."""
    with ThreadPoolExecutor(1) as pool:
        later = pool.submit(other)
        try:
            return one(), later.result()
        finally:
            del later  # an error in it would hold this frame, and that all of its arrays


def both_told(
    one: Callable[[Progress], One], other: Callable[[Progress], Other], progress: Progress, share: float
) -> tuple[One, Other]:
    """What both give, ``one`` worked out here and ``other`` in a thread of its own, each told as a part of the whole.

    Each is given a progress from 0 to 1 to call; ``progress`` is called by this thread alone, with what is done of
    both: ``share`` of it is what ``one`` has done. What ``progress`` raises, or one of the two, ends both at their next
    call and comes out, once both have ended.
    """
    over = Event()
    done = {"one": 0.0, "other": 0.0}
    doing = ""

    def tell(text: str) -> None:
        progress(share * done["one"] + (1 - share) * done["other"], text)

    def tell_one(part: float, text: str) -> None:
        if over.is_set():
            raise _OverError
        done["one"] = part
        tell(text)

    def tell_other(part: float, text: str) -> None:
        nonlocal doing
        if over.is_set():
            raise _OverError
        done["other"], doing = part, text

    def end_both(later: Future[Other]) -> None:
        if later.exception() is not None:
            over.set()

    with ThreadPoolExecutor(1) as pool:
        later = pool.submit(other, tell_other)
        later.add_done_callback(end_both)
        try:
            mine = one(tell_one)
            while not wait([later], _WAIT_S).done:
                tell(doing)
            return mine, later.result()
        except _OverError:
            later.result()  # raises what ended it
            raise
        finally:
            over.set()
            del later  # as above


def side_by_side(work: Callable[[Piece], None], pieces: Sequence[Piece], tick: Callable[[float], None]) -> None:
    """Do ``work`` for every piece, in any order; what it raises comes out.

    ``tick(share done)`` is called here, by the caller's thread, once a piece; where it raises, no further piece is
    begun and those that are under way are waited for.
    """
    threads = min(MOST_THREADS, os.cpu_count() or 1, len(pieces))
    if threads < 2:
        for step, piece in enumerate(pieces):
            tick(step / len(pieces))
            work(piece)
        tick(1.0)
        return
    with ThreadPoolExecutor(threads) as pool:
        under_way: list[Future[None]] = []
        try:
            tick(0.0)
            under_way += [pool.submit(work, piece) for piece in pieces]
            for step, done in enumerate(as_completed(under_way), 1):
                done.result()
                tick(step / len(pieces))
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
        finally:
            under_way.clear()
            done = None  # as above


class _OverError(Exception):
    """The other of two has ended with an error, or nobody wants them any more."""
