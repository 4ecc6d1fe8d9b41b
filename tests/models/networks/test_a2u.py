"""A2U matting: the oracles, the published keys, the table, work in pieces, training."""

from __future__ import annotations

import pytest
import torch

from models.catalogue.a2u import SPECS
from models.catalogue.spec import ModelSpec
from models.networks import checkpoints
from models.networks.a2u import A2UMatting, published_name
from models.networks.building import build
from models.networks.whole_image import recording
from tests.models.networks import oracles

BY_NAME = {spec.name: spec for spec in SPECS}


def test_the_published_network_agrees_with_the_oracle() -> None:
    network = oracles.fill(A2UMatting(), published_name)
    with torch.no_grad():
        found = network(oracles.seed_input())
    expected = torch.from_numpy(oracles.golden("a2u/dynamic_cs_d_dagger_released/y_seed0_1x4x96x128"))
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=0)


@pytest.mark.parametrize(
    ("name", "listed"), [("a2u", "a2u_published_keys"), ("a2u-dynamic-cw-d", "a2u_channelwise_keys")]
)
def test_names_and_shapes_are_those_of_the_published_weights(name: str, listed: str) -> None:
    expected = {key.removeprefix("module."): tuple(shape) for key, shape in oracles.keys(listed)["keys"]}
    state = build(BY_NAME[name], "meta").state_dict()
    assert {published_name(key): tuple(value.shape) for key, value in state.items()} == expected


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_weights_of_every_row_can_be_told_and_the_authors_names_are_only_where_they_have_some(spec: ModelSpec) -> None:
    found = checkpoints.layouts(spec)
    assert [layout.published for layout in found] in ([True, False], [False])
    own = found[-1]
    assert all(theirs == ours for theirs, ours in own.ours.items()) and set(own.ours) == set(own.shapes)
    theirs_too = spec.options.get("operator") in ("nearest", "bilinear") or spec.options.get("paired", True)
    assert found[0].published == theirs_too
    if not theirs_too:
        assert None in {published_name(name) for name in own.ours}


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_every_row_has_its_count_and_answers_an_alpha(spec: ModelSpec) -> None:
    network = build(spec, "meta")
    assert sum(p.numel() for p in network.parameters()) == spec.parameters
    assert network(torch.empty(2, 4, 32, 48, device="meta")).shape == (2, 1, 32, 48)
    if spec.paper.parameters_m is not None:
        assert sum(p.numel() for p in network.parameters()) / 1e6 == pytest.approx(spec.paper.parameters_m, rel=1e-3)


@pytest.mark.parametrize("k_up", [1, 5])
def test_the_kernel_sizes_of_table_4_3_are_options(k_up: int) -> None:
    with torch.device("meta"):
        network = A2UMatting(paired=False, conditioning="hybrid", encodings=None, k_up=k_up, bias=False, k_encode=5)
    assert network.eval()(torch.empty(1, 4, 32, 32, device="meta")).shape == (1, 1, 32, 32)


@pytest.mark.parametrize("name", ["max", "affinity"])
def test_gradients_reach_every_parameter_in_training(name: str) -> None:
    torch.manual_seed(0)
    network = A2UMatting(name).train()
    network(torch.randn(2, 4, 32, 32)).square().mean().backward()
    assert [n for n, p in network.named_parameters() if p.grad is None or not p.grad.isfinite().all()] == []


def test_a_piece_with_the_whole_photos_summary_answers_as_the_whole_in_its_middle() -> None:
    torch.manual_seed(0)
    network = oracles.fill(A2UMatting(), published_name)
    # The deep stages and wide dilations see beyond any piece that a quick test can afford; the summaries are all here.
    network.encoder.stages = torch.nn.ModuleList(torch.nn.Sequential() for _ in range(3))
    for branch in network.context.dilated:
        branch[0].dilation = branch[0].padding = (1, 1)
    for stage in network.decoder:
        stage.blocks[1] = torch.nn.Identity()
    x = torch.randn(1, 4, 272, 272)
    with torch.no_grad():
        with recording(network):
            whole = network(x)[..., 128:144, 128:144]
        kept = network(x[..., 16:256, 16:256])[..., 112:128, 112:128]
    torch.testing.assert_close(kept, whole, atol=1e-3, rtol=1e-4)
