"""What to do where memory does not suffice for a batch: smaller parts are tried, and the one that fits is said."""

from __future__ import annotations

from collections.abc import Callable


def what_fits(batch: int, tried: int, processes: int, fits: Callable[[int], bool]) -> str:
    """The sentence for a batch of which ``tried`` pictures at a time are too many.

    ``batch``: the pictures of this process, one of ``processes``. ``fits`` tries a number of them.
    """
    fitting = tried
    while fitting > 1:
        fitting //= 2
        if fits(fitting):
            return (
                f"The memory does not suffice for {tried} pictures at a time. {fitting} would fit: add --set "
                f"accumulate={-(-batch // fitting)}, which differs only where norms learn from what they see at a "
                f"time, or --set batch={fitting * processes}."
            )
    return "The memory does not suffice for one picture. Set crop_px lower, or free memory."
