"""The encoder that PSPM's two tasks share, and the matting decoders that stand behind it (thesis 6.3.2).

The encoder is MobileNetV2 at output stride 16 in which max pooling follows convolutions of stride 1, so that the
decoder can put its features back where they came from. Its layers 0, 2, 3 and 4 are pooled:

    layer       0     1     2     3     4     5     6     7
    channels    32    16    24    32    64    96    160   320
    size        1/1   1/2   1/2   1/4   1/8   1/16  1/16  1/16
    pooled      1/2         1/4   1/8   1/16

X_1/4 and X_1/8 of the thesis are the pooled features of layers 2 and 3, X_1/16 is that of layer 7.

The thesis prints no channel numbers for the decoders. Those here meet its counts of parameters and multiplications
within 0.6 %, but so would others: the counts do not pin the layout of B3, B4 and B5 down.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from models.networks.backbones.mobilenet_v2 import MobileNetV2
from models.networks.conv_bn import conv_bn
from models.networks.indexnet_unet import DecoderLayer, prediction
from models.networks.pspm_modulation import FeatureModulation
from models.networks.pspm_segmentation import HIGH, OUTPUT_STRIDE, enlarged
from models.networks.pspm_trimap import CLASSES
from models.networks.upsampling.max_index import max_pooling, max_unpooling

KERNEL = 5
"""A single 3 x 3 would not reach all pixels of a region of which unpooling has filled one (6.3.2)."""
PRIOR = 128
"""Channels of B4's way from M at 1/4 to the encoder's output."""


@dataclass(frozen=True)
class Encoded:
    """What the encoder found: the eight layers' features, and of the pooled ones also the result and the indices."""

    features: list[torch.Tensor]
    pooled: dict[int, torch.Tensor]
    indices: dict[int, torch.Tensor]


class SharedEncoder(nn.Module):
    """MobileNetV2 for both tasks; with ``modulated`` every layer's answer passes through FM (6.5.7)."""

    def __init__(self, modulated: bool = False) -> None:
        super().__init__()
        self.backbone = MobileNetV2(channels=3, output_stride=OUTPUT_STRIDE, pooled=True, pads_first=False)
        self.modulation: nn.ModuleList | None = None
        if modulated:
            self.modulation = nn.ModuleList(FeatureModulation(channels) for channels in self.backbone.channels)

    def forward(self, x: torch.Tensor) -> Encoded:
        """Normalised RGB (N, 3, H, W), H and W multiples of 16, to what was found."""
        found = Encoded([], {}, {})

        def after(number: int, feature: torch.Tensor) -> torch.Tensor:
            if self.modulation is not None:
                feature = self.modulation[number](feature)
            found.features.append(feature)
            if number not in self.backbone.halved_after:
                return feature
            found.pooled[number], found.indices[number] = max_pooling(feature)
            return found.pooled[number]

        self.backbone(x, after=after)
        return found


class FineEnd(nn.Module):
    """From 1/4 to the picture's size: unpool, 24-32 at 1/2, unpool, 32-32 at 1/1, predict; all convolutions 5 x 5."""

    def __init__(self) -> None:
        super().__init__()
        self.at_half = conv_bn(24, 32, KERNEL)
        self.at_full = conv_bn(32, 32, KERNEL)
        self.pred = prediction(32, KERNEL)

    def forward(self, x: torch.Tensor, found: Encoded) -> torch.Tensor:
        """(N, 24, H/4, W/4) to raw alpha (N, 1, H, W)."""
        x = self.at_half(max_unpooling(x, found.indices[2]))
        return self.pred(self.at_full(max_unpooling(x, found.indices[0])))


class MatDecoder(nn.Module):
    """B3's and B4's decoder, after IndexNet with max unpooling: joined with the encoder at 1/16, 1/8 and 1/4.

    ``cin`` is what it gets at 1/16: X_1/16 alone, or with ``PRIOR`` channels of prior knowledge beside it.
    """

    def __init__(self, cin: int = HIGH) -> None:
        super().__init__()
        self.reduce = conv_bn(cin, 160, 1)
        self.layer6 = conv_bn(160, 96, KERNEL)
        self.layer5 = DecoderLayer(96, 64, KERNEL)
        self.layer4 = DecoderLayer(64, 32, KERNEL)
        self.layer3 = DecoderLayer(32, 24, KERNEL)
        self.fine = FineEnd()

    def forward(self, x: torch.Tensor, found: Encoded) -> torch.Tensor:
        """(N, cin, H/16, W/16) and what the encoder found to raw alpha (N, 1, H, W)."""
        x = self.layer5(self.layer6(self.reduce(x)), found.features[5])
        x = self.layer4(max_unpooling(x, found.indices[4]), found.features[4])
        x = self.layer3(max_unpooling(x, found.indices[3]), found.features[3])
        return self.fine(x, found)


class PriorBranch(nn.Module):
    """B4's feature connection: M at 1/4 through convolutions of stride 2 to 1/16, where the encoder's output waits."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            conv_bn(1, 32, 3, 2),
            conv_bn(32, PRIOR, 3, 2),
            conv_bn(PRIOR, PRIOR, 3),
        )

    def forward(self, summed: torch.Tensor) -> torch.Tensor:
        """M (N, 1, H/4, W/4) to (N, 128, H/16, W/16)."""
        return self.layers(summed)


class GuidedDecoder(nn.Module):
    """B5's decoder (Figure 6.5): features fused layer by layer up to 1/4, where the three classes join them."""

    def __init__(self) -> None:
        super().__init__()
        self.reduce = conv_bn(HIGH, 32, 1)
        self.eighth = conv_bn(32 + 32, 24, 1)
        self.quarter = conv_bn(24 + 24 + CLASSES, 24, KERNEL)
        self.fine = FineEnd()

    def forward(self, found: Encoded, classes: torch.Tensor) -> torch.Tensor:
        """What the encoder found and the probabilities (N, 3, H/4, W/4) to raw alpha (N, 1, H, W)."""
        eighth, quarter = found.pooled[3], found.pooled[2]
        x = enlarged(self.reduce(found.features[7]), eighth)
        x = enlarged(self.eighth(torch.cat((x, eighth), dim=1)), quarter)
        return self.fine(self.quarter(torch.cat((x, quarter, classes), dim=1)), found)
