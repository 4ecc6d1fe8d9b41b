"""From what a layer wears (a name and values, as a project keeps them) to effects that can be applied.

This package must not know the plugin interface, so effects are met here by their shape (:class:`PixelEffect`) and
their settings by the facts that ``editor.api.param`` leaves in each field's metadata.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, ClassVar, Protocol, TypeAlias

import numpy as np

from editor.document.layer import EffectUse, Layer
from editor.errors import UserError


class PixelEffect(Protocol):
    """What is needed of an effect here; ``editor.api.Effect`` has it."""

    title: ClassVar[str]
    slow: ClassVar[bool]

    def margin_px(self) -> int:
        """How far beyond a rectangle's edge the effect looks."""
        ...

    def apply(self, pixels: np.ndarray) -> np.ndarray:
        """The changed (h, w, 4) float32 straight pixels in [0, 1]."""
        ...


EffectTypes: TypeAlias = Mapping[str, type[Any]]
"""Effect classes by registered name."""


def make(use: EffectUse, registry: EffectTypes, level: int = 0) -> PixelEffect:
    """The effect that ``use`` names, with its values, lengths in pixels divided by ``2 ** level``.

    Values that the effect does not know are left aside (a newer version may have written them). Raises ``UserError``
    for an effect that is not installed and for a value of the wrong type or out of range.
    """
    if use.name not in registry:
        raise UserError(
            f"The effect {use.name!r} is not installed.",
            "It stays in the project; install its plugin to see it, or remove it from the layer.",
        )
    kind = registry[use.name]
    facts = {field.name: field for field in fields(kind) if "param" in field.metadata}
    values = {name: _as_given(value) for name, value in use.values.items() if name in facts}
    for name, value in values.items():
        check_value(value, facts[name].default, facts[name].metadata["param"])
    effect = kind(**values)
    return effect if level == 0 else _scaled(effect, level)


def usable(layer: Layer, registry: EffectTypes, level: int = 0) -> tuple[PixelEffect, ...]:
    """The layer's effects that are on and can be made, in order; the others stay with the layer and are passed over."""
    made = []
    for use in layer.effects:
        if use.on:
            try:
                made.append(make(use, registry, level))
            except UserError:
                continue
    return tuple(made)


def problems(layers: tuple[Layer, ...], registry: EffectTypes) -> list[str]:
    """A sentence for each effect that is on and cannot be drawn: what :func:`usable` passes over without a word."""
    found = []
    for layer in layers:
        for use in layer.effects:
            try:
                if use.on:
                    make(use, registry)
            except UserError as error:
                found.append(f"{layer.name}: {error}")
    return found


def margin_px(chain: tuple[PixelEffect, ...]) -> int:
    """How far the effects of a layer look, one after the other."""
    return sum(effect.margin_px() for effect in chain)


def values_of(effect: Any) -> dict[str, Any]:
    """The settings of an effect as plain values, for an :class:`EffectUse`."""
    return {f.name: getattr(effect, f.name) for f in fields(effect) if "param" in f.metadata}


def _scaled(effect: Any, level: int) -> Any:
    """A copy with its lengths shrunk; not checked again, since a length may now lie below its smallest setting."""
    smaller = copy.copy(effect)
    for field in fields(effect):
        fact = field.metadata.get("param")
        if fact is not None and fact.scales:
            object.__setattr__(smaller, field.name, getattr(effect, field.name) / 2**level)
    return smaller


def _as_given(value: Any) -> Any:
    """Colours come from JSON as lists."""
    return tuple(value) if isinstance(value, list) else value


def check_value(value: Any, default: Any, fact: Any) -> None:
    """Raise ``UserError`` unless a value is of its default's kind and allowed by ``fact``, an ``api.Param``."""
    if not _same_kind(value, default):
        raise UserError(f"{fact.label} cannot be {value!r}.", f"It must be of the kind of {default!r}.")
    if fact.choices and value not in fact.choices:
        raise UserError(f"{fact.label} cannot be {value!r}.", f"Choose one of {', '.join(fact.choices)}.")
    low = -math.inf if fact.minimum is None else fact.minimum
    high = math.inf if fact.maximum is None else fact.maximum
    if _is_number(default) and not low <= value <= high:
        bound = f"at least {low:g}" if value < low else f"at most {high:g}"
        raise UserError(f"{fact.label} is {value:g}{fact.unit}.", f"It must be {bound}{fact.unit}.")


def _same_kind(value: Any, default: Any) -> bool:
    """Number for number (never NaN), switch for switch, words for words, a colour in [0, 1] for a colour."""
    if _is_number(default):
        return _is_number(value) and math.isfinite(value)
    if isinstance(default, tuple):
        return isinstance(value, tuple) and len(value) == len(default) and all(_is_part(part) for part in value)
    return isinstance(value, type(default))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_part(value: Any) -> bool:
    """One part of a colour."""
    return _is_number(value) and 0.0 <= value <= 1.0
