"""EfficientNet-Lite0: its sizes, its weights, and that it may be walked in two halves."""

from __future__ import annotations

import torch

from models.networks.backbones.efficientnet_lite import CHANNELS, EfficientNetLite


def test_five_features_halve_and_have_the_papers_channels():
    with torch.device("meta"):
        features = EfficientNetLite()(torch.zeros(1, 3, 64, 96))
    assert [tuple(f.shape[1:]) for f in features] == [
        (16, 32, 48),
        (24, 16, 24),
        (40, 8, 12),
        (112, 4, 6),
        (320, 2, 3),
    ]
    assert CHANNELS == (16, 24, 40, 112, 320)


def test_the_weights_are_those_of_the_original_without_its_head():
    # Lite0 is published with 4,652,008; its head has 320 x 1280 and its norm's 2 x 1280, its classifier 1281 x 1000.
    with torch.device("meta"):
        network = EfficientNetLite()
    assert sum(p.numel() for p in network.parameters()) == 4_652_008 - 320 * 1280 - 2 * 1280 - 1281 * 1000


def test_the_finer_and_the_coarser_half_answer_what_the_whole_does():
    torch.manual_seed(0)
    network, x = EfficientNetLite().eval(), torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        finer = network.finer(x)
        halves = finer + network.coarser(finer[-1])
        assert all(torch.equal(one, other) for one, other in zip(network(x), halves, strict=True))
