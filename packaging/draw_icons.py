"""Makes the icons that Windows, macOS and Linux want of one SVG: draw_icons.py APP.svg FOLDER.

Both containers hold PNGs: ICO since Windows Vista, ICNS since macOS 10.7. They are written by hand, since a header and
a table are all there is to them.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QSize
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

ICO_SIZES = (16, 24, 32, 48, 64, 128, 256)
ICNS_TYPES = {b"ic11": 32, b"ic12": 64, b"ic07": 128, b"ic08": 256, b"ic09": 512, b"ic10": 1024}
LINUX_SIZE = 512


def main(svg: Path, folder: Path) -> int:
    """Write mattelier.ico, mattelier.icns and mattelier.png into the folder."""
    app = QGuiApplication.instance() or QGuiApplication([])
    folder.mkdir(parents=True, exist_ok=True)
    sizes = {*ICO_SIZES, *ICNS_TYPES.values(), LINUX_SIZE}
    drawn = {size: png_of(svg, size) for size in sizes}
    (folder / "mattelier.ico").write_bytes(ico([(size, drawn[size]) for size in ICO_SIZES]))
    (folder / "mattelier.icns").write_bytes(icns([(kind, drawn[size]) for kind, size in ICNS_TYPES.items()]))
    (folder / "mattelier.png").write_bytes(drawn[LINUX_SIZE])
    app.quit()
    return 0


def png_of(svg: Path, size: int) -> bytes:
    """The drawing as a square PNG of that many pixels."""
    renderer = QSvgRenderer(str(svg))
    if not renderer.isValid():
        sys.exit(f"{svg} cannot be drawn")
    image = QImage(QSize(size, size), QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(buffer.data().data())


def ico(pictures: list[tuple[int, bytes]]) -> bytes:
    """A Windows icon of PNGs by size; 256 is written as 0, since the field is one byte."""
    offset = 6 + 16 * len(pictures)
    table, body = b"", b""
    for size, png in pictures:
        side = size % 256
        table += struct.pack("<BBBBHHII", side, side, 0, 0, 1, 32, len(png), offset + len(body))
        body += png
    return struct.pack("<HHH", 0, 1, len(pictures)) + table + body


def icns(pictures: list[tuple[bytes, bytes]]) -> bytes:
    """A macOS icon of PNGs by type code."""
    body = b"".join(kind + struct.pack(">I", 8 + len(png)) + png for kind, png in pictures)
    return b"icns" + struct.pack(">I", 8 + len(body)) + body


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
