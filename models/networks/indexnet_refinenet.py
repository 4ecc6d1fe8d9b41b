"""RefineNet on MobileNetV2 (Lin et al. 2017): B2 of thesis Table 3.3.

The thesis prints no count for it, so the layout is ours: four cascaded refinement blocks as in that paper's Figure 2,
on the features at 1/4, 1/8, 1/16 and 1/32, 256 channels wide, fused by addition ("Skip").
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from models.networks.backbones.mobilenet_v2 import MobileNetV2
from models.networks.context.chained_pooling import ChainedResidualPooling

LEVELS = (7, 5, 3, 2)
"""The layers whose features are refined, the deepest first: at 1/32, 1/16, 1/8 and 1/4."""


class ResidualConvUnit(nn.Module):
    """Two convolutions round which the feature goes straight on (that paper's Figure 2b)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, h, w) to the same shape."""
        return x + self.conv2(functional.relu(self.conv1(functional.relu(x))))


class RefineBlock(nn.Module):
    """Adapt the encoder's feature, add the coarser path to it, gather context, and smooth (that paper's Figure 2a)."""

    def __init__(self, cin: int, channels: int, coarser: bool) -> None:
        super().__init__()
        self.adapt = nn.Conv2d(cin, channels, 1, bias=False)
        self.units = nn.Sequential(ResidualConvUnit(channels), ResidualConvUnit(channels))
        self.fuse_fine = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.fuse_coarse = nn.Conv2d(channels, channels, 3, padding=1, bias=False) if coarser else None
        self.context = ChainedResidualPooling(channels)
        self.smooth = ResidualConvUnit(channels)

    def forward(self, feature: torch.Tensor, path: torch.Tensor | None) -> torch.Tensor:
        """A feature (N, cin, h, w) and the path from the coarser block (N, C, h/2, w/2) to (N, C, h, w)."""
        x = self.fuse_fine(self.units(self.adapt(feature)))
        if self.fuse_coarse is not None and path is not None:
            x = x + _enlarged(self.fuse_coarse(path), 2)
        return self.smooth(self.context(x))


class RefineNet(nn.Module):
    """(N, ``channels``, H, W), H and W multiples of 32, to raw alpha (N, 1, H, W)."""

    def __init__(self, channels: int = 4, width: int = 256) -> None:
        super().__init__()
        self.encoder = MobileNetV2(channels, pads_first=False)
        wide = self.encoder.channels
        self.refine = nn.ModuleList(RefineBlock(wide[n], width, n != LEVELS[0]) for n in LEVELS)
        self.pred = nn.Conv2d(width, 1, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, ``channels``, H, W), H and W multiples of 32, to raw alpha (N, 1, H, W)."""
        features = self.encoder(x)
        path = None
        for block, level in zip(self.refine, LEVELS, strict=True):
            path = block(features[level], path)
        return _enlarged(self.pred(path), 4)


def _enlarged(x: torch.Tensor, times: int) -> torch.Tensor:
    return functional.interpolate(x, scale_factor=float(times), mode="bilinear", align_corners=False)
