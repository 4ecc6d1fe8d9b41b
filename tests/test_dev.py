"""dev.py: one command from a fresh checkout, on the standard library alone."""

from __future__ import annotations

import ast
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def dev(tmp_path, monkeypatch) -> ModuleType:
    """dev.py as a module, for a checkout of its own in which nothing is really started."""
    spec = importlib.util.spec_from_file_location("dev_under_test", ROOT / "dev.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    monkeypatch.setattr(module, "ROOT", checkout)
    monkeypatch.setattr(module, "VENV", checkout / ".venv")
    monkeypatch.setattr(module, "PYTHON", checkout / ".venv" / "python")
    monkeypatch.setattr(module, "STAMP", checkout / ".venv" / "stamp.json")
    monkeypatch.setattr(module, "DEMO", checkout / "out" / "demo")
    return module


@pytest.fixture
def started(dev, monkeypatch) -> list[list[str]]:
    """What dev.py would have started; a .venv that is asked for is there at once."""
    commands: list[list[str]] = []

    def run(command, **options):
        commands.append([str(word) for word in command])
        return SimpleNamespace(returncode=0)

    def make() -> None:
        dev.VENV.mkdir(exist_ok=True)
        dev.PYTHON.write_text("")

    monkeypatch.setattr(dev.subprocess, "run", run)
    monkeypatch.setattr(dev, "make_venv", make)
    return commands


def installs(commands: list[list[str]]) -> list[str]:
    """The targets of all pip installations."""
    return [command[-1] for command in commands if "pip" in command and "install" in command]


def test_it_uses_the_standard_library_only():
    tree = ast.parse((ROOT / "dev.py").read_text("utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= set(sys.stdlib_module_names)


def test_an_older_python_can_read_it_and_is_told_what_is_needed():
    text = (ROOT / "dev.py").read_text("utf-8")
    ast.parse(text, feature_version=(3, 7))
    code = "import sys; sys.version_info = (3, 10, 1); sys.argv = ['dev.py']; exec(open('dev.py').read())"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "needs Python 3.11 or newer" in result.stderr and "Traceback" not in result.stderr


def test_help_names_every_command():
    result = subprocess.run([sys.executable, "dev.py", "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for command in ("run", "test", "lint", "bench", "screenshots", "package"):
        assert f"\n  {command} " in result.stdout


def test_words_after_a_command_are_passed_on_even_if_they_look_like_options(dev, monkeypatch):
    given = []
    monkeypatch.setitem(dev.COMMANDS, "test", (lambda words: given.append(words) or 0, ""))
    monkeypatch.setattr(sys, "argv", ["dev.py", "test", "-k", "demo", "--help"])
    assert dev.main() == 0 and given == [["-k", "demo", "--help"]]


def test_a_second_start_installs_nothing(dev, started):
    dev.install()
    dev.install()
    assert installs(started) == [str(dev.ROOT)]


def test_another_pyproject_is_installed_again(dev, started):
    dev.install()
    (dev.ROOT / "pyproject.toml").write_text("[project]\nname = 'y'\n")
    dev.install()
    assert len(installs(started)) == 2


def test_what_one_command_needs_comes_with_its_first_call_and_keeps_what_others_brought(dev, started):
    dev.install("test")
    dev.install("lint")
    dev.install("test")
    dev.install()
    assert installs(started) == [f"{dev.ROOT}[test]", f"{dev.ROOT}[lint,test]"]


def test_an_installation_that_fails_is_a_sentence_and_is_tried_again(dev, started, monkeypatch):
    monkeypatch.setattr(dev.subprocess, "run", lambda command, **options: SimpleNamespace(returncode=1))
    with pytest.raises(SystemExit, match="installation failed"):
        dev.install()
    assert not dev.STAMP.exists()


def test_a_damaged_stamp_counts_as_none(dev, started):
    dev.install()
    dev.STAMP.write_text("{")
    dev.install()
    assert len(installs(started)) == 2


def test_run_opens_the_window_on_the_photo_or_on_the_demo_where_there_is_a_display(dev, started, monkeypatch):
    monkeypatch.setattr(dev, "has_display", lambda: True)
    monkeypatch.setattr(dev, "loads", lambda library: True)
    assert dev.run(["photo.jpg"]) == 0
    assert started[-1] == [str(dev.PYTHON), "-m", "editor", "photo.jpg"]
    assert dev.run([]) == 0
    assert started[-1] == [str(dev.PYTHON), "-m", "editor", "--demo"]


def test_run_without_a_display_cuts_out_the_demo_and_measures_it(dev, started, monkeypatch, capsys):
    monkeypatch.setattr(dev, "has_display", lambda: False)
    assert dev.run([]) == 0
    assert [command[3] for command in started[-3:]] == ["demo", "cutout", "evaluate"]
    assert str(dev.DEMO / "demo_cutout.png") in started[-2]
    assert "no display" in capsys.readouterr().out


def test_a_step_of_the_demo_that_fails_ends_it_with_its_exit_code(dev, monkeypatch):
    calls = []
    monkeypatch.setattr(dev, "start", lambda *words, **environment: calls.append(words) or 7)
    assert dev.cut_out_demo() == 7 and len(calls) == 1


@pytest.mark.parametrize(
    ("platform", "environment", "expected"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", {"QT_QPA_PLATFORM": "offscreen"}, True),
        ("darwin", {}, True),
        ("win32", {}, True),
    ],
)
def test_only_a_linux_without_display_variables_has_no_display(dev, monkeypatch, platform, environment, expected):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert dev.has_display() is expected


@pytest.fixture
def linux_without_egl(dev, monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(dev, "loads", lambda library: library not in ("libEGL.so.1", "libxcb-cursor.so.0"))
    return dev


def test_missing_qt_libraries_are_named_with_the_one_command_where_they_may_not_be_installed(
    linux_without_egl, started, monkeypatch, capsys
):
    dev = linux_without_egl
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    monkeypatch.setattr(dev.shutil, "which", lambda tool: f"/usr/bin/{tool}" if tool == "apt-get" else None)
    assert dev.ensure_qt_libraries(window=True) is False
    assert "sudo apt-get install libegl1 libxcb-cursor0" in capsys.readouterr().err
    assert started == []


def test_missing_qt_libraries_are_installed_by_root(linux_without_egl, started, monkeypatch):
    dev = linux_without_egl
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    monkeypatch.setattr(dev.shutil, "which", lambda tool: f"/usr/bin/{tool}")
    run = dev.subprocess.run

    def install(command, **options):
        if "install" in command:
            monkeypatch.setattr(dev, "loads", lambda library: True)
        return run(command, **options)

    monkeypatch.setattr(dev.subprocess, "run", install)
    assert dev.ensure_qt_libraries(window=False) is True
    assert started[-1][-1] == "libegl1", "what only a shown window needs is not installed for the tests"


@pytest.mark.parametrize("tool", ["dnf", "zypper", "pacman"])
def test_other_linuxes_get_the_command_of_their_own(dev, monkeypatch, tool):
    monkeypatch.setattr(dev.shutil, "which", lambda name: name if name == tool else None)
    command = dev.install_command(["libEGL.so.1"], ["libegl1"])
    assert command.startswith(f"sudo {tool} ")


def test_nothing_is_asked_of_windows_and_macos(dev, monkeypatch):
    monkeypatch.setattr(dev, "loads", lambda library: False)
    for platform in ("win32", "darwin"):
        monkeypatch.setattr(sys, "platform", platform)
        assert dev.ensure_qt_libraries(window=True) is True


def test_the_tests_run_two_at_a_time_unless_said_otherwise(dev, started, monkeypatch):
    monkeypatch.setattr(dev, "loads", lambda library: True)
    dev.test(["tests/test_dev.py"])
    assert started[-1][1:] == ["-m", "pytest", "-n", "2", "--dist", "loadscope", "tests/test_dev.py"]
    dev.test(["-n0", "-k", "demo"])
    assert started[-1][1:] == ["-m", "pytest", "-n0", "-k", "demo"]


def test_lint_runs_all_three_checks_even_after_one_has_complained(dev, monkeypatch):
    calls = []
    monkeypatch.setattr(dev, "install", lambda extra="": None)
    monkeypatch.setattr(
        dev, "start", lambda *words, **environment: calls.append(words) or (1 if len(calls) == 1 else 0)
    )
    assert dev.lint([]) == 1
    assert len(calls) == 3 and calls[0][1] == "ruff" and calls[2][1] == "pyright"


def test_the_ci_script_can_be_run_and_ends_with_the_tests():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    lines = [line for line in script.read_text("utf-8").splitlines() if line.startswith("python3 dev.py")]
    assert [line.split()[2] for line in lines] == ["lint", "test"]
