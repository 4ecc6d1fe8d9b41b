"""Colour facts: depths, and ICC profiles as far as a photo must be honest about them.

Pixels stay in their file's own space. What is checked here is that a profile fits the pixels it goes with: a grey
profile on RGB pixels, or a CMYK one, would be refused or misread by every reader.
"""

from __future__ import annotations

import struct

import numpy as np

_HEADER_BYTES = 128
PRIMARIES = {  # X, Y, Z of sRGB (IEC 61966-2-1) by tag, adapted to D50 as ICC.1:2022 demands
    b"rXYZ": (0.43607, 0.22249, 0.01392),
    b"gXYZ": (0.38515, 0.71687, 0.09708),
    b"bXYZ": (0.14307, 0.06061, 0.71410),
}
_D50 = (0.9642, 1.0, 0.82491)


def to_8_bit(array: np.ndarray) -> np.ndarray:
    """uint16 as uint8, rounded to the nearest of 0 to 255; uint8 as it is."""
    if array.dtype == np.uint8:
        return array
    return ((array.astype(np.uint32) + 128) // 257).astype(np.uint8)


def to_16_bit(array: np.ndarray) -> np.ndarray:
    """uint8 as uint16, exactly (v * 257); uint16 as it is."""
    return array if array.dtype == np.uint16 else array.astype(np.uint16) * np.uint16(257)


def profile_space(icc: bytes | None) -> str:
    """What a profile describes: ``RGB``, ``GRAY``, ``CMYK`` and so on; nothing for what is no profile."""
    if not icc or len(icc) < _HEADER_BYTES + 4 or icc[36:40] != b"acsp":
        return ""
    return icc[16:20].decode("latin-1").strip()


def profile_for_rgb(icc: bytes | None) -> bytes | None:
    """The profile to keep for pixels in RGB: an RGB one as it is; a grey one's tone curve in an RGB profile; else None.

    A grey photo is held as three equal channels. With the grey curve on all three of sRGB's primaries, equal
    channels mean exactly the greys that the grey profile meant, so no value has to change.
    """
    space = profile_space(icc)
    if space == "RGB":
        return icc
    if space != "GRAY" or icc is None or icc[20:24] != b"XYZ ":
        return None
    curve = profile_tag(icc, b"kTRC")
    return None if curve is None else _rgb_profile(curve, icc[8:12])


def profile_tag(icc: bytes, name: bytes) -> bytes | None:
    """The bytes of an ICC profile's tag; None where it is not there, empty or out of bounds.

    ``icc`` must have a :func:`profile_space`.
    """
    count = struct.unpack_from(">I", icc, _HEADER_BYTES)[0]
    for at in range(_HEADER_BYTES + 4, min(len(icc) - 11, _HEADER_BYTES + 4 + 12 * count), 12):
        signature, offset, length = struct.unpack_from(">4sII", icc, at)
        if signature == name:
            return icc[offset : offset + length] if offset + length <= len(icc) and length else None
    return None


def _rgb_profile(curve: bytes, version: bytes) -> bytes:
    """An RGB display profile with sRGB's primaries and ``curve`` (a curv or para element) for each channel."""
    text = "Grey photo as RGB"
    elements = {
        b"desc": _text(b"desc", text, version), b"cprt": _text(b"text", "No copyright, use freely", version),
        b"wtpt": _xyz(_D50), **{name: _xyz(value) for name, value in PRIMARIES.items()}, b"rTRC": curve,
    }  # fmt: skip
    places: dict[bytes, tuple[int, int]] = {}
    body = b""
    start = _HEADER_BYTES + 4 + 12 * (len(elements) + 2)
    for name, element in elements.items():
        places[name] = (start + len(body), len(element))
        body += element + bytes(-len(element) % 4)
    places[b"gTRC"] = places[b"bTRC"] = places[b"rTRC"]
    table = b"".join(struct.pack(">4sII", name, *place) for name, place in places.items())
    head = struct.pack(
        ">I4s4s4s4s4s12s4s4s20s3i", start + len(body), b"", version, b"mntr", b"RGB ", b"XYZ ",
        struct.pack(">6H", 2026, 1, 1, 0, 0, 0), b"acsp", b"", b"", *(round(v * 65536) for v in _D50),
    )  # fmt: skip
    return head.ljust(_HEADER_BYTES, b"\0") + struct.pack(">I", len(places)) + table + body


def _xyz(value: tuple[float, float, float]) -> bytes:
    return struct.pack(">4s4x3i", b"XYZ ", *(round(v * 65536) for v in value))


def _text(kind: bytes, text: str, version: bytes) -> bytes:
    """A description or copyright element, in the form that the profile's version asks for."""
    if version[0] >= 4:
        return struct.pack(">4s4xII2s2sII", b"mluc", 1, 12, b"en", b"US", 2 * len(text), 28) + text.encode("utf-16-be")
    if kind == b"text":
        return struct.pack(">4s4x", b"text") + text.encode("ascii") + b"\0"
    return struct.pack(">4s4xI", b"desc", len(text) + 1) + text.encode("ascii") + b"\0" + bytes(4 + 4 + 2 + 1 + 67)
