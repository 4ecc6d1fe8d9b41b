"""The reconstruction network against the layout that Index Networks prints in 5.3."""

from __future__ import annotations

import torch
from torch import nn

from models.networks.reconstruction import Reconstruction
from models.networks.upsampling.operators import Pair, make
from models.networks.upsampling.pairing import Operator


def blind(channels: int) -> Operator:
    return Pair(make("average", channels), make("nearest", channels))


def deep(channels: int) -> Operator:
    return make("space-to-depth", channels)


def convolutions(network: nn.Module) -> list[tuple[int, int]]:
    return [(part.in_channels, part.out_channels) for part in network.modules() if isinstance(part, nn.Conv2d)]


def test_the_layers_are_those_of_the_paper():
    network = Reconstruction(blind)
    assert convolutions(network) == [(1, 32), (32, 64), (64, 128), (128, 256), (256, 128), (128, 64), (64, 32), (32, 1)]
    assert all(part.kernel_size == (3, 3) for part in network.modules() if isinstance(part, nn.Conv2d))
    assert sum(isinstance(part, nn.BatchNorm2d) for part in network.modules()) == 7
    assert sum(isinstance(part, nn.ReLU) for part in network.modules()) == 7


def test_the_count_of_parameters_is_that_of_the_layers():
    pairs = [(1, 32), (32, 64), (64, 128), (128, 256), (256, 128), (128, 64), (64, 32)]
    expected = sum(9 * cin * cout + 2 * cout for cin, cout in pairs) + 9 * 32 + 1
    with torch.device("meta"):
        assert sum(weight.numel() for weight in Reconstruction(blind).parameters()) == expected


def test_space_to_depth_leaves_the_layers_their_channels():
    network = Reconstruction(deep)
    assert [cout for _, cout in convolutions(network)] == [32, 64, 128, 256, 128, 64, 32, 1]
    assert [cin for cin, _ in convolutions(network)] == [1, 128, 256, 512, 256, 32, 16, 8]
    assert network(torch.rand(1, 1, 32, 32)).shape == (1, 1, 32, 32)


def test_each_operator_gets_the_stage_of_its_channels():
    asked: list[int] = []

    def made(channels: int) -> Operator:
        asked.append(channels)
        return blind(channels)

    Reconstruction(made)
    assert asked[-3:] == [32, 64, 128]


def test_one_operator_for_all_stages_is_counted_once():
    def shared(channels: int) -> Operator:
        return make("indexed", channels, family="shared", nonlinear=True, context=True)

    each, one = Reconstruction(shared), Reconstruction(shared, one_for_all=True)
    counts = [sum(weight.numel() for weight in network.operators.parameters()) for network in (each, one)]
    assert counts == [3 * 152, 152]
    one(torch.rand(2, 1, 32, 32)).sum().backward()
    assert all(weight.grad is not None for weight in one.parameters())


def test_a_seed_gives_the_layers_the_same_first_weights_whatever_the_operator():
    found = []
    for made in (blind, lambda channels: make("indexed", channels)):
        torch.manual_seed(5)
        found.append(Reconstruction(made).decoder.state_dict())
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])


def test_a_guided_operator_sees_the_feature_that_it_halves_and_the_way_back_uses_it():
    """What the guide of the largest stage holds decides what the last enlargement gives."""
    network = Reconstruction(lambda channels: make("max", channels)).eval()
    x = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    seen = {}
    network.decoder[-1].register_forward_pre_hook(lambda _, inputs: seen.update(enlarged=inputs[0]))
    network.encoder[0].register_forward_hook(lambda _, inputs, output: seen.update(feature=output))
    with torch.no_grad():
        network(x)
    largest = torch.nn.functional.max_pool2d(seen["feature"], 2, return_indices=True)[1]
    elsewhere = seen["enlarged"].flatten(2).scatter(2, largest.flatten(2), 0.0)
    assert seen["enlarged"].abs().sum() > 0
    assert elsewhere.abs().sum() == 0
