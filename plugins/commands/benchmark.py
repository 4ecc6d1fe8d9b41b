"""``mattelier benchmark``: engines side by side on the papers' data sets, in the papers' errors."""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from editor.api import Command, Engine, Services, UserError, models_dir, params_of
from plugins.commands._bar import Bar
from plugins.commands._engine_choice import chosen_engine
from plugins.engines._explain import as_user_error

if TYPE_CHECKING:
    from models.evaluation.benchmark import Benchmark as Measuring
    from models.evaluation.benchmark import Contender, Outcome
    from models.evaluation.datasets.case import DataSet

_LINE_EVERY_S = 15.0
_RANGES = "20,30,40,50"
_JUDGED = """SAD, MSE, Grad, Conn: over the unknown pixels, all but MSE in thousands. With _f: over the whole photo, per
pixel (SAD_f is the mean absolute difference). Alpha is rounded to 8 bits and known pixels are set back before judging.
Zero is perfect. s: seconds by the wall clock; CPU s: of all threads together. MiB: the largest peak, which is
"""


class Benchmark(Command):
    """Measures engines on a data set."""

    name: ClassVar[str] = "benchmark"
    help: ClassVar[str] = "Measure engines on a data set: SAD, MSE, gradient, connectivity, time and memory."

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """See the base class."""
        from models.evaluation.datasets import composable, names

        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.description = (
            f"{self.help}\n\nData sets: {', '.join(names())}; or a folder with images, alphas, trimaps."
        )
        parser.epilog = (
            "An interrupted run goes on where it stopped when it is called again in the same way. The exit code is 1 "
            "where\na photo or an engine failed; what failed is named. A portrait set is given to engines that need no "
            "trimap without one."
        )
        parser.add_argument(
            "--engine",
            nargs="+",
            action="extend",
            default=[],
            metavar="NAME",
            help="one or more, each NAME or NAME:SETTING=VALUE:...",
        )
        parser.add_argument("--dataset", required=True, metavar="NAME|FOLDER", help="what to measure on")
        parser.add_argument("--root", type=Path, default=Path(), metavar="DIR", help="where it lies (default: here)")
        parser.add_argument("--limit", type=int, metavar="N", help="only the first N photos")
        parser.add_argument(
            "--dilate", nargs="?", const=_RANGES, metavar="20,30,...",
            help="make the trimaps from the mattes, widened by random distances: 20 means 11 to 20 pixels, and so on "
            f"(alone: {_RANGES})",
        )  # fmt: skip
        parser.add_argument("--photos", action="store_true", help="a line for every photo in the table")
        parser.add_argument("--json", action="store_true", help="print JSON for other programs, with every photo")
        parser.add_argument("--csv", type=Path, metavar="OUT", help="write every photo's figures")
        parser.add_argument("--plot", type=Path, metavar="OUT.png", help="draw the means")
        parser.add_argument("--overwrite", action="store_true", help="replace files that are there already")
        parser.add_argument("--resume", type=Path, metavar="FILE", help="keep the results here and use those it holds")
        parser.add_argument("--fresh", action="store_true", help="measure again what an interrupted run had measured")
        parser.add_argument(
            "--compose", action="store_true", help=f"first compose the photos of {', '.join(composable())}"
        )
        parser.add_argument("--backgrounds", type=Path, metavar="DIR", help="for --compose: Pascal VOC's pictures")

    def run(self, args: argparse.Namespace, services: Services) -> int:
        """See the base class."""
        _check_words(args)
        contenders = _contenders(args.engine, services)
        composed = _compose(args, services) if args.compose else 0
        if not contenders:
            return composed
        measuring = _measuring(args, contenders, services)
        outcome = _measure(args, measuring, measuring.dataset)
        _write_files(args, outcome, measuring.dataset)
        _say(args, outcome, measuring.dataset)
        if args.resume is None:  # the run is through, and its results have been told
            _own_log(args, contenders).unlink(missing_ok=True)
        return int(bool(outcome.failures) or composed > 0)


