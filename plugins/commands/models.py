"""``mattelier models``: the networks of the papers, their figures, and the weights that are here."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar

from editor.api import Command, FoundWeights, ModelRow, ModelShelf, Services, UserError
from plugins.commands._bar import Bar

_FAMILIES = {
    "indexnet": "IndexNet matting (thesis, chapter 3)",
    "a2u": "A2U matting (chapter 4)",
    "rmat": "RMat (chapter 5)",
    "pspm": "PSPM, portraits without a trimap (chapter 6)",
    "fusion": "Our own: classical mattes, weighed (semi-deep, section 2.1.2)",
}
_INPUTS = {3: ("RGB", "RGB"), 4: ("RGB+T", "RGB and trimap")}
_MATTES = ("RGB+TM", "RGB, trimap and classical mattes")
_WIDTH = 120
_LINE = "{:<25} {:<27} {:>11} {:>9} {:>7} {:>6} {:>6}  {:<5} {:>2}  {}"


class Models(Command):
    """Lists the networks, and imports, shows and removes weights."""

    name: ClassVar[str] = "models"
    help: ClassVar[str] = "List the networks; import, show and remove their weights."

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """See the base class."""
        actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
        listing = actions.add_parser("list", help="every network with its figures beside its paper's")
        listing.add_argument("--family", choices=sorted(_FAMILIES), help="only this family")
        listing.add_argument("--json", action="store_true", help="print JSON for other programs")
        listing.set_defaults(act=_list)
        showing = actions.add_parser("show", help="everything about one network and its weights")
        showing.add_argument("network", metavar="NAME")
        showing.add_argument("--json", action="store_true", help="print JSON for other programs")
        showing.set_defaults(act=_show)
        importing = actions.add_parser("import", help="take over weights from a checkpoint or a safetensors file")
        importing.add_argument("file", type=Path, metavar="FILE")
        importing.add_argument("--network", metavar="NAME", help="which network, where the file fits several")
        importing.add_argument("--yes", action="store_true", help="agree to the licence, replace earlier weights")
        importing.set_defaults(act=_import)
        removing = actions.add_parser("remove", help="delete the imported weights of a network")
        removing.add_argument("network", metavar="NAME")
        removing.set_defaults(act=_remove)

    def run(self, args: argparse.Namespace, services: Services) -> int:
        """See the base class."""
        if not services.shelves:
            raise UserError("There is no shelf of networks.", "`mattelier engines` says which plugins failed.")
        shelf = next(iter(services.shelves.values()))()
        bar = Bar(sys.stderr)
        try:
            act: Callable[[argparse.Namespace, ModelShelf, Bar], int] = args.act
            return act(args, shelf, bar)
        finally:
            bar.clear()


def _list(args: argparse.Namespace, shelf: ModelShelf, bar: Bar) -> int:
    rows = [row for row in _counted(shelf, bar) if args.family in (None, row.family)]
    print(json.dumps([_facts(row) for row in rows], indent=2) if args.json else _table(rows))
    return 0


def _show(args: argparse.Namespace, shelf: ModelShelf, bar: Bar) -> int:
    _named(args.network, shelf.rows())  # a wrong name is said at once
    row = _named(args.network, _counted(shelf, bar, args.network))
    print(json.dumps(_facts(row), indent=2) if args.json else _description(row))
    return 0


def _import(args: argparse.Namespace, shelf: ModelShelf, bar: Bar) -> int:
    found = shelf.examine(args.file, args.network, bar.part(0.0, 0.3))
    bar.clear()
    if not _agreed(found, args.yes):
        print("Nothing was changed.")
        return 1
    row = shelf.add(found, bar.part(0.3, 1.0))
    bar.clear()
    print(f"{row.name} has its weights now: {row.file}")
    return 0


def _remove(args: argparse.Namespace, shelf: ModelShelf, bar: Bar) -> int:
    shelf.remove(args.network)
    print(f"The imported weights of {args.network} are deleted.")
    return 0


def _counted(shelf: ModelShelf, bar: Bar, name: str | None = None) -> tuple[ModelRow, ...]:
    """All rows with their figures, or with those of ``name``: half a second for each at the first call, later none."""
    shelf.count(bar.part(0.0, 1.0), name)
    bar.clear()
    return shelf.rows()


def _named(name: str, rows: tuple[ModelRow, ...]) -> ModelRow:
    for row in rows:
        if row.name == name:
            return row
    raise UserError(f"There is no network {name}.", "`mattelier models list` names them all.")


def _agreed(found: FoundWeights, yes: bool) -> bool:
    """Show what is about to be taken over, and ask where a licence or earlier weights are concerned."""
    size = f"{found.parameters:,} parameters, {found.size_bytes / 1e6:.1f} MB"
    print(f"{found.title} ({found.name}): {found.layout}, {size}")
    print(f"Licence of these weights: {found.licence}")
    concerns: list[str] = []
    if found.research_only:
        concerns.append("They may not be used commercially, nor may what is made with them.")
    if found.replaces:
        concerns.append(f"They take the place of the weights that {found.name} has now.")
    for concern in concerns:
        print(concern)
    if yes or not concerns:
        return True
    if not sys.stdin.isatty():
        raise UserError("Nobody is here to agree to that; nothing was changed.", "Add --yes if you agree.")
    print("Do you agree? [y/N] ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _facts(row: ModelRow) -> dict[str, Any]:
    """One network as JSON: every field of the row, the file as text."""
    return asdict(row) | {"file": str(row.file) if row.file else None}


def _table(rows: list[ModelRow]) -> str:
    """All rows by family, at most 120 columns wide; a note stands under its row."""
    head = _LINE.format(
        "name", "table, row", "parameters", "paper", "GFLOPs", "paper", "GMACs", "input", "/", "weights"
    )  # fmt: skip
    lines: list[str] = []
    for family, members in groupby(rows, key=lambda row: row.family):
        of_family = list(members)
        marks = _shared_notes(of_family)
        lines += ["", _FAMILIES.get(family, family), head]
        for row in of_family:
            lines += _lines(row, marks.get(row.note, ""))
        lines += [textwrap.fill(f"{mark} {note}", _WIDTH) for note, mark in marks.items()]
    legend = (
        "GFLOPs: multiply-accumulates / 2^30 at 224 x 224, counted as the paper counts, beside the figures it prints "
        "(where a table prints what a row adds, with its baseline's); GMACs: true ones / 10^9; input: RGB, T the "
        "trimap, M mattes; /: sides are multiples of this."
    )
    return "\n".join([*lines, "", textwrap.fill(legend, _WIDTH)]).lstrip("\n")


def _shared_notes(rows: list[ModelRow]) -> dict[str, str]:
    """Notes that several rows bear, and the mark that stands for each: they are told once, below the table."""
    often = [note for note, times in Counter(row.note for row in rows).items() if note and times > 1]
    return {note: "*" * (number + 1) for number, note in enumerate(often)}


def _lines(row: ModelRow, mark: str) -> list[str]:
    """A row of the table, its licence where there are weights, and its note unless ``mark`` stands for that."""
    place = ", ".join(part for part in (row.table, row.row) if part)
    line = _LINE.format(
        row.name,
        place if len(place) <= 27 else f"{place[:25]}..",
        _or_dash(row.parameters, "{:,}"),
        _or_dash(row.paper_parameters_m, "{:g} M"),
        _or_dash(row.gflops, "{:.3f}"),
        _or_dash(row.paper_gflops, "{:g}"),
        _or_dash(None if row.macs is None else row.macs / 1e9, "{:.2f}"),
        _INPUTS.get(row.channels, _MATTES)[0],
        row.stride,
        row.weights,
    )
    under = [row.fault or (f"Licence of the weights: {row.licence}." if row.licence else ""), "" if mark else row.note]
    return [
        f"{line} {mark}".rstrip(),
        *(textwrap.fill(text, _WIDTH, initial_indent="    ", subsequent_indent="    ") for text in under if text),
    ]


def _description(row: ModelRow) -> str:
    """Everything about one network."""
    pairs = [
        ("paper", f"table {row.table}, {row.row}" if row.table else row.row),
        ("parameters", _beside(row.parameters, "{:,}", row.paper_parameters_m, "{:g} M")),
        ("GFLOPs", _beside(row.gflops, "{:.4f}", row.paper_gflops, "{:g}")),
        ("multiply-accumulates", _or_dash(row.macs, "{:,}")),
        ("input", _INPUTS.get(row.channels, _MATTES)[1]),
        ("answers", "trimap and alpha" if row.finds_trimap else "alpha"),
        ("sides", f"multiples of {row.stride} pixels"),
        ("licence of the code", row.code_licence),
        ("weights", row.fault or row.weights),
        ("file", str(row.file) if row.file else ""),
        ("size", f"{row.size_bytes / 1e6:.1f} MB" if row.size_bytes else ""),
        ("sha256", row.sha256),
        ("source", row.source),
        ("imported", row.imported),
        ("licence of the weights", row.licence),
        ("accepts", "; ".join(row.accepts)),
        ("note", row.note),
    ]
    said = [f"{label + ':':<24}{text}" for label, text in pairs if text]
    wrapped = [line if "/" in line or len(line) <= _WIDTH else _hanging(line) for line in said]
    return "\n".join([f"{row.name}: {row.title}", *textwrap.wrap(row.description, _WIDTH), "", *wrapped])


def _hanging(line: str) -> str:
    return textwrap.fill(line, _WIDTH, subsequent_indent=" " * 24)


def _or_dash(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def _beside(ours: float | None, form: str, papers: float | None, papers_form: str) -> str:
    printed = f" (printed: {papers_form.format(papers)})" if papers is not None else " (none printed)"
    return _or_dash(ours, form) + printed


PLUGINS = [Models]
