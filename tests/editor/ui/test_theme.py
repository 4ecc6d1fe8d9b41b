"""The look: text that can be read in every theme, and every colour from the one table."""

from __future__ import annotations

import re

import pytest

from editor.paths import resource
from editor.ui import theme


@pytest.mark.parametrize("look", theme.THEMES.values(), ids=lambda look: look.name)
def test_all_text_has_a_contrast_of_at_least_four_and_a_half(look):
    weak = {what: round(theme.contrast(text, ground), 2) for what, text, ground in theme.text_pairs(look)}
    assert all(ratio >= 4.5 for ratio in weak.values()), weak


def test_contrast_is_what_the_guideline_defines():
    assert theme.contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert theme.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_the_dark_theme_has_exactly_the_colours_of_the_drawing():
    dark = theme.DARK
    assert (dark.window, dark.panel, dark.field, dark.line) == ("#1e1f22", "#26282c", "#2d3035", "#383b41")
    assert (dark.surround, dark.text, dark.secondary) == ("#17181a", "#e6e7ea", "#9aa0a8")
    assert (dark.accent, dark.selected) == ("#4c9ffe", "#1f3b5c")


def test_the_light_theme_has_exactly_the_colours_of_the_drawing():
    light = theme.LIGHT
    assert (light.window, light.panel, light.field, light.line) == ("#f3f4f5", "#fafafa", "#ffffff", "#d9dbde")
    assert (light.surround, light.text, light.secondary, light.accent) == ("#c9c9c9", "#1d1f22", "#5c636b", "#1f78e0")


@pytest.mark.parametrize("look", theme.THEMES.values(), ids=lambda look: look.name)
def test_the_style_sheet_is_filled_in_completely(look):
    assert "$" not in theme.style_sheet(look)


def test_the_style_sheet_names_no_colour_of_its_own():
    assert re.findall(r"#[0-9a-f]{3,8}\b(?=[^{]*[;}])", resource("style/window.qss").read_text("utf-8")) == []


def test_another_theme_is_worn_at_once(window, pump):
    window.views.wear("light")
    pump.once()
    assert theme.current().name == "light"
    assert window.palette().window().color().name() == theme.LIGHT.window
    window.views.wear("dark")
    assert theme.current().name == "dark"


def test_an_unknown_theme_is_dark(window):
    window.views.wear("mauve")
    assert theme.current().name == "dark"
