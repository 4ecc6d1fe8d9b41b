"""An engine by the name and the settings that were typed, shared by the commands that run one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from difflib import get_close_matches
from typing import Any

from editor.api import Engine, Services, UserError, check_params, params_of


def chosen_engine(name: str | None, settings: Sequence[str], services: Services) -> Engine:
    """The engine called ``name`` (None: the default one) with ``settings``, each ``NAME=VALUE``.

    ``UserError`` for an engine that is not there, and for a setting or a value that it does not take.
    """
    if not services.engines:
        raise UserError("There is no matting engine.", "`mattelier engines` says which could not be loaded.")
    name = name or services.default_engine().name
    if name not in services.engines:
        raise UserError(f"There is no engine {name}.", _nearest(name, services))
    kind = services.engines[name]
    engine = kind(**dict(_setting(kind, text) for text in settings))
    check_params(engine)
    return engine


def passed_over_notes(engine: Engine, services: Services) -> list[str]:
    """What is to be said where an engine that would have come before ``engine`` by itself cannot run here."""
    above = [kind for kind in services.engines.values() if kind.rank > engine.rank and kind.missing()]
    best = max(above, key=lambda kind: kind.rank, default=None)
    if best is None:
        return []
    return [f"{best.title}, which would have been taken, cannot run here, so {engine.title} was: {best.missing()}"]


def _nearest(name: str, services: Services) -> str:
    """What to choose instead: the names that look like it, for a misspelt one, and where the others are told."""
    near = get_close_matches(name.lower(), services.engines, n=3)
    lists = "`mattelier engines` names those that can run, `mattelier models list` every network"
    return f"Did you mean {' or '.join(near)}? {lists}." if near else f"{lists}."


def _setting(kind: type[Engine], text: str) -> tuple[str, Any]:
    """Name and value of ``name=value``, in the type of the setting's default."""
    known = params_of(kind)
    name, equals, value = text.partition("=")
    if not equals or name not in known:
        names = ", ".join(known) or "none"
        raise UserError(f"{text} is no setting of {kind.name}.", f"Write NAME=VALUE; its settings are: {names}.")
    default = next(f.default for f in fields(kind) if f.name == name)  # type: ignore[arg-type]
    try:
        return name, _parsed(value, default)
    except ValueError as error:
        raise UserError(f"{name} cannot be {value}.", f"It is something like {default}.") from error


def _parsed(value: str, default: Any) -> Any:
    """The text as a value of the default's type; ``ValueError`` where it is none."""
    if isinstance(default, bool):
        words = dict.fromkeys(("yes", "true", "on", "1"), True) | dict.fromkeys(("no", "false", "off", "0"), False)
        if value.lower() not in words:
            raise ValueError(value)
        return words[value.lower()]
    if isinstance(default, tuple):
        return tuple(float(part) for part in value.split(","))
    return type(default)(value)
