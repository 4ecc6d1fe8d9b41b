"""A network on a photo of any size: pieces along the unknown pixels alone, blended without seams.

Memory follows the largest piece and time the unknown area, not the photo. Where a network draws something from the
whole picture, it is shown the photo reduced once, before the pieces.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

import cv2
import numpy as np

from models.piece_plan import Box, Piece, plan_pieces
from models.prepare import FOREGROUND, UNKNOWN, class_channels, known_kept, network_input, padded
from models.running import Predictor

WHOLE_PX = 448
"""The longer side of the photo when a network looks at all of it: enough for what they draw from it."""
SMALLEST_PIECE_PIXELS = 192 * 192
"""Where memory does not suffice for pieces of this size, it will not for the network."""

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class _Photo:
    """What a network is shown: image (H, W, 3) float32, trimap (H, W) uint8, more (k, H, W) floats or None."""

    image: np.ndarray
    trimap: np.ndarray
    more: np.ndarray | None = None

    def part(self, box: Box) -> _Photo:
        """The same within a box of it."""
        top, left, bottom, right = box
        place = slice(top, bottom), slice(left, right)
        return _Photo(self.image[place], self.trimap[place], None if self.more is None else self.more[:, *place])


def matte_in_pieces(
    predictor: Predictor,
    image: np.ndarray,
    trimap: np.ndarray,
    progress: Progress,
    *,
    more: np.ndarray | None = None,
    limit_bytes: int = 0,
    margin_px: int | None = None,
) -> np.ndarray:
    """Alpha (H, W) float32 in [0, 1], exactly 0 and 1 where the trimap says so.

    image: (H, W, 3) float32 sRGB in [0, 1]; trimap: (H, W) uint8 of 0, 128, 255; more: (k, H, W) floats, what the
    network takes after the trimap. ``limit_bytes`` is what a piece may take of the device's memory (0: by what is
    free); where the margin leaves no room for a core in it, the margin is made smaller, and that is said. ``margin_px``
    overrides the catalogue's. ``progress`` is called between the network's layers; what it raises comes out at once.
    ``MemoryError`` where even small pieces do not fit.
    """
    unknown = trimap == UNKNOWN
    total = _Blend(trimap.shape)
    left = unknown.copy()
    margin = predictor.spec.margin_px if margin_px is None else margin_px
    progress(0.0, "Choosing the pieces")
    with ticking(predictor, lambda share: progress(0.0, "Choosing the pieces")):  # reckoning may take seconds, once
        most = predictor.most_pixels(limit_bytes)
    if predictor.device == "cpu" and predictor.spec.cpu_pixels:  # whatever is allowed, a cancel must not wait
        most = min(most, predictor.spec.cpu_pixels)
    try:
        while left.any():
            try:
                fitting = fitting_margin(margin, predictor.spec.stride, trimap.shape, most)
                if fitting < margin:
                    share = _share_done(left, unknown)
                    progress(share, f"Little memory: a piece sees {fitting} pixels around itself instead of {margin}")
                _run_pieces(predictor, _Photo(image, trimap, more), left, total, (fitting, most), progress)
            except MemoryError:
                if most <= SMALLEST_PIECE_PIXELS:
                    raise
                most = max(most // 2, SMALLEST_PIECE_PIXELS)
                progress(_share_done(left, unknown), "Not enough memory: going on with smaller pieces")
    finally:
        predictor.remember_whole(None)
    progress(1.0, "Matte is ready")
    return known_kept(total.blended(unknown, trimap), trimap)


def fitting_margin(margin_px: int, stride: int, shape: tuple[int, ...], most_pixels: int) -> int:
    """``margin_px``, or the largest half, quarter, ... of it with which the smallest piece keeps to ``most_pixels``.

    That piece is a core of one stride with the margin all round, at most the photo (H, W) itself. ``MemoryError``
    where nothing is left of the margin before it fits: less than a stride.
    """
    while True:
        side = (1 + 2 * math.ceil(margin_px / stride)) * stride
        if math.prod(min(side, math.ceil(length / stride) * stride) for length in shape) <= most_pixels:
            return margin_px
        if margin_px < 2 * stride:
            raise MemoryError(f"Not even a piece of {side} x {side} pixels fits.")
        margin_px //= 2


def _run_pieces(
    predictor: Predictor,
    photo: _Photo,
    left: np.ndarray,
    total: _Blend,
    size: tuple[int, int],
    progress: Progress,
) -> None:
    """Answer the unknown pixels that are ``left`` (H, W) bool, piece by piece, and strike them out of it."""
    margin_px, most_pixels = size
    started = _share_done(left, photo.trimap == UNKNOWN)
    pieces = plan_pieces(left, margin_px, predictor.spec.stride, most_pixels)
    if photo.more is None and (len(pieces) > 1 or pieces[0].pixels < left.size):
        whole = photo.image, photo.trimap
        show_whole(predictor, *whole, lambda share: progress(started, "Looking at the whole photo"), most_pixels)
    cost = sum(piece.pixels for piece in pieces)
    done = 0
    for number, piece in enumerate(pieces, start=1):

        def tick(share: float, done: float = done, pixels: int = piece.pixels, number: int = number) -> None:
            rest = (done + share * pixels) / cost
            progress(started + (1 - started) * rest, f"Piece {number} of {len(pieces)}")

        tick(0.0)
        total.add(piece, _alpha_of(predictor, photo.part(piece.read), tick), margin_px)
        top, start, bottom, end = piece.core
        left[top:bottom, start:end] = False
        done += piece.pixels


def show_whole(
    predictor: Predictor,
    image: np.ndarray,
    trimap: np.ndarray,
    tick: Callable[[float], None] | None = None,
    most_pixels: int = WHOLE_PX * WHOLE_PX,
) -> None:
    """Let the network take what it draws from the whole picture from the photo reduced to ``WHOLE_PX``.

    image: (H, W, 3) float32; trimap: (H, W) uint8. It is reduced further to keep to ``most_pixels``, never enlarged.
    ``predictor.remember_whole(None)`` forgets it.
    """
    H, W = trimap.shape
    longer = min(WHOLE_PX, int((most_pixels / (H * W)) ** 0.5 * max(H, W)))
    while True:
        scale = min(1.0, longer / max(H, W))
        size = (max(1, round(W * scale)), max(1, round(H * scale)))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        marks = cv2.resize(trimap, size, interpolation=cv2.INTER_NEAREST)
        try:
            with ticking(predictor, tick):
                predictor.remember_whole(_input(predictor, small, marks))
            return
        except MemoryError:
            if longer <= WHOLE_PX // 4:
                raise
            longer //= 2


@contextmanager
def ticking(predictor: Predictor, tick: Callable[[float], None] | None) -> Generator[None]:
    """Within this, ``tick`` is called between the layers with the share of them that is done."""
    predictor.tick = tick
    try:
        yield
    finally:
        predictor.tick = None


def _alpha_of(predictor: Predictor, photo: _Photo, tick: Callable[[float], None]) -> np.ndarray:
    """The network's raw alpha (h, w) of a part of the photo."""
    inputs = _input(predictor, photo.image, photo.trimap, photo.more)
    with ticking(predictor, tick):
        return predictor.predict(inputs)[-1][0, 0, : photo.trimap.shape[0], : photo.trimap.shape[1]]


