"""The command ``mattelier``: without arguments, or with a photo, the window; else a subcommand, found as a plugin.

Exit codes: 0 done, 1 a sentence on stderr says what went wrong, 2 wrong usage, 130 interrupted. What is imported here
must stay cheap: the plugins come when a subcommand or the help is asked for, Qt when the window opens.
"""

from __future__ import annotations

import _thread
import argparse
import os
import signal
import sys
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, NoReturn

from editor import __version__
from editor.errors import UserError, not_enough_memory

if TYPE_CHECKING:
    from editor.api import Services
    from editor.plugin_loader import Registry

_AGAIN_S = 0.02
_EPILOG = "Without a command, opens the window: mattelier [PHOTO | --demo]."


def run() -> NoReturn:
    """What the command ``mattelier`` runs: ``main``, and then the process ends with its exit code.

    After an error or Ctrl-C it waits for no thread that goes on, with torch's import say, and takes no second Ctrl-C.
    """
    code = main()
    if code:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()):
            for stream in filter(None, (sys.stdout, sys.stderr)):  # without a console there are none
                stream.flush()
            os._exit(code)
    sys.exit(code)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line (``sys.argv`` when None) and return the exit code.

    Errors that are bugs go to the log and, as one sentence, to stderr; they are not swallowed here, so that a test
    that calls this function sees them.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    if words == ["--version"]:
        print(f"mattelier {__version__}")
        return 0
    _speak_any_language()
    _report_bugs(debug)
    try:
        if _asks_for_window(words):
            return _open_window(words)
        with _interrupts_between_imports():
            return _run_command(words)
    except UserError as error:
        print(f"mattelier: {error}", file=sys.stderr)
        return 1
    except MemoryError:
        print(f"mattelier: {not_enough_memory()}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("mattelier: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output has left; that must not become a second error at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


@contextmanager
def _interrupts_between_imports() -> Generator[None]:
    """Ctrl-C raises ``KeyboardInterrupt`` as ever, but not within the import system's own code: a moment later, then.

    There it may come between the taking of a lock and the giving back, and every other import would wait for ever.
    """

    def press(number: int, frame: FrameType | None) -> None:
        if frame is None or not frame.f_code.co_filename.startswith("<frozen importlib"):
            raise KeyboardInterrupt
        again = threading.Timer(_AGAIN_S, _thread.interrupt_main)
        again.daemon = True
        again.start()

    try:
        before = signal.signal(signal.SIGINT, press)
    except ValueError:  # not the main thread: nobody can press there
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _asks_for_window(words: list[str]) -> bool:
    """True for no argument, for --demo, and for one meant as a file: it is there, or looks like a file's name."""
    if not words or words == ["--demo"]:
        return True
    first = words[0]
    if first.startswith("-"):
        return False
    looks_like_a_file = bool(Path(first).suffix) or os.sep in first or "/" in first
    return looks_like_a_file or (Path(first).is_file() and first not in _load_registry().commands)


def _open_window(words: list[str]) -> int:
    if not _has_display():
        raise UserError(
            "There is no display to open the window on.", "Without one, `mattelier cutout` does the work: see --help."
        )
    from editor import app

    return app.run(words)


def _has_display() -> bool:
    """False on Linux where nobody has said on which display: there Qt ends the program instead of raising."""
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return not sys.platform.startswith("linux") or any(os.environ.get(name) for name in names)


def _run_command(words: list[str]) -> int:
    registry = _load_registry()
    parser = _parser(registry)
    args = parser.parse_args(words)
    if args.command is None:
        parser.error("name a command, or a photo to open")
    return registry.commands[args.command]().run(args, _services(registry))


def _parser(registry: Registry) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mattelier", description="Cuts out hair, fur and everything else with a soft edge.", epilog=_EPILOG
    )
    parser.add_argument("--version", action="version", version=f"mattelier {__version__}")
    parser.add_argument("--debug", action="store_true", help="show the log, and the traceback of an unexpected error")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, command in sorted(registry.commands.items()):
        described = commands.add_parser(name, help=command.help, description=command.help)
        command().arguments(described)
    return parser


def _load_registry() -> Registry:
    from editor import paths
    from editor.plugin_loader import load_all

    try:
        folder = paths.plugin_dir()
    except OSError:  # a home that cannot be written holds no plugins, and the work can be done without
        folder = None
    return load_all(folder)


def _services(registry: Registry) -> Services:
    from editor import demo, files
    from editor.api import Services

    return Services(
        registry.engines,
        registry.effects,
        registry.tools,
        registry.formats,
        read_photo=files.read_photo,
        write_photo=files.write_photo,
        read_trimap=files.read_trimap,
        read_alpha=files.read_alpha,
        draw_demo=demo.draw_demo,
        failures=tuple(str(failure) for failure in registry.failures),
        shelves=registry.shelves,
    )


def _speak_any_language() -> None:
    """A file name that the terminal cannot show must not stop the program."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _report_bugs(debug: bool) -> None:
    """Start the log; from now on an error that nobody expected is one sentence on stderr and a traceback in the log."""
    import logging

    from editor import log

    file = log.start(debug)

    def report(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        logging.getLogger("mattelier").critical("unexpected error", exc_info=(kind, error, traceback))
        where = f"The log is {file}." if file else "There is no log; run it again with --debug."
        print(f"mattelier: something went wrong that should not have ({kind.__name__}). {where}", file=sys.stderr)

    sys.excepthook = report
