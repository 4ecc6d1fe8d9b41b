"""What a loaded network looks like to everyone else: numpy in, numpy out, and where it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from models.catalogue.spec import ModelSpec


class Predictor(Protocol):
    """A network with its weights on a device. ``models.load`` makes one; it may be used by one thread at a time."""

    spec: ModelSpec
    device: str
    """``cpu``, ``cuda`` or ``mps``."""
    reason: str
    """Why it runs there, in words for the user: ``CPU, float32: no GPU was found``."""
    precision: str
    """``float32``, ``bfloat16`` or ``float16``."""
    tick: Callable[[float], None] | None
    """Called between the layers of ``predict`` with the share of them that is done; what it raises ends ``predict``."""

    def predict(self, inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        """The network's raw answers, float32, each (N, C, h, w), for inputs (N, channels, h, w) float32.

        h and w are multiples of ``spec.stride``. ``MemoryError`` where the device's memory does not suffice; the
        predictor stays usable.
        """
        ...

    def remember_whole(self, inputs: np.ndarray | None) -> None:
        """Take what the network draws from the whole picture from ``inputs`` (1, channels, h, w), the photo reduced.

        Every ``predict`` after it uses that instead of what its own piece shows; None forgets it. Nothing happens for
        a network that looks at no whole.
        """
        ...

    def most_pixels(self, limit_bytes: int) -> int:
        """How many pixels h * w ``predict`` can take at a time within that much memory of its device.

        With 0 it goes by what is free.
        """
        ...
