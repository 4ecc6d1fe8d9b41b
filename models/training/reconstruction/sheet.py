"""What the networks make of a few pictures, below each other (Index Networks, Fig. 8)."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

_LARGER = 2
_LABEL_PX = 280


def sheet(truth: NDArray[np.uint8], answers: Mapping[str, NDArray[np.float32]]) -> bytes:
    """A PNG: the pictures ``truth`` (count, h, w) in a line, and below it a line of each answer, by its title.

    Answers are (count, h, w) with white 1, and are clipped. ``ValueError`` where one has another shape.
    """
    lines = [_line("shown", truth)]
    for title, answer in answers.items():
        if answer.shape != truth.shape:
            raise ValueError(f"The answers of {title} are {answer.shape}, not {truth.shape}.")
        lines.append(_line(title, np.asarray(np.clip(answer, 0, 1) * 255 + 0.5, np.uint8)))
    _, content = cv2.imencode(".png", np.concatenate(lines))
    return content.tobytes()


def _line(title: str, pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    side = np.concatenate(list(pictures), axis=1).repeat(_LARGER, 0).repeat(_LARGER, 1)
    label = np.zeros((side.shape[0], _LABEL_PX), np.uint8)
    cv2.putText(label, title, (8, side.shape[0] // 2 + 4), cv2.FONT_HERSHEY_SIMPLEX, 0.45, 200, 1, cv2.LINE_AA)
    return np.concatenate([label, side], axis=1)
