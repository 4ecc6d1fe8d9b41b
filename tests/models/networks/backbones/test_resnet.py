"""A2U's encoder: its norm, its blocks, its features."""

from __future__ import annotations

import pytest
import torch

from models.networks.backbones.resnet import ActivatedBatchNorm, Encoder
from models.networks.upsampling.operators import make


def test_the_norm_counts_its_weight_without_the_sign_and_leaks() -> None:
    norm = ActivatedBatchNorm(2).eval()
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([-2.0, 0.5]))
        norm.bias.copy_(torch.tensor([0.1, -0.3]))
        norm.running_mean.copy_(torch.tensor([1.0, 0.0]))
        norm.running_var.copy_(torch.tensor([4.0, 0.25]))
    x = torch.randn(1, 2, 3, 3)
    y = (x - torch.tensor([1.0, 0.0])[:, None, None]) / torch.tensor([4 + 1e-5, 0.25 + 1e-5]).sqrt()[:, None, None]
    y = y * torch.tensor([2 + 1e-5, 0.5 + 1e-5])[:, None, None] + torch.tensor([0.1, -0.3])[:, None, None]
    torch.testing.assert_close(norm(x), torch.where(y > 0, y, 0.01 * y))


def test_the_norm_learns_and_keeps_statistics_in_training() -> None:
    norm = ActivatedBatchNorm(2).double().train()
    x = torch.randn(2, 2, 3, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(norm, (x,))
    assert norm.running_mean.abs().sum() > 0
    norm(x).sum().backward()
    assert norm.weight.grad is not None and norm.bias.grad is not None


@pytest.mark.parametrize("paired", [None, "max", "affinity"])
def test_features_stand_at_a_half_to_a_sixteenth(paired: str | None) -> None:
    with torch.device("meta"):
        encoder = Encoder(4, (lambda channels: make(paired, channels)) if paired else None)
        features, ways = encoder(torch.empty(1, 4, 64, 96))
    assert [tuple(f.shape[1:]) for f in features] == [(64, 32, 48), (64, 16, 24), (128, 8, 12), (256, 4, 6)]
    assert len(ways) == (4 if paired else 0)
