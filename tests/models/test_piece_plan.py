"""Which pieces are chosen."""

from __future__ import annotations

import numpy as np
import pytest

from models.piece_plan import plan_pieces
from tests.models.predictors import ringed_photo


def ring(height: int, width: int) -> np.ndarray:
    return ringed_photo(height, width)[1] == 128


def grid_cost(unknown: np.ndarray, core_px: int, margin_px: int, stride: int) -> int:
    """What a plain grid of cores would read where something is unknown."""
    H, W = unknown.shape
    total = 0
    for top in range(0, H, core_px):
        for left in range(0, W, core_px):
            if unknown[top : top + core_px, left : left + core_px].any():
                rows = min(top + core_px + margin_px, H) - max(top - margin_px, 0)
                columns = min(left + core_px + margin_px, W) - max(left - margin_px, 0)
                total += -(rows // -stride) * -(columns // -stride) * stride * stride
    return total


@pytest.mark.parametrize(("shape", "stride"), [((700, 900), 32), ((333, 1201), 16), ((64, 64), 32), ((5, 9), 32)])
def test_every_unknown_pixel_lies_in_a_core_and_every_core_in_its_piece(shape, stride):
    unknown = ring(*shape)
    covered = np.zeros(shape, bool)
    for piece in plan_pieces(unknown, 48, stride, 300 * 300):
        top, left, bottom, right = piece.core
        covered[top:bottom, left:right] = True
        assert piece.read[0] % stride == 0 == piece.read[1] % stride
        assert all(read <= core for read, core in zip(piece.read[:2], piece.core[:2], strict=True))
        assert all(read >= core for read, core in zip(piece.read[2:], piece.core[2:], strict=True))
    assert (covered | ~unknown).all()


def test_a_core_has_its_margin_wherever_the_photo_does():
    unknown = ring(900, 1100)
    for piece in plan_pieces(unknown, 70, 32, 400 * 400):
        top, left, bottom, right = piece.core
        assert piece.read[0] <= max(0, top - 70) and piece.read[1] <= max(0, left - 70)
        assert piece.read[2] >= min(900, bottom + 70) and piece.read[3] >= min(1100, right + 70)


def test_no_piece_is_larger_than_was_allowed():
    pieces = plan_pieces(ring(1000, 1000), 32, 32, 256 * 256)
    assert len(pieces) > 3 and max(piece.pixels for piece in pieces) <= 256 * 256


def test_a_thin_band_costs_much_less_than_its_photo_and_less_than_any_grid():
    unknown = ring(2400, 1800)
    cost = sum(piece.pixels for piece in plan_pieces(unknown, 48, 32, 600 * 600))
    assert cost < 0.5 * unknown.size
    assert cost < min(grid_cost(unknown, core_px, 48, 32) for core_px in (64, 128, 192, 256, 384, 512))


def test_where_nearly_all_is_unknown_the_whole_photo_is_one_piece_if_it_may_be():
    unknown = np.ones((300, 400), bool)
    unknown[:, 0] = False
    (piece,) = plan_pieces(unknown, 64, 32, 400 * 400)
    assert piece.read == (0, 0, 300, 400)
    assert len(plan_pieces(unknown, 64, 32, 256 * 256)) > 1


def test_where_nothing_is_unknown_there_are_no_pieces():
    assert plan_pieces(np.zeros((50, 50), bool), 64, 32, 10**6) == []


def test_the_cost_grows_with_the_unknown_area_and_not_with_the_photo():
    unknown = ring(800, 800)
    around = np.zeros((2400, 2400), bool)
    around[800:1600, 800:1600] = unknown
    costs = [sum(piece.pixels for piece in plan_pieces(mask, 48, 32, 400 * 400)) for mask in (unknown, around)]
    assert costs[1] <= 1.1 * costs[0]
