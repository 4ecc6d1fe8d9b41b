"""DeepLabv3+ on MobileNetV2 (Chen et al. 2018): B1 of thesis Table 3.3.

The thesis prints no count for it, so the layout is ours: PSPM's DeepLabv3+ branch, which reproduces Tables 6.4 and 6.7,
with a fourth input channel and one output.
"""

from __future__ import annotations

import torch
from torch import nn

from models.networks.backbones.mobilenet_v2 import MobileNetV2
from models.networks.pspm_segmentation import OUTPUT_STRIDE, DeepLabDecoder, enlarged


class DeepLabV3Plus(nn.Module):
    """(N, 4, H, W), H and W multiples of 16, to raw alpha (N, 1, H, W)."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = MobileNetV2(channels=4, output_stride=OUTPUT_STRIDE, pads_first=False)
        self.decoder = DeepLabDecoder(outputs=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalised RGB and trimap / 255 (N, 4, H, W) to (N, 1, H, W)."""
        features = self.encoder(x)
        return enlarged(self.decoder(features[7], features[2]), x)
