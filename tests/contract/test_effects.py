"""Every registered effect keeps the promises of ``editor.api.Effect``, whoever wrote it."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import cv2
import numpy as np
import pytest

from editor.api import Effect, Param, UserError, check_params, params_of
from editor.document.effects import make, values_of
from editor.document.layer import EffectUse
from editor.plugin_loader import load_all

EFFECTS = load_all().effects
SETTINGS = [(name, setting) for name, effect in EFFECTS.items() for setting in params_of(effect)]
TOLERANCE = 1 / 255


def sample(height: int = 180, width: int = 230) -> np.ndarray:
    """(h, w, 4) float32 straight: noise with lights in it, alpha soft and hard, colours where nothing shows."""
    generator = np.random.default_rng(8)
    pixels = generator.random((height, width, 4), np.float32)
    pixels[generator.random((height, width)) > 0.99, :3] = 1.0
    y, x = np.mgrid[:height, :width]
    pixels[..., 3] = np.clip((np.sin(x / 17) + np.cos(y / 23)) * 2 + 0.5, 0, 1)
    return pixels


def seen(pixels: np.ndarray) -> np.ndarray:
    """What is seen of straight pixels: colours times alpha, and alpha."""
    return np.concatenate([pixels[..., :3] * pixels[..., 3:], pixels[..., 3:]], axis=2)


def variants(kind: type[Effect]) -> list[Effect]:
    """The effect as it comes, with short lengths, and with every choice."""
    made = [kind()]
    for name, (field, fact) in params_of(kind).items():
        made += [kind(**{name: choice}) for choice in fact.choices]
        if fact.scales:
            made += [kind(**{name: value}) for value in (fact.minimum or 0, 0.37, field.default / 3) if value >= 0]
    return made


@pytest.mark.parametrize("name", EFFECTS)
def test_it_has_a_name_a_title_and_a_sentence(name: str) -> None:
    kind = EFFECTS[name]
    assert kind.name == name == name.lower() and " " not in name
    assert kind.title and kind.description.endswith(".")


@pytest.mark.parametrize("name", EFFECTS)
def test_its_defaults_are_valid_and_its_form_complete(name: str) -> None:
    check_params(EFFECTS[name]())
    settings = params_of(EFFECTS[name])
    assert set(settings) == {field.name for field in fields(EFFECTS[name])}  # type: ignore[arg-type]
    for field, fact in settings.values():
        assert fact.label[0].isupper()
        assert fact.help.endswith(".")
        number = isinstance(field.default, (int, float)) and not isinstance(field.default, bool)
        assert not number or (fact.minimum is not None and fact.maximum is not None)
        assert not field.name.endswith("_px") or (fact.scales and fact.unit.strip() == "px")


@pytest.mark.parametrize("name", EFFECTS)
def test_a_part_with_its_margin_equals_the_same_place_of_the_whole(name: str) -> None:
    pixels = sample()
    for effect in variants(EFFECTS[name]):
        margin = effect.margin_px()
        padded = cv2.copyMakeBorder(pixels, margin, margin, margin, margin, cv2.BORDER_REFLECT)
        whole = effect.apply(padded)
        for y, x, h, w in ((0, 0, 64, 70), (51, 93, 77, 41), (100, 130, 80, 100)):
            part = effect.apply(padded[y : y + h + 2 * margin, x : x + w + 2 * margin])
            inner = part[margin : margin + h, margin : margin + w]
            there = whole[y + margin : y + margin + h, x + margin : x + margin + w]
            assert np.abs(seen(inner) - seen(there)).max() < TOLERANCE


@pytest.mark.parametrize("name", EFFECTS)
def test_a_large_picture_is_what_its_parts_are(name: str) -> None:
    effect = EFFECTS[name]()
    margin = effect.margin_px()
    pixels = np.tile(sample(), (5, 6, 1))[:, :1300]
    whole = effect.apply(pixels)
    for y, x in ((200, 380), (500, 800)):
        part = effect.apply(pixels[y - margin : y + 90 + margin, x - margin : x + 120 + margin])
        inner = part[margin : margin + 90, margin : margin + 120]
        assert np.abs(seen(inner) - seen(whole[y : y + 90, x : x + 120])).max() < TOLERANCE


@pytest.mark.parametrize("name", EFFECTS)
def test_its_result_has_the_right_shape_type_and_range_and_the_input_is_not_written_to(name: str) -> None:
    pixels = sample()
    before = pixels.copy()
    pixels.flags.writeable = False
    for effect in variants(EFFECTS[name]):
        done = effect.apply(pixels)
        assert done.shape == pixels.shape and done.dtype == np.float32
        assert np.isfinite(done).all() and done.min() >= 0.0 and done.max() <= 1.0
        assert not np.shares_memory(done, pixels)
    assert np.array_equal(pixels, before)


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (1, 1), (1, 40), (33, 1)])
@pytest.mark.parametrize("name", EFFECTS)
def test_empty_and_tiny_pixels_are_fine(name: str, shape: tuple[int, int]) -> None:
    done = EFFECTS[name]().apply(np.full((*shape, 4), 0.5, np.float32))
    assert done.shape == (*shape, 4) and done.dtype == np.float32 and np.isfinite(done).all()


@pytest.mark.parametrize("name", EFFECTS)
def test_hidden_colours_never_show(name: str) -> None:
    pixels = sample()
    pixels[60:120, 50:150, 3] = 0.0
    other = pixels.copy()
    other[pixels[..., 3] == 0.0, :3] = 1.0
    for effect in variants(EFFECTS[name]):
        assert np.abs(seen(effect.apply(pixels)) - seen(effect.apply(other))).max() < 1e-4


@pytest.mark.parametrize("name", EFFECTS)
def test_wholly_transparent_pixels_stay_transparent(name: str) -> None:
    pixels = sample()
    pixels[..., 3] = 0.0
    assert EFFECTS[name]().apply(pixels)[..., 3].max() < 1e-5


@pytest.mark.parametrize(("name", "setting"), SETTINGS)
def test_a_setting_out_of_range_or_of_another_kind_is_a_sentence(name: str, setting: str) -> None:
    field, fact = params_of(EFFECTS[name])[setting]
    for value in wrong_values(field.default, fact):
        with pytest.raises(UserError) as caught:
            make(EffectUse(name, {setting: value}), EFFECTS)
        assert fact.label in caught.value.message


def wrong_values(default: Any, fact: Param) -> list[Any]:
    """Values that must be refused."""
    wrong: list[Any] = [None, object()]
    if fact.choices:
        return [*wrong, "no such choice"]
    if isinstance(default, tuple):
        return [*wrong, (0.0, 0.0), (0.0, 0.0, 1.01), "black"]
    wrong += [float("nan"), "12"]
    if fact.minimum is not None:
        wrong.append(fact.minimum - 0.01)
    if fact.maximum is not None:
        wrong.append(fact.maximum + 0.01)
    return wrong


@pytest.mark.parametrize("name", EFFECTS)
def test_it_survives_a_project_file_and_shrinks_with_the_level(name: str) -> None:
    effect = EFFECTS[name]()
    use = EffectUse(name, json.loads(json.dumps(values_of(effect))))
    assert make(use, EFFECTS) == effect
    assert make(use, EFFECTS, level=3).margin_px() <= effect.margin_px()
