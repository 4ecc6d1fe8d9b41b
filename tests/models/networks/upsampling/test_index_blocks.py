"""The five families of index blocks against the oracles, the thesis's Table 3.1 and what their names promise."""

from __future__ import annotations

from itertools import product

import pytest
import torch

from models.networks.upsampling.index_blocks import (
    FAMILIES,
    NORMALISATIONS,
    IndexForm,
    index_block,
    laid_out,
    normalised,
)
from tests.models.networks import oracles

ORACLES = {
    "holistic_NLC": ("holistic", IndexForm(nonlinear=True, context=True)),
    "m2o_NLC_hiddenC": ("many-to-one", IndexForm(nonlinear=True, context=True, hidden=1)),
    "o2o_L": ("unshared", IndexForm()),
}
FORMS = {"L": IndexForm(), "NL": IndexForm(nonlinear=True), "NLC": IndexForm(nonlinear=True, context=True)}
BN = 2  # parameters of a batch norm for each channel; Table 3.1 leaves them out, the printed totals have them

TABLE_3_1 = {
    ("holistic", "L"): lambda C: 2 * 2 * C * 4,
    ("holistic", "NL"): lambda C: 2 * 2 * C * 2 * C + 2 * C * 4 + BN * 2 * C,
    ("holistic", "NLC"): lambda C: 4 * 4 * C * 2 * C + 2 * C * 4 + BN * 2 * C,
    ("unshared", "L"): lambda C: (2 * 2 * C) * 4,
    ("unshared", "NL"): lambda C: (2 * 2 * 2 * C + 2 * C + BN * 2 * C) * 4,
    ("unshared", "NLC"): lambda C: (4 * 4 * 2 * C + 2 * C + BN * 2 * C) * 4,
    ("many-to-one", "L"): lambda C: (2 * 2 * C * C) * 4,
    ("many-to-one", "NL"): lambda C: (2 * 2 * C * 2 * C + 2 * C * C + BN * 2 * C) * 4,
    ("many-to-one", "NLC"): lambda C: (4 * 4 * C * 2 * C + 2 * C * C + BN * 2 * C) * 4,
    **{(family, "L"): lambda _: 2 * 2 * 4 for family in ("modelwise", "shared")},
    **{(family, "NL"): lambda _: (2 * 2 * 2 + 2 + BN * 2) * 4 for family in ("modelwise", "shared")},
    **{(family, "NLC"): lambda _: (4 * 4 * 2 + 2 + BN * 2) * 4 for family in ("modelwise", "shared")},
}


