"""The IndexNet networks against the oracles, layer by layer, and against Tables 3.3 and 3.4."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from models.catalogue import indexnet as catalogue
from models.networks import checkpoints
from models.networks.building import build
from models.networks.counting import count
from models.networks.indexnet import IndexNet, published_name
from models.networks.indexnet_unet import MaxIndexNet
from models.networks.whole_image import parts_of
from tests.models.networks import oracles

ORACLES = {
    "b11": "indexnet-b11",
    "m2o_nonlinear_context_hiddenC": "indexnet",
    "m2o_nonlinear_context_hidden2C": "indexnet-m2o-nlc",
    "holistic_linear": "indexnet-holistic",
}
SPECS = {spec.name: spec for spec in catalogue.SPECS}
TRAINED = ("indexnet-hmi", "indexnet-b11-carafe", "indexnet-modelwise-nl")


@pytest.fixture(scope="module", params=ORACLES)
def filled(request) -> tuple[str, nn.Module]:
    """Each network of which an oracle is at hand, filled; and the oracle's name."""
    return request.param, oracles.fill(build(SPECS[ORACLES[request.param]]), published_name)


def test_a_filled_network_answers_as_the_authors_does_layer_by_layer(filled):
    name, network = filled
    taps = oracles.keys("indexnet_taps")[name]["taps_seed0"]
    seen: dict[str, torch.Tensor] = {}
    hooks = [
        module.register_forward_hook(lambda _m, _i, answer, tap=tap: seen.update({tap: answer}))
        for tap, module in network.named_modules()
        if tap in taps or f"{tap}[0]" in taps
    ]
    with torch.no_grad():
        answer = network(oracles.seed_input())
    for hook in hooks:
        hook.remove()
    for tap, expected in taps.items():
        place = int(tap[-2]) if tap.endswith("]") else None
        value = seen[tap] if place is None else seen[tap[:-3]][place]
        assert list(value.shape) == expected["shape"], tap
        ours = [value.mean(), value.std(correction=0), value.min(), value.max(), *value.flatten()[:8]]
        theirs = [expected[key] for key in ("mean", "std", "min", "max")] + expected["head"]
        torch.testing.assert_close(torch.stack(ours), torch.tensor(theirs), rtol=1e-5, atol=1e-4, msg=tap)
    golden = torch.from_numpy(oracles.golden(f"indexnet/{name}/y_seed0_1x4x96x128"))
    torch.testing.assert_close(answer, golden, rtol=0, atol=1e-4)


def test_memory_laid_out_in_channels_last_changes_nothing(filled):
    name, network = filled
    golden = torch.from_numpy(oracles.golden(f"indexnet/{name}/y_seed0_1x4x96x128"))
    x = oracles.seed_input().contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        answer = network.to(memory_format=torch.channels_last)(x)
    torch.testing.assert_close(answer, golden, rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", ORACLES)
def test_multiplications_are_as_many_as_the_authors(name):
    known = oracles.keys("indexnet_taps")[name]
    cost = count(build(SPECS[ORACLES[name]], "meta"), 4)
    assert (cost.parameters, cost.macs) == (known["params"], known["macs_224"])


def test_the_published_checkpoint_has_exactly_these_entries_in_this_order():
    known = oracles.keys("indexnet_published_keys")
    own = build(SPECS["indexnet"], "meta").state_dict()
    assert [[f"module.{published_name(key)}", list(value.shape)] for key, value in own.items()] == known["keys"]
    assert len(own) == known["n_keys"] == 549


@pytest.mark.parametrize("name", ["indexnet-b1", "indexnet-b2", "indexnet-b3", "indexnet-b11-carafe"])
def test_a_layout_that_the_authors_code_cannot_write_is_not_taken_for_theirs(name):
    assert [layout.published for layout in checkpoints.layouts(SPECS[name])] == [False]


@pytest.mark.parametrize("name", ["indexnet-b11", "indexnet-hmi", "indexnet-modelwise-nlc", "indexnet-holistic"])
def test_a_layout_that_the_authors_code_writes_is_taken_for_theirs(name):
    assert [layout.published for layout in checkpoints.layouts(SPECS[name])] == [True]


@pytest.mark.parametrize("family", catalogue.ROWS[::3], ids=lambda spec: spec.name)
def test_an_index_network_is_b11_and_its_index_blocks(family):
    b11 = build(SPECS["indexnet-b11"], "meta").state_dict()
    for suffix in ("", "-nlc"):
        own = build(SPECS[family.name + suffix], "meta").state_dict()
        rest = {key: value.shape for key, value in own.items() if not key.startswith("index")}
        assert rest == {key: value.shape for key, value in b11.items()}
        stages = {key.partition(".")[0] for key in own if key.startswith("index")}
        modelwise = family.name == "indexnet-modelwise"
        assert stages == ({"index"} if modelwise else {f"index{number}" for number in (0, 2, 3, 4, 6)})


def test_a_holistic_linear_block_is_a_bare_convolution_in_the_checkpoints():
    own = build(SPECS["indexnet-holistic"], "meta").state_dict()
    assert tuple(own["index0.indexnet.weight"].shape) == (4, 32, 2, 2)


def test_widening_b11_gives_what_the_list_says_instead_of_the_printed_figures():
    spec = SPECS["indexnet-b11-1.4"]
    cost = count(build(spec, "meta"), 4)
    assert f"{cost.parameters / 1e6:.3f}M" in spec.note and f"{cost.paper_gflops:.3f} GFLOPs" in spec.note


@pytest.mark.parametrize("name", [spec.name for spec in catalogue.BASELINES])
def test_every_architecture_answers_one_channel_of_the_pictures_size(name):
    spec = SPECS[name]
    x = torch.zeros(2, spec.channels, 4 * spec.stride, 2 * spec.stride, device="meta")
    with torch.no_grad():
        assert build(spec, "meta")(x).shape == (2, 1, 4 * spec.stride, 2 * spec.stride)


@pytest.mark.parametrize("name", TRAINED)
def test_gradients_reach_every_weight(name):
    torch.manual_seed(0)
    spec = SPECS[name]
    network = build(spec).train()
    network(torch.randn(2, 4, 32, 32)).square().sum().backward()
    without = [key for key, p in network.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert not without


def test_only_the_pyramid_looks_at_the_whole_picture():
    with torch.device("meta"):
        assert len(parts_of(IndexNet())) == 1
        assert not parts_of(IndexNet(pyramid="none"))
        assert not parts_of(MaxIndexNet(fusion="none", context="none"))


def test_one_modelwise_block_looks_at_every_stage():
    with torch.device("meta"):
        network = IndexNet("modelwise")
    assert len({id(network.index_block(number)) for number in (0, 2, 3, 4, 6)}) == 1
