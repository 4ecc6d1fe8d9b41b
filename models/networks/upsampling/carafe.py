"""CARAFE: content-aware reassembly of features (Wang et al. 2019), by kernels made from the feature itself."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from models.networks.upsampling.index_blocks import laid_out


def reassembled(x: torch.Tensor, kernels: torch.Tensor) -> torch.Tensor:
    """Each fine point as the weighted sum of the coarse k x k neighbourhood below it; zero outside the picture.

    ``x`` (N, C, h, w); ``kernels`` (N, k * k, 4, h, w): for each coarse point the weights of its four fine points, in
    reading order. With r = k // 2, out[Y, X] = sum over i, j of x[Y//2 - r + i, X//2 - r + j] * kernel; (N, C, 2h, 2w).
    """
    size = int(kernels.shape[1] ** 0.5)
    height, width = x.shape[-2:]
    padded = functional.pad(x, (size // 2,) * 4)
    # Offset by offset: the k * k neighbourhoods side by side would take k * k times the feature's memory.
    total = torch.zeros_like(x).unsqueeze(2).repeat(1, 1, 4, 1, 1)
    for number in range(size * size):
        row, column = divmod(number, size)
        neighbour = padded[..., row : row + height, column : column + width]
        total = torch.addcmul(total, neighbour.unsqueeze(2), kernels[:, number].unsqueeze(1))
    return laid_out(total.unbind(2))


class Carafe(nn.Module):
    """Doubles the size of a feature: compress the channels, predict a kernel for every fine point, reassemble."""

    def __init__(self, channels: int, *, compressed: int = 64, k_encoder: int = 3, k_up: int = 5) -> None:
        super().__init__()
        self.compress = nn.Conv2d(channels, compressed, 1)
        self.encode = nn.Conv2d(compressed, 4 * k_up * k_up, k_encoder, padding=k_encoder // 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, h, w) to (N, C, 2h, 2w)."""
        raw = self.encode(self.compress(x)).unflatten(1, (-1, 4))
        return reassembled(x, functional.softmax(raw, dim=1))
