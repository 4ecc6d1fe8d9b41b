"""Our own line icons, drawn from resources/icons in the colours of the theme, sharp at every scale."""

from __future__ import annotations

import math
from functools import lru_cache

from PySide6.QtCore import QByteArray, QObject, QRectF, QSize, Qt
from PySide6.QtGui import QAction, QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QLabel, QMenu, QWidget

from editor.paths import resource
from editor.ui import theme

ICON_PX = 19


@lru_cache(maxsize=128)
def _source(name: str) -> bytes:
    return resource(f"icons/{name}.svg").read_bytes()


def exists(name: str) -> bool:
    """True where resources/icons has a drawing of that name."""
    return resource(f"icons/{name}.svg").is_file()


@lru_cache(maxsize=512)
def pixmap(name: str, colour: str, size_px: int = ICON_PX, scale: float = 1.0) -> QPixmap:
    """The drawing ``name`` in ``colour``, ``size_px`` on the screen, with ``scale`` device pixels to each."""
    drawn = QPixmap(round(size_px * scale), round(size_px * scale))
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    source = _source(name).replace(b"currentColor", colour.encode("ascii"))
    QSvgRenderer(QByteArray(source)).render(painter, QRectF(0, 0, drawn.width(), drawn.height()))
    painter.end()
    drawn.setDevicePixelRatio(scale)
    return drawn


def icon(name: str, size_px: int = ICON_PX, selected: bool = False) -> QIcon:
    """The drawing in the colours of the theme worn now: plain, switched on, greyed out.

    ``selected`` is for what lies on the ground of a selection.
    """
    look = theme.current()
    made = QIcon()
    plain = look.selected_text if selected else look.text
    scale = float(math.ceil(_screen_scale()))
    made.addPixmap(pixmap(name, plain, size_px, scale), QIcon.Mode.Normal, QIcon.State.Off)
    made.addPixmap(pixmap(name, look.disabled, size_px, scale), QIcon.Mode.Disabled, QIcon.State.Off)
    if look.selected_text != look.text:
        made.addPixmap(pixmap(name, look.selected_text, size_px, scale), QIcon.Mode.Normal, QIcon.State.On)
    return made


def put(target: QAbstractButton | QAction, name: str, size_px: int = ICON_PX, selected: bool = False) -> None:
    """Give a button or action the drawing ``name``; :func:`retint` finds it again when the theme changes."""
    target.setProperty("drawing", name)
    target.setProperty("drawing_px", size_px)
    target.setProperty("drawing_selected", selected)
    target.setIcon(icon(name, size_px, selected))
    if isinstance(target, QAbstractButton):
        target.setIconSize(QSize(size_px, size_px))


def put_sign(target: QLabel, name: str, size_px: int) -> None:
    """Give a label the drawing ``name``, in the colour of text; :func:`retint` finds it again, too."""
    target.setProperty("drawing", name)
    target.setProperty("drawing_px", size_px)
    target.setPixmap(pixmap(name, theme.current().text, size_px, float(math.ceil(_screen_scale()))))


def plan(target: QAction, name: str, size_px: int = ICON_PX) -> None:
    """Say which drawing an action will have; :func:`draw_planned` draws it when its menu is about to be seen."""
    target.setProperty("drawing", name)
    target.setProperty("drawing_px", size_px)


def draw_planned(menu: QMenu) -> None:
    """Draw the icons of a menu that have not been drawn yet: all of them at the start would hold up the window."""
    for action in menu.actions():
        name = action.property("drawing")
        if name and action.icon().isNull():
            put(action, str(name), int(action.property("drawing_px")))  # type: ignore[arg-type]


def retint(window: QWidget) -> None:
    """Draw every icon in ``window`` again, in the colours of the theme worn now."""
    for label in window.findChildren(QLabel):
        if label.property("drawing"):
            put_sign(label, str(label.property("drawing")), int(label.property("drawing_px")))
    targets: list[QObject] = [*window.findChildren(QAbstractButton), *window.findChildren(QAction)]
    for target in targets:
        name = target.property("drawing")
        if name:
            put(target, str(name), int(target.property("drawing_px")), bool(target.property("drawing_selected")))  # type: ignore[arg-type]


def _screen_scale() -> float:
    """Device pixels to a point on the sharpest screen."""
    app = QGuiApplication.instance()
    return app.devicePixelRatio() if isinstance(app, QGuiApplication) else 1.0


def app_icon() -> QIcon:
    """The program's own icon, in colour."""
    made = QIcon()
    for size_px in (16, 32, 64, 128, 256):
        made.addPixmap(pixmap("app", "#000000", size_px))
    return made
