"""Rates follow the papers' schedules; backbones are slow; norms keep still; weights are taken where they fit."""

from __future__ import annotations

import math

import pytest
import torch
from safetensors.torch import save_file

from models.training.optimising import hold_still, make_optimiser, rate_share, set_rate, slope_norm, to_training
from models.training.starting import fresh_network, part_of, take_weights


def test_drops_divide_by_ten_from_their_steps_on(recipe_of):
    recipe = recipe_of(schedule="drops", drops=(3, 5))
    assert [rate_share(recipe, step) for step in (0, 2, 3, 4, 5, 7)] == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])


def test_poly_is_renewed_every_so_many_steps(recipe_of):
    recipe = recipe_of(schedule="poly", steps=100, every=20)
    assert rate_share(recipe, 0) == rate_share(recipe, 19) == 1
    assert rate_share(recipe, 59) == pytest.approx((1 - 40 / 100) ** 0.9)
    assert rate_share(recipe, 100) == 0


def test_cosine_rises_first_and_ends_at_nothing(recipe_of):
    recipe = recipe_of(schedule="cosine", steps=110, warmup=10)
    assert [rate_share(recipe, step) for step in (0, 4, 9)] == pytest.approx([0.1, 0.5, 1.0])
    assert rate_share(recipe, 35) == pytest.approx((1 + math.cos(math.pi / 4)) / 2)
    assert rate_share(recipe, 110) == pytest.approx(0)
    assert rate_share(recipe_of(schedule="constant"), 5) == 1


@pytest.mark.parametrize(("name", "kind"), [("adam", "Adam"), ("adamw", "AdamW"), ("sgd", "SGD")])
def test_the_backbone_has_its_share_of_the_rate(recipe_of, name, kind):
    recipe = recipe_of(optimiser=name, backbone=("encoder.",), backbone_rate=0.01, schedule="constant")
    optimiser = make_optimiser(recipe, fresh_network(recipe)[0])
    assert type(optimiser).__name__ == kind
    assert set_rate(optimiser, recipe, 0) == 0.01
    assert [group["lr"] for group in optimiser.param_groups] == pytest.approx([0.01, 0.0001])
    assert [len(group["params"]) for group in optimiser.param_groups] == [2, 4]


def test_fixed_norms_keep_statistics_and_weights_while_the_rest_trains(recipe_of):
    recipe = recipe_of(fixed_norms=True, backbone=("encoder.",))
    network, _ = fresh_network(recipe)
    hold_still(recipe, network)
    to_training(recipe, network)
    norm = network.encoder[1]
    assert network.training and network.drop.training and not norm.training
    assert not norm.weight.requires_grad and network.encoder[0].weight.requires_grad
    network(torch.rand(2, 4, 8, 8)).sum().backward()
    assert not norm.running_mean.any() and norm.weight.grad is None


def test_frozen_modules_neither_learn_nor_count(recipe_of):
    recipe = recipe_of(frozen=("encoder.",))
    network, _ = fresh_network(recipe)
    hold_still(recipe, network)
    to_training(recipe, network)
    assert not network.encoder[1].training
    assert sum(len(group["params"]) for group in make_optimiser(recipe, network).param_groups) == 2
    everything = recipe_of(frozen=("",))
    hold_still(everything, network)
    with pytest.raises(ValueError, match="All weights of the network are frozen"):
        make_optimiser(everything, network)


def test_the_norm_of_slopes_is_not_finite_where_one_is_not():
    weights = [torch.nn.Parameter(torch.zeros(2)) for _ in range(3)]
    weights[0].grad, weights[1].grad = torch.tensor([3.0, 0]), torch.tensor([0.0, 4])
    assert float(slope_norm(weights)) == 5
    weights[1].grad[0] = float("nan")
    assert torch.isnan(slope_norm(weights))


def test_the_same_seed_gives_the_same_fresh_weights(recipe_of):
    one, other, third = (fresh_network(recipe_of(seed=seed))[0].head.weight for seed in (3, 3, 4))
    assert torch.equal(one, other) and not torch.equal(one, third)


def test_the_trimaps_weights_start_from_zero_where_asked(recipe_of):
    first = fresh_network(recipe_of(zero_trimap=True))[0].encoder[0].weight
    assert not first[:, 3].any() and first[:, :3].any()
    assert fresh_network(recipe_of())[0].encoder[0].weight[:, 3].any()


def test_weights_for_rgb_start_a_network_that_takes_a_trimap_too(recipe_of, tmp_path):
    stored = {"module.encoder.0.weight": torch.rand(6, 3, 3, 3), "module.other": torch.rand(2)}
    file = tmp_path / "pretrained.safetensors"
    save_file(stored, file)
    network, taken = fresh_network(recipe_of(start=str(file)))
    first = network.encoder[0].weight
    assert torch.equal(first[:, :3], stored["module.encoder.0.weight"]) and not first[:, 3].any()
    assert (taken[0].entries, taken[0].of) == (1, len(network.state_dict()))


def test_a_segmentation_network_starts_the_ones_that_share_its_encoder(recipe_of, tmp_path):
    recipe = recipe_of(network="tiny-portrait", losses={"trimap": 1.0})
    network, _ = fresh_network(recipe)
    renamed = {name.replace("seg_decoder", "decoder"): value for name, value in network.state_dict().items()}
    torch.save({"state_dict": {name: v + 1 for name, v in renamed.items() if "mat" not in name}}, tmp_path / "seg.pth")
    taken = take_weights(network, tmp_path / "seg.pth")
    assert taken.entries == len(network.state_dict()) - 2
    assert torch.equal(network.seg_decoder.bias, renamed["decoder.bias"])


def test_files_to_start_from_that_are_none_are_told_in_a_sentence(recipe_of, tmp_path):
    network, _ = fresh_network(recipe_of())
    (tmp_path / "broken.safetensors").write_bytes(b"no weights at all")
    (tmp_path / "broken.pth").write_bytes(b"no weights at all")
    save_file({"strange": torch.zeros(1)}, tmp_path / "strange.safetensors")
    for name, said in (
        ("gone.safetensors", "cannot be read"),
        ("broken.safetensors", "damaged"),
        ("broken.pth", "damaged"),
        ("strange.safetensors", "nothing that fits"),
    ):
        with pytest.raises(ValueError, match=said):
            take_weights(network, tmp_path / name)


def test_a_wrong_part_lists_the_parts(recipe_of):
    network, _ = fresh_network(recipe_of())
    assert part_of(network, recipe_of(part="encoder")) is network.encoder
    with pytest.raises(ValueError, match=r"no part tail\. It has encoder, drop, head"):
        part_of(network, recipe_of(part="tail"))
