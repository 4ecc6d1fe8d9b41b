"""Feature modulation, FM (thesis 6.5.7): how much of each channel of the encoder goes on, by squeeze and excite."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from models.networks.whole_image import FromWholeImage, Summary

REDUCTION = 8


class FeatureModulation(FromWholeImage):
    """F_c(x, y, c) = m[c] F(x, y, c) with m in (0, 1) from the mean of every channel; shape (N, C, H, W) stays.

    The excitation answers 2C values; they are laid out as 2 x C and pass through a softmax over the 2, and m is the
    first of the two.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, channels // REDUCTION, 1)
        self.excite = nn.Conv2d(channels // REDUCTION, 2 * channels, 1)

    def summarise(self, x: torch.Tensor) -> Summary:
        """m, (N, C, 1, 1), of a feature (N, C, H, W)."""
        mean = functional.adaptive_avg_pool2d(x, 1)
        raw: torch.Tensor = self.excite(functional.relu(self.squeeze(mean)))
        return (functional.softmax(raw.unflatten(1, (2, x.shape[1])), dim=1)[:, 0],)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """See the class."""
        (m,) = self.summary(x)
        return x * m
