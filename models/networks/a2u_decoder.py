"""A2U matting's context module and decoder (thesis, 4.6 and Figure 4.3), with activated batch norms throughout."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.networks.backbones.resnet import ActivatedBatchNorm, ResidualBlock, conv_norm
from models.networks.conv_bn import begin_halfway
from models.networks.upsampling.pairing import Guided, Operator
from models.networks.whole_image import FromWholeImage, Summary

DILATIONS = (1, 6, 12, 18)
"""Of the context's branches, for a feature at 1/16."""


class WholeAverage(FromWholeImage):
    """The average of each channel over the whole map, spread over the map again after a 1 x 1 convolution."""

    def __init__(self, cin: int, cout: int) -> None:
        super().__init__()
        self.project = conv_norm(cin, cout, 1)

    def summarise(self, x: Tensor) -> Summary:
        """(N, C, 1, 1)."""
        return (x.mean((2, 3), keepdim=True),)

    def forward(self, x: Tensor) -> Tensor:
        """(N, cin, H, W) to (N, cout, H, W), the same everywhere."""
        (pooled,) = self.summary(x)
        return self.project(pooled).expand(x.shape[0], -1, *x.shape[2:])


class Context(nn.Module):
    """Atrous spatial pyramid pooling: a 1 x 1 and three dilated branches beside the whole map's average."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.near = conv_norm(channels, channels, 1)
        self.dilated = nn.ModuleList(
            nn.Sequential(
                *conv_norm(channels, channels, 3, dilation=dilation, groups=channels),
                *conv_norm(channels, channels, 1),
            )
            for dilation in DILATIONS[1:]
        )
        self.whole = WholeAverage(channels, channels)
        self.merge = conv_norm(5 * channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape."""
        branches = [self.near(x), *(branch(x) for branch in self.dilated), self.whole(x)]
        return self.merge(torch.cat(branches, 1))


class DecoderStage(nn.Module):
    """Doubles the size by an operator, adds the skipped feature, then two residual blocks."""

    def __init__(self, skipped: int, cin: int, cout: int, operator: Operator | None) -> None:
        """``operator`` is guided by the skipped feature (4.6); None where the encoder's way back comes along."""
        super().__init__()
        self.skip = conv_norm(skipped, cin, 3)
        self.operator = operator
        self.blocks = nn.Sequential(ResidualBlock(cin, cout), ResidualBlock(cout, cout))

    def forward(self, x: Tensor, feature: Tensor, way: Guided | None) -> Tensor:
        """``x`` (N, cin, H/2, W/2) and the encoder's ``feature`` (N, skipped, H, W) to (N, cout, H, W)."""
        skipped = self.skip(feature)
        if self.operator is not None:
            way = Guided(self.operator, self.operator.guide(skipped))
        if way is None:
            raise ValueError("A decoder stage without an operator needs the way back that the encoder noted.")
        return self.blocks(way.enlarge(x) + skipped)


class Prediction(nn.Module):
    """Raw alpha from the last feature: to one channel with a norm, then a convolution without anything."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        norm = ActivatedBatchNorm(1)
        self.reduce = nn.Sequential(nn.Conv2d(channels, 1, 3, padding=1, bias=False), norm)
        self.alpha = nn.Conv2d(1, 1, 3, padding=1, bias=False)
        begin_halfway(norm, self.alpha)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, 1, H, W)."""
        return self.alpha(self.reduce(x))
