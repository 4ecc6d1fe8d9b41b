"""The keys by which every tool that marks chooses its label."""

from __future__ import annotations

from editor.document import trimap

LABEL_HELP = (
    "What is marked: keys 1 to 4. X swaps foreground and background, Alt or the right button marks the opposite."
)


def label_for_key(key: str, label: str) -> str | None:
    """The label after a key.

    1 foreground, 2 background, 3 unknown, 4 clear, X the other of the first two; None for other keys.
    """
    if key.upper() == "X":
        return "background" if label == "foreground" else "foreground"
    return dict(zip("1234", trimap.LABELS, strict=True)).get(key)
