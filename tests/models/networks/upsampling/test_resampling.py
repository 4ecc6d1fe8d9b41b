"""The plain operators, and all operators through their one interface."""

from __future__ import annotations

import pytest
import torch

from models.networks.upsampling.operators import OPERATORS, Pair, make
from models.networks.upsampling.pairing import Guide

X = torch.randn(2, 8, 12, 16, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", OPERATORS)
def test_every_operator_keeps_to_the_interface(name: str) -> None:
    operator = make(name, 8)
    guide = operator.guide(X)
    deep = 8 * operator.widens
    if operator.shrinks:
        assert operator.shrink(X, guide).shape == (2, deep, 6, 8)
    if operator.enlarges:
        small = torch.randn(2, deep, 6, 8, requires_grad=True)
        large = operator.enlarge(small, guide)
        assert large.shape == X.shape
        large.square().sum().backward()
        assert small.grad is not None and small.grad.abs().sum() > 0


def test_nearest_and_bilinear_are_what_they_are_called() -> None:
    x = torch.tensor([[[[0.0, 4.0]]]])
    assert make("nearest", 1).enlarge(x, Guide())[0, 0].tolist() == [[0, 0, 4, 4]] * 2
    assert make("bilinear", 1).enlarge(x, Guide())[0, 0].tolist() == [[0, 1, 3, 4]] * 2


def test_space_to_depth_loses_nothing() -> None:
    operator = make("space-to-depth", 8)
    assert torch.equal(operator.enlarge(operator.shrink(X, Guide()), Guide()), X)


def test_max_unpooling_puts_each_largest_value_back_to_its_place() -> None:
    operator = make("max", 8)
    guide = operator.guide(X)
    small = operator.shrink(X, guide)
    assert torch.equal(small, torch.nn.functional.max_pool2d(X, 2))
    back = operator.enlarge(small, guide)
    assert torch.equal(back[back != 0], X[back != 0])
    assert (back != 0).sum() == small.numel()


def test_indexed_upsampling_is_nearest_times_the_decoders_indices() -> None:
    operator = make("indexed", 8, family="holistic", nonlinear=True, context=True)
    guide = operator.guide(X)
    assert guide.down is not None and guide.up is not None
    small = operator.shrink(X, guide)
    torch.testing.assert_close(small, 4 * torch.nn.functional.avg_pool2d(X * guide.down, 2))
    torch.testing.assert_close(
        operator.enlarge(small, guide), small.repeat_interleave(2, 2).repeat_interleave(2, 3) * guide.up
    )


def test_a_pair_shrinks_by_the_one_and_enlarges_by_the_other() -> None:
    pair = Pair(make("max", 8), make("affinity", 8, paired=False))
    guide = pair.guide(X)
    small = pair.shrink(X, guide)
    assert torch.equal(small, torch.nn.functional.max_pool2d(X, 2))
    assert torch.equal(pair.enlarge(small, guide), pair.up.enlarge(small, pair.up.guide(X)))


def test_halves_that_do_not_fit_make_no_pair() -> None:
    with pytest.raises(ValueError, match="no pair"):
        Pair(make("nearest", 8), make("nearest", 8))
    with pytest.raises(ValueError, match="no pair"):
        Pair(make("space-to-depth", 8), make("nearest", 8))


def test_a_wrong_name_or_setting_gets_a_sentence() -> None:
    with pytest.raises(ValueError, match="no operator bicubic"):
        make("bicubic", 8)
    with pytest.raises(ValueError, match="other settings"):
        make("nearest", 8, k_up=3)


def test_an_operator_without_its_guide_says_so() -> None:
    for name in ("max", "indexed", "affinity"):
        with pytest.raises(ValueError):
            make(name, 8).enlarge(X, Guide())
