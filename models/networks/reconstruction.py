"""The small network in which the papers compare operators: it gives back the picture that it is shown.

Index Networks, 5.3 (thesis, 3.5.2 and 4.8.1): C(32)-D-C(64)-D-C(128)-D-C(256)-C(128)-U-C(64)-U-C(32)-U-C(1), where
C(k) is a 3 x 3 convolution to k channels with batch norm and ReLU (the last without), D halves and U doubles the size.
No feature is skipped: what gets past the narrow middle goes through the operators.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import nn

from models.networks.upsampling.pairing import Guide, Operator

STAGES = (32, 64, 128)
"""The channels of the features that are halved, and of those that are doubled, from the largest to the smallest."""
DEEPEST = 256
STRIDE = 8

MakeOperator = Callable[[int], Operator]


class Reconstruction(nn.Module):
    """The encoder and decoder round three operators, one for each stage."""

    def __init__(self, make_operator: MakeOperator, *, one_for_all: bool = False) -> None:
        """``make_operator`` makes the operator for a feature of so many channels; ``one_for_all``: called once only,
        and its operator serves all stages, as in the modelwise family.

        All convolutions are made before the operators, so that a seed gives them the same first weights whatever the
        operator (but for one that widens). An operator that lays regions into channels (``widens``) makes the layer
        behind it take more, or fewer: C(k) keeps its k.
        """
        super().__init__()
        with torch.device("meta"):  # where making one draws no random numbers
            widens = make_operator(STAGES[0]).widens
        behind_down = [widens * channels for channels in STAGES]
        behind_up = [channels // widens for channels in STAGES]
        self.encoder = nn.ModuleList(
            [_layer(1, STAGES[0]), _layer(behind_down[0], STAGES[1]), _layer(behind_down[1], STAGES[2])]
        )
        self.middle = nn.Sequential(_layer(behind_down[2], DEEPEST), _layer(DEEPEST, STAGES[2]))
        self.decoder = nn.ModuleList(
            [_layer(behind_up[2], STAGES[1]), _layer(behind_up[1], STAGES[0]), nn.Conv2d(behind_up[0], 1, 3, padding=1)]
        )
        made = [make_operator(STAGES[0])] * 3 if one_for_all else [make_operator(channels) for channels in STAGES]
        self.operators = nn.ModuleList(made)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 1, H, W) to the same shape, H and W multiples of 8; the answer may leave [0, 1]."""
        operators = [cast(Operator, operator) for operator in self.operators]
        guides: list[Guide] = []
        for layer, operator in zip(self.encoder, operators, strict=True):
            feature = layer(x)
            guide = operator.guide(feature)
            x = operator.shrink(feature, guide)
            guides.append(guide)
        x = self.middle(x)
        for layer, operator, guide in zip(self.decoder, operators[::-1], guides[::-1], strict=True):
            x = layer(operator.enlarge(x, guide))
        return x


def _layer(cin: int, cout: int) -> nn.Sequential:
    """C(cout): the batch norm's shift takes the place of a bias."""
    return nn.Sequential(nn.Conv2d(cin, cout, 3, padding=1, bias=False), nn.BatchNorm2d(cout), nn.ReLU(inplace=True))
