"""The affinity module (thesis 6.3.3): how alike the pixels of a picture are, each with each."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

_LEAST = 1e-12
"""Keeps the division defined in a picture of one colour, where all pixels are alike."""


class PixelAffinity(nn.Module):
    """Equation (6.4), A_ij = exp(-|I_i - I_j|^2 / sigma^2), of all pairs of pixels of the picture reduced to a square.

    sigma is the greatest distance of two pixels less the smallest, which is that of a pixel from itself: 0. So A lies
    in [1/e, 1]. The affinity loss, Equation (6.9), compares A of alpha with A of the image; in training both are
    reduced first (6.5.3), because A has as many entries as the square of the pixels.
    """

    def __init__(self, side_px: int = 32) -> None:
        """``side_px``: of the square that pictures are reduced to by averaging; A is then side^2 x side^2."""
        super().__init__()
        if side_px < 2:
            raise ValueError(f"Affinity needs pixels to compare: a side of 2 or more, not {side_px}.")
        self.side_px = side_px

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W), an image or alpha, to A (N, n, n) with n = side_px^2, pixels in reading order; symmetric."""
        pixels = functional.adaptive_avg_pool2d(picture, self.side_px).flatten(2).transpose(1, 2)  # (N, n, C)
        # |a - b|^2 channel by channel: by way of |a|^2 + |b|^2 - 2ab, likeness would drown in rounding.
        squares = sum((values[:, :, None] - values[:, None, :]).square() for values in pixels.unbind(dim=2))
        assert isinstance(squares, torch.Tensor)
        sigma_squared = squares.amax(dim=(1, 2), keepdim=True).clamp_min(_LEAST)
        return torch.exp(-squares / sigma_squared)
