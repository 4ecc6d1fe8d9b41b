"""Digits small in number, drawn for the tests."""

from __future__ import annotations

import cv2
import numpy as np


def drawn_digits(count: int, seed: int = 0) -> np.ndarray:
    """Digits (count, 28, 28) uint8, each a little elsewhere."""
    rng = np.random.default_rng(seed)
    made = np.zeros((count, 28, 28), np.uint8)
    for number, picture in enumerate(made):
        place = (int(rng.integers(3, 9)), int(rng.integers(20, 26)))
        cv2.putText(picture, str(number % 10), place, cv2.FONT_HERSHEY_SIMPLEX, 0.7, 255, 2)
    return made
