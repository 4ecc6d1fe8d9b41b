"""Colours on their way to the monitor."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QColor, QColorSpace

from editor.api import Document, Photo
from editor.ui.colour_display import ColourDisplay
from tests.editor.ui.canvas_stage import cut, quarters, stage

ADOBE = QColorSpace(QColorSpace.NamedColorSpace.AdobeRgb)
P3 = QColorSpace(QColorSpace.NamedColorSpace.DisplayP3)
SRGB = QColorSpace(QColorSpace.NamedColorSpace.SRgb)


def converted(rgb: tuple[int, int, int], source: QColorSpace, target: QColorSpace) -> tuple[int, int, int]:
    """One colour, as Qt converts a single one."""
    colour = source.transformationToColorSpace(target).map(QColor(*rgb))
    return colour.red(), colour.green(), colour.blue()


def plain(rgb: tuple[int, int, int], dtype: type = np.uint8) -> np.ndarray:
    """A photo of one colour."""
    return np.full((60, 80, 3), rgb, np.uint8).astype(dtype) * (257 if dtype == np.uint16 else 1)


def icc_of(space: QColorSpace) -> bytes:
    """The profile's bytes."""
    return space.iccProfile().data()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("zoom", [0.5, 1.0, 4.0])
def test_a_photo_in_adobe_rgb_is_converted_for_the_screen(dtype: type, zoom: float) -> None:
    rgb = (90, 160, 60)
    with stage(plain(rgb, dtype), icc=icc_of(ADOBE)) as shown:
        shown.canvas.set_zoom(zoom)
        wanted = converted(rgb, ADOBE, SRGB)
        assert np.abs(np.subtract(wanted, rgb)).max() > 15
        assert shown.colour(40, 30) == pytest.approx(wanted, abs=1)


def test_the_documents_pixels_stay_in_the_files_own_space() -> None:
    pixels = plain((90, 160, 60))
    with stage(pixels, icc=icc_of(ADOBE)) as shown:
        shown.picture()
        assert np.array_equal(shown.document.state.subject_layer.content.to_array(), pixels)


def test_a_wide_monitor_gets_other_values_for_the_same_colour() -> None:
    rgb = (200, 40, 40)
    with stage(plain(rgb)) as shown:
        assert shown.colour(40, 30) == rgb
        shown.canvas.set_monitor_colours(P3)
        assert shown.colour(40, 30) == pytest.approx(converted(rgb, SRGB, P3), abs=1)
        shown.canvas.set_monitor_colours(QColorSpace())
        assert shown.colour(40, 30) == rgb


def test_half_transparent_colours_are_converted_as_the_opaque_ones_are() -> None:
    rgb = (90, 160, 60)
    with stage(plain(rgb), icc=icc_of(ADOBE)) as shown:
        cut(shown.document, np.full((60, 80), 128, np.uint8))
        shown.canvas.set_view("black")
        wanted = [part * 128 / 255 for part in converted(rgb, ADOBE, SRGB)]
        assert shown.colour(40, 30) == pytest.approx(wanted, abs=3)


def test_the_matte_is_an_amount_and_is_never_converted() -> None:
    with stage(plain((90, 160, 60)), icc=icc_of(ADOBE)) as shown:
        cut(shown.document, np.full((60, 80), 100, np.uint8))
        shown.canvas.set_view("alpha")
        assert shown.colour(40, 30) == (100, 100, 100)


def test_equal_profiles_leave_the_pixels_alone() -> None:
    display = ColourDisplay()
    display.set_profile(icc_of(SRGB))
    assert not display.needed
    pixels = np.zeros((2, 2, 4), np.uint8)
    assert display.convert(pixels) is pixels


def test_a_profile_that_is_not_for_rgb_or_is_damaged_is_said() -> None:
    with stage() as shown:
        told: list[str] = []
        shown.canvas.colour_note_changed.connect(told.append)
        shown.canvas.set_document(Document.from_photo(Photo(quarters(), icc=b"no profile at all" * 20)))
        assert "sRGB" in told[-1] and shown.canvas.colour_note == told[-1]
        assert shown.colour(50, 50) == (255, 0, 0)
        shown.canvas.set_document(Document.from_photo(Photo(quarters())))
        assert told[-1] == ""
    grey = QColorSpace(QColorSpace.Primaries.SRgb, QColorSpace.TransferFunction.SRgb)
    grey = QColorSpace(grey.whitePoint(), QColorSpace.TransferFunction.SRgb)
    display = ColourDisplay()
    display.set_profile(icc_of(grey))
    assert not display.needed and "not one for RGB" in display.note


def test_the_profiles_name_is_kept_for_the_status_bar() -> None:
    display = ColourDisplay()
    display.set_profile(icc_of(ADOBE))
    assert "Adobe" in display.name and display.note == ""
    display.set_profile(None)
    assert display.name == "sRGB"
