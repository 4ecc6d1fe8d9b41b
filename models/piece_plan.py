"""Which pieces of a photo a network has to see: boxes round the unknown pixels, chosen so that little else is computed.

Every piece costs its own area and a margin all round, so the unknown band of a subject is neither one box (mostly known
pixels) nor many small ones (mostly margin). From small cells upwards, the two boxes whose union saves most are merged
until no union saves anything.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CELL_LIMIT = 350
"""So many boxes at most begin: merging takes the square of it."""
OVERHEAD_PIXELS = 64 * 64
"""What a piece costs beyond its area, as so many pixels more."""

Box = tuple[int, int, int, int]
"""Top, left, bottom, right; bottom and right are the first that no longer belong to it."""


@dataclass(frozen=True)
class Piece:
    """``core`` holds the unknown pixels that this piece answers for; ``read`` is what the network sees."""

    core: Box
    read: Box

    @property
    def pixels(self) -> int:
        """How many pixels the network sees."""
        return (self.read[2] - self.read[0]) * (self.read[3] - self.read[1])


def plan_pieces(unknown: np.ndarray, margin_px: int, stride: int, most_pixels: int) -> list[Piece]:
    """Pieces whose cores hold every pixel of ``unknown`` (H, W) bool; from the top down.

    ``read`` reaches ``margin_px`` beyond the core where the photo does, begins at multiples of ``stride`` (so that
    the network pools the same pixels together as it would in the whole photo) and ends at such or at the photo's end.
    No piece reads more than ``most_pixels``, except where even a core of one stride does. The whole photo is one piece
    where that is allowed and costs least.
    """
    H, W = unknown.shape
    if not unknown.any():
        return []
    merging = _Merging(_cells(unknown, margin_px, stride, most_pixels), (H, W), margin_px, stride, most_pixels)
    cores = _without_overlap(merging.run(), unknown)
    pieces = [Piece(core, _read_box(core, (H, W), margin_px, stride)) for core in cores]
    whole = Piece((0, 0, H, W), (0, 0, H, W))
    if whole.pixels <= most_pixels and whole.pixels <= sum(piece.pixels + OVERHEAD_PIXELS for piece in pieces):
        return [whole]
    return sorted(pieces, key=lambda piece: piece.core)


class _Merging:
    """The boxes (n, 4) that are left, their costs, and for each the partner with which it would save most."""

    def __init__(self, boxes: np.ndarray, shape: tuple[int, int], margin_px: int, stride: int, most: int) -> None:
        self._boxes = boxes
        self._facts = (shape, margin_px, stride)
        self._most = most
        self._cost = self._cost_of(boxes)
        self._alive = np.ones(len(boxes), bool)
        self._saving = np.full(len(boxes), -np.inf)
        self._partner = np.zeros(len(boxes), int)

    def run(self) -> np.ndarray:
        """Merge until nothing is saved; the boxes (m, 4) that remain."""
        for index in range(len(self._boxes)):
            self._look_for_partner(index)
        while True:
            kept = int(self._saving.argmax())
            if self._saving[kept] <= 0:
                return self._boxes[self._alive]
            self._merge(kept, int(self._partner[kept]))

    def _merge(self, kept: int, gone: int) -> None:
        self._boxes[kept] = _union(self._boxes[kept], self._boxes[gone])
        self._cost[kept] = self._cost_of(self._boxes[kept][None])[0]
        self._alive[gone] = False
        self._saving[gone] = -np.inf
        orphans = np.flatnonzero(self._alive & ((self._partner == gone) | (self._partner == kept)))
        for index in {kept, *orphans.tolist()}:
            self._look_for_partner(index)
        savings = self._savings_with(kept)
        better = savings > self._saving
        self._saving[better], self._partner[better] = savings[better], kept

    def _look_for_partner(self, index: int) -> None:
        savings = self._savings_with(index)
        self._partner[index] = savings.argmax()
        self._saving[index] = savings[self._partner[index]]

    def _savings_with(self, index: int) -> np.ndarray:
        """What merging ``index`` with each box would save, in pixels; -inf where it may not be."""
        union_cost = self._cost_of(_union(self._boxes[index], self._boxes))
        savings = self._cost[index] + self._cost - union_cost
        forbidden = ~self._alive | (union_cost - OVERHEAD_PIXELS > self._most)
        forbidden[index] = True
        return np.where(forbidden, -np.inf, savings)

    def _cost_of(self, boxes: np.ndarray) -> np.ndarray:
        read = _read_boxes(boxes, *self._facts)
        return (read[:, 2] - read[:, 0]) * (read[:, 3] - read[:, 1]) + OVERHEAD_PIXELS


def _read_boxes(boxes: np.ndarray, shape: tuple[int, int], margin_px: int, stride: int) -> np.ndarray:
    """What the network sees for cores (n, 4), rounded up to whole strides: past the photo's end that is made up."""
    start = np.maximum(boxes[:, :2] - margin_px, 0) // stride * stride
    end = -(np.minimum(boxes[:, 2:] + margin_px, shape) // -stride) * stride
    return np.concatenate([start, end], axis=1)


def _read_box(core: Box, shape: tuple[int, int], margin_px: int, stride: int) -> Box:
    top, left, bottom, right = (int(edge) for edge in _read_boxes(np.array([core]), shape, margin_px, stride)[0])
    return top, left, min(bottom, shape[0]), min(right, shape[1])


def _union(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    return np.concatenate([np.minimum(box[..., :2], boxes[..., :2]), np.maximum(box[..., 2:], boxes[..., 2:])], axis=-1)


def _cells(unknown: np.ndarray, margin_px: int, stride: int, most_pixels: int) -> np.ndarray:
    """The tight boxes (n, 4) of the unknown pixels in each cell of a grid, as fine as the number of boxes allows."""
    side = stride
    boxes = _boxes_in_grid(unknown, side)
    while len(boxes) > CELL_LIMIT and (3 * side + 2 * margin_px) ** 2 <= most_pixels:
        side *= 2
        boxes = _boxes_in_grid(unknown, side)
    return boxes


def _boxes_in_grid(unknown: np.ndarray, side: int) -> np.ndarray:
    H, W = unknown.shape
    rows_any = np.add.reduceat(unknown, np.arange(0, W, side), axis=1, dtype=np.int32) > 0  # (H, columns of cells)
    cells = np.argwhere(np.add.reduceat(rows_any, np.arange(0, H, side), axis=0, dtype=np.int32) > 0)
    boxes = np.empty((len(cells), 4), np.int64)
    for box, (row, column) in zip(boxes, cells, strict=True):
        area = (row * side, column * side, min((row + 1) * side, H), min((column + 1) * side, W))
        box[:] = _tight(unknown, area)
    return boxes


def _tight(unknown: np.ndarray, box: Box) -> Box:
    """The smallest box of the unknown pixels in ``box``, of which there are some."""
    top, left, bottom, right = box
    part = unknown[top:bottom, left:right]
    rows, columns = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
    return int(top + rows[0]), int(left + columns[0]), int(top + rows[-1] + 1), int(left + columns[-1] + 1)


def _without_overlap(boxes: np.ndarray, unknown: np.ndarray) -> list[Box]:
    """The boxes, largest first, each shrunk to what the larger ones leave to it; those with nothing left drop out."""
    left = unknown.copy()
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    cores: list[Box] = []
    for index in np.argsort(-areas, kind="stable"):
        top, start, bottom, end = (int(edge) for edge in boxes[index])
        if not left[top:bottom, start:end].any():
            continue
        core = _tight(left, (top, start, bottom, end))
        left[core[0] : core[2], core[1] : core[3]] = False
        cores.append(core)
    return cores
