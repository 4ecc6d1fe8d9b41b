"""RMat's own parts: decoder layers, skips and LFA against slow direct computations on tiny arrays."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from models.networks.rmat_assembling import LowLevelAssembling, LowLevelAttention
from models.networks.rmat_decoder import Decoder, layer
from models.networks.rmat_skips import ConvolutionBranch, TransformerSkips
from tests.models.networks import oracles


def _values(module: nn.Module) -> dict[str, np.ndarray]:
    return {name: value.double().numpy() for name, value in module.state_dict().items()}


def _conv(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, stride: int = 1) -> np.ndarray:
    """(C, H, W) convolved with (O, C / groups, k, k), zeros outside; groups are C or 1."""
    size = weight.shape[2]
    pad = size // 2
    x = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    rows, columns = ((n - size) // stride + 1 for n in x.shape[1:])
    out = np.zeros((len(weight), rows, columns))
    for o, y, z in np.ndindex(out.shape):
        seen = x[:, stride * y : stride * y + size, stride * z : stride * z + size]
        out[o, y, z] = (weight[o] * (seen[o : o + 1] if weight.shape[1] < len(x) else seen)).sum()
    return out if bias is None else out + bias[:, None, None]


def _norm_relu(x: np.ndarray, values: dict[str, np.ndarray], name: str) -> np.ndarray:
    mean, spread = values[f"{name}.running_mean"], np.sqrt(values[f"{name}.running_var"] + 1e-5)
    scale = values[f"{name}.weight"] / spread
    return np.maximum(0, (x - mean[:, None, None]) * scale[:, None, None] + values[f"{name}.bias"][:, None, None])


def _layer_norm(x: np.ndarray, values: dict[str, np.ndarray], name: str, eps: float) -> np.ndarray:
    """Over the channels of (C, H, W)."""
    x = (x - x.mean(0)) / np.sqrt(x.var(0) + eps)
    return x * values[f"{name}.weight"][:, None, None] + values[f"{name}.bias"][:, None, None]


def _noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape).astype(np.float32))


@pytest.mark.parametrize(("kind", "steps"), [("conv", ("",)), ("mlp", ("",)), ("mlpdw", ("0.", "1."))])
def test_a_decoder_layer_is_its_convolutions_each_with_norm_and_relu(kind: str, steps: tuple[str, ...]) -> None:
    module = oracles.fill(layer(kind, 3, 4))
    x = _noise(1, 3, 4, 5)
    with torch.no_grad():
        found = module(x)[0].numpy()
    values, expected = _values(module), x[0].double().numpy()
    for step in steps:
        expected = _norm_relu(_conv(expected, values[f"{step}0.weight"], None), values, f"{step}1")
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "sizes"), [("conv", [(4, 3, 3, 3)]), ("mlp", [(4, 3, 1, 1)]), ("mlpdw", [(4, 3, 1, 1), (4, 1, 3, 3)])]
)
def test_a_decoder_layer_has_the_kernels_that_its_name_says(kind: str, sizes: list[tuple[int, ...]]) -> None:
    found = [tuple(m.weight.shape) for m in layer(kind, 3, 4).modules() if isinstance(m, nn.Conv2d)]
    assert found == sizes


def test_the_convolution_branch_halves_three_times_and_skips_each() -> None:
    branch = oracles.fill(ConvolutionBranch(4))
    x = _noise(1, 4, 8, 16)
    with torch.no_grad():
        found = branch(x)
    values = _values(branch)
    maps = [x[0].double().numpy()]
    for name in ("to_2", "to_4", "to_8"):
        maps.append(_norm_relu(_conv(maps[-1], values[f"{name}.0.weight"], None, 2), values, f"{name}.1"))
    maps[2] = _conv(maps[2], values["widen.weight"], values["widen.bias"])
    for ours, expected in zip(found, maps[1:], strict=True):
        np.testing.assert_allclose(ours[0].numpy(), expected, atol=1e-4)


@pytest.mark.parametrize("kind", ["mlp", "mlpconv", "conv"])
def test_transformer_skips_bring_every_scale_to_the_decoder_s_width(kind: str) -> None:
    with torch.device("meta"):
        skips = TransformerSkips(kind).eval()
        maps = tuple(torch.zeros(1, c, 64 >> i, 32 >> i) for i, c in enumerate((64, 128, 320, 512)))
    assert [tuple(y.shape) for y in skips(maps)] == [(1, 256, 64 >> i, 32 >> i) for i in range(4)]


def test_lfa_is_attention_with_queries_and_keys_of_the_skip_and_values_of_the_decoder() -> None:
    block = LowLevelAssembling(8)
    block.attention = LowLevelAttention(8, heads=2)
    oracles.fill(block)
    low, deep = _noise(1, 8, 2, 4), _noise(1, 8, 2, 4, seed=1)
    with torch.no_grad():
        found = block(low, deep)[0].numpy()
    v = _values(block)
    a = {name.removeprefix("attention."): value for name, value in v.items() if name.startswith("attention.")}
    low_map, deep_map = low[0].double().numpy(), deep[0].double().numpy()
    low_norm, deep_norm = _layer_norm(low_map, v, "norm_in", 1e-6), _layer_norm(deep_map, v, "norm_in", 1e-6)

    def reduced(x: np.ndarray) -> np.ndarray:
        cells = [(a["reduce.weight"] * x[:, :, z : z + 2]).sum((1, 2, 3)) + a["reduce.bias"] for z in (0, 2)]
        return _layer_norm(np.stack(cells, 1)[:, None], a, "norm", 1e-5)

    def one_by_one(x: np.ndarray, name: str) -> np.ndarray:
        return _conv(x, a[f"{name}.weight"], a[f"{name}.bias"]).reshape(8, -1)

    q = one_by_one(low_norm, "query")
    k, val = one_by_one(reduced(low_norm), "key"), one_by_one(reduced(deep_norm), "value")
    mixed = np.zeros_like(q)
    for head in (slice(0, 4), slice(4, 8)):
        weights = np.exp(q[head].T @ k[head] / math.sqrt(4))
        mixed[head] = (weights / weights.sum(1, keepdims=True) @ val[head].T).T
    deep_map = deep_map + one_by_one(mixed.reshape(8, 2, 4), "project").reshape(8, 2, 4)
    hidden = _conv(_layer_norm(deep_map, v, "norm_mlp", 1e-6), v["widen.weight"], v["widen.bias"])
    hidden = _conv(hidden, v["depthwise.weight"], v["depthwise.bias"])
    gelu = np.vectorize(lambda t: 0.5 * t * (1 + math.erf(t / math.sqrt(2))))(hidden)
    np.testing.assert_allclose(found, deep_map + _conv(gelu, v["narrow.weight"], v["narrow.bias"]), atol=1e-4)


def test_the_decoder_adds_the_branch_at_a_half_a_quarter_and_an_eighth() -> None:
    decoder = oracles.fill(Decoder("mlp", lfa=False))
    skips = [_noise(1, 256, 16 >> i, 16 >> i, seed=i) for i in range(4)]
    nothing = (torch.zeros(1, 64, 32, 32), torch.zeros(1, 256, 16, 16), torch.zeros(1, 256, 8, 8))
    quarter, eighth = _noise(1, 256, 16, 16, seed=8), _noise(1, 256, 8, 8, seed=9)
    with torch.no_grad():
        torch.testing.assert_close(decoder(skips, nothing), decoder(skips, None))
        moved = decoder([skips[0] + quarter, skips[1] + eighth, *skips[2:]], None)
        torch.testing.assert_close(decoder(skips, (nothing[0], quarter, eighth)), moved)
        half = decoder(skips, (_noise(1, 64, 32, 32, seed=7), *nothing[1:]))
    assert half.shape == (1, 1, 64, 64) and (half - decoder(skips, None)).abs().max() > 0.1
