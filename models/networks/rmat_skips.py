"""What RMat's encoder hands to its decoder: transformer skips (TSkip) and the convolution branch's (LSkip), thesis 5.3.

The chapter names the layers, not their sizes: these are fitted to the parameters of Table 5.2.
"""

from __future__ import annotations

import torch
from torch import nn

from models.networks.backbones.mix_transformer import WIDTHS

WIDTH = 256
"""Channels of the skips and of the decoder down to 1/4."""
FINE = 64
"""Channels of the decoder at 1/2."""


def conv_norm(before: int, after: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Convolution without bias, batch norm, ReLU."""
    conv = nn.Conv2d(before, after, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(after), nn.ReLU(inplace=True))


class TransformerSkips(nn.Module):
    """TSkip: each of the transformer's four maps brought to 256 channels.

    ``kind``: ``mlp``, a 1 x 1 convolution; ``mlpconv``, that and a 3 x 3 with batch norm; ``conv``, one 3 x 3 with
    batch norm, which is what fits the rows "MLPConv" of decoders with depthwise convolutions.
    """

    def __init__(self, kind: str) -> None:
        super().__init__()
        make = {"mlp": _mlp, "mlpconv": _mlp_conv, "conv": _conv}.get(kind)
        if make is None:
            raise ValueError(f"There is no transformer skip {kind}. Choose mlp, mlpconv or conv.")
        self.scales = nn.ModuleList(make(width) for width in WIDTHS)

    def forward(self, maps: tuple[torch.Tensor, ...]) -> list[torch.Tensor]:
        """The maps at 1/4, 1/8, 1/16, 1/32 as (N, 256, h, w), in the same order."""
        return [scale(x) for scale, x in zip(self.scales, maps, strict=True)]


def _mlp(width: int) -> nn.Module:
    return nn.Conv2d(width, WIDTH, 1)


def _mlp_conv(width: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(width, WIDTH, 1), conv_norm(WIDTH, WIDTH, 3))


def _conv(width: int) -> nn.Module:
    return conv_norm(width, WIDTH, 3)


class ConvolutionBranch(nn.Module):
    """LSkip: three convolutions of stride 2, for the details that the transformer's first patches lose."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.to_2 = conv_norm(channels, 64, 3, stride=2)
        self.to_4 = conv_norm(64, 128, 3, stride=2)
        self.to_8 = conv_norm(128, WIDTH, 3, stride=2)
        self.widen = nn.Conv2d(128, WIDTH, 1)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """(N, channels, H, W) to what is added at 1/2 (64 channels), at 1/4 and at 1/8 (256)."""
        half = self.to_2(x)
        quarter = self.to_4(half)
        return half, self.widen(quarter), self.to_8(quarter)
