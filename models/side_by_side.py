"""Pieces of a photo worked off some at a time: numpy leaves Python's lock while it computes, so two cores do two."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

MOST_THREADS = 4
"""More of them wait for memory, and each holds a piece's tables."""

Piece = TypeVar("Piece")


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
        try:
            tick(0.0)
            under_way = [pool.submit(work, piece) for piece in pieces]
            for step, done in enumerate(as_completed(under_way), 1):
                done.result()
                tick(step / len(pieces))
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
