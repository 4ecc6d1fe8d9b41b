"""The network that weighs mattes: what it begins as, that it keeps to its mattes, and that it can be cut at will."""

from __future__ import annotations

import pytest
import torch

from models.catalogue.fusion import FUSION
from models.networks.building import build
from models.networks.fusion import STEP, Fusion, ResidualBlock


def small(**settings: object) -> Fusion:
    torch.manual_seed(0)
    return Fusion(**{"widths": (8, 8, 8), "spread": (1, 2), **settings}).eval()


def inputs(height: int = 32, width: int = 48, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand((1, 10, height, width), generator=generator)
    x[:, 3] = torch.tensor([0.0, 128 / 255, 1.0])[torch.randint(0, 3, (1, height, width), generator=generator)]
    return x


def test_an_untrained_network_answers_the_mean_of_the_mattes():
    x = inputs()
    assert torch.allclose(small()(x), x[:, 4:8].mean(dim=1, keepdim=True), atol=1e-6)


def test_the_answer_is_a_weighted_sum_of_the_mattes_and_a_correction():
    network, x = small(), inputs()
    assert network.answer.bias is not None
    with torch.no_grad():
        network.answer.bias[:] = torch.tensor([-0.25, 0.75, -0.25, -0.25, 0.1]) / STEP
    assert torch.allclose(network(x), x[:, 5:6] + 0.1, atol=1e-5)


def test_every_plane_and_every_weight_counts():
    network, x = small(), inputs().requires_grad_()
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.05 * torch.randn_like(weight))
    network(x).square().sum().backward()
    assert x.grad is not None
    seen = x.grad.abs().sum(dim=(0, 2, 3))
    assert all(seen[place] > 0 for place in (0, 1, 2, 4, 5, 6, 7, 8, 9))
    assert all(w.grad is not None and w.grad.abs().sum() > 0 for w in network.parameters())


def test_the_three_marks_of_a_trimap_are_told_apart():
    network = small()
    planes = inputs()
    answers = []
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
        for mark in (0, 128, 255):
            planes[:, 3] = mark / 255
            answers.append(network(planes))
    assert len({round(float(answer.sum()), 3) for answer in answers}) == 3


def test_other_numbers_of_mattes_are_possible():
    x = torch.rand(2, 7, 16, 16)
    assert small(mattes=2, signs=1)(x).shape == (2, 1, 16, 16)


def test_the_blocks_begin_as_doing_nothing_and_what_goes_in_keeps_its_size():
    network, x = small(), torch.randn(1, 8, 9, 9)
    assert all(torch.equal(block(x), x) for block in network.modules() if isinstance(block, ResidualBlock))
    assert 0.5 < float(network.enter_quarter(torch.randn(1, 8, 64, 64)).detach().std()) < 2


@pytest.mark.parametrize("side", [8, 40])
def test_it_answers_at_any_multiple_of_its_stride(side):
    assert side % FUSION.stride == 0
    assert small()(inputs(side, 16)).shape == (1, 1, side, 16)


def test_a_piece_with_its_margin_is_answered_as_in_the_whole():
    network = build(FUSION)
    torch.manual_seed(1)
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.01 * torch.randn_like(weight))
        x = inputs(32, 448)
        whole, piece = network(x), network(x[..., : 224 + FUSION.margin_px])
    assert (whole - x[:, 4:8].mean(1, keepdim=True)).abs().max() > 0.01
    assert (whole[..., :224] - piece[..., :224]).abs().max() < 0.001
