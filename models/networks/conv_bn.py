"""Convolution, batch norm and an activation: what nearly every layer of the networks is made of."""

from __future__ import annotations

import torch
from torch import nn


class Join(nn.Module):
    """Halfway between two layers: how an encoder's feature meets the decoder's. Holds no parameters."""

    def __init__(self, fusion: str) -> None:
        super().__init__()
        if fusion not in ("concat", "skip", "none"):
            raise ValueError(f"Features are not joined by {fusion}. Choose concat, skip or none.")
        self.fusion = fusion

    def forward(self, x: torch.Tensor, feature: torch.Tensor) -> torch.Tensor:
        """Both in one (N, C + C, H, W), their sum (N, C, H, W), or ``x`` alone."""
        if self.fusion == "concat":
            return torch.cat((x, feature), dim=1)
        return x + feature if self.fusion == "skip" else x


def conv_bn(
    cin: int, cout: int, kernel: int = 3, stride: int = 1, *, dilation: int = 1, groups: int = 1, activate: bool = True
) -> nn.Sequential:
    """A convolution without bias (0), batch norm (1), ReLU6 (2); (N, cin, H, W) to (N, cout, H/stride, W/stride).

    ``kernel`` is odd. With ``activate`` False the ReLU6 is left out.
    """
    padding = dilation * (kernel // 2)
    conv = nn.Conv2d(cin, cout, kernel, stride, padding, dilation, groups, bias=False)
    layers: list[nn.Module] = [conv, nn.BatchNorm2d(cout)]
    return nn.Sequential(*layers, nn.ReLU6(inplace=True)) if activate else nn.Sequential(*layers)


def separable_conv_bn(cin: int, cout: int, kernel: int = 3, *, dilation: int = 1) -> nn.Sequential:
    """A depthwise convolution and a 1 x 1, each with batch norm and ReLU6; (N, cin, H, W) to (N, cout, H, W)."""
    return nn.Sequential(
        *conv_bn(cin, cin, kernel, dilation=dilation, groups=cin),
        *conv_bn(cin, cout, 1),
    )
