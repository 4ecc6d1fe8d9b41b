"""Colours are chosen in sRGB and kept in the photo's profile; the clipboard gets sRGB."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from editor.document.document import Photo
from editor.document.layer import SolidColour
from editor.ui.edit_commands import as_image, as_photo
from tests.editor.document.icc import ADOBE, P3, SRGB_RED_IN_ADOBE

RED = (1.0, 0.0, 0.0)


@pytest.fixture
def adobe(cut):
    """The window with a cut-out subject on a photo in Adobe RGB."""
    document = cut.desk.document
    document.show(replace(document.state, icc=ADOBE))
    return cut


def background(window):
    return window.desk.document.state.layers[0].content


def test_a_background_of_srgbs_red_is_kept_in_the_photos_profile_and_shown_as_red(adobe, pump):
    adobe.backdrops.put(SolidColour(RED))
    pump.until(lambda: isinstance(background(adobe), SolidColour))
    wanted = pytest.approx(np.array(SRGB_RED_IN_ADOBE) / 255, abs=0.5 / 255)
    assert background(adobe).rgb == wanted
    field = dict(adobe.layer_panel._fill_fields)["rgb"]
    assert field.value() == pytest.approx(RED, abs=1e-3) and field.text() == "#ff0000"


def test_a_colour_that_is_changed_in_the_panel_is_meant_in_srgb_too(adobe, pump):
    adobe.layers.add_colour()
    pump.once()
    field = dict(adobe.layer_panel._fill_fields)["rgb"]
    field.done.emit(RED)
    assert background(adobe).rgb == pytest.approx(np.array(SRGB_RED_IN_ADOBE) / 255, abs=0.5 / 255)
    assert field.text() == "#ff0000"


def test_the_clipboard_is_given_the_colours_of_srgb():
    blue = np.zeros((3, 5, 3), np.uint16)
    blue[..., 2] = 65535
    on_its_way = as_photo(as_image(Photo(blue, icc=P3)))
    assert on_its_way.icc is None
    assert np.abs(on_its_way.pixels.astype(int) - (0, 0, 255)).max() <= 8  # the blue of P3 lies just outside sRGB
