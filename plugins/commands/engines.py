"""``mattelier engines``: what can compute a matte here."""

from __future__ import annotations

import argparse
import json
import sys
from typing import ClassVar

from editor.api import Command, Engine, Services, params_of


class Engines(Command):
    """Lists the engines, the default one first."""

    name: ClassVar[str] = "engines"
    help: ClassVar[str] = "List the matting engines, their settings, and where they run."

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """See the base class."""
        parser.add_argument("--json", action="store_true", help="print JSON for other programs")

    def run(self, args: argparse.Namespace, services: Services) -> int:
        """See the base class."""
        default = services.default_engine()
        engines = sorted(services.engines.values(), key=lambda engine: -engine.rank)
        rows = [_facts(engine, engine is default) for engine in engines]
        rows.sort(key=lambda row: bool(row["missing"]))
        print(json.dumps(rows, indent=2) if args.json else "\n\n".join(_paragraphs(rows)))
        for failure in services.failures:
            print(f"not loaded: {failure}", file=sys.stderr)
        return 0


def _facts(engine: type[Engine], is_default: bool) -> dict[str, object]:
    """One engine, as it is printed."""
    made = engine()
    settings = {name: getattr(made, name) for name in params_of(made)}
    return {
        "name": engine.name,
        "title": engine.title,
        "description": engine.description,
        "licence": engine.licence,
        "device": made.device(),
        "default": is_default,
        "finds_trimap": engine.finds_trimap,
        "settings": settings,
        "missing": engine.missing(),
    }


def _paragraphs(rows: list[dict[str, object]]) -> list[str]:
    """Each engine that can run, and in one line how many cannot."""
    ready = [_paragraph(row) for row in rows if not row["missing"]]
    lacking = len(rows) - len(ready)
    if not lacking:
        return ready
    return [*ready, f"{lacking} more lack something, mostly weights: `mattelier models list` names them."]


def _paragraph(row: dict[str, object]) -> str:
    default = " (default)" if row["default"] else ""
    lines = [f"{row['name']}{default}: {row['title']}, on {row['device']}, licence {row['licence']}"]
    if row["description"]:
        lines.append(f"    {row['description']}")
    settings = row["settings"]
    if isinstance(settings, dict) and settings:
        lines.append("    settings: " + ", ".join(f"{name}={value}" for name, value in settings.items()))
    return "\n".join(lines)


PLUGINS = [Engines]
