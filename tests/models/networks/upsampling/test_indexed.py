"""Indexed pooling and upsampling against their definitions (thesis 3.4)."""

from __future__ import annotations

import torch
from torch.nn import functional

from models.networks.upsampling.indexed import indexed_pooling, indexed_upsampling


def drawn(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_pooling_sums_activations_times_their_indices_over_each_region():
    feature, index_map = drawn(2, 3, 4, 6), drawn(2, 3, 4, 6) * 2
    pooled = indexed_pooling(feature * index_map)
    region = (slice(None), slice(None), slice(2, 4), slice(4, 6))
    torch.testing.assert_close(pooled[:, :, 1, 2], (feature[region] * index_map[region]).sum((2, 3)))


def test_equal_indices_make_pooling_the_average_and_upsampling_the_nearest_neighbour():
    feature = drawn(1, 3, 4, 6)
    torch.testing.assert_close(indexed_pooling(feature * 0.25), functional.avg_pool2d(feature, 2))
    expected = functional.interpolate(feature, scale_factor=2, mode="nearest")
    with torch.no_grad():
        assert torch.equal(indexed_upsampling(feature, torch.ones(1, 3, 8, 12, dtype=torch.float64)), expected)


def test_a_one_hot_index_makes_them_max_pooling_and_unpooling():
    feature = drawn(1, 2, 4, 4)
    pooled, places = functional.max_pool2d(feature, 2, return_indices=True)
    one_hot = functional.max_unpool2d(torch.ones_like(pooled), places, 2)
    torch.testing.assert_close(indexed_pooling(one_hot * feature), pooled)
    torch.testing.assert_close(indexed_upsampling(pooled, one_hot), functional.max_unpool2d(pooled, places, 2))


def test_a_holistic_map_serves_all_channels_and_gradient_mode_changes_no_value():
    x, index_map = drawn(2, 3, 2, 2), drawn(2, 1, 4, 4)
    with torch.no_grad():
        quick = indexed_upsampling(x, index_map)
    assert torch.equal(quick, indexed_upsampling(x, index_map))
    assert torch.equal(quick[:, 1, 3, 2], x[:, 1, 1, 1] * index_map[:, 0, 3, 2])


def test_both_are_differentiable():
    x, index_map = drawn(1, 2, 2, 2).requires_grad_(), drawn(1, 2, 4, 4).requires_grad_()
    assert torch.autograd.gradcheck(indexed_upsampling, (x, index_map))
    assert torch.autograd.gradcheck(
        lambda f, i: indexed_pooling(f * i), (drawn(1, 2, 4, 4).requires_grad_(), index_map)
    )
