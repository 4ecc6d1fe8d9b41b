"""Effects made from what a project says, and what a project says that cannot be made."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

from editor.api import Effect, param
from editor.document.effects import make, margin_px, problems, usable, values_of
from editor.document.layer import EffectUse, Layer, SolidColour
from editor.errors import UserError


@dataclass
class Sample(Effect):
    """One setting of each kind."""

    name: ClassVar[str] = "sample"
    title: ClassVar[str] = "Sample"
    size_px: float = param(16.0, "Size", minimum=2.0, maximum=64.0, unit=" px", scales=True)
    strength: float = param(50.0, "Strength", minimum=0.0, maximum=100.0)
    shape: str = param("round", "Shape", choices=("round", "square"))
    inner: bool = param(False, "Inner")
    colour: tuple[float, float, float] = param((0.0, 0.5, 1.0), "Colour")

    def margin_px(self) -> int:
        """Its size."""
        return round(self.size_px)

    def apply(self, pixels: np.ndarray) -> np.ndarray:
        """Nothing."""
        return pixels


REGISTRY = {"sample": Sample}


def test_what_is_not_said_takes_its_default() -> None:
    assert make(EffectUse("sample", {"strength": 10}), REGISTRY) == Sample(strength=10)


def test_values_come_back_from_json_as_they_were() -> None:
    effect = Sample(size_px=8.5, shape="square", inner=True, colour=(1.0, 0.0, 0.25))
    stored = json.loads(json.dumps(values_of(effect)))
    assert make(EffectUse("sample", stored), REGISTRY) == effect


@pytest.mark.parametrize(
    "values",
    [
        {"strength": 100.5}, {"strength": -1}, {"strength": "much"}, {"strength": float("nan")}, {"strength": True},
        {"strength": None}, {"shape": "star"}, {"shape": 3}, {"inner": 1}, {"colour": (0.0, 0.5)},
        {"colour": (0.0, 0.5, 1.5)}, {"colour": "red"}, {"size_px": float("inf")}, {"size_px": 1.9},
    ],
    ids=str,
)  # fmt: skip
def test_a_value_of_the_wrong_kind_or_range_is_a_sentence_to_the_user(values: dict[str, Any]) -> None:
    with pytest.raises(UserError) as caught:
        make(EffectUse("sample", values), REGISTRY)
    assert caught.value.message and caught.value.hint


def test_lengths_shrink_with_the_level_even_below_their_smallest_setting() -> None:
    effect = make(EffectUse("sample", {"size_px": 16.0, "strength": 80.0}), REGISTRY, level=4)
    assert isinstance(effect, Sample)
    assert (effect.size_px, effect.strength) == (1.0, 80.0)


def test_values_of_a_newer_version_are_left_aside() -> None:
    assert make(EffectUse("sample", {"sparkle": 3}), REGISTRY) == Sample()


def test_an_effect_that_is_not_installed_is_named_and_stays() -> None:
    uses = (EffectUse("sample"), EffectUse("glitter", {"x": 1}), EffectUse("sample", {"strength": 999}))
    layer = Layer("Cat", SolidColour(), effects=uses)
    assert usable(layer, REGISTRY) == (Sample(),)
    words = problems((layer,), REGISTRY)
    assert len(words) == 2 and "glitter" in words[0] and "Cat" in words[0] and "Strength" in words[1]
    assert layer.effects == uses


def test_an_effect_that_is_switched_off_is_not_used() -> None:
    layer = Layer("Cat", SolidColour(), effects=(EffectUse("sample", on=False), EffectUse("sample")))
    unknown = Layer("Dog", SolidColour(), effects=(EffectUse("glitter", on=False),))
    assert problems((layer, unknown), REGISTRY) == []
    chain = usable(layer, REGISTRY)
    assert len(chain) == 1 and margin_px(chain) == 16
