"""MiT against the oracle, and its attention against the formula written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from models.networks.backbones import mix_transformer
from models.networks.backbones.mix_transformer import Attention, MixTransformer, attend
from models.networks.whole_image import forget, recording
from tests.models.networks import oracles


@pytest.fixture(scope="module")
def answers() -> tuple[torch.Tensor, ...]:
    network = oracles.fill(MixTransformer("b1"))
    with torch.no_grad():
        return network(oracles.seed_input())


@pytest.mark.parametrize("stage", range(4))
def test_each_stage_of_b1_answers_as_the_oracle_says(answers: tuple[torch.Tensor, ...], stage: int) -> None:
    assert np.abs(answers[stage].numpy() - oracles.golden(f"mix_transformer/mit_b1/out{stage}")).max() < 1e-4


def test_the_names_and_shapes_are_the_published_ones() -> None:
    with torch.device("meta"):
        own = {name: list(value.shape) for name, value in MixTransformer("b1").state_dict().items()}
    assert own == dict(oracles.keys("mix_transformer_b1_keys")["keys"])


@pytest.mark.parametrize(("size", "parameters"), [("b1", 13_154_560), ("b2", 24_199_424)])
def test_the_parameters_are_as_many_as_published(size: str, parameters: int) -> None:
    with torch.device("meta"):
        assert sum(p.numel() for p in MixTransformer(size).parameters()) == parameters


def test_b2_is_b1_with_more_blocks() -> None:
    with torch.device("meta"):
        names = {f"b{n}": set(MixTransformer(f"b{n}").state_dict()) for n in (1, 2)}
    added = {name.split(".")[0] + "." + name.split(".")[1] for name in names["b2"] - names["b1"]}
    assert not names["b1"] - names["b2"]
    assert added == {"block1.2", "block2.2", "block2.3", "block3.2", "block3.3", "block3.4", "block3.5", "block4.2"}


def test_the_norms_divide_with_the_published_epsilons() -> None:
    with torch.device("meta"):
        norms = {n: m.eps for n, m in MixTransformer("b2").named_modules() if isinstance(m, nn.LayerNorm)}
    fine = {name for name, eps in norms.items() if eps == 1e-5}
    assert fine == {name for name in norms if name.endswith("attn.norm") or name.startswith("patch_embed")}
    assert {norms[name] for name in set(norms) - fine} == {1e-6}


def test_a_size_that_there_is_none_of_is_refused() -> None:
    with pytest.raises(ValueError, match="MiT-b9"):
        MixTransformer("b9")


def test_attention_is_the_formula_written_out() -> None:
    torch.manual_seed(0)
    part = Attention(8, heads=2, reduction=2)
    x = torch.randn(1, 8, 4, 6)
    with torch.no_grad():
        found = part(x)[0]
        tokens = x[0].flatten(1).T
        cells = [x[0, :, y : y + 2, z : z + 2] for y in (0, 2) for z in (0, 2, 4)]
        reduced = torch.stack([(part.sr.weight * cell).sum((1, 2, 3)) + part.sr.bias for cell in cells])
        both = part.norm(reduced) @ part.kv.weight.T + part.kv.bias
        queries = tokens @ part.q.weight.T + part.q.bias
        heads: list[torch.Tensor] = []
        for first in (0, 4):
            q, k, v = (t[:, at : at + 4] for t, at in ((queries, first), (both, first), (both, 8 + first)))
            weights = torch.exp(q @ k.T / math.sqrt(4))
            heads.append(weights @ v / weights.sum(1, keepdim=True))
        expected = torch.cat(heads, 1) @ part.proj.weight.T + part.proj.bias
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_attention_in_chunks_of_queries_is_attention(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    q, k, v = torch.randn(2, 3, 50, 4), torch.randn(2, 3, 7, 4), torch.randn(2, 3, 7, 4)
    at_once = attend(q, k, v)
    monkeypatch.setattr(mix_transformer, "_CHUNK", 2 * 3 * 7 * 11)
    torch.testing.assert_close(attend(q, k, v), at_once)


def test_each_picture_of_a_batch_is_worked_on_alone() -> None:
    torch.manual_seed(0)
    network = MixTransformer("b1").eval()
    x = torch.randn(2, 4, 32, 64)
    with torch.no_grad():
        together, alone = network(x), network(x[1:])
    for a, b in zip(together, alone, strict=True):
        torch.testing.assert_close(a[1:], b, atol=1e-4, rtol=1e-4)


def test_pieces_attend_to_the_whole_picture_once_it_is_recorded() -> None:
    torch.manual_seed(0)
    part = Attention(8, heads=2, reduction=2)
    x = torch.randn(1, 8, 4, 8)
    with torch.no_grad():
        whole = part(x).unflatten(1, (4, 8))
        with recording(part):
            part(x)
        pieces = part(torch.cat(x.chunk(2, dim=3))).unflatten(1, (4, 4))
        torch.testing.assert_close(torch.cat(pieces.chunk(2), dim=2), whole)
        forget(part)
        assert not torch.allclose(part(x[..., :4]).unflatten(1, (4, 4)), whole[:, :, :4], atol=1e-3)
