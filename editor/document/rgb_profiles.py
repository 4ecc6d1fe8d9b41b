"""Colours from one RGB profile to another, so that a picture looks as it did in its own file.

What is read are profiles of the matrix kind: three tone curves, and three colorants relative to D50. Converting is
relative colorimetric: decode by the curve, one 3 x 3 matrix, encode by the other curve; what lies outside is clipped
channel by channel. Profiles that describe colours by big tables are not read, and callers say so.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from editor.document.colour import PRIMARIES, profile_space, profile_tag
from editor.document.document import Photo

Rgb: TypeAlias = tuple[float, float, float]
Progress: TypeAlias = Callable[[float, str], None]

_GRID = np.linspace(0.0, 1.0, 65536)
_STRIP_PIXELS = 1 << 19
_STEPS = {8: 1 << 16, 16: 1 << 20}
"""Entries of an encoding table by the depth it encodes to: so many that no result is a level off."""
_MATRIX_SLACK, _CURVE_SLACK = 0.002, 0.5 / 255
"""Profiles of the same colour space by different makers differ by less, in light and in encoded values."""
_TABLES = (b"A2B0", b"A2B1")
_PARAMETERS = (1, 3, 4, 5, 7)
_SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


@dataclass(frozen=True, eq=False)
class RgbProfile:
    """``to_xyz`` (3, 3) float64, light of r, g, b to XYZ (D50); ``decode`` (3, 65536) float64, rising, in [0, 1]."""

    to_xyz: np.ndarray
    decode: np.ndarray


def same_profile(one: bytes | None, other: bytes | None) -> bool:
    """True where two ICC profiles mean the same colours within half a level of 8 bits; none at all means sRGB."""
    if one == other:
        return True
    a, b = read_profile(one), read_profile(other)
    if a is None or b is None:
        return False
    if a is b:
        return True
    crossed = (np.interp(a.decode[c], b.decode[c], _GRID) - _GRID for c in range(3))
    near = float(np.abs(_between(a, b) - np.eye(3)).max()) <= _MATRIX_SLACK
    return near and all(float(np.abs(error).max()) <= _CURVE_SLACK for error in crossed)


def converted(photo: Photo, icc: bytes | None, progress: Progress | None = None) -> Photo:
    """The photo with its colours in the profile ``icc`` (sRGB when None), in the depth it had.

    Where one of the profiles cannot be used, the photo itself comes back, its profile with it. For any thread.
    """
    pixels = convert_pixels(photo.pixels, photo.icc, icc, progress)
    return photo if pixels is None else replace(photo, pixels=pixels, icc=icc)


def convert_pixels(
    pixels: np.ndarray, source: bytes | None, target: bytes | None, progress: Progress | None = None
) -> np.ndarray | None:
    """(H, W, 3) uint8 or uint16 from profile ``source`` to ``target`` (None means sRGB), in the same depth.

    The very same array where both mean the same colours; None where one of them cannot be used.
    """
    if same_profile(source, target):
        return pixels
    a, b = read_profile(source), read_profile(target)
    if a is None or b is None:
        return None
    bits = 8 * pixels.dtype.itemsize
    decode = (a.decode[:, ::257] if bits == 8 else a.decode).astype(np.float32)
    encode = [_encoding(curve, bits) for curve in b.decode]
    matrix = _between(a, b).astype(np.float32)
    result = np.empty(pixels.shape, pixels.dtype)
    height, width = pixels.shape[:2]
    rows = max(1, _STRIP_PIXELS // max(1, width))
    for top in range(0, height, rows):
        if progress is not None:
            progress(top / height, "colours")
        strip = slice(top, top + rows)
        _convert_strip(pixels[strip], decode, matrix, encode, result[strip])
    return result


def convert_colour(rgb: Rgb, source: bytes | None, target: bytes | None) -> Rgb | None:
    """One colour, r, g, b in [0, 1], from profile ``source`` to ``target`` (None means sRGB), clipped to [0, 1].

    As it is where both mean the same colours; None where one of them cannot be used.
    """
    if same_profile(source, target):
        return rgb
    a, b = read_profile(source), read_profile(target)
    if a is None or b is None:
        return None
    light = [np.interp(value, _GRID, curve) for value, curve in zip(rgb, a.decode, strict=True)]
    wanted = np.clip(_between(a, b) @ np.array(light), 0.0, 1.0)
    red, green, blue = (round(float(np.interp(wanted[c], b.decode[c], _GRID)), 6) for c in range(3))
    return red, green, blue


@lru_cache(maxsize=8)
def read_profile(icc: bytes | None) -> RgbProfile | None:
    """The profile's numbers; sRGB's for None; None where it is damaged, not of RGB or not of the matrix kind.

    One that cannot be read but calls itself sRGB counts as sRGB.
    """
    if icc is None:
        return _srgb()
    read = _matrix_profile(icc)
    if read is None and profile_space(icc) in ("", "RGB") and (b"sRGB" in icc or "sRGB".encode("utf-16-be") in icc):
        return read_profile(None)
    return read


def _srgb() -> RgbProfile:
    g, a, b, c, d = _SRGB_CURVE
    curve = _power((g, a, b, c, d, 0.0, 0.0))
    return RgbProfile(np.array(list(PRIMARIES.values())).T, np.stack([curve] * 3))


def _matrix_profile(icc: bytes) -> RgbProfile | None:
    """What a profile of the matrix kind says; None for any other and where something is missing or makes no sense."""
    if profile_space(icc) != "RGB" or icc[20:24] != b"XYZ " or any(profile_tag(icc, name) for name in _TABLES):
        return None
    columns = [_colorant(profile_tag(icc, name)) for name in PRIMARIES]
    curves = [_curve(profile_tag(icc, name)) for name in (b"rTRC", b"gTRC", b"bTRC")]
    found_columns = [column for column in columns if column is not None]
    found_curves = [curve for curve in curves if curve is not None]
    if len(found_columns) < 3 or len(found_curves) < 3:
        return None
    matrix = np.array(found_columns).T
    return RgbProfile(matrix, np.stack(found_curves)) if abs(np.linalg.det(matrix)) > 1e-4 else None


def _colorant(element: bytes | None) -> tuple[float, ...] | None:
    """X, Y and Z of an XYZ element."""
    if element is None or len(element) < 20 or element[:4] != b"XYZ ":
        return None
    return tuple(value / 65536 for value in struct.unpack_from(">3i", element, 8))


def _curve(element: bytes | None) -> np.ndarray | None:
    """A tone curve's (65536,) float64, light in [0, 1] for each value, rising; None where it is no such curve."""
    if element is None or len(element) < 12:
        return None
    read = {b"curv": _sampled, b"para": _parametric}.get(element[:4])
    light = None if read is None else read(element)
    if light is None or not np.isfinite(light).all():
        return None
    light = np.clip(light, 0.0, 1.0)
    rising = np.maximum.accumulate(light)
    usable = rising[-1] - rising[0] > 0.5 and float((rising - light).max()) < 0.01
    return rising if usable else None


