"""The network that weighs classical mattes: "semi-deep" matting, after section 2.1.2 of the thesis and its [17].

    photo, trimap, mattes, trust                            alpha
      |  \\___________________________ full size _____________|
      |                                 blocks    weights of the mattes, and a correction
      |__ half size _________________________/
             blocks  \\              / blocks
                      quarter size
                  blocks, further and further apart

At half and quarter size it sees what lies around, cheaply; at full size it keeps every hair. The answer is a sum of
the mattes, weighted pixel by pixel, plus a correction: an untrained network gives their plain mean. The weights are
free: through a softmax, training soon settled on the best matte everywhere and learned no more. It looks at no whole,
so a photo can be cut at will.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

COLOURS = 3
TRIMAP = 3
"""The place of the trimap among the planes: after the colours, before the mattes."""
STEP = 0.2
"""What an answer of 1 adds to a weight or to alpha: a step of training must not move them far."""
DISAGREEMENT = 4.0
"""How much louder the differences between mattes are than the mattes: they are small, and what matters."""
LEAK = 0.1
"""The slope of the activation below 0."""


class Fusion(nn.Module):
    """Weighs ``mattes`` mattes of a photo by its colours, the trimap and ``signs`` planes of trust.

    Takes (N, 4 + mattes + signs, H, W): normalised RGB, the trimap / 255, the mattes and the signs in [0, 1]; H and W
    multiples of 4. Answers raw alpha (N, 1, H, W). ``widths``: channels at full, half and quarter size; ``spread``: the
    dilations of the blocks at quarter size.
    """

    def __init__(
        self,
        mattes: int = 4,
        signs: int = 2,
        widths: tuple[int, int, int] = (24, 48, 64),
        spread: tuple[int, ...] = (1, 2, 4, 8),
    ) -> None:
        super().__init__()
        full, half, quarter = widths
        planes = COLOURS + 2 + mattes + signs
        self.mattes = mattes
        self.enter_full = nn.Conv2d(planes, full, 3, padding=1)
        self.enter_half = nn.Conv2d(4 * planes, half, 3, padding=1)
        self.early = ResidualBlock(half)
        self.enter_quarter = nn.Conv2d(half, quarter, 3, stride=2, padding=1)
        self.around = nn.Sequential(*[ResidualBlock(quarter, dilation) for dilation in spread])
        self.leave_quarter = nn.Conv2d(quarter, half, 1)
        self.late = nn.Sequential(ResidualBlock(half), ResidualBlock(half))
        self.leave_half = nn.Conv2d(half, 4 * full, 1)
        self.fine = nn.Sequential(ResidualBlock(full), ResidualBlock(full))
        self.answer = nn.Conv2d(full, mattes + 1, 3, padding=1)
        _begin(self)
        nn.init.zeros_(self.answer.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """See the class."""
        planes = self._planes(x)
        half = self.early(self.enter_half(functional.pixel_unshuffle(planes, 2)))
        quarter = self.around(self.enter_quarter(_active(half)))
        half = half + functional.interpolate(
            self.leave_quarter(_active(quarter)), size=half.shape[-2:], mode="bilinear", align_corners=False
        )
        half = self.late(half)
        full = self.enter_full(planes) + functional.pixel_shuffle(self.leave_half(_active(half)), 2)
        answer = self.answer(_active(self.fine(full)))
        weights = 1 / self.mattes + STEP * answer[:, :-1]
        mattes = x[:, TRIMAP + 1 : TRIMAP + 1 + self.mattes]
        return (weights * mattes).sum(dim=1, keepdim=True) + STEP * answer[:, -1:]

    def _planes(self, x: torch.Tensor) -> torch.Tensor:
        """The input with the trimap as two planes, sure foreground and unknown; mattes as what sets them apart.

        The first matte is centred, of the others the difference from it is taken: where they disagree one is wrong.
        """
        trimap = x[:, TRIMAP : TRIMAP + 1]
        marks = torch.cat((trimap > 0.75, (trimap > 0.25) & (trimap < 0.75)), dim=1).to(x.dtype)
        first, others, signs = x[:, TRIMAP + 1 :].split((1, self.mattes - 1, x.shape[1] - TRIMAP - 1 - self.mattes), 1)
        parts = (x[:, :COLOURS], marks, 2 * first - 1, DISAGREEMENT * (others - first), 2 * signs - 1)
        return torch.cat(parts, dim=1)


class ResidualBlock(nn.Module):
    """x + conv(act(conv(act(x)))); both 3 x 3 with the same dilation. Begins as doing nothing.

    x itself passes through no activation, and the activation leaks: without norms, channels that only a ReLU lets
    through died by the dozen within the first steps.
    """

    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.second = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, channels, H, W) to the same shape."""
        return x + self.second(_active(self.first(_active(x))))


def _active(x: torch.Tensor) -> torch.Tensor:
    return functional.leaky_relu(x, LEAK)


def _begin(network: nn.Module) -> None:
    """Values to learn from: every convolution keeps the size of what it is given, and a block does nothing yet."""
    for part in network.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, a=LEAK)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
    for part in network.modules():
        if isinstance(part, ResidualBlock):
            nn.init.zeros_(part.second.weight)
