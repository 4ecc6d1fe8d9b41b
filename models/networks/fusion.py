"""The network that weighs classical mattes: "semi-deep" matting, after section 2.1.2 of the thesis and its [17].

    photo, trimap, mattes, trust -> sights (sights.py, not learned) -> for each pixel: its weights of the mattes
                                                                      and a correction -> alpha

It decides for each pixel alone, by what the sights say of it and of what lies around: so it learns from single pixels
of many photos at once (training/fusion_pixels.py), needs few of them, and a photo can be cut at will.

It looks twice. What the first look answers is better than any of the mattes, so the second look takes it for the first
of them, in the place of the noisiest: then the sights around a pixel say more.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import distributed, nn
from torch.nn import functional

from models.networks.sights import COUNT, MATTES, SIGNS, Sights, columns_of
from models.prepare import DEVIATION, MEAN

COLOURS = 3
TRIMAP = 3
"""The place of the trimap among the planes: after the colours, before the mattes."""
STEP = 0.2
"""What an answer of 1 adds to alpha: a step of training must not move it far."""
TRUST_IN_FIRST = 2.0
"""What speaks for the first matte before anything is learned."""
WIDTHS = (192, 192, 96)
"""The channels of a look's layers."""
SECOND_LOOK = (0, 2, 3, 1)
"""What the second look weighs, of the first one's answer and the four mattes: the answer, the closed form, KNN, and
classic in the place of sampling."""
COLUMNS = 8192
"""So many pixels are weighed at a time: what a layer makes of them stays near the processor, a third of the time."""
LEAST_SPREAD = 1e-3
LEAK = 0.1
"""The slope of the activation below 0."""
LEFT_OUT = 0.25
"""The share of values that training leaves out after the second layer: drawings are not photos, what is learned of them
must not hang on single sights."""


