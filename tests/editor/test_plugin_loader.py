"""The plugin loader: three doors, one rule, and a broken plugin harms nobody."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from importlib import metadata
from pathlib import Path

import pytest

from editor import plugin_loader
from editor.plugin_loader import load_all

GOOD = """
from __future__ import annotations
from dataclasses import dataclass
from editor.api import Engine, param

@dataclass
class Mine(Engine):
    name = "mine"
    title = "Mine"
    strength: float = param(1.0, "Strength")

    def run(self, image, trimap, progress, start=None):
        return trimap / 255

PLUGINS = [Mine]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "plugins of mine"
    made.mkdir()
    return made


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text), "utf-8")
    return path


def only_failure(registry):
    mine = [failure for failure in registry.failures if not failure.module.startswith("plugins.")]
    assert len(mine) == 1, mine
    return mine[0]


def test_every_built_in_plugin_can_be_used(registry):
    assert registry.failures == []
    kinds = (registry.engines, registry.effects, registry.tools, registry.formats, registry.commands)
    assert all(kinds), "a kind without a single plugin"
    for shelf in kinds:
        assert all(plugin.name == name for name, plugin in shelf.items())


def test_every_built_in_module_without_an_underscore_offers_plugins():
    root = Path(plugin_loader.__file__).parent.parent / "plugins"
    files = [file for file in root.glob("*/*.py") if not file.name.startswith("_")]
    assert files
    for file in files:
        assert "\nPLUGINS = [" in file.read_text("utf-8"), f"{file.name} has no PLUGINS at its end"


def test_a_module_in_the_users_folder_is_found(folder):
    write(folder / "mine.py", GOOD)
    registry = load_all(folder)
    assert registry.engines["mine"]().strength == 1.0
    assert registry.failures == []


def test_a_package_in_the_users_folder_may_import_its_own_modules(folder):
    write(folder / "pack" / "__init__.py", "from .inner import Mine\nPLUGINS = [Mine]")
    write(folder / "pack" / "inner.py", GOOD)
    assert "mine" in load_all(folder).engines


def test_a_changed_file_is_read_again(folder):
    write(folder / "mine.py", GOOD)
    load_all(folder)
    write(folder / "mine.py", GOOD.replace('title = "Mine"', 'title = "Mine, better"'))
    assert load_all(folder).engines["mine"].title == "Mine, better"


def test_files_that_begin_with_an_underscore_or_a_dot_are_left_alone(folder):
    for name in ("_draft.py", ".hidden.py", "_pack/__init__.py"):
        write(folder / name, "raise RuntimeError('must not be imported')")
    write(folder / "notes.txt", "no Python")
    assert load_all(folder).failures == []


def test_a_folder_that_is_not_there_means_no_plugins(tmp_path):
    assert load_all(tmp_path / "nowhere").failures == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import no_such_library_anywhere", "ModuleNotFoundError"),
        ("def broken(:", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError"),
        ("raise SystemExit(3)", "SystemExit"),
        ("", "no list PLUGINS"),
        ("PLUGINS = 7", "no list PLUGINS"),
        ("PLUGINS = [int]", "no subclass"),
        ("PLUGINS = ['Mine']", "no subclass"),
        (GOOD.replace('    title = "Mine"\n', ""), "lacks title"),
        (GOOD.replace('    name = "mine"\n', ""), "lacks name"),
        (GOOD.replace('name = "mine"', "name = 7"), "not a word"),
        (GOOD.replace("@dataclass\n", ""), "not a dataclass"),
        (GOOD.replace("def run", "def walk"), "does not define run"),
        (GOOD.replace(' = param(1.0, "Strength")', ""), "has no default"),
        (GOOD.replace('"mine"', '"closed-form"'), "already taken by plugins.engines.closed_form.ClosedForm"),
    ],
)
def test_a_plugin_that_cannot_be_used_is_listed_with_the_reason_and_the_others_still_work(folder, text, words):
    bad = write(folder / "a_bad_one.py", text)
    write(folder / "good.py", GOOD.replace('"mine"', '"other"'))
    registry = load_all(folder)
    failure = only_failure(registry)
    assert words in failure.error and failure.module == str(bad)
    assert "other" in registry.engines and "closed-form" in registry.engines


def test_one_bad_class_does_not_take_the_others_of_its_module_with_it(folder):
    write(folder / "mixed.py", GOOD.replace("PLUGINS = [Mine]", "PLUGINS = [int, Mine]"))
    registry = load_all(folder)
    assert "mine" in registry.engines and "no subclass" in only_failure(registry).error


def test_a_user_cannot_displace_a_built_in_plugin(folder, registry):
    write(folder / "impostor.py", GOOD.replace('"mine"', '"closed-form"'))
    assert load_all(folder).engines["closed-form"] is registry.engines["closed-form"]


def test_a_built_in_module_that_fails_is_listed_and_the_rest_is_there(monkeypatch):
    monkeypatch.setitem(sys.modules, "plugins.engines.closed_form", None)  # importing it now raises
    registry = load_all()
    assert [failure.module for failure in registry.failures] == ["plugins.engines.closed_form"]
    assert registry.commands and registry.formats


@pytest.mark.parametrize("offer", ["module", "list", "class"])
def test_an_installed_package_may_offer_a_module_a_list_or_a_class(monkeypatch, folder, offer):
    module = plugin_loader._import_file(write(folder / "elsewhere.py", GOOD))
    offered = {"module": module, "list": module.PLUGINS, "class": module.Mine}[offer]

    class Point:
        value = "elsewhere"

        def load(self):
            return offered

    monkeypatch.setattr(metadata, "entry_points", lambda group: [Point()] if group == "mattelier.plugins" else [])
    assert "mine" in load_all().engines


def test_an_installed_package_that_fails_to_load_is_listed(monkeypatch):
    class Point:
        value = "elsewhere:PLUGINS"

        def load(self):
            raise AttributeError("no PLUGINS")

    monkeypatch.setattr(metadata, "entry_points", lambda group: [Point()])
    assert only_failure(load_all()).module == "elsewhere:PLUGINS"


def test_every_call_gives_a_registry_of_its_own():
    first, second = load_all(), load_all()
    first.engines.clear()
    assert second.engines


def test_loading_all_plugins_imports_nothing_slow():
    code = (
        "import sys; from editor.plugin_loader import load_all; load_all();"
        "print([m for m in ('PySide6', 'torch', 'scipy', 'tifffile', 'PIL', 'skimage') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