def _check_words(args: argparse.Namespace) -> None:
    """Refuse now what would only fail after hours of work."""
    if not args.engine and not args.compose:
        raise UserError("No engine is named.", "Add --engine and one or more names; `mattelier engines` lists them.")
    if args.compose and args.backgrounds is None:
        raise UserError("--compose needs backgrounds.", "Add --backgrounds with the folder of Pascal VOC's pictures.")
    if args.limit is not None and args.limit < 1:
        raise UserError(f"--limit is {args.limit}.", "It must be 1 or more.")
    if args.plot and args.plot.suffix.lower() != ".png":
        raise UserError(f"The plot cannot be written as {args.plot.name}.", "Name a PNG.")
    for path in (args.plot, args.csv):
        if path and path.exists() and not args.overwrite:
            raise UserError(f"{path} exists already.", "Name another file, or add --overwrite.")
        if path and not path.absolute().parent.is_dir():
            raise UserError(f"There is no folder {path.absolute().parent}.", "Make it first, or name another.")


def _contenders(words: list[str], services: Services) -> list[Contender]:
    """The engines that were named, each once; ``UserError`` for one that is not there or cannot run here."""
    found: dict[str, Contender] = {}
    for word in words:
        name, *settings = word.split(":")
        engine = chosen_engine(name, settings, services)
        reason = engine.missing()
        if reason:
            raise UserError(f"{name} cannot run here: {reason}", "Leave it out, or mend that first.")
        found.setdefault(word, _contender(word, engine))
    return list(found.values())


def _contender(label: str, engine: Engine) -> Contender:
    from editor import __version__
    from models.evaluation.benchmark import Contender

    settings = {name: getattr(engine, name) for name in params_of(engine)}
    return Contender(
        label,
        {"kind": engine.name, "settings": settings, "version": __version__, "weights": _weights_of(engine)},
        engine.device,
        engine.run,
        engine.find if engine.finds_trimap else None,
    )


def _weights_of(engine: Engine) -> str:
    """The SHA-256 of a network's weights, so that other weights are another measurement; empty for other engines."""
    from models.weight_store import WeightStore

    try:
        found = WeightStore(models_dir()).find(engine.name)
    except ValueError:  # an engine of the user's own may be called what no network is
        return ""
    return found.record.sha256 if found and found.record else ""


def _measuring(args: argparse.Namespace, contenders: list[Contender], services: Services) -> Measuring:
    import cv2

    from models.evaluation.benchmark import Benchmark as Measuring
    from models.evaluation.datasets import open_dataset
    from models.evaluation.results import ResultLog, is_result_log

    try:
        dataset = open_dataset(args.dataset, args.root)
    except ValueError as error:
        raise as_user_error(error) from error
    log = args.resume or _own_log(args, contenders)
    if args.resume and not is_result_log(log):
        raise UserError(f"{log.name} holds no results of a benchmark.", "Name a new file, or one that --resume wrote.")
    if args.fresh:
        log.unlink(missing_ok=True)
    expected = (UserError, ValueError, RuntimeError, ArithmeticError, MemoryError, OSError, cv2.error)
    return Measuring(contenders, dataset, _Reader(services), ResultLog(log), expected, _ranges(args.dilate), args.limit)


def _ranges(text: str | None) -> tuple[int, ...]:
    """The upper ends of the dilation ranges, in pixels."""
    if text is None:
        return ()
    parts = text.split(",")
    if not all(part.strip().isdecimal() and 1 <= int(part) <= 1000 for part in parts):
        raise UserError(f"--dilate cannot be {text}.", f"Write whole pixels with commas between, like {_RANGES}.")
    return tuple(dict.fromkeys(int(part) for part in parts))


def _own_log(args: argparse.Namespace, contenders: list[Contender]) -> Path:
    """Where a run without --resume keeps its results until it is through: a file for this very run."""
    facts = [contender.facts for contender in contenders]
    words = [args.dataset, str(args.root.resolve()), args.limit, args.dilate, args.engine, facts]
    name = hashlib.sha256(json.dumps(words, sort_keys=True, default=str).encode()).hexdigest()[:16]
    return models_dir().parent / "benchmarks" / f"{name}.jsonl"


def _measure(args: argparse.Namespace, measuring: Measuring, dataset: DataSet) -> Outcome:
    """Measure, with progress on stderr; what was measured stays on the disk when that is broken off."""
    from editor.document.part_file import explained

    log = measuring.log
    if len(log):
        where = f"of {args.resume.name}" if args.resume else "of an interrupted run (--fresh measures them again)"
        print(f"going on with the {len(log)} results {where}", file=sys.stderr)
    for phrase in dataset.unpaired[:10]:
        print(f"left out: {phrase}", file=sys.stderr)
    bar = Bar(sys.stderr)
    try:
        outcome = measuring.run(_on(bar.part(0.0, 1.0)))
    except KeyboardInterrupt:
        bar.clear()
        print(f"{len(log)} results are kept; the same command goes on from there.", file=sys.stderr)
        raise
    except OSError as error:  # the log's: the photos' are among the expected ones
        raise explained(error, args.resume or Path("the results' file")) from error
    bar.clear()
    return outcome