def _input(predictor: Predictor, image: np.ndarray, trimap: np.ndarray, more: np.ndarray | None = None) -> np.ndarray:
    spec = predictor.spec
    inputs = network_input(image, trimap if spec.channels >= 4 else None, spec.stride)
    if more is not None:
        return np.concatenate([inputs, padded(more.astype(np.float32), spec.stride)[None]], axis=1)
    if not spec.finds_trimap:
        return inputs
    return np.concatenate([inputs, padded(class_channels(trimap), spec.stride)[None]], axis=1)


def _share_done(left: np.ndarray, unknown: np.ndarray) -> float:
    return 1.0 - np.count_nonzero(left) / max(1, np.count_nonzero(unknown))


class _Blend:
    """The weighted mean of all pieces: full weight in a piece's core, falling smoothly to nothing beyond it."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._sum = np.zeros(shape, np.float32)
        self._weight = np.zeros(shape, np.float32)

    def add(self, piece: Piece, alpha: np.ndarray, margin_px: int) -> None:
        """Take in a piece's answer (h, w) for its ``read`` box; half of the margin is used for blending."""
        top, left, bottom, right = piece.read
        fade_px = margin_px // 2
        rows = _fade(top, bottom, piece.core[0], piece.core[2], fade_px)
        columns = _fade(left, right, piece.core[1], piece.core[3], fade_px)
        weight = rows[:, None] * columns
        self._sum[top:bottom, left:right] += weight * alpha
        self._weight[top:bottom, left:right] += weight

    def blended(self, unknown: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        """The mean (H, W) where ``unknown``, the trimap's value elsewhere."""
        np.divide(self._sum, self._weight, out=self._sum, where=unknown)
        np.copyto(self._sum, trimap == FOREGROUND, where=~unknown)
        return self._sum


def _fade(start: int, end: int, core_start: int, core_end: int, fade_px: int) -> np.ndarray:
    """Weights for the pixels from ``start`` to ``end``: 1 in the core, a half cosine down to 0 within ``fade_px``."""
    place = np.arange(start, end)
    beyond = np.maximum(np.maximum(core_start - place, place - (core_end - 1)), 0)
    falling = 0.5 + 0.5 * np.cos(math.pi * np.minimum(beyond / (fade_px + 1), 1))
    return falling.astype(np.float32)
