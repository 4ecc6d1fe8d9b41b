"""``mattelier evaluate``: how far a matte is from the true one, in the four errors of the matting papers."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path
from typing import ClassVar

from editor.api import Command, Services, UserError


class Evaluate(Command):
    """Prints SAD, MSE, gradient and connectivity errors over the unknown pixels of a trimap."""

    name: ClassVar[str] = "evaluate"
    help: ClassVar[str] = "Measure a matte against the true one: SAD, MSE, gradient and connectivity."

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """See the base class."""
        parser.add_argument("--alpha", required=True, type=Path, metavar="A", help="the matte, or a cut-out")
        parser.add_argument("--truth", required=True, type=Path, metavar="G", help="the true matte")
        parser.add_argument("--trimap", required=True, type=Path, metavar="T", help="only its unknown pixels count")
        parser.add_argument("--json", action="store_true", help="print JSON for other programs")

    def run(self, args: argparse.Namespace, services: Services) -> int:
        """See the base class."""
        from models.evaluation.metrics import evaluate

        truth = services.read_alpha(args.truth, services.formats)
        size = (truth.shape[1], truth.shape[0])
        alpha = services.read_alpha(args.alpha, services.formats, size=size)
        trimap, notes = services.read_trimap(args.trimap, size, services.formats)
        unknown = int((trimap == 128).sum())
        if not unknown:
            raise UserError(f"{args.trimap.name} has no unknown pixels.", "The errors are measured over those alone.")
        scores = dataclasses.asdict(evaluate(alpha, truth, trimap))
        if args.json:
            print(json.dumps({**scores, "unknown_pixels": unknown, "notes": list(notes)}, indent=2))
        else:
            print("SAD {sad:.3f}  MSE {mse:.5f}  Grad {grad:.3f}  Conn {conn:.3f}".format(**scores))
            print(f"over {unknown} unknown pixels; SAD, Grad and Conn in thousands, zero is perfect")
            print(*notes, sep="\n", end="\n" if notes else "")
        return 0


PLUGINS = [Evaluate]
