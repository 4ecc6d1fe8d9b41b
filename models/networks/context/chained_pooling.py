"""Chained residual pooling: RefineNet's way to gather context (Lin et al. 2017, section 3.2)."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


class ChainedResidualPooling(nn.Module):
    """Blocks of a 5 x 5 max pooling and a 3 x 3 convolution in a chain; each adds what it finds to the feature."""

    def __init__(self, channels: int, blocks: int = 2) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1, bias=False) for _ in range(blocks))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, h, w) to the same shape."""
        found = gathered = functional.relu(x)
        for block in self.blocks:
            found = block(functional.max_pool2d(found, 5, 1, 2))
            gathered = gathered + found
        return gathered
