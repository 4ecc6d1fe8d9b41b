"""Applying a kernel of its own at every position: how A2U makes a map smaller and larger (thesis, 4.3 and 4.4).

A kernel map (N, g*k*k, H, W) holds at channel (group*k + i)*k + j the weight of row i and column j, for each of ``g``
equal, contiguous groups of channels; what lies outside the map counts as zero.

Nothing is unfolded: k*k shifted views are summed, a band of rows at a time, so that what is summed into stays in the
processor's cache. The gradient is written by hand for the same reason: automatic differentiation would fill a whole map
with zeros for each view. Maps in channels-last order are brought to the plain one first: weights are the same for all
channels of a group, so that along the channels there is nothing to vectorise.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

_BAND_ELEMENTS = 1 << 18
"""How many sums a band holds: a megabyte of float32."""


def shrink(features: Tensor, kernels: Tensor, size: int) -> Tensor:
    """Half the size: out[y, x] = sum over i, j of features[2y - p + i, 2x - p + j] * kernels[(i, j), y, x].

    ``features`` (N, C, H, W) with even H and W, ``kernels`` (N or 1, g*size*size, H/2, W/2), p = (size - 1) // 2;
    returns (N, C, H/2, W/2). ``ValueError`` where the shapes do not fit.
    """
    height, width = features.shape[2] // 2, features.shape[3] // 2
    _check(features, kernels, size, (height, width))
    if features.shape[2] % 2 or features.shape[3] % 2:
        raise ValueError("A map of odd height or width cannot be halved. Pad it to an even one.")
    padded = functional.pad(features, ((size - 1) // 2,) * 4).contiguous()
    # The four phases of the 2 x 2 grid, so that every view is read with stride 1.
    phases = functional.pixel_unshuffle(padded, 2).unflatten(1, (features.shape[1], 4))
    taps = tuple(((i % 2) * 2 + j % 2, i // 2, j // 2) for i in range(size) for j in range(size))
    return _weighted_sum(phases, kernels, taps)


def enlarge(features: Tensor, kernels: Tensor, size: int) -> Tensor:
    """Twice the size: out[Y, X] = sum over i, j of features[Y//2 - p + i, X//2 - p + j] * kernels[(i, j), Y, X].

    ``features`` (N, C, h, w), ``kernels`` (N or 1, g*size*size, 2h, 2w), ``size`` odd, p = size // 2; returns
    (N, C, 2h, 2w). ``ValueError`` where the shapes do not fit.
    """
    height, width = features.shape[2:]
    _check(features, kernels, size, (2 * height, 2 * width))
    if size % 2 == 0:
        raise ValueError("A kernel that enlarges is centred, so its size is odd.")
    padded = functional.pad(features, (size // 2,) * 4).contiguous()[:, :, None]
    taps = tuple((0, i, j) for i in range(size) for j in range(size))
    phases = functional.pixel_unshuffle(kernels, 2).unflatten(1, (kernels.shape[1], 4))
    parts = [_weighted_sum(padded, phases[:, :, phase], taps) for phase in range(4)]
    return functional.pixel_shuffle(torch.stack(parts, 2).flatten(1, 2), 2)


def _check(features: Tensor, kernels: Tensor, size: int, positions: tuple[int, int]) -> None:
    held, channels = kernels.shape[1], features.shape[1]
    groups, rest = divmod(held, size * size)
    if rest or groups == 0 or channels % groups:
        raise ValueError(f"{held} channels are no {size} x {size} kernels for a map of {channels} channels.")
    if kernels.shape[2:] != torch.Size(positions) or kernels.shape[0] not in (1, features.shape[0]):
        raise ValueError(f"Kernels of shape {tuple(kernels.shape)} do not fit a map of {tuple(features.shape)}.")


Taps = tuple[tuple[int, int, int], ...]
"""Of each weight of a kernel: the plane, and the first row and column there, of what it weighs."""


def _weighted_sum(planes: Tensor, weights: Tensor, taps: Taps) -> Tensor:
    """Sum over t of what ``taps`` t shows of ``planes`` (N, C, P, H, W), times weights[:, group, t]: (N, C, h, w).

    ``weights`` (N or 1, g*T, h, w). It can be differentiated once.
    """
    out: Tensor = _WeightedSum.apply(planes, weights, taps)  # pyright: ignore[reportAssignmentType]
    return out.flatten(1, 2)


class _WeightedSum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, planes: Tensor, weights: Tensor, taps: Taps) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx.save_for_backward(planes, weights)
        ctx.taps = taps
        shown, weighed = _grouped(planes, weights, taps)
        out = planes.new_empty(shown[0].shape, dtype=torch.result_type(planes, weights))
        for band in _bands(out):
            part = out[..., band, :]
            torch.mul(shown[0][..., band, :], weighed[:, :, None, 0, band], out=part)
            for t in range(1, len(taps)):
                part.addcmul_(shown[t][..., band, :], weighed[:, :, None, t, band])
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, Tensor | None, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        planes, weights = ctx.saved_tensors
        asked_planes, asked_weights, _ = ctx.needs_input_grad
        of_planes = torch.zeros_like(planes) if asked_planes else None
        of_weights = torch.zeros_like(weights) if asked_weights else None
        shown, weighed = _grouped(planes, weights, ctx.taps)
        to_planes, to_weights = _grouped(
            planes if of_planes is None else of_planes, weights if of_weights is None else of_weights, ctx.taps
        )
        for band in _bands(slope):
            fall = slope[..., band, :]
            for t in range(len(ctx.taps)):
                if of_planes is not None:
                    to_planes[t][..., band, :].addcmul_(fall, weighed[:, :, None, t, band])
                if of_weights is not None:
                    found = (shown[t][..., band, :] * fall).sum(2)
                    to_weights[:, :, t, band] += found if len(weights) == len(planes) else found.sum(0, keepdim=True)
        return of_planes, of_weights, None


def _grouped(planes: Tensor, weights: Tensor, taps: Taps) -> tuple[list[Tensor], Tensor]:
    """What each tap shows, (N, g, C/g, h, w), and the weights (N or 1, g, T, h, w): views both."""
    groups = weights.shape[1] // len(taps)
    height, width = weights.shape[2:]
    shown = [planes[:, :, plane, y : y + height, x : x + width] for plane, y, x in taps]
    each = planes.shape[1] // groups
    return [view.unflatten(1, (groups, each)) for view in shown], weights.unflatten(1, (groups, len(taps)))


def _bands(out: Tensor) -> Iterator[slice]:
    """Slices of rows of ``out`` (..., h, w), each of about _BAND_ELEMENTS elements on a CPU; elsewhere all in one."""
    height = out.shape[-2]
    rows = max(1, _BAND_ELEMENTS * height // max(1, out.numel())) if out.device.type == "cpu" else height
    for top in range(0, height, rows):
        yield slice(top, min(top + rows, height))
