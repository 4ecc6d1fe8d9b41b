"""Numbers and times as one would say them."""

from __future__ import annotations


def in_number(count: int, one: str, several: str) -> str:
    """``1 file was`` or ``3 files were``."""
    return f"{count} {one if count == 1 else several}"


def in_words(seconds: float) -> str:
    """A time as one would say it: ``45 s``, ``12 min``, ``3 h 05 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"
