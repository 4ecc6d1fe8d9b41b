"""What gathers context: how far it reaches, and what of it is the whole picture's."""

from __future__ import annotations

import pytest
import torch

from models.networks.context.aspp import ASPP
from models.networks.context.chained_pooling import ChainedResidualPooling
from models.networks.whole_image import forget, recording


@pytest.fixture
def pyramid() -> ASPP:
    torch.manual_seed(0)
    return ASPP(8, 6, branch=4).eval()


def test_a_kept_summary_makes_a_far_piece_answer_as_within_the_whole(pyramid):
    whole = torch.randn(1, 8, 40, 40, generator=torch.Generator().manual_seed(1))
    piece = (slice(None), slice(None), slice(10, 30), slice(10, 30))
    inner = (slice(None), slice(None), slice(8, 12), slice(8, 12))  # dilation 8: what lies 8 from the piece's border
    with torch.no_grad():
        expected = pyramid(whole)[piece][inner]
        alone = pyramid(whole[piece])[inner]
        with recording(pyramid):
            pyramid(whole)
        kept = pyramid(whole[piece].repeat(2, 1, 1, 1))[:, :, 8:12, 8:12]
        forget(pyramid)
        again = pyramid(whole[piece])[inner]
    torch.testing.assert_close(kept, expected.repeat(2, 1, 1, 1))
    assert not torch.allclose(alone, expected) and torch.equal(alone, again)


def test_the_four_branches_reach_as_far_as_their_dilations(pyramid):
    x = torch.randn(1, 8, 33, 33, requires_grad=True)
    for branch, reach in zip((pyramid.aspp1, pyramid.aspp2, pyramid.aspp3, pyramid.aspp4), (0, 2, 4, 8), strict=True):
        (gradient,) = torch.autograd.grad(branch.atrous_conv[:-1](x)[:, :, 16, 16].sum(), x)
        rows = gradient.abs().sum((0, 1, 3)).nonzero().flatten()
        assert (int(rows.min()), int(rows.max())) == (16 - reach, 16 + reach)


def test_chained_pooling_adds_what_each_link_finds():
    chain = ChainedResidualPooling(2, 2)
    with torch.no_grad():
        for block in chain.blocks:
            block.weight.zero_()
            block.weight[[0, 1], [0, 1], 1, 1] = 1  # the identity
        x = torch.zeros(1, 2, 15, 15)
        x[:, :, 7, 7] = 1
        gathered = chain(x)[0, 0]
    assert gathered[7, 7] == 3 and gathered[7, 9] == 2 and gathered[7, 11] == 1 and gathered[7, 12] == 0
