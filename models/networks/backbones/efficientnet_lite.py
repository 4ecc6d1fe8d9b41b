"""EfficientNet-Lite0 (Tan and Le 2019; the Lite form of 2020): the encoder of our small portrait network.

A stem and seven stages of inverted residuals with batch norm and ReLU6, without squeeze and excite. Filters pad alike
on all sides, where the original pads even pictures on the right and below: its features lie up to half a step aside.
"""

from __future__ import annotations

import torch
from torch import nn

STEM = 32
SETTING = ((3, 1, 16, 1, 1), (3, 6, 24, 2, 2), (5, 6, 40, 2, 2), (3, 6, 80, 3, 2), (5, 6, 112, 3, 1), (5, 6, 192, 4, 2),
           (3, 6, 320, 1, 1))  # fmt: skip
"""Filter, expansion, channels, blocks and stride of the stages."""
FINEST = (0, 1, 2, 4, 6)
"""The last stages at 1/2, 1/4, 1/8, 1/16 and 1/32 of the picture's size."""
CHANNELS = tuple(SETTING[number][2] for number in FINEST)
NORM_EPSILON = 1e-3


def _layer(cin: int, cout: int, kernel: int, stride: int = 1, groups: int = 1, activate: bool = True) -> nn.Sequential:
    """Convolution (0), batch norm (1) and ReLU6 (2); (N, cin, H, W) to (N, cout, H/stride, W/stride)."""
    layers: list[nn.Module] = [
        nn.Conv2d(cin, cout, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(cout, eps=NORM_EPSILON),
    ]
    return nn.Sequential(*layers, nn.ReLU6(inplace=True)) if activate else nn.Sequential(*layers)


class LiteBlock(nn.Module):
    """Expand by a 1 x 1 convolution, filter each channel, project linearly; added to what came in where sizes agree."""

    def __init__(self, cin: int, cout: int, kernel: int, expansion: int, stride: int) -> None:
        super().__init__()
        hidden = cin * expansion
        self.adds = stride == 1 and cin == cout
        self.expand = _layer(cin, hidden, 1) if expansion > 1 else nn.Identity()
        self.filter = _layer(hidden, hidden, kernel, stride, groups=hidden)
        self.project = _layer(hidden, cout, 1, activate=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, cin, H, W) to (N, cout, H/stride, W/stride)."""
        answer = self.project(self.filter(self.expand(x)))
        return x + answer if self.adds else answer


class EfficientNetLite(nn.Module):
    """Normalised RGB (N, 3, H, W), H and W multiples of 32, to features of ``CHANNELS`` channels, the finest first."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _layer(3, STEM, 3, 2)
        cin = STEM
        for number, (kernel, expansion, cout, blocks, stride) in enumerate(SETTING):
            first = LiteBlock(cin, cout, kernel, expansion, stride)
            rest = (LiteBlock(cout, cout, kernel, expansion, 1) for _ in range(blocks - 1))
            self.add_module(f"stage{number}", nn.Sequential(first, *rest))
            cin = cout

    def finer(self, x: torch.Tensor) -> list[torch.Tensor]:
        """The features at 1/2, 1/4 and 1/8 alone."""
        return self._features(self.stem(x), 0, FINEST[2])

    def coarser(self, eighth: torch.Tensor) -> list[torch.Tensor]:
        """The features at 1/16 and 1/32, from the one at 1/8."""
        return self._features(eighth, FINEST[2] + 1, FINEST[4])

    def _features(self, x: torch.Tensor, first: int, last: int) -> list[torch.Tensor]:
        features: list[torch.Tensor] = []
        for number in range(first, last + 1):
            x = self.get_submodule(f"stage{number}")(x)
            if number in FINEST:
                features.append(x)
        return features

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """See the class."""
        features = self.finer(x)
        return features + self.coarser(features[-1])
