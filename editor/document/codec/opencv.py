"""Pixels to and from compressed bytes, by OpenCV, in RGB order and with straight alpha.

Only bytes pass: OpenCV opens no file itself, since it cannot open a path outside the system's code page on Windows.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from editor.errors import UserError

_SIDE_LIMIT_PX = 1 << 20  # OpenCV's own limit; beyond it, it throws


def decode(data: bytes | memoryview, flags: int = cv2.IMREAD_UNCHANGED) -> np.ndarray:
    """The picture in ``data`` as (H, W), (H, W, 3) RGB or (H, W, 4) RGBA, uint8 or uint16; orientation not applied.

    ``UserError`` where OpenCV cannot make sense of it.
    """
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        array = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        raise UserError("The picture's pixels cannot be decoded.", "The file is damaged: take another copy.") from error
    if array is None or array.size == 0:
        raise UserError("The picture's pixels cannot be decoded.", "The file is damaged: take another copy.")
    if array.dtype.name not in ("uint8", "uint16"):
        raise UserError("The picture does not hold 8 or 16 bits a colour.", "Convert it to 16 bits first.")
    in_rgb_order = flags >= 0 and bool(flags & cv2.IMREAD_COLOR_RGB)  # "unchanged" is -1, which has every bit set
    if array.ndim == 3 and array.shape[2] == 3 and not in_rgb_order:
        cv2.cvtColor(array, cv2.COLOR_BGR2RGB, array)
    elif array.ndim == 3 and array.shape[2] == 4:
        cv2.cvtColor(array, cv2.COLOR_BGRA2RGBA, array)
    return array


def split(array: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Colours (H, W, 3) and alpha (H, W) of what :func:`decode` returns; grey becomes three equal channels.

    An alpha that is opaque everywhere is no alpha: None.
    """
    if array.ndim == 2:
        return cv2.cvtColor(array, cv2.COLOR_GRAY2RGB), None
    if array.shape[2] == 3:
        return array, None
    return cv2.cvtColor(array, cv2.COLOR_RGBA2RGB), unless_opaque(array[..., 3])


def unless_opaque(alpha: np.ndarray) -> np.ndarray | None:
    """A copy of ``alpha`` (H, W), or None where it is opaque everywhere."""
    return None if bool((alpha == np.iinfo(alpha.dtype).max).all()) else np.ascontiguousarray(alpha)


def join(pixels: np.ndarray, alpha: np.ndarray | None) -> np.ndarray:
    """(H, W, 3) and (H, W) or None as one array in OpenCV's order of channels."""
    if pixels.ndim == 2:
        return pixels
    if alpha is None:
        return cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    joined = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGRA)
    joined[..., 3] = alpha
    return joined


def encode(suffix: str, pixels: np.ndarray, alpha: np.ndarray | None, settings: Sequence[int]) -> bytes:
    """Compress (H, W) grey or (H, W, 3) RGB pixels with their straight alpha; ``settings`` are OpenCV's pairs.

    ``UserError`` where OpenCV refuses, a picture too large for the format say.
    """
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    if max(pixels.shape[:2]) >= _SIDE_LIMIT_PX:
        raise UserError(f"A side of more than {_SIDE_LIMIT_PX} pixels cannot be written.", "Make the picture smaller.")
    try:
        done, data = cv2.imencode(suffix, join(pixels, alpha), list(settings))
    except cv2.error as error:
        raise UserError(f"The picture cannot be written as {suffix}.", "Choose another format.") from error
    if not done:
        raise UserError(f"The picture cannot be written as {suffix}.", "Choose another format.")
    return data.tobytes()
