"""PSPM's networks: what they cost, what they answer, what they learn from, and what they are told."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from models.catalogue import pspm as catalogue
from models.networks.building import build
from models.networks.counting import count
from models.networks.pspm import AttentionGuided, Cascade, EverythingUnknown, FeatureFusion, LateInteraction
from models.networks.pspm_trimap import decided, probabilities
from models.networks.whole_image import forget, recording

SPECS = {spec.name: spec for spec in catalogue.SPECS if spec.paper.table}
"""The thesis's rows: not our own small one."""
FITTED = {
    "pspm-a1": (8.154, 6.299), "pspm-a2": (8.154, 6.299), "pspm-b": (13.965, 10.976), "pspm-b1": (13.965, 10.976),
    "pspm-b2": (13.966, 11.003), "pspm-b3": (6.741, 6.757), "pspm-b4": (6.947, 6.794), "pspm-b5": (5.900, 6.527),
    "pspm-b5-fm": (5.955, 6.527), "pspm-psp-b": (13.393, 7.292), "pspm-psp-b1": (13.393, 7.292),
    "pspm-psp-b5": (5.328, 2.843),
}  # fmt: skip
"""Millions of parameters and GFLOPs of the layouts that were fitted to the thesis, to the last digit noted of them."""


def made(network: torch.nn.Module, seed: int = 0) -> torch.nn.Module:
    """The network in evaluation mode, with weights that keep a signal alive through all of its layers."""
    torch.manual_seed(seed)
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight)
    return network.eval()


def picture(height: int, width: int, seed: int = 0, batch: int = 1) -> torch.Tensor:
    return torch.randn(batch, 3, height, width, generator=torch.Generator().manual_seed(seed))


def classes_of(height: int, width: int) -> torch.Tensor:
    """Background at the left, unknown in the middle, foreground at the right, as 0 and 1."""
    labels = torch.arange(width).mul(3).div(width, rounding_mode="floor").expand(1, height, width)
    return functional.one_hot(labels, 3).permute(0, 3, 1, 2).float()


@pytest.fixture(scope="module")
def networks() -> dict[str, torch.nn.Module]:
    """One of each kind, built once."""
    torch.manual_seed(1)
    return {
        "b": made(Cascade(trimap="decided")),
        "b1": made(Cascade(trimap="summed")),
        "b2": made(Cascade("pspnet", "classes")),
        "b3": made(LateInteraction()),
        "b4": made(FeatureFusion()),
        "b5": made(AttentionGuided()),
        "b5-fm": made(AttentionGuided(modulated=True)),
        "psp-b5": made(AttentionGuided("pspnet")),
    }


@pytest.mark.parametrize("name", SPECS)
def test_it_costs_what_the_thesis_prints_and_just_what_its_layout_costs(name):
    spec = SPECS[name]
    cost = count(build(spec, "meta"), spec.channels)
    assert cost.parameters / 1e6 == pytest.approx(spec.paper.parameters_m, rel=spec.tolerance)
    if spec.paper.gflops is not None:
        assert cost.paper_gflops == pytest.approx(spec.paper.gflops, rel=spec.tolerance)
    assert (round(cost.parameters / 1e6, 3), round(cost.paper_gflops, 3)) == FITTED[name]
    assert spec.parameters in (None, cost.parameters)


def test_all_twelve_stand_in_the_catalogue_and_only_those_that_segment_find_a_trimap():
    assert list(SPECS) == list(FITTED)
    assert {name for name, spec in SPECS.items() if not spec.finds_trimap} == {"pspm-a1", "pspm-a2"}
    assert {name for name, spec in SPECS.items() if spec.channels == 4} == {"pspm-a1"}
    assert all("fits its counts" in SPECS[name].note for name in ("pspm-b3", "pspm-b4", "pspm-b5"))


@pytest.mark.parametrize(("name", "stride"), [("b2", 32), ("b3", 16), ("b4", 16), ("b5-fm", 16), ("psp-b5", 16)])
def test_sides_may_be_odd_multiples_of_the_stride(networks, name, stride):
    assert SPECS[f"pspm-{name}"].stride == stride
    height, width = stride, 3 * stride
    with torch.no_grad():
        logits, alpha = networks[name](picture(height, width, batch=2))
        (guided,) = networks[name](torch.cat((picture(height, width), classes_of(height, width)), dim=1))
    assert logits.shape == (2, 3, height, width)
    assert alpha.shape == (2, 1, height, width)
    assert guided.shape == (1, 1, height, width)


@pytest.mark.parametrize("name", ["b", "b1", "b2", "b3", "b4", "b5", "b5-fm", "psp-b5"])
def test_answers_are_numbers_and_depend_on_the_picture(networks, name):
    with torch.no_grad():
        one, other = networks[name](picture(32, 32)), networks[name](picture(32, 32, seed=1))
    for answer, another in zip(one, other, strict=True):
        assert torch.isfinite(answer).all()
        assert not torch.allclose(answer, another)


