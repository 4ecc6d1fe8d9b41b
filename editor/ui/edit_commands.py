"""Undo, redo and the clipboard."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtGui import QGuiApplication, QImage

from editor.document import composite
from editor.document.blend import without_hidden
from editor.document.colour import to_8_bit
from editor.document.document import Photo
from editor.document.rgb_profiles import converted
from editor.errors import UserError
from editor.jobs import Progress
from editor.ui.canvas import Canvas
from editor.ui.colour_display import SRGB
from editor.ui.desk import Desk
from editor.ui.file_commands import FileCommands
from editor.ui.layer_commands import LayerCommands
from editor.ui.live_edit import LiveEdit


class EditCommands:
    """The verbs of the Edit menu."""

    def __init__(self, desk: Desk, canvas: Canvas, live: LiveEdit, files: FileCommands, layers: LayerCommands) -> None:
        self._desk, self._canvas, self._live = desk, canvas, live
        self._files, self._layers = files, layers

    def undo(self) -> None:
        """Take back the gesture under way, or else the newest step."""
        self._live.finish()
        if not self._canvas.cancel_gesture():
            self._desk.require().undo()

    def redo(self) -> None:
        """Make the step again that was taken back last."""
        self._live.finish()
        self._canvas.cancel_gesture()
        self._desk.require().redo()

    def copy(self) -> None:
        """Put the cut-out on the clipboard, as a picture with transparency."""
        state = self._desk.require().state

        def work(progress: Progress) -> QImage:
            return as_image(composite.cut_out(state, progress))

        self._desk.run("Copy", work, QGuiApplication.clipboard().setImage, key="copy")

    def paste(self) -> None:
        """Open the clipboard's picture, or put it under the subject of the photo that is open."""
        data = QGuiApplication.clipboard().mimeData()
        paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
        if paths and self._desk.document is None:
            self._files.open_path(paths[0])
        elif paths:
            self._layers.add_picture_from(paths[0])
        elif data.hasImage():
            self._take(QImage(QGuiApplication.clipboard().image()))
        else:
            raise UserError("There is no picture on the clipboard.", "Copy one in another program first.")

    def _take(self, image: QImage) -> None:
        photo = as_photo(image)
        if self._desk.document is None:
            self._files.open_photo(photo, "From the clipboard")
        else:
            self._layers.add_photo(converted(photo, self._desk.document.state.icc), "From the clipboard")


def as_image(photo: Photo) -> QImage:
    """The photo as an eight-bit picture in sRGB for the clipboard; colours where nothing is seen are not in it."""
    photo = converted(photo, None)
    pixels = to_8_bit(photo.pixels)
    height, width = pixels.shape[:2]
    alpha = np.full((height, width), 255, np.uint8) if photo.alpha is None else to_8_bit(photo.alpha)
    rgba = np.dstack([without_hidden(pixels, alpha), alpha])
    return QImage(rgba.data, width, height, 4 * width, QImage.Format.Format_RGBA8888).copy()


def as_photo(image: QImage) -> Photo:
    """A picture from the clipboard as a photo of eight bits in sRGB; alpha only where it has some."""
    if image.colorSpace().isValid():
        image = image.convertedToColorSpace(SRGB)
    image = image.convertToFormat(QImage.Format.Format_RGBA8888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    rgba = rows[:, : 4 * image.width()].reshape(image.height(), image.width(), 4)
    alpha = None if bool((rgba[..., 3] == 255).all()) else rgba[..., 3].copy()
    return Photo(rgba[..., :3].copy(), alpha)