def feature(channels: int = 4, size: tuple[int, int] = (6, 8), batch: int = 2) -> torch.Tensor:
    return torch.randn(batch, channels, *size, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", ORACLES)
def test_a_filled_block_answers_as_the_authors_does(name):
    block = oracles.fill(index_block(ORACLES[name][0], 8, ORACLES[name][1]))
    with torch.no_grad():
        answers = block(torch.from_numpy(oracles.golden("index_block/x")))
    for answer, which in zip(answers, ("en", "de"), strict=True):
        expected = torch.from_numpy(oracles.golden(f"index_block/{name}/{which}"))
        torch.testing.assert_close(answer, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", ORACLES)
def test_a_blocks_entries_are_named_and_shaped_as_the_authors(name):
    known = oracles.keys("module_keys")["index_blocks"][name]
    block = index_block(ORACLES[name][0], 8, ORACLES[name][1])
    assert [[key, list(value.shape)] for key, value in block.state_dict().items()] == known["state_dict"]
    assert sum(p.numel() for p in block.parameters()) == known["params"]


@pytest.mark.parametrize(("family", "form"), TABLE_3_1)
def test_a_block_has_the_parameters_of_table_3_1(family, form):
    for channels in (8, 24):
        block = index_block(family, channels, FORMS[form])
        assert sum(p.numel() for p in block.parameters()) == TABLE_3_1[family, form](channels)


@pytest.mark.parametrize(("family", "form", "hidden"), list(product(FAMILIES, FORMS, (1, 2))))
def test_the_encoders_indices_sum_to_one_in_every_region_and_gradients_flow(family, form, hidden):
    torch.manual_seed(1)
    kind = FORMS[form]
    block = index_block(family, 4, IndexForm(kind.nonlinear, kind.context, hidden))
    x = feature().requires_grad_()
    for_encoder, for_decoder = block(x)
    channels = 1 if family == "holistic" else 4
    assert for_encoder.shape == for_decoder.shape == (2, channels, 6, 8)
    torch.testing.assert_close(torch.nn.functional.avg_pool2d(for_encoder, 2) * 4, torch.ones(2, channels, 3, 4))
    assert for_decoder.min() > 0 and for_decoder.max() < 1
    (for_encoder.square().sum() + for_decoder.sum()).backward()
    assert x.grad is not None and x.grad.abs().sum() > 0
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in block.parameters())


@pytest.mark.parametrize(("family", "local"), [(f, f in ("modelwise", "shared", "unshared")) for f in FAMILIES])
def test_one_to_one_indices_depend_on_their_own_channel_alone(family, local):
    torch.manual_seed(2)
    block = index_block(family, 4, FORMS["NLC"]).eval()
    x = feature()
    other = x.clone()
    other[:, 3] += 1
    with torch.no_grad():
        changed = (block(x)[1] - block(other)[1])[:, 0].abs().max() > 1e-6
    assert bool(changed) != local


def test_a_shared_block_does_the_same_to_every_channel_and_an_unshared_one_does_not():
    torch.manual_seed(3)
    x = feature(1).expand(-1, 3, -1, -1)
    with torch.no_grad():
        shared = index_block("shared", 3, FORMS["NL"]).eval()(x)[1]
        unshared = index_block("unshared", 3, FORMS["NL"]).eval()(x)[1]
    assert torch.equal(shared[:, 0], shared[:, 2])
    assert not torch.allclose(unshared[:, 0], unshared[:, 2])


def test_context_lets_a_region_see_its_neighbours():
    torch.manual_seed(4)
    x = feature()
    other = x.clone()
    other[:, :, 2, 2] += 1  # the region of rows 2-3, columns 2-3; its left neighbour is columns 0-1
    for form, sees in (("NL", False), ("NLC", True)):
        block = index_block("many-to-one", 4, FORMS[form]).eval()
        with torch.no_grad():
            difference = (block(x)[1] - block(other)[1])[:, :, 2:4, 0:2]
        assert bool(difference.abs().max() > 1e-6) is sees


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_four_places_of_a_region_lie_in_reading_order(layout):
    columns = [torch.full((1, 3, 2, 4), float(place)).contiguous(memory_format=layout) for place in range(4)]
    index_map = laid_out(columns)
    assert index_map[0, 2].tolist() == [[0, 1] * 4, [2, 3] * 4] * 2
    assert index_map.is_contiguous(memory_format=layout)


@pytest.mark.parametrize("how", NORMALISATIONS)
def test_the_four_normalisations_are_those_of_table_3_5(how):
    raw = feature() * 30  # where an exponential without care would be too large
    for_encoder, for_decoder = (regions(index_map) for index_map in normalised(raw, how))
    inner, _, outer = how.partition("+")
    functions = {"sigmoid": torch.sigmoid, "softmax": lambda places: torch.softmax(places, dim=2)}
    expected = functions[inner](regions(raw))
    torch.testing.assert_close(for_decoder, expected)
    torch.testing.assert_close(for_encoder, functions[outer](expected) if outer else expected)
    with torch.no_grad():
        for quick, slow in zip(normalised(raw, how), normalised(raw.clone().requires_grad_(), how), strict=True):
            assert torch.equal(quick, slow)


def regions(index_map: torch.Tensor) -> torch.Tensor:
    """(N, C, H, W) to (N, C, 4, H/2, W/2)."""
    return torch.stack([index_map[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)], dim=2)


def test_a_block_that_is_none_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="no family of index blocks depthwise"):
        index_block("depthwise", 8)
    with pytest.raises(ValueError, match="not normalised by tanh"):
        IndexForm(normalisation="tanh")
    with pytest.raises(ValueError, match="not normalised by tanh"):
        normalised(torch.zeros(1, 1, 4, 1, 1), "tanh")
    with pytest.raises(ValueError, match="no hidden layer of 0 C"):
        IndexForm(hidden=0)
