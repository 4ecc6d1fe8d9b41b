"""A small network of PSPM's kind, ours after chapter 6: it learns from a few thousand photos on one core of a laptop.

    RGB ─ encoder ┬ 1/2 ─────────────────────────────┐
                  ├ 1/4 ─────────────────────────────┤
                  ├ 1/8 ─────────────────────────────┼ MatDecoder ─ alpha
                  ├ 1/16 (FM) ┐                      │
                  └ 1/32 (FM) ┴ SegDecoder ─ classes ┘

As in B5 (6.3.2) one encoder that knows ImageNet serves both tasks, and the classes join the matting features at 1/4; as
in B5+FM, channels are weighed by the whole picture (6.5.7). Ours are: EfficientNet-Lite0 in place of MobileNetV2, down
to 1/32, for a person is seen as a whole; a SegDecoder of few channels that goes up in steps; a MatDecoder that looks at
nothing coarser than 1/8, so that alpha is found without the rest of the encoder once classes are told.

Answers and inputs are those of models/networks/pspm.py. H and W are multiples of 32.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from models.networks.backbones.efficientnet_lite import CHANNELS, EfficientNetLite
from models.networks.pspm_modulation import FeatureModulation
from models.networks.pspm_segmentation import ImagePooling, enlarged
from models.networks.pspm_trimap import CLASSES, probabilities

RGB = 3
STRIDE = 32


def _layer(cin: int, cout: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution, batch norm, ReLU; (N, cin, H, W) to (N, cout, H/stride, W/stride)."""
    conv = nn.Conv2d(cin, cout, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(cout), nn.ReLU(inplace=True))


class SegDecoder(nn.Module):
    """From 1/32 up to 1/4, joined with the encoder on the way; the whole picture's mean goes in at the bottom."""

    def __init__(self, channels: tuple[int, ...], widths: tuple[int, ...]) -> None:
        """``channels``: the encoder's at 1/4, 1/8, 1/16, 1/32; ``widths``: the decoder's at 1/4, 1/8, 1/16."""
        super().__init__()
        quarter, eighth, sixteenth, last = channels
        fine, middle, coarse = widths
        self.whole = ImagePooling(last, coarse)
        self.bottom = _layer(last, coarse, 1)
        self.sixteenth = _layer(sixteenth, coarse, 1)
        self.at_sixteenth = nn.Sequential(_layer(coarse, coarse), _layer(coarse, middle))
        self.eighth = _layer(eighth, middle, 1)
        self.at_eighth = _layer(middle, fine)
        self.quarter = _layer(quarter, fine, 1)
        self.at_quarter = _layer(fine, fine)
        self.classes = nn.Conv2d(fine, CLASSES, 1)

    def forward(
        self, quarter: torch.Tensor, eighth: torch.Tensor, sixteenth: torch.Tensor, last: torch.Tensor
    ) -> torch.Tensor:
        """The encoder's features to logits (N, 3, H/4, W/4)."""
        x = enlarged(self.bottom(last) + self.whole(last), sixteenth) + self.sixteenth(sixteenth)
        x = enlarged(self.at_sixteenth(x), eighth) + self.eighth(eighth)
        x = enlarged(self.at_eighth(x), quarter) + self.quarter(quarter)
        return self.classes(self.at_quarter(x))


class MatDecoder(nn.Module):
    """Alpha from the finer features, told the classes; four pixels at a time, the last convolution working at 1/2."""

    def __init__(self, half: int, quarter: int, eighth: int) -> None:
        super().__init__()
        self.eighth = _layer(eighth, quarter, 1)
        self.quarter = _layer(quarter + CLASSES, quarter)
        self.enlarged = _layer(quarter, half, 1)
        self.joined = _layer(half + half + CLASSES + 4 * RGB, half, 1)
        self.at_half = _layer(half, half)
        self.alpha = nn.Conv2d(half, 4, 3, padding=1)

    def forward(
        self,
        image: torch.Tensor,
        half: torch.Tensor,
        quarter: torch.Tensor,
        eighth: torch.Tensor,
        classes: torch.Tensor,
    ) -> torch.Tensor:
        """RGB (N, 3, H, W), the encoder's features and probabilities (N, 3, H, W) to raw alpha (N, 1, H, W)."""
        told = functional.avg_pool2d(classes, 4)
        x = self.quarter(torch.cat((enlarged(self.eighth(eighth), quarter) + quarter, told), dim=1))
        fine = (half, functional.avg_pool2d(classes, 2), functional.pixel_unshuffle(image, 2))
        x = self.joined(torch.cat((enlarged(self.enlarged(x), half), *fine), dim=1))
        return functional.pixel_shuffle(self.alpha(self.at_half(x)), 2)


class SmallPortrait(nn.Module):
    """See the module. RGB to logits and raw alpha; with the classes in channels 4 to 6, to raw alpha alone."""

    def __init__(self, widths: tuple[int, ...] = (32, 64, 128)) -> None:
        """``widths``: the SegDecoder's channels at 1/4, 1/8 and 1/16."""
        super().__init__()
        half, quarter, eighth, sixteenth, last = CHANNELS
        self.encoder = EfficientNetLite()
        self.sixteenth = FeatureModulation(sixteenth)
        self.last = FeatureModulation(last)
        self.seg_decoder = SegDecoder((quarter, eighth, sixteenth, last), widths)
        self.mat_decoder = MatDecoder(half, quarter, eighth)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """See the module."""
        image, given = x[:, :RGB], x[:, RGB:]
        half, quarter, eighth = self.encoder.finer(image)
        if given.shape[1]:
            return (self.mat_decoder(image, half, quarter, eighth, given),)
        sixteenth, last = self.encoder.coarser(eighth)
        seen = self.seg_decoder(quarter, eighth, self.sixteenth(sixteenth), self.last(last))
        logits = enlarged(seen, image)
        return logits, self.mat_decoder(image, half, quarter, eighth, probabilities(logits))
