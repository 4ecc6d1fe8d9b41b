"""The subject's own colours, and those of what lies behind it, from a photo and its alpha.

Every pixel of the photo is a mixture, I = alpha F + (1 - alpha) B. Three equations for six unknowns leave room, which
is filled by asking F and B to be smooth, from coarse to fine as in T. Germer, T. Uelwer, S. Conrad, S. Harmeling: "Fast
Multi-Level Foreground Estimation", ICPR 2020. What differs: a neighbour's F counts by its alpha and its B by one minus
that, as in M. Forte: "Approximate Fast Foreground Colour Estimation", ICIP 2021, so colours spread from where they are
surely seen; and pixels that are wholly subject or wholly ground are never touched.

Levels are every second, fourth, eighth ... pixel of the photo, taken as views. A level is worked off in tiles that
overlap by the reach of its passes, so nothing but the results and the next coarser level stands whole in memory.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np

from editor.document.blend import as_float, as_stored
from editor.document.geometry import Rect

Progress = Callable[[float, str], None]

TILE_PX = 256
PASSES = 3
COARSE_PASSES = 10
COARSE_PX = 64  # levels no larger than this get COARSE_PASSES, which carry colours all over the photo
SMOOTHNESS = 3e-3  # against the mixture equation, whose weight is one
FLOOR = 1e-3  # what a neighbour counts at least, so that colours also spread where they are not seen
TEXT = "Estimating colours"
MOST_THREADS = 8  # tiles of one row are worked off at once; more threads wait for memory


def estimate_foreground(image: np.ndarray, alpha: np.ndarray, progress: Progress | None = None) -> np.ndarray:
    """The subject's straight colours (H, W, 3), in the type of the image.

    image: (H, W, 3) float32 in [0, 1], uint8 or uint16. alpha: (H, W) float32 in [0, 1]. progress(fraction, text) is a
    cancel point. Equal to the image where alpha is 1; smoothly continued where alpha is 0. Raises ValueError for a
    wrong shape or type.
    """
    return _estimate(image, alpha, progress, with_back=False).fore


def estimate_colours(
    image: np.ndarray, alpha: np.ndarray, progress: Progress | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Foreground and background, straight colours (H, W, 3) each, in the type of the image.

    As estimate_foreground; the background is equal to the image where alpha is 0, and is filled in smoothly from
    round about under the subject, so that it can stand for the photo without the subject.
    """
    plates = _estimate(image, alpha, progress, with_back=True)
    return plates.fore, plates.back


def estimate_foreground_in(image: np.ndarray, alpha: np.ndarray, rect: Rect, margin_px: int = 24) -> np.ndarray:
    """The subject's colours inside a rectangle only, for a matte that was changed there: (rect.h, rect.w, 3).

    image, alpha: the whole photo, as for estimate_foreground; nothing beyond rect and margin_px around it is read, so
    colours come from that near. rect must lie inside the photo, else ValueError. Where rect ends in half transparent
    pixels the result may differ by a little from that of the whole photo.
    """
    if rect.empty or rect.intersect(_whole(alpha)) != rect:
        raise ValueError(f"{rect} is empty or reaches beyond the photo of {alpha.shape[1]} x {alpha.shape[0]}.")
    around = rect.expand(margin_px).intersect(_whole(alpha))
    fore = _estimate(image[around.slices()], alpha[around.slices()], None, with_back=False).fore
    return fore[rect.moved(-around.x, -around.y).slices()]


@dataclass(frozen=True)
class _Plates:
    """Foreground and background (h, w, 3) of a level; back is empty at the finest where nobody wants it."""

    fore: np.ndarray
    back: np.ndarray

    @property
    def with_back(self) -> bool:
        return self.back.size > 0


