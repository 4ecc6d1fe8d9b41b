"""``mattelier cutout``: the whole route of a photo without the window, by the same functions as in the window."""

from __future__ import annotations

import argparse
import errno
import itertools
import json
import os
import sys
import time
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from editor.api import (
    Command,
    Document,
    Engine,
    NobodyFoundError,
    Photo,
    Progress,
    Services,
    UserError,
    WriteOptions,
    params_of,
)
from plugins.commands._bar import Bar
from plugins.commands._engine_choice import chosen_engine, passed_over_notes
from plugins.commands._subject_choice import MARK_IT, SubjectChoice, people_notes, subject_choice

MOST_UNKNOWN = 0.75
"""The share of the photo that may be unknown before it is said that more marks would help."""


class CutOut(Command):
    """Computes a matte for a photo with its trimap, and writes the cut-out or a composite."""

    name: ClassVar[str] = "cutout"
    help: ClassVar[str] = "Cut the subject out of a photo: a person found by itself, or what a trimap or a box marks."

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """See the base class."""
        parser.add_argument("photo", type=Path, metavar="PHOTO")
        parser.add_argument(
            "--trimap", type=Path, metavar="T",
            help="white subject, black background, grey unknown; without it a person is looked for",
        )  # fmt: skip
        parser.add_argument(
            "--box", metavar="X,Y,W,H", help="find the subject in this rectangle of the photo, in pixels, instead"
        )
        parser.add_argument(
            "--at", metavar="X,Y", help="of several people, the one at this pixel; without it the largest"
        )
        parser.add_argument(
            "--engine", metavar="NAME",
            help="see `mattelier engines`; without it the default, or one that finds people where nothing is marked",
        )  # fmt: skip
        parser.add_argument(
            "--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the engine; may be repeated"
        )
        parser.add_argument(
            "--reference", action="store_true", help="run a network as its authors did: the whole photo at once"
        )
        parser.add_argument(
            "--background", metavar="FILE|#rrggbb|blur", help="write the composite over this, not the cut-out alone"
        )
        parser.add_argument("--output", type=Path, metavar="OUT", help="default: PHOTO_cutout.png beside the photo")
        parser.add_argument("--matte", type=Path, metavar="OUT", help="write the alpha, too, as a grey picture")
        parser.add_argument("--trimap-out", type=Path, metavar="OUT", help="write the trimap, found or given, too")
        parser.add_argument(
            "--decontaminate", type=float, default=100.0, metavar="0..100",
            help="how far the old background's colour is taken out of soft edges, in percent (default: 100)",
        )  # fmt: skip
        parser.add_argument("--keep-hidden-colour", action="store_true", help="keep colours where nothing is opaque")
        parser.add_argument("--overwrite", action="store_true", help="replace files that are there already")
        parser.add_argument("--json", action="store_true", help="print JSON for other programs")

    def run(self, args: argparse.Namespace, services: Services) -> int:
        """See the base class."""
        from editor.document import composite

        started = time.perf_counter()
        output = args.output or args.photo.with_name(f"{args.photo.stem}_cutout.png")
        choice = subject_choice(args.trimap, args.box, args.at)
        engine = _engine(args, services)
        _check_targets(args, output, services)
        if os.path.isfile(args.photo):  # else it is refused at once, without waiting for torch
            engine.get_ready()
        bar = Bar(sys.stderr)
        document, notes = _opened(args, services)
        background = _background(args.background, services)
        choice.mark(document, bar.part(0.0, 0.2))
        engine, said = _matte(document, engine, choice, args, services, bar.part(0.2 if choice.box else 0.0, 0.9))
        notes += said
        picture = _picture(document, background, services, notes, bar.part(0.9, 1.0))
        options = WriteOptions(keep_hidden_colour=args.keep_hidden_colour)

        def write(path: Path, photo: Photo) -> None:
            notes.extend(services.write_photo(path, photo, services.formats, options, overwrite=args.overwrite))

        write(output, picture)
        if args.matte:
            write(args.matte, composite.matte_picture(document.state))
        if args.trimap_out:
            write(args.trimap_out, _trimap_picture(document))
        bar.clear()
        facts = {
            "engine": engine.name,
            "device": engine.device(),
            "licence": engine.licence,
            "seconds": round(time.perf_counter() - started, 3),
            "size": [document.state.width, document.state.height],
            "found": choice.nothing_marked,
            "files": [str(path) for path in (output, args.matte, args.trimap_out) if path],
            "notes": notes,
        }
        print(json.dumps(facts, indent=2) if args.json else _sentence(engine, facts))
        return 0


