"""The network that weighs mattes: what it begins as, what its sights are, and that it can be cut at will."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from models.catalogue.fusion import FUSION
from models.networks import fusion as module
from models.networks.building import build
from models.networks.demand import Demand
from models.networks.fusion import SECOND_LOOK, STEP, Fusion, Look
from models.networks.sights import COUNT, LIMIT, REACH_PX, Mean, Sights, fitted


@pytest.fixture
def network() -> Look:
    torch.manual_seed(0)
    return Look((8, 8)).eval()


def inputs(height: int = 32, width: int = 48, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand((1, 10, height, width), generator=generator)
    x[:, 3] = torch.tensor([0.0, 128 / 255, 1.0])[torch.randint(0, 3, (1, height, width), generator=generator)]
    return x


def unknown(x: torch.Tensor) -> torch.Tensor:
    return (x[:, 3:4] - 0.5).abs() < 0.1


def stirred(network: Look) -> Look:
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    return network


def test_an_untrained_network_answers_a_mean_of_the_mattes_that_trusts_the_first_most(network):
    x = inputs()
    share = np.exp(2) / (np.exp(2) + 3)
    wanted = share * x[:, 4:5] + (1 - share) / 3 * x[:, 5:8].sum(1, keepdim=True)
    assert torch.allclose(network(x)[unknown(x)], wanted[unknown(x)], atol=1e-5) and share > 0.6
    assert torch.equal(network(x)[~unknown(x)], x[:, 4:5][~unknown(x)])


def test_the_answer_is_a_weighted_mean_of_the_mattes_and_a_correction(network):
    x = inputs()
    assert network.answer.bias is not None
    with torch.no_grad():
        network.answer.bias[:] = torch.tensor([-50, 50, -50, -50, 0.1 / STEP])
    assert torch.allclose(network(x)[unknown(x)], x[:, 5:6][unknown(x)] + 0.1, atol=1e-5)


def test_every_plane_and_every_weight_counts(network):
    x = inputs().requires_grad_()
    stirred(network)(x).square().sum().backward()
    assert x.grad is not None
    seen = x.grad.abs().sum(dim=(0, 2, 3))
    assert all(seen[place] > 0 for place in (0, 1, 2, 4, 5, 6, 7, 8, 9))
    learned = [weight for weight in network.parameters() if weight.requires_grad]
    assert all(w.grad is not None and w.grad.abs().sum() > 0 for w in learned)


def test_what_is_marked_around_a_pixel_counts(network):
    planes, answers = inputs(), []
    stirred(network)
    for mark in (0, 128, 255):
        planes[:, 3], planes[:, 3, :, :24] = 128 / 255, mark / 255
        answers.append(network(planes).detach()[..., 24:])
    assert len({round(float(answer.sum()), 3) for answer in answers}) == 3


@pytest.mark.parametrize("size", [(3, 3), (7, 16), (40, 5)])
def test_it_answers_at_any_size(network, size):
    assert FUSION.stride > 1  # cells of a single pixel would take pieces long to plan
    answer = network(inputs(*size))
    assert answer.shape == (1, 1, *size) and torch.isfinite(answer).all()


@pytest.mark.parametrize("again", [False, True])
def test_a_piece_with_its_margin_is_answered_as_in_the_whole(again):
    torch.manual_seed(1)
    network = build(FUSION)
    assert isinstance(network, Fusion)
    for look in (network.first, network.second):
        stirred(look).spread.data.fill_(0.9)
    assert FUSION.margin_px >= REACH_PX
    with torch.no_grad():
        x = inputs(32, 200)
        x = torch.cat((x[:, :4], inputs(32, 200, 3)[:, 4:5], x[:, 4:]), 1) if again else x
        whole, piece = network(x), network(x[..., : 100 + FUSION.margin_px])
    assert whole.std() > 0.01
    assert (whole[..., :100] - piece[..., :100]).abs().max() < 1e-3


def test_pixels_alone_are_weighed_as_in_their_picture(network):
    x = inputs()
    stirred(network)
    with torch.no_grad():
        sights = network.see(x)
        whole, where = network(x), unknown(x)
        row, column = (int(place) for place in where[0, 0].nonzero()[5])
        alone = network.weigh(sights[..., row, column, None, None], x[:, 4:8, row, column, None, None])
        assert torch.allclose(alone, whole[..., row, column, None, None], atol=1e-6)
        looked_at_before = torch.cat((x[:, :8], sights), dim=1)
        assert torch.allclose(network(looked_at_before)[where], whole[where], atol=1e-6)


def test_many_pixels_are_weighed_some_at_a_time_to_the_same(network, monkeypatch):
    x = torch.cat((inputs(), inputs(seed=1)))
    stirred(network)
    with torch.no_grad():
        at_once = network(x)
        monkeypatch.setattr(module, "COLUMNS", 100)
        assert unknown(x).sum() > 300 and torch.allclose(network(x), at_once, atol=1e-6)


def test_a_training_measures_all_unknown_pixels_of_its_first_batch(network, monkeypatch):
    monkeypatch.setattr(module, "COLUMNS", 100)
    x = torch.cat((inputs(), inputs(seed=1)))
    network.train()(x)
    sights = network.see(x).permute(0, 2, 3, 1)[unknown(x)[:, 0]]
    assert torch.allclose(network.middle, sights.mean(0), atol=1e-5)


def test_the_sights_of_single_pixels_are_those_of_the_picture(network):
    x = torch.cat((inputs(), inputs(seed=1)))
    where = unknown(x)[:, 0]
    with torch.no_grad():
        columns = network.see(x, where.flatten().nonzero()[:, 0])
        assert torch.equal(columns[0, :, :, 0].T, network.see(x).permute(0, 2, 3, 1)[where])


def test_where_nothing_is_unknown_the_first_matte_is_the_answer(network):
    x = inputs()
    x[:, 3] = (x[:, 3] > 0.7).float()
    assert torch.equal(stirred(network)(x), x[:, 4:5])


def test_the_first_batch_of_a_training_measures_the_sights_and_no_other_does(network):
    x, later = inputs(), inputs(seed=1)
    network(x)
    assert (network.spread == 1).all() and (network.middle == 0).all(), "not while it only answers"
    network.train()(x)
    sights = network.see(x)[0][:, unknown(x)[0, 0]]
    assert torch.allclose(network.middle, sights.mean(1), atol=1e-6) and (network.spread > 0).all()
    assert torch.allclose(network.spread, sights.std(1), atol=2e-3)
    before = network.middle.clone(), network.spread.clone()
    network(later)
    assert torch.equal(network.middle, before[0]) and torch.equal(network.spread, before[1])
    assert "middle" in network.state_dict() and "spread" in network.state_dict()


# --- two looks


def test_the_second_look_weighs_the_first_ones_answer_and_three_mattes():
    torch.manual_seed(2)
    network = Fusion((8, 8)).eval()
    for look in (network.first, network.second):
        stirred(look)
    x, own = inputs(), inputs(seed=3)[:, 4:5]
    assert torch.equal(network(x), network.first(x))
    again = torch.cat((x[:, :4], own, x[:, 4:]), 1)
    shown = torch.cat((x[:, :4], torch.cat((own, x[:, 4:8]), 1)[:, SECOND_LOOK], x[:, 8:]), 1)
    assert torch.equal(shown[:, 4:8], torch.cat((own, x[:, 5:6], x[:, 6:7], x[:, 4:5]), 1)), "no sampling"
    assert torch.equal(network(again), network.second(shown)) and not torch.equal(network(again), network(x))
    assert torch.equal(network.see(again), network.second.see(shown))
    sights = network.see(again)
    looked_at_before = network(torch.cat((again[:, :9], sights), 1))
    assert torch.allclose(looked_at_before[unknown(x)], network(again)[unknown(x)], atol=1e-6)


def test_a_second_look_that_has_learnt_nothing_leaves_the_answer_as_it_is_until_it_is_trained():
    network = Fusion((8, 8)).eval()
    x = inputs()
    again = torch.cat((x[:, :4], inputs(seed=3)[:, 4:5], x[:, 4:]), 1)
    assert torch.equal(network(again), again[:, 4:5])
    network.train()(again)
    assert not network.second.fresh and network.first.fresh
    assert not torch.equal(network.eval()(again)[unknown(x)], again[:, 4:5][unknown(x)])


# --- sights


def test_there_are_as_many_sights_as_are_said_and_none_is_beyond_its_limit():
    x = inputs()
    sights = Sights()(x[:, :3], x[:, 3:4], x[:, 4:8], x[:, 8:])
    assert sights.shape == (1, COUNT, 32, 48) and float(sights.abs().max()) <= LIMIT
    assert torch.isfinite(Sights()(x[:, :3] * 0, x[:, 3:4], x[:, 4:8] * 0, x[:, 8:])).all()


@pytest.mark.parametrize("radius", [1, 4, 20])
def test_a_mean_is_that_of_the_square_around(radius):
    x = inputs(30, 40)[:, :2]
    wanted = cv2.blur(x[0].permute(1, 2, 0).numpy(), (2 * radius + 1,) * 2, borderType=cv2.BORDER_REPLICATE)
    assert np.allclose(Mean(radius)(x)[0].permute(1, 2, 0).numpy(), wanted, atol=1e-5)


def test_a_matte_that_is_linear_in_the_colours_is_fitted_exactly_and_noise_is_not():
    colours = inputs(24, 24)[:, :3]
    linear = 0.5 * colours[:, :1] - 0.2 * colours[:, 2:] + 0.1
    noise = inputs(24, 24, 5)[:, 4:5]
    found = fitted(colours, torch.cat((linear, noise), 1), Mean(3))
    assert (found[:, :1] - linear).abs().max() < 0.02
    assert (found[:, 1:] - noise).abs().mean() > 0.1


def test_known_pixels_are_what_the_trimap_says_whatever_a_matte_says():
    x = inputs()
    x[:, 3] = 1.0
    one = Sights()(x[:, :3], x[:, 3:4], x[:, 4:8], x[:, 8:])
    other = Sights()(x[:, :3], x[:, 3:4], 1 - x[:, 4:8], x[:, 8:])
    assert torch.equal(one, other)


@pytest.mark.parametrize("radius", [1, 3, 8])
def test_a_grey_photo_is_fitted_as_exactly_as_a_coloured_one(radius):
    """Its three colours are one: a matrix so nearly singular is not inverted by what is left of its digits."""
    light = (inputs(40, 40)[:, :1] > 0.5).float()
    grey, matte = light.expand(1, 3, 40, 40), inputs(40, 40, 3)[:, 4:5]
    found, wanted = fitted(grey, matte, Mean(radius)), fitted(grey.double(), matte.double(), Mean(radius))
    assert (found - wanted).abs().max() < 1e-3


def test_the_memory_that_its_entry_tells_is_what_would_be_reckoned():
    reckoned = Demand(build(FUSION, "meta"), FUSION.takes[-1])
    pixels = FUSION.cpu_pixels
    assert Demand.told(FUSION.bytes_per_pixel).bytes_for(pixels) == pytest.approx(reckoned.bytes_for(pixels), rel=0.01)
    assert Demand.told(FUSION.bytes_per_pixel).pixels_for_bytes(1 << 30) == pytest.approx(
        (1 << 30) / 3132 / 1.4, rel=0.01
    )
