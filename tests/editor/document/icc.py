"""ICC profiles made by hand from published primaries, for the tests of colours."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

import numpy as np

_D50 = (0.9642, 1.0, 0.82491)
_SRGB = [(0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410)]


def curv(*values: int, count: int | None = None) -> bytes:
    """A curv element: a straight line, one power in 256ths, or a table of 16-bit values."""
    return struct.pack(f">4s4xI{len(values)}H", b"curv", len(values) if count is None else count, *values)


def para(kind: int, *values: float) -> bytes:
    """A para element: one of five formulas with its numbers."""
    return struct.pack(f">4s4xHxx{len(values)}i", b"para", kind, *(round(v * 65536) for v in values))


def profile(
    curve: bytes,
    colorants: Sequence[tuple[float, float, float]] = _SRGB,
    *,
    text: str = "Made by hand",
    extra: Mapping[bytes, bytes] | None = None,
) -> bytes:
    """A display profile of version 4 with one curve for all channels; colorants relative to D50."""
    said = text.encode("utf-16-be")
    words = struct.pack(">4s4xII2s2sII", b"mluc", 1, 12, b"en", b"US", len(said), 28) + said
    elements = {b"desc": words, b"cprt": words, b"wtpt": _xyz(_D50), b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    elements |= {name: _xyz(xyz) for name, xyz in zip((b"rXYZ", b"gXYZ", b"bXYZ"), colorants, strict=True)}
    elements |= extra or {}
    start = 132 + 12 * len(elements)
    table, body = struct.pack(">I", len(elements)), b""
    for name, element in elements.items():
        table += struct.pack(">4sII", name, start + len(body), len(element))
        body += element + bytes(-len(element) % 4)
    head = struct.pack(
        ">I4xI4s4s4s12x4s28x3i", start + len(body), 0x04300000, b"mntr", b"RGB ", b"XYZ ", b"acsp",
        *(round(v * 65536) for v in _D50),
    )  # fmt: skip
    return head.ljust(128, b"\0") + table + body


def _xyz(value: Sequence[float]) -> bytes:
    return struct.pack(">4s4x3i", b"XYZ ", *(round(v * 65536) for v in value))


def _colorants(red: tuple[float, float], green: tuple[float, float], blue: tuple[float, float], white: np.ndarray):
    """Colorants relative to D50 of primaries and a white (X, Y, Z), the primaries given as x and y."""
    raw = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in (red, green, blue)]).T
    own = raw * np.linalg.solve(raw, white)
    bradford = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    gain = (bradford @ np.array(_D50)) / (bradford @ white)
    adapted = np.linalg.solve(bradford, gain[:, None] * (bradford @ own))
    return [tuple(column) for column in adapted.T]


_D65 = np.array([0.3127 / 0.3290, 1.0, (1 - 0.3127 - 0.3290) / 0.3290])
_CURVE = para(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
_VALUES = np.linspace(0, 1, 1024)
_LIGHT = np.where(_VALUES >= 0.04045, ((_VALUES + 0.055) / 1.055) ** 2.4, _VALUES / 12.92)

ADOBE = profile(curv(563), _colorants((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), _D65))
"""The primaries of Adobe RGB (1998) and its power, 563 / 256."""
SRGB_RED_IN_ADOBE = (219, 0, 0)
P3 = profile(_CURVE, _colorants((0.68, 0.32), (0.265, 0.69), (0.15, 0.06), _D65))
PROPHOTO = profile(
    curv(461), _colorants((0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001), np.array(_D50))
)  # fmt: skip
SRGB_TABLE = profile(curv(*np.rint(_LIGHT * 65535).astype(int).tolist()))
"""sRGB with its curve as a table, as many old files have it."""
