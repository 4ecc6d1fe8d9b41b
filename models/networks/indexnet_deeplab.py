"""DeepLabv3+ on MobileNetV2 (Chen et al. 2018): B1 of thesis Table 3.3.

The thesis prints no count for it, so the layout is ours: the one that reproduces PSPM's DeepLabv3+ branch (Tables 6.4
and 6.7), with a fourth input channel and one output.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from models.networks.backbones.mobilenet_v2 import MobileNetV2
from models.networks.context.aspp import ASPP
from models.networks.conv_bn import conv_bn


class DeepLabV3Plus(nn.Module):
    """(N, ``channels``, H, W), H and W multiples of 16, to (N, ``outputs``, H, W): raw alpha, or logits of classes."""

    def __init__(self, channels: int = 4, outputs: int = 1) -> None:
        super().__init__()
        self.encoder = MobileNetV2(channels, output_stride=16, pads_first=False)
        self.context = ASPP(320, 256, dilations=(1, 6, 12, 18), separable=False)
        self.low_level = conv_bn(24, 48, 1)
        self.fuse = nn.Sequential(*conv_bn(48 + 256, 256, 3), *conv_bn(256, 256, 3))
        self.pred = nn.Conv2d(256, outputs, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, ``channels``, H, W), H and W multiples of 16, to (N, ``outputs``, H, W)."""
        features = self.encoder(x)
        fine = self.low_level(features[2])
        coarse = _enlarged(self.context(features[7]), 4)
        return _enlarged(self.pred(self.fuse(torch.cat((coarse, fine), dim=1))), 4)


def _enlarged(x: torch.Tensor, times: int) -> torch.Tensor:
    return functional.interpolate(x, scale_factor=float(times), mode="bilinear", align_corners=False)
