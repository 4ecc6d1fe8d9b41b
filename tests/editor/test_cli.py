"""The command line: exit codes, help everywhere, one sentence for a user's mistake and for a bug."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from editor import __version__, cli, log

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(autouse=True)
def own_excepthook(monkeypatch):
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    yield
    log.stop()


def run(*words: object, home: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    changes = {"MATTELIER_HOME": str(home)} if home else {}
    return subprocess.run(
        [sys.executable, "-m", "editor", *map(str, words)],
        cwd=ROOT,
        env={**os.environ, **changes, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def plugin(home: Path, body: str) -> None:
    """A subcommand ``odd`` in the user's plugin folder."""
    folder = home / "data" / "plugins"
    folder.mkdir(parents=True, exist_ok=True)
    text = "from editor.api import Command, UserError\n\nclass Odd(Command):\n    name = 'odd'\n    help = 'Is odd.'\n"
    text += "    def arguments(self, parser):\n        pass\n    def run(self, args, services):\n"
    (folder / "odd.py").write_text(f"{text}        {body}\n\nPLUGINS = [Odd]\n", "utf-8")


def test_the_version_is_the_packages_own(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"mattelier {__version__}\n"


def test_help_names_every_command_and_how_to_open_the_window(capsys, registry):
    with pytest.raises(SystemExit) as stop:
        cli.main(["--help"])
    text = capsys.readouterr().out
    assert stop.value.code == 0 and "[PHOTO | --demo]" in text
    assert all(f"  {name}" in text for name in registry.commands)


@pytest.mark.parametrize("command", ["cutout", "demo", "engines", "evaluate"])
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main([command, "--help"])
    assert stop.value.code == 0 and f"mattelier {command}" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["cutuot"], ["--colour"], ["cutout"], ["engines", "--colour"], ["--debug", "-x"]])
def test_wrong_usage_is_exit_code_2_with_the_usage(words, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(words)
    assert stop.value.code == 2 and "usage: mattelier" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "opens"),
    [
        ([], True),
        (["--demo"], True),
        (["--demo", "engines"], False),
        (["photo.jpg"], True),
        (["some/where"], True),
        (["engines"], False),
        (["--help"], False),
    ],
)
def test_no_argument_or_a_file_opens_the_window(words, opens):
    assert cli._asks_for_window(words) is opens


def test_a_file_without_a_suffix_opens_the_window_if_it_is_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scan").write_bytes(b"")
    (tmp_path / "engines").write_bytes(b"")
    assert cli._asks_for_window(["scan"])
    assert not cli._asks_for_window(["engines"]), "a command's name means the command"


def test_the_window_is_given_the_photo(monkeypatch):
    from editor import app

    given = []
    monkeypatch.setattr(app, "run", lambda words: given.append(list(words)) or 0)
    assert cli.main(["--debug", "photo.jpg"]) == 0
    assert given == [["photo.jpg"]]


def test_a_users_mistake_is_a_sentence_and_exit_code_1(home):
    plugin(home, "raise UserError('That is no photo.', 'Choose another.')")
    result = run("odd", home=home)
    assert result.returncode == 1
    assert result.stderr == "mattelier: That is no photo. Choose another.\n" and result.stdout == ""


def test_a_bug_is_a_sentence_with_the_logs_place_and_its_traceback_is_in_the_log(home):
    plugin(home, "return 1 // 0")
    result = run("odd", home=home)
    log_file = home / "data" / "mattelier.log"
    assert result.returncode == 1
    assert "ZeroDivisionError" in result.stderr and str(log_file) in result.stderr
    assert "Traceback" not in result.stderr
    assert "Traceback" in log_file.read_text("utf-8")


def test_debug_shows_the_traceback(home):
    plugin(home, "return 1 // 0")
    for words in (("--debug", "odd"), ("odd", "--debug")):
        assert "Traceback" in run(*words, home=home).stderr


def test_too_little_memory_is_a_sentence_and_no_bug(home):
    plugin(home, "raise MemoryError")
    result = run("odd", home=home)
    assert result.returncode == 1 and result.stderr.startswith("mattelier: There is not enough memory")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is always a display")
def test_without_a_display_the_window_is_a_sentence_and_no_crash(home):
    result = run("photo.jpg", home=home, DISPLAY="", WAYLAND_DISPLAY="", QT_QPA_PLATFORM="")
    assert result.returncode == 1
    assert result.stderr.startswith("mattelier: There is no display") and result.stderr.count("\n") == 1


def test_a_command_decides_its_exit_code(home):
    plugin(home, "return 1")
    assert run("odd", home=home).returncode == 1


def test_an_interrupt_is_exit_code_130_without_a_traceback(home):
    plugin(home, "raise KeyboardInterrupt")
    result = run("odd", home=home)
    assert result.returncode == 130 and result.stderr == "mattelier: interrupted\n"


def test_a_reader_that_leaves_early_is_no_error(home):
    plugin(home, "[print('line', flush=True) for _ in range(100000)]")
    process = subprocess.Popen(
        [sys.executable, "-m", "editor", "odd"],
        cwd=ROOT,
        env={**os.environ, "MATTELIER_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == "" and process.wait(30) == 1
    process.stderr.close()


def test_a_terminal_that_cannot_show_a_name_does_not_stop_the_program(home):
    plugin(home, "print('Fotos \\u5199\\u771f.png'); return 0")
    result = run("odd", home=home, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert result.returncode == 0 and "\\u5199" in result.stdout


def test_a_home_that_cannot_be_written_does_not_keep_commands_from_working(tmp_path):
    (tmp_path / "file").write_text("in the way")
    result = run("engines", "--json", home=tmp_path / "file")
    assert result.returncode == 0 and "closed-form" in result.stdout and result.stderr == ""
