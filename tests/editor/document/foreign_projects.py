"""OpenRaster projects as other programs write them, for tests."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image


def ora(folder: Path, xml: str, members: dict[str, bytes]) -> Path:
    """``foreign.ora`` in the folder: a stack and what it names."""
    with zipfile.ZipFile(folder / "foreign.ora", "w") as archive:
        archive.writestr("mimetype", b"image/openraster")
        archive.writestr("stack.xml", xml)
        for name, content in members.items():
            archive.writestr(name, content)
    return folder / "foreign.ora"


def png(array: np.ndarray) -> bytes:
    """The picture as a PNG file."""
    file = BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()
