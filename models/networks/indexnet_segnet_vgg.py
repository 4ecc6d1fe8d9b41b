"""SegNet on VGG-16, as deep image matting (Xu et al. 2017) has it: B3 and B4 of thesis Table 3.3.

B3 is deep image matting's encoder-decoder, every convolution with a bias, batch norm in the encoder alone: that gives
the printed 130.55M and 32.34 GFLOPs to the digit. B4 has no printed count; it is B3 without indices.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from models.networks.backbones.vgg import VGG16, conv_relu
from models.networks.upsampling.max_index import max_pooling, max_unpooling

WIDTHS = (512, 512, 256, 128, 64, 64)
"""Channels in the decoder, from 1/32 to 1/1."""


class VGGSegNet(nn.Module):
    """(N, ``channels``, H, W), H and W multiples of 32, to raw alpha (N, 1, H, W). Without indices: B4, bilinear."""

    def __init__(self, channels: int = 4, *, indices: bool = True) -> None:
        super().__init__()
        self.indices = indices
        self.encoder = VGG16(channels)
        self.fc6 = nn.Sequential(*conv_relu(512, 4096, 7))
        self.deconv6 = nn.Sequential(*conv_relu(4096, WIDTHS[0], 1))
        for number in range(5, 0, -1):
            below, own = WIDTHS[5 - number], WIDTHS[6 - number]
            self.add_module(f"deconv{number}", nn.Sequential(*conv_relu(below, own, 5)))
        self.pred = nn.Conv2d(WIDTHS[-1], 1, 5, padding=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, ``channels``, H, W), H and W multiples of 32, to raw alpha (N, 1, H, W)."""
        places: list[torch.Tensor] = []
        for number in range(1, 6):
            x, places_here = max_pooling(self.encoder.stage(number)(x))
            places.append(places_here)
        x = self.deconv6(self.fc6(x))
        for number in range(5, 0, -1):
            places_here = places.pop()
            if self.indices:
                x = max_unpooling(x, places_here)
            else:
                x = functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
            x = self.get_submodule(f"deconv{number}")(x)
        return self.pred(x)
