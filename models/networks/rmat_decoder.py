"""RMat's decoder (Figure 5.3): from 1/32 to the photo's own size, doubling, adding the skip, one layer at each scale.

Layer types are Table 5.2's; their widths are fitted to its parameters.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from models.networks.rmat_assembling import LowLevelAssembling
from models.networks.rmat_skips import FINE, WIDTH, conv_norm

Details = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""The convolution branch at 1/2, 1/4, 1/8."""


def layer(kind: str, before: int, after: int) -> nn.Sequential:
    """``conv``, 3 x 3; ``mlp``, 1 x 1; ``mlpdw``, 1 x 1 and depthwise 3 x 3; every convolution with norm and ReLU."""
    if kind == "conv":
        return conv_norm(before, after, 3)
    if kind == "mlp":
        return conv_norm(before, after, 1)
    if kind == "mlpdw":
        return nn.Sequential(conv_norm(before, after, 1), conv_norm(after, after, 3, groups=after))
    raise ValueError(f"There is no decoder layer {kind}. Choose conv, mlp or mlpdw.")


def doubled(x: torch.Tensor) -> torch.Tensor:
    """Twice the height and width, bilinear."""
    return functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


class Decoder(nn.Module):
    """Skips in, raw alpha out; ``lfa`` puts the attention block after the layer at 1/4."""

    def __init__(self, kind: str, lfa: bool) -> None:
        super().__init__()
        self.layer_16 = layer(kind, WIDTH, WIDTH)
        self.layer_8 = layer(kind, WIDTH, WIDTH)
        self.layer_4 = layer(kind, WIDTH, WIDTH)
        self.assemble = LowLevelAssembling() if lfa else None
        self.layer_2 = layer(kind, WIDTH, FINE)
        self.alpha = nn.Conv2d(FINE, 1, 3, 1, 1)

    def forward(self, skips: list[torch.Tensor], details: Details | None) -> torch.Tensor:
        """Transformer skips at 1/4 to 1/32 and, where there is one, the convolution branch's, to (N, 1, H, W)."""
        at_4, at_8, at_16, at_32 = skips
        if details is not None:
            at_4, at_8 = at_4 + details[1], at_8 + details[2]
        x = self.layer_16(doubled(at_32) + at_16)
        x = self.layer_8(doubled(x) + at_8)
        x = self.layer_4(doubled(x) + at_4)
        if self.assemble is not None:
            x = self.assemble(at_4, x)
        x = self.layer_2(doubled(x))
        if details is not None:
            x = x + details[0]
        return self.alpha(doubled(x))
