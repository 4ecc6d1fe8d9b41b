"""Our small network of PSPM's kind: what it answers, what each of its parts looks at and learns from."""

from __future__ import annotations

import pytest
import torch

from models.networks.pspm_small import SmallPortrait
from tests.models.networks.test_pspm import classes_of, made, picture


@pytest.fixture(scope="module")
def network() -> torch.nn.Module:
    return made(SmallPortrait((8, 8, 16)))


def test_it_finds_classes_and_alpha_for_sides_that_are_odd_multiples_of_32(network):
    with torch.no_grad():
        logits, alpha = network(picture(96, 32, batch=2))
    assert logits.shape == (2, 3, 96, 32) and alpha.shape == (2, 1, 96, 32)
    assert torch.isfinite(logits).all() and torch.isfinite(alpha).all()


def test_told_the_classes_that_it_would_find_it_answers_the_same_alpha(network):
    x = picture(64, 64)
    with torch.no_grad():
        logits, alpha = network(x)
        (told,) = network(torch.cat((x, logits.softmax(dim=1)), dim=1))
    assert torch.allclose(told, alpha, atol=1e-6)


def test_told_the_classes_alpha_does_not_hang_on_what_is_far_away(network):
    known = classes_of(64, 256)
    one, other = picture(64, 256), picture(64, 256)
    other[..., 128:] = picture(64, 128, seed=3)
    with torch.no_grad():
        (left,), (also,) = (network(torch.cat((x, known), dim=1)) for x in (one, other))
    assert torch.equal(left[..., :64], also[..., :64])
    assert not torch.allclose(left[..., 128:], also[..., 128:])


def test_where_the_classes_are_looked_for_the_whole_picture_counts(network):
    one, other = picture(64, 256), picture(64, 256)
    other[..., 192:] = picture(64, 64, seed=3)
    with torch.no_grad():
        assert not torch.allclose(network(one)[0][..., :32], network(other)[0][..., :32])


def test_the_error_of_alpha_teaches_the_encoder_and_both_decoders():
    network = made(SmallPortrait((8, 8, 16))).train()
    network(picture(64, 64, batch=2))[1].square().mean().backward()
    assert all(
        value.grad is not None and value.grad.abs().sum() > 0 for value in network.parameters() if value.dim() > 1
    )
