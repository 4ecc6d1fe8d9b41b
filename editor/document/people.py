"""Who is who in a trimap that was found: people are its connected parts, and one of them is wanted.

A person is what hangs together by foreground and unknown. People who touch, or whose hair does, hang together and stay
one: to part them takes a brush.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TypeAlias

import cv2
import numpy as np

from editor.document.trimap import BACKGROUND, FOREGROUND

LEAST_SHARE = 0.02
"""A part whose foreground is smaller than this share of the largest one's is nobody: a loose strand, or a mistake."""
NEAR = 0.03
"""A strand this near to a person, in parts of the photo's longer side, is theirs; one that is farther is nobody's."""
MOST = 250
_NEAR_PX = 512
_DRAWN_PX = 1024
Outline: TypeAlias = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class People:
    """``labels`` (H, W) uint8: 0 where nobody is, else the person's number; number 1 is the largest."""

    labels: np.ndarray
    count: int
    _drawn: dict[int, list[Outline]] = field(default_factory=dict, repr=False, compare=False)

    def at(self, x: float, y: float) -> int:
        """The number of the person at a point of the photo; 0 for none, and beside the photo."""
        column, row = math.floor(x), math.floor(y)
        inside = 0 <= row < self.labels.shape[0] and 0 <= column < self.labels.shape[1]
        return int(self.labels[row, column]) if inside else 0

    def under(self, mask: np.ndarray) -> int:
        """The number of the person of whom a mask (H, W) bool covers most; 0 where it covers nobody."""
        covered = np.bincount(self.labels[mask], minlength=self.count + 1)[1:]
        return int(covered.argmax()) + 1 if covered.any() else 0

    def outlines(self, number: int) -> list[Outline]:
        """Outlines ((x, y), ...) round the parts of a person, to be drawn; as fine as a screen shows. Drawn once."""
        if not 0 < number <= self.count:
            return []
        if number not in self._drawn:
            self._drawn[number] = _outlines(self.labels, number)
        return self._drawn[number]

    def only(self, number: int, trimap: np.ndarray, alpha: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Trimap and alpha, both (H, W), of one person: the others and what is nobody's become background."""
        theirs = self.labels == number
        return np.where(theirs, trimap, np.uint8(BACKGROUND)), np.where(theirs, alpha, alpha.dtype.type(0))


def people_in(trimap: np.ndarray) -> People:
    """The people in a trimap (H, W) uint8 of 0, 128 and 255, the one with most foreground first; 250 at most."""
    # By the sides alone: two people whose outlines meet in a corner do not touch.
    parts, part_of, facts, _ = cv2.connectedComponentsWithStats((trimap != BACKGROUND).view(np.uint8), connectivity=4)
    size = np.bincount(part_of[trimap == FOREGROUND], minlength=parts)
    size[0] = 0
    order = np.argsort(-size, kind="stable")
    chosen = [int(part) for part in order[:MOST] if size[part] and size[part] >= LEAST_SHARE * size[order[0]]]
    number = np.zeros(parts, np.uint8)
    number[chosen] = np.arange(1, len(chosen) + 1, dtype=np.uint8)
    if chosen and parts > len(chosen) + 1:
        _give_strands(number, number[part_of], facts)
    return People(number[part_of], len(chosen))


def _outlines(labels: np.ndarray, number: int) -> list[Outline]:
    share = min(1.0, _DRAWN_PX / max(labels.shape))
    size = max(1, round(labels.shape[1] * share)), max(1, round(labels.shape[0] * share))
    theirs = (cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST) == number).view(np.uint8)
    lines, _ = cv2.findContours(theirs, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    fx, fy = labels.shape[1] / size[0], labels.shape[0] / size[1]
    return [tuple(((x + 0.5) * fx, (y + 0.5) * fy) for x, y in line[:, 0].tolist()) for line in lines if len(line) > 2]


def _give_strands(number: np.ndarray, labels: np.ndarray, facts: np.ndarray) -> None:
    """Write into ``number`` (parts,) the person that each small part lies near to, as seen in a reduced copy."""
    share = min(1.0, _NEAR_PX / max(labels.shape))
    size = max(1, round(labels.shape[1] * share)), max(1, round(labels.shape[0] * share))
    small = cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST)
    away, nearest = cv2.distanceTransformWithLabels(
        (small == 0).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    whose = np.zeros(int(nearest.max()) + 1, np.uint8)
    whose[nearest[small > 0]] = small[small > 0]
    for part in np.flatnonzero(number == 0)[1:]:  # part 0 is the background
        x, y, w, h = (facts[part, i] * share for i in range(4))
        box = slice(int(y), max(int(y) + 1, math.ceil(y + h))), slice(int(x), max(int(x) + 1, math.ceil(x + w)))
        here = away[box]
        if here.size and here.min() <= NEAR * max(small.shape):
            number[part] = whose[nearest[box].flat[int(here.argmin())]]
