"""``mattelier train``: trains a network by a recipe, and goes on where it stopped."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
import textwrap
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

from editor.api import Command, Services, UserError, models_dir
from plugins.commands._bar import Bar
from plugins.engines._explain import as_user_error

_LINE_EVERY_S = 30.0
_WIDTH = 118
_VALUE_WIDTH = 10
_LOCK = "in-use"
_EPILOG = """\
What --data holds, by the recipe's setting `data`:
  drawn      nothing is needed; PNG files with transparency, where named, come among the drawings
  adobe      fg/ and alpha/ with files of the same names, and backgrounds/ if there are some
  cutouts    PNG files with transparency
  pairs      image/ and alpha/ with files of the same names
  portraits  NAME.jpg with NAME.png, a matte or a hard mask
  samples    what python -m models.training.fusion_samples wrote; for fusion-second, --second-after

What comes into --out: train.log; curve.csv and curve.png; validation.csv and samples/, with mattes of pictures kept
back; checkpoint/; and at the end the weights, which `mattelier models import` takes over.

Ctrl-C keeps what was learnt, and --resume goes on from there with the same result as in one go. Where memory does not
suffice, --set accumulate=N works a batch through in N parts. On a GPU, --set precision=bfloat16 (or float16) is faster,
and workers=N prepares pictures in N processes beside it. On several GPUs:
  torchrun --nproc_per_node N -m editor train RECIPE ...
"""


class Train(Command):
    """Trains a network."""

    name: ClassVar[str] = "train"
    help: ClassVar[str] = "Train a network by a recipe of the papers or of our own."

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """See the base class."""
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.description = f"{self.help} `mattelier train --list` names the recipes."
        parser.epilog = _EPILOG
        parser.add_argument("recipe", nargs="?", metavar="RECIPE", help="its name; with --list, everything about it")
        parser.add_argument("--list", action="store_true", help="list the recipes, or all settings of RECIPE")
        parser.add_argument("--data", type=Path, metavar="DIR", help="the training data's folder (below)")
        parser.add_argument("--backgrounds", type=Path, metavar="DIR", help="photos to compose over (default: drawn)")
        parser.add_argument("--out", type=Path, metavar="DIR", help="where all goes (default: in the program's data)")
        parser.add_argument("--resume", action="store_true", help="go on there, with the settings and data it had")
        parser.add_argument("--steps", type=int, metavar="N", help="so many steps instead of the recipe's")
        parser.add_argument("--device", default="auto", metavar="NAME", help="auto, cpu, cuda or mps (default: auto)")
        parser.add_argument(
            "--set",
            nargs="+",
            action="extend",
            default=[],
            metavar="NAME=VALUE",
            help="settings to change, such as batch=8 rate=0.001 start=weights.pth losses.alpha=1",
        )

    def run(self, args: argparse.Namespace, services: Services) -> int:
        """See the base class."""
        if args.list:
            print(_described(args.recipe) if args.recipe else _listed())
            return 0
        if args.recipe is None:
            raise UserError("No recipe is named.", "`mattelier train --list` names them all.")
        out: Path = args.out or models_dir().parent / "training" / args.recipe
        with _explained(out):
            _cookbook().recipe_named(args.recipe)  # a wrong name is said before torch is waited for
            with _alone_in(out):
                weights = _train(args, out)
        if weights is not None:
            print(f"{weights}\n`mattelier models import` takes these weights over.")
        return 0


def _cookbook() -> Any:
    """By name, since what stands beside it imports torch."""
    return importlib.import_module("models.training.cookbook")


def _train(args: argparse.Namespace, out: Path) -> Path | None:
    session = importlib.import_module("models.training.session")
    steps = () if args.steps is None else (f"steps={args.steps}",)
    request = session.Request(
        args.recipe, out, args.data, args.backgrounds, (*args.set, *steps), args.resume, args.device
    )
    bar = Bar(sys.stderr)
    try:
        with _interruptible(_on(bar.part(0.0, 1.0))) as progress:
            return session.train(request, progress, lambda text: print(text, file=sys.stderr, flush=True))
    except KeyboardInterrupt:
        bar.clear()
        print(f"What was learnt is kept in {out}; --resume goes on from there.", file=sys.stderr)
        weights = out / f"{args.recipe}.safetensors"
        if weights.exists():
            print(f"`mattelier models import {weights}` takes over what it knows.", file=sys.stderr)
        raise
    finally:
        bar.clear()


@contextmanager
def _explained(out: Path) -> Generator[None]:
    from editor.document.part_file import explained

    try:
        yield
    except ValueError as error:
        raise as_user_error(error) from error
    except OSError as error:
        raise explained(error, out) from error


@contextmanager
def _alone_in(out: Path) -> Generator[None]:
    """Keeps a second training out of the folder; one that nothing came into is gone again afterwards."""
    from editor.document.process_lock import ProcessLock, is_held

    if not _speaks():  # the first process holds the folder for all that torchrun started
        yield
        return
    there, place = out.exists(), out / _LOCK
    out.mkdir(parents=True, exist_ok=True)
    try:
        lock = ProcessLock(place)
    except OSError as error:
        if not is_held(place):
            raise
        raise UserError(
            f"Another process trains in {out}.", "Wait until it is done, or name another folder with --out."
        ) from error
    try:
        yield
    finally:
        lock.release()
        with suppress(OSError):
            place.unlink()
            if not there:
                out.rmdir()


@contextmanager
def _interruptible(progress: Callable[[float, str], None]) -> Generator[Callable[[float, str], None]]:
    """Ctrl-C ends the training between two steps, when all is whole; pressed once more it ends it at once.

    So does the signal by which a system that shuts down, or a cluster, asks a process to end.
    """
    pressed = False

    def press(*_: object) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True
        if _speaks():
            print("\nStopping after this step. Ctrl-C again stops at once.", file=sys.stderr, flush=True)

    def checking(fraction: float, text: str) -> None:
        progress(fraction, text)
        if pressed:
            raise KeyboardInterrupt

    try:
        before = [(number, signal.signal(number, press)) for number in (signal.SIGINT, signal.SIGTERM)]
    except ValueError:  # not the main thread: nobody can press there
        yield progress
        return
    try:
        yield checking
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def _on(bar: Callable[[float, str], None]) -> Callable[[float, str], None]:
    """Progress on the bar; where stderr is no terminal, a line now and then, for whoever reads a long run's log."""
    if not _speaks():
        return lambda fraction, text: None
    if sys.stderr.isatty():
        return bar
    last = 0.0

    def line(fraction: float, text: str) -> None:
        nonlocal last
        if time.monotonic() - last >= _LINE_EVERY_S or fraction >= 1:
            last = time.monotonic()
            print(f"{fraction:4.0%} {text}", file=sys.stderr, flush=True)

    return line


