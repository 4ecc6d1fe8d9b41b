"""Blurring by a kernel of any size and shape, at a cost that hardly grows with it: products of spectra in blocks."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import cv2
import numpy as np

from editor.document.blend import shares
from editor.document.geometry import Rect

_LEAST_BLOCK_PX, _MOST_BLOCK_PX = 512, 1536
_MOST_THREADS = 4


class Kernel:
    """Weights (2 m + 1, 2 m + 1) float32 that add up to one, and their spectra for the sizes met so far."""

    def __init__(self, weights: np.ndarray) -> None:
        self.weights = np.ascontiguousarray(weights / weights.sum(dtype=np.float64), np.float32)
        self.margin_px = weights.shape[0] // 2
        self._spectrum = lru_cache(maxsize=8)(self._make_spectrum)

    def blur(self, plane: np.ndarray) -> np.ndarray:
        """Convolve (h, w) float32 with the weights, taking what lies outside as zero; same size.

        g = F^-1(F(f) F(k)), at a size enlarged by the margin, so that what wraps round comes from zeros.
        """
        height, width = plane.shape
        padded_h = cv2.getOptimalDFTSize(height + self.margin_px)
        padded_w = cv2.getOptimalDFTSize(width + self.margin_px)
        if min(padded_h, padded_w) < 2 * self.margin_px + 1:
            padded_h, padded_w = (max(n, cv2.getOptimalDFTSize(2 * self.margin_px + 1)) for n in (padded_h, padded_w))
        padded = cv2.copyMakeBorder(plane, 0, padded_h - height, 0, padded_w - width, cv2.BORDER_CONSTANT, value=0)
        spectrum = cv2.dft(padded, dst=padded)
        spectrum = cv2.mulSpectrums(spectrum, self._spectrum(padded_h, padded_w), 0, c=spectrum)
        return cv2.dft(spectrum, flags=cv2.DFT_INVERSE | cv2.DFT_SCALE | cv2.DFT_REAL_OUTPUT)[:height, :width]

    def _make_spectrum(self, height: int, width: int) -> np.ndarray:
        """The kernel's spectrum with its centre at (0, 0)."""
        size = 2 * self.margin_px + 1
        padded = np.zeros((height, width), np.float32)
        padded[:size, :size] = self.weights
        return cv2.dft(np.roll(padded, (-self.margin_px, -self.margin_px), axis=(0, 1)))


def gaussian(sigma_px: float, dx: float = 0.0, dy: float = 0.0) -> Kernel:
    """A Gaussian of standard deviation ``sigma_px`` out to three of them, its centre moved by (dx, dy) pixels.

    Each weight is the integral over a tent two pixels wide, as in linear interpolation, so that shifts below a pixel
    come out right at any width.
    """
    return _gaussian(round(sigma_px, 3), round(dx, 3), round(dy, 3))


def gaussian_margin_px(sigma_px: float, dx: float = 0.0, dy: float = 0.0) -> int:
    """How far that Gaussian reaches."""
    return math.ceil(3.0 * sigma_px + max(abs(dx), abs(dy))) + 1


@lru_cache(maxsize=16)
def _gaussian(sigma_px: float, dx: float, dy: float) -> Kernel:
    margin = gaussian_margin_px(sigma_px, dx, dy)
    return Kernel(np.outer(_tent_integrals(margin, sigma_px, dy), _tent_integrals(margin, sigma_px, dx)))


def _tent_integrals(margin: int, sigma_px: float, centre: float) -> np.ndarray:
    """The integral of a one-dimensional Gaussian times a tent at each of 2 margin + 1 pixels.

    It is the second difference of the Gaussian's second integral, u Phi(u / s) + s phi(u / s) with u from the centre.
    """
    sigma_px = max(sigma_px, 1e-3)

    def twice_integrated(u: float) -> float:
        z = u / sigma_px
        phi = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
        return u * 0.5 * (1.0 + math.erf(z / math.sqrt(2.0))) + sigma_px * phi

    values = [twice_integrated(i - centre) for i in range(-margin - 1, margin + 2)]
    return np.maximum(np.diff(values, 2), 0.0)


def blur_colours(pixels: np.ndarray, kernel: Kernel) -> np.ndarray:
    """Blur (h, w, 4) float32 straight pixels, each colour weighted by its alpha, so that hidden colours never show."""
    *colours, alpha = cv2.split(pixels)
    spread = np.clip(kernel.blur(alpha), 0.0, 1.0)
    share = shares(spread)
    blurred = (kernel.blur(cv2.multiply(colour, alpha)) for colour in colours)
    return cv2.merge([*(np.clip(cv2.multiply(colour, share), 0.0, 1.0) for colour in blurred), spread])


def in_blocks(pixels: np.ndarray, margin_px: int, work: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Apply ``work``, which looks ``margin_px`` far, in blocks on all cores, so that memory stays small at any size."""
    if not pixels.size:
        return pixels.copy()
    whole = Rect(0, 0, pixels.shape[1], pixels.shape[0])
    done = np.empty(pixels.shape, np.float32)

    def run(block: Rect) -> None:
        outer = block.expand(margin_px).intersect(whole)
        done[block.slices()] = work(pixels[outer.slices()])[block.moved(-outer.x, -outer.y).slices()]

    blocks = list(_blocks(whole, margin_px))
    if len(blocks) == 1:
        run(blocks[0])
        return done
    with ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1)) as pool:
        list(pool.map(run, blocks))
    return done


def _blocks(whole: Rect, margin_px: int) -> Iterator[Rect]:
    """Blocks of even size: small ones stay in the processor's cache, large ones waste less on a wide margin."""
    spectrum_px = min(_MOST_BLOCK_PX, max(_LEAST_BLOCK_PX, 8 * margin_px))
    side = max(spectrum_px - 3 * margin_px, margin_px, _LEAST_BLOCK_PX // 2)
    across, down = -(-whole.w // side), -(-whole.h // side)
    w, h = -(-whole.w // across), -(-whole.h // down)
    for y in range(0, whole.h, h):
        for x in range(0, whole.w, w):
            yield Rect(x, y, w, h).intersect(whole)
