"""Max pooling that tells where the maximum was, and unpooling that puts values back there (thesis 3.3, Eq. 3.1)."""

from __future__ import annotations

import torch
from torch.nn import functional


def max_pooling(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The maximum of each 2 x 2 region and its place: (N, C, H, W) to twice (N, C, H/2, W/2), H and W even.

    Places are int64, row * W + column of the feature.
    """
    return functional.max_pool2d(x, 2, return_indices=True)


def holistic_max_pooling(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """All channels' values at one place of each 2 x 2 region: where the strongest channel has its maximum.

    Holistic max index (thesis 3.6.1.2): the places are those of max pooling on the maximum over the channels.
    (N, C, H, W) to (N, C, H/2, W/2) and places (N, 1, H/2, W/2).
    """
    _, places = max_pooling(x.amax(dim=1, keepdim=True))
    everywhere = places.expand(-1, x.shape[1], -1, -1)
    return x.flatten(2).gather(2, everywhere.flatten(2)).view(everywhere.shape), places


def max_unpooling(x: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """Each value at its place, zero elsewhere: (N, C, h, w) by (N, C or 1, h, w) to (N, C, 2h, 2w)."""
    return functional.max_unpool2d(x, places.expand_as(x).contiguous(), [2, 2])
