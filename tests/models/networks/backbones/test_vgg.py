"""VGG-16: its sizes, its convolutions, and that halving is max pooling."""

from __future__ import annotations

import torch
from torch import nn

from models.networks.backbones.vgg import VGG16


def test_five_stages_halve_and_widen():
    with torch.device("meta"):
        features = VGG16(4)(torch.zeros(1, 4, 64, 96))
    assert [tuple(f.shape[1:]) for f in features] == [
        (64, 64, 96),
        (128, 32, 48),
        (256, 16, 24),
        (512, 8, 12),
        (512, 4, 6),
    ]


def test_the_parameters_are_those_of_the_original_convolutions_and_their_norms():
    # 14,714,688 in the thirteen convolutions with biases; two for each channel of a batch norm.
    with torch.device("meta"):
        network = VGG16()
    assert sum(p.numel() for p in network.parameters()) == 14_714_688 + 2 * 4224
    assert sum(isinstance(m, nn.Conv2d) for m in network.modules()) == 13


def test_each_stage_sees_the_maximum_of_the_one_before():
    torch.manual_seed(0)
    network = VGG16().eval()
    with torch.no_grad():
        features = network(torch.randn(1, 3, 32, 32))
        assert torch.equal(features[2], network.stage(3)(nn.functional.max_pool2d(features[1], 2)))