def _engine(args: argparse.Namespace, services: Services) -> Engine:
    """The engine that was asked for; where nothing is marked and none was named, the best that needs no marks."""
    name, marked = args.engine, args.trimap is not None or args.box is not None
    if name is None and not marked:
        finder = services.portrait_engine()
        if finder is None:
            raise _nobody_finds(services)
        name = finder.name
    engine = chosen_engine(name, args.set, services)
    if args.reference:
        _turn_reference_on(engine)
    if not marked and not engine.finds_trimap:
        raise UserError(f"The engine {engine.name} needs a trimap.", _needs_marks(services))
    return engine


def _nobody_finds(services: Services) -> UserError:
    """Why no engine here finds people: one reason that all of them share (no PyTorch), else the lack of weights."""
    reasons = {kind.missing() for kind in services.engines.values() if kind.finds_trimap}
    if len(reasons) == 1:
        message, _, way_out = reasons.pop().partition(". ")
        return UserError(f"No engine here finds people by itself. {message}.", f"{way_out} Or: {MARK_IT}.")
    message = "No engine here finds people by itself: none that does has its weights."
    return UserError(message, f"{MARK_IT}, or import weights: `mattelier models list`.")


def _needs_marks(services: Services) -> str:
    finders = sorted(kind.name for kind in services.engines.values() if kind.finds_trimap and not kind.missing())
    others = f"name an engine that finds its own: {', '.join(finders)}" if finders else "no engine here finds its own"
    return f"{MARK_IT}; {others}."


def _turn_reference_on(engine: Engine) -> None:
    """``--reference`` is the setting of that name; ``UserError`` for an engine without it."""
    if "reference" not in params_of(engine):
        hint = "Leave --reference away, or name a network that goes by a trimap."
        raise UserError(f"The engine {engine.name} has no way of its authors' own to be run.", hint)
    engine.reference = True  # type: ignore[attr-defined]


def _check_targets(args: argparse.Namespace, output: Path, services: Services) -> None:
    """Refuse now what would only fail after a minute of work."""
    if not 0 <= args.decontaminate <= 100:
        raise UserError(f"--decontaminate is {args.decontaminate:g}.", "It must lie between 0 and 100.")
    what = {"Cut-out": output, "matte": args.matte, "trimap": args.trimap_out}
    given = {word: path for word, path in what.items() if path is not None}
    for (one, path), (other, second) in itertools.combinations(given.items(), 2):
        if path.resolve() == second.resolve():
            raise UserError(f"{one.capitalize()} and {other} cannot both be {path.name}.", "Give them different names.")
    sources = {"photo": args.photo, "trimap": args.trimap, "background": args.background}
    for word, path in given.items():
        for source, read in sources.items():
            if read is not None and path.resolve() == Path(read).resolve():
                message = f"The {word.lower()} would be written over the {source} {path.name}."
                raise UserError(message, "Give it another name: what is read is never replaced.")
        _check_place(path, args.overwrite)
        _check_format(path, path is output and args.background is None, services)


def _check_place(path: Path, overwrite: bool) -> None:
    """Refuse a name that is taken or that the system does not take, and a folder that is not there or is locked."""
    from editor.document.part_file import explained

    folder = path.absolute().parent
    if os.path.exists(path) and not overwrite:  # Path.exists raises for names that are too long
        raise UserError(f"{path} exists already.", "Name another file, or add --overwrite.")
    if not os.path.isdir(folder):
        raise UserError(f"There is no folder {folder}.", "Make it first, or name another.")
    try:
        os.lstat(path)
    except FileNotFoundError:
        pass  # free, then
    except OSError as error:
        raise explained(error, path) from error
    if not os.access(folder, os.W_OK):
        raise explained(PermissionError(errno.EACCES, "may not be written"), path)


def _check_format(path: Path, needs_alpha: bool, services: Services) -> None:
    for kind in services.formats.values():
        if path.suffix.lower() in kind.suffixes:
            if needs_alpha and not kind.writes_alpha:
                raise UserError(f"{kind.title} cannot hold a cut-out.", "Name a PNG, or give a --background.")
            return
    suffixes = sorted(kind.suffixes[0] for kind in services.formats.values())
    raise UserError(f"{path.name} has no known suffix.", f"Choose one of {', '.join(suffixes)}.")


def _opened(args: argparse.Namespace, services: Services) -> tuple[Document, list[str]]:
    """The photo as a document with its trimap, if there is one, and what had to be interpreted."""
    photo = services.read_photo(args.photo, services.formats)
    document = Document.from_photo(photo)
    notes = [] if args.trimap is None else _marked(document, args.trimap, services)
    if photo.alpha is not None:
        notes.append(f"{args.photo.name} is transparent in places already; the new matte takes that one's place.")
    return document, notes


