"""MobileNetV2 strided and pooled: sizes, channels, borders, and the door through which features are pooled and bent."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from models.networks.backbones.mobilenet_v2 import InvertedResidual, MobileNetV2, scaled
from tests.models.networks import oracles


def picture(channels: int = 3, size: int = 64) -> torch.Tensor:
    return torch.randn(1, channels, size, size, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("pooled", [False, True])
@pytest.mark.parametrize("output_stride", [8, 16, 32])
def test_every_feature_is_as_small_as_its_stride_says(output_stride, pooled):
    with torch.device("meta"):
        network = MobileNetV2(4, output_stride=output_stride, pooled=pooled).eval()

    def halve(number: int, feature: torch.Tensor) -> torch.Tensor:
        return functional.max_pool2d(feature, 2) if number in network.halved_after else feature

    features = network(torch.zeros(1, 4, 64, 64, device="meta"), halve)
    assert [64 // f.shape[-1] for f in features] == list(network.strides)
    assert [f.shape[1] for f in features] == [32, 16, 24, 32, 64, 96, 160, 320] == list(network.channels)
    deepest = network.strides[-1]
    assert deepest == output_stride
    assert bool(network.halved_after) is pooled


def test_all_convolutions_of_the_pooled_network_have_stride_1():
    with torch.device("meta"):
        strided, pooled = MobileNetV2(), MobileNetV2(pooled=True)
    assert {m.stride for m in pooled.modules() if isinstance(m, nn.Conv2d)} == {(1, 1)}
    assert sum(m.stride == (2, 2) for m in strided.modules() if isinstance(m, nn.Conv2d)) == 5


def test_a_halving_left_out_dilates_what_follows_it():
    with torch.device("meta"):
        network = MobileNetV2(output_stride=16)
        pooled = MobileNetV2(output_stride=16, pooled=True)
    assert dilations(network, 6) == [1, 2, 2] and dilations(network, 7) == [2]
    assert dilations(pooled, 6) == [1, 1, 1] and dilations(pooled, 7) == [2]
    assert dilations(network, 5) == dilations(pooled, 5) == [1, 1, 1]


def dilations(network: MobileNetV2, layer: int) -> list[int]:
    return [m.dilation[0] for m in network.layer(layer).modules() if isinstance(m, nn.Conv2d) and m.groups > 1]


def test_the_parameters_are_those_of_the_original_without_its_classifier():
    # The original's 3,504,872 less its last convolution (320 to 1280, with batch norm) and its classifier.
    with torch.device("meta"):
        network = MobileNetV2()
    last, classifier = 320 * 1280 + 2 * 1280, 1280 * 1000 + 1000
    assert sum(p.numel() for p in network.parameters()) == 3_504_872 - last - classifier


def test_the_layers_are_named_and_shaped_as_in_the_published_checkpoint():
    published = {key.removeprefix("module."): shape for key, shape in oracles.keys("indexnet_published_keys")["keys"]}
    with torch.device("meta"):
        own = MobileNetV2(4, pooled=True).state_dict()
    assert {key: list(value.shape) for key, value in own.items()} == {
        key: shape for key, shape in published.items() if key.startswith("layer")
    }


def test_at_the_border_the_filter_meets_the_activated_norm_of_zero():
    block = block_with_drawn_norms()
    x = picture(8, 6)
    expand, norm, _, filter_, norm2, _, project, norm3 = block.conv
    inner = functional.relu6(norm(functional.conv2d(functional.pad(x, (1, 1, 1, 1)), expand.weight)))
    middle = functional.relu6(norm2(functional.conv2d(inner, filter_.weight, groups=48)))
    with torch.no_grad():
        torch.testing.assert_close(block(x), x + norm3(project(middle)))
        assert inner[0, :, 0, 0].abs().max() > 0  # so the padding does show


def test_padding_before_the_filter_gives_it_zeros_at_the_border_and_the_same_within():
    first, later = block_with_drawn_norms(), block_with_drawn_norms(pads_first=False)
    later.load_state_dict(first.state_dict())
    expand, _, _, filter_, *_ = later.conv
    assert (expand.padding, filter_.padding) == ((0, 0), (1, 1))
    with torch.no_grad():
        difference = (first(picture(8, 6)) - later(picture(8, 6))).abs().amax((0, 1))
    assert difference[1:-1, 1:-1].max() < 1e-5 < difference[0].min()


def block_with_drawn_norms(pads_first: bool = True) -> InvertedResidual:
    torch.manual_seed(0)
    block = InvertedResidual(8, 8, 6, pads_first=pads_first)
    for norm in (m for m in block.modules() if isinstance(m, nn.BatchNorm2d)):
        nn.init.normal_(norm.bias)
        nn.init.normal_(norm.running_mean)
    return block.eval()


def test_a_width_multiplies_every_layers_channels():
    with torch.device("meta"):
        network = MobileNetV2(width=1.4)
    assert (
        network.channels == (44, 22, 33, 44, 89, 134, 224, 448) == tuple(scaled(c, 1.4) for c in MobileNetV2().channels)
    )


def test_what_is_made_of_a_feature_is_what_the_next_layer_sees():
    torch.manual_seed(0)
    network = MobileNetV2().eval()
    with torch.no_grad():
        plain = network(picture())
        bent = network(picture(), lambda number, feature: feature * 2 if number == 4 else feature)
    for number in range(5):
        assert torch.equal(plain[number], bent[number])
    assert not torch.allclose(plain[5], bent[5])


def test_gradients_reach_every_weight():
    torch.manual_seed(0)
    network = MobileNetV2(4)
    network(picture(4, 32).repeat(2, 1, 1, 1))[-1].square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


def test_an_output_stride_that_is_none_is_refused():
    with pytest.raises(ValueError, match="no output stride 12"):
        MobileNetV2(output_stride=12)