class Look(nn.Module):
    """Weighs four mattes of a photo by its sights.

    Takes (N, 10, H, W): normalised RGB, the trimap / 255, the four mattes, the best one first, and the two signs of
    trust in [0, 1]. Or (N, 8 + COUNT, H, W), where the sights stand in place of the signs: pixels that were looked at
    before, wherever they lie, all of them unknown. Answers raw alpha (N, 1, H, W): a weighted mean of the mattes and a
    correction where it is unknown, the first matte elsewhere. ``widths``: the channels of the layers. It counts in
    float32 what float16 would lose.
    """

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.sights = Sights()
        self.middle = nn.Parameter(torch.zeros(COUNT), requires_grad=False)  # measured once, not learned
        self.spread = nn.Parameter(torch.ones(COUNT), requires_grad=False)
        sides = (COUNT, *widths)
        self.layers = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in pairwise(sides))
        self.left_out = nn.Dropout(LEFT_OUT)
        self.answer = nn.Conv2d(widths[-1], MATTES + 1, 1)
        self.colours = _Colours()
        nn.init.zeros_(self.answer.weight)
        assert self.answer.bias is not None
        nn.init.zeros_(self.answer.bias)
        with torch.no_grad():
            self.answer.bias[0] = TRUST_IN_FIRST

    @property
    def fresh(self) -> bool:
        """Whether it has learned nothing yet."""
        return not self.spread.is_meta and bool((self.spread == 1).all())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """See the class."""
        mattes, seen = x[:, TRIMAP + 1 : TRIMAP + 1 + MATTES], x[:, TRIMAP + 1 + MATTES :]
        if seen.shape[1] == COUNT:
            return self.weigh(seen.float(), mattes)
        if x.is_meta:  # where only memory is reckoned, nothing is known of the trimap: all may be unknown
            return self.weigh(self.see(x), mattes)
        unknown = (x[:, TRIMAP] > 0.25) & (x[:, TRIMAP] < 0.75)
        alpha = mattes[:, 0].clone()
        at = unknown.flatten().nonzero()[:, 0]
        if at.numel():
            most = at.numel() if self.training else COLUMNS  # a training measures all of its first batch
            parts = (columns.split(most, 2) for columns in (self.see(x, at), columns_of(mattes, at)))
            alpha[unknown] = torch.cat([self.weigh(*part)[0, 0, :, 0] for part in zip(*parts, strict=True)])
        return alpha[:, None]

    def see(self, x: torch.Tensor, at: torch.Tensor | None = None) -> torch.Tensor:
        """The sights (N, COUNT, H, W) float32 of an input (N, 10, H, W), or of pixels ``at``, as ``Sights`` has it."""
        x = x.float()
        trimap, mattes, signs = x[:, TRIMAP:].split((1, MATTES, x.shape[1] - TRIMAP - 1 - MATTES), 1)
        return self.sights(self.colours(x[:, :COLOURS]), trimap, mattes, signs, at)

    def weigh(self, sights: torch.Tensor, mattes: torch.Tensor) -> torch.Tensor:
        """Raw alpha (N, 1, H, W) from the sights of pixels, wherever they lie, and their mattes (N, 4, H, W)."""
        if self.training and self.fresh:
            self._measure(sights)
        values = (sights - self.middle.float()[:, None, None]).div_(self.spread.float()[:, None, None])
        values = values.to(self.answer.weight.dtype)
        for place, layer in enumerate(self.layers):
            values = functional.leaky_relu(layer(values), LEAK)
            if place == 1:
                values = self.left_out(values)
        answer = self.answer(values).float()
        weights = answer[:, :MATTES].softmax(1)
        alpha = (weights * mattes.float()).sum(1, keepdim=True) + STEP * answer[:, MATTES:]
        return alpha.to(mattes.dtype)

    def _measure(self, sights: torch.Tensor) -> None:
        """Take the mean and the spread of each sight from the first batch of a training: two thousand pixels do.

        Of several processes all take those that the first one measures in its share of the batch.
        """
        with torch.no_grad():
            self.middle.copy_(sights.mean((0, 2, 3)))
            self.spread.copy_(sights.std((0, 2, 3)) + LEAST_SPREAD)
            if distributed.is_available() and distributed.is_initialized():
                distributed.broadcast(self.middle, 0)
                distributed.broadcast(self.spread, 0)


class Fusion(nn.Module):
    """Two looks: ``first`` weighs four mattes, ``second`` what that made of them and three of them.

    Takes what ``Look`` takes, and answers as the first look does. With one plane more, the first look's answer before
    the mattes, it answers as the second does; one that has learned nothing leaves that answer as it is.
    """

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.first = Look(widths)
        self.second = Look(widths)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """See the class."""
        look, seen = self._look(x)
        return x[:, TRIMAP + 1 : TRIMAP + 2] if look is self.second and look.fresh and not self.training else look(seen)

    def see(self, x: torch.Tensor) -> torch.Tensor:
        """The sights (N, COUNT, H, W) float32 of an input with signs, for the look that it is for."""
        look, seen = self._look(x)
        return look.see(seen)

    def _look(self, x: torch.Tensor) -> tuple[Look, torch.Tensor]:
        """The look that so many planes are for, and what it takes of them."""
        if x.shape[1] in _ONCE:
            return self.first, x
        known, mattes, rest = x.split((TRIMAP + 1, MATTES + 1, x.shape[1] - TRIMAP - 2 - MATTES), 1)
        return self.second, torch.cat((known, mattes[:, SECOND_LOOK], rest), 1)


_ONCE = (TRIMAP + 1 + MATTES + SIGNS, TRIMAP + 1 + MATTES + COUNT)
"""How many planes there are without a first answer: with signs, or with sights in their place."""


class _Colours(nn.Module):
    """Normalised colours (N, 3, H, W) back to [0, 1]."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mean, deviation = (torch.as_tensor(value, device=x.device)[:, None, None] for value in (MEAN, DEVIATION))
        return x * deviation + mean
