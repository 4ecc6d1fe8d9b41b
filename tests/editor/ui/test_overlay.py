"""The trimap's tint: labels that differ by colour and by hatching, outlines, patterns that run on."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from editor.document.document import UNMARKED
from editor.ui.overlay import BACKGROUND, FOREGROUND, UNKNOWN, TintStyle, draw_tint

LABELS = (BACKGROUND, UNKNOWN, FOREGROUND)
FLAT = TintStyle(0.45, outlines=False)


def tinted(labels: np.ndarray, style: TintStyle, ground: int = 110, corner: tuple[int, int] = (0, 0)) -> np.ndarray:
    """Blue, green, red of a grey ground under the tint; the labels' edge goes on beyond it."""
    pixels = np.full((*labels.shape, 4), ground, np.uint8)
    draw_tint(pixels, np.pad(labels, style.margin_px, mode="edge"), corner, style)
    return pixels[:, :, :3]


def whole(label: int) -> np.ndarray:
    """A block of one label."""
    return np.full((256, 256), label, np.uint8)


def as_a_deuteranope_sees(bgr: np.ndarray) -> np.ndarray:
    """(…, 3) linear light with red and green confused (Machado and others 2009, severity 1.0), blue green red."""
    red, green, blue = (0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)
    linear = (bgr[..., ::-1] / 255.0) ** 2.2
    return (linear @ np.array([red, green, blue]).T)[..., ::-1]


def test_what_nobody_has_marked_stays_as_it_is() -> None:
    assert (tinted(whole(UNMARKED), TintStyle(1.0)) == 110).all()


def test_no_tint_at_strength_zero_without_outlines() -> None:
    labels = whole(FOREGROUND)
    labels[:, :100] = BACKGROUND
    assert (tinted(labels, TintStyle(0.0, outlines=False)) == 110).all()


def test_foreground_is_bluish_background_orange_and_unknown_grey() -> None:
    blue, green, red = tinted(whole(FOREGROUND), FLAT).mean(axis=(0, 1))
    assert blue > green > red and blue > 130
    blue, green, red = tinted(whole(BACKGROUND), FLAT).mean(axis=(0, 1))
    assert red > green > blue
    blue, green, red = tinted(whole(UNKNOWN), FLAT).mean(axis=(0, 1))
    assert max(blue, green, red) - min(blue, green, red) < 1.5


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(LABELS, 2)))
def test_two_labels_differ_without_colour_by_their_patterns(one: int, other: int) -> None:
    spectra = []
    for label in (one, other):
        grey = tinted(whole(label), FLAT).astype(float).mean(axis=2)
        power = np.abs(np.fft.fft2(grey - grey.mean()))
        spectra.append(power / np.linalg.norm(power))
    assert (spectra[0] * spectra[1]).sum() < 0.5


@pytest.mark.parametrize("ground", [10, 110, 245])
def test_the_hatching_of_unknown_shows_on_dark_and_on_light_ground(ground: int) -> None:
    grey = tinted(whole(UNKNOWN), FLAT, ground).astype(float).mean(axis=2)
    assert np.ptp(grey) > 40


def test_the_two_colours_stay_apart_for_the_colour_blind() -> None:
    seen = [as_a_deuteranope_sees(tinted(whole(label), FLAT).mean(axis=(0, 1))) for label in (FOREGROUND, BACKGROUND)]
    assert np.linalg.norm(seen[0] - seen[1]) > 0.1


def test_stripes_of_unknown_rise_and_lines_of_background_fall() -> None:
    for label, step in ((UNKNOWN, -1), (BACKGROUND, 1)):
        grey = tinted(whole(label), FLAT).astype(float).mean(axis=2)
        along = np.roll(grey, (1, step), (0, 1))[20:-20, 20:-20] - grey[20:-20, 20:-20]
        across = np.roll(grey, (1, -step), (0, 1))[20:-20, 20:-20] - grey[20:-20, 20:-20]
        assert np.abs(along).mean() < 0.3 * np.abs(across).mean()


@pytest.mark.parametrize("unit", [1.0, 1.25, 1.5, 2.0])
@pytest.mark.parametrize("label", LABELS)
def test_patterns_run_on_from_piece_to_piece(label: int, unit: float) -> None:
    style = TintStyle(0.45, unit, outlines=False)
    left = tinted(whole(label), style, corner=(1024, 512))
    right = tinted(whole(label), style, corner=(1024 + 100, 512 + 31))
    assert np.array_equal(left[31:, 100:], right[:-31, :-100])


def test_a_boundary_has_an_outline_in_its_labels_colour_and_none_runs_along_the_photos_edge() -> None:
    labels = whole(UNMARKED)
    labels[:, 128:] = FOREGROUND
    lines = TintStyle(0.0)
    drawn = tinted(labels, lines).astype(int)
    changed = np.flatnonzero((drawn != 110).any(axis=2)[100])
    assert 2 <= changed.size <= 6 and abs(changed.mean() - 128.5) < 2.5
    strongest = drawn[100, 129]
    assert strongest[0] > 200 and strongest[2] < 100
    assert (tinted(whole(FOREGROUND), lines) == 110).all()


def test_outlines_join_where_two_pieces_meet() -> None:
    style = TintStyle(0.45)
    y, x = np.mgrid[:300, :300]
    labels = np.where(np.hypot(x - 150, y - 150) < 90, FOREGROUND, BACKGROUND).astype(np.uint8)
    m = style.margin_px
    padded = np.pad(labels, m, mode="edge")

    def piece(left: int, top: int, width: int, height: int) -> np.ndarray:
        pixels = np.full((height, width, 4), 110, np.uint8)
        draw_tint(pixels, padded[top : top + height + 2 * m, left : left + width + 2 * m], (left, top), style)
        return pixels

    large = piece(20, 20, 256, 256)
    assert np.array_equal(large[:, 120:], piece(140, 20, 136, 256))
    assert np.array_equal(large[77:], piece(20, 97, 256, 179))


def test_more_strength_covers_more() -> None:
    styles = [TintStyle(strength, outlines=False) for strength in (0.2, 0.5, 0.9)]
    blues = [tinted(whole(FOREGROUND), style)[:, :, 0].mean() for style in styles]
    assert blues[0] < blues[1] < blues[2]
