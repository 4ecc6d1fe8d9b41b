"""PNG: every depth, grey, palette, transparency; 8 and 16 bits written, straight alpha, profile, EXIF and XMP kept."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from editor.api import FileFormat, Photo, WriteOptions
from editor.document.codec import png_chunks
from editor.document.codec.picture import photo_from


class Png(FileFormat):
    """The default for cut-outs: lossless, straight alpha, 16 bits."""

    name: ClassVar[str] = "png"
    title: ClassVar[str] = "PNG"
    suffixes: ClassVar[tuple[str, ...]] = (".png",)
    writes_grey: ClassVar[bool] = True

    def matches(self, head: bytes) -> bool:
        """See the base class."""
        return head.startswith(png_chunks.SIGNATURE)

    def read_size(self, path: Path) -> tuple[int, int]:
        """See the base class."""
        with path.open("rb") as file:
            return png_chunks.size_of(file.read(24))

    def read(self, path: Path) -> Photo:
        """See the base class."""
        return photo_from(*png_chunks.read(path.read_bytes()), kind=self.name)

    def write(self, path: Path, photo: Photo, options: WriteOptions) -> None:
        """See the base class."""
        metadata = png_chunks.Metadata(photo.icc, photo.exif, photo.xmp)
        path.write_bytes(png_chunks.write(photo.pixels, photo.alpha, metadata))


PLUGINS = [Png]