def _estimate(image: np.ndarray, alpha: np.ndarray, progress: Progress | None, with_back: bool) -> _Plates:
    _check(image, alpha)
    report = progress if progress is not None else _ignore
    levels = max(max(alpha.shape) - 1, 1).bit_length()
    coarse = _mean_plates(image, alpha)
    with ThreadPoolExecutor(min(MOST_THREADS, os.cpu_count() or 1)) as pool:
        for level in range(levels, -1, -1):
            step = 1 << level
            small, small_alpha = image[::step, ::step], alpha[::step, ::step]
            finest = level == 0
            dtype = image.dtype if finest else np.dtype(np.float32)
            back_shape = small.shape if with_back or not finest else (0, 0, 3)
            plates = _Plates(np.empty(small.shape, dtype), np.empty(back_shape, dtype))
            before, share = 0.25**level, 0.75 * 0.25**level  # a level costs four times the next coarser one
            _fill_level(small, small_alpha, coarse, plates, _Share(report, before - share, share), pool)
            coarse = plates
    return coarse


@dataclass(frozen=True)
class _Share:
    """The part of the progress that belongs to one level."""

    report: Progress
    start: float
    length: float

    def at(self, part: float) -> None:
        self.report(min(self.start + part * self.length, 1.0), TEXT)