def _sampled(element: bytes) -> np.ndarray | None:
    """A curv element: nothing for a straight line, one number for a power, or a table."""
    count = struct.unpack_from(">I", element, 8)[0]
    if count == 0:
        return _GRID
    if len(element) < 12 + 2 * count:
        return None
    values = np.frombuffer(element, ">u2", count, 12).astype(np.float64)
    if count == 1:
        return _GRID ** (values[0] / 256) if values[0] else None
    return np.interp(_GRID, np.linspace(0.0, 1.0, count), values / 65535)


def _parametric(element: bytes) -> np.ndarray | None:
    """A para element, one of five formulas; each is a case of the last."""
    kind = struct.unpack_from(">H", element, 8)[0]
    if kind >= len(_PARAMETERS) or len(element) < 12 + 4 * _PARAMETERS[kind]:
        return None
    given = [value / 65536 for value in struct.unpack_from(f">{_PARAMETERS[kind]}i", element, 12)]
    g, a, b, c, d, e, f = given + [0.0] * (7 - len(given)) if kind else (given[0], 1.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    if g <= 0 or a <= 0:
        return None
    if kind in (1, 2):  # the power begins where its base is nought; below lies the offset
        c, d, e, f = 0.0, -b / a, c, c
    return _power((g, a, b, c, d, e, f))


def _power(parameters: tuple[float, ...]) -> np.ndarray:
    """``(a x + b) ** g + e`` from ``d`` on, ``c x + f`` below it."""
    g, a, b, c, d, e, f = parameters
    return np.where(d <= _GRID, np.maximum(a * _GRID + b, 0.0) ** g + e, c * _GRID + f)


def _between(source: RgbProfile, target: RgbProfile) -> np.ndarray:
    """(3, 3) float64 from light in one profile to light in the other.

    Both whites are D50 but for the last digits of the numbers in the files; with those evened out, white stays white.
    """
    matrix = np.linalg.solve(target.to_xyz, source.to_xyz)
    white = matrix.sum(axis=1, keepdims=True)
    return matrix / np.where(np.abs(white - 1.0) < _MATRIX_SLACK, white, 1.0)


def _encoding(decode: np.ndarray, bits: int) -> np.ndarray:
    """The curve backwards as a table over the square root of light, for curves are steep in the dark."""
    light = np.linspace(0.0, 1.0, _STEPS[bits]) ** 2
    kind = np.uint8 if bits == 8 else np.uint16
    return np.rint(np.interp(light, decode, _GRID) * np.iinfo(kind).max).astype(kind)


def _convert_strip(
    pixels: np.ndarray, decode: np.ndarray, matrix: np.ndarray, encode: list[np.ndarray], result: np.ndarray
) -> None:
    """Convert some rows into ``result``."""
    light = [decode[c][pixels[..., c]] for c in range(3)]
    for c in range(3):
        wanted = matrix[c, 0] * light[0] + matrix[c, 1] * light[1] + matrix[c, 2] * light[2]
        np.clip(wanted, 0.0, 1.0, out=wanted)
        np.sqrt(wanted, out=wanted)
        wanted *= np.float32(len(encode[c]) - 1)
        wanted += np.float32(0.5)
        result[..., c] = encode[c][wanted.astype(np.intp)]
