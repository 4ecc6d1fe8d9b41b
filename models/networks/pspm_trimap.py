"""From the three classes of a segmentation to the trimap that a matting network takes (thesis 6.3.1).

Classes stand in the order background, unknown, foreground: B, U, F.
"""

from __future__ import annotations

import torch
from torch.nn import functional

CLASSES = 3
UNKNOWN, FOREGROUND = 1, 2


def probabilities(logits: torch.Tensor) -> torch.Tensor:
    """Equation (6.2): logits (N, 3, H, W) to B_p, U_p, F_p, which sum to 1 in every pixel."""
    return functional.softmax(logits, dim=1)


def summed(classes: torch.Tensor) -> torch.Tensor:
    """Equation (6.1), M = F_p + U_p / 2: probabilities (N, 3, H, W) to one channel (N, 1, H, W) in [0, 1]."""
    return classes[:, FOREGROUND:] + classes[:, UNKNOWN:FOREGROUND] / 2


def decided(classes: torch.Tensor) -> torch.Tensor:
    """The likeliest class alone, as probabilities of 0 and 1, (N, 3, H, W). No gradient comes through it."""
    return functional.one_hot(classes.argmax(dim=1), CLASSES).permute(0, 3, 1, 2).to(classes.dtype)
