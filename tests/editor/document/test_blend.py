"""Joining pieces: what must stay exact stays exact, what mixes follows the W3C formulas."""

from __future__ import annotations

import numpy as np
import pytest

from editor.document.blend import Piece, as_float, as_stored, over, straight, to_pixels
from editor.document.layer import BLEND_MODES
from editor.errors import UserError

GENERATOR = np.random.default_rng(11)
DEPTHS = [np.dtype(np.uint8), np.dtype(np.uint16)]


def colours(dtype: np.dtype | type = np.float32, size: tuple[int, int] = (16, 16)) -> np.ndarray:
    """Random colours (h, w, 3)."""
    if dtype == np.float32:
        return GENERATOR.random((*size, 3), np.float32)
    return GENERATOR.integers(0, np.iinfo(dtype).max + 1, (*size, 3)).astype(dtype)


def alphas(size: tuple[int, int] = (16, 16)) -> np.ndarray:
    """Random alpha (h, w) with some of it exactly 0 and exactly 1."""
    return np.clip(GENERATOR.random(size, np.float32) * 1.6 - 0.3, 0, 1)


def by_the_book(mode: str, cb: float, cs: float) -> float:
    """B(cb, cs) of W3C Compositing and Blending Level 1, section 9.1, one number at a time."""
    if mode == "normal":
        return cs
    if mode == "multiply":
        return cb * cs
    if mode == "screen":
        return cb + cs - cb * cs
    if mode == "overlay":
        return 2 * cs * cb if cb <= 0.5 else by_the_book("screen", 2 * cb - 1, cs)
    if cs <= 0.5:
        return cb - (1 - 2 * cs) * cb * (1 - cb)
    lifted = ((16 * cb - 12) * cb + 4) * cb if cb <= 0.25 else cb**0.5
    return cb + (2 * cs - 1) * (lifted - cb)


@pytest.mark.parametrize("mode", BLEND_MODES)
def test_each_mode_follows_the_formula_with_any_alpha_on_both_sides(mode: str) -> None:
    cb, cs, ab, a = colours(), colours(), alphas(), alphas()
    joined = over(Piece(cb, ab), Piece(cs, a), mode)
    assert joined is not None and joined.alpha is not None
    mixed = np.vectorize(by_the_book)(mode, cb.astype(float), cs.astype(float))
    source, total = (1 - ab)[..., None] * cs + ab[..., None] * mixed, a + ab * (1 - a)
    expected = a[..., None] * source + ((1 - a) * ab)[..., None] * cb
    assert np.allclose(joined.alpha, total, atol=1e-6)
    assert np.allclose(joined.colour * joined.alpha[..., None], expected, atol=2e-6)


@pytest.mark.parametrize("mode", BLEND_MODES)
def test_an_opaque_backdrop_gives_what_a_backdrop_with_alpha_one_gives(mode: str) -> None:
    cb, cs, a = colours(), colours(), alphas()
    opaque = over(Piece(cb), Piece(cs, a), mode)
    spelled_out = over(Piece(cb, np.ones_like(a)), Piece(cs, a), mode)
    assert opaque is not None and opaque.alpha is None and spelled_out is not None
    assert np.allclose(opaque.colour, spelled_out.colour, atol=2e-6)


@pytest.mark.parametrize("dtype", DEPTHS, ids=str)
def test_an_opaque_normal_piece_hides_what_lies_below_bit_for_bit(dtype: np.dtype) -> None:
    above = Piece(colours(dtype))
    assert over(Piece(colours(dtype), alphas()), above) is above


@pytest.mark.parametrize("dtype", DEPTHS, ids=str)
@pytest.mark.parametrize("mode", BLEND_MODES)
def test_where_alpha_is_zero_the_pixels_below_are_bit_identical(mode: str, dtype: np.dtype) -> None:
    below, alpha = colours(dtype), alphas()
    joined = over(Piece(below), Piece(colours(dtype), alpha), mode)
    assert joined is not None
    assert np.array_equal(as_stored(joined.colour, dtype)[alpha == 0], below[alpha == 0])


@pytest.mark.parametrize("dtype", DEPTHS, ids=str)
def test_where_alpha_is_one_a_normal_piece_is_bit_identical(dtype: np.dtype) -> None:
    above, alpha = colours(dtype), alphas()
    joined = over(Piece(colours(dtype)), Piece(above, alpha))
    assert joined is not None
    assert np.array_equal(as_stored(joined.colour, dtype)[alpha == 1], above[alpha == 1])


def test_nothing_over_something_is_that_very_thing() -> None:
    piece = Piece(colours(), alphas())
    assert over(piece, None) is piece
    assert over(None, piece, "multiply") is piece
    assert over(None, None) is None


def test_colours_under_an_alpha_of_zero_are_zero_where_two_pieces_meet() -> None:
    empty = np.zeros((16, 16), np.float32)
    joined = over(Piece(colours(), empty), Piece(colours(), empty))
    assert joined is not None and not joined.colour.any()


def test_an_unknown_mode_is_refused_with_the_list_of_modes() -> None:
    with pytest.raises(UserError, match="soft light"):
        over(Piece(colours()), Piece(colours()), "dissolve")


@pytest.mark.parametrize("dtype", DEPTHS, ids=str)
def test_every_stored_value_survives_the_way_through_floats(dtype: np.dtype) -> None:
    values = np.arange(np.iinfo(dtype).max + 1).astype(dtype)
    assert np.array_equal(as_stored(as_float(values), dtype), values)


def test_many_values_become_the_same_floats_as_few() -> None:
    values = np.random.default_rng(3).integers(0, 256, (1100, 700, 3), dtype=np.uint8)
    for view in (values, values[:, ::2], values[..., 1], values[..., ::-1]):
        few = np.stack([as_float(row) for row in view])
        assert np.array_equal(as_float(view), few) and as_float(view).dtype == np.float32


def test_eight_bit_alpha_survives_the_way_through_the_sixteen_bit_mask() -> None:
    values = np.arange(256, dtype=np.uint16)
    assert np.array_equal(as_stored(as_float(values * np.uint16(257)), np.dtype(np.uint8)), values)


def test_dividing_by_alpha_gives_zero_where_nothing_is_there() -> None:
    colour = straight(np.full((1, 2, 3), 0.25, np.float32), np.array([[0.0, 0.5]], np.float32))
    assert colour[0, 0].tolist() == [0, 0, 0] and np.allclose(colour[0, 1], 0.5)


@pytest.mark.parametrize("opacity", [0.01, 0.25, 1.0])
def test_opacity_multiplies_alpha_and_leaves_colours(opacity: float) -> None:
    piece = Piece(colours(np.dtype(np.uint8)))
    pixels = to_pixels(piece.faded(opacity), 16, 16, np.dtype(np.uint8))
    assert np.array_equal(pixels[..., :3], piece.colour)
    assert (pixels[..., 3] == int(255 * opacity + 0.5)).all()


def test_no_piece_at_all_becomes_transparent_black() -> None:
    assert not to_pixels(None, 3, 5, np.dtype(np.uint16)).any()
