"""The first eleven blocks of ResNet-34, A2U's encoder (thesis, 4.6): 3, 4 and 4 residual blocks, output stride 16.

Every convolution is followed by an activated batch norm. Where an operator pairs downsampling with upsampling, the
convolutions of stride 2 have stride 1, and the operator looks at what they answer and shrinks it.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.networks.upsampling.pairing import Guide, Guided, Operator

STAGES = ((64, 3), (128, 4), (256, 4))
"""Channels and blocks of the residual stages at 1/4, 1/8 and 1/16."""
EPS = 1e-5


class ActivatedBatchNorm(nn.Module):
    """In-place activated batch norm in plain PyTorch: normalisation, then leaky ReLU of slope 0.01.

    y = (x - mean) * (|weight| + eps) / sqrt(var + eps) + bias. The weight's sign does not count: in the library that
    the published networks were trained with, that keeps the layer invertible, which is how it saves memory.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, *, activate: bool = True, momentum: float = 0.1) -> None:
        super().__init__()
        self.activate = activate
        self.momentum = momentum
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape."""
        scale = self.scale()
        mean, variance = self.running_mean, self.running_var
        y = functional.batch_norm(x, mean, variance, scale, self.bias, self.training, self.momentum, EPS)
        return activated(y) if self.activate else y

    def scale(self) -> Tensor:
        """What the normalised channels are multiplied by, (C,): |weight| + eps."""
        return self.weight.abs() + EPS


def activated(x: Tensor) -> Tensor:
    """Leaky ReLU of slope 0.01, written into ``x``: normalisation and addition need their answers for no gradient."""
    return functional.leaky_relu(x, 0.01, inplace=True)


def conv_norm(
    cin: int, cout: int, kernel: int, stride: int = 1, *, dilation: int = 1, groups: int = 1, activate: bool = True
) -> nn.Sequential:
    """A convolution without bias (0) and its norm (1); (N, cin, H, W) to (N, cout, H/stride, W/stride), kernel odd."""
    padding = dilation * (kernel // 2)
    return nn.Sequential(
        nn.Conv2d(cin, cout, kernel, stride, padding, dilation, groups, bias=False),
        ActivatedBatchNorm(cout, activate=activate),
    )


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut, which is a 1 x 1 convolution where the number of channels changes."""

    def __init__(self, cin: int, cout: int, stride: int = 1) -> None:
        super().__init__()
        self.first = conv_norm(cin, cout, 3, stride)
        self.second = conv_norm(cout, cout, 3, activate=False)
        self.shortcut = None if cin == cout and stride == 1 else conv_norm(cin, cout, 1, stride, activate=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, cin, H, W) to (N, cout, H/stride, W/stride)."""
        straight = x if self.shortcut is None else self.shortcut(x)
        return activated(self.second(self.first(x)) + straight)


class PairedBlock(nn.Module):
    """A residual block that halves by an operator, guided by what the first convolution answers (4.6).

    The shortcut keeps its stride of 2; only the published network shows that.
    """

    def __init__(self, cin: int, cout: int, operator: Operator) -> None:
        super().__init__()
        self.first = conv_norm(cin, cout, 3)
        self.second = conv_norm(cout, cout, 3, activate=False)
        self.shortcut = conv_norm(cin, cout, 1, 2, activate=False)
        self.operator = operator

    def forward(self, x: Tensor) -> tuple[Tensor, Guide]:
        """(N, cin, H, W) to (N, cout, H/2, W/2) and the guide for coming back to H, W."""
        feature = self.first(x)
        guide = self.operator.guide(feature)
        return activated(self.second(self.operator.shrink(feature, guide)) + self.shortcut(x)), guide


class Encoder(nn.Module):
    """Features at 1/2, 1/4, 1/8 and 1/16 with 64, 64, 128 and 256 channels, or ``share`` of them.

    ``paired`` makes the operator of each halving for a number of channels; without it, convolutions of stride 2 and a
    max pool halve.
    """

    def __init__(self, cin: int = 4, paired: Callable[[int], Operator] | None = None, share: float = 1) -> None:
        super().__init__()
        (width, count), *further = [(int(channels * share), count) for channels, count in STAGES]
        self.channels = (width, width, *(channels for channels, _ in further))
        self.stem = conv_norm(cin, width, 7, 1 if paired else 2)
        self.pairs = nn.ModuleList([paired(width), paired(width)] if paired else [])
        self.halvings = nn.ModuleList()
        self.stages = nn.ModuleList([_blocks(width, count)])
        for cout, count in further:
            self.halvings.append(PairedBlock(width, cout, paired(cout)) if paired else ResidualBlock(width, cout, 2))
            self.stages.append(_blocks(cout, count - 1))
            width = cout

    def forward(self, x: Tensor) -> tuple[list[Tensor], list[Guided]]:
        """(N, cin, H, W), multiples of 16, to the four features and, where paired, the ways back to 1/1 ... 1/8."""
        ways: list[Guided] = []
        y = self._halved(0, self.stem(x), ways) if self.pairs else self.stem(x)
        features = [y]
        y = self._halved(1, y, ways) if self.pairs else functional.max_pool2d(y, 3, 2, 1)
        features.append(self.stages[0](y))
        for halving, stage in zip(self.halvings, self.stages[1:], strict=True):
            y = halving(features[-1])
            if isinstance(halving, PairedBlock):
                y, guide = y
                ways.append(Guided(halving.operator, guide))
            features.append(stage(y))
        return features, ways

    def _halved(self, index: int, x: Tensor, ways: list[Guided]) -> Tensor:
        """``x`` halved by the pair of that index, which adds its way back to ``ways``."""
        operator = self.pairs[index]
        assert isinstance(operator, Operator)
        guide = operator.guide(x)
        ways.append(Guided(operator, guide))
        return operator.shrink(x, guide)


def _blocks(channels: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(ResidualBlock(channels, channels) for _ in range(count)))
