"""MobileNetV2 (Sandler et al. 2018), as the thesis uses it: any channels, width and output stride, pooled or strided.

Eight layers, ``layer0`` to ``layer7``, names and contents as in the checkpoints of IndexNet's authors. Five halvings
belong to layers 0, 2, 3, 4 and 6:

- *strided* (``pooled=False``): the layer's first depthwise convolution takes the stride, as in the original;
- *pooled* (``pooled=True``, thesis 3.6.1.1): every convolution has stride 1, and whoever uses the backbone halves what
  layers ``halved_after`` answer, by pooling whose indices the decoder gets.

    pyramid = MobileNetV2(channels=3, output_stride=16)(x)                  # eight features, the finest first
    pyramid = MobileNetV2(channels=4, pooled=True)(x, after=pool_indexed)   # after(3, feature) -> what layer 4 sees

The second is also where features are modulated (thesis 6.3): ``after`` is called with each layer's number and answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from models.networks.conv_bn import conv_bn

After = Callable[[int, torch.Tensor], torch.Tensor]

STEM = 32
SETTING = ((1, 16, 1), (6, 24, 2), (6, 32, 3), (6, 64, 4), (6, 96, 3), (6, 160, 3), (6, 320, 1))
"""Expansion, channels and blocks of layers 1 to 7."""
HALVING = (0, 2, 3, 4, 6)
"""The layers that halve the size, as long as the output stride is not reached."""


def scaled(channels: int, width: float) -> int:
    """``channels`` times ``width``, cut to a whole number: what reproduces the known figures of B11-1.4."""
    return int(channels * width)


@dataclass(frozen=True)
class _Step:
    """How one layer walks: its first block's stride and dilation, its other blocks' dilation, its answer's stride."""

    stride: int
    first_dilation: int
    dilation: int
    reduced: int


def _plan(output_stride: int, pooled: bool) -> list[_Step]:
    """The eight layers' steps. A halving that is left out doubles the dilation of all that would have followed it."""
    steps: list[_Step] = []
    reduced, dilation = 1, 1
    for number in range(len(SETTING) + 1):
        halves = number in HALVING and reduced < output_stride
        next_reduced = reduced * (2 if halves else 1)
        next_dilation = dilation * (2 if number in HALVING and not halves else 1)
        if pooled:
            steps.append(_Step(1, dilation, dilation, reduced))
        else:
            steps.append(_Step(2 if halves else 1, dilation, next_dilation, next_reduced))
        reduced, dilation = next_reduced, next_dilation
    return steps


class InvertedResidual(nn.Module):
    """Expand by a 1 x 1 convolution, filter each channel by a 3 x 3, project linearly by a 1 x 1 (section 3.3 there).

    With ``pads_first``, as IndexNet's authors have it, the zeros round the picture are laid before the expansion, not
    before the filter: at the border the filter meets what batch norm and ReLU6 make of zero. The 1 x 1 convolution's
    own padding does just that.
    """

    def __init__(
        self, cin: int, cout: int, expansion: int, stride: int = 1, dilation: int = 1, pads_first: bool = True
    ) -> None:
        super().__init__()
        hidden = cin * expansion
        pads_first = pads_first and expansion != 1
        self.adds = stride == 1 and cin == cout
        expand: list[nn.Module] = []
        if expansion != 1:
            expand = [
                nn.Conv2d(cin, hidden, 1, padding=dilation if pads_first else 0, bias=False),
                nn.BatchNorm2d(hidden),
                nn.ReLU6(inplace=True),
            ]
        self.conv = nn.Sequential(
            *expand,
            nn.Conv2d(hidden, hidden, 3, stride, 0 if pads_first else dilation, dilation, groups=hidden, bias=False),
            nn.BatchNorm2d(hidden),
            nn.ReLU6(inplace=True),
            nn.Conv2d(hidden, cout, 1, bias=False),
            nn.BatchNorm2d(cout),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, cin, H, W) to (N, cout, H / stride, W / stride)."""
        return x + self.conv(x) if self.adds else self.conv(x)


class MobileNetV2Layers(nn.Module):
    """The eight layers, not yet in a row: base of the backbone, and of networks that hold its layers as their own."""

    channels: tuple[int, ...]
    """Of the eight layers' answers: 32, 16, 24, 32, 64, 96, 160, 320 at width 1."""
    halved_after: tuple[int, ...]
    """Pooled: the layers whose answers the user halves. Strided: empty, the layers do it themselves."""
    strides: tuple[int, ...]
    """How much smaller than the picture each layer's answer is, before it is pooled."""

    def __init__(
        self,
        channels: int = 3,
        width: float = 1,
        *,
        output_stride: int = 32,
        pooled: bool = False,
        pads_first: bool = True,
    ) -> None:
        """``output_stride`` 8, 16 or 32: halvings beyond it are left out, and later filters dilated instead.

        ``pads_first``: see ``InvertedResidual``; chapter 6's figures only come out without.
        """
        super().__init__()
        if output_stride not in (8, 16, 32):
            raise ValueError(f"MobileNetV2 has no output stride {output_stride}. Choose 8, 16 or 32.")
        self.channels = (scaled(STEM, width), *(scaled(out, width) for _, out, _ in SETTING))
        plan = _plan(output_stride, pooled)
        self.halved_after = HALVING[: output_stride.bit_length() - 1] if pooled else ()
        self.strides = tuple(step.reduced for step in plan)
        self.layer0 = conv_bn(channels, self.channels[0], 3, plan[0].stride)
        for number, (expansion, _, blocks) in enumerate(SETTING, start=1):
            step, wide = plan[number], self.channels[number]
            before = self.channels[number - 1]
            first = InvertedResidual(before, wide, expansion, step.stride, step.first_dilation, pads_first)
            rest = [InvertedResidual(wide, wide, expansion, 1, step.dilation, pads_first) for _ in range(blocks - 1)]
            self.add_module(f"layer{number}", nn.Sequential(first, *rest))

    def layer(self, number: int) -> nn.Module:
        """The layer of that number, 0 to 7."""
        return self.get_submodule(f"layer{number}")


class MobileNetV2(MobileNetV2Layers):
    """The backbone; (N, ``channels``, H, W) to eight features, H and W multiples of ``output_stride``."""

    def forward(self, x: torch.Tensor, after: After | None = None) -> list[torch.Tensor]:
        """The eight layers' answers, the finest first; the next layer sees what ``after`` makes of each."""
        features: list[torch.Tensor] = []
        for number in range(len(self.channels)):
            feature = self.layer(number)(x)
            features.append(feature)
            x = after(number, feature) if after is not None else feature
        return features