def _speaks() -> bool:
    """Whether this is the process that speaks and writes: alone, or the first of those that torchrun started."""
    return os.environ.get("RANK", "0") == "0"


def _listed() -> str:
    lines = [f"{'recipe':<24} {'network':<19} {'from':<32} what"]
    lines += [f"{r['name']:<24} {r['network']:<19} {r['source']:<32} {r['title']}" for r in _cookbook().overview()]
    return "\n".join([*lines, "", "`mattelier train --list RECIPE` shows one whole."])


def _described(name: str) -> str:
    """Everything that decides a training, a line for each setting; what the paper leaves open below."""
    try:
        recipe = _cookbook().recipe_named(name)
    except ValueError as error:
        raise as_user_error(error) from error
    numbers = recipe.as_numbers()
    facts: dict[str, str] = numbers.pop("facts")
    meanings = recipe.meanings()
    lines = [_setting_line(setting, _said(value), meanings.get(setting, "")) for setting, value in numbers.items()]
    notes = [textwrap.fill(f"{what}: {text}.", _WIDTH, subsequent_indent="  ") for what, text in facts.items()]
    return "\n".join([*lines, *([""] if notes else []), *notes])


def _setting_line(setting: str, value: str, meaning: str) -> str:
    """A setting with its value, and what it means beside it, or below where the value is long."""
    start = f"{setting:<15} {value:<{_VALUE_WIDTH}} "
    room = " " * (16 + _VALUE_WIDTH + 1)
    if not meaning:
        return start.rstrip()
    if len(value) > _VALUE_WIDTH:
        return f"{start.rstrip()}\n{textwrap.fill(meaning, _WIDTH, initial_indent=room, subsequent_indent=room)}"
    return textwrap.fill(meaning, _WIDTH, initial_indent=start, subsequent_indent=room)


def _said(value: Any) -> str:
    """A setting as ``--set`` takes it."""
    if isinstance(value, dict):
        return ", ".join(f"{name}={weight:g}" for name, weight in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ",".join(str(part) for part in value) if isinstance(value, list) else str(value)


PLUGINS = [Train]