def _on(bar: Callable[[float, str], None]) -> Callable[[float, str], None]:
    """Progress on the bar; where stderr is no terminal, a line now and then, for whoever reads a long run's log."""
    if sys.stderr.isatty():
        return bar
    last = time.monotonic()

    def line(fraction: float, text: str) -> None:
        nonlocal last
        if time.monotonic() - last >= _LINE_EVERY_S:
            last = time.monotonic()
            print(f"{fraction:4.0%} {text}", file=sys.stderr, flush=True)

    return line


class _Reader:
    """Pictures by the program's own readers, which check their sizes before memory is taken."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def image(self, path: Path) -> np.ndarray:
        """The photo (H, W, 3) float32 in [0, 1], as stored: the papers convert no profiles."""
        pixels = self._services.read_photo(path, self._services.formats).pixels
        return pixels.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)

    def truth(self, path: Path, size: tuple[int, int]) -> np.ndarray:
        """The true matte (H, W) float32 in [0, 1]."""
        return self._services.read_alpha(path, self._services.formats, size=size)

    def trimap(self, path: Path, size: tuple[int, int]) -> np.ndarray:
        """The trimap (H, W) uint8; every grey but black and white is unknown."""
        return self._services.read_trimap(path, size, self._services.formats)[0]


def _compose(args: argparse.Namespace, services: Services) -> int:
    """Compose the photos that are not there; 1 where some could not be made."""
    from models.evaluation.datasets import composition_plan
    from plugins.commands._test_set_composer import compose_all

    try:
        plan = composition_plan(args.dataset, args.root, args.backgrounds)
    except ValueError as error:
        raise as_user_error(error) from error
    bar = Bar(sys.stderr)
    done = compose_all(plan, services, _on(bar.part(0.0, 1.0)))
    bar.clear()
    print(f"{done.made} photos composed, {done.kept} were there", file=sys.stderr)
    print(*done.failures, sep="\n", end="\n" if done.failures else "", file=sys.stderr)
    return int(bool(done.failures))


def _write_files(args: argparse.Namespace, outcome: Outcome, dataset: DataSet) -> None:
    from editor.document.part_file import part_file
    from models.evaluation.plot import draw
    from models.evaluation.results import csv_text

    if args.plot and outcome.results:
        with part_file(args.plot) as part:
            part.write_bytes(draw(outcome.results, dataset.title))
    if args.csv:
        with part_file(args.csv) as part:
            part.write_text(csv_text(outcome.results), "utf-8", newline="")


def _say(args: argparse.Namespace, outcome: Outcome, dataset: DataSet) -> None:
    """The figures on stdout; on stderr what failed."""
    from models.evaluation.results import means, table

    if args.json:
        averages = [{**dataclasses.asdict(mean), **mean.values} for mean in means(outcome.results)]
        for mean in averages:
            del mean["values"]
        facts = {
            "dataset": dataset.name,
            "means": averages,
            "photos": [dataclasses.asdict(result) for result in outcome.results],
            "reused": outcome.reused,
            "unpaired": list(dataset.unpaired),
            "failures": list(outcome.failures),
        }
        print(json.dumps(facts, indent=2))
    elif outcome.results:
        photos = len({result.photo for result in outcome.results})
        print(f"{dataset.title}, {photos} of {len(dataset.cases)} photos\n")
        print(table(outcome.results, args.photos))
        last = outcome.results[-1]
        held = min(result.before_mib for result in outcome.results)
        print(f"\n{_JUDGED}{last.memory_how}; the program held {held:.0f} before.")
    if dataset.unpaired:
        count = len(dataset.unpaired)
        what = "1 file was" if count == 1 else f"{count} files were"
        print(f"{what} left out for want of a partner.", file=sys.stderr)
    if len({mean.photos for mean in means(outcome.results)}) > 1:
        print("The means are not all over the same photos: --photos shows which.", file=sys.stderr)
    if outcome.failures:
        print(f"{len(outcome.failures)} measurements failed:", *outcome.failures, sep="\n  ", file=sys.stderr)


PLUGINS = [Benchmark]
