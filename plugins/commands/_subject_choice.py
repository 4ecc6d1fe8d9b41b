"""Which subject of a photo is meant, as it was typed: a trimap, a box that it stands in, or a person to be found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from editor.api import Document, Progress, Rect, UserError

if TYPE_CHECKING:
    from editor.document.matte import MatteResult

MARK_IT = "Mark the subject with --trimap FILE, or say where it is with --box X,Y,W,H"
_FIT_THE_BOX = "Draw the box round all of the subject, with background left outside, or name a --trimap."
BAND = 50.0
"""The width of the unknown band round what a box holds, as the window begins with."""


@dataclass(frozen=True)
class SubjectChoice:
    """``box``: the rectangle in which the subject is; ``at``: a pixel (x, y) of the person who is meant."""

    box: Rect | None = None
    at: tuple[float, float] | None = None
    nothing_marked: bool = True

    def mark(self, document: Document, progress: Progress) -> None:
        """Find the subject in the box and mark it, with an unknown band along its edge; without a box, nothing.

        ``UserError`` where the box or the pixel lies beside the photo.
        """
        if self.at is not None:
            self._check_pixel(document.state.width, document.state.height)
        if self.box is None:
            return
        from editor.document import matte, rough, trimap
        from editor.document.colour import to_8_bit
        from editor.document.selection import Selection

        content = matte.photo_of(document.state)
        inside = self.box.intersect(content.size_rect)
        if inside.empty:
            size = f"{content.width} x {content.height}"
            raise UserError("The box lies beside the photo.", f"The photo has {size} pixels; --box is X,Y,W,H.")
        image = to_8_bit(content.to_array())
        outline = Selection.of_rect(inside)
        try:
            mask = rough.subject_mask(image, outline, lambda part, text: progress(0.8 * part, text))
        except UserError as error:  # its hint is for someone who has a brush
            raise UserError(error.message.replace("outline", "box"), _FIT_THE_BOX) from error
        progress(0.8, "fitting the unknown band")
        marks = rough.EdgeBand(image, mask).trimap(BAND)
        if not (marks == 255).any():
            raise UserError("What was found in the box is too small.", _FIT_THE_BOX)
        with document.edit("Find subject"):
            document.set_trimap(trimap.from_array(marks))

    def _check_pixel(self, width: int, height: int) -> None:
        assert self.at is not None
        if not (0 <= self.at[0] < width and 0 <= self.at[1] < height):
            place = f"{self.at[0]:g}, {self.at[1]:g}"
            hint = f"The photo has {width} x {height} pixels, counted from 0 at its top left corner."
            raise UserError(f"The pixel {place} lies beside the photo.", hint)


def subject_choice(trimap: Path | None, box: str | None, at: str | None) -> SubjectChoice:
    """What ``--trimap``, ``--box`` and ``--at`` say together; ``UserError`` where they contradict each other."""
    given = [name for name, value in (("--trimap", trimap), ("--box", box), ("--at", at)) if value is not None]
    if len(given) > 1:
        hint = "Each of them says which subject is meant: leave one away."
        raise UserError(f"{given[0]} and {given[1]} cannot go together.", hint)
    place = None if at is None else _numbers("--at", at, ("x", "y"))
    rect = None if box is None else Rect(*(round(side) for side in _numbers("--box", box, ("x", "y", "w", "h"))))
    if rect is not None and rect.empty:
        raise UserError(f"The box {box} has no area.", "Write --box X,Y,W,H with a width and a height.")
    point = None if place is None else (place[0], place[1])
    return SubjectChoice(rect, point, trimap is None and box is None)


def people_notes(result: MatteResult) -> list[str]:
    """What is to be said where more than one person was found."""
    if result.found is None or result.found.people.count < 2:
        return []
    which = "the largest" if result.person == 1 else f"number {result.person} by size"
    return [f"{result.found.people.count} people were found; this is {which}. Another: --at X,Y, a pixel of them."]


def _numbers(option: str, text: str, parts: Sequence[str]) -> list[float]:
    """As many numbers as ``parts`` names; ``UserError`` for anything else."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != len(parts) or not all(abs(number) < 1e9 for number in numbers):  # NaN fails too
        raise UserError(f"{option} {text} is no {','.join(parts)}.", f"Write {option} like {_EXAMPLES[option]}.")
    return numbers


_EXAMPLES = {"--at": "1200,800", "--box": "400,300,1600,2200"}
