"""``mattelier demo``: writes the demo photo with its trimap and its true alpha."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import ClassVar

import numpy as np

from editor.api import Command, Photo, Services, UserError


class WriteDemo(Command):
    """A photo to try everything on, of which the right answer is known."""

    name: ClassVar[str] = "demo"
    help: ClassVar[str] = "Write a photo to try things on: demo.png, demo_trimap.png and the true demo_alpha.png."

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """See the base class."""
        parser.add_argument("--output", type=Path, default=Path(), metavar="FOLDER", help="where to (default: here)")
        parser.add_argument("--size", default="1600x1200", metavar="WxH", help="in pixels (default: %(default)s)")
        parser.add_argument("--overwrite", action="store_true", help="replace files of the same names")
        parser.add_argument("--json", action="store_true", help="print JSON for other programs")

    def run(self, args: argparse.Namespace, services: Services) -> int:
        """See the base class."""
        width, height = _size(args.size)
        demo = services.draw_demo(width, height)
        _make_folder(args.output)
        grey = np.rint(demo.alpha * 65535).astype(np.uint16)
        pictures = {"photo": ("demo.png", demo.photo), "trimap": ("demo_trimap.png", _grey(demo.trimap))}
        pictures["alpha"] = ("demo_alpha.png", _grey(grey))
        files = {}
        for part, (name, photo) in pictures.items():
            services.write_photo(args.output / name, photo, services.formats, overwrite=args.overwrite)
            files[part] = str(args.output / name)
        if args.json:
            print(json.dumps({"size": [width, height], **files}, indent=2))
        else:
            print(*files.values(), sep="\n")
        return 0


def _size(text: str) -> tuple[int, int]:
    """Width and height from ``1600x1200``; ``UserError`` for anything else, and for sizes that make no sense."""
    sides = text.lower().split("x")
    if len(sides) != 2 or not all(side.isdecimal() for side in sides):
        raise UserError(f"{text} is not a size.", "Write width and height like 1600x1200.")
    width, height = int(sides[0]), int(sides[1])
    if min(width, height) < 32 or max(width, height) > 12000:
        raise UserError(f"The demo cannot be {text} pixels.", "Both sides must lie between 32 and 12000.")
    return width, height


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"The folder {folder} cannot be made.", f"{error.strerror}.") from error


def _grey(plane: np.ndarray) -> Photo:
    return Photo(np.repeat(plane[..., None], 3, axis=2))


PLUGINS = [WriteDemo]
