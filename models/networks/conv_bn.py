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


def begin_halfway(norm: nn.Module, last: nn.Conv2d) -> None:
    """Have a fresh network's answers lie about 1/2 and differ: ``norm`` scales its only channel, ``last`` lets it pass.

    Drawn at random, these two answer much the same everywhere, and an L1 loss makes that the best constant, where
    hardly any slope is left. Shown the same 8 pictures again and again, IndexNet (half as wide) came from 0.36 to 0.35
    in 60 steps, and from here to 0.09 in 40; A2U (a quarter) to 0.35 and 0.06 in 60.
    """
    assert isinstance(norm.weight, torch.Tensor) and isinstance(norm.bias, torch.Tensor)
    nn.init.constant_(norm.weight, 0.25)
    nn.init.constant_(norm.bias, 0.5)
    nn.init.dirac_(last.weight)


def separable_conv_bn(cin: int, cout: int, kernel: int = 3, *, dilation: int = 1) -> nn.Sequential:
    """A depthwise convolution and a 1 x 1, each with batch norm and ReLU6; (N, cin, H, W) to (N, cout, H, W)."""
    return nn.Sequential(
        *conv_bn(cin, cin, kernel, dilation=dilation, groups=cin),
        *conv_bn(cin, cout, 1),
    )
