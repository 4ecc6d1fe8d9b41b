"""Max pooling and unpooling, by each channel's own maximum and by the strongest channel's."""

from __future__ import annotations

import torch
from torch.nn import functional

from models.networks.upsampling.max_index import holistic_max_pooling, max_pooling, max_unpooling


def feature() -> torch.Tensor:
    return torch.randn(2, 3, 6, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_pooling_undoes_unpooling():
    pooled, places = max_pooling(feature().abs())
    again, same = max_pooling(max_unpooling(pooled, places))
    assert torch.equal(again, pooled) and torch.equal(same, places)


def test_unpooling_puts_each_maximum_back_and_zeros_beside_it():
    x = feature().abs()
    unpooled = max_unpooling(*max_pooling(x))
    kept = unpooled != 0
    assert torch.equal(unpooled[kept], x[kept])
    assert torch.equal(functional.avg_pool2d(kept.double(), 2), torch.full((2, 3, 3, 4), 0.25, dtype=torch.float64))


def test_holistic_pooling_takes_all_channels_where_the_strongest_has_its_maximum():
    x = feature()
    pooled, places = holistic_max_pooling(x)
    assert places.shape == (2, 1, 3, 4)
    region = x[1, :, 2:4, 4:6]
    strongest = int(region.amax(0).argmax())
    assert torch.equal(pooled[1, :, 1, 2], region.flatten(1)[:, strongest])
    assert int(places[1, 0, 1, 2]) == (2 + strongest // 2) * 8 + 4 + strongest % 2


def test_holistic_places_serve_all_channels_in_unpooling():
    x = feature()
    pooled, places = holistic_max_pooling(x)
    unpooled = max_unpooling(pooled, places)
    assert torch.equal(unpooled.flatten(2).gather(2, places.expand_as(pooled).flatten(2)), pooled.flatten(2))
    assert int((unpooled != 0).sum()) == pooled.numel()


def test_gradients_go_through_the_places():
    x = feature()[:1, :, :4, :4].requires_grad_()
    assert torch.autograd.gradcheck(lambda f: max_unpooling(*max_pooling(f)), x)
    assert torch.autograd.gradcheck(lambda f: max_unpooling(*holistic_max_pooling(f)), x)
