"""Applying a kernel of its own at every position: how A2U makes a map smaller and larger (thesis, 4.3 and 4.4).

A kernel map (N, g*k*k, H, W) holds at channel (group*k + i)*k + j the weight of row i and column j, for each of ``g``
equal, contiguous groups of channels; what lies outside the map counts as zero.

Nothing is unfolded: k*k shifted views are summed. Where no gradient is asked for, that is done a band of rows at a
time, so that what is summed into stays in the processor's cache. Maps in channels-last order are brought to the plain
one first: weights are the same for all channels of a group, so that along the channels there is nothing to vectorise.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
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
    views = [phases[:, :, (i % 2) * 2 + j % 2, i // 2 :, j // 2 :] for i in range(size) for j in range(size)]
    return _weighted_sum(views, kernels, features.shape[1])


def enlarge(features: Tensor, kernels: Tensor, size: int) -> Tensor:
    """Twice the size: out[Y, X] = sum over i, j of features[Y//2 - p + i, X//2 - p + j] * kernels[(i, j), Y, X].

    ``features`` (N, C, h, w), ``kernels`` (N or 1, g*size*size, 2h, 2w), ``size`` odd, p = size // 2; returns
    (N, C, 2h, 2w). ``ValueError`` where the shapes do not fit.
    """
    channels, height, width = features.shape[1:]
    _check(features, kernels, size, (2 * height, 2 * width))
    if size % 2 == 0:
        raise ValueError("A kernel that enlarges is centred, so its size is odd.")
    padded = functional.pad(features, (size // 2,) * 4).contiguous()
    views = [padded[:, :, i:, j:] for i in range(size) for j in range(size)]
    phases = functional.pixel_unshuffle(kernels, 2).unflatten(1, (kernels.shape[1], 4))
    parts = [_weighted_sum(views, phases[:, :, phase], channels) for phase in range(4)]
    return functional.pixel_shuffle(torch.stack(parts, 2).flatten(1, 2), 2)


def _check(features: Tensor, kernels: Tensor, size: int, positions: tuple[int, int]) -> None:
    held, channels = kernels.shape[1], features.shape[1]
    groups, rest = divmod(held, size * size)
    if rest or groups == 0 or channels % groups:
        raise ValueError(f"{held} channels are no {size} x {size} kernels for a map of {channels} channels.")
    if kernels.shape[2:] != torch.Size(positions) or kernels.shape[0] not in (1, features.shape[0]):
        raise ValueError(f"Kernels of shape {tuple(kernels.shape)} do not fit a map of {tuple(features.shape)}.")


def _weighted_sum(views: list[Tensor], weights: Tensor, channels: int) -> Tensor:
    """Sum over t of views[t] (N, C, >= h, >= w) times weights[:, group, t] (N, g*T, h, w), per group of channels."""
    count = len(views)
    groups = weights.shape[1] // count
    height, width = weights.shape[2:]
    weighed = weights.unflatten(1, (groups, count))
    grouped = [view[:, :, :height, :width].unflatten(1, (groups, channels // groups)) for view in views]
    if torch.is_grad_enabled():
        out = grouped[0] * weighed[:, :, None, 0]
        for t in range(1, count):
            out = torch.addcmul(out, grouped[t], weighed[:, :, None, t])
        return out.flatten(1, 2)
    out = weights.new_empty(views[0].shape[0], groups, channels // groups, height, width)
    for band in _bands(out):
        part = out[..., band, :]
        torch.mul(grouped[0][..., band, :], weighed[:, :, None, 0, band], out=part)
        for t in range(1, count):
            part.addcmul_(grouped[t][..., band, :], weighed[:, :, None, t, band])
    return out.flatten(1, 2)


def _bands(out: Tensor) -> Iterator[slice]:
    """Slices of rows of ``out`` (..., h, w), each of at most about _BAND_ELEMENTS elements."""
    height = out.shape[-2]
    rows = max(1, _BAND_ELEMENTS * height // max(1, out.numel()))
    for top in range(0, height, rows):
        yield slice(top, min(top + rows, height))
