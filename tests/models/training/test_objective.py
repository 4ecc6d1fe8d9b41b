"""Names and weights become one loss; a batch is what the network and the losses take."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.prepare import network_input
from models.training import losses
from models.training.batch import Batch, Example, gathered
from models.training.objective import TERMS, Objective


def example(seed: int, pseudo: bool = False) -> Example:
    rng = np.random.default_rng(seed)
    pictures = [rng.random((32, 32, 3), np.float32) for _ in range(3)]
    trimap = rng.choice(np.array([0, 128, 255], np.uint8), (32, 32))
    return Example(pictures[0], rng.random((32, 32), np.float32), trimap, pictures[1], pictures[2], pseudo)


@pytest.fixture(scope="module")
def batch() -> Batch:
    return gathered([example(1), example(2)])


def test_a_batch_feeds_the_network_as_the_editor_does(batch):
    one = example(1)
    assert np.allclose(batch.inputs(4)[0].numpy(), network_input(one.image, one.trimap, 32)[0], atol=1e-6)
    assert batch.inputs(3).shape == (2, 3, 32, 32)
    assert batch.classes[0, 0, 0] == {0: 0, 128: 1, 255: 2}[int(one.trimap[0, 0])]
    assert batch.part(1, 2).size == 1 and torch.equal(batch.part(1, 2).alpha[0], batch.alpha[1])


def test_colours_are_left_out_where_one_picture_has_none():
    bare = example(3)
    bare = Example(bare.image, bare.alpha, bare.trimap)
    assert gathered([example(1), bare]).foreground is None


def test_the_objective_adds_its_terms_by_their_weights(batch):
    alpha = torch.rand(2, 1, 32, 32)
    total, parts = Objective({"alpha": 0.5, "composition": 0.5}, plus=1)(alpha, None, batch)
    assert parts["alpha"] == losses.alpha_prediction(alpha, batch.alpha, batch.unknown, 1)
    assert float(total) == pytest.approx(0.5 * float(parts["alpha"]) + 0.5 * float(parts["composition"]))


@pytest.mark.parametrize("name", TERMS)
def test_every_term_gives_a_finite_number_and_a_finite_slope(batch, name):
    alpha = torch.rand(2, 1, 32, 32, requires_grad=True)
    logits = torch.randn(2, 3, 32, 32, requires_grad=True)
    total, _ = Objective({name: 1.0})(alpha, logits, batch)
    total.backward()
    slope = logits.grad if name == "trimap" else alpha.grad
    assert torch.isfinite(total) and torch.isfinite(slope).all() and slope.any()


def test_the_unknown_region_may_be_the_one_the_network_finds(batch):
    alpha, logits = torch.rand(2, 1, 32, 32), torch.zeros(2, 3, 32, 32)
    logits[:, 1, :, :16] = 1
    found = torch.zeros(2, 1, 32, 32, dtype=torch.bool)
    found[..., :16] = True
    total, _ = Objective({"unknown-alpha": 1.0}, unknown_from="segmentation")(alpha, logits, batch)
    assert total == losses.region_alpha(alpha, batch.alpha, found)


def test_colours_are_compared_with_what_the_true_alpha_composes_whatever_a_camera_made_of_it(batch):
    truth = batch.alpha * batch.foreground + (1 - batch.alpha) * batch.background
    assert not torch.allclose(truth, batch.image, atol=0.1)
    _, parts = Objective({"composition": 1.0})(batch.alpha, None, batch)
    assert float(parts["composition"]) == pytest.approx(3e-6, rel=0.1)  # three channels, each no nearer than EPSILON
    alpha = torch.rand(2, 1, 32, 32)
    _, parts = Objective({"composition": 1.0})(alpha, None, batch)
    expected = losses.composition(alpha, truth, batch.foreground, batch.background, batch.unknown)
    assert float(parts["composition"]) == float(expected)


def test_colours_do_not_count_where_the_picture_has_a_pseudo_label():
    alpha = torch.rand(2, 1, 32, 32)
    changed = gathered([example(1), example(2, pseudo=True)])
    _, parts = Objective({"composition": 1.0})(alpha, None, changed)
    _, first = Objective({"composition": 1.0})(alpha[:1], None, changed.part(0, 1))
    assert float(parts["composition"]) == pytest.approx(float(first["composition"]) / 2)


def test_a_wrong_loss_lists_the_right_ones():
    with pytest.raises(ValueError, match=r"no loss smooth.*Choose among alpha, composition"):
        Objective({"smooth": 1.0})
    with pytest.raises(ValueError, match="A recipe needs a loss"):
        Objective({})
    with pytest.raises(ValueError, match="trimap or segmentation, not nowhere"):
        Objective({"alpha": 1.0}, unknown_from="nowhere")


def test_losses_that_lack_what_they_need_say_so(batch):
    with pytest.raises(ValueError, match="answers no alpha"):
        Objective({"alpha": 1.0})(None, torch.zeros(2, 3, 32, 32), batch)
    with pytest.raises(ValueError, match="finds the trimap"):
        Objective({"trimap": 1.0})(batch.alpha, None, batch)
    one = example(3)
    bare = gathered([Example(one.image, one.alpha, one.trimap)])
    with pytest.raises(ValueError, match="needs foreground and background"):
        Objective({"composition": 1.0})(bare.alpha, None, bare)
