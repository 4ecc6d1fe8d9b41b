"""Composing a test set from foregrounds, mattes and Pascal VOC's pictures; taken up again where it was broken off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from editor.api import Photo, Progress, Services, UserError

if TYPE_CHECKING:
    from models.evaluation.datasets.composed import Composition


@dataclass(frozen=True)
class Composed:
    """How many pictures were made, how many were there already, and a sentence for each that could not be made."""

    made: int
    kept: int
    failures: tuple[str, ...]


def compose_all(plan: Sequence[Composition], services: Services, progress: Progress) -> Composed:
    """Make every picture of the plan that is not there or is older than what it is made of.

    Each is written to a part file and renamed, so a picture that is there is whole. ``UserError`` where the folder
    cannot be written; sources that cannot be read are named, counted and passed over.
    """
    made, failures = 0, list[str]()
    subject = _Subject(services)
    for index, item in enumerate(plan):
        progress(index / len(plan), f"composing {item.output.name}, {len(plan) - index} to go")
        if _is_there(item):
            continue
        try:
            picture, alpha = _picture(item, subject, services)
        except (UserError, ValueError) as error:
            failures.append(f"{item.output.name} was not composed: {error}")
            continue
        if item.alpha_output is not None:  # first, so that a picture never stands there without its matte
            _write(item.alpha_output, np.repeat(alpha[..., None], 3, axis=2), services, grey=True)
        _write(item.output, picture, services)
        made += 1
    return Composed(made, len(plan) - made - len(failures), tuple(failures))


class _Subject:
    """The foreground that was read last: twenty pictures in a row share it."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._item: Composition | None = None
        self._planes: tuple[np.ndarray, np.ndarray] | None = None

    def planes(self, item: Composition) -> tuple[np.ndarray, np.ndarray]:
        """Foreground (H, W, 3) and alpha (H, W), uint8, reduced as the plan says."""
        from models.evaluation.composing import reduced

        if self._planes is None or self._item is None or self._item.foreground != item.foreground:
            foreground = _bytes_of(self._services.read_photo(item.foreground, self._services.formats).pixels)
            size = (foreground.shape[1], foreground.shape[0])
            alpha = self._services.read_alpha(item.alpha, self._services.formats, size=size)
            planes = foreground, np.round(alpha * 255).astype(np.uint8)
            self._item, self._planes = item, reduced(*planes, item.longest_px) if item.longest_px else planes
        return self._planes


def _picture(item: Composition, subject: _Subject, services: Services) -> tuple[np.ndarray, np.ndarray]:
    from models.evaluation.composing import compose

    foreground, alpha = subject.planes(item)
    background = _bytes_of(services.read_photo(item.background, services.formats).pixels)
    return compose(foreground, alpha, background), alpha


def _is_there(item: Composition) -> bool:
    """True where what the plan asks for is there and none of its sources is newer."""
    outputs = [item.output, *([item.alpha_output] if item.alpha_output else [])]
    try:
        oldest = min(path.stat().st_mtime_ns for path in outputs)
        return oldest >= max(path.stat().st_mtime_ns for path in (item.foreground, item.alpha, item.background))
    except OSError:
        return False


def _write(path: Path, pixels: np.ndarray, services: Services, grey: bool = False) -> None:
    from editor.document.part_file import explained

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explained(error, path) from error
    services.write_photo(path, Photo(pixels, grey=grey), services.formats, overwrite=True)


def _bytes_of(pixels: np.ndarray) -> np.ndarray:
    """Pixels as uint8; 16 bits are rounded."""
    return pixels if pixels.dtype == np.uint8 else ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
