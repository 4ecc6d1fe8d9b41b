"""Finds the plugins: the package ``plugins``, the user's plugin folder, and installed packages that offer some.

All three come in by the same door: a module with a list ``PLUGINS`` of classes derived from the bases in
``editor.api``. A plugin that cannot be used is listed with the reason and harms nobody.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import logging
import pkgutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

from editor.api import Command, Effect, Engine, FileFormat, ModelShelf, Tool

ENTRY_POINT_GROUP = "mattelier.plugins"
_USER_PREFIX = "mattelier_user_plugin_"
_LOG = logging.getLogger("mattelier.plugins")


@dataclass(frozen=True)
class Failure:
    """A plugin that is not there: its module (or file) and one line that says why."""

    module: str
    error: str

    def __str__(self) -> str:
        """One line for a list."""
        return f"{self.module}: {self.error}"


@dataclass
class Registry:
    """Every plugin by kind and name, in the order found, and what could not be used."""

    engines: dict[str, type[Engine]] = field(default_factory=dict)
    effects: dict[str, type[Effect]] = field(default_factory=dict)
    tools: dict[str, type[Tool]] = field(default_factory=dict)
    formats: dict[str, type[FileFormat]] = field(default_factory=dict)
    commands: dict[str, type[Command]] = field(default_factory=dict)
    shelves: dict[str, type[ModelShelf]] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)

    def add(self, plugin: object, module: str) -> None:
        """Register one class of a module's ``PLUGINS``; a class that will not do becomes a failure."""
        problem = self._try_to_add(plugin)
        if problem:
            self.fail(module, problem)

    def fail(self, module: str, error: str) -> None:
        """List something that cannot be used."""
        self.failures.append(Failure(module, error))
        _LOG.warning("plugin %s: %s", module, error)

    def _try_to_add(self, plugin: object) -> str:
        for base, (shelf, needed) in self._shelves().items():
            if inspect.isclass(plugin) and issubclass(plugin, base):
                problem = _problem_with(plugin, needed, needs_fields=base in (Engine, Effect, Tool))
                if not problem and plugin.name in shelf:
                    other = shelf[plugin.name]
                    problem = f"the name {plugin.name!r} is already taken by {other.__module__}.{other.__name__}"
                if not problem:
                    shelf[plugin.name] = plugin
                return problem
        return f"{plugin!r} is no subclass of Engine, Effect, Tool, FileFormat, Command or ModelShelf"

    def _shelves(self) -> dict[type, tuple[dict[str, Any], tuple[str, ...]]]:
        """For every base class: where its plugins stand, and the attributes without which one cannot be shown."""
        return {
            Engine: (self.engines, ("name", "title")),
            Effect: (self.effects, ("name", "title")),
            Tool: (self.tools, ("name", "title", "icon")),
            FileFormat: (self.formats, ("name", "title", "suffixes")),
            Command: (self.commands, ("name", "help")),
            ModelShelf: (self.shelves, ("name", "title")),
        }


def load_all(user_folder: Path | None = None) -> Registry:
    """A new registry of all plugins: the built-in ones first, so that nobody can displace them by taking their names.

    ``user_folder`` is searched for modules (``name.py``) and packages (``name/__init__.py``); None, or a folder that is
    not there, means none. Never raises for a plugin's fault.
    """
    registry = Registry()
    for name in _built_in_modules(registry):
        _load(registry, name, lambda name=name: importlib.import_module(name))
    for file in _user_files(user_folder):
        _load(registry, str(file), lambda file=file: _import_file(file))
    for point in metadata.entry_points(group=ENTRY_POINT_GROUP):
        _load(registry, point.value, point.load)
    return registry


def _load(registry: Registry, module: str, get: Callable[[], Any]) -> None:
    """Register what ``get()`` offers: a module with ``PLUGINS``, a list of classes, or one class."""
    try:
        found = get()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's module may raise anything while it is imported
        registry.fail(module, f"{type(error).__name__}: {error}")
        _LOG.info("%s cannot be imported", module, exc_info=error)
        return
    if isinstance(found, ModuleType):
        if _is_package_without_plugins(found):
            return
        found = getattr(found, "PLUGINS", None)
    elif inspect.isclass(found):
        found = [found]
    if not isinstance(found, (list, tuple)):
        registry.fail(module, "it has no list PLUGINS")
        return
    for plugin in found:
        registry.add(plugin, module)


def _is_package_without_plugins(module: ModuleType) -> bool:
    """True for a folder that only holds modules; those are walked by themselves."""
    return hasattr(module, "__path__") and not hasattr(module, "PLUGINS") and module.__name__.startswith("plugins.")


def _built_in_modules(registry: Registry) -> Iterator[str]:
    """Dotted names of all modules below the package ``plugins``, found without importing them where possible."""
    package = importlib.import_module("plugins")

    def note(name: str) -> None:
        registry.fail(name, f"{type(sys.exc_info()[1]).__name__}: {sys.exc_info()[1]}")

    for module in pkgutil.walk_packages(package.__path__, "plugins.", onerror=note):
        if not module.name.rpartition(".")[2].startswith("_"):
            yield module.name


def _user_files(folder: Path | None) -> list[Path]:
    """The user's modules and packages, by name; what begins with an underscore or a dot is left alone."""
    if folder is None or not folder.is_dir():
        return []
    modules = [path for path in folder.glob("*.py") if path.name[0] not in "_."]
    packages = [path for path in folder.glob("*/__init__.py") if path.parent.name[0] not in "_."]
    return sorted([*modules, *packages])


def _import_file(file: Path) -> ModuleType:
    """Import a file by its path, afresh, under a name that no other module can have."""
    is_package = file.name == "__init__.py"
    name = _USER_PREFIX + (file.parent.name if is_package else file.stem)
    for old in [module for module in sys.modules if module == name or module.startswith(name + ".")]:
        del sys.modules[old]
    places = [str(file.parent)] if is_package else None
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=places)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is not a Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # before it runs: dataclasses look their module up there
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def _problem_with(plugin: type, needed: tuple[str, ...], needs_fields: bool) -> str:
    """Why the class cannot be used; empty when it can."""
    label = plugin.__name__
    missing = [name for name in needed if not getattr(plugin, name, None)]
    if missing:
        return f"{label} lacks {', '.join(missing)}"
    if not isinstance(plugin.name, str):  # type: ignore[attr-defined]
        return f"the name of {label} is not a word"
    unwritten = sorted(getattr(plugin, "__abstractmethods__", ()))
    if unwritten:
        return f"{label} does not define {', '.join(unwritten)}"
    if needs_fields and not is_dataclass(plugin):
        return f"{label} is not a dataclass"
    return _field_without_default(plugin) if needs_fields else ""


def _field_without_default(plugin: type) -> str:
    for f in fields(plugin):
        if f.init and f.default is MISSING and f.default_factory is MISSING:
            return f"{plugin.__name__}.{f.name} has no default"
    return ""