@pytest.mark.parametrize(("name", "looks"), [("b", True), ("b2", True), ("b3", False), ("b4", True), ("psp-b5", True)])
def test_what_is_known_beforehand_decides_alpha_in_all_but_the_late_interaction(networks, name, looks):
    known = classes_of(32, 64)
    with torch.no_grad():
        (one,) = networks[name](torch.cat((picture(32, 64), known), dim=1))
        (other,) = networks[name](torch.cat((picture(32, 64), known.flip(1)), dim=1))
    assert torch.equal(one, other) != looks


@pytest.mark.parametrize("name", ["b", "b1", "b2"])
def test_a_cascade_that_is_told_what_it_would_have_found_answers_the_same_alpha(networks, name):
    x = picture(32, 64)
    with torch.no_grad():
        logits, alpha = networks[name](x)
        found = probabilities(logits)
        (told,) = networks[name](torch.cat((x, decided(found) if name == "b" else found), dim=1))
    assert torch.equal(told, alpha)


def learned_by(network: torch.nn.Module) -> dict[str, bool]:
    """Of each parameter, whether it gets a gradient from the error of alpha."""
    network.zero_grad()
    _, alpha = network(picture(32, 32, batch=2))
    (alpha - 0.3).square().mean().backward()
    return {
        name: parameter.grad is not None and bool(parameter.grad.abs().max() > 0)
        for name, parameter in network.named_parameters()
    }


def test_the_error_of_alpha_teaches_the_segmentation_through_a_summed_trimap_but_not_through_a_decided_one(networks):
    assert set(learned_by(networks["b1"]).values()) == {True}
    assert set(learned_by(networks["b2"]).values()) == {True}
    alone = learned_by(networks["b"])
    assert {learns for key, learns in alone.items() if key.startswith("segmentation.")} == {False}
    assert {learns for key, learns in alone.items() if key.startswith("matting.")} == {True}


@pytest.mark.parametrize("name", ["b4", "b5-fm", "psp-b5"])
def test_in_a_shared_network_alpha_teaches_the_encoder_and_both_decoders(networks, name):
    learning = learned_by(networks[name])
    for part in ("encoder.backbone.", "seg_decoder.", "mat_decoder."):
        assert {learning[key] for key in learning if key.startswith(part)} == {True}
    if name == "b5-fm":
        assert all(learning[f"encoder.modulation.{layer}.excite.bias"] for layer in range(8))


def test_in_the_late_interaction_the_decoders_meet_only_in_the_loss(networks):
    learning = learned_by(networks["b3"])
    assert {learns for key, learns in learning.items() if key.startswith("seg_decoder.")} == {False}
    assert {learns for key, learns in learning.items() if not key.startswith("seg_decoder.")} == {True}


def test_the_segmentations_own_error_reaches_every_layer_of_it(networks):
    for name in ("b1", "b5", "psp-b5"):
        network = networks[name]
        network.zero_grad()
        logits, _ = network(picture(32, 32, batch=2))
        functional.cross_entropy(logits, torch.randint(3, (2, 32, 32))).backward()
        prefix = "segmentation." if name == "b1" else "seg_decoder."
        gradients = [p.grad for key, p in network.named_parameters() if key.startswith(prefix)]
        assert all(gradient is not None and gradient.abs().max() > 0 for gradient in gradients)


def test_without_a_trimap_indexnet_is_told_that_all_is_unknown():
    network = made(EverythingUnknown())
    x = picture(32, 64)
    with torch.no_grad():
        expected = network.matting(torch.cat((x, torch.full((1, 1, 32, 64), 128 / 255)), dim=1))
        assert torch.equal(network(x), expected)


def test_pieces_of_a_remembered_whole_keep_the_modulation_of_the_whole(networks):
    network, whole = networks["b5-fm"], picture(64, 96)
    piece = torch.cat((whole[..., :32, :32], classes_of(32, 32)), dim=1)
    with torch.no_grad():
        (alone,) = network(piece)
        with recording(network):
            _, before = network(whole)
        try:
            (within,) = network(piece)
            assert torch.equal(network(whole)[1], before)
        finally:
            forget(network)
        (again,) = network(piece)
    assert not torch.allclose(alone, within)
    assert torch.equal(alone, again)


@pytest.mark.parametrize(
    ("make", "words"),
    [(lambda: Cascade(trimap="guessed"), "passed on guessed"), (lambda: LateInteraction("unet"), "branch unet")],
)
def test_what_there_is_not_is_named_with_what_there_is(make, words):
    with torch.device("meta"), pytest.raises(ValueError, match=words) as caught:
        make()
    assert "Choose" in str(caught.value)
