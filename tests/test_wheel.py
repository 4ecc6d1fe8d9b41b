"""The wheel: what is installed is the whole program, with its resources, and finds all its plugins."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from editor import __version__

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built of a copy, so that the checkout stays as it is."""
    tree = tmp_path_factory.mktemp("tree")
    skipped = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in ("editor", "models", "plugins", "resources", "LICENSES"):
        shutil.copytree(ROOT / name, tree / name, ignore=skipped)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree / name)
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    result = subprocess.run([*command, "-w", str(out), str(tree)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """Where an installation puts it: a folder of its own on sys.path, far from the checkout."""
    site = tmp_path_factory.mktemp("site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def run(site: Path, code: str, **variables: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(site), **variables}
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=site.parent, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_it_is_named_after_the_program_and_its_version(wheel):
    assert wheel.name == f"mattelier-{__version__}-py3-none-any.whl"


def test_it_brings_the_command(wheel):
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith("entry_points.txt"))
        assert "mattelier = editor.cli:run" in archive.read(name).decode()


def test_every_module_and_every_resource_is_in_it(wheel):
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    sources = [file for name in ("editor", "models", "plugins") for file in (ROOT / name).rglob("*.py")]
    resources = [
        file for name in ("icons", "style") for file in (ROOT / "resources" / name).rglob("*") if file.is_file()
    ]
    kinds = (".json", ".md", ".safetensors")
    weights = [file for file in (ROOT / "models" / "weights").iterdir() if file.suffix in kinds]
    missing = [file for file in (*sources, *resources, *weights) if file.relative_to(ROOT).as_posix() not in inside]
    assert sources and resources and weights and not missing


def test_nothing_else_is_in_it(wheel):
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.partition("/")[0] for name in archive.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"editor", "models", "plugins", "resources"}


def test_installed_it_finds_its_resources_there(installed):
    code = "from editor import paths; p = paths.resource('icons/app.svg'); print(p.is_file(), p)"
    found, path = run(installed, code).split(" ", 1)
    assert found == "True" and Path(path).is_relative_to(installed.resolve())


def test_installed_it_finds_every_plugin(installed, registry):
    found = "print(len(r.failures), *sorted(r.engines), *sorted(r.formats))"
    code = f"from editor.plugin_loader import load_all; r = load_all(); {found}"
    assert run(installed, code).split() == ["0", *sorted(registry.engines), *sorted(registry.formats)]


def test_installed_the_engines_that_bring_their_weights_can_run(installed, tmp_path):
    code = (
        "from editor.plugin_loader import load_all; r = load_all(); "
        "print(*(r.engines[name].missing() or 'ready' for name in ('fusion', 'pspm-small')), sep='|')"
    )
    assert run(installed, code, MATTELIER_HOME=str(tmp_path)).split("|") == ["ready", "ready"]
