"""Networks that stay loaded between two runs, so that the second begins at once; each is lent to one thread."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from models import load
from models.running import Predictor

KEPT = 2
"""So many networks stay in memory after their runs; the one that was used longest ago goes first."""

Key = tuple[str, str, int, int, str, str]
_idle: OrderedDict[Key, Predictor] = OrderedDict()
_lock = threading.Lock()


@contextmanager
def borrowed(name: str, weights: Path, device: str = "auto", precision: str = "auto") -> Generator[Predictor]:
    """The network as ``models.load`` gives it, for the caller alone until the end of the ``with``.

    Weights that were written anew are loaded anew. Raises what ``models.load`` raises.
    """
    key = _key(name, weights, device, precision)
    with _lock:
        predictor = _idle.pop(key, None)
    if predictor is None:
        predictor = load(name, weights, device, precision)
    try:
        yield predictor
    finally:
        predictor.remember_whole(None)
        with _lock:
            _idle[key] = predictor
            while len(_idle) > KEPT:
                _idle.popitem(last=False)


def let_go() -> None:
    """Drop all networks that nobody uses at the moment, and with them their memory."""
    with _lock:
        _idle.clear()


def _key(name: str, weights: Path, device: str, precision: str) -> Key:
    try:
        facts = weights.stat()
    except OSError:
        return name, str(weights), 0, 0, device, precision
    return name, str(weights), facts.st_mtime_ns, facts.st_size, device, precision
