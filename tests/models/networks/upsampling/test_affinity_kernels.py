"""Applying kernels: against the oracle, and against the definition written out, for groups and sizes of all kinds."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from models.networks.upsampling import affinity_kernels
from models.networks.upsampling.affinity_kernels import enlarge, shrink
from tests.models.networks import oracles


def _slow(features: Tensor, kernels: Tensor, size: int, margin: int, step: tuple[int, int]) -> Tensor:
    """The sum over the neighbourhood, a position at a time; ``step`` is (numerator, denominator) of the scale."""
    batch, channels, height, width = features.shape
    each = channels // (kernels.shape[1] // size**2)
    out = torch.zeros(batch, channels, *kernels.shape[2:], dtype=features.dtype)
    for n, c, y, x in torch.cartesian_prod(*(torch.arange(s) for s in out.shape)).tolist():
        for i in range(size):
            for j in range(size):
                row, column = y * step[0] // step[1] - margin + i, x * step[0] // step[1] - margin + j
                if 0 <= row < height and 0 <= column < width:
                    weight = kernels[n % kernels.shape[0], (c // each * size + i) * size + j, y, x]
                    out[n, c, y, x] += weight * features[n, c, row, column]
    return out


def _random(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(sum(shape)))


@pytest.mark.parametrize("gradients", [False, True])
def test_both_agree_with_the_oracle(gradients: bool) -> None:
    feature, down_kernels, up_kernels, down, up = (
        torch.from_numpy(oracles.golden(f"a2u/op/{name}"))
        for name in ("feat", "mask_down_k6_g2", "mask_up_k3_g2", "down_k6_g2", "up_k3_g2")
    )
    with torch.set_grad_enabled(gradients):
        torch.testing.assert_close(shrink(feature, down_kernels, 6), down, atol=1e-5, rtol=0)
        torch.testing.assert_close(enlarge(feature, up_kernels, 3), up, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("size", "groups"), [(1, 1), (2, 1), (3, 2), (4, 4), (6, 1), (10, 2)])
def test_shrinking_is_the_sum_that_it_says(size: int, groups: int) -> None:
    x, kernels = _random(2, 4, 4, 6), _random(2, groups * size**2, 2, 3)
    with torch.no_grad():
        found = shrink(x, kernels, size)
    torch.testing.assert_close(found, _slow(x, kernels, size, (size - 1) // 2, (2, 1)))
    torch.testing.assert_close(shrink(x, kernels, size), found)


@pytest.mark.parametrize(("size", "groups"), [(1, 1), (1, 4), (3, 1), (3, 2), (5, 4)])
def test_enlarging_is_the_sum_that_it_says(size: int, groups: int) -> None:
    x, kernels = _random(2, 4, 3, 2), _random(1, groups * size**2, 6, 4)
    with torch.no_grad():
        found = enlarge(x, kernels, size)
    torch.testing.assert_close(found, _slow(x, kernels, size, size // 2, (1, 2)))
    torch.testing.assert_close(enlarge(x, kernels, size), found)


def test_bands_of_rows_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    x, down, up = _random(1, 4, 14, 6), _random(1, 36, 7, 3), _random(1, 9, 28, 12)
    with torch.no_grad():
        whole = shrink(x, down, 6), enlarge(x, up, 3)
        monkeypatch.setattr(affinity_kernels, "_BAND_ELEMENTS", 30)
        torch.testing.assert_close((shrink(x, down, 6), enlarge(x, up, 3)), whole)


def test_the_order_of_memory_does_not_show() -> None:
    x, kernels = _random(1, 4, 6, 6), _random(1, 36, 3, 3)
    with torch.no_grad():
        last = shrink(x.to(memory_format=torch.channels_last), kernels, 6)
        torch.testing.assert_close(last, shrink(x, kernels, 6))


@pytest.mark.parametrize("kernels_of", [1, 2])
@pytest.mark.parametrize("band_elements", [8, 1 << 18])
def test_gradients_are_those_of_the_sums(kernels_of: int, band_elements: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(affinity_kernels, "_BAND_ELEMENTS", band_elements)
    x = _random(2, 2, 4, 4).requires_grad_()
    down, up = _random(kernels_of, 36, 2, 2).requires_grad_(), _random(kernels_of, 18, 8, 8).requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: shrink(a, b, 6), (x, down), fast_mode=True)
    assert torch.autograd.gradcheck(lambda a, b: enlarge(a, b, 3), (x, up), fast_mode=True)


def test_gradients_with_mixed_precision_are_near_those_without() -> None:
    down = _random(1, 36, 2, 2).float().softmax(1)
    slopes: list[Tensor] = []
    for mixed in (False, True):
        x = _random(1, 2, 4, 4).float().requires_grad_()
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
            shrink(x.bfloat16() if mixed else x, down, 6).square().sum().backward()
        assert x.grad is not None
        slopes.append(x.grad)
    torch.testing.assert_close(slopes[1], slopes[0], atol=0.02, rtol=0.02)


@pytest.mark.parametrize("asked", [0, 1])
def test_a_gradient_for_one_side_alone_is_the_same(asked: int) -> None:
    def slope_of(wanted: tuple[int, ...]) -> Tensor:
        both = [_random(1, 2, 4, 4), _random(1, 36, 2, 2)]
        for place in wanted:
            both[place].requires_grad_()
        shrink(both[0], both[1], 6).square().sum().backward()
        assert all((tensor.grad is not None) == (place in wanted) for place, tensor in enumerate(both))
        found = both[asked].grad
        assert found is not None
        return found

    torch.testing.assert_close(slope_of((asked,)), slope_of((0, 1)))


def test_what_does_not_fit_is_refused() -> None:
    x = _random(1, 4, 4, 4)
    with pytest.raises(ValueError, match="no 3 x 3 kernels"):
        enlarge(x, _random(1, 10, 8, 8), 3)
    with pytest.raises(ValueError, match="do not fit"):
        enlarge(x, _random(1, 9, 4, 4), 3)
    with pytest.raises(ValueError, match="odd"):
        enlarge(x, _random(1, 4, 8, 8), 2)
    with pytest.raises(ValueError, match="halved"):
        shrink(_random(1, 4, 5, 4), _random(1, 36, 2, 2), 6)
