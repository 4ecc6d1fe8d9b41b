"""The ways to look at a document, in the order in which F goes through them."""

from __future__ import annotations

from dataclasses import dataclass

from editor.document.document import DocumentState
from editor.document.geometry import Placement


@dataclass(frozen=True)
class Look:
    """How one half of a view is drawn: the composite's name for its pixels, what lies under them, the trimap's tint.

    ``backdrop`` is ``checker``, ``black``, ``white`` or empty where the pixels are opaque. ``managed`` is False for
    pixels that are amounts, not colours.
    """

    pixels: str
    backdrop: str = ""
    tinted: bool = False
    managed: bool = True


@dataclass(frozen=True)
class View:
    """A view: its name in the composite, its title, and one look, or two on either side of the wipe's line."""

    name: str
    title: str
    looks: tuple[Look, ...]

    @property
    def in_canvas_space(self) -> bool:
        """True where the picture is the composite on its canvas; all others show the photo's own pixels."""
        return self.name == "background"

    @property
    def wipes(self) -> bool:
        """True where a line parts before from after."""
        return len(self.looks) == 2


_PHOTO = Look("photo", tinted=True)
_CHECKER = Look("checker", "checker")

VIEWS: dict[str, View] = {
    view.name: view
    for view in (
        View("photo", "Trimap", (_PHOTO,)),
        View("checker", "Checker", (_CHECKER,)),
        View("black", "Black", (Look("black", "black"),)),
        View("white", "White", (Look("white", "white"),)),
        View("background", "Background", (Look("background", "checker"),)),
        View("alpha", "Alpha", (Look("alpha", managed=False),)),
        View("wipe", "Before | after", (_PHOTO, _CHECKER)),
    )
}


def next_view(name: str, back: bool = False) -> str:
    """The view after ``name``, or before it."""
    names = list(VIEWS)
    return names[(names.index(name) + (-1 if back else 1)) % len(names)]


def picture_size(state: DocumentState, view: View) -> tuple[int, int]:
    """Width and height, in pixels, of what a view shows."""
    if view.in_canvas_space:
        return state.width, state.height
    return state.trimap.width, state.trimap.height


def placement_of(state: DocumentState, view: View, space: str) -> Placement:
    """How points of a tool's ``space`` (``photo`` or ``canvas``) lie in the view's picture."""
    if view.in_canvas_space == (space == "canvas"):
        return Placement()
    placed = state.subject_layer.placement
    if view.in_canvas_space:
        return placed
    return Placement(-placed.x / placed.scale, -placed.y / placed.scale, 1 / placed.scale)