def _mean_plates(image: np.ndarray, alpha: np.ndarray) -> _Plates:
    """(1, 1, 3) each: the mean colours of subject and ground, to begin from where nothing else is known."""
    step = max(1, max(alpha.shape) // COARSE_PX)
    colours = as_float(image[::step, ::step]).reshape(-1, 3)
    weight = alpha[::step, ::step].reshape(-1, 1) + np.float32(1e-6)
    fore = (colours * weight).sum(axis=0) / weight.sum()
    rest = 1 + np.float32(2e-6) - weight
    back = (colours * rest).sum(axis=0) / rest.sum()
    return _Plates(fore.reshape(1, 1, 3).astype(np.float32), back.reshape(1, 1, 3).astype(np.float32))


def _fill_level(
    image: np.ndarray, alpha: np.ndarray, coarse: _Plates, plates: _Plates, share: _Share, pool: ThreadPoolExecutor
) -> None:
    """Work off one level tile by tile, from the next coarser one; the tiles of a row side by side."""
    whole = _whole(alpha)
    passes = COARSE_PASSES if max(alpha.shape) <= COARSE_PX else PASSES

    def work(tile: Rect) -> None:
        part = _estimate_tile(image, alpha, coarse, tile, passes, plates.with_back)
        known = alpha[tile.slices()], image[tile.slices()]
        _store(plates.fore[tile.slices()], part.fore, known, 1)
        if plates.with_back:
            _store(plates.back[tile.slices()], part.back, known, 0)

    for y in range(0, whole.h, TILE_PX):
        share.at(y / whole.h)
        row = [Rect(x, y, TILE_PX, TILE_PX).intersect(whole) for x in range(0, whole.w, TILE_PX)]
        list(pool.map(work, row))


def _store(target: np.ndarray, colours: np.ndarray, known: tuple[np.ndarray, np.ndarray], seen_at: int) -> None:
    """Write colours to the target, and the image itself where alpha says that it shows them unmixed."""
    alpha, image = known
    if target.dtype == np.float32:
        image = as_float(image)
    target[...] = as_stored(colours, target.dtype)
    np.copyto(target, image, where=(alpha == seen_at)[..., None])


def _estimate_tile(
    image: np.ndarray, alpha: np.ndarray, coarse: _Plates, tile: Rect, passes: int, with_back: bool
) -> _Plates:
    """Foreground and background of a tile: enlarged from the coarser level, worked over where pixels are mixed."""
    inside = alpha[tile.slices()]
    if not with_back and inside.min() == 1:
        return _Plates(image[tile.slices()], image[tile.slices()])
    fore, back = _enlarged(coarse.fore, tile), _enlarged(coarse.back, tile)
    mixed = tile if passes == COARSE_PASSES else _mixed_box(inside).moved(tile.x, tile.y)
    if mixed.empty:
        return _Plates(fore, back)
    reach = mixed.expand(passes + 1).intersect(_whole(alpha))
    planes = [_planes(_enlarged(plate, reach)) for plate in (coarse.fore, coarse.back)]
    spread = _spread(_planes(as_float(image[reach.slices()])), alpha[reach.slices()], planes[0], planes[1], passes)
    source, target = mixed.moved(-reach.x, -reach.y).slices(), mixed.moved(-tile.x, -tile.y).slices()
    for plate, result in zip((fore, back), spread, strict=True):
        plate[target] = result.transpose(1, 2, 0)[source]
    return _Plates(fore, back)


def _mixed_box(alpha: np.ndarray) -> Rect:
    """The smallest rectangle that holds all pixels with 0 < alpha < 1."""
    mixed = (alpha > 0) & (alpha < 1)
    rows, columns = np.flatnonzero(mixed.any(axis=1)), np.flatnonzero(mixed.any(axis=0))
    if rows.size == 0:
        return Rect(0, 0, 0, 0)
    return Rect(int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1)


def _spread(
    image: np.ndarray, alpha: np.ndarray, fore: np.ndarray, back: np.ndarray, passes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Foreground and background (3, h, w) after some passes; works in the arrays it is given.

    A pass takes the weighted means F', B' of 3 x 3 neighbours and moves them to the minimum of
    (I - alpha F - (1 - alpha) B)^2 + s (F - F')^2 + s (B - B')^2. With e = I - alpha F' - (1 - alpha) B' and
    n = s + alpha^2 + (1 - alpha)^2 it lies at F' + e alpha / n and B' + e (1 - alpha) / n.
    """
    rest = 1 - alpha
    n = SMOOTHNESS + alpha * alpha + rest * rest
    gain_f, gain_b = alpha / n, rest / n
    weight_f, weight_b = alpha + np.float32(FLOOR), rest + np.float32(FLOOR)
    norm_f, norm_b = 1 / _neighbours(weight_f), 1 / _neighbours(weight_b)
    scratch, error = np.empty_like(image), np.empty_like(image)
    for _ in range(passes):
        _weighted_means(fore, weight_f, norm_f)
        _weighted_means(back, weight_b, norm_b)
        np.subtract(image, np.multiply(alpha, fore, out=scratch), out=error)
        error -= np.multiply(rest, back, out=scratch)
        fore += np.multiply(gain_f, error, out=scratch)
        back += np.multiply(gain_b, error, out=scratch)
    return np.clip(fore, 0, 1, out=fore), np.clip(back, 0, 1, out=back)


def _weighted_means(planes: np.ndarray, weight: np.ndarray, norm: np.ndarray) -> None:
    """Replace each value of (3, h, w) by the weighted mean of its 3 x 3 neighbours."""
    planes *= weight
    for plane in planes:
        cv2.blur(plane, (3, 3), dst=plane, borderType=cv2.BORDER_REPLICATE)
    planes *= norm


def _neighbours(plane: np.ndarray) -> np.ndarray:
    return cv2.blur(plane, (3, 3), borderType=cv2.BORDER_REPLICATE)


def _enlarged(coarse: np.ndarray, reach: Rect) -> np.ndarray:
    """The coarser level (ceil(H / 2), ceil(W / 2), 3) at twice its size, cut to `reach`: (reach.h, reach.w, 3).

    Cut from a little more, so that the result does not depend on where tiles lie.
    """
    around = Rect(reach.x // 2 - 1, reach.y // 2 - 1, reach.w // 2 + 3, reach.h // 2 + 3).intersect(_whole(coarse))
    double = cv2.resize(coarse[around.slices()], (2 * around.w, 2 * around.h), interpolation=cv2.INTER_LINEAR)
    return double[reach.moved(-2 * around.x, -2 * around.y).slices()]


def _planes(image: np.ndarray) -> np.ndarray:
    """(h, w, 3) as (3, h, w), where a weight (h, w) multiplies in one go."""
    return np.ascontiguousarray(image.transpose(2, 0, 1))


def _whole(array: np.ndarray) -> Rect:
    return Rect(0, 0, array.shape[1], array.shape[0])


def _check(image: np.ndarray, alpha: np.ndarray) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype not in (np.uint8, np.uint16, np.float32):
        raise ValueError(f"The image must be (H, W, 3) float32, uint8 or uint16, not {image.shape} {image.dtype}.")
    if alpha.shape != image.shape[:2] or alpha.dtype != np.float32:
        raise ValueError(f"Alpha must be {image.shape[:2]} float32, not {alpha.shape} {alpha.dtype}.")
    if alpha.size == 0:
        raise ValueError("The image is empty.")


def _ignore(fraction: float, text: str) -> None:
    """Stands in where nobody wants to hear of the progress."""
