"""Indexed pooling and indexed upsampling (thesis 3.4): by index maps that an index block made for the feature."""

from __future__ import annotations

import torch
from torch.nn import functional


def indexed_pooling(modulated: torch.Tensor) -> torch.Tensor:
    """The sum of each 2 x 2 region of a feature already multiplied by its index map; (N, C, H, W) to (N, C, H/2, W/2).

    IP(E) = sum over x in E of I(x) x. The product is taken outside, since it is also what the decoder's skip gets.
    """
    return functional.avg_pool2d(modulated, 2, divisor_override=1)


def indexed_upsampling(x: torch.Tensor, index_map: torch.Tensor) -> torch.Tensor:
    """Nearest neighbour times the index map: (N, C, h, w) by (N, C or 1, 2h, 2w) to (N, C, 2h, 2w).

    IU(d) = I * D, where D is d enlarged by nearest neighbour.
    """
    enlarged = functional.interpolate(x, scale_factor=2.0, mode="nearest")
    # A product written over its factor halves the memory, but leaves no factor for the gradient.
    return enlarged * index_map if torch.is_grad_enabled() else enlarged.mul_(index_map)
