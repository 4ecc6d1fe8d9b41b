"""VGG-16 with batch norm (Simonyan and Zisserman 2015): the encoder of B3 and B4 of thesis Table 3.3."""

from __future__ import annotations

import torch
from torch import nn

STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
"""Channels of the thirteen convolutions; after each stage the feature is halved, by whoever uses the backbone."""


def conv_relu(cin: int, cout: int, kernel: int = 3, *, norm: bool = False) -> list[nn.Module]:
    """A convolution with bias, a batch norm if asked for, and ReLU; (N, cin, H, W) to (N, cout, H, W)."""
    conv = nn.Conv2d(cin, cout, kernel, padding=kernel // 2)
    return [conv, *([nn.BatchNorm2d(cout)] if norm else []), nn.ReLU(inplace=True)]


class VGG16(nn.Module):
    """``stage1`` to ``stage5``, each at one size; (N, channels, H, W) to (N, 64, H, W) and so on."""

    def __init__(self, channels: int = 3) -> None:
        super().__init__()
        for number, widths in enumerate(STAGES, start=1):
            layers: list[nn.Module] = []
            for width in widths:
                layers += conv_relu(channels, width, norm=True)
                channels = width
            self.add_module(f"stage{number}", nn.Sequential(*layers))

    def stage(self, number: int) -> nn.Module:
        """The stage of that number, 1 to 5."""
        return self.get_submodule(f"stage{number}")

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """The five stages' answers, at 1/1, 1/2, 1/4, 1/8 and 1/16, halved by max pooling between them."""
        features: list[torch.Tensor] = []
        for number in range(1, len(STAGES) + 1):
            features.append(self.stage(number)(x))
            x = nn.functional.max_pool2d(features[-1], 2)
        return features