def _marked(document: Document, path: Path, services: Services) -> list[str]:
    """Take the trimap in a file for the document's marks; what had to be interpreted in it."""
    from editor.document.trimap import from_array

    size = (document.state.width, document.state.height)
    trimap, notes = services.read_trimap(path, size, services.formats)
    _check_marks(path, trimap)
    with document.edit("Trimap"):
        document.set_trimap(from_array(trimap))
    return [*notes, *_notes_on_marks(path, trimap)]


def _check_marks(path: Path, trimap: np.ndarray) -> None:
    """Refuse a trimap that leaves nothing to go by, in words for someone who has a file and no brush."""
    legend = "White is subject, black is background, grey is what is to be computed."
    by_hand = "A hard mask says nothing of its edge: paint grey along it, and alpha is computed there."
    for value, what, colour in ((255, "foreground", "white"), (0, "background", "black"), (128, "unknown", "grey")):
        if not (trimap == value).any():
            hint = by_hand if value == 128 else legend
            raise UserError(f"{path.name} has no {what}: nothing in it is {colour}.", hint)


def _notes_on_marks(path: Path, trimap: np.ndarray) -> list[str]:
    """A sentence where so little is marked that every engine guesses at most of the photo."""
    share = float((trimap == 128).mean())
    if share < MOST_UNKNOWN:
        return []
    return [f"{path.name} leaves {100 * share:.0f} % of the photo unknown: the more is marked, the better the matte."]


def _matte(
    document: Document, engine: Engine, choice: SubjectChoice, args: argparse.Namespace, services: Services,
    progress: Progress,
) -> tuple[Engine, list[str]]:  # fmt: skip
    """Compute the matte and take it over, as the window does; by which engine, and what is to be said of it.

    Another engine than the one given where none was named and only the run showed that this one cannot run here.
    """
    from editor.document import matte

    try:
        result = matte.run_matting(document.state, engine, progress, choice.at)
    except NobodyFoundError as error:
        raise UserError(error.message, f"{MARK_IT}.") from error
    except UserError:
        if args.engine is not None or choice.nothing_marked or not engine.missing():
            raise
        engine = _engine(args, services)
        result = matte.run_matting(document.state, engine, progress, choice.at)
    with document.edit(f"Matte ({engine.title})"):
        matte.take_over(document, result)
        document.change_layer(document.state.subject, decontaminate=args.decontaminate / 100)
    passed_over = passed_over_notes(engine, services) if args.engine is None and not choice.nothing_marked else []
    return engine, [*people_notes(result), *passed_over]


def _trimap_picture(document: Document) -> Photo:
    """The trimap as it is after the run, as a grey picture."""
    from editor.document.trimap import for_engine

    return Photo(np.repeat(for_engine(document.state.trimap)[..., None], 3, axis=2), grey=True)


def _background(text: str | None, services: Services) -> Any:
    """What goes under the subject, as ``backdrop.new_background`` takes it; None for nothing."""
    from editor.document.backdrop import Blur
    from editor.document.layer import SolidColour

    if text is None:
        return None
    if text == "blur":
        return Blur()
    return SolidColour(_colour(text)) if text.startswith("#") else services.read_photo(Path(text), services.formats)


def _picture(document: Document, background: Any, services: Services, notes: list[str], progress: Progress) -> Photo:
    """The cut-out, or the composite over the background that was asked for."""
    from editor.document import backdrop, composite

    if background is None:
        return composite.cut_out(document.state, progress)
    remark = backdrop.new_background(document, background)
    if remark:
        notes.append(remark)
    return composite.flatten(document.state, services.effects, progress)


def _colour(text: str) -> tuple[float, float, float]:
    """Red, green and blue in [0, 1] from #rrggbb."""
    digits = text[1:]
    if len(digits) != 6 or any(digit not in "0123456789abcdefABCDEF" for digit in digits):
        raise UserError(f"{text} is no colour.", "Write it like #ffffff, in quotes where your shell needs them.")
    red, green, blue = (int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4))
    return red, green, blue


def _sentence(engine: Engine, facts: dict[str, Any]) -> str:
    width, height = facts["size"]
    how = ", which chose the subject by itself," if facts["found"] else ""
    lines = [f"{engine.title}{how} on {facts['device']}: {width} x {height} pixels in {facts['seconds']:.1f} s"]
    if engine.licence != "MIT" or facts["found"]:
        lines.append(f"Licence of what it was made with: {engine.licence}")
    return "\n".join([*lines, *facts["files"], *facts["notes"]])


PLUGINS = [CutOut]
