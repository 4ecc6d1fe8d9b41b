"""How one piece of a layer joins what lies below: the five blend modes, with alpha.

The formulas are those of W3C "Compositing and Blending Level 1", sections 5 (source over) and 9.1 (separable modes).
Nothing is mixed where nothing mixes: an opaque normal piece replaces what lies below, an empty one leaves it, and
both stay the integers that they were, so that such pixels come out bit-identical.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from editor.errors import UserError

_FLOATS = np.arange(256, dtype=np.float32) * np.float32(1.0 / 255)
_MANY = 1 << 20
"""From so many values on a table is the faster way: OpenCV looks them up on all cores."""


@dataclass(frozen=True)
class Piece:
    """A rectangle of straight pixels on its way through the stack; ``None`` in its place stands for "nothing there".

    ``colour`` (h, w, 3) is uint8 or uint16 as stored, or float32 in [0, 1] once something was mixed. ``alpha`` (h, w)
    is float32 in [0, 1], or None where all of it is opaque.
    """

    colour: np.ndarray
    alpha: np.ndarray | None = None

    def faded(self, opacity: float) -> Piece:
        """The piece with its alpha multiplied by ``opacity`` in [0, 1]."""
        if opacity >= 1.0:
            return self
        if self.alpha is None:
            return Piece(self.colour, np.full(self.colour.shape[:2], opacity, np.float32))
        return Piece(self.colour, self.alpha * np.float32(opacity))


def as_float(values: np.ndarray) -> np.ndarray:
    """Integers of 8 or 16 bits as float32 in [0, 1]; float32 is handed back as it is."""
    if values.dtype == np.float32:
        return values
    if values.dtype == np.uint8 and values.size >= _MANY:
        return cv2.LUT(values, _FLOATS)
    return np.multiply(values, np.float32(1.0 / np.iinfo(values.dtype).max), dtype=np.float32)


def as_stored(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """float32 in [0, 1] rounded to integers of ``dtype``; integers of that type are handed back as they are."""
    if values.dtype == dtype:
        return values
    scaled = values * np.float32(np.iinfo(dtype).max)
    scaled += np.float32(0.5)
    return scaled.astype(dtype)


def to_pixels(piece: Piece | None, height: int, width: int, dtype: np.dtype) -> np.ndarray:
    """The piece as straight (h, w, 4) integers of ``dtype``; all zero for None, and where alpha rounds to 0."""
    if piece is None:
        return np.zeros((height, width, 4), dtype)
    colour = as_stored(piece.colour, dtype)
    if piece.alpha is None:
        return cv2.cvtColor(np.ascontiguousarray(colour), cv2.COLOR_RGB2RGBA)
    alpha = as_stored(piece.alpha, dtype)
    return cv2.merge([*cv2.split(without_hidden(colour, alpha)), alpha])


def without_hidden(colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Stored colours (h, w, 3), zero where the stored alpha (h, w) is 0."""
    return cv2.copyTo(colour, (alpha != 0).view(np.uint8))


def over(below: Piece | None, above: Piece | None, mode: str = "normal") -> Piece | None:
    """``above`` laid on ``below`` in one of ``layer.BLEND_MODES``; raises ``UserError`` for another mode.

    Over nothing, a piece comes out as it is, with its own colours under alpha 0. Where two pieces meet, colours under
    an alpha of 0 are zero.
    """
    if mode not in MIXES:
        raise UserError(f"There is no blend mode called {mode!r}.", f"Choose one of {', '.join(MIXES)}.")
    if above is None or below is None:
        return below if above is None else above
    if mode == "normal" and above.alpha is None:
        return above
    base, colour = as_float(below.colour), as_float(above.colour)
    mix = MIXES[mode]
    if mix is not None:
        mixed = mix(base, colour)
        colour = mixed if below.alpha is None else colour + three(below.alpha) * (mixed - colour)
    if above.alpha is None:
        return Piece(colour)
    if below.alpha is None:
        return Piece(_towards(base, colour, above.alpha))
    return _over_soft(base, below.alpha, colour, above.alpha)


def three(alpha: np.ndarray) -> np.ndarray:
    """An alpha (h, w) as (h, w, 3): far quicker for numpy than an axis of length one."""
    return cv2.merge([alpha, alpha, alpha])


def premultiplied(colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Colours (h, w, 3) times their alpha (h, w), with the alpha as fourth channel: what may be averaged."""
    return cv2.merge([*cv2.split(cv2.multiply(colour, three(alpha))), alpha])


def shares(alpha: np.ndarray) -> np.ndarray:
    """1 / alpha, float32 (h, w); zero where alpha is (all but) zero."""
    return np.divide(1.0, alpha, out=np.zeros_like(alpha), where=alpha > 1e-5)


def straight(weighted: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Colours (h, w, 3) divided by their alpha (h, w), kept in [0, 1]; zero where alpha is (all but) zero."""
    colour = cv2.multiply(np.ascontiguousarray(weighted), three(shares(alpha)))
    return np.clip(colour, 0.0, 1.0, out=colour)


def _towards(base: np.ndarray, colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """base + alpha (colour - base): source over an opaque backdrop; exactly ``base`` where alpha is 0."""
    step = cv2.subtract(colour, base)
    cv2.multiply(step, three(alpha), dst=step)
    return cv2.add(step, base, dst=step)


def _over_soft(base: np.ndarray, below: np.ndarray, colour: np.ndarray, alpha: np.ndarray) -> Piece:
    """co = as cs + ab cb (1 - as), ao = as + ab (1 - as), divided by ao for straight colours."""
    kept = below * (np.float32(1.0) - alpha)
    total = alpha + kept
    share = np.divide(alpha, total, out=np.zeros_like(total), where=total > 0)
    mixed = _towards(base, colour, share)
    mixed[total == 0] = 0.0
    return Piece(mixed, total)


def _multiply(base: np.ndarray, colour: np.ndarray) -> np.ndarray:
    return base * colour


def _screen(base: np.ndarray, colour: np.ndarray) -> np.ndarray:
    return base + colour - base * colour


def _overlay(base: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """Hard light with the two exchanged: multiply where the base is dark, screen where it is light."""
    return np.where(base <= 0.5, _multiply(2.0 * base, colour), _screen(2.0 * base - 1.0, colour))


def _soft_light(base: np.ndarray, colour: np.ndarray) -> np.ndarray:
    lifted = np.where(base <= 0.25, ((16.0 * base - 12.0) * base + 4.0) * base, np.sqrt(base))
    pull = 2.0 * colour - 1.0
    return base + pull * np.where(colour <= 0.5, base * (1.0 - base), lifted - base)


MIXES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray] | None] = {
    "normal": None,
    "multiply": _multiply,
    "screen": _screen,
    "overlay": _overlay,
    "soft light": _soft_light,
}
"""B(cb, cs) by name; None where the colour simply replaces what lies below."""
