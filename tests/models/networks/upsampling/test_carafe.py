"""CARAFE against a slow computation point by point."""

from __future__ import annotations

import pytest
import torch

from models.networks.upsampling.carafe import Carafe, reassembled


def drawn(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=dtype)


def slowly(x: torch.Tensor, kernels: torch.Tensor, size: int) -> torch.Tensor:
    batch, channels, height, width = x.shape
    out = torch.zeros(batch, channels, 2 * height, 2 * width, dtype=x.dtype)
    for Y in range(2 * height):
        for X in range(2 * width):
            for number in range(size * size):
                y, x_ = Y // 2 - size // 2 + number // size, X // 2 - size // 2 + number % size
                if 0 <= y < height and 0 <= x_ < width:
                    weight = kernels[:, number, (Y % 2) * 2 + X % 2, Y // 2, X // 2]
                    out[:, :, Y, X] += x[:, :, y, x_] * weight[:, None]
    return out


@pytest.mark.parametrize("size", [3, 5])
def test_reassembly_is_the_weighted_sum_of_each_points_neighbourhood(size):
    x, kernels = drawn(2, 3, 4, 5), drawn(2, size * size, 4, 4, 5)
    torch.testing.assert_close(reassembled(x, kernels), slowly(x, kernels, size), rtol=0, atol=1e-5)


def test_an_even_area_stays_even_away_from_the_border():
    torch.manual_seed(0)
    with torch.no_grad():
        enlarged = Carafe(4)(torch.ones(1, 4, 8, 8))
    assert enlarged.shape == (1, 4, 16, 16)
    torch.testing.assert_close(enlarged[:, :, 4:-4, 4:-4], torch.ones(1, 4, 8, 8))


def test_gradients_reach_the_feature_and_the_kernels():
    x = drawn(1, 2, 2, 3, dtype=torch.float64).requires_grad_()
    kernels = drawn(1, 9, 4, 2, 3, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(reassembled, (x, kernels))


def test_the_parameters_of_the_five_stages_are_those_of_the_paper():
    stages = [Carafe(channels) for channels in (160, 64, 32, 24, 32)]
    assert sum(p.numel() for stage in stages for p in stage.parameters()) == 308_788
