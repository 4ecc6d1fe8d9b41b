"""Atrous spatial pyramid pooling: the deepest feature looked at with several reaches, and as a whole (thesis 3.6.1)."""

from __future__ import annotations

import torch
from torch import nn

from models.networks.conv_bn import conv_bn, separable_conv_bn
from models.networks.whole_image import FromWholeImage, Summary

DILATIONS = (1, 2, 4, 8)


class AtrousBranch(nn.Module):
    """One reach: a 1 x 1 convolution for dilation 1, else a dilated, separable 3 x 3."""

    def __init__(self, cin: int, cout: int, dilation: int) -> None:
        super().__init__()
        if dilation == 1:
            self.atrous_conv = conv_bn(cin, cout, 1)
        else:
            self.atrous_conv = separable_conv_bn(cin, cout, 3, dilation=dilation)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, cin, h, w) to (N, cout, h, w)."""
        return self.atrous_conv(x)


class ASPP(FromWholeImage):
    """Four reaches and the mean of the whole picture, side by side, then a 1 x 1 convolution; names as published.

    Separable convolutions at 1/32, hence the small dilations; DeepLabv3+'s full ones are in pspm_segmentation.py.
    """

    def __init__(self, cin: int, cout: int, *, branch: int = 256) -> None:
        super().__init__()
        self.aspp1 = AtrousBranch(cin, branch, DILATIONS[0])
        self.aspp2 = AtrousBranch(cin, branch, DILATIONS[1])
        self.aspp3 = AtrousBranch(cin, branch, DILATIONS[2])
        self.aspp4 = AtrousBranch(cin, branch, DILATIONS[3])
        self.global_avg_pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), *conv_bn(cin, branch, 1))
        self.bottleneck_conv = conv_bn(5 * branch, cout, 1)

    def summarise(self, x: torch.Tensor) -> Summary:
        """What the picture is like as a whole, (N, branch, 1, 1)."""
        return (self.global_avg_pool(x),)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, cin, h, w) to (N, cout, h, w)."""
        near = (self.aspp1(x), self.aspp2(x), self.aspp3(x), self.aspp4(x))
        (whole,) = self.summary(x)
        return self.bottleneck_conv(torch.cat((*near, whole.expand_as(near[0])), dim=1))
