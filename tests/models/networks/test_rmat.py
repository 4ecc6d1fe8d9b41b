"""RMat: every row's counts against the thesis, and what any network of the catalogue must do."""

from __future__ import annotations

import pytest
import torch

from models.catalogue.rmat import SPECS
from models.catalogue.spec import ModelSpec
from models.networks.building import build
from models.networks.counting import Cost, count
from models.networks.rmat import RMat

_ROWS = {spec.paper.row: spec for spec in SPECS}


@pytest.fixture(scope="module")
def parameters() -> dict[str, int]:
    return {row: sum(p.numel() for p in build(spec, "meta").parameters()) for row, spec in _ROWS.items()}


@pytest.fixture(scope="module")
def costs() -> dict[str, Cost]:
    rows = [_ROWS[row] for row in ("B1", "B3", "M3", "M7")]
    return {spec.paper.row: count(build(spec, "meta"), spec.channels, spec.gflops_of) for spec in rows}


@pytest.fixture(scope="module")
def m3() -> RMat:
    torch.manual_seed(0)
    return RMat(lfa=True).eval()


def test_the_catalogue_has_every_row_of_the_thesis() -> None:
    assert [spec.name for spec in SPECS] == [*(f"rmat-b{n}" for n in range(1, 11)), "rmat-n3", "rmat-m3", "rmat-m7"]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_the_parameters_are_the_thesis_s(spec: ModelSpec, parameters: dict[str, int]) -> None:
    assert parameters[spec.paper.row] / 1e6 == pytest.approx(spec.paper.parameters_m, rel=spec.tolerance)


@pytest.mark.parametrize("row", ["M3", "M7"])
def test_the_gflops_are_the_thesis_s(row: str, costs: dict[str, Cost]) -> None:
    assert costs[row].paper_gflops == pytest.approx(_ROWS[row].paper.gflops, rel=_ROWS[row].tolerance)


def test_the_counts_are_those_of_the_layout_that_was_fitted(costs: dict[str, Cost], parameters: dict[str, int]) -> None:
    layout = {"B1": 13.63, "B2": 15.34, "B3": 15.74, "B4": 18.10, "B5": 14.05, "B6": 16.15, "B7": 26.79, "B8": 29.15}
    layout |= {"B9": 25.09, "B10": 27.19, "N3": 15.74, "M3": 16.80, "M7": 27.85}
    assert {row: round(number / 1e6, 2) for row, number in parameters.items()} == layout
    assert round(costs["M3"].paper_gflops, 2) == 16.64
    assert round(costs["M7"].paper_gflops, 2) == 22.24


def test_the_true_count_includes_the_products_of_attention(costs: dict[str, Cost]) -> None:
    # LFA at 56 x 56: twice queries x keys x channels; four projections and the MLP's two layers per token or key;
    # the reduction on both inputs; the depthwise convolution.
    tokens, keys, width = 56 * 56, 28 * 28, 256
    products = 2 * tokens * keys * width
    layers = width**2 * (2 * tokens + 2 * keys + 8 * tokens) + 2 * keys * 4 * width**2 + tokens * 9 * 4 * width
    assert costs["M3"].macs - costs["B3"].macs == products + layers


def test_the_true_count_on_the_processor_is_that_without_memory(costs: dict[str, Cost]) -> None:
    assert count(build(_ROWS["B1"]), 4, "tokens") == costs["B1"]


def test_gradients_reach_every_parameter(m3: RMat) -> None:
    x = torch.randn(1, 4, 32, 64, generator=torch.Generator().manual_seed(0))
    m3(x).square().sum().backward()
    lifeless = [name for name, p in m3.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    m3.zero_grad()
    # A bias of the keys adds the same to all of a query's scores, which softmax does not see.
    assert [name for name in lifeless if not name.endswith("key.bias")] == []


@pytest.mark.parametrize("size", [(32, 32), (32, 96), (96, 64)])
def test_any_size_of_whole_strides_is_answered_in_its_own_size(m3: RMat, size: tuple[int, int]) -> None:
    with torch.no_grad():
        assert m3(torch.zeros(1, 4, *size)).shape == (1, 1, *size)


def test_each_picture_of_a_batch_is_worked_on_alone(m3: RMat) -> None:
    x = torch.randn(2, 4, 64, 32, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        torch.testing.assert_close(m3(x)[1:], m3(x[1:]), atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("options", [{"decoder": "fir"}, {"tskip": "fir"}, {"size": "b7"}])
def test_a_part_that_there_is_none_of_is_refused(options: dict[str, str]) -> None:
    with torch.device("meta"), pytest.raises(ValueError, match=f"no .*{next(iter(options.values()))}"):
        RMat(**options)
